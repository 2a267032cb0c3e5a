"""Union tasks: the rows of datasets below one another (data-setup.md §9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gsrules.catalogue.datatypes import STRING, DataType, Family, Kind
from gsrules.dataclass import dataclass
from gsrules.errors import Place
from gsrules.expressions.scope import Scope
from gsrules.expressions.show import resolve_name
from gsrules.expressions.tree import ColumnRef, Rounded
from gsrules.plan.columns import check_names
from gsrules.plan.env import TaskEnv
from gsrules.plan.families import Mix, conversion, mix_of
from gsrules.plan.nodes import Column, Node, Project, Projection, TaskRef, Union, UnionInput

if TYPE_CHECKING:
    from gsrules.spec.tasks import UnionColumn, UnionTask


@dataclass(frozen=True, slots=True)
class _Merged:
    """An output column: its source column in each dataset that has one. `declared`: the type that the rule states."""

    name: str
    sources: Mapping[str, Column]
    place: Place | None
    declared: DataType | None = None


def bind_union(spec: UnionTask, env: TaskEnv) -> Node:
    """The node of a union task; notes what is wrong and raises Skip."""
    if env.context.profile["engine"] == "bionic":
        message = "the bionic engine has no union task (MALFORMED_QUERY)"
        hint = "set the profile key engine to horizon"
        env.findings.error("GS-OPERATOR", message, spec.place, hint=hint)
    _check_once(spec, env)
    env.findings.stop_if_wrong()
    parents = [env.parent(name) for name in spec.from_]
    merged = _by_name(parents, spec) if spec.columns is None else _declared(spec, parents, env)
    columns = check_names([(_column(each, env), each.place) for each in merged], env)
    env.limit("limits.show_fields", len(columns), "fields are shown", spec.place_of("columns"))
    env.findings.stop_if_wrong()
    inputs = tuple(_input(parent, columns, merged) for parent in parents)
    return Union(inputs, columns, distinct=env.context.profile["union.duplicates"] == "remove")


def _check_once(spec: UnionTask, env: TaskEnv) -> None:
    seen: set[str] = set()
    for name in spec.from_:
        if name.strip().lower() in seen:
            message = f"the union names {name!r} twice"
            env.findings.error("GS-AMBIGUOUS", message, name.at(0, len(name)), value=str(name), hint="name it once")
        seen.add(name.strip().lower())


def _by_name(parents: Sequence[TaskRef], spec: UnionTask) -> list[_Merged]:
    """All columns of all inputs, those of one name (in any letter case) together."""
    found: dict[str, tuple[str, dict[str, Column]]] = {}
    for parent in parents:
        for column in parent.columns:
            found.setdefault(column.name.lower(), (column.name, {}))[1][parent.task] = column
    return [_Merged(name, sources, spec.place_of("from")) for name, sources in found.values()]


def _declared(spec: UnionTask, parents: Sequence[TaskRef], env: TaskEnv) -> list[_Merged]:
    by_name = {parent.task.lower(): parent for parent in parents}
    merged: list[_Merged] = []
    for name, written in (spec.columns or {}).items():
        place = name.at(0, len(name))
        found: dict[str, Column] = {}
        for dataset, text in written.from_.items():
            parent = by_name.get(dataset.strip().lower())
            if parent is None:
                message = f"{dataset!r} is no dataset of this union (INVALID_FIELD)"
                known = ", ".join(each.task for each in parents)
                spot = dataset.at(0, len(dataset))
                env.findings.error("GS-NAME", message, spot, value=str(dataset), hint=f"datasets here: {known}")
                continue
            scope = Scope.of_columns(parent.columns, inside=parent.task)
            with env.findings.collecting():
                ref = resolve_name(text, scope)
                found[parent.task] = next(column for column in parent.columns if column.name == ref.name)
        merged.append(_Merged(str(name), found, place, _declared_type(written)))
    _tell_dropped(parents, merged, env)
    return merged


def _declared_type(written: UnionColumn) -> DataType | None:
    if written.type is None and written.decimals is None:
        return None
    return DataType(Kind(written.type or "number"), decimals=written.decimals)


def _tell_dropped(parents: Sequence[TaskRef], merged: Sequence[_Merged], env: TaskEnv) -> None:
    for parent in parents:
        used = {each.sources[parent.task].name for each in merged if parent.task in each.sources}
        dropped = [column.name for column in parent.columns if column.name not in used]
        if dropped:
            message = f"columns of {parent.task!r} are not carried: {', '.join(dropped)}"
            env.findings.tell("GS-NAME", message, severity="note")


def _column(merged: _Merged, env: TaskEnv) -> Column:
    """The output column; notes sources whose types do not go together."""
    sources = list(merged.sources.items())
    if not sources:
        message = f"the column {merged.name!r} comes from no dataset"
        env.findings.error("GS-NAME", message, merged.place, value=merged.name, hint="name a column of some dataset")
        return Column(merged.name, merged.name, STRING)
    made = sources[0][1].type
    for dataset, column in sources[1:]:
        made = _combined(made, column, dataset, merged, env)
    if merged.declared is not None:
        made = _as_declared(made, merged.declared, merged, env)
    labels = {column.label for _, column in sources}
    renamed = any(column.name.lower() != merged.name.lower() for _, column in sources)
    label = merged.name if renamed or len(labels) > 1 else labels.pop()
    return Column(merged.name, label, made, tuple(f"{dataset}.{column.name}" for dataset, column in sources))


def _combined(made: DataType, column: Column, dataset: str, merged: _Merged, env: TaskEnv) -> DataType:
    mix = mix_of(made, column.type)
    families = f"{made.family} and {column.type.family}"
    if mix is Mix.REFUSED:
        message = f"the union column {merged.name!r} mixes {families} ({dataset}.{column.name}) (INVALID_TYPE)"
        env.findings.error("GS-TYPE", message, merged.place, value=merged.name, hint=conversion(made, column.type))
        return made
    if mix is not Mix.FREE:
        message = f"the union column {merged.name!r} mixes {families} or items of different lists"
        env.findings.tell("GS-TYPE", message, merged.place, value=merged.name)
    return _common(made, column.type)


def _as_declared(made: DataType, declared: DataType, merged: _Merged, env: TaskEnv) -> DataType:
    """The declared type, in the physical form of the sources (data-setup.md §9)."""
    mix = mix_of(declared, made)
    if mix is Mix.REFUSED:
        message = f"the union column {merged.name!r} is declared {declared}, but holds {made.family} (INVALID_TYPE)"
        env.findings.error("GS-TYPE", message, merged.place, value=str(declared), hint="declare that, or convert first")
    elif mix is not Mix.FREE:
        message = f"the union column {merged.name!r} is declared {declared} and holds {made.family}"
        env.findings.tell("GS-TYPE", message, merged.place, value=merged.name)
    return replace(declared, whole=made.whole)


def _common(one: DataType, other: DataType) -> DataType:
    """The type that holds values of both."""
    if one.family is Family.TEXT or other.family is not Family.TEXT:
        kept = one
    else:
        kept = other
    return replace(
        kept,
        decimals=one.decimals if one.decimals == other.decimals else None,
        category=one.category if one.category == other.category else None,
        target=one.target if one.target == other.target else None,
        length=max(one.length, other.length) if one.length and other.length else None,
        whole=one.whole and other.whole,
    )


def _input(parent: TaskRef, columns: Sequence[Column], merged: Sequence[_Merged]) -> UnionInput:
    """One dataset of the union; numbers with more decimals than are declared are rounded first."""
    sources = {column.name: each.sources.get(parent.task) for column, each in zip(columns, merged, strict=True)}
    if not any(_is_rounded(column.type, sources[column.name]) for column in columns):
        return UnionInput(parent, {name: source.name if source else None for name, source in sources.items()})
    items: list[Projection] = []
    for column in columns:
        source = sources[column.name]
        if source is not None:
            ref = ColumnRef(source.name, source.type)
            rounded = Rounded(ref, column.type) if _is_rounded(column.type, source) else None
            items.append(Projection(replace(column, type=rounded.type if rounded else source.type), rounded or ref))
    return UnionInput(
        Project(parent, tuple(items)), {name: name if source else None for name, source in sources.items()}
    )


def _is_rounded(made: DataType, source: Column | None) -> bool:
    if source is None or made.decimals is None or made.family is not Family.NUMBER or source.type.whole:
        return False
    return source.type.decimals is None or source.type.decimals > made.decimals
