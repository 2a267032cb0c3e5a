"""The changes between two forms of a rule: its head, its tasks, its actions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gsrules.errors import Place
from gsrules.regress.changes.compare import Rename, Value, Walk, compare_models
from gsrules.regress.changes.matching import has_title, moved, same_actions, same_tasks
from gsrules.regress.changes.written import stated, written
from gsrules.regress.difference.model import ChangeKind, StructureChange
from gsrules.spec import ActionSpec, RuleSpec
from gsrules.spec.base import Spec

_APART = ("tasks", "actions")


def rule_changes(before: RuleSpec, after: RuleSpec) -> tuple[StructureChange, ...]:
    """What changed, in words: the head first, then tasks and actions in the order of the rule after.

    Only what changes the meaning counts: a short form written out, a default stated, another order of the tasks
    or another layout is no change.
    """
    tasks = same_tasks(before, after)
    rename = _renaming({old: new for new, old in tasks.items() if old.lower() != new.lower()})
    return (
        *compare_models(before, after, Walk("rule", rename), _APART),
        *_tasks(before, after, tasks, rename),
        *_actions(before, after, rename),
    )


def _renaming(names: Mapping[str, str]) -> Rename:
    """Puts the new names of tasks into texts before, so that a mere reference is no change."""
    if not names:
        return lambda text: text
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)({words})(?!\w)", re.IGNORECASE)
    by_key = {old.lower(): new for old, new in names.items()}
    return lambda text: pattern.sub(lambda found: by_key[found[0].lower()], text)


def _tasks(before: RuleSpec, after: RuleSpec, pairs: Mapping[str, str], rename: Rename) -> Iterator[StructureChange]:
    old = {str(name): (name.place, task) for name, task in before.tasks.items()}
    new = {str(name): (name.place, task) for name, task in after.tasks.items()}
    for name, (place, task) in new.items():
        subject = f"task '{name}'"
        if name not in pairs:
            yield _whole("added", subject, task, place)
            continue
        was, earlier = old[pairs[name]]
        if pairs[name].lower() != name.lower():
            yield _renamed(subject, pairs[name], name, was, place)
        yield from compare_models(earlier, task, Walk(subject, rename))
    for name, (place, task) in old.items():
        if name not in pairs.values():
            yield _whole("removed", f"task '{name}'", task, place)


def _actions(before: RuleSpec, after: RuleSpec, rename: Rename) -> Iterator[StructureChange]:
    pairs = same_actions(before, after)
    old = {str(action.id): action for action in before.actions}
    new = {str(action.id): action for action in after.actions}
    displaced = moved(pairs, list(old), list(new))
    for name, action in new.items():
        subject = f"action '{name}'"
        if name not in pairs:
            yield _whole("added", subject, action, action.place)
            continue
        earlier = old[pairs[name]]
        if pairs[name].lower() != name.lower() and (has_title(action) or has_title(earlier)):
            yield _renamed(subject, pairs[name], name, earlier.place_of("id"), action.place_of("id"))
        if name in displaced:
            places = (list(old).index(pairs[name]) + 1, list(new).index(name) + 1)
            words = f"moved from place {places[0]} to place {places[1]} of the actions"
            yield StructureChange("moved", subject, words, str(places[0]), str(places[1]), earlier.place, action.place)
        yield from compare_models(earlier, action, Walk(subject, rename), ("id",))
    for name, action in old.items():
        if name not in pairs.values():
            yield _whole("removed", f"action '{name}'", action, action.place)


def _renamed(subject: str, old: str, new: str, was: Place | None, place: Place | None) -> StructureChange:
    return StructureChange("renamed", subject, f"renamed from '{old}'", old, new, was, place)


def _whole(kind: ChangeKind, subject: str, item: Spec, place: Place | None) -> StructureChange:
    """A task or action that only one side has, with its kind and what it works on."""
    side = Value(item, place)
    added = kind == "added"
    return StructureChange(
        kind,
        subject,
        f"{kind}: {_summary(item)}",
        None if added else side.text,
        side.text if added else None,
        None if added else place,
        place if added else None,
    )


def _summary(item: Spec) -> str:
    given = stated(item)
    kind = item.action if isinstance(item, ActionSpec) else str(getattr(item, "type", ""))
    about = next((f" of {written(given[key])}" for key in ("object", "path") if key in given), "")
    source = f" from {written(given['from'])}" if "from" in given else ""
    return f"{kind}{about}{source}"
