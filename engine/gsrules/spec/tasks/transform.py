"""The transformation task (data-setup.md §8)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.spec.base import Name, Names, ShowList
from gsrules.spec.formulas import FormulaSpec
from gsrules.spec.pieces import WhereSpec
from gsrules.spec.tasks.task import TaskSpec
from gsrules.spec.text import Text


class TransformTask(TaskSpec):
    """Filters, groups and computes over one dataset (data-setup.md §8)."""

    type: Literal["transform"] = "transform"
    from_: Name = Field(alias="from", description="The dataset to work on.")
    where: WhereSpec | None = None
    show: ShowList | None = Field(None, description="The columns to show; absent: all, and the formulas.")
    group_by: Names | None = None
    formulas: dict[Name, FormulaSpec] = Field(
        default_factory=dict, description="New columns: name → expression, or a calculated field."
    )

    @property
    def inputs(self) -> tuple[Text, ...]:
        return (self.from_,)
