"""The decision of create_cta: which row creates, updates, is skipped or fails (actions.md §6.3, set form)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlglot import exp

from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import (
    all_of,
    case,
    column,
    fragment,
    given_number,
    identifier,
    left_join,
    named,
    number,
    select,
    sub,
    text,
    texts,
    use,
)
from gsrules.actions.ctas.comments import comment_length, stage_comment
from gsrules.actions.ctas.due import Skip, due_date
from gsrules.actions.ctas.fields import null_written, stage_mapped
from gsrules.actions.ctas.links import LINK, BoundLink, stage_link
from gsrules.actions.ctas.owner import BoundOwner, stage_owner
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.conversion import length_words, longer_than
from gsrules.actions.mappings.entity import BoundEntity, stage_entity
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.tokens import with_null_tokens
from gsrules.actions.mappings.values import StagedValue, staged_rows
from gsrules.actions.traits import Traits
from gsrules.catalogue import Catalogue, CockpitItem, PlaybookDef, PlaybookTask
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList

CTA = "call_to_action"
LaterRows = Literal["update", "skip", "create"]


@dataclass(frozen=True, slots=True)
class BoundCta:
    """A create_cta action that passed validation."""

    id: str
    catalogue: Catalogue
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]
    entity: BoundEntity
    name: Expr
    type: CockpitItem
    reason: CockpitItem
    priority: CockpitItem
    status: CockpitItem
    playbook: PlaybookDef | None
    tasks: tuple[PlaybookTask, ...]
    due_days: int
    due_skip: Skip
    owner: BoundOwner | None
    comments: Expr | None
    repeat: Literal["always", "once", "never"]
    identifiers: frozenset[str]
    check_open: bool
    time_frame_days: int | None
    mappings: tuple[BoundMapping, ...]
    defaults: Mapping[str, exp.Expr]
    links: tuple[BoundLink, ...]

    @property
    def writes_to(self) -> tuple[str, ...]:
        return (CTA, *(("cs_task",) if self.tasks else ()), *((LINK,) if self.links else ()))

    @property
    def traits(self) -> Traits:
        from gsrules.actions.ctas.traits import traits_of_create  # only some commands ask for them

        return traits_of_create(self)

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row (actions.md §6.3)."""
        from gsrules.actions.ctas.writes import finish  # the second half of planning; it reads this module's names

        return finish(Decision(self, run))


