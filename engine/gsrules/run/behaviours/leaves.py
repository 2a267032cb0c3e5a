"""Where two forms of an expression differ: the smallest parts that are spelled otherwise."""

from __future__ import annotations

from gsrules.expressions.printed import printed
from gsrules.expressions.tree import (
    Between,
    Case,
    Compare,
    Concat,
    Expr,
    InList,
    Logic,
    NullTest,
    Period,
    TextMatch,
    children,
    references,
)
from gsrules.run.behaviours.sides import Side

_WHOLE = (Concat, Compare, InList, Between, TextMatch, NullTest, Period)
_SHOWN = 3
_WIDEST = 120


def differing(a: Side, b: Side, one: Expr, other: Expr) -> list[Expr]:
    """The smallest parts of `one` (on side `a`) that the other side spells otherwise; none if both say the same."""
    if a.spelled(one) == b.spelled(other):
        return []
    if isinstance(one, Logic) and isinstance(other, Logic) and len(one.terms) < len(other.terms):
        return _added_to(a, b, one, other)
    below, others = children(one), children(other)
    if type(one) is not type(other) or len(below) != len(others) or isinstance(one, _WHOLE):
        return [one]
    found = [part for pair in zip(below, others, strict=True) for part in differing(a, b, *pair)]
    # A branch of a case is told with its condition: a value alone would not be found again.
    return found if found and not (isinstance(one, Case) and len(found) > _SHOWN) else [one]


def _added_to(a: Side, b: Side, one: Logic, other: Logic) -> list[Expr]:
    """The terms that got company: what was added looks at the same columns."""
    known = {a.spelled(term) for term in one.terms}
    added = [references(term) for term in other.terms if b.spelled(term) not in known]
    return [term for term in one.terms if any(references(term) & each for each in added)] or [one]


def shown(parts: list[Expr]) -> str:
    """The parts as the rule writes them, each once."""
    texts = list(dict.fromkeys(_cut(printed(part)) for part in parts))
    return ", ".join(texts[:_SHOWN]) + (f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else "")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
