"""Merge tasks: datasets joined by equal columns (data-setup.md §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place
from gsrules.expressions.scope import Scope
from gsrules.expressions.show import JoinPair, parse_join, parse_show_item, resolve_name
from gsrules.expressions.tree import ColumnRef
from gsrules.plan.env import TaskEnv
from gsrules.plan.families import Mix, conversion, mix_of
from gsrules.plan.nodes import Column, Join, JoinKey, Node
from gsrules.plan.show import Shelf, bind_show, shape
from gsrules.plan.where import bind_filter, filtered, names_given
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.tasks import JoinSpec, MergeTask


@dataclass(frozen=True, slots=True)
class _Side:
    """Datasets joined so far; `refs` gives each dataset's columns with their names in `node`."""

    node: Node
    refs: Mapping[str, tuple[tuple[Column, str], ...]]

    @property
    def scope(self) -> Scope:
        return Scope.of_datasets({dataset: list(columns) for dataset, columns in self.refs.items()})

    def column(self, ref: str) -> Column:
        return next(column for column in self.node.columns if column.name == ref)


def bind_merge(spec: MergeTask, env: TaskEnv) -> Node:
    """The node of a merge task; notes what is wrong and raises Skip."""
    _check_once(spec, env)
    _check_engine(spec, env)
    env.findings.stop_if_wrong()
    base = env.parent(spec.from_)
    side = _Side(base, {base.task: tuple((column, column.name) for column in base.columns)})
    for join in spec.join:
        side = _joined(side, join, env)
    shelf = _shelf(side)
    shown = bind_show(spec.show, spec.group_by, shelf, env)
    env.limit("limits.show_fields", len(shown), "fields are shown", spec.place_of("show"))
    predicate = bind_filter(spec.where, shelf.scope, env, names_given(spec.show))
    return shape(filtered(side.node, predicate), shown, spec.group_by, shelf, env)


def _check_once(spec: MergeTask, env: TaskEnv) -> None:
    seen: set[str] = set()
    for name in spec.inputs:
        if name.strip().lower() in seen:
            message = f"the merge names {name!r} twice; a dataset cannot be merged with itself"
            hint = "make a transform of it, and merge with that"
            env.findings.error("GS-AMBIGUOUS", message, name.at(0, len(name)), value=str(name), hint=hint)
        seen.add(name.strip().lower())


def _check_engine(spec: MergeTask, env: TaskEnv) -> None:
    """What Bionic rules cannot do in a merge (data-setup.md §1.4)."""
    if env.context.profile["engine"] != "bionic":
        return
    hint = "do it in a transform after the merge, or set the profile key engine to horizon"
    if spec.where is not None:
        message = "a merge of the bionic engine has no filters (MALFORMED_QUERY)"
        env.findings.error("GS-OPERATOR", message, spec.where.place, hint=hint)
    if spec.group_by or any(parse_show_item(text).function for text in spec.show or ()):
        message = "a merge of the bionic engine does not aggregate (MALFORMED_QUERY)"
        env.findings.error("GS-OPERATOR", message, spec.place_of("show"), hint=hint)


def _joined(left: _Side, join: JoinSpec, env: TaskEnv) -> _Side:
    right = env.parent(join.dataset)
    follower = _Side(right, {right.task: tuple((column, column.name) for column in right.columns)})
    keys: list[JoinKey] = []
    with env.findings.collecting():
        for condition in parse_join(join.on):
            if _is_swapped(condition.left, condition.right, left, follower):
                _tell_swapped(condition, join, env)
                continue
            if _tell_one_sided(condition, join, left, follower, env):
                continue
            found = _key(condition.left, condition.right, left, follower, env)
            if found is not None:
                keys.append(replace(found, ignore_case=condition.ignore_case or found.ignore_case))
    refs = {
        dataset: tuple((column, _qualified(dataset, column)) for column, _ in columns)
        for dataset, columns in {**left.refs, **follower.refs}.items()
    }
    left_names = {new: old for dataset, columns in left.refs.items() for new, old in _renamed(columns, refs[dataset])}
    right_names = dict(_renamed(follower.refs[right.task], refs[right.task]))
    columns = tuple(
        Column(ref, column.label, column.type, (f"{dataset}.{column.name}",))
        for dataset, pairs in refs.items()
        for column, ref in pairs
    )
    return _Side(Join(left.node, right, join.keep, tuple(keys), left_names, right_names, columns), refs)


