"""Formula fields of a transform, as written (data-setup.md §11–§14)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from gsrules.spec.base import Bool, Decimals, Name, Names, Positive, Spec, refusal
from gsrules.spec.pieces import ColumnOrText
from gsrules.spec.text import Text

Aggregation = Literal["count", "count_distinct", "sum", "avg", "min", "max"]
AGGREGATIONS: tuple[Aggregation, ...] = ("count", "count_distinct", "sum", "avg", "min", "max")


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


class MeasureSpec(ColumnOrText):
    """One side of a comparison: a Number column, or an aggregation over a window (data-setup.md §13)."""

    shorthand: ClassVar[str] = "column"

    column: Name | None = Field(None, description="A Number column that is shown.")
    count: Name | None = None
    count_distinct: Name | None = None
    sum: Name | None = None
    avg: Name | None = None
    min: Name | None = None
    max: Name | None = None
    window: Name | None = Field(None, description="The window of the aggregation, such as: last 7 days.")

    @property
    def function(self) -> Aggregation | None:
        """The aggregation; None for a plain column."""
        return next((name for name in AGGREGATIONS if getattr(self, name) is not None), None)

    @property
    def of(self) -> Text:
        """The column that is read."""
        found = self.column if self.function is None else getattr(self, self.function)
        return found if isinstance(found, Text) else Text()

    @model_validator(mode="after")
    def _check(self) -> MeasureSpec:
        given = [key for key in ("column", *AGGREGATIONS) if getattr(self, key) is not None]
        if len(given) != 1:
            message = "a side of a comparison needs exactly one column or aggregation"
            raise refusal("GS-SPEC-ONE-OF", message, hint="for example: {sum: Logins, window: last 7 days}")
        if self.function is not None and self.window is None:
            message = f"`{self.function}` needs a `window`"
            raise refusal("GS-SPEC-MISSING", message, hint="add window: last 7 days", key=self.function)
        if self.function is None and self.window is not None:
            message = "`window` belongs to an aggregation, and there is none"
            raise refusal(
                "GS-SPEC-ONE-OF", message, hint="for example: {sum: Logins, window: last 7 days}", key="window"
            )
        return self


class ComparisonSpec(Spec):
    """A against B: their difference, or the change in percent (data-setup.md §13)."""

    a: MeasureSpec
    b: MeasureSpec
    date: Name | None = Field(None, description="The time identifier: a shown date column.")
    as_: Literal["percent", "actual"] = Field("actual", alias="as", description="Percent, or the difference.")


class FormulaSpec(ColumnOrText):
    """A formula field: exactly one of an expression, a period-over-period field, a comparison."""

    shorthand: ClassVar[str] = "expression"

    expression: Name | None = Field(None, description="An expression over the task's input columns.")
    period_over_period: PeriodOverPeriodSpec | None = None
    comparison: ComparisonSpec | None = None
    type: Literal["string", "number", "boolean", "date", "datetime"] | None = Field(
        None, description="The type of the result; absent: that of the expression."
    )
    decimals: Decimals | None = Field(None, description="Decimal places of a number, 0 to 9.")

    @model_validator(mode="after")
    def _check(self) -> FormulaSpec:
        kinds = ("expression", "period_over_period", "comparison")
        given = [key for key in kinds if getattr(self, key) is not None]
        if len(given) != 1:
            found = "it has " + " and ".join(f"`{key}`" for key in given) if given else "it has none of them"
            message = "a formula needs exactly one of `expression`, `period_over_period`, `comparison`; " + found
            raise refusal("GS-SPEC-ONE-OF", message, hint='for example: {expression: "[A] / [B]"}')
        if self.decimals is not None and self.type not in (None, "number"):
            message = f"`decimals` belongs to numbers; this formula is a {self.type}"
            raise refusal("GS-SPEC-ONE-OF", message, hint="remove decimals", key="decimals")
        return self
