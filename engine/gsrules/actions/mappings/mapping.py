"""Field mappings: what each target field gets, checked against catalogue and dataset (actions.md §3.1, §3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from sqlglot import exp

from gsrules.actions.changes.staging import typed_null
from gsrules.actions.kind import BindEnv, Findings
from gsrules.actions.mappings.columns import Columns, placed
from gsrules.actions.mappings.constants import constant, option_gsid
from gsrules.actions.mappings.matrix import cell, load_family, needs_map, why_not
from gsrules.actions.mappings.options import Options, item_options, mapped_options
from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import DataType, Family, Kind
from gsrules.dataclass import dataclass
from gsrules.errors import Place, nearest
from gsrules.expressions.tree import ColumnRef, Expr
from gsrules.spec import MappingSpec
from gsrules.spec.text import Text

OnNull = Literal["write", "skip"]
_LISTS: Final = (Family.PICKLIST, Family.MULTI_PICKLIST)


@dataclass(frozen=True, slots=True)
class MatchPair:
    """A field of the looked-up object equals a column of the dataset."""

    field: FieldDef
    source: ColumnRef
    options: Options | None


@dataclass(frozen=True, slots=True)
class BoundLookup:
    """An import lookup (actions.md §3.3)."""

    object: str
    pairs: tuple[MatchPair, ...]
    multiple: Literal["any_one", "error"]
    none: Literal["null", "error"]


@dataclass(frozen=True, slots=True)
class BoundMapping:
    """What a field gets: exactly one of `source`, `constant`, `lookup`.

    `options` are what words mean for a picklist field, those of a customise mapping if `mapped`; `default` is typed
    as the field. `states_on_null` tells whether the file says what a null does.
    """

    field: FieldDef
    source: Expr | None
    constant: exp.Expr | None
    lookup: BoundLookup | None
    options: Options | None
    mapped: bool
    default: exp.Expr | None
    on_null: OnNull
    states_on_null: bool
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class MappingBinder:
    """Binds the mappings of one action onto fields of one object."""

    object: ObjectDef
    columns: Columns
    env: BindEnv
    findings: Findings
    writable: frozenset[str] = frozenset()
    """Fields that may be written although they are read-only for other loads."""
    refused: Mapping[str, str] | None = None
    """Fields that this action refuses, with the reason."""
    checks_unique: bool = False
    """Whether the action refuses values of unique fields that are taken already."""

    def bind_all(self, fields: Mapping[Text, MappingSpec]) -> tuple[BoundMapping, ...]:
        """All mappings in order; those with problems are left out, after a finding each."""
        seen: dict[str, Text] = {}
        bound = []
        for name, spec in fields.items():
            target = self.target(name)
            if target is None:
                continue
            if target.name in seen:
                message = f"the field `{target.name}` is mapped twice, as `{seen[target.name]}` and as `{name}`"
                self.findings.error("GS-ACTION-DUPLICATE", message, name.place, value=name, hint="keep one of them")
                continue
            seen[target.name] = name
            self._warn_of_unique(target, name)
            mapping = self.bind(target, spec, name)
            if mapping is not None:
                bound.append(mapping)
        return tuple(bound)

    def _warn_of_unique(self, target: FieldDef, name: Text) -> None:
        if self.checks_unique or target.name == "Gsid":
            return
        if target.unique and self.env.profile["object.unique"] == "on":
            message = f"`{target.name}` must be unique (object.unique), but this version does not check that in actions"
            hint = "an upsert with it as the only identifier creates no second record of a value"
            self.findings.warn("GS-NOT-YET", message, name.place, value=name, hint=hint)

    def target(self, name: Text) -> FieldDef | None:
        """The field to write, or None after a finding."""
        found = find_field(self.object, name, self.findings)
        if found is None or found.name in self.writable:
            return found
        refusal = (self.refused or {}).get(found.name)
        if refusal is None and found.name == "Gsid":
            refusal = "only an update may name Gsid, as its identifier"
        elif refusal is None and found.audit:
            refusal = "it is an audit field that the run itself writes"
        elif refusal is None and (found.system or found.read_only):
            refusal = "it is computed or written by the system"
        if refusal is None:
            return found
        self.findings.error(
            "GS-ACTION-READ-ONLY",
            f"the field `{found.name}` of {self.object.name} cannot be loaded: {refusal}",
            name.place,
            value=name,
            hint="remove the mapping",
        )
        return None

    def bind(self, target: FieldDef, spec: MappingSpec, name: Text) -> BoundMapping | None:
        """One mapping, or None after a finding."""
        place = spec.place or name.place
        before = len(self.findings.errors)
        source = self._source(spec, place)
        options, mapped = self._options(target, spec, source, place)
        if source is not None:
            self._check_types(source, target.type, mapped, name, place)
        made = None
        if "value" in spec.model_fields_set and spec.value is not None:
            made = constant(spec.value, target.type, options, self.env, self.findings, placed(spec.value, place))
        elif "value" in spec.model_fields_set:
            made = typed_null(target.type.storage)
        default = None
        if spec.default is not None:
            known = self.options_of(target.type) if mapped else options
            default = constant(spec.default, target.type, known, self.env, self.findings, placed(spec.default, place))
        lookup = self._lookup(target, spec, place) if spec.lookup is not None else None
        if len(self.findings.errors) > before:
            return None
        on_null: OnNull = spec.on_null or self.env.profile["load.on_null"]
        return BoundMapping(
            target, source, made, lookup, options, mapped, default, on_null, spec.on_null is not None, place
        )

    def options_of(self, kind: DataType) -> Options | None:
        """What words mean for a picklist type; None for other types."""
        category = self.env.catalogue.categories.get(kind.category or "")
        if kind.family not in _LISTS or category is None:
            return None
        return item_options(category.items, ignore_case=self._ignore_case)

    @property
    def _ignore_case(self) -> bool:
        return bool(self.env.profile["object.picklist_case"] == "insensitive")

    def _source(self, spec: MappingSpec, place: Place | None) -> Expr | None:
        if spec.column is not None:
            return self.columns.column(spec.column)
        if spec.expression is None:
            return None
        hint = "Gainsight knows columns, constants and lookups; a formula column of a transform does the same"
        self.findings.warn("GS-EXT", "an expression in a field mapping is an extension", place, hint=hint)
        return self.columns.expression(spec.expression)

    def _check_types(self, source: Expr, target: DataType, mapped: bool, name: Text, place: Place | None) -> None:
        value = source.name if isinstance(source, ColumnRef) else str(name)
        if cell(source.type, target, self.env.profile["load.coerce"]) == "no":
            self.findings.error(
                "GS-TYPE",
                f"a {source.type} cannot be loaded into `{name}`, a {target} field (INVALID_TYPE)",
                place,
                value=value,
                hint=why_not(source.type, target),
            )
        elif needs_map(source.type, target) and not mapped:
            self.findings.error(
                "GS-ACTION-MAP",
                f"`{value}` and `{name}` are different picklists, which need a customise mapping",
                place,
                value=value,
                hint="add map: {source option: target option}",
            )

    def _options(
        self, target: FieldDef, spec: MappingSpec, source: Expr | None, place: Place | None
    ) -> tuple[Options | None, bool]:
        options = self.options_of(target.type)
        if spec.map is None:
            same = source is not None and source.type.family in _LISTS
            return (None if same else options), False
        if options is None or source is None:
            hint = "a customise mapping turns the options of a column into those of a picklist field"
            self.findings.error("GS-ACTION-MAP", "`map` is not for this field or source", place, hint=hint)
            return options, False
        known = self.options_of(source.type)
        entries: dict[str, str] = {}
        for word, target_word in spec.map.items():
            gsid = option_gsid(str(target_word), options, self.findings, placed(target_word, place))
            key = str(word) if known is None else self._source_item(word, known)
            if gsid is not None and key is not None:
                entries[key] = gsid
        return mapped_options(entries, ignore_case=self._ignore_case), True

    def _source_item(self, word: Text, known: Options) -> str | None:
        found = known.find(word)
        if found is None:
            self.findings.error(
                "GS-ACTION-PICKLIST",
                f"'{word}' is no option of the source picklist",
                word.place,
                value=word,
                near=known.nearest(word),
            )
            return None
        return found[0].gsid

    def _lookup(self, target: FieldDef, spec: MappingSpec, place: Place | None) -> BoundLookup | None:
        name = spec.lookup
        assert name is not None
        assert spec.match is not None
        assert spec.multiple is not None
        assert spec.none is not None
        found = find_object(self.env, name, self.findings)
        if target.type.kind not in (Kind.GSID, Kind.LOOKUP):
            hint = "a lookup gives the GSID of a record; use it for lookup and GSID fields"
            message = f"`{target.name}` is a {target.type} field and cannot take a looked-up record"
            self.findings.error("GS-ACTION-LOOKUP", message, place, value=target.name, hint=hint)
        if found is None:
            return None
        if target.type.target is not None and target.type.target.lower() != found.name.lower():
            self.findings.error(
                "GS-ACTION-LOOKUP",
                f"`{target.name}` points at {target.type.target}, the lookup finds records of {found.name}",
                name.place or place,
                value=name,
                hint=f"look up {target.type.target}",
            )
        pairs = [self._pair(found, field, column) for field, column in spec.match.items()]
        complete = tuple(pair for pair in pairs if pair is not None)
        return BoundLookup(found.name, complete, spec.multiple, spec.none)

    def _pair(self, found: ObjectDef, name: Text, item: Text) -> MatchPair | None:
        field = find_field(found, name, self.findings)
        source = self.columns.column(item)
        if field is None or source is None:
            return None
        options = self.options_of(field.type)
        if cell(source.type, field.type, self.env.profile["load.coerce"]) == "no" or needs_map(source.type, field.type):
            self.findings.error(
                "GS-TYPE",
                f"the column `{source.name}` ({source.type}) cannot be compared with `{field.name}` ({field.type})"
                " (INVALID_TYPE)",
                item.place,
                value=item,
                hint=why_not(source.type, field.type),
            )
            return None
        same = load_family(source.type) in _LISTS
        return MatchPair(field, source, None if same else options)


def find_field(found: ObjectDef, name: Text, findings: Findings) -> FieldDef | None:
    """The field of that API name or label, or None after a finding."""
    fields = found.find(name)
    if len(fields) == 1:
        return fields[0]
    if fields:
        names = " and ".join(f"`{field.name}`" for field in fields)
        findings.error(
            "GS-AMBIGUOUS",
            f"`{name}` fits several fields of {found.name}: {names}",
            name.place,
            value=name,
            hint="use the API name",
        )
        return None
    findings.error(
        "GS-NAME",
        f"{found.name} has no field `{name}` (INVALID_FIELD)",
        name.place,
        value=name,
        hint="`gsrules objects " + found.name + "` lists its fields",
        near=nearest(name, found.known_names),
    )
    return None


def find_object(env: BindEnv, name: Text, findings: Findings) -> ObjectDef | None:
    """The object of that name, or None after a finding."""
    found = env.catalogue.object(name)
    if found is None:
        findings.error(
            "GS-NAME",
            f"there is no object `{name}`",
            name.place,
            value=name,
            hint="`gsrules objects` lists all",
            near=nearest(name, env.catalogue.objects),
        )
    return found
