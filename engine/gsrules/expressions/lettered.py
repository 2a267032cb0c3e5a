"""A filter as Gainsight's screen shows it: conditions with letters, and the Advanced Logic over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from string import ascii_uppercase
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.expressions.adapt import TEXT_LIKE, is_constant
from gsrules.expressions.pairs import is_paired, left_side, logic_terms, without_null_test
from gsrules.expressions.printed import printed
from gsrules.expressions.tree import Between, ColumnRef, Compare, Expr, InList, Logic, Not, Period, TextMatch

_NULLS: Final = "filter.null_rows"


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """What a condition decides otherwise than the profile; None: as the profile says."""

    include_nulls: bool | None = None
    ignore_case: bool | None = None


@dataclass(frozen=True, slots=True)
class Lettered:
    """Conditions by letter, the settings of those that have some, and the logic (None: all must hold)."""

    conditions: dict[str, str]
    settings: dict[str, OwnSettings]
    logic: str | None


def lettered(expr: Expr, profile: Mapping[str, Any]) -> Lettered:
    """The filter with letters; `bind_where` makes the same tree of it again under the same profile."""
    letters = _letters()
    conditions: dict[str, str] = {}
    settings: dict[str, OwnSettings] = {}

    def logic(node: Expr) -> str:
        if isinstance(node, Logic) and not is_paired(node):
            parts = [(term, logic(term)) for term in logic_terms(node)]
            inner = [f"({text})" if isinstance(term, Logic) and not is_paired(term) else text for term, text in parts]
            return f" {node.op} ".join(inner)
        letter = next(letters)
        condition = without_null_test(node)
        own = _own_settings(condition, node is not condition, profile)
        if own != OwnSettings():
            settings[letter] = own
        conditions[letter] = printed(condition, profile=profile)
        return letter

    text = logic(expr)
    plain = text == " and ".join(conditions)
    return Lettered(conditions, settings, None if plain else text)


def _own_settings(condition: Expr, null_rows_pass: bool, profile: Mapping[str, Any]) -> OwnSettings:
    usual = profile[_NULLS] == "include"
    nulls = None if null_rows_pass == usual or not _takes_null_test(condition) else null_rows_pass
    match condition:
        case Compare(ignore_case=True):
            return OwnSettings(nulls)  # printed with ~, which says it
        case Compare() if condition.left.type.family in TEXT_LIKE:
            key = "filter.equality_case"
        case InList() if condition.operand.type.family in TEXT_LIKE:
            key = "filter.equality_case"
        case TextMatch():
            key = "filter.text_match_case"
        case _:
            return OwnSettings(nulls)
    ignores = condition.ignore_case
    return OwnSettings(nulls, None if ignores == (profile[key] == "insensitive") else ignores)


def _takes_null_test(condition: Expr) -> bool:
    """Whether it is a condition to which `include_nulls` may add a test of its left side."""
    if isinstance(condition, ColumnRef):
        return True
    negated_period = isinstance(condition, Not) and isinstance(condition.operand, Period)
    found = negated_period or isinstance(condition, Compare | InList | Between | TextMatch | Period)
    return found and not is_constant(left_side(condition))


def _letters() -> Iterator[str]:
    yield from ascii_uppercase
    for pair in product(ascii_uppercase, repeat=2):
        yield "".join(pair)
