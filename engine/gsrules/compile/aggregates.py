"""The six aggregations (data-setup.md §4, §10): exact sums, averages in double precision, defaults of pivot columns."""

from __future__ import annotations

from sqlglot import exp

from gsrules.catalogue.datatypes import NUMBER
from gsrules.compile.relation import cast, try_cast
from gsrules.expressions.rounding import to_number
from gsrules.plan.nodes import Measure

_DECIMAL = NUMBER.storage


def measure_value(
    measure: Measure,
    argument: exp.Expression | None,
    condition: exp.Expression | None,
    default: exp.Expression | None,
    *,
    guarded: bool,
) -> exp.Expression:
    """The measure over the rows of a group. `guarded`: a sum beyond 29 integer digits is null, not an error."""
    over = Over(argument, condition, guarded)
    value = over.value(measure.function)
    if measure.function in ("sum", "min", "max", "count", "count_distinct"):
        value = cast(value, measure.column.type.storage)
    if measure.function in ("count", "count_distinct"):
        if default is None and not measure.null_when_empty:
            return value
        empty = exp.EQ(this=over.filtered(exp.Count(this=exp.Star())), expression=exp.Literal.number(0))
        return exp.Case(ifs=[exp.If(this=empty, true=default or exp.Null())], default=value)
    return value if default is None else exp.Coalesce(this=value, expressions=[default])


class Over:
    """Aggregates over one argument, and only the rows that fulfil the condition."""

    def __init__(self, argument: exp.Expression | None, condition: exp.Expression | None, guarded: bool) -> None:
        self._argument = argument
        self._condition = condition
        self._guarded = guarded

    def argument(self) -> exp.Expression:
        return exp.Star() if self._argument is None else self._argument.copy()

    def filtered(self, aggregate: exp.Expression) -> exp.Expression:
        if self._condition is None:
            return aggregate
        return exp.Filter(this=aggregate, expression=exp.Where(this=self._condition.copy()))

    def value(self, function: str) -> exp.Expression:
        match function:
            case "count":
                return self.filtered(exp.Count(this=self.argument()))
            case "count_distinct":
                return self.filtered(exp.Count(this=exp.Distinct(expressions=[self.argument()])))
            case "min":
                return self.filtered(exp.Min(this=self.argument()))
            case "max":
                return self.filtered(exp.Max(this=self.argument()))
            case "sum":
                return self.total()
            case _:
                return self.average()

    def total(self) -> exp.Expression:
        """The exact sum. Guarded: whole parts and fractions apart, so that no step can overflow."""
        if not self._guarded:
            return self.filtered(exp.Sum(this=self.argument()))
        fractions = exp.Sum(this=exp.Sub(this=self._as_decimal(), expression=_whole_part(self._as_decimal())))
        carried = _whole_part(self.filtered(fractions.copy()))
        rest = exp.Sub(this=self.filtered(fractions), expression=carried.copy())
        whole = exp.Add(this=self.whole_total(), expression=cast(carried, "HUGEINT"))
        fitting = try_cast(exp.Paren(this=whole), _DECIMAL)
        return exp.Add(this=fitting, expression=exp.Paren(this=rest))

    def whole_total(self) -> exp.Expression:
        """The sum of the whole parts, with room for 1.7 thousand million rows of the greatest number."""
        return self.filtered(exp.Sum(this=cast(_whole_part(self._as_decimal()), "HUGEINT")))

    def average(self, zeros: exp.Expression | None = None) -> exp.Expression:
        """The exact sum over the count, in double precision; the same in both forms, whatever the order of the rows.

        `zeros`: how many more values there are, all of them 0.
        """
        total: exp.Expression = cast(self.total(), "DOUBLE")
        if self._guarded:
            total = exp.Coalesce(this=total, expressions=[cast(self.whole_total(), "DOUBLE")])
        number = self.filtered(exp.Count(this=self.argument()))
        all_of_them = number if zeros is None else exp.Add(this=number, expression=zeros)
        count = exp.Nullif(this=all_of_them, expression=exp.Literal.number(0))
        return to_number(exp.Div(this=total, expression=count))

    def _as_decimal(self) -> exp.Expression:
        return cast(self.argument(), _DECIMAL)


def _whole_part(value: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="trunc", expressions=[value])
