"""Bound mappings as SQL over the matched rows: value, codes and warnings (the value pipeline of actions.md §3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import (
    any_of,
    call,
    case,
    column,
    fragment,
    named,
    select,
    sub,
    text,
    texts,
    typed_null,
    use,
)
from gsrules.actions.mappings.conversion import Converted, as_text, convert, is_null, not_null, trimmed
from gsrules.actions.mappings.mapping import BoundLookup, BoundMapping, MatchPair
from gsrules.actions.mappings.matrix import load_family
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr

CodeEntry = tuple[exp.Expr, str]


@dataclass(frozen=True, slots=True)
class StagedValue:
    """The value of one mapping, with what can be wrong with it; `label` names the field in messages.

    `words` says more about a code than its own wording does; null where that one is right.
    """

    label: str
    value: exp.Expr
    shown: exp.Expr
    failures: tuple[CodeEntry, ...] = ()
    warnings: tuple[CodeEntry, ...] = ()
    words: Mapping[str, exp.Expr] = field(default_factory=dict)

    def with_failure(self, condition: exp.Expr, code: str) -> StagedValue:
        return replace(self, failures=(*self.failures, (condition, code)))

    @property
    def code(self) -> exp.Expr:
        """The first code that applies, else null."""
        return case((condition, text(code)) for condition, code in self.failures)


def stage(mapping: BoundMapping, rows: Matched) -> StagedValue:
    """Steps 1 to 4 of the pipeline: source, customise mapping, conversion, default."""
    field = mapping.field
    label = f"`{field.name}` ({field.type})"
    kept: list[CodeEntry] = []
    if mapping.constant is not None:
        made = Converted(mapping.constant, text(mapping.constant.sql("duckdb")))
    elif mapping.lookup is not None:
        made, kept = _looked_up(mapping.lookup, rows)
    else:
        assert mapping.source is not None
        made = convert(mapping.source, field.type, rows, mapping.options, mapped=mapping.mapped)
        made = _within_values(made, field.values)
    if mapping.lookup is None and field.type.target is not None:
        made = _referenced(made, field.type.target, rows)
    if mapping.default is None:
        return StagedValue(label, made.value, made.shown, (*kept, *made.failures), made.warnings, made.words)
    value = fragment("COALESCE(:v, :d)", v=made.value, d=mapping.default)
    if made.failures:
        value = fragment("CASE WHEN :bad THEN :d ELSE :v END", bad=made.failed, d=mapping.default, v=value)
    return StagedValue(label, value, made.shown, tuple(kept), made.warnings)


def _within_values(made: Converted, values: Sequence[str]) -> Converted:
    """A text field that takes certain texts only."""
    if not values:
        return made
    other = fragment("NOT :v", v=exp.In(this=use(made.value), expressions=[text(value) for value in values]))
    return replace(made, failures=(*made.failures, (other, "VALUE_INVALID")))


def _referenced(made: Converted, target: str, rows: Matched) -> Converted:
    """Checks that the GSID is that of a record (`load.dangling_reference`)."""
    mode = rows.run.profile["load.dangling_reference"]
    if mode == "allow":
        return made
    known = select(named(column("Gsid"), "k")).from_(rows.run.tenant.table(target), copy=False)
    alias = rows.join(known, [("k", made.value)])
    dangling = fragment("NOT :v IS NULL AND :k IS NULL", v=made.value, k=column("k", alias))
    entry = (dangling, "REFERENCE_NOT_FOUND")
    if mode == "error":
        return replace(made, failures=(*made.failures, entry))
    return replace(made, warnings=(*made.warnings, entry))


def _looked_up(lookup: BoundLookup, rows: Matched) -> tuple[Converted, list[CodeEntry]]:
    """The GSID that an import lookup finds (actions.md §3.3), and the codes that no default cures."""
    keys = [_match_key(pair, rows) for pair in lookup.pairs]
    stored = [comparable(column(pair.field.name), pair.field.type.family, _lookup_fold(rows)) for pair in lookup.pairs]
    grouped = select(
        *(named(key, f"k{i}") for i, key in enumerate(stored)),
        named(fragment("MIN(:g)", g=column("Gsid")), "g"),
        named(exp.Count(this=exp.Star()), "n"),
    ).from_(rows.run.tenant.table(lookup.object), copy=False)
    for key in stored:
        grouped = grouped.where(not_null(key), copy=False)
    alias = rows.join(
        grouped.group_by(*(key.copy() for key in stored), copy=False), [(f"k{i}", key) for i, key in enumerate(keys)]
    )
    gsid, count = column("g", alias), column("n", alias)
    several = fragment(":n > 1", n=count)
    shown = call("concat_ws", text(", "), *(as_text(pair.source, rows) for pair in lookup.pairs))
    failures: list[CodeEntry] = []
    kept: list[CodeEntry] = []
    warnings: list[CodeEntry] = []
    if lookup.none == "error":
        failures.append((is_null(gsid), "LOOKUP_NO_MATCH"))
    if lookup.multiple == "error":
        kept.append((several, "LOOKUP_MULTIPLE_MATCH"))
    else:
        warnings.append((several, "LOOKUP_ANY_ONE"))
    words = {"LOOKUP_NO_MATCH": _null_columns(lookup, rows)}
    return Converted(gsid, shown, tuple(failures), tuple(warnings), words), kept


def _null_columns(lookup: BoundLookup, rows: Matched) -> exp.Expr:
    """The first null match column in words: with it a lookup finds nothing (actions.md §3.3)."""
    return case(
        (is_null(rows.spell(pair.source)), text(f"the lookup finds no record, because `{pair.source.name}` is null"))
        for pair in lookup.pairs
    )


def _lookup_fold(rows: Matched) -> str:
    return "lower" if rows.run.profile["load.lookup_case"] == "insensitive" else "trim"


def _match_key(pair: MatchPair, rows: Matched) -> exp.Expr:
    made = convert(pair.source, pair.field.type, rows, pair.options, mapped=False)
    return comparable(made.value, pair.field.type.family, _lookup_fold(rows))


def comparable(value: exp.Expr, family: Family, fold: str) -> exp.Expr:
    """What two values of a family are compared by: texts trimmed (and in lower case), lists as sets."""
    if family is Family.TEXT:
        word = fragment("TRIM(:v, :blanks)", v=value, blanks=text(" \t\r\n"))
        return fragment("LOWER(:w)", w=word) if fold == "lower" else word
    return as_set(value) if family is Family.MULTI_PICKLIST else value


def as_set(value: exp.Expr) -> exp.Expr:
    return fragment("LIST_SORT(:v)", v=value)


def staged_rows(rows: Matched, items: Sequence[exp.Expr], values: Sequence[StagedValue]) -> exp.Select:
    """The matched rows with `items`, the codes of each row with field, value and words of the first, the warnings.

    What is wrong is decided once, in a sub-select; the lists are put together over it.
    """
    failing = [value for value in values if value.failures]
    warned: dict[str, list[exp.Expr]] = {}
    for value in values:
        for condition, code in value.warnings:
            warned.setdefault(code, []).append(condition)
    staged = rows.select(
        [
            *items,
            *(named(value.code, f"code:{i}") for i, value in enumerate(failing)),
            *(named(_shown_if_failing(value), f"shown:{i}") for i, value in enumerate(failing)),
            *(named(_words(value), f"words:{i}") for i, value in enumerate(failing) if value.words),
            *(named(_holds(conditions), f"warns:{i}") for i, conditions in enumerate(warned.values())),
        ]
    )
    codes = [column(f"code:{i}") for i, _ in enumerate(failing)]
    failed = [fragment("NOT :c IS NULL", c=code) for code in codes]
    warns = [column(f"warns:{i}") for i, _ in enumerate(warned)]
    shown = [fragment("LEFT(CAST(:s AS VARCHAR), 200)", s=column(f"shown:{i}")) for i, _ in enumerate(failing)]
    words = [column(f"words:{i}") if value.words else typed_null("VARCHAR") for i, value in enumerate(failing)]
    return select(
        *(column(item.alias) for item in items),
        named(_first_of(failed, [_chosen(codes, failed)], "VARCHAR[]"), "codes"),
        named(_first_of(failed, [text(value.label) for value in failing], "VARCHAR"), "field"),
        named(_first_of(failed, shown, "VARCHAR"), "shown"),
        named(_first_of(failed, words, "VARCHAR"), "words"),
        named(_first_of(warns, [_chosen([text(code) for code in warned], warns)], "VARCHAR[]"), "warnings"),
    ).from_(sub(staged, "w"), copy=False)


def _shown_if_failing(value: StagedValue) -> exp.Expr:
    """The shown value; computed for failing rows only, unless it is there anyway."""
    if isinstance(value.shown, exp.Column | exp.Literal):
        return value.shown
    bad = any_of(condition for condition, _ in value.failures)
    return fragment("CASE WHEN :bad THEN :shown END", bad=bad, shown=value.shown)


def _words(value: StagedValue) -> exp.Expr:
    """The words of the first code that applies."""
    none = typed_null("VARCHAR")
    return case((condition, value.words.get(code, none)) for condition, code in value.failures)


def _holds(conditions: Sequence[exp.Expr]) -> exp.Expr:
    return fragment("COALESCE(:c, FALSE)", c=any_of(conditions))


def _chosen(words: Sequence[exp.Expr], conditions: Sequence[exp.Expr]) -> exp.Expr:
    """Those words whose condition (never null) holds, in order."""
    return call("list_where", texts(words), exp.Array(expressions=[use(condition) for condition in conditions]))


def _first_of(conditions: Sequence[exp.Expr], results: Sequence[exp.Expr], storage: str) -> exp.Expr:
    """The result of the first condition that holds, else null; one result may stand for all conditions."""
    if not conditions:
        return typed_null(storage)
    if len(results) == 1:
        return case([(any_of(conditions), results[0])])
    return case(zip(conditions, results, strict=True))


def entity_id(source: Expr, rows: Matched) -> Converted:
    """A column as the id of a record; text must be a well-formed GSID (actions.md §1.11)."""
    value = rows.spell(source)
    if load_family(source.type) is Family.ID:
        return Converted(value, value)
    word = rows.once(trimmed(value))
    fits = rows.once(fragment("REGEXP_FULL_MATCH(:w, '[0-9A-Z]{36}')", w=word))
    made = rows.once(fragment("CASE WHEN :ok THEN :w END", ok=fits, w=word))
    return Converted(made, value, ((fragment("NOT :ok", ok=fits), "VALUE_INVALID"),))
