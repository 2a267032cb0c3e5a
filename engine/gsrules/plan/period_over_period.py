"""Period over period: a metric of the current block of periods against the prior blocks (data-setup.md §14)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from gsrules.expressions.tree import Expr
from gsrules.plan.calculated import check_span, difference
from gsrules.plan.env import TaskEnv
from gsrules.plan.over_rows import Block, RowsValues, earlier
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.formulas import PeriodOverPeriodSpec


def bind_period_over_period(spec: PeriodOverPeriodSpec, field: Text, values: RowsValues, env: TaskEnv) -> Expr:
    """Agg(current) − Agg(prior), or that in percent. Raises InputError, or Skip after noting what is wrong."""
    total = spec.duration * (1 + spec.prior_periods)
    check_span([(total, spec.period)], spec.place, env)
    if spec.prior_periods > 1 and spec.aggregate in ("sum", "count"):
        message = (
            f"the {spec.aggregate} over {spec.prior_periods} prior periods is compared with that over one: the prior "
            "block is pooled, not averaged"
        )
        hint = "use avg, or prior_periods: 1"
        env.findings.tell("GS-OPERATOR", message, spec.place_of("aggregate"), value=str(field), hint=hint)
    of, day, by = values.column(spec.of), values.day(spec.date), values.partition(spec.by)
    current, prior = (
        values.measure(title, spec.aggregate, of, day, by, _block(spec, back, until, env), field)
        for title, back, until in (("current", spec.duration, 0), ("prior", total, spec.duration))
    )
    return difference(current, prior, percent=spec.percent)


def _block(spec: PeriodOverPeriodSpec, back: int, until: int, env: TaskEnv) -> Block:
    """The periods from the one that begins `back` units before the rule date to the one that ends `until` before."""
    bounds = [earlier(env.context.rule_date, count, spec.period) for count in range(back, until - 1, -1)]
    first, end = bounds[0], bounds[-1]
    by_day = env.context.profile["pop.missing_grain"] == "day"
    return Block(first, end, tuple(_days(first, end)) if by_day else tuple(bounds[:-1]), spec.missing_as_zero)


def _days(first: date, end: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((end - first).days)]
