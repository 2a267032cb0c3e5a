"""A rule without its broken pieces, so that what is wrong with the rest can be told at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from gsrules.spec.base import Loading
from gsrules.spec.kinds import Kinds
from gsrules.spec.rule import RuleSpec
from gsrules.spec.text import Text, YamlList, YamlMapping

_STANDS_IN = {"rule": "A rule"}
_NEEDED = frozenset(("for", "relationship_types", "params", "profile"))
"""What the rest cannot be judged without."""


def without_broken(root: Any, kinds: Kinds) -> RuleSpec | None:
    """The rule in `root` without the tasks and actions that are wrong, and without those that read such a task."""
    if not isinstance(root, YamlMapping):
        return None
    try:
        made = RuleSpec.model_validate(root, context=Loading(kinds))
    except ValidationError as error:
        rest = _pruned(root, [details["loc"] for details in error.errors(include_url=False)])
        if rest is None:
            return None
        try:
            made = RuleSpec.model_validate(rest, context=Loading(kinds))
        except ValidationError:
            return None
    names = made.tasks.keys()
    missing = [name for name in root.get("tasks", ()) if name not in names]
    return without_tasks(made, missing)


def without_tasks(rule: RuleSpec, missing: Iterable[str]) -> RuleSpec | None:
    """The rule without these tasks and all that reads them; None if no task is left."""
    gone = {str(name).lower() for name in missing}
    kept = {name: task for name, task in rule.tasks.items() if name.lower() not in gone}
    while True:
        lost = [name for name, task in kept.items() if any(one.strip().lower() in gone for one in task.inputs)]
        if not lost:
            break
        gone.update(name.lower() for name in lost)
        kept = {name: task for name, task in kept.items() if name not in lost}
    if not kept:
        return None
    actions = tuple(action for action in rule.actions if str(action.from_).strip().lower() not in gone)
    rest = rule.model_copy(update={"tasks": kept, "actions": actions})
    return rest.located(rule.id, rule.path) if rule.path is not None else rest


def _pruned(root: YamlMapping, locations: Iterable[tuple[int | str, ...]]) -> YamlMapping | None:
    """The mapping without what pydantic refused; None if nothing can be judged without it."""
    dropped: dict[str, set[int | str]] = {"tasks": set(), "actions": set()}
    head: set[str] = set()
    for loc in locations:
        if len(loc) > 1 and loc[0] in dropped:
            dropped[str(loc[0])].add(loc[1])
        elif loc and loc[0] not in (*_NEEDED, "tasks"):
            head.add(str(loc[0]))
        else:
            return None
    kept: dict[str, Any] = {}
    for key, value in root.items():
        if key in dropped:
            kept[key] = _without(value, dropped[key])
        elif key not in head:
            kept[key] = value
    for key in head & _STANDS_IN.keys():
        kept[key] = Text(_STANDS_IN[key])
    return YamlMapping(kept, place=root.place, places=root.places, key_places=root.key_places)


def _without(value: Any, dropped: set[int | str]) -> Any:
    if isinstance(value, YamlMapping):
        kept = {name: task for name, task in value.items() if name not in dropped}
        return YamlMapping(kept, place=value.place, places=value.places, key_places=value.key_places)
    if isinstance(value, YamlList):
        numbered = [
            (_with_id(item, position), place)
            for position, (item, place) in enumerate(zip(value, value.places, strict=True))
            if position not in dropped
        ]
        return YamlList((item for item, _ in numbered), place=value.place, places=[place for _, place in numbered])
    return value


def _with_id(action: Any, position: int) -> Any:
    """The action with the id that it has beside those that are dropped."""
    if not isinstance(action, Mapping) or "id" in action or not isinstance(action, YamlMapping):
        return action
    title = Text(f"{position + 1} {action.get('action')}", action.places.get("action"))
    made = YamlMapping({**action, "id": title}, place=action.place, places=action.places, key_places=action.key_places)
    made.model = action.model
    return made
