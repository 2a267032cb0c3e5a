"""The merge task (data-setup.md §7)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.spec.base import Name, Names, ShowList, Spec
from gsrules.spec.pieces import WhereSpec
from gsrules.spec.tasks.task import TaskSpec
from gsrules.spec.text import Text


class JoinSpec(Spec):
    """One dataset joined to those before it (data-setup.md §7)."""

    dataset: Name = Field(description="The task to join.")
    keep: Literal["common", "left", "right", "all"] = Field(
        description="The rows to keep: common to both, all of the left, all of the right, all."
    )
    on: Name = Field(description="left = right (or left ~ right, regardless of case), joined by and.")


class MergeTask(TaskSpec):
    """Joins datasets by equal columns (data-setup.md §7)."""

    type: Literal["merge"] = "merge"
    from_: Name = Field(alias="from", description="The left side.")
    join: tuple[JoinSpec, ...] = Field(min_length=1, description="The datasets to join, in order.")
    show: ShowList | None = Field(None, description="The columns to show; absent: all.")
    where: WhereSpec | None = None
    group_by: Names | None = None

    @property
    def inputs(self) -> tuple[Text, ...]:
        return (self.from_, *(join.dataset for join in self.join))
