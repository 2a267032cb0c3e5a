"""The outbox of a run: the requests that would have left the machine (actions.md §1.10, §9).

Entries of actions are kept in the tenant's table `outbox`, in the transaction of the run, and copied to a JSON-lines
file of the run. A dry run only counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
from sqlglot import exp

from gsrules.actions.kind import ActionRun
from gsrules.actions.staging import (
    Scratch,
    cast,
    column,
    fragment,
    given_number,
    named,
    relation,
    select,
    spelled,
    sub,
    text,
)
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


def write_file(tenant: Tenant, run_id: str, path: Path) -> None:
    """Writes the entries of a run as JSON lines, in order, headers as an object; no file if it has none.

    Raises duckdb.IOException where it cannot be written.
    """
    table = tenant.internal(OUTBOX_TABLE)
    of_run = exp.EQ(this=column("run"), expression=text(run_id))
    if not tenant.statements.rows(spelled(select(exp.Literal.number(1)).from_(table).where(of_run).limit(1))):
        return
    _copy(tenant.con, select(*_shown()).from_(table).where(of_run).order_by(column("n")), path)


def _shown() -> list[exp.Expr]:
    """What a line holds, in the order of actions.md §9.1."""
    names = ("run", "n", "rule", "action", "row", "at", "kind", "connection", "method", "url", "headers", "body")
    return [named(cast(column(name), "JSON"), name) if name == "headers" else column(name) for name in names]


def _copy(con: duckdb.DuckDBPyConnection, query: exp.Select, path: Path) -> None:
    rows = spelled(select(exp.Star()).from_(sub(query)))
    con.execute(f"COPY ({rows}) TO {spelled(text(str(path)))} (FORMAT json)")
