"""Load to User (actions.md §5.5)."""

from __future__ import annotations

from typing import Final, Literal

from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.loads.binding import LoadSpec, Target, bind_load
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.traits import LOAD_CODES
from gsrules.plan.nodes import Column

_REFUSED: Final = {
    "IsSuperAdmin": "who is a super admin is for the user management to say",
    "SystemType": "it is for the user management to say",
    "LicenseType": "licences are for the user management to give",
}


class LoadToUserSpec(LoadSpec):
    """Updates existing users."""

    action: Literal["load_to_user"] = "load_to_user"


def bind(spec: LoadToUserSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    target = Target(env.catalogue.objects["gsuser"], "update", refused=_REFUSED, self_references=("Manager",))
    return bind_load(spec, target, columns, env, Findings(spec.id))


KIND = ActionKind(
    name="load_to_user",
    title="Load to User",
    model=LoadToUserSpec,
    description="Updates existing users, found by identifiers; never creates one.",
    evidence="actions.md §5.5 [doc] [choice]; the algorithm §4",
    example=(
        "- action: load_to_user\n  from: Rows\n  identifiers: [Email]\n  fields:\n    Email: Email\n    Title: Title\n"
    ),
    bind=bind,
    codes=LOAD_CODES,
)
