"""What counts as a score in a scheme: labels, and whole numbers in ranges (actions.md §7.1, §7.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import case, cast, column, fragment, relation, select, text, typed_null
from gsrules.actions.changes.statement import statement
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.conversion import NUMBER_TEXT, as_text, matches, trimmed
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.values import CodeEntry
from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr

NUMERIC: Final = "NUMERIC"
_NUMBER: Final = "DECIMAL(38, 9)"
_MOST: Final = 100_000

# Words (`w:`) and whole numbers (`p:`) with the range that they mean. Ranges among the tenant's records that the
# catalogue does not define take the place of those that it does. A name comes before a label, a label before a GSID.
_SCALE: Final = f"""
WITH "ranges" AS (
  SELECT d."SchemeType" AS "scheme", d."Gsid" AS "gsid", d."Name" AS "name", d."Label" AS "label",
    CAST(CEIL(d."RangeFrom") AS BIGINT) AS "low", CAST(FLOOR(d."RangeTo") AS BIGINT) AS "high",
    COALESCE(d."Score", CASE WHEN d."SchemeType" <> 'NUMERIC' THEN ROUND((d."RangeFrom" + d."RangeTo") / 2) END)
      AS "score",
    :known AS "known", BOOL_AND(:known) OVER (PARTITION BY d."SchemeType") AS "all_known"
  FROM "@definitions" AS d
), "own" AS (SELECT * FROM "ranges" WHERE "all_known" OR NOT "known"
), "entries" AS (
  SELECT "scheme", 'w:' || LOWER(TRIM("name")) AS "key", 1 AS "rank", "low", "gsid", "score" FROM "own"
  UNION ALL
  SELECT "scheme", 'w:' || LOWER(TRIM("label")), 2, "low", "gsid", "score" FROM "own"
  UNION ALL
  SELECT "scheme", 'w:' || LOWER("gsid"), 3, "low", "gsid", "score" FROM "own"
  UNION ALL
  SELECT "scheme", 'p:' || CAST(UNNEST(RANGE("low", LEAST("high", "low" + {_MOST}) + 1)) AS VARCHAR), 4, "low",
    "gsid", "score" FROM "own"
), "ranked" AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY "scheme", "key" ORDER BY "rank", "low", "gsid") AS "place" FROM "entries"
)
SELECT r."scheme", r."key", r."gsid", CAST(r."score" AS {_NUMBER}) AS "score",
  b."low", b."high", b."labels"
FROM "ranked" AS r
JOIN (SELECT "scheme", MIN("low") AS "low", MAX("high") AS "high",
  STRING_AGG("label", ', ' ORDER BY "low" DESC) AS "labels" FROM "own" GROUP BY "scheme") AS b
  ON b."scheme" = r."scheme"
WHERE r."place" = 1 AND NOT r."key" IS NULL
"""


@dataclass(frozen=True, slots=True)
class ScoreSource:
    """Where a score comes from: a column or expression, or a constant; `default` is taken where that is no score."""

    source: Expr | None
    constant: Decimal | str | None = None
    default: Decimal | str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A raw score as SQL: as a number and as a word, at most one of them for columns of numbers; and as it came."""

    number: exp.Expr
    word: exp.Expr
    shown: exp.Expr


@dataclass(frozen=True, slots=True)
class StagedScore:
    """A score of the scheme with the GSID of its range, both null where there is none; what can be wrong with it."""

    score: exp.Expr
    range: exp.Expr
    shown: exp.Expr
    blank: exp.Expr
    failures: tuple[CodeEntry, ...]
    words: Mapping[str, exp.Expr]


def scale_table(run: ActionRun, catalogue: Catalogue) -> str:
    """A table of the words and numbers that are scores, by scheme."""
    known = exp.In(this=column("Gsid", "d"), expressions=[text(each.gsid) for each in catalogue.schemes] or [text("")])
    tables: dict[str, exp.Expr] = {"definitions": run.tenant.table("scorecard_scheme_definition")}
    return run.scratch().table("scale", lambda: statement(_SCALE, tables, known=known))


def given(source: ScoreSource, rows: Matched) -> Given:
    """The raw score of a row."""
    if source.source is None:
        return _constant(source.constant)
    value = rows.spell(source.source)
    none = typed_null("VARCHAR")
    if source.source.type.family is Family.NUMBER:
        return Given(cast(value, _NUMBER), none, value)
    if load_family(source.source.type) is Family.PICKLIST:
        word = rows.once(as_text(source.source, rows))
        return Given(typed_null(_NUMBER), word, word)
    word = rows.once(trimmed(value))
    made = fragment("CASE WHEN :ok THEN TRY_CAST(:w AS DECIMAL(38, 9)) END", ok=matches(word, NUMBER_TEXT), w=word)
    return Given(rows.once(made), word, word)


def _constant(value: Decimal | str | None) -> Given:
    none = typed_null("VARCHAR")
    if isinstance(value, Decimal):
        return Given(cast(text(format(value, "f")), _NUMBER), none, text(format(value, "f")))
    word = text(value.strip()) if value is not None else none
    return Given(typed_null(_NUMBER), word, word)


