"""Call To Action › Close (actions.md §6.7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from pydantic import Field, model_validator
from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns, Received, change_list
from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    case,
    column,
    fragment,
    left_join,
    named,
    number,
    relation,
    select,
    sub,
    text,
    texts,
    typed_null,
)
from gsrules.actions.changes.stamps import modified_stamps
from gsrules.actions.ctas.cockpit import CockpitBinder
from gsrules.actions.ctas.comments import (
    comment_length,
    full_words,
    joined_comments,
    refuse_mode,
    stage_comment,
    truncates,
)
from gsrules.actions.ctas.decision import CTA
from gsrules.actions.kind import ActionKind, ActionRun, BindEnv, Findings
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.constants import timestamp
from gsrules.actions.mappings.entity import BoundEntity, bind_entity, stage_entity, unknown_types
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.record_id import BoundId, stage_id
from gsrules.actions.mappings.values import StagedValue, staged_rows
from gsrules.actions.traits import ENTITY_CODES, Traits
from gsrules.catalogue import Catalogue, CockpitItem
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.errors import Problem, nearest
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, CommentsSpec, Names, refusal
from gsrules.spec.base import Name
from gsrules.tenant.changes import ChangeList, Write

SOURCES: Final = ("Manual", "Rules", "Program", "API", "Success Plan", "Import")
_BY_KEY: Final = ("company", "relationship", "type", "reason", "sources", "status")


class CloseCtaSpec(ActionSpec):
    """Closes CTAs: all open ones of an entity with a key, or the one of an id."""

    action: Literal["close_cta"] = "close_cta"
    company: Name | None = Field(None, description="The column with the company's GSID, in rules for company.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")
    type: Name | None = Field(None, description="The CTA type.")
    reason: Name | None = Field(None, description="The reason.")
    sources: Names | None = Field(None, description="Where the CTAs come from: Rules, Manual, …")
    status: Name | None = Field(None, description="A closed status of the type.")
    cta: Name | None = Field(None, description="The column with the CTA's GSID: closes by id.")
    comments: CommentsSpec | None = Field(None, description="A comment, appended on closing.")

    @model_validator(mode="after")
    def _check(self) -> CloseCtaSpec:
        refuse_mode(self.comments)
        if self.cta is None:
            missing = [key for key in ("type", "reason", "sources", "status") if getattr(self, key) is None]
            if missing:
                raise refusal(
                    "GS-SPEC-MISSING",
                    "closing by key needs " + ", ".join(f"`{key}`" for key in missing),
                    hint="or close by id: `cta: the column with the CTA's GSID`",
                )
            return self
        given = [key for key in ("type", "reason", "sources", "status") if getattr(self, key) is not None]
        if given:
            raise refusal(
                "GS-SPEC-ONE-OF",
                f"closing by id does not take `{given[0]}`",
                key=given[0],
                hint="remove it, or remove `cta` and close by key",
            )
        return self


@dataclass(frozen=True, slots=True)
class BoundClose:
    """A close_cta action that passed validation; `cta` is set when it closes by id, else `entity` and the key."""

    catalogue: Catalogue
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]
    entity: BoundEntity | None
    type: CockpitItem | None
    reason: CockpitItem | None
    status: CockpitItem | None
    sources: tuple[str, ...]
    cta: Expr | None
    comments: Expr | None
    repeat: Literal["always", "once", "never"]

    @property
    def writes_to(self) -> tuple[str, ...]:
        return (CTA, "cs_task")

    @property
    def traits(self) -> Traits:
        from gsrules.actions.ctas.traits import traits_of_close  # only some commands ask for them

        return traits_of_close(self)

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row."""
        return _Closing(self, run).change_list()


