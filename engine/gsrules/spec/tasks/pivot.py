"""The pivot task (data-setup.md §10)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from gsrules.spec.base import Name, Names, OneOrMany, Scalar, refusal
from gsrules.spec.pieces import ColumnOrText, WhereSpec
from gsrules.spec.tasks.task import TaskSpec
from gsrules.spec.text import Text


class PivotColumn(ColumnOrText):
    """An output column of a pivot. Without `where` it holds the rows whose `pivot_on` equals the name.

    `value` absent: the task's.
    """

    shorthand: ClassVar[str] = "name"

    name: Name = Field(description="The column's name.")
    where: WhereSpec | None = None
    value: Name | None = Field(None, description="What is aggregated, such as sum(Views).")
    default: Scalar | None = Field(None, description="The value when no row feeds the column.")


class PivotTask(TaskSpec):
    """Turns rows into columns (data-setup.md §10)."""

    type: Literal["pivot"] = "pivot"
    from_: Name = Field(alias="from", description="The dataset to work on.")
    group_by: Names | None = Field(None, description="One row for each combination; absent: one row.")
    where: WhereSpec | None = None
    pivot_on: Name | None = Field(None, description="Short form: the column whose values become columns.")
    value: Name | None = Field(None, description="What is aggregated, such as sum(Views).")
    default: Scalar | None = Field(None, description="The value when no row feeds a column.")
    columns: OneOrMany[PivotColumn] | None = Field(
        None, description="The columns: names, or each with where and value. `gsrules infer` lists those of pivot_on."
    )

    @property
    def inputs(self) -> tuple[Text, ...]:
        return (self.from_,)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Editors ask for the columns; a rule without them is read, so that they can be looked for in its data."""
        made = handler(schema)
        full = handler.resolve_ref_schema(made)
        full["required"] = [*dict.fromkeys((*full.get("required", ()), "columns"))]
        return made

    @model_validator(mode="after")
    def _check(self) -> PivotTask:
        if self.columns is None:
            if self.pivot_on is None:
                hint = "write columns: [{name: …, where: …, value: sum(…)}, …]"
                raise refusal("GS-SPEC-MISSING", "`columns` is missing", hint=hint)
            return self
        short = [column.name for column in self.columns if column.where is None]
        if short and self.pivot_on is None:
            hint = "add pivot_on: a column, or give each column a where"
            raise refusal(
                "GS-SPEC-MISSING", f"the column `{short[0]}` has no `where`, and there is no `pivot_on`", hint=hint
            )
        if self.pivot_on is not None and not short:
            hint = "remove pivot_on: every column has its own where"
            raise refusal("GS-SPEC-ONE-OF", "`pivot_on` is used by no column", hint=hint, key="pivot_on")
        bare = [column.name for column in self.columns if column.value is None]
        if bare and self.value is None:
            hint = "add value: sum(…) to the task or to the column"
            raise refusal("GS-SPEC-MISSING", f"the column `{bare[0]}` has no `value`", hint=hint)
        return self
