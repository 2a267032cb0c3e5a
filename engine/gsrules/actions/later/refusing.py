"""How a kind that is known but not run registers."""

from __future__ import annotations

from typing import NoReturn

from gsrules.actions.kind import ActionKind, BindEnv
from gsrules.errors import InputError, Problem
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec

BIONIC_LACKS = ("horizon",)


def refuse(spec: ActionSpec, columns: tuple[Column, ...], env: BindEnv) -> NoReturn:
    """Raises InputError GS-NOT-YET with the kind's name."""
    raise InputError(
        Problem(
            "GS-NOT-YET",
            f"`{spec.action}` is known to Gainsight, but this version does not run it",
            spec.place_of("action"),
            spec.id,
            spec.action,
            "remove the action, or keep it in a rule of its own",
        )
    )


def not_yet(
    name: str,
    title: str,
    model: type[ActionSpec],
    description: str,
    evidence: str,
    example: str,
    *,
    entities: tuple[str, ...] = ("company", "relationship"),
    engines: tuple[str, ...] = ("horizon", "bionic"),
    strict_entities: tuple[str, ...] = (),
) -> ActionKind:
    """The registration of a kind that is not run yet."""
    return ActionKind(
        name, title, model, description, evidence, example, refuse, False, entities, engines, strict_entities
    )
