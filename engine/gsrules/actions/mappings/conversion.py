"""The conversion of a value to the type of a field, per row, with the codes of a failure (actions.md §3.2–§3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import (
    any_of,
    call,
    cast,
    column,
    fragment,
    left_join,
    named,
    number,
    select,
    sub,
    text,
)
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.options import Options
from gsrules.catalogue.datatypes import STRING, DataType, Family, Kind
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Convert, Expr

NUMBER_TEXT: Final = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
THOUSANDS_TEXT: Final = r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?"
ISO_TEXT: Final = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
SLASHED_TEXT: Final = r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}"
OFFSET_TEXT: Final = r"(Z|[+-]\d{2}:?\d{2})"
GSID_TEXT: Final = r"[0-9A-Z]{36}"
FORMATS: Final = {
    Kind.EMAIL: r"[^@\s]+@[^@\s]+\.[^@\s]+",
    Kind.URL: r"([A-Za-z][A-Za-z0-9+.\-]*://[^\s/]\S*|www\.\S+)",
    Kind.SFDC_ID: r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?",
}
"""Texts that a field of the kind accepts (platform.md §2.4)."""

_TRIMMED: Final = (Kind.EMAIL, Kind.URL, Kind.SFDC_ID)


@dataclass(frozen=True, slots=True)
class Converted:
    """A value typed as its field is stored, null where it fails; `failures` and `warnings` pair condition and code.

    `shown` is the source value as a text, for messages; `words` says more about a code than its own wording does.
    """

    value: exp.Expr
    shown: exp.Expr
    failures: tuple[tuple[exp.Expr, str], ...] = ()
    warnings: tuple[tuple[exp.Expr, str], ...] = ()
    words: Mapping[str, exp.Expr] = field(default_factory=dict)

    @property
    def failed(self) -> exp.Expr:
        return any_of(condition for condition, _ in self.failures)


def is_null(value: exp.Expr) -> exp.Expr:
    return fragment(":v IS NULL", v=value)


def not_null(value: exp.Expr) -> exp.Expr:
    return fragment("NOT :v IS NULL", v=value)


def trimmed(value: exp.Expr) -> exp.Expr:
    """Without spaces, tabs, CR and LF at both ends; null if nothing is left."""
    return fragment("NULLIF(:v, '')", v=without_blanks(value))


def without_blanks(value: exp.Expr) -> exp.Expr:
    """Without spaces, tabs, CR and LF at both ends.

    A look at both ends spares most values the trimming, which takes seven times as long.
    """
    if not isinstance(value, exp.Column):
        return fragment("TRIM(:v, :blanks)", v=value, blanks=text(" \t\r\n"))
    return fragment(
        "CASE WHEN LEFT(:v, 1) <= ' ' OR RIGHT(:v, 1) <= ' ' THEN TRIM(:v, :blanks) ELSE :v END",
        v=value,
        blanks=text(" \t\r\n"),
    )


def matches(value: exp.Expr, pattern: str) -> exp.Expr:
    return fragment("REGEXP_FULL_MATCH(:v, :p)", v=value, p=text(pattern))


def convert(expr: Expr, target: DataType, rows: Matched, options: Options | None, *, mapped: bool) -> Converted:
    """The value of `expr` as `target`.

    `options`: for a picklist target, what its words stand for; with `mapped` they are those of a customise mapping.
    The pair of types has passed `matrix.cell`.
    """
    family = load_family(target)
    if options is not None and family is Family.PICKLIST:
        return _to_picklist(expr, rows, options, mapped=mapped)
    if options is not None and family is Family.MULTI_PICKLIST:
        return _to_multi(expr, target, rows, options, mapped=mapped)
    return _PLAIN[family](expr, target, rows)


def as_text(expr: Expr, rows: Matched) -> exp.Expr:
    """A value as `to_string` writes it; ids as they are."""
    plain = load_family(expr.type) in (Family.TEXT, Family.ID)
    return rows.spell(expr if plain else Convert(expr, STRING))


def _to_text(expr: Expr, target: DataType, rows: Matched) -> Converted:
    value = rows.once(as_text(expr, rows))
    if target.kind in _TRIMMED:
        value = without_blanks(value)
        if target.kind is Kind.SFDC_ID:
            value = trimmed(value)
        value = rows.once(value)
    shown = value
    failures: list[tuple[exp.Expr, str]] = []
    if target.kind in FORMATS:
        failures.append((fragment("NOT :m", m=matches(value, FORMATS[target.kind])), "VALUE_INVALID"))
    elif target.kind is Kind.JSON:
        failures.append((fragment("NOT JSON_VALID(:v)", v=value), "VALUE_INVALID"))
    length = target.length
    if length is not None and not _fits(expr.type, length):
        if rows.run.profile["load.overlength"] == "truncate":
            value = fragment("LEFT(:v, :n)", v=value, n=number(length))
        else:
            failures.append((longer_than(length, value), "STRING_TOO_LONG"))
            return Converted(value, shown, tuple(failures), words={"STRING_TOO_LONG": length_words(length, value)})
    return Converted(value, shown, tuple(failures))


def longer_than(length: int, value: exp.Expr) -> exp.Expr:
    return fragment("LENGTH(:v) > :n", v=value, n=number(length))


def length_words(length: int, value: exp.Expr) -> exp.Expr:
    """What to say about a text that is too long: its beginning, its length and the limit."""
    return fragment(
        "CONCAT(:quote, LEFT(:v, 60), CASE WHEN LENGTH(:v) > 60 THEN '…' ELSE '' END, :quote,"
        " :has, LENGTH(:v), :limit)",
        quote=text("'"),
        has=text(" has "),
        v=value,
        limit=text(f" characters; at most {length} are allowed"),
    )


def _fits(source: DataType, length: int) -> bool:
    """Whether a text of that type can never be longer than `length`."""
    bounds = {Family.NUMBER: 60, Family.BOOLEAN: 5, Family.DATE: 13, Family.DATETIME: 35, Family.ID: 0}
    known = bounds.get(source.family, source.length or 0)
    return 0 < known <= length


def _to_number(expr: Expr, target: DataType, rows: Matched) -> Converted:
    value = rows.spell(expr)
    if expr.type.family is Family.NUMBER:
        exact = cast(value, target.storage) if expr.type.whole else value
        return Converted(exact, value)
    word = rows.once(trimmed(value))
    well_formed = rows.once(matches(word, NUMBER_TEXT))
    digits = word
    if target.kind is Kind.CURRENCY:
        thousands = rows.once(matches(word, THOUSANDS_TEXT))
        well_formed = fragment(":a OR :b", a=well_formed, b=thousands)
        digits = fragment("CASE WHEN :c THEN REPLACE(:v, ',', '') ELSE :v END", c=thousands, v=word)
    made = rows.once(fragment("TRY_CAST(:v AS DECIMAL(38, 9))", v=digits))
    return Converted(
        fragment("CASE WHEN :ok THEN :made END", ok=well_formed, made=made),
        value,
        (
            (fragment("NOT :ok", ok=exp.Paren(this=well_formed)), "TYPE_MISMATCH"),
            (fragment(":ok AND :made IS NULL", ok=well_formed, made=made), "NUMBER_OUT_OF_RANGE"),
        ),
    )


def _to_boolean(expr: Expr, target: DataType, rows: Matched) -> Converted:
    value = rows.spell(expr)
    if expr.type.family is Family.BOOLEAN:
        return Converted(value, value)
    word = rows.once(fragment("LOWER(:v)", v=trimmed(value)))
    doubtful = fragment("NOT :w IN ('true', 'false')", w=word)
    return Converted(fragment(":w = 'true'", w=word), value, (), ((doubtful, "BOOLEAN_COERCED"),))


def _to_date(expr: Expr, target: DataType, rows: Matched) -> Converted:
    value = rows.spell(expr)
    if expr.type.family is Family.DATE:
        return Converted(value, value)
    if expr.type.family is Family.DATETIME:
        return Converted(rows.spell(Convert(expr, target)), value)
    word = rows.once(trimmed(value))
    made = fragment(
        "CASE WHEN :iso THEN TRY_CAST(:v AS DATE) WHEN :slashed THEN CAST(TRY_STRPTIME(:v, '%m/%d/%Y') AS DATE)"
        " WHEN :dashed THEN CAST(TRY_STRPTIME(:v, '%m-%d-%Y') AS DATE) END",
        v=word,
        iso=matches(word, r"\d{4}-\d{2}-\d{2}"),
        slashed=matches(word, r"\d{2}/\d{2}/\d{4}"),
        dashed=matches(word, r"\d{2}-\d{2}-\d{4}"),
    )
    made = fragment("CASE WHEN :made >= CAST('0001-01-01' AS DATE) THEN :made END", made=rows.once(made))
    made = rows.once(made)
    return Converted(made, value, ((_unread(word, made), "TYPE_MISMATCH"),))


def _unread(word: exp.Expr, made: exp.Expr) -> exp.Expr:
    return fragment("NOT :w IS NULL AND :made IS NULL", w=word, made=made)


def _to_datetime(expr: Expr, target: DataType, rows: Matched) -> Converted:
    value = rows.spell(expr)
    if expr.type.family is Family.DATETIME:
        return Converted(value, value)
    if expr.type.family is Family.DATE:
        return Converted(rows.spell(Convert(expr, target)), value)
    word = rows.once(trimmed(value))
    pattern = f"^({ISO_TEXT}|{SLASHED_TEXT}){OFFSET_TEXT}?$"
    local = rows.once(fragment("REGEXP_EXTRACT(:v, :p, 1)", v=word, p=text(pattern)))
    pattern = OFFSET_TEXT.replace("(Z|", "(?:Z|") + "$"
    offset = rows.once(fragment("REGEXP_EXTRACT(:v, :p)", v=word, p=text(pattern)))
    moment = fragment(
        "CASE WHEN :iso THEN TRY_CAST(REPLACE(:t, 'T', ' ') AS TIMESTAMP)"
        " WHEN :slashed THEN TRY_STRPTIME(:t, '%m/%d/%Y %H:%M:%S') END",
        t=local,
        iso=matches(local, ISO_TEXT),
        slashed=matches(local, SLASHED_TEXT),
    )
    moment = rows.once(moment)
    zoned = moment
    if rows.run.profile["tenant.timezone"] != "UTC":
        zone = text(rows.run.profile["tenant.timezone"])
        zoned = fragment("TIMEZONE('UTC', TIMEZONE(:zone, :t))", zone=zone, t=moment)
    minutes = fragment(
        "CAST(SUBSTRING(:o, 2, 2) AS INT) * 60 + CAST(RIGHT(:o, 2) AS INT)",
        o=offset,
    )
    shifted = fragment(
        "CASE WHEN :o = '' THEN :zoned WHEN :o = 'Z' THEN :t"
        " WHEN :o LIKE '-%' THEN :t + TO_MINUTES(:m) ELSE :t - TO_MINUTES(:m) END",
        o=offset,
        zoned=zoned,
        t=moment,
        m=minutes,
    )
    shifted = rows.once(shifted)
    made = fragment("CASE WHEN :t >= CAST('0001-01-01' AS TIMESTAMP) THEN DATE_TRUNC('millisecond', :t) END", t=shifted)
    made = rows.once(made)
    return Converted(made, value, ((_unread(word, made), "TYPE_MISMATCH"),))


def _to_id(expr: Expr, target: DataType, rows: Matched) -> Converted:
    value = rows.spell(expr)
    if load_family(expr.type) is Family.ID:
        return Converted(value, value)
    word = rows.once(trimmed(value))
    fits = rows.once(matches(word, GSID_TEXT))
    return Converted(
        fragment("CASE WHEN :ok THEN :w END", ok=fits, w=word),
        value,
        ((fragment("NOT :ok", ok=fits), "VALUE_INVALID"),),
    )


def _same_list(expr: Expr, target: DataType, rows: Matched) -> Converted:
    value = rows.spell(expr)
    if expr.type.family is Family.PICKLIST and target.family is Family.MULTI_PICKLIST:
        value = fragment("CASE WHEN NOT :v IS NULL THEN [:v] END", v=value)
    return Converted(value, value)


_PLAIN: Final = {
    Family.TEXT: _to_text,
    Family.NUMBER: _to_number,
    Family.BOOLEAN: _to_boolean,
    Family.DATE: _to_date,
    Family.DATETIME: _to_datetime,
    Family.ID: _to_id,
    Family.PICKLIST: _same_list,
    Family.MULTI_PICKLIST: _same_list,
}


def _codes(unknown: exp.Expr, inactive: exp.Expr, *, mapped: bool) -> tuple[tuple[exp.Expr, str], ...]:
    first = (unknown, "PICKLIST_UNMAPPED" if mapped else "PICKLIST_UNKNOWN")
    return (first,) if mapped else (first, (inactive, "PICKLIST_INACTIVE"))


def _to_picklist(expr: Expr, rows: Matched, options: Options, *, mapped: bool) -> Converted:
    by_item = expr.type.family is Family.PICKLIST
    word = rows.spell(expr) if by_item else rows.once(trimmed(rows.spell(expr)))
    exact = rows.join(options.exact(), [("k", word)])
    gsid: exp.Expr = column("g", exact)
    active: exp.Expr = column("a", exact)
    differs: tuple[tuple[exp.Expr, str], ...] = ()
    if options.ignore_case and not by_item:
        folded = rows.join(options.folded(), [("k", fragment("LOWER(:w)", w=word))])
        only = fragment(":e IS NULL AND NOT :f IS NULL", e=gsid, f=column("g", folded))
        differs = ((only, "LABEL_CASE_DIFFERS"),)
        gsid = fragment("COALESCE(:e, :f)", e=gsid, f=column("g", folded))
        active = fragment("COALESCE(:e, :f)", e=active, f=column("a", folded))
    unknown = fragment("NOT :w IS NULL AND :g IS NULL", w=word, g=gsid)
    inactive = fragment("NOT :a", a=active)
    value = gsid if mapped else fragment("CASE WHEN :a THEN :g END", a=active, g=gsid)
    return Converted(value, as_text(expr, rows), _codes(unknown, inactive, mapped=mapped), differs)


def _to_multi(expr: Expr, target: DataType, rows: Matched, options: Options, *, mapped: bool) -> Converted:
    """Each distinct source value is split, matched and put together once, then joined back."""
    raw = rows.spell(expr)
    parts, word = _parts(expr, raw, rows)
    exact = sub(options.exact(), "e")
    folded = sub(options.folded(), "f")
    fold = options.ignore_case and expr.type.family is Family.TEXT
    gsid = fragment("COALESCE(:e, :f)", e=column("g", "e"), f=column("g", "f")) if fold else column("g", "e")
    active = fragment("COALESCE(:e, :f)", e=column("a", "e"), f=column("a", "f")) if fold else column("a", "e")
    matched = select(
        named(column("t", "p"), "t"),
        named(column("n", "p"), "n"),
        named(gsid, "g"),
        named(column("w", "p"), "w"),
        named(is_null(gsid), "unknown"),
        named(fragment("NOT :a", a=active), "inactive"),
        named(is_null(column("g", "e")), "differs"),
    ).from_(sub(parts, "p"), copy=False)
    matched = matched.join(left_join(exact, on=exp.EQ(this=column("k", "e"), expression=column("w", "p"))), copy=False)
    if fold:
        lower = fragment("LOWER(:w)", w=column("w", "p"))
        matched = matched.join(left_join(folded, on=exp.EQ(this=column("k", "f"), expression=lower)), copy=False)
    once = select(
        column("t"),
        column("g"),
        named(fragment("MIN(:n)", n=column("n")), "n"),
        named(fragment("ARG_MIN(:w, :n)", w=column("w"), n=column("n")), "w"),
        *(named(fragment("BOOL_OR(:b)", b=column(b)), b) for b in ("unknown", "inactive", "differs")),
    ).from_(sub(matched, "m"), copy=False)
    once = once.group_by(column("t"), column("g"), copy=False)
    whole = select(
        column("t"),
        named(fragment("LIST(:g ORDER BY :n)", g=column("g"), n=column("n")), "g"),
        *(named(fragment("BOOL_OR(:b)", b=column(b)), b) for b in ("unknown", "inactive", "differs")),
        *(named(_first_word(b), f"{b}_word") for b in ("unknown", "inactive")),
    ).from_(sub(once, "o"), copy=False)
    alias = rows.join(whole.group_by(column("t"), copy=False), [("t", word)])
    failures = _codes(column("unknown", alias), column("inactive", alias), mapped=mapped)
    value = fragment(
        "CASE WHEN NOT (:bad) THEN :g END", bad=any_of(condition for condition, _ in failures), g=column("g", alias)
    )
    differs = fragment("NOT :u AND :d", u=column("unknown", alias), d=column("differs", alias))
    warnings = ((differs, "LABEL_CASE_DIFFERS"),) if fold else ()
    shown = as_text(expr, rows)
    if expr.type.family is Family.TEXT:
        bad = [column(f"{b}_word", alias) for b in ("unknown", "inactive")[: len(failures)]]
        shown = call("coalesce", *bad, shown)
    return Converted(value, shown, failures, warnings)


def _first_word(wrong: str) -> exp.Expr:
    return fragment("ARG_MIN(CASE WHEN :b THEN :w END, :n)", b=column(wrong), w=column("w"), n=column("n"))


def _parts(expr: Expr, raw: exp.Expr, rows: Matched) -> tuple[exp.Select, exp.Expr]:
    """Columns `t` (source value), `w` (one of its words), `n` (its position); and the value to join on."""
    family = expr.type.family
    word = raw if family in (Family.PICKLIST, Family.MULTI_PICKLIST) else trimmed(raw)
    words = {
        Family.MULTI_PICKLIST: column("t"),
        Family.PICKLIST: fragment("[:t]", t=column("t")),
    }.get(family, fragment("STRING_SPLIT(:t, ';')", t=column("t")))
    split = select(
        column("t"),
        named(fragment("UNNEST(:w)", w=words), "w"),
        named(fragment("GENERATE_SUBSCRIPTS(:w, 1)", w=words), "n"),
    ).from_(sub(rows.distinct(word, "t"), "s"), copy=False)
    tidy = trimmed(column("w")) if family is Family.TEXT else column("w")
    query = select(column("t"), named(tidy, "w"), column("n")).from_(sub(split, "u"), copy=False)
    return query.where(not_null(tidy), copy=False), word
