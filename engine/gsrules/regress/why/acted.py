"""What the actions decided about the rows of one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.staging import select, spelled
from gsrules.actions.traits import Decision, effect_field
from gsrules.catalogue import FieldDef
from gsrules.catalogue.datatypes import STRING, DataType
from gsrules.expressions.leaves import source_text
from gsrules.regress.why.checks import checks
from gsrules.regress.why.follow import Paths
from gsrules.regress.why.model import ActionStep, Change, Check, Effect
from gsrules.regress.why.values import Words
from gsrules.run.prepare import find_task
from gsrules.tenant.names import column, temp_table

_SHOWN: Final = 5
_COLUMNS: Final = (
    "row", "outcome", "code", "message", "key", "object", "gsid", "warnings", "before", "after",
)  # fmt: skip


def action_steps(paths: Paths, words: Words, origin: int, effects: Mapping[str, str]) -> Iterator[ActionStep]:
    """The actions to which rows of the record came, in their order."""
    trace = paths.trace
    for spec, action in trace.bound.actions:
        dataset = find_task(trace.bound.plan, spec.from_, spec.id)
        if dataset not in paths.reached:
            continue
        own = paths.rows_of(dataset, origin)
        rows = paths.count(own)
        if not rows:
            continue
        table = effects[str(spec.id)]
        found = _effects(paths, own, table)
        matched = paths.count(_acted(own, table))
        row = found[0][0] if found else _first(paths, own)
        checked: tuple[Check, ...] = ()
        if action.criteria is not None:
            checked = checks(trace, words, action.criteria, dataset, row)
        text = "" if action.criteria is None else source_text(action.criteria)
        told = action.traits.decisions
        made = tuple(_effect(words, each, told) for each in found)
        yield ActionStep(str(spec.id), spec.action, dataset, text, rows, matched, checked, made)


def _acted(own: exp.Select, table: str) -> exp.Select:
    known = exp.In(this=column("row", "x"), query=exp.Subquery(this=own.copy()))
    return select(column("row", "x")).from_(temp_table(table, "x"), copy=False).where(known, copy=False)


def _effects(paths: Paths, own: exp.Select, table: str) -> list[tuple[Any, ...]]:
    query = _acted(own, table)
    query.set("expressions", [column(name, "x") for name in _COLUMNS])
    query = query.order_by(column("row", "x"), copy=False).limit(_SHOWN, copy=False)
    return paths.trace.tenant.con.execute(spelled(query)).fetchall()


def _first(paths: Paths, own: exp.Select) -> int:
    query = own.copy().order_by(column("row", "s"), copy=False).limit(1, copy=False)
    found = paths.trace.tenant.con.execute(spelled(query)).fetchone()
    return int(found[0]) if found else 0


def _effect(words: Words, found: tuple[Any, ...], decisions: Sequence[Decision]) -> Effect:
    _, outcome, code, message, key, object_, gsid, warnings, before, after = found
    return Effect(
        outcome=outcome,
        code=code or "",
        message=message or "",
        key=key or "",
        object=object_,
        gsid=gsid or "",
        record=(words.name(gsid, object_) if gsid else "") or _own_name(words, object_, after),
        warnings=tuple(warnings or ()),
        changes=_changes(words, object_, before, after),
        because="" if code else next((each.because for each in decisions if each.outcome == outcome), ""),
    )


def _own_name(words: Words, object_: str, after: Any) -> str:
    """The name that a new record is given."""
    definition = words.object_of(object_)
    field = definition.name_field if definition is not None else None
    return str(after.get(field.name) or "") if field is not None and after is not None else ""


def _changes(words: Words, object_: str, before: Any, after: Any) -> tuple[Change, ...]:
    """The fields of a written row, those that turn first."""
    if after is None:
        return ()
    made = []
    for name, value in after.items():
        field = effect_field(words.catalogue, object_, name)
        type_: DataType = field.type if field else STRING
        old = words.say(before[name], type_) if before is not None else ""
        made.append(Change(_label(name, field), old, words.say(value, type_)))
    return tuple(sorted(made, key=lambda change: change.before == change.after))


def _label(name: str, field: FieldDef | None) -> str:
    """The field's label, with the object where it is another than that of the effect."""
    other, _, _ = name.rpartition(".")
    return f"{other}.{field.label}" if field is not None and other else field.label if field is not None else name
