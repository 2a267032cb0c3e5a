"""The union task (data-setup.md §9)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.spec.base import Name
from gsrules.spec.tasks.task import TaskSpec
from gsrules.spec.text import Text


class UnionTask(TaskSpec):
    """Puts the rows of datasets below one another (data-setup.md §9)."""

    type: Literal["union"] = "union"
    from_: tuple[Name, ...] = Field(alias="from", min_length=2, description="The datasets.")
    columns: dict[Name, dict[Name, Name]] | None = Field(
        None, description="Output column → {dataset: its column}; absent: by column name."
    )

    @property
    def inputs(self) -> tuple[Text, ...]:
        return self.from_
