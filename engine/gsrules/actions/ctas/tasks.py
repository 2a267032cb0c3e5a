"""Tasks of playbooks for the CTAs that got them in this run (actions.md §6.3, §6.6, §8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from sqlglot import exp

from gsrules.actions.changes.staging import (
    Scratch,
    column,
    fragment,
    given_number,
    identifier,
    named,
    number,
    select,
    sub,
    text,
    typed_null,
)
from gsrules.actions.changes.stamps import created_stamps
from gsrules.actions.ctas.due import Skip, due_date
from gsrules.actions.kind import ActionRun
from gsrules.catalogue import Catalogue, PlaybookDef
from gsrules.dataclass import dataclass
from gsrules.tenant.changes import Write

TASK = "cs_task"


@dataclass(frozen=True, slots=True)
class TaskDates:
    """When tasks of playbooks are due: the rule date, moved as the action says (actions.md §6.4)."""

    run: ActionRun
    skip: Skip

    def due(self, days: int) -> date:
        return due_date(self.run.rule_date, days, self.skip, self.run.profile["cta.weekend_mode"])

    def last(self, playbook: PlaybookDef) -> date | None:
        """When the last task is due; None without tasks."""
        return max((self.due(task.days) for task in playbook.tasks), default=None)


def with_tasks(playbooks: Iterable[PlaybookDef | None], run: ActionRun) -> tuple[PlaybookDef, ...]:
    """Those with tasks, if the profile makes records of them (`cta.playbook_tasks`)."""
    if run.profile["cta.playbook_tasks"] != "create":
        return ()
    return tuple({found.gsid: found for found in playbooks if found is not None and found.tasks}.values())


def task_writes(
    scratch: Scratch,
    dates: TaskDates,
    catalogue: Catalogue,
    playbooks: Sequence[PlaybookDef],
    receiving: Callable[[], exp.Select],
) -> tuple[list[Write], int]:
    """The write of new cs_task records and their number.

    `receiving` gives the CTAs that get a playbook: `row` for the order, `cta`, `owner`, `priority`, `playbook`.
    """
    if not playbooks:
        return [], 0

    def each() -> exp.Select:
        on = exp.EQ(this=column("playbook", "k"), expression=column("playbook", "c"))
        items = [column(name, "c") for name in ("row", "cta", "owner", "priority")]
        items += [column(name, "k") for name in ("i", "task", "due", "own_priority")]
        query = select(*items).from_(sub(receiving(), "c"), copy=False)
        return query.join(_listed(dates, catalogue, playbooks), on=on, copy=False)

    def counted() -> exp.Select:
        return select(exp.Count(this=exp.Star())).from_(sub(each()), copy=False)

    total = int(scratch.row("tasks to make", counted)[0])
    if not total:
        return [], 0
    run = dates.run
    first_id = run.tenant.allocate(TASK, total)
    values = _task_values(run, catalogue)

    def tasks() -> exp.Select:
        order = exp.Order(expressions=[exp.Ordered(this=column(name), desc=False) for name in ("row", "cta", "i")])
        counter = fragment(":p + :f", p=exp.Window(this=exp.RowNumber(), order=order), f=given_number())
        numbered = select(exp.Star(), named(counter, "n")).from_(sub(each()), copy=False)
        items = [named(run.tenant.gsid(TASK, column("n")), "Gsid")]
        items += [named(value, name) for name, value in values.items()]
        return select(*items).from_(sub(numbered), copy=False)

    return [Write(TASK, "insert", scratch.table("tasks", tasks, [first_id - 1]), tuple(values))], total


def _task_values(run: ActionRun, catalogue: Catalogue) -> dict[str, exp.Expr]:
    status = next((o for o in catalogue.cockpit_options("CTA_STATUS") if o.open), None)
    return {
        "Name": column("task"),
        "CtaId": column("cta"),
        "OwnerId": column("owner"),
        "DueDate": column("due"),
        "StatusId": text(status.gsid) if status else typed_null("VARCHAR"),
        "PriorityId": exp.Coalesce(this=column("own_priority"), expressions=[column("priority")]),
        "IsClosed": exp.false(),
        **created_stamps(run),
    }


def _listed(dates: TaskDates, catalogue: Catalogue, playbooks: Sequence[PlaybookDef]) -> exp.Values:
    """The playbooks' tasks as a relation; a task without a priority of its own takes its CTA's."""
    rows = []
    for playbook in playbooks:
        for i, task in enumerate(playbook.tasks):
            priority = catalogue.cockpit("CTA_PRIORITY", task.priority or "")
            parts = [
                text(playbook.gsid),
                number(i),
                text(task.name),
                fragment("CAST(:d AS DATE)", d=text(dates.due(task.days).isoformat())),
                text(priority.gsid) if priority else typed_null("VARCHAR"),
            ]
            rows.append(exp.Tuple(expressions=parts))
    names = [identifier(name) for name in ("playbook", "i", "task", "due", "own_priority")]
    return exp.Values(expressions=rows, alias=exp.TableAlias(this=identifier("k"), columns=names))
