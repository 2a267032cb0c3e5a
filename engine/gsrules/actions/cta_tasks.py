"""Tasks of a playbook for the CTAs that got it in this run (actions.md §6.3)."""

from __future__ import annotations

from sqlglot import exp

from gsrules.actions.cta import Decision
from gsrules.actions.staging import (
    all_of,
    any_of,
    column,
    fragment,
    given_number,
    identifier,
    named,
    number,
    relation,
    select,
    sub,
    text,
    typed_null,
)
from gsrules.actions.stamps import created_stamps
from gsrules.tenant.changes import Write


def task_writes(decision: Decision, touched: str, *, on_hits: bool) -> tuple[list[Write], int]:
    """The write of new cs_task records and their number; `on_hits`: found CTAs get the playbook, too."""
    action, run, scratch = decision.action, decision.run, decision.scratch

    def receiving() -> exp.Select:
        return select(exp.Count(this=exp.Star())).from_(sub(_receiving(touched, on_hits=on_hits)), copy=False)

    count = int(scratch.row("receiving", receiving)[0])
    if not count:
        return [], 0
    total = count * len(action.tasks)
    first_id = run.tenant.allocate("cs_task", total)
    values = _task_values(decision)

    def tasks() -> exp.Select:
        order = exp.Order(expressions=[exp.Ordered(this=column(name), desc=False) for name in ("row", "i")])
        counter = fragment(":p + :f", p=exp.Window(this=exp.RowNumber(), order=order), f=given_number())
        each = select(exp.Star()).from_(sub(_receiving(touched, on_hits=on_hits)), copy=False)
        each = each.join(_listed(decision), join_type="cross", copy=False)
        numbered = select(exp.Star(), named(counter, "n")).from_(sub(each), copy=False)
        items = [named(run.tenant.gsid("cs_task", column("n")), "Gsid")]
        items += [named(value, name) for name, value in values.items()]
        return select(*items).from_(sub(numbered), copy=False)

    return [Write("cs_task", "insert", scratch.table("tasks", tasks, [first_id - 1]), tuple(values))], total


def _task_values(decision: Decision) -> dict[str, exp.Expr]:
    action = decision.action
    status = next((o for o in action.catalogue.cockpit_options("CTA_STATUS") if o.open), None)
    return {
        "Name": column("task"),
        "CtaId": column("cta"),
        "OwnerId": column("owner"),
        "DueDate": column("due"),
        "StatusId": text(status.gsid) if status else typed_null("VARCHAR"),
        "PriorityId": exp.Coalesce(this=column("own_priority"), expressions=[column("priority")]),
        "IsClosed": exp.false(),
        **created_stamps(decision.run),
    }


def _receiving(touched: str, *, on_hits: bool) -> exp.Select:
    """The CTAs that get the playbook, in their last state."""
    gets: list[exp.Expr] = [column("makes")]
    if on_hits:
        gets.append(fragment("NOT :s IS NULL AND :b IS NULL", s=column("stored_id"), b=column("b:PlaybookId")))
    first = select(column("gsid")).from_(relation(touched), copy=False)
    first = first.where(all_of([fragment(":p = 1", p=column("place")), any_of(gets)]), copy=False)
    ctas = select(
        column("row"),
        named(column("gsid"), "cta"),
        named(column("a:OwnerId"), "owner"),
        named(column("a:PriorityId"), "priority"),
    ).from_(relation(touched), copy=False)
    return ctas.where(
        all_of([column("is_last"), exp.In(this=column("gsid"), query=first.subquery(copy=False))]), copy=False
    )


def _listed(decision: Decision) -> exp.Values:
    """The playbook's tasks as a relation; a task without a priority of its own takes its CTA's."""
    catalogue = decision.action.catalogue
    priorities = [catalogue.cockpit("CTA_PRIORITY", task.priority or "") for task in decision.action.tasks]
    rows = [
        exp.Tuple(
            expressions=[
                number(i),
                text(task.name),
                fragment("CAST(:d AS DATE)", d=text(decision.due(task.days).isoformat())),
                text(priority.gsid) if priority else typed_null("VARCHAR"),
            ]
        )
        for i, (task, priority) in enumerate(zip(decision.action.tasks, priorities, strict=True))
    ]
    names = [identifier(name) for name in ("i", "task", "due", "own_priority")]
    return exp.Values(expressions=rows, alias=exp.TableAlias(this=identifier("k"), columns=names))
