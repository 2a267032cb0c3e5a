"""Compares two pieces of a rule, whatever their model: yields what changed, each with its path in words.

Nothing here knows a task or an action kind: mappings are compared by key, lists by content, models by field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Final

from gsrules.errors import Place
from gsrules.regress.changes.written import main_key, written
from gsrules.regress.difference.model import ChangeKind, StructureChange
from gsrules.spec.base import Spec
from gsrules.spec.pieces import WhereSpec

Rename = Callable[[str], str]

# What the entries of a list or mapping are called, where it is not the key without its plural s.
_ENTRIES: Final[Mapping[str, str]] = {
    "show": "show item",
    "conditions": "condition",
    "params": "parameter",
    "group_by": "group",
    "from": "dataset",
    "match": "match",
    "join": "join with",
    "days": "day",
    "profile": "profile key",
}
_LABELS: Final[Mapping[str, str]] = {"from": "dataset", "for": "rule for", "rule": "name"}
_UNNAMED: Final = ("where", "when", "conditions")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one side with its place and, where nobody wrote it, that it is the default."""

    value: Any
    place: Place | None = None
    default: bool = False

    @property
    def text(self) -> str:
        return written(self.value)


@dataclass(frozen=True, slots=True)
class Walk:
    """A spot in the comparison: `subject` is the task or action, `path` the words down to here."""

    subject: str
    rename: Rename
    path: tuple[str, ...] = ()

    def at(self, *words: str) -> Walk:
        return replace(self, path=(*self.path, *words))

    def change(self, kind: ChangeKind, what: str, before: Value | None, after: Value | None) -> StructureChange:
        """A change in words: where, what, from what to what."""
        old, new = (None if side is None else side.text for side in (before, after))
        if kind == "added":
            words = f"{what} added: `{new}`"
        elif kind == "removed":
            words = f"{what} removed: `{old}`"
        elif kind == "moved":
            words = f"order of {what} changed from `{old}` to `{new}`"
        else:
            words = f"{what} changed from {_marked(before)} to {_marked(after)}"
        return StructureChange(
            kind,
            self.subject,
            ": ".join([*self.path, words]),
            old,
            new,
            before.place if before else None,
            after.place if after else None,
        )


def _marked(side: Value | None) -> str:
    if side is None:
        return "nothing"
    return f"`{side.text}`" + (" (the default)" if side.default else "")


def compare_models(before: Spec, after: Spec, walk: Walk, skip: Sequence[str] = ()) -> Iterator[StructureChange]:
    """Field by field, in the order of the model after; `skip` names fields that the caller compares itself."""
    if isinstance(before, WhereSpec) and isinstance(after, WhereSpec):
        yield from _conditions(before, after, walk)
        return
    left, right = _fields(before), _fields(after)
    for key in [*right, *(key for key in left if key not in right)]:
        if key not in skip:
            yield from compare_values(key, left.get(key), right.get(key), walk)


def _fields(model: Spec) -> dict[str, Value]:
    """The values of a model by their key in the file, defaults included; absent ones without default left out."""
    made = {}
    for name, found in type(model).model_fields.items():
        value, key = getattr(model, name), found.alias or name
        if value is None and name not in model.model_fields_set:
            continue
        made[key] = Value(value, _place(value, model.place_of(key)), name not in model.model_fields_set)
    return made


def _place(value: Any, otherwise: Place | None) -> Place | None:
    found = getattr(value, "place", None)
    return found if isinstance(found, Place) else otherwise


def compare_values(key: str, before: Value | None, after: Value | None, walk: Walk) -> Iterator[StructureChange]:
    """One key of a model: absent on a side, a model, a mapping, a list, or a single value."""
    label = _LABELS.get(key) or key.replace("_", " ")
    if before is None or after is None:
        yield from _one_sided(key, label, before, after, walk)
        return
    old, new = before.value, after.value
    if isinstance(old, Spec) and isinstance(new, Spec):
        inner = walk if key in _UNNAMED else walk.at(label)
        yield from compare_models(old, new, inner)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mappings(key, old, new, walk)
    elif isinstance(old, tuple) and isinstance(new, tuple):
        yield from _lists(key, before, after, walk)
    elif not _same(old, new, walk.rename):
        yield walk.change("changed", label, before, after)