def chosen(among: Sequence[tuple[int, Given]], which: exp.Expr) -> Given:
    """The one of several whose number `which` is."""
    if len(among) == 1:
        return among[0][1]

    def of(part: str) -> exp.Expr:
        return case(((exp.Literal.number(i), getattr(one, part)) for i, one in among), None, subject=which)

    shown = case(((exp.Literal.number(i), cast(one.shown, "VARCHAR")) for i, one in among), None, subject=which)
    return Given(of("number"), of("word"), shown)


def stage_score(raw: Given, scheme: exp.Expr, scale: str, rows: Matched) -> StagedScore:
    """Places a raw score in the ranges of the row's scheme (`score.out_of_range`)."""
    entries = select(column("scheme"), column("key"), column("gsid"), column("score")).from_(
        relation(scale), copy=False
    )
    key = fragment("CASE WHEN :s <> 'NUMERIC' THEN CONCAT('w:', LOWER(:w)) END", s=scheme, w=raw.word)
    label = rows.join(entries, [("scheme", scheme), ("key", key)])
    bounds = select(
        column("scheme"),
        exp.alias_(fragment("MIN(:l)", l=column("low")), "low", quoted=True),
        exp.alias_(fragment("MAX(:h)", h=column("high")), "high", quoted=True),
        exp.alias_(fragment("MIN(:l)", l=column("labels")), "labels", quoted=True),
    ).from_(relation(scale), copy=False)
    bound = rows.join(bounds.group_by(column("scheme"), copy=False), [("scheme", scheme)])
    low, high = column("low", bound), column("high", bound)
    whole = fragment("ROUND(:n, 0)", n=raw.number)
    outside = fragment(":r < :low OR :r > :high", r=whole, low=low, high=high)
    if rows.run.profile["score.out_of_range"] == "clamp":
        whole = fragment("GREATEST(:low, LEAST(:high, :r))", low=low, high=high, r=whole)
        whole = fragment("CASE WHEN NOT :n IS NULL THEN :w END", n=raw.number, w=whole)
    point_key = fragment("CONCAT('p:', CAST(CAST(:r AS DECIMAL(38, 0)) AS VARCHAR))", r=whole)
    point = rows.join(entries.copy(), [("scheme", scheme), ("key", point_key)])
    by_label = fragment("NOT :g IS NULL", g=column("gsid", label))
    score = fragment(
        "CASE WHEN :l THEN :ls WHEN :s = 'NUMERIC' THEN :r ELSE :ps END",
        l=by_label,
        ls=column("score", label),
        s=scheme,
        r=cast(whole, _NUMBER),
        ps=column("score", point),
    )
    place = fragment("COALESCE(:l, :p)", l=column("gsid", label), p=column("gsid", point))
    blank = fragment(":n IS NULL AND :w IS NULL", n=raw.number, w=raw.word)
    nothing = fragment("NOT :w IS NULL AND :n IS NULL AND NOT :l", w=raw.word, n=raw.number, l=by_label)
    failures: list[CodeEntry] = [(nothing, "SCORE_INVALID")]
    if rows.run.profile["score.out_of_range"] != "clamp":
        beyond = fragment("NOT :l AND NOT :n IS NULL AND :o", l=by_label, n=raw.number, o=outside)
        failures.append((beyond, "SCORE_OUT_OF_RANGE"))
    words = _words(raw, scheme, low, high, column("labels", bound))
    return StagedScore(score, place, raw.shown, blank, tuple(failures), words)


def _words(raw: Given, scheme: exp.Expr, low: exp.Expr, high: exp.Expr, labels: exp.Expr) -> dict[str, exp.Expr]:
    """What is a score instead."""
    taken = fragment(
        "CONCAT(:quote, :shown, :none, CASE WHEN :s <> 'NUMERIC' THEN CONCAT(:l, ' or ') ELSE '' END, :whole, :low,"
        " ' to ', :high)",
        quote=text("'"),
        shown=fragment(
            "CASE WHEN CONTAINS(CAST(:v AS VARCHAR), '.') THEN RTRIM(RTRIM(CAST(:v AS VARCHAR), '0'), '.')"
            " ELSE CAST(:v AS VARCHAR) END",
            v=raw.shown,
        ),
        none=text("' is no score of the scheme, which takes "),
        s=scheme,
        l=labels,
        whole=text("a number from "),
        low=low,
        high=high,
    )
    return {"SCORE_INVALID": taken, "SCORE_OUT_OF_RANGE": taken}


def with_default(score: StagedScore, other: StagedScore) -> StagedScore:
    """`score`, and where it is none or wrong, the default (actions.md §3.2)."""
    bad = exp.Paren(this=fragment(":b OR :f", b=exp.Paren(this=score.blank), f=exp.Paren(this=_any(score.failures))))
    return StagedScore(
        case([(bad, other.score)], score.score),
        case([(bad, other.range)], score.range),
        score.shown,
        fragment(":bad AND :b", bad=bad, b=exp.Paren(this=other.blank)),
        tuple(
            (fragment(":bad AND :f", bad=bad, f=exp.Paren(this=condition)), code) for condition, code in other.failures
        ),
        other.words,
    )


def _any(failures: Sequence[CodeEntry]) -> exp.Expr:
    from gsrules.actions.changes.staging import any_of

    return any_of(fragment("COALESCE(:c, FALSE)", c=condition) for condition, _ in failures)
