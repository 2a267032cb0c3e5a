"""The base of all action kinds, as written; each kind's own model lives with the kind (rule-language §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from gsrules.spec.base import ActionDescription, Later, Name, Spec
from gsrules.spec.pieces import WhereSpec
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.guards import GuardSpec
else:
    GuardSpec = Annotated[Any, Later("gsrules.spec.guards", "GuardSpec")]


class ActionSpec(Spec):
    """What every action has. A kind derives from it with `action: Literal["…"]` and its own parameters."""

    action: str = Field(description="The kind of action.")
    id: Name = Field(
        Text("-"), description="A title, unique in the rule, for reports and tests; absent: position and kind."
    )
    from_: Name = Field(alias="from", description="The dataset that the action works on.")
    when: WhereSpec | None = Field(None, description="The criteria: the rows that the action works on.")
    description: ActionDescription | None = Field(None, description="What the action is for.")
    expect: GuardSpec | None = Field(
        None, description="Bounds for what the action does: if one is broken, nothing of the run is applied."
    )