class Decision:
    """The decision tables of one run: `decided` has a row for every matched row."""

    def __init__(self, action: BoundCta, run: ActionRun) -> None:
        self.action = action
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, action.catalogue), self.scratch, action.criteria)
        self._warns = False

    @property
    def warns(self) -> bool:
        """Whether a row may have a warning; known once `decided` was asked for."""
        return self.scratch.once("warns", lambda: self._warns)

    @property
    def nulls_warn(self) -> bool:
        """Whether a row may write a null over a value without the file saying so."""
        on_hits = "fields" in self.run.profile["cta.on_existing"]
        return on_hits and null_written(self.action.mappings, "t") is not None

    def due(self, days: int) -> date:
        return due_date(self.run.rule_date, days, self.action.due_skip, self.run.profile["cta.weekend_mode"])

    @property
    def zone(self) -> str:
        return str(self.run.profile["tenant.timezone"])

    @property
    def by_name(self) -> bool:
        return "name" in self.action.identifiers

    def staged(self) -> exp.Select:
        """`row`, `entity`, `company`, `name`, `owner`, `owner_shown`, `comment`, `v…`, codes and warnings."""
        action = self.action
        entity = stage_entity(action.entity, self.rows)
        owner = stage_owner(action.owner, self.rows)
        name = self._name()
        comment = stage_comment(action.comments, self.rows, self.comment_length)
        mapped = [stage_mapped(mapping, self.rows) for mapping in action.mappings]
        links = [stage_link(link, self.rows) for link in action.links]
        watched = [entity.gsid, name, comment, *links, *mapped]
        owner_warnings = StagedValue("`owner`", owner.gsid, owner.shown, (), owner.warnings)
        self._warns = any(value.warnings for value in (*watched, owner_warnings))
        items = [
            named(self.rows.row, "row"),
            named(entity.gsid.value, "entity"),
            named(entity.company, "company"),
            named(name.value, "name"),
            named(owner.gsid, "owner"),
            named(owner.shown, "owner_shown"),
            named(comment.value, "comment"),
            *(named(value.value, f"v{i}") for i, value in enumerate(mapped)),
            *(named(value.value, f"l{i}") for i, value in enumerate(links)),
        ]
        return staged_rows(self.rows, items, [*watched, owner_warnings])

    def _name(self) -> StagedValue:
        profile = self.run.profile
        value = self.rows.once(self.rows.spell(self.action.name))
        label = "`name`"
        longest, overflow = profile["cta.name_max"], profile["cta.name_overflow"]
        over = fragment("LENGTH(:v) > :n", v=value, n=number(longest))
        shown = value
        if overflow == "cut":
            value = fragment("LEFT(:v, :n)", v=value, n=number(longest))
        limit = self.action.catalogue.objects[CTA].fields["Name"].type.length or 250
        if overflow == "error":
            limit = min(limit, longest)
        failures = [
            (fragment("COALESCE(TRIM(:v, :blanks), '') = ''", v=value, blanks=text(" \t\r\n")), "REQUIRED_MISSING"),
            (longer_than(limit, value), "STRING_TOO_LONG"),
        ]
        warnings = [(over, "CTA_NAME_OVER_MAX")] if overflow != "error" else []
        words = {"STRING_TOO_LONG": length_words(limit, value)}
        staged = StagedValue(label, value, shown, tuple(failures), tuple(warnings), words)
        return with_null_tokens(staged, self.action.name, self.rows)

    @property
    def comment_length(self) -> int:
        return comment_length(self.action.catalogue)

    # Stored CTAs with the key

    def _stored(self) -> exp.Select:
        """One row a key: `entity`, `name`, `open_id`, `open_count`, `recent_id`."""
        action = self.action
        own = action.entity
        id_field = own.id_field
        conditions: list[exp.Expr] = []
        if own.kind == "relationship" or self.run.profile["cta.company_scope"] == "own_entity":
            conditions.append(exp.EQ(this=column("EntityType"), expression=text(own.entity_type)))
        for part, name, item in (
            ("type", "TypeId", action.type),
            ("reason", "ReasonId", action.reason),
            ("priority", "PriorityId", action.priority),
        ):
            if part in action.identifiers:
                conditions.append(exp.EQ(this=column(name), expression=text(item.gsid)))
        newest = fragment(
            "ARG_MAX(:g, (COALESCE(:c, CAST('0001-01-01' AS TIMESTAMP)), :s))",
            g=column("Gsid"),
            c=column("CreatedDate"),
            s=column("gs_sequence"),
        )
        is_open = fragment("NOT COALESCE(:c, FALSE)", c=column("IsClosed"))
        keys = [column(id_field), *([column("Name")] if self.by_name else [])]
        query = select(
            named(column(id_field), "entity"),
            *([named(column("Name"), "name")] if self.by_name else []),
            named(_only(newest, is_open), "open_id"),
            named(_only(exp.Count(this=exp.Star()), is_open), "open_count"),
            named(_only(newest, self._is_recent()), "recent_id"),
        ).from_(self.run.tenant.table(CTA), copy=False)
        return query.where(all_of([*conditions, fragment("NOT :e IS NULL", e=column(id_field))]), copy=False).group_by(
            *keys, copy=False
        )

    def _is_recent(self) -> exp.Expr:
        days = self.action.time_frame_days
        if days is None:
            return exp.false()
        created = self.run.profile["cta.time_frame_basis"] == "created"
        moment: exp.Expr = column("CreatedDate") if created else column("ClosedDate")
        if self.zone != "UTC":
            moment = fragment("TIMEZONE(:z, TIMEZONE('UTC', :m))", z=text(self.zone), m=moment)
        first = self.run.rule_date - timedelta(days=days)
        recent = fragment("CAST(:m AS DATE) >= CAST(:d AS DATE)", m=moment, d=text(first.isoformat()))
        return recent if created else all_of([column("IsClosed"), recent])

    # The decision

    @property
    def later_rows(self) -> LaterRows:
        """What rows do after the one of their key that created."""
        action = self.action
        if action.check_open and action.status.open:
            return "update"
        by_creation = self.run.profile["cta.time_frame_basis"] == "created"
        if action.time_frame_days is not None and (by_creation or not action.status.open):
            local = self.run.instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self.zone)).date()
            if local >= self.run.rule_date - timedelta(days=action.time_frame_days):
                return "skip"
        return "create"

    def decided(self) -> str:
        """The table of decisions.

        `step` is update, recent, create, follow (updates the CTA that row `lead` creates), repeat (skipped after
        it), ownerless, limited or wrong; `stored_id` is the CTA to update.
        """
        limit = self.run.profile["cta.max_count"]
        if limit is None:
            return self.scratch.table("decided", self._stepped)
        stored = self.scratch.row("stored", self._stored_count)[0]
        room = max(0, int(limit) - stored)
        return self.scratch.table("decided", lambda: _limited(self._stepped(), self.key), [room, room])

    @property
    def key(self) -> list[exp.Expr]:
        """What rows of one CTA have in common."""
        return [column("ok"), column("entity"), *([column("name")] if self.by_name else [])]

    def _stored_count(self) -> exp.Select:
        return select(exp.Count(this=exp.Star())).from_(self.run.tenant.table(CTA), copy=False)

    def _stepped(self) -> exp.Select:
        """Every matched row with its step."""
        keyed = self._keyed()
        fresh = fragment(":b = 'fresh'", b=column("base"))
        needs_owner = self.run.profile["cta.owner_missing"] == "error"
        able = all_of([fresh, fragment("NOT :o IS NULL", o=column("owner"))]) if needs_owner else fresh
        lead = exp.Window(this=_only(fragment("MIN(:r)", r=column("row")), able), partition_by=self.key)
        updates = fragment(":b = 'update'", b=column("base"))
        warned = fragment(
            "CASE WHEN :u AND :n > 1 THEN LIST_CONCAT(:w, :t) ELSE :w END",
            u=updates,
            n=column("open_count"),
            w=column("warnings"),
            t=texts([text("CTA_OPEN_TWINS")]),
        )
        led = select(
            exp.Star(except_=[column("warnings"), column("open_id"), column("open_count")]),
            named(warned, "warnings"),
            named(case([(updates, column("open_id"))]), "stored_id"),
            named(able, "able"),
            named(lead, "lead"),
        ).from_(sub(keyed), copy=False)
        later = {"update": "follow", "skip": "repeat", "create": "create"}[self.later_rows]
        if later == "create":
            after = fragment("CASE WHEN :a THEN 'create' ELSE 'ownerless' END", a=column("able"))
        else:
            after = text(later)
        step = fragment(
            "CASE WHEN :b <> 'fresh' THEN :b WHEN :r = :lead THEN 'create' WHEN :r > :lead THEN :after"
            " ELSE 'ownerless' END",
            b=column("base"),
            r=column("row"),
            lead=column("lead"),
            after=after,
        )
        return select(exp.Star(), named(step, "step")).from_(sub(led), copy=False)

    def _keyed(self) -> exp.Select:
        """Staged rows with what is stored for their key; `base`: wrong, update, recent or fresh."""
        on = [exp.EQ(this=column("entity", "s"), expression=column("entity", "k"))]
        if self.by_name:
            on.append(exp.EQ(this=column("name", "s"), expression=column("name", "k")))
        ok = fragment(":c IS NULL", c=column("codes", "s"))
        hit = fragment("NOT :o IS NULL", o=column("open_id", "k")) if self.action.check_open else exp.false()
        base = fragment(
            "CASE WHEN NOT :ok THEN 'wrong' WHEN :hit THEN 'update' WHEN NOT :r IS NULL THEN 'recent' ELSE 'fresh' END",
            ok=ok,
            hit=hit,
            r=column("recent_id", "k"),
        )
        return (
            select(
                exp.Column(this=exp.Star(), table=identifier("s")),
                named(ok, "ok"),
                named(base, "base"),
                *(column(name, "k") for name in ("open_id", "open_count", "recent_id")),
            )
            .from_(sub(self.staged(), "s"), copy=False)
            .join(left_join(sub(self._stored(), "k"), on=all_of(on)), copy=False)
        )


