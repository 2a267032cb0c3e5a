"""The base of all task kinds, as written (rule-language §5)."""

from __future__ import annotations

from pydantic import Field

from gsrules.spec.base import Name, Spec
from gsrules.spec.text import Text


class TaskSpec(Spec):
    """The base of all task kinds; a task's name is its key in the rule's `tasks`."""

    type: str = Field(description="The kind of task.")
    description: Name | None = Field(None, description="What the task is for.")

    @property
    def inputs(self) -> tuple[Text, ...]:
        """The tasks that this one reads."""
        return ()
