"""The rows of update_cta, folded in row order into one write a CTA (actions.md §6.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns, Received, change_list
from gsrules.actions.changes.folding import Slot, folded, running
from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    column,
    fragment,
    identifier,
    left_join,
    named,
    number,
    relation,
    select,
    sub,
    text,
    typed_null,
    write_view,
)
from gsrules.actions.changes.stamps import modified_stamps
from gsrules.actions.ctas.cockpit_rows import BoundOption, by_gsid, stage_option
from gsrules.actions.ctas.comments import (
    all_comments,
    comment_length,
    fitting,
    last_states,
    stage_comment,
    totals,
    truncates,
)
from gsrules.actions.ctas.decision import CTA
from gsrules.actions.ctas.due import Skip
from gsrules.actions.ctas.fields import mapped_slots, null_written, stage_mapped
from gsrules.actions.ctas.folded_effects import folded_effects, more_warnings
from gsrules.actions.ctas.owner import BoundOwner, StagedOwner, stage_owner
from gsrules.actions.ctas.tasks import TASK, TaskDates, task_writes, with_tasks
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.constants import timestamp
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.record_id import BoundId, stage_id
from gsrules.actions.mappings.values import StagedValue, staged_rows
from gsrules.actions.traits import Traits
from gsrules.catalogue import Catalogue, PlaybookDef
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList, Write

_FIELDS = {"type": "TypeId", "status": "StatusId", "reason": "ReasonId", "priority": "PriorityId"}
_EARLIER = "PARTITION BY :g ORDER BY :r ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"


@dataclass(frozen=True, slots=True)
class BoundUpdate:
    """An update_cta action that passed validation; `options` by parameter."""

    catalogue: Catalogue
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]
    cta: BoundId
    options: Mapping[str, BoundOption]
    owner: BoundOwner | None
    reassigns: bool
    comments: Expr | None
    replaces: bool
    due_days: int | None
    due_skip: Skip
    mappings: tuple[BoundMapping, ...]

    @property
    def appends(self) -> bool:
        """Whether it puts a comment behind the one that is there."""
        return self.comments is not None and not self.replaces

    @property
    def writes_to(self) -> tuple[str, ...]:
        return (CTA, TASK) if self.reassigns or "playbook" in self.options else (CTA,)

    @property
    def traits(self) -> Traits:
        from gsrules.actions.ctas.traits import traits_of_update  # only some commands ask for them

        return traits_of_update(self)

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row."""
        return _Updating(self, run).change_list()


