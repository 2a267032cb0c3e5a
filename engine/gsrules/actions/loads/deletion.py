"""Records that a load takes away, and the log of them (actions.md §5.7, platform.md §2.6)."""

from __future__ import annotations

from sqlglot import exp

from gsrules.actions.changes.staging import (
    column,
    fragment,
    given_number,
    named,
    relation,
    select,
    sub,
    text,
    write_view,
)
from gsrules.actions.changes.stamps import created_stamps
from gsrules.actions.loads.stage import LoadStage
from gsrules.actions.mappings.constants import timestamp
from gsrules.tenant.changes import Write

LOG = "record_delete_log"


def deletions(stage: LoadStage, plan: str) -> list[Write]:
    """The deletion of the records of the rows that say so, and an entry of the log for each."""
    scratch, object_name = stage.scratch, stage.load.object.name
    ((count,),) = scratch.rows(
        "deleted", lambda: select(exp.Count(this=exp.Star())).from_(sub(_gone(plan), "g"), copy=False)
    )
    if not count:
        return []
    view = scratch.view("delete", lambda: _gone(plan))
    first = stage.run.tenant.allocate(LOG, int(count))

    def numbered() -> exp.Select:
        order = exp.Order(expressions=[exp.Ordered(this=column(name), desc=False) for name in ("row", "Gsid")])
        counter = fragment(":n + :f", n=exp.Window(this=exp.RowNumber(), order=order), f=given_number())
        entries = select(column("Gsid"), named(counter, "n")).from_(sub(_gone(plan), "g"), copy=False)
        gsid = stage.run.tenant.gsid(LOG, column("n"))
        return select(column("Gsid"), named(gsid, "id")).from_(sub(entries, "e"), copy=False)

    log = scratch.table("log", numbered, [first - 1])
    entry = write_view(
        scratch,
        LOG,
        "insert",
        lambda: {
            "RecordId": column("Gsid", "l"),
            "DeletedOn": timestamp(stage.run.instant),
            "ObjectName": text(object_name),
            **created_stamps(stage.run),
        },
        lambda: select(named(column("id", "l"), "Gsid")).from_(relation(log, "l"), copy=False),
        name="insert_log",
    )
    return [Write(object_name, "delete", view, ()), entry]


def _gone(plan: str) -> exp.Select:
    """The records to delete."""
    wanted = fragment("outcome = 'updated' AND gone")
    return (
        select(named(column("gsid"), "Gsid"), column("row")).from_(relation(plan), copy=False).where(wanted, copy=False)
    )
