"""The rows of create_success_plan: which creates a plan, which updates one, and what they write (actions.md §8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns, Received, change_list
from gsrules.actions.changes.folding import Slot, folded
from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    any_of,
    call,
    case,
    column,
    fragment,
    given_number,
    identifier,
    left_join,
    named,
    relation,
    select,
    sub,
    text,
    typed_null,
    write_view,
)
from gsrules.actions.changes.stamps import created_stamps, modified_stamps
from gsrules.actions.ctas.due import Skip
from gsrules.actions.ctas.fields import mapped_slots, null_written, stage_mapped
from gsrules.actions.ctas.folded_effects import folded_effects, more_warnings
from gsrules.actions.ctas.owner import BoundOwner, stage_owner
from gsrules.actions.ctas.tasks import TaskDates
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.constants import timestamp
from gsrules.actions.mappings.conversion import length_words, longer_than
from gsrules.actions.mappings.entity import BoundEntity, stage_entity, unknown_types
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.tokens import with_null_tokens
from gsrules.actions.mappings.values import StagedValue, staged_rows
from gsrules.actions.plans.objectives import PLAN, Objectives, written_objects
from gsrules.actions.traits import Traits
from gsrules.catalogue import Catalogue, CockpitItem
from gsrules.catalogue.plan_templates import TemplateDef
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList, Write

_TOUCHING = ("create", "update", "follow")


@dataclass(frozen=True, slots=True)
class BoundPlan:
    """A create_success_plan action that passed validation."""

    catalogue: Catalogue
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]
    type: CockpitItem
    status: CockpitItem
    template: TemplateDef | None
    owner: BoundOwner | None
    entity: BoundEntity
    name: Expr
    due_days: int
    due_skip: Skip
    identifiers: frozenset[str]
    mappings: tuple[BoundMapping, ...]
    defaults: Mapping[str, exp.Expr]

    @property
    def writes_to(self) -> tuple[str, ...]:
        return written_objects(self.template)

    @property
    def traits(self) -> Traits:
        from gsrules.actions.plans.traits import traits_of_plan  # only some commands ask for them

        return traits_of_plan(self)

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row."""
        return _Creation(self, run).change_list()