def _qualified(dataset: str, column: Column) -> str:
    """The name in the joined relation; no two are equal, because dataset names hold no dot."""
    return f"{dataset}.{column.name}"


def _renamed(before: tuple[tuple[Column, str], ...], after: tuple[tuple[Column, str], ...]) -> list[tuple[str, str]]:
    return [(new, old) for (_, old), (_, new) in zip(before, after, strict=True)]


def _key(left_text: Text, right_text: Text, left: _Side, right: _Side, env: TaskEnv) -> JoinKey | None:
    """One condition; None after noting what is wrong."""
    found: list[ColumnRef] = []
    for text, side in ((left_text, left), (right_text, right)):
        with env.findings.collecting():
            found.append(resolve_name(text, side.scope))
    if len(found) < 2:
        return None
    sides = left.column(found[0].name), right.column(found[1].name)
    if not _check_types(sides[0], sides[1], right_text.at(0, len(right_text)), env):
        return None
    profile = env.context.profile
    return JoinKey(
        found[0].name,
        found[1].name,
        profile["merge.key_case"] == "insensitive",
        profile["merge.null_keys"] == "match",
    )


def _is_swapped(left_text: Text, right_text: Text, left: _Side, right: _Side) -> bool:
    """Whether the columns are those of the other sides: neither fits where it stands, both fit over there."""
    return not any(_fits(text, side) for text, side in ((left_text, left), (right_text, right))) and all(
        _fits(text, side) for text, side in ((left_text, right), (right_text, left))
    )


def _tell_swapped(condition: JoinPair, join: JoinSpec, env: TaskEnv) -> None:
    message = f"the sides of {str(join.on)!r} are the wrong way round (INVALID_FIELD)"
    sign = "~" if condition.ignore_case else "="
    hint = f"the joined dataset stands on the right: {condition.right} {sign} {condition.left}"
    env.findings.error("GS-NAME", message, join.on.at(0, len(join.on)), value=str(join.on), hint=hint)


def _tell_one_sided(condition: JoinPair, join: JoinSpec, left: _Side, right: _Side, env: TaskEnv) -> bool:
    """Notes a condition whose columns are both of one side; whether it was one."""
    fits_left = _fits(condition.left, left), _fits(condition.right, left)
    fits_right = _fits(condition.left, right), _fits(condition.right, right)
    if (fits_left, fits_right) not in (((True, True), (False, False)), ((False, False), (True, True))):
        return False
    joined, wrong = str(join.dataset), condition.right if all(fits_left) else condition.left
    message = f"{str(wrong)!r} is {'no' if all(fits_left) else 'a'} column of {joined!r} (INVALID_FIELD)"
    hint = f"a column of the left side stands on the left, one of {joined} on the right"
    env.findings.error("GS-NAME", message, wrong.at(0, len(wrong)), value=str(wrong), hint=hint)
    return True


def _fits(text: Text, side: _Side) -> bool:
    try:
        resolve_name(text, side.scope)
    except InputError:
        return False
    return True


def _check_types(left: Column, right: Column, place: Place | None, env: TaskEnv) -> bool:
    """Whether the columns may be keys together (data-setup.md §2.1, §7); notes what is doubtful."""
    mix = mix_of(left.type, right.type)
    names = f"{left.name!r} ({left.type.family}) and {right.name!r} ({right.type.family})"
    if mix is Mix.REFUSED:
        hint = conversion(left.type, right.type)
        env.findings.error("GS-TYPE", f"{names} cannot be keys of one merge (INVALID_TYPE)", place, hint=hint)
        return False
    if mix is Mix.DOUBTFUL:
        env.findings.tell("GS-TYPE", f"{names} are merged; a text rarely equals an id", place)
    elif mix is Mix.OTHER_LIST:
        env.findings.tell("GS-TYPE", f"{names} are merged; item ids never equal labels or items of other lists", place)
    return True


def _shelf(side: _Side) -> Shelf:
    columns = {
        ref: replace(column, origin=(f"{dataset}.{column.name}",))
        for dataset, pairs in side.refs.items()
        for column, ref in pairs
    }
    datasets = {dataset: tuple(ref for _, ref in pairs) for dataset, pairs in side.refs.items()}
    return Shelf(side.scope, columns, tuple(columns), datasets)