def _one_sided(
    key: str, label: str, before: Value | None, after: Value | None, walk: Walk
) -> Iterator[StructureChange]:
    """A key that only one side has: the entries of a mapping or of conditions one by one, all else as a whole."""
    there = after if after is not None else before
    if there is None or (there.default and not there.value):
        return
    if isinstance(there.value, WhereSpec):
        yield from _entries("conditions", there.value.written, walk, added=after is not None)
        return
    if isinstance(there.value, Mapping):
        yield from _entries(key, there.value, walk, added=after is not None)
        return
    yield walk.change("added" if after is not None else "removed", label, before, after)


def _entries(key: str, entries: Mapping[Any, Any], walk: Walk, *, added: bool) -> Iterator[StructureChange]:
    for name, value in entries.items():
        side = Value(value, _place(name, None) or _place(value, None))
        what = entry(key, str(name), alone=len(entries) == 1)
        yield walk.change("added" if added else "removed", what, None if added else side, side if added else None)


def _noun(key: str) -> str:
    """What each entry of a list or mapping is."""
    return _ENTRIES.get(key) or (key[:-1] if key.endswith("s") else f"{key} item").replace("_", " ")


def entry(key: str, name: str, *, alone: bool = False) -> str:
    """What an entry of a list or mapping is called."""
    kind = _noun(key)
    if key == "conditions":
        return kind if alone else f"{kind} {name}"
    return f"{kind} :{name}" if key == "params" else f"{kind} '{name}'"


def _mappings(key: str, before: Mapping[Any, Any], after: Mapping[Any, Any], walk: Walk) -> Iterator[StructureChange]:
    old = {walk.rename(str(name)).lower(): name for name in before}
    new = {str(name).lower(): name for name in after}
    for name in [*new, *(name for name in old if name not in new)]:
        left = Value(before[old[name]], _place(before[old[name]], _place(old[name], None))) if name in old else None
        right = Value(after[new[name]], _place(after[new[name]], _place(new[name], None))) if name in new else None
        what = entry(key, str(new.get(name) or old[name]), alone=len(old) == len(new) == 1)
        if left is None or right is None:
            yield walk.change("added" if left is None else "removed", what, left, right)
        elif isinstance(left.value, Spec) and isinstance(right.value, Spec):
            yield from _named_models(what, left, right, walk)
        elif isinstance(left.value, Mapping) and isinstance(right.value, Mapping):
            yield from _mappings(what, left.value, right.value, walk.at(what))
        elif not _same(left.value, right.value, walk.rename):
            yield walk.change("changed", what, left, right)


def _named_models(what: str, before: Value, after: Value, walk: Walk) -> Iterator[StructureChange]:
    """An entry that is a model: where only its main value turned, the entry itself is what changed."""
    old, new = _fields(before.value), _fields(after.value)
    short = main_key(after.value)
    if (
        set(old) == set(new)
        and short in new
        and all(key == short or _same(old[key].value, new[key].value, walk.rename) for key in new)
    ):
        if not _same(old[short].value, new[short].value, walk.rename):
            yield walk.change("changed", what, old[short], new[short])
        return
    yield from compare_models(before.value, after.value, walk.at(what))


def _conditions(before: WhereSpec, after: WhereSpec, walk: Walk) -> Iterator[StructureChange]:
    """By letter where the logic names letters; else the letters only count, and conditions are matched by content."""
    if before.logic is None and after.logic is None:
        old, new = ([Value(text, text.place) for text in side.written.values()] for side in (before, after))
        yield from _matched("conditions", old, new, walk)
        return
    yield from _mappings("conditions", before.written, after.written, walk)
    if not _same(before.logic, after.logic, walk.rename):
        left, right = (Value(side.logic or "all", _place(side.logic, side.place)) for side in (before, after))
        yield walk.change("changed", "logic", left, right)