class _Creation:
    def __init__(self, action: BoundPlan, run: ActionRun) -> None:
        self.action = action
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, action.catalogue), self.scratch, action.criteria)
        self.dates = TaskDates(run, action.due_skip)
        self.existing = frozenset(run.profile["plan.on_existing"])
        self.by_name = "name" in action.identifiers

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        decided = self.scratch.table("decided", self._decided)
        fresh = self._new_ids(decided)
        touched = self.scratch.table("touched", lambda: self._touched(decided, fresh))
        sides = tuple(slot.name for slot in self.slots)
        effects = self.scratch.view("effects", lambda: self._effects(decided, touched, sides).query())
        writes, records = self._writes(touched)
        return change_list(
            self.scratch,
            effects,
            writes,
            received,
            lambda: self._effects(decided, touched, ()).brief(),
            records_written=records,
            warned=unknown_types(self.action.entity, self.rows),
        )

    # The decision

    def _staged(self) -> exp.Select:
        """`row`, `entity`, `company`, `name`, `owner`, `owner_shown`, `v…`, codes and warnings."""
        action = self.action
        entity = stage_entity(action.entity, self.rows)
        owner = stage_owner(action.owner, self.rows)
        name = self._name()
        mapped = [stage_mapped(mapping, self.rows) for mapping in action.mappings]
        warned = StagedValue("`owner`", owner.gsid, owner.shown, (), owner.warnings)
        items = [
            named(self.rows.row, "row"),
            named(entity.gsid.value, "entity"),
            named(entity.company, "company"),
            named(name.value, "name"),
            named(owner.gsid, "owner"),
            named(owner.shown, "owner_shown"),
            *(named(value.value, f"v{i}") for i, value in enumerate(mapped)),
        ]
        return staged_rows(self.rows, items, [entity.gsid, name, *mapped, warned])

    def _name(self) -> StagedValue:
        value = self.rows.once(self.rows.spell(self.action.name))
        limit = self.action.catalogue.objects[PLAN].fields["Name"].type.length or 250
        blank = fragment("COALESCE(TRIM(:v, :blanks), '') = ''", v=value, blanks=text(" \t\r\n"))
        failures = ((blank, "REQUIRED_MISSING"), (longer_than(limit, value), "STRING_TOO_LONG"))
        words = {"STRING_TOO_LONG": length_words(limit, value)}
        return with_null_tokens(StagedValue("`name`", value, value, failures, words=words), self.action.name, self.rows)

    def _stored(self) -> exp.Select:
        """One row a key: `entity`, `name`, `found`, the newest plan."""
        action = self.action
        id_field = column(action.entity.id_field)
        conditions: list[exp.Expr] = [fragment("NOT :e IS NULL", e=id_field)]
        if action.entity.kind == "company":
            conditions.append(fragment(":r IS NULL", r=column("RelationshipId")))
        for part, field, item in (("type", "SuccessPlanTypeId", action.type), ("status", "StatusId", action.status)):
            if part in action.identifiers:
                conditions.append(exp.EQ(this=column(field), expression=text(item.gsid)))
        newest = fragment(
            "ARG_MAX(:g, (COALESCE(:c, CAST('0001-01-01' AS TIMESTAMP)), :s))",
            g=column("Gsid"),
            c=column("CreatedDate"),
            s=column("gs_sequence"),
        )
        names = [named(column("Name"), "name")] if self.by_name else []
        keys = [column("Name")] if self.by_name else []
        query = select(named(id_field, "entity"), *names, named(newest, "found"))
        query = query.from_(self.run.tenant.table(PLAN), copy=False).where(all_of(conditions), copy=False)
        return query.group_by(id_field.copy(), *keys, copy=False)

    def _decided(self) -> exp.Select:
        """Every matched row with its step.

        `step`: update (the plan `stored_id`), create, follow (the plan that row `lead` creates), wrong.
        """
        on = [exp.EQ(this=column("entity", "s"), expression=column("entity", "k"))]
        if self.by_name:
            on.append(exp.EQ(this=column("name", "s"), expression=column("name", "k")))
        ok = fragment(":c IS NULL", c=column("codes", "s"))
        found = fragment("CASE WHEN :ok THEN :f END", ok=ok, f=column("found", "k"))
        keyed = select(
            exp.Column(this=exp.Star(), table=identifier("s")), named(ok, "ok"), named(found, "stored_id")
        ).from_(sub(self._staged(), "s"), copy=False)
        keyed = keyed.join(left_join(sub(self._stored(), "k"), on=all_of(on)), copy=False)
        fresh = fragment(":ok AND :s IS NULL", ok=column("ok"), s=column("stored_id"))
        strict = self.run.profile["plan.owner_missing"] == "error"
        able = all_of([fresh, fragment("NOT :o IS NULL", o=column("owner"))]) if strict else fresh
        key = [column("ok"), column("entity"), *([column("name")] if self.by_name else [])]
        first = exp.Filter(this=fragment("MIN(:r)", r=column("row")), expression=exp.Where(this=able))
        lead = exp.Window(this=first, partition_by=key)
        led = select(exp.Star(), named(lead, "lead")).from_(sub(keyed), copy=False)
        step = fragment(
            "CASE WHEN NOT :ok THEN 'wrong' WHEN NOT :s IS NULL THEN 'update' WHEN :r = :l THEN 'create'"
            " WHEN :r > :l THEN 'follow' ELSE 'ownerless' END",
            ok=column("ok"),
            s=column("stored_id"),
            r=column("row"),
            l=column("lead"),
        )
        stepped = select(exp.Star(), named(step, "step")).from_(sub(led), copy=False)
        return self._with_ownerless(stepped)

    def _with_ownerless(self, stepped: exp.Select) -> exp.Select:
        """The codes of rows that would create a plan and have no owner (`plan.owner_missing`)."""
        ownerless = fragment(":s = 'ownerless'", s=column("step"))
        owner = column("owner_shown")
        made = {
            "codes": fragment("CASE WHEN :n THEN ['ENTITY_NOT_FOUND'] ELSE :c END", n=ownerless, c=column("codes")),
            "field": fragment("CASE WHEN :n THEN '`owner`' ELSE :f END", n=ownerless, f=column("field")),
            "shown": fragment("CASE WHEN :n THEN :o ELSE :s END", n=ownerless, o=owner, s=column("shown")),
            "words": case([(ownerless, text("no user is found, and there is no default"))], column("words")),
        }
        kept = exp.Star(except_=[column(name) for name in made])
        key = named(call("concat_ws", text(", "), column("entity"), column("name")), "key")
        changed = (named(value, name) for name, value in made.items())
        return select(kept, *changed, key).from_(sub(stepped), copy=False)

    def _new_ids(self, decided: str) -> str:
        creates = exp.EQ(this=column("step"), expression=text("create"))

        def counted() -> exp.Select:
            count = select(exp.Count(this=exp.Star())).from_(relation(decided), copy=False)
            return count.where(creates.copy(), copy=False)

        count = int(self.scratch.row("created", counted)[0])
        first = self.run.tenant.allocate(PLAN, count) if count else 1

        def query() -> exp.Select:
            order = exp.Order(expressions=[exp.Ordered(this=column("row"), desc=False)])
            counter = fragment(":p + :f", p=exp.Window(this=exp.RowNumber(), order=order), f=given_number())
            numbered = select(column("row"), named(counter, "n")).from_(relation(decided), copy=False)
            numbered = numbered.where(creates.copy(), copy=False)
            ids = select(column("row"), named(self.run.tenant.gsid(PLAN, column("n")), "gsid"))
            return ids.from_(sub(numbered), copy=False)

        return self.scratch.table("new", query, [first - 1])

    # The fields

    @cached_property
    def slots(self) -> list[Slot]:
        action, existing = self.action, self.existing
        closes = action.status.open is False
        due = fragment("CAST(:d AS DATE)", d=text(self.dates.due(action.due_days).isoformat()))
        template = text(action.template.gsid) if action.template else typed_null("VARCHAR")
        applies = action.template is not None and "template" in existing
        owner = column("owner")
        slots = [
            Slot("Name", "VARCHAR", column("name"), fixed=self.by_name),
            Slot("CompanyId", "VARCHAR", column("company")),
            Slot("SuccessPlanTypeId", "VARCHAR", text(action.type.gsid)),
            Slot("StatusId", "VARCHAR", text(action.status.gsid)),
            Slot(
                "OwnerId",
                "VARCHAR",
                owner,
                owner if "owner" in existing else None,
                fragment("NOT :o IS NULL", o=owner),
                fixed=False,
            ),
            Slot("DueDate", "DATE", due, due if "due_date" in existing else None),
            Slot(
                "TemplateId",
                "VARCHAR",
                template,
                fragment("COALESCE(:b, :t)", b=column("b:TemplateId"), t=template) if applies else None,
            ),
            Slot("IsClosed", "BOOLEAN", exp.Boolean(this=closes)),
            Slot("ClosedDate", "TIMESTAMP", timestamp(self.run.instant) if closes else typed_null("TIMESTAMP")),
        ]
        if action.entity.kind == "relationship":
            slots.insert(2, Slot("RelationshipId", "VARCHAR", column("entity")))
        on_hits = "fields" in existing
        return [*slots, *mapped_slots(action.mappings, self.run.profile, on_hits=on_hits, defaults=action.defaults)]

    def _touched(self, decided: str, fresh: str) -> exp.Select:
        """One row a touching row, in the state before (`p:`) and after it (`a:`)."""
        lead = fragment("CASE WHEN :s = 'create' THEN :r ELSE :l END", s=_d("step"), r=_d("row"), l=_d("lead"))
        names = dict.fromkeys([*(slot.name for slot in self.slots), "RelationshipId"])
        touching = select(
            exp.Column(this=exp.Star(), table=identifier("d")),
            named(fragment("COALESCE(:s, :n)", s=_d("stored_id"), n=column("gsid", "n")), "gsid"),
            named(fragment(":s = 'create'", s=_d("step")), "makes"),
            *(named(column(name, "t"), f"b:{name}") for name in names),
        ).from_(relation(decided, "d"), copy=False)
        created = all_of([fragment(":s <> 'update'", s=_d("step")), exp.EQ(this=column("row", "n"), expression=lead)])
        touching = touching.join(left_join(relation(fresh, "n"), on=created), copy=False)
        stored = aliased(self.run.tenant.table(PLAN), "t")
        on = exp.EQ(this=column("Gsid", "t"), expression=_d("stored_id"))
        touching = touching.join(left_join(stored, on=on), copy=False)
        steps = exp.In(this=_d("step"), expressions=[text(step) for step in _TOUCHING])
        return folded(touching.where(steps, copy=False), self.slots, [])

    # Results

    def _effects(self, decided: str, touched: str, sides: Sequence[str]) -> EffectColumns:
        warnings: exp.Expr = column("warnings", "s")
        ownerless = fragment(":m AND :o IS NULL", m=column("makes", "t"), o=column("owner", "s"))
        warnings = more_warnings(warnings, ownerless, text("OWNER_UNRESOLVED"))
        replaced = null_written(self.action.mappings, "t")
        if replaced is not None and "fields" in self.existing:
            hit = all_of([fragment("NOT :m", m=column("makes", "t")), replaced])
            warnings = more_warnings(warnings, hit, text("NULL_WRITTEN"))
        return folded_effects(decided, touched, sides, PLAN, warnings)

    def _writes(self, touched: str) -> tuple[list[Write], int]:
        def changing() -> exp.Select:
            made, altered = (fragment("BOOL_OR(:c)", c=column(name)) for name in ("makes", "alters"))
            found = select(column("gsid"), named(made, "made"), named(altered, "altered"))
            return found.from_(relation(touched), copy=False).group_by(column("gsid"), copy=False)

        plans = self.scratch.table("plans", changing)
        created, updated = self.scratch.row("written", lambda: _counts(plans))
        writes: list[Write] = []
        if created:
            made = column("made", "c")
            writes.append(write_view(self.scratch, PLAN, "insert", self._created, lambda: _last(touched, plans, made)))
        if updated:
            hit = fragment("NOT :m AND :a", m=column("made", "c"), a=column("altered", "c"))
            writes.append(write_view(self.scratch, PLAN, "update", self._hit, lambda: _last(touched, plans, hit)))
        action = self.action
        objectives = Objectives(action.template, action.catalogue, self.scratch, self.dates, action.due_days)
        more, count = objectives.writes(lambda: self._receiving(touched))
        return [*writes, *more], created + updated + count

    def _created(self) -> dict[str, exp.Expr]:
        fields: dict[str, exp.Expr] = {slot.name: column(f"a:{slot.name}", "t") for slot in self.slots}
        unmapped = {name: value for name, value in self.action.defaults.items() if name not in fields}
        return {**fields, **unmapped, **created_stamps(self.run)}

    def _hit(self) -> dict[str, exp.Expr]:
        fields: dict[str, exp.Expr] = {
            slot.name: column(f"a:{slot.name}", "t") for slot in self.slots if slot.hit is not None
        }
        return {**fields, **modified_stamps(self.run)}

    def _receiving(self, touched: str) -> exp.Select:
        """The plans that get the template, in the state of the row that gives it."""
        gets: list[exp.Expr] = [column("makes")]
        if "template" in self.existing:
            gets.append(fragment("NOT :s IS NULL AND :b IS NULL", s=column("stored_id"), b=column("b:TemplateId")))
        made = self.action.entity.kind == "relationship"
        relationship = column("a:RelationshipId") if made else column("b:RelationshipId")
        return (
            select(
                column("row"),
                named(column("gsid"), "plan"),
                named(column("a:CompanyId"), "company"),
                named(relationship, "relationship"),
                named(column("a:OwnerId"), "owner"),
                named(column("a:DueDate"), "due"),
            )
            .from_(relation(touched), copy=False)
            .where(all_of([fragment(":p = 1", p=column("place")), any_of(gets)]), copy=False)
        )


def _counts(plans: str) -> exp.Select:
    made, hit = column("made"), fragment("NOT :m AND :a", m=column("made"), a=column("altered"))
    counts = (exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=each)) for each in (made, hit))
    return select(*counts).from_(relation(plans), copy=False)


def _last(touched: str, plans: str, which: exp.Expr) -> exp.Select:
    """The last row (`t`) of the plans (`c`) that are meant."""
    source = select(named(column("gsid", "t"), "Gsid")).from_(relation(touched, "t"), copy=False)
    on = exp.EQ(this=column("gsid", "c"), expression=column("gsid", "t"))
    source = source.join(exp.Join(this=relation(plans, "c"), on=on), copy=False)
    return source.where(all_of([column("is_last", "t"), which]), copy=False)


def _d(name: str) -> exp.Column:
    return column(name, "d")
