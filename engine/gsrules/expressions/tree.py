"""The typed expression tree: what filters, formulas, criteria and `${…}` texts mean once every name is resolved.

Every node is immutable and has `type` (its `DataType`) and `place` (where the user wrote it, or None). A node is
spelled to SQL by `spell.py` so that its value has the physical form of `type.storage`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args
from typing import Literal as OneOf

from gsrules.catalogue.datatypes import BOOLEAN, DATE, STRING, DataType
from gsrules.dataclass import dataclass
from gsrules.errors import Place

ComparisonOperator = OneOf["=", "!=", "<", "<=", ">", ">="]
ArithmeticOperator = OneOf["+", "-", "*", "/"]
Unit = OneOf["days", "weeks", "months", "quarters", "years"]


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of the input relation, by its unique name."""

    name: str
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, number, truth value, date, instant (UTC, without zone) or null."""

    value: str | Decimal | bool | date | datetime | None
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class PicklistItem:
    """An item of a dropdown category; its value is the item's GSID."""

    gsid: str
    label: str
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Numbers only; computed in double precision and rounded to 9 decimals (data-setup.md §2.2)."""

    op: ArithmeticOperator
    left: Expr
    right: Expr
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Negate:
    operand: Expr
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Rounded:
    """A number rounded half away from zero to `type.decimals` (the declared decimals of a formula field)."""

    operand: Expr
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Unrounded:
    """A column that the plan computes in double precision, rounded where arithmetic ends (data-setup.md §2.2).

    `bounded`: it is never out of the range of numbers.
    """

    operand: Expr
    type: DataType
    place: Place | None = None
    bounded: bool = False


@dataclass(frozen=True, slots=True)
class Concat:
    """Two texts joined; the null rule is the profile's (`formula.null_concat`)."""

    left: Expr
    right: Expr
    type: DataType = STRING
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    op: ComparisonOperator
    left: Expr
    right: Expr
    ignore_case: bool = False
    place: Place | None = None
    type: DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class InList:
    """One of `items`; for a multi-picklist: at least one selected item is listed (data-setup.md §5.2)."""

    operand: Expr
    items: tuple[Expr, ...]
    negated: bool = False
    ignore_case: bool = False
    place: Place | None = None
    type: DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class Between:
    """`include_upper` is false under `filter.between = exclude_upper`."""

    operand: Expr
    low: Expr
    high: Expr
    negated: bool = False
    include_upper: bool = True
    place: Place | None = None
    type: DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class TextMatch:
    kind: OneOf["contains", "starts", "ends"]
    operand: Expr
    search: Expr
    negated: bool = False
    ignore_case: bool = True
    place: Place | None = None
    type: DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class NullTest:
    operand: Expr
    negated: bool = False
    place: Place | None = None
    type: DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class Period:
    """A date within a period relative to the rule date: `literal` as in data-setup.md §3.3, `first`…`last` included."""

    operand: Expr
    literal: str
    count: int | None
    first: date
    last: date
    place: Place | None = None
    type: DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class RuleDate:
    type: DataType = DATE
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class DateShift:
    """A date moved by `amount` (may be negative) units; the day of month is clipped (data-setup.md §3.1)."""

    base: Expr
    amount: int
    unit: Unit
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or` over two or more terms, three-valued."""

    op: OneOf["and", "or"]
    terms: tuple[Expr, ...]
    place: Place | None = None
    type: DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expr
    place: Place | None = None
    type: DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class CaseBranch:
    when: Expr
    then: Expr


@dataclass(frozen=True, slots=True)
class Case:
    """The first true branch wins; no default means null (data-setup.md §12)."""

    branches: tuple[CaseBranch, ...]
    default: Expr | None
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the catalogue, by its name there (`functions.function(name)`)."""

    function: str
    args: tuple[Expr, ...]
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Convert:
    """A change of family that the rules imply.

    DateTime to Date and back in the tenant's zone; any value to text as `to_string` writes it.
    """

    operand: Expr
    type: DataType
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A text with `${…}`: constant and computed parts joined, a null part as an empty text (actions.md §6.2).

    Computed parts are of family Text. With `escape_html` their values (not the constant parts) are HTML-escaped.
    """

    parts: tuple[Expr, ...]
    escape_html: bool = False
    type: DataType = STRING
    place: Place | None = None


Expr = (
    ColumnRef
    | Literal
    | PicklistItem
    | Arithmetic
    | Negate
    | Rounded
    | Unrounded
    | Concat
    | Compare
    | InList
    | Between
    | TextMatch
    | NullTest
    | Period
    | RuleDate
    | DateShift
    | Logic
    | Not
    | Case
    | Call
    | Convert
    | Template
)


_CHILD_FIELDS: dict[type[object], tuple[str, ...]] = {
    node_type: tuple(
        field.name
        for field in fields(node_type)
        if field.type in ("Expr", "Expr | None", "tuple[Expr, ...]", "tuple[CaseBranch, ...]")
    )
    for node_type in get_args(Expr)
}


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions, from left to right."""
    found: list[Expr] = []
    for name in _CHILD_FIELDS[type(expr)]:
        value = getattr(expr, name)
        if value is None:
            continue
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, CaseBranch):
                found += (item.when, item.then)
            else:
                found.append(item)
    return tuple(found)


def walk(expr: Expr) -> Iterator[Expr]:
    """The node and everything below it, depth first, from left to right."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def replaced(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with the nodes for which `change` gives another one replaced by it, outer ones first."""
    found = change(expr)
    if found is not None:
        return found
    changes: dict[str, Any] = {}
    for name in _CHILD_FIELDS[type(expr)]:
        value = getattr(expr, name)
        if isinstance(value, tuple):
            changes[name] = tuple(_replaced_item(each, change) for each in value)
        elif value is not None:
            changes[name] = replaced(value, change)
    return replace(expr, **changes) if changes else expr


def _replaced_item(item: Expr | CaseBranch, change: Callable[[Expr], Expr | None]) -> Expr | CaseBranch:
    if isinstance(item, CaseBranch):
        return CaseBranch(replaced(item.when, change), replaced(item.then, change))
    return replaced(item, change)


def references(expr: Expr) -> frozenset[str]:
    """The names of all columns that the expression reads."""
    return frozenset(node.name for node in walk(expr) if isinstance(node, ColumnRef))


def concat_operands(expr: Concat) -> list[Expr]:
    """The texts of a chain of joins, from left to right."""
    found: list[Expr] = []
    stack: list[Expr] = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Concat):
            stack += (node.right, node.left)
        else:
            found.append(node)
    return found
