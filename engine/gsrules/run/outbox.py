"""The outbox of a run: the requests that would have left the machine (actions.md §1.10, §9).

Entries of actions are kept in the tenant's table `outbox`, in the transaction of the run, and copied to a JSON-lines
file of the run. A dry run only counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlglot import exp

from gsrules.actions.changes.staging import (
    Scratch,
    aliased,
    cast,
    column,
    fragment,
    given_number,
    left_join,
    named,
    relation,
    select,
    spelled,
    text,
)
from gsrules.actions.kind import ActionRun
from gsrules.tenant import Tenant
from gsrules.tenant.changes import OUTBOX_COLUMNS, ChangeList
from gsrules.tenant.schema import OUTBOX_TABLE


def counted(scratch: Scratch, made: ChangeList) -> Mapping[str, int]:
    """How many entries of each kind an action would add."""
    outbox = made.outbox
    if outbox is None:
        return {}

    def query() -> exp.Select:
        kinds = select(column("kind"), exp.Count(this=exp.Star())).from_(relation(outbox), copy=False)
        return kinds.group_by(column("kind"), copy=False).order_by(column("kind"), copy=False)

    return dict(scratch.rows("outbox kinds", query))


def keep(asked: ActionRun, action: str, made: ChangeList, last: int) -> int:
    """Adds the entries of an action to the tenant's outbox, numbered after `last`; gives the last number."""
    outbox = made.outbox
    if outbox is None:
        return last

    def query() -> exp.Select:
        order = fragment(
            "ROW_NUMBER() OVER (ORDER BY :r, :k, :u, :b)",
            r=column("row"),
            k=column("kind"),
            u=column("url"),
            b=column("body"),
        )
        own = {
            "run": text(asked.run_id),
            "n": fragment(":o + :l", o=order, l=given_number()),
            "rule": text(asked.rule_id),
            "action": text(action),
            "at": cast(text(asked.instant.isoformat(sep=" ")), "TIMESTAMP"),
        }
        items = [named(value, name) for name, value in own.items()]
        return select(*items, *map(column, OUTBOX_COLUMNS)).from_(relation(outbox), copy=False)

    staging = asked.scratch().table("outbox_entries", query, [last])
    return last + asked.tenant.append_internal(OUTBOX_TABLE, staging)


def last_number(tenant: Tenant, run_id: str) -> int:
    """The number of the last entry of a run, 0 if it has none."""
    last = fragment("COALESCE(MAX(:n), 0)", n=column("n"))
    query = select(last).from_(tenant.internal(OUTBOX_TABLE)).where(_of(run_id))
    return int(tenant.statements.rows(spelled(query), anew=True)[0][0])


def write_file(tenant: Tenant, run_id: str, delivered: str | None, path: Path) -> None:
    """Writes the entries of a run as JSON lines, in order, headers as an object; no file if it has none.

    `delivered`: the table of `deliver` that tells what became of the requests, if they were sent. Raises
    duckdb.IOException where the file cannot be written.
    """
    if not last_number(tenant, run_id):
        return
    query = select(*_shown("o")).from_(aliased(tenant.internal(OUTBOX_TABLE), "o")).where(_of(run_id, "o"))
    if delivered is not None:
        on = exp.EQ(this=column("n", "o"), expression=column("n", "a"))
        query = query.join(left_join(relation(delivered, "a"), on), copy=False)
        query = query.select(*(column(name, "a") for name in ("response", "not_delivered")), copy=False)
    rows = spelled(query.order_by(column("n", "o")))
    tenant.con.execute(f"COPY ({rows}) TO {spelled(text(str(path)))} (FORMAT json)")


def _of(run_id: str, alias: str | None = None) -> exp.Expr:
    return exp.EQ(this=column("run", alias), expression=text(run_id))


def _shown(alias: str) -> list[exp.Expr]:
    """What a line holds, in the order of actions.md §9.1."""
    names = ("run", "n", "rule", "action", "row", "at", "kind", "connection", "method", "url", "headers", "body")
    return [
        named(cast(column(name, alias), "JSON"), name) if name == "headers" else column(name, alias) for name in names
    ]
