"""The rows of update_success_plan, folded in row order into one write a plan (actions.md §8)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns, Received, change_list
from gsrules.actions.changes.folding import Slot, folded
from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    column,
    fragment,
    identifier,
    named,
    relation,
    select,
    text,
    typed_null,
    write_view,
)
from gsrules.actions.changes.stamps import modified_stamps
from gsrules.actions.ctas.folded_effects import folded_effects
from gsrules.actions.ctas.owner import BoundOwner, stage_owner
from gsrules.actions.ctas.tasks import TaskDates
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.constants import timestamp
from gsrules.actions.mappings.record_id import BoundId, stage_id
from gsrules.actions.mappings.values import StagedValue, staged_rows
from gsrules.actions.plans.objectives import PLAN, Objectives, written_objects
from gsrules.actions.traits import Traits
from gsrules.catalogue import Catalogue, CockpitItem
from gsrules.catalogue.plan_templates import TemplateDef
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList, Write

_DEFAULT_DAYS = 5


@dataclass(frozen=True, slots=True)
class BoundPlanUpdate:
    """An update_success_plan action that passed validation."""

    catalogue: Catalogue
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]
    type: CockpitItem
    status: CockpitItem
    template: TemplateDef | None
    owner: BoundOwner | None
    plan_id: BoundId

    @property
    def writes_to(self) -> tuple[str, ...]:
        return written_objects(self.template)

    @property
    def traits(self) -> Traits:
        from gsrules.actions.plans.traits import traits_of_plan_update  # only some commands ask for them

        return traits_of_plan_update(self)

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row."""
        return _Updating(self, run).change_list()


class _Updating:
    def __init__(self, action: BoundPlanUpdate, run: ActionRun) -> None:
        self.action = action
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, action.catalogue), self.scratch, action.criteria)

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        staged = self.scratch.table("staged", self._staged)
        touched = self.scratch.table("touched", lambda: self._touched(staged))
        sides = tuple(slot.name for slot in self.slots)
        effects = self.scratch.view("effects", lambda: self._effects(staged, touched, sides).query())
        writes, records = self._writes(touched)
        return change_list(
            self.scratch,
            effects,
            writes,
            received,
            lambda: self._effects(staged, touched, ()).brief(),
            records_written=records,
        )

    def _staged(self) -> exp.Select:
        """`row`, `key` (the plan's GSID), `owner`, codes and warnings."""
        plan = stage_id(self.action.plan_id, self.rows)
        owner = stage_owner(self.action.owner, self.rows)
        unresolved = fragment(":g IS NULL", g=owner.gsid)
        more = ((unresolved, "OWNER_UNRESOLVED"),) if self.action.owner is not None else ()
        warned = StagedValue("`owner`", owner.gsid, owner.shown, (), (*owner.warnings, *more))
        items = [named(self.rows.row, "row"), named(plan.value, "key"), named(owner.gsid, "owner")]
        return staged_rows(self.rows, items, [plan, warned])

    def _touched(self, staged: str) -> exp.Select:
        names = dict.fromkeys(
            [*(slot.name for slot in self.slots), "CompanyId", "RelationshipId", "OwnerId", "DueDate", "TemplateId"]
        )
        touching = select(
            exp.Column(this=exp.Star(), table=identifier("s")),
            named(column("key", "s"), "gsid"),
            named(column("key", "s"), "stored_id"),
            named(exp.false(), "makes"),
            *(named(column(name, "t"), f"b:{name}") for name in names),
        ).from_(relation(staged, "s"), copy=False)
        stored = aliased(self.run.tenant.table(PLAN), "t")
        on = exp.EQ(this=column("Gsid", "t"), expression=column("key", "s"))
        touching = touching.join(exp.Join(this=stored, on=on), copy=False)
        return folded(touching.where(fragment(":c IS NULL", c=column("codes", "s")), copy=False), self.slots, [])

    @cached_property
    def slots(self) -> list[Slot]:
        action = self.action
        closes = action.status.open is False
        turns = fragment("COALESCE(:b, FALSE) <> :c", b=column("b:IsClosed"), c=exp.Boolean(this=closes))
        moment = timestamp(self.run.instant) if closes else typed_null("TIMESTAMP")
        date = fragment("CASE WHEN :t THEN :m ELSE :b END", t=turns, m=moment, b=column("b:ClosedDate"))
        slots = [
            _fixed("SuccessPlanTypeId", text(action.type.gsid)),
            _fixed("StatusId", text(action.status.gsid)),
            _fixed("IsClosed", exp.Boolean(this=closes), "BOOLEAN"),
            _fixed("ClosedDate", date, "TIMESTAMP"),
        ]
        if action.template is not None:
            slots.append(_fixed("TemplateId", text(action.template.gsid)))
        if action.owner is not None:
            owner = column("owner")
            slots.append(Slot("OwnerId", "VARCHAR", owner, owner, fragment("NOT :o IS NULL", o=owner), fixed=False))
        return slots

    def _effects(self, staged: str, touched: str, sides: Sequence[str]) -> EffectColumns:
        return folded_effects(staged, touched, sides, PLAN, column("warnings", "s"))

    def _writes(self, touched: str) -> tuple[list[Write], int]:
        def changing() -> exp.Select:
            found = select(column("gsid")).distinct(copy=False).from_(relation(touched), copy=False)
            return found.where(column("alters"), copy=False)

        changed = self.scratch.table("changed", changing)
        count = int(self.scratch.row("plans", lambda: _counted(changed))[0])
        writes: list[Write] = []
        if count:
            writes.append(write_view(self.scratch, PLAN, "update", self._hit, lambda: _last(touched, changed)))
        dates = TaskDates(self.run, "weekends")
        objectives = Objectives(self.action.template, self.action.catalogue, self.scratch, dates, _DEFAULT_DAYS)
        made, more = objectives.writes(lambda: self._receiving(touched))
        return [*writes, *made], count + more

    def _hit(self) -> dict[str, exp.Expr]:
        fields: dict[str, exp.Expr] = {slot.name: column(f"a:{slot.name}", "t") for slot in self.slots}
        return {**fields, **modified_stamps(self.run)}

    def _receiving(self, touched: str) -> exp.Select:
        """The plans whose template changes: with the first of their rows."""
        assert self.action.template is not None
        owner = column("a:OwnerId") if self.action.owner is not None else column("b:OwnerId")
        other = fragment(":b IS DISTINCT FROM :t", b=column("b:TemplateId"), t=text(self.action.template.gsid))
        return (
            select(
                column("row"),
                named(column("gsid"), "plan"),
                named(column("b:CompanyId"), "company"),
                named(column("b:RelationshipId"), "relationship"),
                named(owner, "owner"),
                named(column("b:DueDate"), "due"),
            )
            .from_(relation(touched), copy=False)
            .where(all_of([fragment(":p = 1", p=column("place")), other]), copy=False)
        )


def _fixed(name: str, value: exp.Expr, storage: str = "VARCHAR") -> Slot:
    return Slot(name, storage, value, value)


def _counted(table: str) -> exp.Select:
    return select(exp.Count(this=exp.Star())).from_(relation(table), copy=False)


def _last(touched: str, changed: str) -> exp.Select:
    """The last row (`t`) of every plan that changes."""
    source = select(named(column("gsid", "t"), "Gsid")).from_(relation(touched, "t"), copy=False)
    on = exp.EQ(this=column("gsid", "c"), expression=column("gsid", "t"))
    source = source.join(exp.Join(this=relation(changed, "c"), on=on), copy=False)
    return source.where(column("is_last", "t"), copy=False)