def _lists(key: str, before: Value, after: Value, walk: Walk) -> Iterator[StructureChange]:
    old, new = before.value, after.value
    if all(isinstance(item, Spec) for item in (*old, *new)):
        names = [{_identity(item, i): item for i, item in enumerate(side)} for side in (old, new)]
        yield from _mappings(key, names[0], names[1], walk)
        common = [[name for name in side if name in names[0] and name in names[1]] for side in names]
    else:
        sides = [[Value(item, _place(item, side.place)) for item in side.value] for side in (before, after)]
        yield from _matched(key, sides[0], sides[1], walk)
        texts = [[walk.rename(written(item)) for item in old], [written(item) for item in new]]
        common = [[text for text in side if text in texts[0] and text in texts[1]] for side in texts]
    if common[0] != common[1] and sorted(common[0]) == sorted(common[1]):
        orders = [Value(tuple(side), value.place) for side, value in zip(common, (before, after), strict=True)]
        yield walk.change("moved", key.replace("_", " "), orders[0], orders[1])


def _identity(item: Spec, position: int) -> str:
    """What tells an item of a list of models apart: its first required text, else its place in the list."""
    for name, found in type(item).model_fields.items():
        value = getattr(item, name)
        if found.is_required() and isinstance(value, str):
            return str(value)
    return str(position + 1)


def _matched(key: str, before: Sequence[Value], after: Sequence[Value], walk: Walk) -> Iterator[StructureChange]:
    """Texts matched by content: equal ones are the same wherever they stand, like ones have changed."""
    left = [value for value in before if walk.rename(value.text) not in {other.text for other in after}]
    known = {walk.rename(value.text) for value in before}
    right = [value for value in after if value.text not in known]
    alone = len(before) == len(after) == 1
    pairs = _alike(left, right, alone=alone)
    for value in right:
        partner = pairs.get(id(value))
        letter = _letter(key, value, after)
        if partner is not None:
            yield walk.change(
                "changed", entry(key, letter, alone=alone) if key == "conditions" else _noun(key), partner, value
            )
        else:
            yield walk.change("added", entry(key, letter) if key == "conditions" else _noun(key), None, value)
    taken = {id(value) for value in pairs.values()}
    for value in left:
        if id(value) not in taken:
            what = entry(key, _letter(key, value, before)) if key == "conditions" else _noun(key)
            yield walk.change("removed", what, value, None)


def _letter(key: str, value: Value, side: Sequence[Value]) -> str:
    if key != "conditions":
        return ""
    position = next(i for i, other in enumerate(side) if other is value)
    return chr(ord("A") + position) if position < 26 else str(position + 1)


def _alike(left: Sequence[Value], right: Sequence[Value], *, alone: bool) -> dict[int, Value]:
    """Pairs of texts of which one was probably made of the other, best first."""
    scored = sorted(
        (
            (SequenceMatcher(None, old.text, new.text).ratio(), -i, -j)
            for i, old in enumerate(left)
            for j, new in enumerate(right)
        ),
        reverse=True,
    )
    pairs: dict[int, Value] = {}
    used: set[int] = set()
    for score, i, j in scored:
        old, new = left[-i], right[-j]
        if (score >= 0.6 or alone) and id(new) not in pairs and id(old) not in used:
            pairs[id(new)] = old
            used.add(id(old))
    return pairs


def _same(before: Any, after: Any, rename: Rename) -> bool:
    if type(before) is bool or type(after) is bool:
        return before is after
    if isinstance(before, str) and isinstance(after, str):
        return before == after or rename(str(before)) == str(after)
    if isinstance(before, int | float) and isinstance(after, int | float):
        return before == after
    return rename(written(before)) == written(after)
