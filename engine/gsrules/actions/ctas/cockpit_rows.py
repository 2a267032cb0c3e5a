"""Cockpit options of an action: a fixed one, or a column with labels or GSIDs (actions.md §6.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import (
    any_of,
    case,
    column,
    fragment,
    identifier,
    named,
    number,
    select,
    text,
    typed_null,
)
from gsrules.actions.ctas.cockpit import CockpitBinder
from gsrules.actions.kind import Findings
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.conversion import trimmed
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.values import CodeEntry, StagedValue
from gsrules.catalogue import Catalogue, CockpitItem, PlaybookDef
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr
from gsrules.spec import OptionSpec
from gsrules.spec.text import Text

TYPE: Final = "CTA_TYPE"
PLAYBOOK: Final = "PLAYBOOK"
NAMES: Final = {
    TYPE: "type",
    "CTA_STATUS": "status",
    "CTA_REASON": "reason",
    "CTA_PRIORITY": "priority",
    PLAYBOOK: "playbook",
}
"""The parameters by category."""


@dataclass(frozen=True, slots=True)
class BoundOption:
    """`word` is what the file says, or `source` the column; `type` is fixed if the CTA type is."""

    category: str
    word: str | None
    source: Expr | None
    type: CockpitItem | None

    @property
    def name(self) -> str:
        return NAMES[self.category]


@dataclass(frozen=True, slots=True)
class StagedOption:
    """The GSID with its codes, and whether it counts as open (of a status)."""

    value: StagedValue
    open: exp.Expr


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a word means for a CTA type (None: without regard to the type)."""

    type: str | None
    word: str
    gsid: str
    active: bool
    open: bool | None


def bind_option(
    category: str,
    spec: OptionSpec,
    cta_type: BoundOption | None,
    dataset: Columns,
    cockpit: CockpitBinder,
    findings: Findings,
) -> BoundOption | None:
    """The option, or None after a finding; with a fixed type a fixed option must be one of it."""
    known = cta_type.type if cta_type is not None else None
    if spec.column is not None:
        source = dataset.column(spec.column)
        if source is not None and load_family(source.type) not in (Family.ID, Family.TEXT):
            message = f"`{spec.column}` is a {source.type} column and cannot name a {NAMES[category]} (INVALID_TYPE)"
            hint = "show its label, or its GSID"
            findings.error("GS-TYPE", message, spec.column.place, value=spec.column, hint=hint)
            return None
        return BoundOption(category, None, source, known) if source is not None else None
    assert spec.value is not None
    found = _fixed(category, spec.value, known, cockpit)
    if found is None:
        return None
    own = found if isinstance(found, CockpitItem) and category == TYPE else known
    fixed = category == TYPE or known is not None
    return BoundOption(category, found.gsid if fixed else str(spec.value), None, own)


def _fixed(
    category: str, word: Text, known: CockpitItem | None, cockpit: CockpitBinder
) -> CockpitItem | PlaybookDef | None:
    if category == PLAYBOOK:
        return cockpit.playbook(word, known)
    return cockpit.type(word) if category == TYPE else cockpit.of_some_type(category, word, known)


def stage_option(option: BoundOption, rows: Matched, catalogue: Catalogue, of_type: exp.Expr | None) -> StagedOption:
    """Its value for each row; `of_type` is the GSID of the row's CTA type if the file does not fix it."""
    label = f"`{option.name}`"
    if option.source is None and option.type is not None:
        assert option.word is not None
        status = next((item for item in catalogue.cockpit_items if item.gsid == option.word), None)
        is_open = exp.Boolean(this=status.open) if status and status.open is not None else typed_null("BOOLEAN")
        return StagedOption(StagedValue(label, text(option.word), text(option.word)), is_open)
    word = text(option.word or "")
    if option.source is not None:
        word = rows.once(trimmed(rows.spell(option.source)))
    typed = option.type is None and option.category != TYPE
    entries = _entries(option, catalogue, typed=typed)
    keys = [("t", of_type)] if typed and of_type is not None else []
    exact = rows.join(_relation(entries, lambda key: key, typed=typed), [*keys, ("k", word)])
    found = [exact]
    if catalogue.profile["object.picklist_case"] == "insensitive":
        lower = _relation(entries, lambda key: fragment("LOWER(:k)", k=key), typed=typed)
        found.append(rows.join(lower, [*keys, ("k", fragment("LOWER(:w)", w=word))]))
    gsid, active, is_open = (_first(name, found) for name in "gao")
    failures = _failures(option, word, gsid, active, of_type if typed else None)
    differs = fragment(":e IS NULL AND NOT :g IS NULL", e=column("g", exact), g=gsid)
    return StagedOption(StagedValue(label, gsid, word, tuple(failures), ((differs, "LABEL_CASE_DIFFERS"),)), is_open)


