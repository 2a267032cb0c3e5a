"""What create_cta writes: rows that hit one CTA are folded in row order into one write (actions.md §6.3, §6.4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns, Received, change_list
from gsrules.actions.changes.folding import Slot, by_row, folded
from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    any_of,
    column,
    fragment,
    given_number,
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
from gsrules.actions.changes.stamps import created_stamps, modified_stamps
from gsrules.actions.ctas.comments import all_comments, fitting, last_states, totals, truncates
from gsrules.actions.ctas.creation_effects import TOUCHING, cta_effects
from gsrules.actions.ctas.decision import CTA, Decision
from gsrules.actions.ctas.fields import mapped_slots
from gsrules.actions.ctas.links import adding, link_writes, with_links
from gsrules.actions.ctas.tasks import TaskDates, task_writes, with_tasks
from gsrules.actions.mappings.constants import timestamp
from gsrules.actions.mappings.entity import unknown_types
from gsrules.tenant.changes import ChangeList, Write

COMMENT_LOG = "gs_cta_comment_log"
MANY = 20_000
"""From so many rows on it pays to ask first whether a costly look at each of them is needed."""


def finish(decision: Decision) -> ChangeList:
    """Decides, folds and writes."""
    return _Fold(decision).change_list()


class _Fold:
    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.action = decision.action
        self.run = decision.run
        self.scratch = decision.scratch
        self.existing = frozenset(self.run.profile["cta.on_existing"])
        self.stored = column("stored_id")

    # The fields

    @property
    def _tasks(self) -> Sequence[object]:
        return self.action.tasks if self.run.profile["cta.playbook_tasks"] == "create" else ()

    @cached_property
    def slots(self) -> list[Slot]:
        action, existing = self.action, self.existing
        due = self.decision.due(action.due_days)
        task_dates = [self.decision.due(task.days) for task in action.tasks] if self._tasks else []
        extends = bool(task_dates) and self.run.profile["cta.playbook_due_date"] == "extend"
        full = max([due, *task_dates]) if extends else due
        playbook = text(action.playbook.gsid) if action.playbook else typed_null("VARCHAR")
        unassigned = fragment(":p IS NULL", p=column("b:PlaybookId"))
        applies = unassigned if action.playbook and "playbook" in existing else exp.false()
        due_hit: exp.Expr | None = None
        if "due_date" in existing:
            gives = all_of([fragment("NOT :s IS NULL", s=self.stored), column("leads"), applies])
            due_hit = fragment("CASE WHEN :g THEN :f ELSE :d END", g=gives, f=_date(full), d=_date(due))
        elif extends and "playbook" in existing:
            last = _date(max(task_dates))
            due_hit = fragment(
                "CASE WHEN :a THEN GREATEST(COALESCE(:b, :l), :l) ELSE :b END", a=applies, b=column("b:DueDate"), l=last
            )
        slots = [
            self._name_slot(),
            Slot("CompanyId", "VARCHAR", column("company")),
            Slot("TypeId", "VARCHAR", text(action.type.gsid)),
            Slot("ReasonId", "VARCHAR", text(action.reason.gsid)),
            self._constant("PriorityId", text(action.priority.gsid), "priority"),
            self._constant("StatusId", text(action.status.gsid), "status"),
            self._owner_slot(),
            Slot(
                "PlaybookId",
                "VARCHAR",
                playbook,
                fragment("COALESCE(:b, :p)", b=column("b:PlaybookId"), p=playbook)
                if action.playbook and "playbook" in existing
                else None,
            ),
            Slot("DueDate", "DATE", _date(full), due_hit, fixed="due_date" not in existing),
            *self._closing_slots(),
        ]
        if action.entity.kind == "relationship":
            slots.insert(2, Slot("RelationshipId", "VARCHAR", column("entity")))
        if self._tasks:
            count = number(len(self._tasks))
            more = fragment(
                "CASE WHEN :a THEN COALESCE(:b, 0) + :n ELSE :b END", a=applies, b=column("b:TotalTaskCount"), n=count
            )
            total = Slot("TotalTaskCount", "DECIMAL(38, 9)", count, more if "playbook" in existing else None)
            slots.append(total)
        on_hits = "fields" in existing
        return [*slots, *mapped_slots(action.mappings, self.run.profile, on_hits=on_hits, defaults=action.defaults)]

    def _name_slot(self) -> Slot:
        return Slot("Name", "VARCHAR", column("name"), fixed=self.decision.by_name)

    def _constant(self, field: str, value: exp.Expr, member: str) -> Slot:
        return Slot(field, "VARCHAR", value, value if member in self.existing else None)

    def _owner_slot(self) -> Slot:
        hit = column("owner") if "owner" in self.existing else None
        when = fragment("NOT :o IS NULL", o=column("owner"))
        return Slot("OwnerId", "VARCHAR", column("owner"), hit, when, fixed=False)

    def _closing_slots(self) -> list[Slot]:
        """IsClosed and ClosedDate follow the class of the status."""
        closes = not self.action.status.open
        instant = timestamp(self.run.instant) if closes else typed_null("TIMESTAMP")
        writes = closes and "status" in self.existing
        return [
            Slot("IsClosed", "BOOLEAN", exp.Boolean(this=closes), exp.true() if writes else None),
            Slot("ClosedDate", "TIMESTAMP", instant, instant if writes else None),
            Slot("CloseSource", "VARCHAR", typed_null("VARCHAR"), text("Rules") if writes else None),
        ]

    # Tables

    def change_list(self) -> ChangeList:
        received = Received(*self.decision.rows.counts())
        decided = self.decision.decided()
        counts = self._steps(decided)
        fresh = self._new_ids(decided, counts.get("create", 0))
        fits = self._comments_fit(decided, received.matched)
        name = "touched_fitting" if fits else "touched"
        touched = self.scratch.table(name, lambda: self._folded(decided, fresh, fits=fits))
        sides = self.scratch.once("sides", self._sides)
        effects = self.scratch.view("effects", lambda: self._effects(sides, decided, touched, fresh).query())
        writes, records = self._writes(touched, counts.get("create", 0))
        self._keep_log(touched)
        return change_list(
            self.scratch,
            effects,
            writes,
            received,
            lambda: self._effects((), decided, touched, fresh).brief(),
            records_written=records,
            may_warn=self._may_warn(counts),
            warned=unknown_types(self.action.entity, self.decision.rows),
        )

    def _sides(self) -> tuple[str, ...]:
        comments = ["Comments"] if self.action.comments is not None else []
        return (*(slot.name for slot in self.slots), *comments)

    def _effects(self, sides: Sequence[str], decided: str, touched: str, fresh: str) -> EffectColumns:
        return cta_effects(self.decision, sides, decided, touched, fresh)

    def _may_warn(self, counts: dict[str, int]) -> bool:
        return (
            self.decision.warns
            or bool(counts.get("update") or counts.get("follow"))
            or self.run.profile["cta.owner_missing"] == "none"
        )

    def _steps(self, decided: str) -> dict[str, int]:
        def query() -> exp.Select:
            counts = select(column("step"), exp.Count(this=exp.Star())).from_(relation(decided), copy=False)
            return counts.group_by(column("step"), copy=False)

        return dict(self.scratch.rows("steps", query))

    def _new_ids(self, decided: str, count: int) -> str:
        first = self.run.tenant.allocate(CTA, count) if count else 1

        def query() -> exp.Select:
            order = exp.Order(expressions=[exp.Ordered(this=column("row"), desc=False)])
            position = exp.Window(this=exp.RowNumber(), order=order)
            counter = fragment(":p + :f", p=position, f=given_number())
            numbered = select(column("row"), named(counter, "n")).from_(relation(decided), copy=False)
            numbered = numbered.where(exp.EQ(this=column("step"), expression=text("create")), copy=False)
            ids = select(column("row"), named(self.run.tenant.gsid(CTA, column("n")), "gsid"))
            return ids.from_(sub(numbered), copy=False)

        return self.scratch.table("new", query, [first - 1])

    def _comments_fit(self, decided: str, matched: int) -> bool:
        """Whether no CTA can get too long comments; asked only of many rows, where it spares looking at each."""
        if matched < MANY or truncates(self.run.profile) or self.action.comments is None:
            return False

        def query() -> exp.Select:
            lead = fragment(
                "CASE WHEN :s = 'create' THEN :r ELSE :l END", s=column("step"), r=column("row"), l=column("lead")
            )
            size = named(fragment("SUM(LENGTH(:c) + 5)", c=column("comment")), "size")
            sums = select(size).from_(relation(decided), copy=False).group_by(column("stored_id"), lead, copy=False)
            most = select(fragment("COALESCE(MAX(:s), 0)", s=column("size"))).from_(sub(sums), copy=False)
            stored = select(fragment("COALESCE(MAX(LENGTH(:c)), 0)", c=column("Comments")))
            stored = stored.from_(self.run.tenant.table(CTA), copy=False)
            limit = number(self.decision.comment_length)
            return select(fragment(":a + :b <= :n", a=exp.Subquery(this=most), b=exp.Subquery(this=stored), n=limit))

        return bool(self.scratch.row("whether comments fit", query)[0])

    def _folded(self, decided: str, fresh: str, *, fits: bool) -> exp.Select:
        """One row a touching row, in the state before (`p:`) and after it (`a:`)."""
        lead = fragment("CASE WHEN :s = 'create' THEN :r ELSE :l END", s=_d("step"), r=_d("row"), l=_d("lead"))
        stored = aliased(self.run.tenant.table(CTA), "t")
        names = dict.fromkeys([*(slot.name for slot in self.slots), "Comments"])
        touching = select(
            exp.Column(this=exp.Star(), table=identifier("d")),
            named(fragment("COALESCE(:s, :n)", s=_d("stored_id"), n=column("gsid", "n")), "gsid"),
            named(fragment(":s = 'create'", s=_d("step")), "makes"),
            *(named(column(name, "t"), f"b:{name}") for name in names),
            named(self._logged(), "logged"),
        ).from_(relation(decided, "d"), copy=False)
        touching = touching.join(
            left_join(
                relation(fresh, "n"),
                on=all_of([fragment(":s <> 'update'", s=_d("step")), exp.EQ(this=column("row", "n"), expression=lead)]),
            ),
            copy=False,
        )
        touching = touching.join(
            left_join(
                stored,
                on=all_of(
                    [
                        fragment(":s = 'update'", s=_d("step")),
                        exp.EQ(this=column("Gsid", "t"), expression=_d("stored_id")),
                    ]
                ),
            ),
            copy=False,
        )
        touching = touching.where(exp.In(this=_d("step"), expressions=[text(step) for step in TOUCHING]), copy=False)
        links = self.action.links
        rows = with_links(self._fitting(touching, fits=fits), links, self.run, on_hits="linked" in self.existing)
        if (
            "due_date" in self.existing
        ):  # the first row of a CTA that was there gives it the playbook, the others do not
            first = exp.Window(this=exp.RowNumber(), **by_row())
            rows = select(exp.Star(), named(fragment(":f = 1", f=first), "leads")).from_(sub(rows), copy=False)
        return folded(rows, self.slots, [column("appends")], adding(links))

    def _fitting(self, touching: exp.Select, *, fits: bool) -> exp.Select:
        """Adds `appends`; rows whose comment would make the field too long leave, unless all of them fit."""
        marked = select(exp.Star(), named(self._appends(), "appends")).from_(sub(touching), copy=False)
        if fits or truncates(self.run.profile) or self.action.comments is None:
            return marked
        return fitting(marked, self.decision.comment_length)

    def _log(self) -> exp.Select:
        """The CTAs that this action wrote to in earlier runs."""
        mine = all_of(
            [
                exp.EQ(this=column("rule"), expression=text(self.run.rule_id)),
                exp.EQ(this=column("action"), expression=text(self.action.id)),
            ]
        )
        return select(column("cta")).from_(self.run.tenant.internal(COMMENT_LOG), copy=False).where(mine, copy=False)

    def _logged(self) -> exp.Expr:
        if self.action.repeat != "once":
            return exp.false()
        return exp.In(this=_d("stored_id"), query=self._log().subquery(copy=False))

    def _keep_log(self, touched: str) -> None:
        """Remembers the CTAs written to, for `repeat: once`; in the run's transaction, so a dry run forgets it."""
        if self.action.repeat != "once" or self.action.comments is None:
            return

        def query() -> exp.Select:
            wrote = any_of([column("makes"), column("changed")])
            found = select(
                named(column("gsid"), "cta"),
                named(text(self.run.rule_id), "rule"),
                named(text(self.action.id), "action"),
            ).distinct(copy=False)
            found = found.from_(relation(touched), copy=False).where(wrote, copy=False)
            known = exp.In(this=column("gsid"), query=self._log().subquery(copy=False))
            return found.where(exp.Not(this=known), copy=False)

        self.run.tenant.append_internal(COMMENT_LOG, self.scratch.table("log", query))

    def _appends(self) -> exp.Expr:
        """Whether the row writes its comment (§6.3, comments)."""
        repeat = self.action.repeat
        present = fragment("NOT :c IS NULL", c=column("comment"))
        makes = column("makes")
        if repeat == "never":
            included = not self.run.profile["cta.never_includes_create"]
            return all_of([present, makes]) if included else exp.false()
        if repeat == "always":
            return present if "comments" in self.existing else all_of([present, makes])
        if "comments" not in self.existing:
            return all_of([present, makes])
        new = fragment(
            ":p AND NOT :s IS NULL AND NOT :l AND NOT CONTAINS(COALESCE(:b, ''), :c)",
            p=present,
            l=column("logged"),
            s=self.stored,
            b=column("b:Comments"),
            c=column("comment"),
        )
        first = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column("gsid"), new],
            order=exp.Order(expressions=[exp.Ordered(this=column("row"), desc=False)]),
        )
        return any_of([all_of([present, makes]), all_of([new, fragment(":n = 1", n=first)])])

    # Writes

    def _writes(self, touched: str, created: int) -> tuple[list[Write], int]:
        writes: list[Write] = []
        records = created
        summed = self.scratch.table("totals", lambda: totals(touched))
        if created:
            writes.append(write_view(self.scratch, CTA, "insert", self._created, lambda: self._made(touched, summed)))
        updated = self._updated(summed, touched)
        if updated:
            writes.append(write_view(self.scratch, CTA, "update", self._hit, lambda: self._found(touched, summed)))
            records += updated
        playbooks = with_tasks([self.action.playbook], self.run)
        dates = TaskDates(self.run, self.action.due_skip)
        made = task_writes(self.scratch, dates, self.action.catalogue, playbooks, lambda: self._receiving(touched))
        links = link_writes(self.scratch, self.action.links, touched, self.run)
        return [*writes, *made[0], *links[0]], records + made[1] + links[1]

    def _receiving(self, touched: str) -> exp.Select:
        """The CTAs that get the playbook, in the state of the row that gives it."""
        assert self.action.playbook is not None
        gets: list[exp.Expr] = [column("makes")]
        if "playbook" in self.existing:
            gets.append(fragment("NOT :s IS NULL AND :b IS NULL", s=self.stored, b=column("b:PlaybookId")))
        ctas = select(
            column("row"),
            named(column("gsid"), "cta"),
            named(column("a:OwnerId"), "owner"),
            named(column("a:PriorityId"), "priority"),
            named(text(self.action.playbook.gsid), "playbook"),
        ).from_(relation(touched), copy=False)
        return ctas.where(all_of([fragment(":p = 1", p=column("place")), any_of(gets)]), copy=False)

    def _made(self, touched: str, summed: str) -> exp.Select:
        return last_states(touched, summed).where(fragment(":s IS NULL", s=column("stored_id", "t")), copy=False)

    def _found(self, touched: str, summed: str) -> exp.Select:
        where = fragment("NOT :s IS NULL AND :c", s=column("stored_id", "t"), c=column("altered", "s"))
        return last_states(touched, summed).where(where, copy=False)

    def _comments(self) -> exp.Expr:
        return all_comments(self.run.profile, self.decision.comment_length)

    def _hit(self) -> dict[str, exp.Expr]:
        fields = {slot.name: column(f"a:{slot.name}", "t") for slot in self.slots if slot.hit is not None}
        values: dict[str, exp.Expr] = {**fields, **modified_stamps(self.run)}
        if self.action.comments is not None and "comments" in self.existing:
            values["Comments"] = self._comments()
        return values

    def _updated(self, summed: str, touched: str) -> int:
        def query() -> exp.Select:
            stored = select(column("gsid")).from_(relation(touched), copy=False)
            stored = stored.where(fragment("NOT :s IS NULL", s=self.stored), copy=False)
            changed = select(exp.Count(this=exp.Star())).from_(relation(summed), copy=False)
            changed = changed.where(column("altered"), copy=False)
            return changed.where(exp.In(this=column("gsid"), query=stored.subquery(copy=False)), copy=False)

        return int(self.scratch.row("updated", query)[0])

    def _created(self) -> dict[str, exp.Expr]:
        values: dict[str, exp.Expr] = {**self.action.defaults, "IsImportant": exp.false()}
        values |= {slot.name: column(f"a:{slot.name}", "t") for slot in self.slots}
        values |= {
            "Comments": self._comments(),
            "EntityType": text(self.action.entity.entity_type),
            # its own, whatever the playbook's tasks make of DueDate
            "OriginalDueDate": _date(self.decision.due(self.action.due_days)),
            "Source": text("Rules"),
            **created_stamps(self.run),
        }
        return values


def _date(day: object) -> exp.Expr:
    return fragment("CAST(:d AS DATE)", d=text(str(day)))


def _d(name: str) -> exp.Column:
    return column(name, "d")
