"""The company or relationship that an action acts on (actions.md §1.11)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import any_of, case, column, fragment, named, select, text
from gsrules.actions.kind import BindEnv, Findings
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.conversion import is_null
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.values import CodeEntry, StagedValue, entity_id
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.errors import Place
from gsrules.expressions.tree import Expr
from gsrules.spec.text import Text
from gsrules.tenant.changes import ErrorCount


@dataclass(frozen=True, slots=True)
class BoundEntity:
    """`kind` is the object; `types` the relationship types of the rule, by name or GSID."""

    kind: str
    source: Expr
    types: tuple[str, ...] = ()

    @property
    def entity_type(self) -> str:
        return self.kind.upper()

    @property
    def id_field(self) -> str:
        """The CTA field that holds it."""
        return "CompanyId" if self.kind == "company" else "RelationshipId"


@dataclass(frozen=True, slots=True)
class StagedEntity:
    """The entity's GSID with its codes, and the GSID of its company."""

    gsid: StagedValue
    company: exp.Expr


def bind_entity(
    company: Text | None,
    relationship: Text | None,
    place: Place | None,
    dataset: Columns,
    env: BindEnv,
    findings: Findings,
) -> BoundEntity | None:
    """The entity, which must be what the rule is for, or None after a finding."""
    kind = env.rule.for_
    given = {"company": company, "relationship": relationship}
    item, other = given.pop(kind), next(iter(given.values()))
    if other is not None:
        wrong = "relationship" if kind == "company" else "company"
        message = f"`{wrong}` does not fit: the rule is for {kind}"
        findings.error("GS-ACTION-ENTITY", message, other.place, value=other, hint=f"use `{kind}`, or change `for`")
    if item is None:
        if other is None:
            hint = f"{kind}: the column with the {kind}'s GSID"
            findings.error("GS-ACTION-ENTITY", f"`{kind}` is missing", place, hint=hint)
        return None
    source = dataset.column(item)
    if source is None:
        return None
    if load_family(source.type) not in (Family.ID, Family.TEXT):
        message = f"`{item}` is a {source.type} column and cannot hold a {kind}'s GSID (INVALID_TYPE)"
        findings.error("GS-TYPE", message, item.place, value=item, hint=f"show the GSID of the {kind}")
        return None
    return BoundEntity(kind, source, tuple(env.rule.relationship_types or ()))


def stage_entity(entity: BoundEntity, rows: Matched) -> StagedEntity:
    """Joins the stored entity; null, ill-formed and unknown ids get their codes."""
    made = entity_id(entity.source, rows)
    tenant = rows.run.tenant
    stored = select(named(column("Gsid"), "g")).from_(tenant.table(entity.kind), copy=False)
    if entity.kind == "relationship":
        stored = stored.select(named(column("CompanyId"), "c"), copy=False)
        known = stored_types(entity.types, rows).subquery(copy=False)
        stored = stored.select(named(exp.In(this=column("TypeId"), query=known), "fits"), copy=False)
    alias = rows.join(stored, [("g", made.value)])
    failures: list[CodeEntry] = [
        (fragment("NOT :v IS NULL AND :g IS NULL", v=made.value, g=column("g", alias)), "ENTITY_NOT_FOUND")
    ]
    words = {}
    if entity.kind == "relationship":
        foreign = fragment("NOT :g IS NULL AND NOT COALESCE(:f, FALSE)", g=column("g", alias), f=column("fits", alias))
        failures.append((foreign, "ENTITY_NOT_FOUND"))
        message = "the relationship's type is not one of the rule's: " + ", ".join(entity.types)
        words["ENTITY_NOT_FOUND"] = case([(foreign, text(message))])
    raw = rows.spell(entity.source)
    blank = is_null(raw)
    if load_family(entity.source.type) is Family.TEXT:
        blank = fragment("COALESCE(TRIM(:r, :blanks), '') = ''", r=raw, blanks=text(" \t\r\n"))
    staged = StagedValue(
        f"`{entity.kind}`",
        made.value,
        made.shown,
        ((blank, "IDENTIFIER_NULL"), *made.failures, *failures),
        words=words,
    )
    return StagedEntity(staged, made.value if entity.kind == "company" else column("c", alias))


def stored_types(types: Sequence[str], rows: Matched) -> exp.Select:
    """GSIDs of the relationship types that the rule means, by name or GSID."""
    by_name = exp.In(this=fragment("LOWER(:n)", n=column("Name")), expressions=[text(name.lower()) for name in types])
    by_id = exp.In(this=column("Gsid"), expressions=[text(name) for name in types])
    stored = select(column("Gsid")).from_(rows.run.tenant.table("relationship_type"), copy=False)
    return stored.where(any_of([by_name, by_id]), copy=False)


def unknown_types(entity: BoundEntity, rows: Matched) -> tuple[ErrorCount, ...]:
    """A warning for each relationship type of the rule that the tenant does not have: types are records."""
    if not entity.types:
        return ()

    def query() -> exp.Select:
        return stored_types(entity.types, rows).select(fragment("LOWER(:n)", n=column("Name")), copy=False)

    known = {word for found in rows.scratch.rows("types", query) for word in found}
    missing = [name for name in entity.types if name not in known and name.lower() not in known]
    return tuple(
        ErrorCount("REFERENCE_NOT_FOUND", 0, f"the rule's relationship type `{name}` does not exist")
        for name in missing
    )
