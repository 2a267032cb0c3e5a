"""The record that an action names by its id: a column with GSIDs, or a lookup (actions.md §6.6, §8)."""

from __future__ import annotations

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import column, fragment, named, select, text
from gsrules.actions.kind import Findings
from gsrules.actions.mappings.conversion import is_null
from gsrules.actions.mappings.mapping import BoundMapping, MappingBinder
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.values import StagedValue, entity_id, stage
from gsrules.catalogue import FieldDef
from gsrules.catalogue.datatypes import DataType, Family, Kind
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr
from gsrules.spec import MappingSpec
from gsrules.spec.text import Text


@dataclass(frozen=True, slots=True)
class BoundId:
    """`word` is the parameter, `object` what it names, `missing` the code of an id of no record."""

    word: str
    object: str
    missing: str
    source: Expr | None = None
    lookup: BoundMapping | None = None


def bind_id(
    spec: MappingSpec, word: str, object: str, missing: str, binder: MappingBinder, findings: Findings
) -> BoundId | None:
    """The id, or None after a finding."""
    if spec.lookup is not None:
        target = FieldDef(word, word, DataType(Kind.LOOKUP, target=object))
        bound = binder.bind(target, spec, Text(word))
        return BoundId(word, object, missing, lookup=bound) if bound is not None else None
    if spec.column is None:
        message = f"`{word}` is a column with GSIDs of {object}, or a lookup to it"
        findings.error("GS-ACTION-IDENTIFIER", message, spec.place, hint=f"{word}: the column with the GSID")
        return None
    unused = sorted({"default", "on_null", "map"} & spec.model_fields_set)
    if unused:
        message = f"`{word}` does not take `{unused[0]}`: a row without an id fails"
        findings.error("GS-ACTION-IDENTIFIER", message, spec.place_of(unused[0]), hint="remove it")
    source = binder.columns.column(spec.column)
    if source is None:
        return None
    if load_family(source.type) not in (Family.ID, Family.TEXT):
        message = f"`{spec.column}` is a {source.type} column and cannot hold a GSID (INVALID_TYPE)"
        findings.error("GS-TYPE", message, spec.column.place, value=spec.column)
        return None
    return BoundId(word, object, missing, source=source)


def stage_id(bound: BoundId, rows: Matched) -> StagedValue:
    """The GSID with its codes: null, ill-formed, of no record."""
    label = f"`{bound.word}`"
    if bound.lookup is not None:
        found = stage(bound.lookup, rows)
        nothing = fragment(":v IS NULL", v=found.value)
        failures = (*found.failures, (nothing, "IDENTIFIER_NULL"))
        return StagedValue(label, found.value, found.shown, failures, found.warnings, found.words)
    assert bound.source is not None
    made = entity_id(bound.source, rows)
    stored = select(named(column("Gsid"), "g")).from_(rows.run.tenant.table(bound.object), copy=False)
    alias = rows.join(stored, [("g", made.value)])
    unknown = fragment("NOT :v IS NULL AND :g IS NULL", v=made.value, g=column("g", alias))
    return StagedValue(
        label,
        made.value,
        made.shown,
        ((blank_id(bound.source, rows), "IDENTIFIER_NULL"), *made.failures, (unknown, bound.missing)),
    )


def blank_id(source: Expr, rows: Matched) -> exp.Expr:
    """Whether the column of an id is null; a text also where it is blank."""
    raw = rows.spell(source)
    if load_family(source.type) is Family.TEXT:
        return fragment("COALESCE(TRIM(:r, :blanks), '') = ''", r=raw, blanks=text(" \t\r\n"))
    return is_null(raw)
