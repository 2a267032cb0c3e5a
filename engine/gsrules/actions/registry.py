"""The action kinds, found by scanning this package: each module with a `KIND` or `KINDS` registers.

A kind whose module has its name is found without the others, so that a rule loads only the kinds that it uses.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType

import gsrules.actions
from gsrules.actions.kind import ActionKind, BindEnv, BoundAction, Findings
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec
from gsrules.spec.kinds import ACTION_NAMES


@cache
def action_kinds() -> Mapping[str, ActionKind]:
    """All registered kinds by name, in the order of rule-language §6."""
    import pkgutil

    found: dict[str, ActionKind] = {}
    for module in pkgutil.walk_packages(gsrules.actions.__path__, gsrules.actions.__name__ + "."):
        loaded = importlib.import_module(module.name)
        own: tuple[ActionKind, ...] = getattr(loaded, "KINDS", ())
        single: ActionKind | None = getattr(loaded, "KIND", None)
        for kind in (*own, *((single,) if single else ())):
            if kind.name in found:
                raise ValueError(f"two modules register the action kind {kind.name}")
            found[kind.name] = kind
    order = list(ACTION_NAMES)
    ranked = sorted(found.values(), key=lambda kind: order.index(kind.name) if kind.name in order else len(order))
    return MappingProxyType({kind.name: kind for kind in ranked})


@cache
def action_kind(name: str) -> ActionKind:
    """The kind of that name; raises KeyError if there is none."""
    module = f"{gsrules.actions.__name__}.{name}"
    if name in ACTION_NAMES and find_spec(module) is not None:
        kind: ActionKind | None = getattr(importlib.import_module(module), "KIND", None)
        if kind is not None and kind.name == name:
            return kind
    return action_kinds()[name]


class _Models(Mapping[str, "type[ActionSpec]"]):
    """The model of each kind, loaded when it is asked for."""

    def __getitem__(self, name: str) -> type[ActionSpec]:
        return action_kind(name).model

    def __iter__(self) -> Iterator[str]:
        return iter(action_kinds())

    def __len__(self) -> int:
        return len(action_kinds())


def action_models() -> Mapping[str, type[ActionSpec]]:
    """The models by kind, for `Kinds.actions`."""
    return _Models()


def bind_action(spec: ActionSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundAction:
    """Validates one action of a rule against its dataset's columns; raises InputError with all problems."""
    kind = action_kind(spec.action)
    findings = Findings(spec.id)
    place = spec.place_of("action")
    entity = env.rule.for_
    strict = kind.strict_entities if env.profile["run.strict_applicability"] else ()
    if entity not in kind.entities or (strict and entity not in strict):
        allowed = " or ".join(strict or kind.entities)
        message = f"`{kind.name}` is for {allowed} rules; this rule is for {entity}"
        findings.error("GS-ACTION-ENTITY", message, place, value=kind.name, hint="see the rule's key `for`")
    if env.profile["engine"] not in kind.engines:
        message = f"`{kind.name}` is not among the actions of the {env.profile['engine']} engine"
        findings.error("GS-ACTION-TARGET", message, place, value=kind.name, hint="set engine = horizon")
    findings.close()
    return kind.bind(spec, columns, env)
