"""The spots of an expression at which a row may lose its value: what the run report counts (data-setup.md §0)."""

from __future__ import annotations

from gsrules.catalogue.datatypes import Family
from gsrules.expressions import rounding, sql
from gsrules.expressions.functions import FUNCTIONS
from gsrules.expressions.functions.joining import joined_nulls
from gsrules.expressions.functions.model import DATE_OUT_OF_RANGE, DIVISION_BY_ZERO, OUT_OF_RANGE, Counted
from gsrules.expressions.spell import SpellEnv, TreeSpeller, is_double
from gsrules.expressions.sql import Sql
from gsrules.expressions.tree import (
    Arithmetic,
    Call,
    Case,
    Concat,
    DateShift,
    Expr,
    Literal,
    Negate,
    Rounded,
    Unrounded,
    children,
    concat_operands,
)


def counted(expr: Expr, env: SpellEnv) -> tuple[Counted, ...]:
    """The counted warnings of an expression, one a reason; a branch that a row does not take never counts."""
    speller = TreeSpeller(env)
    collector = _Collector(speller)
    collector.visit(expr, None, False)
    by_reason: dict[tuple[str, bool], list[Sql]] = {}
    for found in collector.found:
        by_reason.setdefault((found.reason, found.fatal), []).append(found.condition)
    return tuple(Counted(reason, sql.some(conditions), fatal) for (reason, fatal), conditions in by_reason.items())


class _Collector:
    def __init__(self, speller: TreeSpeller) -> None:
        self.speller = speller
        self.found: list[Counted] = []

    def visit(self, expr: Expr, guard: Sql | None, in_double: bool) -> None:
        """Collects below `expr`; `guard` is true of the rows that reach it."""
        for spot in self._spots(expr, in_double):
            condition = spot.condition if guard is None else sql.every([guard, spot.condition])
            self.found.append(Counted(spot.reason, condition, spot.fatal))
        if isinstance(expr, Case):
            self._branches([(b.when, b.then) for b in expr.branches], expr.default, guard)
        elif isinstance(expr, Call) and expr.function == "if":
            self._branches([(expr.args[0], expr.args[1])], expr.args[2], guard)
        elif isinstance(expr, Concat):
            for operand in concat_operands(expr):
                self.visit(operand, guard, False)
        else:
            inner = is_double(expr) or isinstance(expr, Rounded)
            for child in children(expr):
                self.visit(child, guard, inner)

    def _branches(self, branches: list[tuple[Expr, Expr]], default: Expr | None, guard: Sql | None) -> None:
        reached = guard
        for when, then in branches:
            self.visit(when, reached, False)
            met = sql.coalesce(self.speller.value(when), sql.boolean(False))
            self.visit(then, met if reached is None else sql.every([reached, met]), False)
            reached = sql.negate(met) if reached is None else sql.every([reached, sql.negate(met)])
        if default is not None:
            self.visit(default, reached, False)

    def _spots(self, expr: Expr, in_double: bool) -> list[Counted]:
        found: list[Counted] = []
        if is_double(expr) and not in_double and not _stays_small(expr):
            lost = rounding.out_of_range(self.speller.double(expr))
            found.append(Counted(OUT_OF_RANGE, lost, self.speller.profile["formula.math_domain"] == "error"))
        if isinstance(expr, Arithmetic) and expr.op == "/":
            found += self._division(expr)
        elif isinstance(expr, Call):
            counts = FUNCTIONS[expr.function].counts
            found += counts(expr.args, self.speller) if counts else ()
        elif isinstance(expr, Concat):
            parts = [part for part in concat_operands(expr) if not isinstance(part, Literal) or part.value is None]
            found += joined_nulls([self.speller.value(part) for part in parts], self.speller)
        elif isinstance(expr, DateShift) and expr.base.type.family in (Family.DATE, Family.DATETIME):
            found += self._shift(expr)
        return found

    def _division(self, expr: Arithmetic) -> list[Counted]:
        if isinstance(expr.right, Literal) and expr.right.value:
            return []
        divisor = self.speller.double(expr.right)
        zero = sql.eq(divisor, sql.cast(sql.integer(0), "DOUBLE"))
        some = sql.is_not_null(self.speller.double(expr.left))
        fatal = self.speller.profile["formula.divide_by_zero"] == "error"
        return [Counted(DIVISION_BY_ZERO, sql.every([some, zero]), fatal)]

    def _shift(self, expr: DateShift) -> list[Counted]:
        base = sql.is_not_null(self.speller.value(expr.base))
        return [Counted(DATE_OUT_OF_RANGE, sql.every([base, sql.is_null(self.speller.value(expr))]))]


def _stays_small(expr: Expr) -> bool:
    """Whether a result cannot leave the range: functions and constants only, no arithmetic on large numbers."""
    if isinstance(expr, Negate):
        return _stays_small(expr.operand)
    if isinstance(expr, Unrounded):
        return expr.bounded
    return isinstance(expr, Call) and expr.function in ("sqrt", "ln", "log10")