class _Closing:
    def __init__(self, action: BoundClose, run: ActionRun) -> None:
        self.action = action
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, action.catalogue), self.scratch, action.criteria)
        self.length = comment_length(action.catalogue)

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        staged = self.scratch.table("staged", self._staged)
        found = self.scratch.table("found", lambda: self._found(staged))
        effects = self.scratch.view("effects", lambda: self._effects(staged, found).query())
        closed = self._closed_count(found)
        writes = self._writes(found) if closed else []
        tasks = self._task_count(writes)
        entity = self.action.entity
        warned = unknown_types(entity, self.rows) if entity is not None else ()
        return change_list(
            self.scratch,
            effects,
            writes,
            received,
            lambda: self._effects(staged, found).brief(),
            records_written=closed + tasks,
            warned=warned,
        )

    def _staged(self) -> exp.Select:
        """`row`, `key` (entity or CTA id), `comment`, codes."""
        by_id = self.action.cta is not None
        key = self._cta_id() if by_id else self._entity()
        comment = self._comment(key.value)
        items = [named(self.rows.row, "row"), named(key.value, "key"), named(comment.value, "comment")]
        return staged_rows(self.rows, items, [key, comment])

    def _comment(self, key: exp.Expr) -> StagedValue:
        """The comment to append (empty is null); none where `repeat` says so."""
        template = self.action.comments
        if self.action.cta is None and self.action.repeat == "never":
            template = None
        staged = stage_comment(template, self.rows, self.length)
        if template is None or truncates(self.run.profile):
            return staged
        longest = self.rows.join(self._longest(), [("k", key)])
        total = fragment("LENGTH(:c) + :l", c=staged.value, l=column("longest", longest))
        words = {**staged.words, "STRING_TOO_LONG": self._too_long(staged, total)}
        full = fragment("COALESCE(:t > :n, FALSE)", t=total, n=number(self.length))
        return replace(staged.with_failure(full, "STRING_TOO_LONG"), words=words)

    def _longest(self) -> exp.Select:
        """By key, how much the fullest comments of the CTAs to close hold, with the break behind them."""
        by_id = self.action.cta is not None
        key = column("Gsid" if by_id else self._id_field, "t")
        length = fragment("COALESCE(LENGTH(NULLIF(:c, '')) + 5, 0)", c=column("Comments", "t"))
        stored = aliased(self.run.tenant.table(CTA), "t")
        found = select(named(key, "k"), named(exp.Max(this=length), "longest")).from_(stored, copy=False)
        return found.where(all_of(self._conditions()), copy=False).group_by(key.copy(), copy=False)

    def _too_long(self, staged: StagedValue, total: exp.Expr) -> exp.Expr:
        """Of a comment that is not too long by itself, that it does not fit behind those that are there."""
        fits = fragment("LENGTH(:c) <= :n AND :t > :n", c=staged.value, t=total, n=number(self.length))
        return case([(fits, full_words(self.length))], staged.words.get("STRING_TOO_LONG", typed_null("VARCHAR")))

    def _conditions(self) -> list[exp.Expr]:
        """What a stored CTA (`t`) must be to be closed."""
        is_open = fragment("NOT COALESCE(:c, FALSE)", c=column("IsClosed", "t"))
        return [is_open, *([] if self.action.cta is not None else self._key_conditions())]

    def _entity(self) -> StagedValue:
        assert self.action.entity is not None
        return stage_entity(self.action.entity, self.rows).gsid

    def _cta_id(self) -> StagedValue:
        return stage_id(BoundId("cta", CTA, "CTA_NOT_FOUND", source=self.action.cta), self.rows)

    def _found(self, staged: str) -> exp.Select:
        """Each open CTA that a row closes: the first row of its key takes it. With the status to write."""
        first = (
            select(
                column("key"),
                named(fragment("MIN(:r)", r=column("row")), "row"),
                named(fragment("ARG_MIN({'c': :c}, :r)", c=column("comment"), r=column("row")), "boxed"),
            )
            .from_(relation(staged), copy=False)
            .where(fragment(":c IS NULL", c=column("codes")), copy=False)
            .group_by(column("key"), copy=False)
        )
        by_id = self.action.cta is not None
        key = column("Gsid" if by_id else self._id_field, "t")
        stored = aliased(self.run.tenant.table(CTA), "t")
        comment = fragment("STRUCT_EXTRACT(:b, 'c')", b=column("boxed", "f"))
        old = column("Comments", "t")
        joined = joined_comments(old, comment)
        if truncates(self.run.profile):
            joined = fragment("LEFT(:j, :n)", j=joined, n=number(self.length))
        query = select(
            named(column("Gsid", "t"), "gsid"),
            named(column("row", "f"), "row"),
            *(named(column(name, "t"), f"b:{name}") for name in _FIELDS),
            named(self._status(), "a:StatusId"),
            named(exp.true(), "a:IsClosed"),
            named(timestamp(self.run.instant), "a:ClosedDate"),
            named(text("Rules"), "a:CloseSource"),
            named(joined, "a:Comments"),
        ).from_(stored, copy=False)
        source = sub(first, "f")
        query = query.join(source, on=exp.EQ(this=column("key", "f"), expression=key), copy=False)
        return query.where(all_of(self._conditions()), copy=False)

    @property
    def _id_field(self) -> str:
        assert self.action.entity is not None
        return self.action.entity.id_field

    def _key_conditions(self) -> list[exp.Expr]:
        action = self.action
        assert action.entity is not None
        assert action.type is not None
        assert action.reason is not None
        conditions: list[exp.Expr] = [
            exp.EQ(this=column("TypeId", "t"), expression=text(action.type.gsid)),
            exp.EQ(this=column("ReasonId", "t"), expression=text(action.reason.gsid)),
            exp.In(
                this=fragment("LOWER(:s)", s=column("Source", "t")),
                expressions=[text(source.lower()) for source in action.sources],
            ),
        ]
        if action.entity.kind == "relationship" or self.run.profile["cta.company_scope"] == "own_entity":
            same = exp.EQ(this=column("EntityType", "t"), expression=text(action.entity.entity_type))
            conditions.append(same)
        return conditions

    def _status(self) -> exp.Expr:
        """By key the stated status; by id the default one if the CTA's type has it, else its first closed one."""
        if self.action.status is not None:
            return text(self.action.status.gsid)
        catalogue = self.action.catalogue
        wanted = self.run.profile["cta.close_default_status"]
        closed = [item for item in catalogue.cockpit_options("CTA_STATUS") if item.open is False and item.active]
        branches: list[tuple[exp.Expr, exp.Expr]] = []
        own_types = {item.cta_type_gsid for item in closed if item.cta_type_gsid}
        for type_gsid in sorted(own_types):
            fitting = [item for item in closed if item.cta_type_gsid in (None, type_gsid)]
            branches.append((text(type_gsid), text(_default_status(fitting, wanted))))
        general = [item for item in closed if item.cta_type_gsid is None]
        fallback = text(_default_status(general, wanted)) if general else typed_null("VARCHAR")
        return case(branches, fallback, subject=column("TypeId", "t")) if branches else fallback

    def _closed_count(self, found: str) -> int:
        return self._count(found)

    def _count(self, table: str) -> int:
        def query() -> exp.Select:
            return select(exp.Count(this=exp.Star())).from_(relation(table), copy=False)

        return int(self.scratch.row(f"rows of {table}", query)[0])

    def _effects(self, staged: str, found: str) -> EffectColumns:
        grouped = (
            select(
                column("row"),
                named(fragment("LIST(:g ORDER BY :g)", g=column("gsid")), "gsids"),
                *(
                    named(
                        fragment(
                            "STRUCT_EXTRACT(ARG_MIN({'v': :v}, :g), 'v')", v=column(f"{side}:{name}"), g=column("gsid")
                        ),
                        f"{side}:{name}",
                    )
                    for side in "ba"
                    for name in _FIELDS
                ),
            )
            .from_(relation(found), copy=False)
            .group_by(column("row"), copy=False)
        )
        source = (
            select()
            .from_(relation(staged, "s"), copy=False)
            .join(
                left_join(sub(grouped, "g"), on=exp.EQ(this=column("row", "g"), expression=column("row", "s"))),
                copy=False,
            )
        )
        closed = fragment("NOT :r IS NULL", r=column("row", "g"))
        nothing = typed_null("VARCHAR[]") if self.action.cta is not None else texts([text("NO_OPEN_CTA")])
        codes = fragment(
            "CASE WHEN NOT :c IS NULL THEN :c WHEN NOT :closed THEN :n END",
            c=column("codes", "s"),
            closed=closed,
            n=nothing,
        )
        idle = text("unchanged" if self.action.cta is not None else "skipped")
        outcome = fragment(
            "CASE WHEN NOT :c IS NULL THEN 'failed' WHEN :closed THEN 'closed' ELSE :idle END",
            c=column("codes", "s"),
            closed=closed,
            idle=idle,
        )
        gsid: exp.Expr = fragment("list_extract(:g, 1)", g=column("gsids", "g"))
        if self.action.cta is not None:
            gsid = fragment("CASE WHEN :c IS NULL THEN :k END", c=column("codes", "s"), k=column("key", "s"))
        return EffectColumns(
            source=source,
            row=column("row", "s"),
            outcome=outcome,
            codes=codes,
            field=column("field", "s"),
            shown=column("shown", "s"),
            words=column("words", "s"),
            key=column("key", "s"),
            object=CTA,
            gsid=gsid,
            gsids=column("gsids", "g"),
            warnings=column("warnings", "s"),
            before=[(name, column(f"b:{name}", "g")) for name in _FIELDS],
            after=[(name, column(f"a:{name}", "g")) for name in _FIELDS],
            has_before=closed,
            has_after=closed,
        )

    def _writes(self, found: str) -> list[Write]:
        fields: dict[str, exp.Expr] = {name: column(f"a:{name}") for name in _FIELDS}
        values = {**fields, **modified_stamps(self.run)}
        items = [named(column("gsid"), "Gsid"), *(named(value, name) for name, value in values.items())]
        writes = []
        if self.run.profile["cta.close_tasks"]:
            writes.append(self._task_write(found))
            total = fragment("COALESCE(:n, :c)", n=column("TotalTaskCount", "t"), c=column("ClosedTaskCount", "t"))
            stored = aliased(self.run.tenant.table(CTA), "t")
            counted = select(named(column("Gsid", "t"), "cta"), named(total, "n")).from_(stored, copy=False)
            query = (
                select(*items, named(column("n", "c"), "ClosedTaskCount"))
                .from_(relation(found), copy=False)
                .join(sub(counted, "c"), on=exp.EQ(this=column("cta", "c"), expression=column("gsid")), copy=False)
            )
            values["ClosedTaskCount"] = column("n", "c")
        else:
            query = select(*items).from_(relation(found), copy=False)
        writes.insert(0, Write(CTA, "update", self.scratch.table("update", lambda: query), tuple(values)))
        return writes

    def _task_write(self, found: str) -> Write:
        """Open tasks of the closed CTAs (`cta.close_tasks`)."""
        stored = aliased(self.run.tenant.table("cs_task"), "t")
        values: dict[str, exp.Expr] = {
            "StatusId": column("a:StatusId", "f"),
            "IsClosed": exp.true(),
            "ClosedDate": timestamp(self.run.instant),
            **modified_stamps(self.run),
        }
        items = [named(column("Gsid", "t"), "Gsid"), *(named(value, name) for name, value in values.items())]
        query = (
            select(*items)
            .from_(stored, copy=False)
            .join(
                relation(found, "f"), on=exp.EQ(this=column("gsid", "f"), expression=column("CtaId", "t")), copy=False
            )
            .where(fragment("NOT COALESCE(:c, FALSE)", c=column("IsClosed", "t")), copy=False)
        )
        return Write("cs_task", "update", self.scratch.table("tasks", lambda: query), tuple(values))

    def _task_count(self, writes: list[Write]) -> int:
        found = [write for write in writes if write.object == "cs_task"]
        return sum(self._count(write.staging) for write in found)


