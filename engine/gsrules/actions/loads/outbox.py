"""Requests to Salesforce that a load stands for, one a written record (actions.md §5.6, §5.11, §9.3)."""

from __future__ import annotations

from typing import Final, Literal

from sqlglot import exp

from gsrules.actions.changes.staging import (
    aliased,
    call,
    cast,
    column,
    fragment,
    left_join,
    named,
    relation,
    select,
    text,
)
from gsrules.actions.loads.stage import LoadStage
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.catalogue.datatypes import STRING, Family
from gsrules.dataclass import dataclass
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.expressions.tree import ColumnRef, Convert

CONNECTION: Final = "Salesforce"
_PATH: Final = "/services/data/v60.0/sobjects/"


@dataclass(frozen=True, slots=True)
class Sync:
    """Written records go to the Salesforce object `name`, too; the field `id` holds their Salesforce id."""

    kind: Literal["salesforce_write", "lead_sync", "opportunity_sync"]
    name: str
    id: str


def outbox(stage: LoadStage, sync: Sync, plan: str, fresh: str | None) -> str:
    """A view of OUTBOX_COLUMNS: a POST for what was created or has no Salesforce id, a PATCH for what was changed."""
    return stage.scratch.view("outbox", lambda: _requests(stage, sync, plan, fresh))


def _requests(stage: LoadStage, sync: Sync, plan: str, fresh: str | None) -> exp.Select:
    source = select().from_(relation(plan, "p"), copy=False)
    given = [column(f"a{i}", "p") for i, m in stage.written if m.field.name == sync.id]
    if sync.kind == "salesforce_write":
        known = column("gsid", "p")
    elif given:
        known = given[0]
    else:
        on = exp.EQ(this=column("Gsid", "t"), expression=column("gsid", "p"))
        stored = aliased(stage.run.tenant.table(stage.load.object.name), "t")
        source = source.join(left_join(stored, on=on), copy=False)
        known = column(sync.id, "t")
    updated = fragment(":o = 'updated' AND NOT :i IS NULL", o=column("outcome", "p"), i=known)
    path = text(_PATH + sync.name)
    items = {
        "row": column("row", "p"),
        "kind": text(sync.kind),
        "connection": text(CONNECTION),
        "method": fragment("CASE WHEN :u THEN 'PATCH' ELSE 'POST' END", u=updated),
        "url": fragment("CASE WHEN :u THEN CONCAT(:p, '/', :i) ELSE :p END", u=updated, p=path, i=known),
        "headers": text('{"Content-Type": "application/json"}'),
        "body": _body(stage, sync),
    }
    written = exp.In(this=column("outcome", "p"), expressions=[text("created"), text("updated")])
    return source.select(*(named(value, name) for name, value in items.items()), copy=False).where(written, copy=False)


def _body(stage: LoadStage, sync: Sync) -> exp.Expr:
    """The mapped fields with their values after the write, picklists by label."""
    pairs: list[exp.Expr] = []
    for i, mapping in stage.written:
        if mapping.field.name != sync.id:
            pairs += [text(mapping.field.name), _json_value(stage, i, mapping)]
    return cast(call("json_object", *pairs), "VARCHAR")


def _json_value(stage: LoadStage, i: int, mapping: BoundMapping) -> exp.Expr:
    value, kind = column(f"a{i}", "p"), mapping.field.type
    if kind.family in (Family.TEXT, Family.ID, Family.BOOLEAN):
        return value
    if kind.family is Family.NUMBER:
        plain = fragment("RTRIM(RTRIM(CAST(:v AS VARCHAR), '0'), '.')", v=value)
        return fragment("CASE WHEN NOT :v IS NULL THEN :j END", v=value, j=cast(plain, "JSON"))
    if kind.family is Family.DATE:
        return cast(value, "VARCHAR")
    if kind.family is Family.DATETIME:
        return call("strftime", value, text("%Y-%m-%dT%H:%M:%S.%gZ"))
    env = SpellEnv(
        column=lambda name: column(name, "p"),
        rule_date=stage.run.rule_date,
        profile=stage.run.profile,
        catalogue=stage.load.catalogue,
    )
    return spell(Convert(ColumnRef(f"a{i}", kind), STRING), env)