def _limited(stepped: exp.Select, key: Sequence[exp.Expr]) -> exp.Select:
    """The tenant's cap, given twice as a value: creations beyond it fail, as do the rows that would have followed."""
    creates = fragment(":s = 'create'", s=column("step"))
    order = exp.Order(expressions=[exp.Ordered(this=column("row"), desc=False)])
    place = exp.Window(this=exp.RowNumber(), partition_by=[creates], order=order)
    ranked = select(exp.Star(), named(place, "nth")).from_(sub(stepped), copy=False)
    beyond = all_of([creates, fragment(":p > :n", p=column("nth"), n=given_number())])
    closed = exp.Window(this=fragment("BOOL_OR(:b)", b=beyond), partition_by=list(key))
    marked = select(exp.Star(), named(beyond, "beyond"), named(closed, "full")).from_(sub(ranked), copy=False)
    step = fragment(
        "CASE WHEN :b THEN 'limited' WHEN :f AND :s IN ('follow', 'repeat')"
        " THEN CASE WHEN :a THEN 'limited' ELSE 'ownerless' END ELSE :s END",
        b=column("beyond"),
        f=column("full"),
        s=column("step"),
        a=column("able"),
    )
    kept = exp.Star(except_=[column(name) for name in ("step", "nth", "beyond", "full")])
    return select(kept, named(step, "step")).from_(sub(marked), copy=False)


def codes_of(step: exp.Expr, staged: exp.Expr) -> exp.Expr:
    """The codes of a decided row."""
    words = {
        "wrong": staged,
        "recent": texts([text("CTA_RECENT")]),
        "repeat": texts([text("CTA_RECENT")]),
        "ownerless": texts([text("CTA_OWNER_UNRESOLVED")]),
        "limited": texts([text("CTA_LIMIT_REACHED")]),
    }
    return case([(text(word), value) for word, value in words.items()], subject=step)


def _only(aggregate: exp.Expr, condition: exp.Expr) -> exp.Expr:
    return exp.Filter(this=use(aggregate), expression=exp.Where(this=use(condition)))