_FIELDS: Final = ("StatusId", "IsClosed", "ClosedDate", "CloseSource", "Comments")


def _default_status(closed: list[CockpitItem], wanted: str) -> str:
    named_so = next((item for item in closed if item.name.lower() == wanted.lower()), None)
    return (named_so or min(closed, key=lambda item: item.order)).gsid


def bind(spec: CloseCtaSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundClose:
    """Validates the action; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    cockpit = CockpitBinder(env, findings)
    cta = entity = cta_type = reason = status = None
    if spec.cta is not None:
        cta = dataset.column(spec.cta)
        if cta is not None and load_family(cta.type) not in (Family.ID, Family.TEXT):
            message = f"`{spec.cta}` is a {cta.type} column and cannot hold a CTA's GSID (INVALID_TYPE)"
            findings.error("GS-TYPE", message, spec.cta.place, value=spec.cta)
    else:
        entity = bind_entity(spec.company, spec.relationship, spec.place, dataset, env, findings)
        assert spec.type is not None
        assert spec.reason is not None
        assert spec.status is not None
        cta_type = cockpit.type(spec.type)
        reason = cockpit.of_type("CTA_REASON", spec.reason, cta_type)
        status = cockpit.closed_status(spec.status, cta_type)
    sources = _sources(spec, findings)
    comments = dataset.html_template(spec.comments.text) if spec.comments else None
    criteria = dataset.where(spec.when)
    return BoundClose(
        catalogue=env.catalogue,
        criteria=criteria,
        findings=findings.close(),
        reads=frozenset(dataset.used),
        entity=entity,
        type=cta_type,
        reason=reason,
        status=status,
        sources=sources,
        cta=cta,
        comments=comments,
        repeat=spec.comments.repeat if spec.comments else "always",
    )


def _sources(spec: CloseCtaSpec, findings: Findings) -> tuple[str, ...]:
    known = {source.lower(): source for source in SOURCES}
    found = []
    for item in spec.sources or ():
        source = known.get(item.strip().lower())
        if source is None:
            message = f"`{item}` is no source of CTAs"
            hint = "one of " + ", ".join(SOURCES)
            findings.error("GS-ACTION-CTA", message, item.place, value=item, hint=hint, near=nearest(item, SOURCES))
        else:
            found.append(source)
    return tuple(dict.fromkeys(found))


KIND = ActionKind(
    name="close_cta",
    title="Call To Action › Close",
    model=CloseCtaSpec,
    description="Closes all open CTAs of an entity with a type, reason and source, or the CTA of an id.",
    evidence="actions.md §6.7 [cli] [doc] [obs]",
    example=(
        "- action: close_cta\n  from: Recovered\n  company: Company GSID\n  type: Risk\n  reason: Other\n"
        "  sources: [Rules]\n  status: Closed Success\n"
    ),
    bind=bind,
    codes=(*ENTITY_CODES, "CTA_NOT_FOUND", "REQUIRED_MISSING", "NO_OPEN_CTA"),
)
