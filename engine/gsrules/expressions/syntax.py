"""What an expression says before names are known: the untyped tree that the parser builds.

`start` and `end` are offsets in the expression's text.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Unit


@dataclass(frozen=True, slots=True)
class Name:
    """A field, or a path through lookups; `parts` without brackets."""

    parts: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; `None` is null. A `datetime` keeps its zone, or has none."""

    value: str | Decimal | bool | date | datetime | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`op` is "-" or "not"."""

    op: str
    operand: Syntax
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Binary:
    """`op` is one of `+ - * / = != < <= > >= ~ !~`; `at` is the operator's offset."""

    op: str
    left: Syntax
    right: Syntax
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Connective:
    """`and` / `or` over two or more terms."""

    op: str
    terms: tuple[Syntax, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Membership:
    operand: Syntax
    items: tuple[Syntax, ...]
    negated: bool
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Range:
    operand: Syntax
    low: Syntax
    high: Syntax
    negated: bool
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Match:
    """`kind` is "contains", "starts" or "ends"."""

    kind: str
    operand: Syntax
    search: Syntax
    negated: bool
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class IsNull:
    operand: Syntax
    negated: bool
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class InPeriod:
    """`literal` as in data-setup.md §3.3, for example LAST_N_DAYS; `count` for those with N."""

    operand: Syntax
    literal: str
    count: Syntax | None
    negated: bool
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Shift:
    """`base + amount unit`; `sign` is 1 or -1."""

    base: Syntax
    sign: int
    amount: Syntax
    unit: Unit
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CaseWhen:
    branches: tuple[tuple[Syntax, Syntax], ...]
    default: Syntax | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Invoke:
    """A function call; `name` as written."""

    name: str
    args: tuple[Syntax, ...]
    start: int
    end: int


Syntax = (
    Name
    | Constant
    | Param
    | Unary
    | Binary
    | Connective
    | Membership
    | Range
    | Match
    | IsNull
    | InPeriod
    | Shift
    | CaseWhen
    | Invoke
)