def _first(name: str, aliases: Sequence[str]) -> exp.Expr:
    first, *rest = (column(name, alias) for alias in aliases)
    return exp.Coalesce(this=first, expressions=rest) if rest else first


def _failures(
    option: BoundOption, word: exp.Expr, gsid: exp.Expr, active: exp.Expr, of_type: exp.Expr | None
) -> list[CodeEntry]:
    unknown = [fragment("NOT :w IS NULL AND :g IS NULL", w=word, g=gsid)]
    known_type = fragment("NOT :t IS NULL", t=of_type) if of_type is not None else exp.true()
    failures: list[CodeEntry] = []
    if option.category != PLAYBOOK:
        # the other four are required fields of a CTA
        failures.append((fragment(":w IS NULL", w=word), "REQUIRED_MISSING"))
    failures.append((exp.And(this=any_of(unknown), expression=known_type), "PICKLIST_UNKNOWN"))
    failures.append((fragment("NOT :a", a=active), "PICKLIST_INACTIVE"))
    return failures


def _entries(option: BoundOption, catalogue: Catalogue, *, typed: bool) -> list[_Entry]:
    """Words by type, best first."""
    if not typed:
        wanted = option.type.gsid if option.type is not None and option.category != TYPE else None
        return _of_type(option.category, wanted, None, catalogue)
    types = [item.gsid for item in catalogue.cockpit_options(TYPE)]
    return [entry for gsid in types for entry in _of_type(option.category, gsid, gsid, catalogue)]


def _of_type(category: str, wanted: str | None, key: str | None, catalogue: Catalogue) -> list[_Entry]:
    found: Iterable[CockpitItem | PlaybookDef]
    if category == PLAYBOOK:
        found = [p for p in catalogue.playbooks.values() if wanted is None or p.cta_type_gsid in (None, wanted)]
    else:
        found = catalogue.cockpit_options(category, wanted)
    own_first = sorted(found, key=lambda item: (not item.active, item.cta_type_gsid is None))
    entries = [(item, word) for words in ("name", "gsid") for item in own_first for word in (getattr(item, words),)]
    return [
        _Entry(key, word, item.gsid, item.active, item.open if isinstance(item, CockpitItem) else None)
        for item, word in entries
    ]


def _relation(entries: Sequence[_Entry], folded: Callable[[exp.Expr], exp.Expr], *, typed: bool) -> exp.Select:
    """One row a word (and type `t`): the first entry's `g`, `a`, `o`."""
    rows = [
        exp.Tuple(
            expressions=[
                text(entry.type or ""),
                text(entry.word),
                text(entry.gsid),
                exp.Boolean(this=entry.active),
                typed_null("BOOLEAN") if entry.open is None else exp.Boolean(this=entry.open),
                number(i),
            ]
        )
        for i, entry in enumerate(entries)
    ] or [exp.Tuple(expressions=[typed_null("VARCHAR")] * 3 + [exp.false(), typed_null("BOOLEAN"), number(0)])]
    names = [identifier(name) for name in "tkgaoi"]
    values = exp.Values(expressions=rows, alias=exp.TableAlias(this=identifier("v"), columns=names))
    key = folded(column("k"))
    first = {
        name: fragment("STRUCT_EXTRACT(ARG_MIN({'v': :v}, :i), 'v')", v=column(name), i=column("i")) for name in "gao"
    }
    query = select(
        *([column("t")] if typed else []), named(key, "k"), *(named(value, name) for name, value in first.items())
    ).from_(values, copy=False)
    return query.group_by(*([column("t")] if typed else []), key.copy(), copy=False)


def by_gsid(option: exp.Expr, values: Iterable[tuple[str, exp.Expr]], otherwise: exp.Expr) -> exp.Expr:
    """What belongs to the option of a row."""
    listed = [(text(gsid), value) for gsid, value in values]
    return case(listed, otherwise, subject=option) if listed else otherwise