class _Updating:
    def __init__(self, action: BoundUpdate, run: ActionRun) -> None:
        self.action = action
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, action.catalogue), self.scratch, action.criteria)
        self.dates = TaskDates(run, action.due_skip)
        self.length = comment_length(action.catalogue)

    @cached_property
    def _playbooks(self) -> tuple[PlaybookDef, ...]:
        """Those with tasks that a row may get."""
        option, known = self.action.options.get("playbook"), self.action.catalogue.playbooks
        if option is None:
            return ()
        fixed = option.source is None and option.type is not None
        wanted = [p for p in known.values() if not fixed or p.gsid == option.word]
        return with_tasks(wanted, self.run)

    # Tables

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        staged = self.scratch.table("staged", self._staged)
        touched = self.scratch.table("touched", lambda: self._touched(staged))
        sides = self.scratch.once("sides", self._sides)
        effects = self.scratch.view("effects", lambda: self._effects(staged, touched, sides).query())
        summed = self.scratch.table("totals", lambda: totals(touched))
        writes, records = self._writes(touched, summed)
        return change_list(
            self.scratch,
            effects,
            writes,
            received,
            lambda: self._effects(staged, touched, ()).brief(),
            records_written=records,
        )

    def _staged(self) -> exp.Select:
        """`row`, `key` (the CTA's GSID), the parameters, codes and warnings."""
        action = self.action
        cta = stage_id(action.cta, self.rows)
        owner = stage_owner(action.owner, self.rows)
        comment = stage_comment(action.comments, self.rows, self.length)
        items = [
            named(self.rows.row, "row"),
            named(cta.value, "key"),
            named(owner.gsid, "owner"),
            named(comment.value, "comment"),
        ]
        watched = [cta]
        of_type: exp.Expr | None = None
        for name, option in action.options.items():
            staged = stage_option(option, self.rows, action.catalogue, of_type)
            if name == "type":
                of_type = staged.value.value
            items.append(named(staged.value.value, name))
            if name == "status":
                items.append(named(fragment("NOT :o", o=staged.open), "closes"))
            watched.append(staged.value)
        mapped = [stage_mapped(mapping, self.rows) for mapping in action.mappings]
        items += [named(value.value, f"v{i}") for i, value in enumerate(mapped)]
        return staged_rows(self.rows, items, [*watched, comment, *mapped, self._owner_value(owner)])

    def _owner_value(self, owner: StagedOwner) -> StagedValue:
        """For its warnings: an owner that is not found leaves the present one alone."""
        unresolved = fragment(":g IS NULL", g=owner.gsid)
        more = ((unresolved, "OWNER_UNRESOLVED"),) if self.action.owner is not None else ()
        return StagedValue("`owner`", owner.gsid, owner.shown, (), (*owner.warnings, *more))

    def _touched(self, staged: str) -> exp.Select:
        """The good rows with their CTAs, in the state before (`p:`) and after it (`a:`)."""
        names = dict.fromkeys([*(slot.name for slot in self.slots), "Comments", "OwnerId", "PriorityId"])
        touching = select(
            exp.Column(this=exp.Star(), table=identifier("s")),
            named(column("key", "s"), "gsid"),
            named(column("key", "s"), "stored_id"),
            named(exp.false(), "makes"),
            *(named(column(name, "t"), f"b:{name}") for name in names),
        ).from_(relation(staged, "s"), copy=False)
        stored = aliased(self.run.tenant.table(CTA), "t")
        on = exp.EQ(this=column("Gsid", "t"), expression=column("key", "s"))
        touching = touching.join(exp.Join(this=stored, on=on), copy=False)
        touching = touching.where(fragment(":c IS NULL", c=column("codes", "s")), copy=False)
        appends = fragment("NOT :c IS NULL", c=column("comment")) if self.action.appends else exp.false()
        marked = select(exp.Star(), named(appends, "appends")).from_(sub(touching), copy=False)
        if self.action.appends and not truncates(self.run.profile):
            marked = fitting(marked, self.length)
        moves = [column("moves")] if self.action.reassigns else []
        return folded(self._carried(marked), self.slots, [column("appends")], moves)

    def _carried(self, rows: exp.Select) -> exp.Select:
        """Adds what depends on the rows of the CTA before: class of the status, playbook, owner of the tasks."""
        if "status" in self.action.options:
            rows = self._with(rows, was_closed=self._before("closes", "b:IsClosed"))
        if "playbook" in self.action.options:
            rows = self._with(rows, old_playbook=self._before("playbook", "b:PlaybookId"))
            applies = "NOT :p IS NULL AND :p IS DISTINCT FROM :o"
            rows = self._with(rows, applies=fragment(applies, p=column("playbook"), o=column("old_playbook")))
            rows = self._with(rows, latest=self._last_task(), more_tasks=self._task_count())
            rows = self._with(
                rows,
                due_floor=exp.Window(this=fragment("MAX(:l)", l=column("latest")), **running()),
                new_tasks=exp.Window(this=fragment("SUM(:n)", n=column("more_tasks")), **running()),
            )
        return self._with_moves(rows) if self.action.reassigns else rows

    def _with(self, rows: exp.Select, **more: exp.Expr) -> exp.Select:
        return select(exp.Star(), *(named(value, name) for name, value in more.items())).from_(sub(rows), copy=False)

    def _before(self, name: str, base: str | None) -> exp.Expr:
        """What the last row before that states `name` said, else what is stored in `base`."""
        last = fragment(
            f"LAST_VALUE(:v IGNORE NULLS) OVER ({_EARLIER})", v=column(name), g=column("gsid"), r=column("row")
        )
        return fragment("COALESCE(:l, :b)", l=last, b=column(base)) if base is not None else last

    def _last_task(self) -> exp.Expr:
        """The date of the last task of the playbook that the row applies."""
        days = ((p.gsid, _date(self.dates.last(p))) for p in self._playbooks)
        found = by_gsid(column("playbook"), days, typed_null("DATE"))
        return fragment("CASE WHEN :a THEN :d END", a=column("applies"), d=found)

    def _task_count(self) -> exp.Expr:
        counts = ((p.gsid, number(len(p.tasks))) for p in self._playbooks)
        found = by_gsid(column("playbook"), counts, number(0))
        return fragment("CASE WHEN :a THEN :n ELSE 0 END", a=column("applies"), n=found)

    # The fields

    @cached_property
    def slots(self) -> list[Slot]:
        options = self.action.options
        slots = [
            Slot(field, "VARCHAR", column(name), column(name), fixed=False)
            for name, field in _FIELDS.items()
            if name in options
        ]
        if "status" in options:
            slots += self._closing_slots()
        if self.action.owner is not None:
            owner = column("owner")
            slots.append(Slot("OwnerId", "VARCHAR", owner, owner, fragment("NOT :o IS NULL", o=owner), fixed=False))
        if "playbook" in options:
            stated = fragment("NOT :p IS NULL", p=column("playbook"))
            slots.append(Slot("PlaybookId", "VARCHAR", column("playbook"), column("playbook"), stated, fixed=False))
        due = self._due()
        if due is not None:
            slots.append(Slot("DueDate", "DATE", due, due, fixed=False))
        if self._playbooks:
            count = fragment(
                "CASE WHEN :n > 0 THEN COALESCE(:b, 0) + :n ELSE :b END",
                b=column("b:TotalTaskCount"),
                n=column("new_tasks"),
            )
            slots.append(Slot("TotalTaskCount", "DECIMAL(38, 9)", count, count, fixed=False))
        if self.action.comments is not None and self.action.replaces:
            stated = fragment("NOT :c IS NULL", c=column("comment"))
            slots.append(Slot("Comments", "VARCHAR", column("comment"), column("comment"), stated, fixed=False))
        return [*slots, *mapped_slots(self.action.mappings, self.run.profile, on_hits=True)]

    def _due(self) -> exp.Expr | None:
        """The stated date, and not before the last task of a playbook that the row applies."""
        extends = bool(self._playbooks) and self.run.profile["cta.playbook_due_date"] == "extend"
        if self.action.due_days is not None:
            stated = _date(self.dates.due(self.action.due_days))
            return fragment("GREATEST(:d, :l)", d=stated, l=column("latest")) if extends else stated
        if not extends:
            return None
        return fragment("GREATEST(:b, :f)", b=column("b:DueDate"), f=column("due_floor"))

    def _closing_slots(self) -> list[Slot]:
        """IsClosed, ClosedDate and CloseSource follow the class of the status where it changes."""
        closes = column("closes")
        turns = fragment(":c <> COALESCE(:w, FALSE)", c=closes, w=column("was_closed"))
        moment = fragment("CASE WHEN :c THEN :i END", c=closes, i=timestamp(self.run.instant))
        source = fragment("CASE WHEN :c THEN 'Rules' END", c=closes)
        return [
            Slot("IsClosed", "BOOLEAN", closes, closes, fixed=False),
            Slot("ClosedDate", "TIMESTAMP", moment, moment, turns, fixed=False),
            Slot("CloseSource", "VARCHAR", source, source, turns, fixed=False),
        ]

    # Tasks that follow their CTA's owner

    def _open_tasks(self) -> exp.Select:
        stored = aliased(self.run.tenant.table(TASK), "k")
        open_ones = fragment("NOT COALESCE(:c, FALSE)", c=column("IsClosed", "k"))
        return select().from_(stored, copy=False).where(open_ones, copy=False)

    def _with_moves(self, rows: exp.Select) -> exp.Select:
        """Adds `moves`: whether an open task of the CTA had another owner before the row."""
        cta, owner = column("CtaId", "k"), column("OwnerId", "k")
        counted = self._open_tasks().select(
            named(cta, "cta"),
            named(fragment("LIST_DISTINCT(LIST(COALESCE(:o, '')))", o=owner), "owners"),
            copy=False,
        )
        counted = counted.group_by(cta.copy(), copy=False)
        rows = self._with(rows, given=self._before("owner", None))
        joined = select(exp.Column(this=exp.Star(), table=identifier("q")), column("owners", "o"))
        on = exp.EQ(this=column("cta", "o"), expression=column("gsid", "q"))
        joined = joined.from_(sub(rows), copy=False).join(left_join(sub(counted, "o"), on), copy=False)
        moves = fragment(
            "NOT :o IS NULL AND NOT :l IS NULL"
            " AND CASE WHEN :g IS NULL THEN LEN(:l) > 1 OR NOT LIST_CONTAINS(:l, :o) ELSE :g <> :o END",
            o=column("owner"),
            l=column("owners"),
            g=column("given"),
        )
        return self._with(joined, moves=moves, last_owner=self._last_owner())

    def _last_owner(self) -> exp.Expr:
        last = exp.IgnoreNulls(this=exp.LastValue(this=column("owner")))
        return exp.Window(this=last, **running())

    def _task_moves(self, touched: str) -> tuple[list[Write], int]:
        values = {"OwnerId": column("last_owner", "f"), **modified_stamps(self.run)}

        def query() -> exp.Select:
            moved = self._open_tasks().select(
                named(column("Gsid", "k"), "Gsid"), *(named(v, name) for name, v in values.items()), copy=False
            )
            on = all_of([exp.EQ(this=column("gsid", "f"), expression=column("CtaId", "k")), column("is_last", "f")])
            moved = moved.join(exp.Join(this=relation(touched, "f"), on=on), copy=False)
            other = fragment(
                "NOT :n IS NULL AND :o IS DISTINCT FROM :n", n=column("last_owner", "f"), o=column("OwnerId", "k")
            )
            return moved.where(other, copy=False)

        table = self.scratch.table("moved", query)
        count = int(self.scratch.row("moved tasks", lambda: _counted(relation(table)))[0])
        return ([Write(TASK, "update", table, tuple(values))] if count else []), count

    # Results

    def _sides(self) -> tuple[str, ...]:
        return (*(slot.name for slot in self.slots), *(["Comments"] if self.action.appends else []))

    def _effects(self, staged: str, touched: str, sides: Sequence[str]) -> EffectColumns:
        warnings: exp.Expr = column("warnings", "s")
        replaced = null_written(self.action.mappings, "t")
        if replaced is not None:
            warnings = more_warnings(warnings, replaced, text("NULL_WRITTEN"))
        return folded_effects(
            staged, touched, sides, CTA, warnings, appending=self.length if self.action.appends else None
        )

    def _writes(self, touched: str, summed: str) -> tuple[list[Write], int]:
        writes: list[Write] = []
        altered = column("altered")
        records = int(self.scratch.row("altered", lambda: _counted(relation(summed)).where(altered, copy=False))[0])
        if records:
            writes.append(write_view(self.scratch, CTA, "update", self._hit, lambda: self._found(touched, summed)))
        if self.action.reassigns:
            moved, count = self._task_moves(touched)
            writes += moved
            records += count
        made, count = task_writes(
            self.scratch, self.dates, self.action.catalogue, self._playbooks, lambda: self._receiving(touched)
        )
        return [*writes, *made], records + count

    def _found(self, touched: str, summed: str) -> exp.Select:
        return last_states(touched, summed).where(column("altered", "s"), copy=False)

    def _hit(self) -> dict[str, exp.Expr]:
        fields: dict[str, exp.Expr] = {slot.name: column(f"a:{slot.name}", "t") for slot in self.slots}
        fields |= modified_stamps(self.run)
        if self.action.appends:
            fields["Comments"] = all_comments(self.run.profile, self.length)
        return fields

    def _receiving(self, touched: str) -> exp.Select:
        """The CTAs that get a playbook, once for each time; its tasks belong to the owner at that time."""
        names = {slot.name for slot in self.slots}
        owner: exp.Expr = column("a:OwnerId" if "OwnerId" in names else "b:OwnerId")
        if self.action.reassigns:
            given = {"o": column("last_owner"), "r": column("row"), "g": column("gsid")}
            last = fragment("ARG_MAX(:o, :r) OVER (PARTITION BY :g)", **given)
            owner = fragment("COALESCE(:l, :o)", l=last, o=owner)
        inner = select(
            column("row"),
            column("applies"),
            named(column("gsid"), "cta"),
            named(owner, "owner"),
            named(column("a:PriorityId" if "PriorityId" in names else "b:PriorityId"), "priority"),
            column("playbook"),
        ).from_(relation(touched), copy=False)
        return select(exp.Star()).from_(sub(inner, "r"), copy=False).where(column("applies"), copy=False)


def _counted(source: exp.Table) -> exp.Select:
    return select(exp.Count(this=exp.Star())).from_(source, copy=False)


def _date(day: object) -> exp.Expr:
    return fragment("CAST(:d AS DATE)", d=text(str(day)))
