"""Formula fields of a transform, as written (data-setup.md §11–§14)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from gsrules.spec.base import Bool, Decimals, Name, Names, Positive, Spec, refusal
from gsrules.spec.pieces import ColumnOrText
from gsrules.spec.text import Text

Aggregation = Literal["count", "count_distinct", "sum", "avg", "min", "max"]
AGGREGATIONS: tuple[Aggregation, ...] = ("count", "count_distinct", "sum", "avg", "min", "max")
_EXAMPLE = "for example: {sum: Logins, window: last 7 days}"
_KINDS = ("expression", "period_over_period", "comparison", "aggregation_over_time")


class PeriodOverPeriodSpec(Spec):
    """A metric of the current block of periods against the prior blocks (data-setup.md §14)."""

    of: Name = Field(description="The metric: a column.")
    date: Name = Field(description="The date identifier: a shown date column.")
    period: Literal["days", "weeks", "months", "quarters", "years"]
    duration: Positive = Field(description="How many periods the current block has.")
    prior_periods: Positive = Field(1, description="How many blocks before it are compared with.")
    aggregate: Aggregation = Field(description="How the metric is aggregated over a block.")
    missing_as_zero: Bool = Field(False, description="Whether missing data counts as zero.")
    percent: Bool = Field(False, description="The change in percent instead of the difference.")
    by: Names | None = Field(None, description="The columns that tell what is compared; absent: all plain ones.")


class WindowSpec(Spec):
    """An aggregation over a window of time (data-setup.md §13): one key of the six, and what it is over."""

    count: Name | None = None
    count_distinct: Name | None = None
    sum: Name | None = None
    avg: Name | None = None
    min: Name | None = None
    max: Name | None = None
    window: Name | None = Field(
        None, description="The window before the rule date: last (or prior) and a number of days, weeks, months, …"
    )
    offset: Positive | None = Field(
        None, description="Extension: how many units (days for a window of days, …) the window is moved back."
    )

    @property
    def function(self) -> Aggregation | None:
        """The aggregation; None for a plain column."""
        return next((name for name in AGGREGATIONS if getattr(self, name) is not None), None)

    @property
    def of(self) -> Text:
        """The column that is read."""
        found = getattr(self, self.function or "column", None)
        return found if isinstance(found, Text) else Text()


class MeasureSpec(WindowSpec, ColumnOrText):
    """One side of a comparison: a Number column, or an aggregation over a window (data-setup.md §13)."""

    shorthand: ClassVar[str] = "column"

    column: Name | None = Field(None, description="A Number column that is shown.")

    @model_validator(mode="after")
    def _check(self) -> MeasureSpec:
        given = [key for key in ("column", *AGGREGATIONS) if getattr(self, key) is not None]
        if len(given) != 1:
            message = "a side of a comparison needs exactly one column or aggregation"
            raise refusal("GS-SPEC-ONE-OF", message, hint=_EXAMPLE)
        if self.function is not None and self.window is None:
            message = f"`{self.function}` needs a `window`"
            raise refusal("GS-SPEC-MISSING", message, hint="add window: last 7 days", key=self.function)
        for key in ("window", "offset") if self.function is None else ():
            if getattr(self, key) is not None:
                message = f"`{key}` belongs to an aggregation, and there is none"
                raise refusal("GS-SPEC-ONE-OF", message, hint=_EXAMPLE, key=key)
        return self


class ComparisonSpec(Spec):
    """A against B: their difference, or the change in percent (data-setup.md §13)."""

    a: MeasureSpec
    b: MeasureSpec
    date: Name | None = Field(None, description="The time identifier: a shown date column.")
    as_: Literal["percent", "actual"] = Field("actual", alias="as", description="Percent, or the difference.")
    by: Names | None = Field(None, description="The columns that tell what is aggregated; absent: all plain ones.")


class AggregationSpec(WindowSpec):
    """An aggregation of a measure over a window of time, as a field of its own (data-setup.md §13)."""

    date: Name = Field(description="The time identifier: a shown date column.")
    by: Names | None = Field(None, description="The columns that tell what is aggregated; absent: all plain ones.")

    @model_validator(mode="after")
    def _check(self) -> AggregationSpec:
        if sum(getattr(self, key) is not None for key in AGGREGATIONS) != 1:
            message = f"an aggregation over time needs exactly one of {', '.join(AGGREGATIONS)}"
            raise refusal("GS-SPEC-ONE-OF", message, hint=_EXAMPLE.replace("}", ", date: Day}"))
        if self.window is None:
            message = "an aggregation over time needs a `window`"
            raise refusal("GS-SPEC-MISSING", message, hint="add window: last 7 days", key=self.function or "")
        return self


class FormulaSpec(ColumnOrText):
    """A formula field: exactly one of an expression, a period over period, a comparison, an aggregation over time."""

    shorthand: ClassVar[str] = "expression"

    expression: Name | None = Field(None, description="An expression over the task's input columns.")
    period_over_period: PeriodOverPeriodSpec | None = None
    comparison: ComparisonSpec | None = None
    aggregation_over_time: AggregationSpec | None = None
    type: Literal["string", "number", "boolean", "date", "datetime"] | None = Field(
        None, description="The type of the result; absent: that of the expression."
    )
    decimals: Decimals | None = Field(None, description="Decimal places of a number, 0 to 9.")

    @model_validator(mode="after")
    def _check(self) -> FormulaSpec:
        given = [key for key in _KINDS if getattr(self, key) is not None]
        if len(given) != 1:
            found = "it has " + " and ".join(f"`{key}`" for key in given) if given else "it has none of them"
            message = f"a formula needs exactly one of {', '.join(f'`{key}`' for key in _KINDS)}; {found}"
            raise refusal("GS-SPEC-ONE-OF", message, hint='for example: {expression: "[A] / [B]"}')
        if self.decimals is not None and self.type not in (None, "number"):
            message = f"`decimals` belongs to numbers; this formula is a {self.type}"
            raise refusal("GS-SPEC-ONE-OF", message, hint="remove decimals", key="decimals")
        return self
