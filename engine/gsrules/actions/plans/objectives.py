"""Objectives of templates: CTAs of the success plans that got the template in this run (actions.md §8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.staging import (
    Scratch,
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
from gsrules.actions.changes.stamps import created_stamps
from gsrules.actions.ctas.decision import CTA
from gsrules.actions.ctas.tasks import TASK, TaskDates, task_writes, with_tasks
from gsrules.actions.mappings.constants import timestamp
from gsrules.catalogue import Catalogue
from gsrules.catalogue.plan_templates import TemplateDef
from gsrules.dataclass import dataclass
from gsrules.tenant.changes import Write

PLAN: Final = "cta_group"
_COLUMNS: Final = ("i", "name", "type", "reason", "status", "priority", "closed", "playbook", "days_due", "last_task")


@dataclass(frozen=True, slots=True)
class Objectives:
    """The objectives of one template. `days` is when those are due whose plan has no date either."""

    template: TemplateDef | None
    catalogue: Catalogue
    scratch: Scratch
    dates: TaskDates
    days: int

    @property
    def there(self) -> bool:
        wanted = self.dates.run.profile["plan.template_objectives"] == "create"
        return wanted and self.template is not None and bool(self.template.objectives)

    def writes(self, receiving: Callable[[], exp.Select]) -> tuple[list[Write], int]:
        """The writes of CTAs and of their tasks, and the number of both.

        `receiving` gives the plans that get the template: `row` for the order, `plan`, `company`, `relationship`,
        `owner`, `due`.
        """
        if not self.there:
            return [], 0

        def counted() -> exp.Select:
            return select(exp.Count(this=exp.Star())).from_(sub(receiving(), "p"), copy=False)

        assert self.template is not None
        total = int(self.scratch.row("plans with the template", counted)[0]) * len(self.template.objectives)
        if not total:
            return [], 0
        run = self.dates.run
        first = run.tenant.allocate(CTA, total)
        made = self.scratch.table("objectives", lambda: self._made(receiving()), [first - 1])
        playbooks = with_tasks((each.playbook for each in self.template.objectives), run)
        tasks, count = task_writes(self.scratch, self.dates, self.catalogue, playbooks, lambda: _with_playbook(made))
        fields = tuple(name for name in self._values() if name != "__n")
        return [Write(CTA, "insert", made, fields), *tasks], total + count

    def _made(self, receiving: exp.Select) -> exp.Select:
        order = exp.Order(expressions=[exp.Ordered(this=column(name), desc=False) for name in ("row", "plan", "i")])
        counter = fragment(":p + :f", p=exp.Window(this=exp.RowNumber(), order=order), f=given_number())
        each = select(exp.Star()).from_(sub(receiving, "p"), copy=False)
        each = each.join(self._listed(), join_type="cross", copy=False)
        numbered = select(exp.Star(), named(counter, "__n")).from_(sub(each), copy=False)
        items = [named(self.dates.run.tenant.gsid(CTA, column("__n")), "Gsid"), column("__n")]
        items += [named(value, name) for name, value in self._values().items()]
        return select(*items).from_(sub(numbered), copy=False)

    def _values(self) -> dict[str, exp.Expr]:
        run = self.dates.run
        closed = column("closed")
        stated = _date(self.dates.due(self.days))
        own = fragment("COALESCE(:o, :p, :d)", o=column("days_due"), p=column("due"), d=stated)
        relationship = column("relationship")
        return {
            "Name": column("name"),
            "CompanyId": column("company"),
            "RelationshipId": relationship,
            "EntityType": fragment("CASE WHEN :r IS NULL THEN 'COMPANY' ELSE 'RELATIONSHIP' END", r=relationship),
            "TypeId": column("type"),
            "ReasonId": column("reason"),
            "StatusId": column("status"),
            "PriorityId": column("priority"),
            "OwnerId": column("owner"),
            "PlaybookId": column("playbook"),
            "DueDate": fragment("GREATEST(:o, :l)", o=own, l=column("last_task")),
            "OriginalDueDate": own,
            "IsClosed": closed,
            "ClosedDate": fragment("CASE WHEN :c THEN :i END", c=closed, i=timestamp(run.instant)),
            "IsImportant": exp.false(),
            "Source": text("Success Plan"),
            "CtaGroupId": column("plan"),
            "TotalTaskCount": column("tasks"),
            **created_stamps(run),
        }

    def _listed(self) -> exp.Values:
        """The objectives as a relation."""
        assert self.template is not None
        run = self.dates.run
        extends = run.profile["cta.playbook_due_date"] == "extend"
        rows = []
        for i, each in enumerate(self.template.objectives):
            playbook = next(iter(with_tasks([each.playbook], run)), None)
            last = self.dates.last(playbook) if playbook and extends else None
            parts = [
                number(i),
                text(each.name),
                text(each.type.gsid),
                text(each.reason.gsid),
                text(each.status.gsid),
                text(each.priority.gsid),
                exp.Boolean(this=each.status.open is False),
                text(each.playbook.gsid) if each.playbook else typed_null("VARCHAR"),
                _date(self.dates.due(each.days)) if each.days is not None else typed_null("DATE"),
                _date(last) if last else typed_null("DATE"),
                number(len(playbook.tasks)) if playbook else typed_null("INTEGER"),
            ]
            rows.append(exp.Tuple(expressions=parts))
        names = [identifier(name) for name in (*_COLUMNS, "tasks")]
        return exp.Values(expressions=rows, alias=exp.TableAlias(this=identifier("k"), columns=names))


def _with_playbook(made: str) -> exp.Select:
    found = select(
        named(column("__n"), "row"),
        named(column("Gsid"), "cta"),
        named(column("OwnerId"), "owner"),
        named(column("PriorityId"), "priority"),
        named(column("PlaybookId"), "playbook"),
    ).from_(relation(made), copy=False)
    return found.where(fragment("NOT :p IS NULL", p=column("PlaybookId")), copy=False)


def written_objects(template: TemplateDef | None) -> tuple[str, ...]:
    """The objects that an action with this template may write."""
    objectives = template.objectives if template is not None else ()
    tasks = any(each.playbook and each.playbook.tasks for each in objectives)
    return (PLAN, *((CTA,) if objectives else ()), *((TASK,) if tasks else ()))


def _date(day: object) -> exp.Expr:
    return fragment("CAST(:d AS DATE)", d=text(str(day)))
