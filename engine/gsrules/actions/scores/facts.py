"""Set Score: what every row sets (actions.md §7.2), and the facts that come of it."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns, Received, change_list
from gsrules.actions.changes.messages import SKIPS
from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import (
    any_of,
    case,
    column,
    fragment,
    given_number,
    named,
    number,
    relation,
    select,
    text,
    typed_null,
    use,
    write_view,
)
from gsrules.actions.changes.stamps import created_stamps, modified_stamps
from gsrules.actions.changes.statement import statement
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.conversion import length_words, longer_than
from gsrules.actions.mappings.entity import BoundEntity, stage_entity, unknown_types
from gsrules.actions.mappings.tokens import null_tokens
from gsrules.actions.mappings.values import CodeEntry, StagedValue, staged_rows
from gsrules.actions.scores.cards import applied_card
from gsrules.actions.scores.rollup import Rollup
from gsrules.actions.scores.scale import ScoreSource, chosen, given, scale_table, stage_score, with_default
from gsrules.actions.traits import FAILED, Decision, Traits
from gsrules.catalogue import Catalogue
from gsrules.catalogue.scorecards import CARDS, ENTITY_TYPES, MEASURES
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem, RunError, nearest
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList, Write

FACTS: Final = {"company": "unified_scorecard_fact_company", "relationship": "unified_scorecard_fact_relationship"}
_FIELDS: Final = ("CurrentScore", "CurrentScoreId", "PreviousScore", "PreviousScoreId", "Trend", "Comment")

# The stated scorecards with the records that they and the measure mean: a name in its own letters comes first.
_STATED: Final = """
SELECT * FROM (
  SELECT w."i", w."word", m."Gsid" AS "card", m."SchemeType" AS "scheme", q."Gsid" AS "measure",
    ROW_NUMBER() OVER (PARTITION BY w."i" ORDER BY q."Gsid" IS NULL, m."Name" <> w."word", m."IsActive" = FALSE,
      m."Gsid", q."Name" <> :measure, q."Gsid") AS "place"
  FROM (SELECT UNNEST(:numbers) AS "i", UNNEST(:words) AS "word") AS w
  LEFT JOIN "@masters" AS m
    ON m."EntityType" = :kind AND (LOWER(m."Name") = LOWER(w."word") OR m."Gsid" = w."word")
  LEFT JOIN "@measures" AS q
    ON q."ScorecardId" = m."Gsid" AND COALESCE(q."LevelType", 'MEASURE') = 'MEASURE'
      AND NOT LOWER(q."Name") IN ('overall score', 'overall')
      AND (LOWER(q."Name") = LOWER(:measure) OR q."Gsid" = :measure)
) AS s WHERE s."place" = 1
"""

_DECIDED: Final = """
WITH "numbered" AS (
  SELECT s.*, s."codes" IS NULL AS "live",
    ROW_NUMBER() OVER (PARTITION BY s."codes" IS NULL, s."entity" ORDER BY s."row" DESC) AS "place"
  FROM "@staged" AS s
), "stored" AS (
  SELECT :owner, f."MeasureId", f."Gsid", f."CurrentScore", f."CurrentScoreId", f."PreviousScore", f."PreviousScoreId",
    f."Trend", f."Comment", ROW_NUMBER() OVER (PARTITION BY :owner, f."MeasureId" ORDER BY f."Gsid") AS "place"
  FROM "@facts" AS f
), "joined" AS (
  SELECT n.* EXCLUDE ("codes", "place"),
    CASE WHEN n."live" AND n."place" > 1 THEN ['DUPLICATE_IN_BATCH'] ELSE n."codes" END AS "codes",
    f."Gsid" AS "gsid", f."CurrentScore" AS "b:CurrentScore", f."CurrentScoreId" AS "b:CurrentScoreId",
    f."PreviousScore" AS "b:PreviousScore", f."PreviousScoreId" AS "b:PreviousScoreId", f."Trend" AS "b:Trend",
    f."Comment" AS "b:Comment"
  FROM "numbered" AS n
  LEFT JOIN "stored" AS f
    ON n."live" AND n."place" = 1 AND f."place" = 1 AND :stored_owner = n."entity" AND f."MeasureId" = n."measure"
), "changed" AS (
  SELECT *, "b:CurrentScore" IS DISTINCT FROM "score"
    OR (NOT "comment" IS NULL AND "comment" IS DISTINCT FROM "b:Comment") AS "differs" FROM "joined"
)
SELECT *,
  CASE WHEN "codes" IS NULL THEN CASE WHEN "gsid" IS NULL THEN 'created' WHEN "differs" THEN 'updated'
    ELSE 'unchanged' END WHEN :skipped THEN 'skipped' ELSE 'failed' END AS "outcome"
FROM "changed"
"""

# The facts that are written: those of the measure, then the overall ones. New ones get their GSIDs in this order.
_CHANGES: Final = """
WITH "all" AS (
  SELECT 1 AS "kind", d."row", d."entity", d."company", d."card", d."measure", d."gsid", d."score", d."range",
    COALESCE(d."comment", d."b:Comment") AS "comment", d."b:CurrentScore" AS "before",
    d."b:CurrentScoreId" AS "before_range"
  FROM "@decided" AS d WHERE d."outcome" IN ('created', 'updated')
  UNION ALL
  SELECT 2, r."row", r."entity", r."company", r."card", r."measure", r."gsid", r."score", r."range", r."comment",
    r."before", r."before_range"
  FROM "@rolled" AS r WHERE CASE WHEN r."gsid" IS NULL THEN NOT r."score" IS NULL
    ELSE r."before" IS DISTINCT FROM r."score" END
), "numbered" AS (
  SELECT *, "gsid" IS NULL AS "fresh",
    ROW_NUMBER() OVER (PARTITION BY "gsid" IS NULL ORDER BY "kind", "row") + :first AS "n" FROM "all"
)
SELECT * EXCLUDE ("gsid"), COALESCE("gsid", :new_gsid) AS "gsid",
  CASE WHEN "score" > "before" THEN 'Up' WHEN "score" < "before" THEN 'Down' ELSE 'Same' END AS "trend"
FROM "numbered"
"""


@dataclass(frozen=True, slots=True)
class StatedCard:
    """A scorecard of the action, by name or GSID, with its score."""

    word: str
    source: ScoreSource


@dataclass(frozen=True, slots=True)
class BoundScore:
    """A set_score action that passed validation; `measure` is a name or GSID."""

    catalogue: Catalogue
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]
    entity: BoundEntity
    measure: str
    cards: tuple[StatedCard, ...]
    comment: Expr | None
    place: Place | None
    id: str

    @property
    def writes_to(self) -> tuple[str, ...]:
        return (FACTS[self.entity.kind], self.entity.kind, MEASURES)

    @property
    def traits(self) -> Traits:
        kind = self.entity.kind
        scored = f"a {kind} has a score of `{self.measure}`"
        names = " or ".join(f"`{card.word}`" for card in self.cards)
        sources = tuple(("score", card.source.source) for card in self.cards if card.source.source is not None)
        comment = (("comment", self.comment),) if self.comment is not None else ()
        return Traits(
            (
                Decision("created", f"a {kind} without a score of `{self.measure}`", "the measure had no score"),
                Decision("updated", f"a {kind} with another score of `{self.measure}`", f"{scored}, another one"),
                Decision("unchanged", f"a {kind} with just this score of `{self.measure}`", f"{scored}, the same one"),
                Decision(
                    "skipped",
                    f"a {kind} to which {names} does not apply",
                    f"{names} is not the scorecard of the {kind}",
                    counted=False,
                    code="SCORECARD_NOT_APPLIED",
                ),
                Decision("skipped", "a row without a score", "the row has no score", counted=False, code="SCORE_NULL"),
                FAILED,
            ),
            target=FACTS[kind],
            texts=(*sources, *comment),
            entity=self.entity,
            meets={
                FACTS[kind]: (self.entity.id_field, "ScorecardId", "MeasureId", *_FIELDS),
                kind: ("ScorecardId", "CurrentScore", "PreviousScore"),
                CARDS: ("Name", "EntityType", "SchemeType", "IsActive"),
                MEASURES: ("Name", "LevelType", "ScorecardId", "ParentId", "Weight"),
            },
        )

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row. Raises RunError if the tenant has no such scorecard or measure."""
        return _Plan(self, run).change_list()


class _Plan:
    def __init__(self, action: BoundScore, run: ActionRun) -> None:
        self.action = action
        self.run = run
        self.entity = action.entity
        self.facts = FACTS[action.entity.kind]
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, action.catalogue), self.scratch, action.criteria)

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        stated = self.scratch.table("stated", self._stated)
        self._check(stated)
        scale = scale_table(self.run, self.action.catalogue)
        staged = self.scratch.table("staged", lambda: self._staged(stated, scale))
        decided = self.scratch.table("decided", lambda: self._decided(staged))
        outcomes = dict(self.scratch.rows("outcomes", lambda: _outcomes(decided)))
        rollup = Rollup(self.run, self.entity, self.facts, stated, decided, scale)
        rolled = rollup.rolled()
        fresh = outcomes.get("created", 0) + rollup.new
        changes = self.scratch.table("changes", lambda: self._changes(decided, rolled), [self._first(fresh) - 1])
        total = int(self.scratch.row("changed", lambda: _count(changes))[0])
        writes = [*rollup.definitions(), *self._writes(changes, fresh, total), *rollup.entities()]
        effects = self.scratch.view("effects", lambda: self._effects(decided, changes).query())
        return change_list(
            self.scratch,
            effects,
            writes,
            received,
            lambda: self._effects(decided, changes).brief(),
            records_written=total + rollup.written,
            warned=unknown_types(self.entity, self.rows),
        )

    # What the tenant has

    @property
    def _kind(self) -> exp.Expr:
        return text(ENTITY_TYPES[self.entity.kind])

    def _stated(self) -> exp.Select:
        words = [text(card.word) for card in self.action.cards]
        tables = {"masters": self.run.tenant.table(CARDS), "measures": self.run.tenant.table(MEASURES)}
        return statement(
            _STATED,
            tables,
            measure=text(self.action.measure),
            numbers=exp.Array(expressions=[number(i) for i in range(len(words))]),
            words=exp.Array(expressions=words),
            kind=self._kind,
        )

    def _check(self, stated: str) -> None:
        """Raises RunError for scorecards and measures that the tenant does not have."""

        def query() -> exp.Select:
            missing = select(column("word"), column("card")).from_(relation(stated), copy=False)
            return missing.where(fragment(":m IS NULL", m=column("measure")), copy=False)

        missing = self.scratch.rows("missing", query)
        if missing:
            raise RunError([self._missing(word, card) for word, card in missing])

    def _missing(self, word: str, card: str | None) -> Problem:
        of = CARDS if card is None else MEASURES
        stored = select(column("Name")).from_(self.run.tenant.table(of), copy=False)
        same = exp.EQ(this=column("EntityType" if card is None else "ScorecardId"), expression=self._kind)
        if card is not None:
            same = exp.EQ(this=column("ScorecardId"), expression=text(card))
        listed = stored.where(same, copy=False).sql(dialect="duckdb")
        names = [str(name) for (name,) in self.run.tenant.statements.rows(listed, anew=True)]
        value = word if card is None else self.action.measure
        what = f"there is no scorecard `{word}`" if card is None else f"the scorecard `{word}` has no measure `{value}`"
        hint = "the tenant has " + ", ".join(sorted(names)) if names else "datasets/scorecards.yml defines scorecards"
        place, near = self.action.place, nearest(value, names)
        return Problem("GS-NAME", f"{what} in the tenant", place, self.action.id, value, hint, near)

    # Rows

    def _staged(self, stated: str, scale: str) -> exp.Select:
        """`row`, entity, company, the applied scorecard, score, range, comment, codes."""
        entity = stage_entity(self.entity, self.rows)
        applied = applied_card(self.run, self.entity.kind, entity.gsid.value, self.rows)
        of_card = select(*(column(name) for name in ("i", "card", "scheme", "measure")))
        # an entity that the action cannot act on has no scorecard by which its score could be judged
        bad = any_of(condition for condition, _ in entity.gsid.failures)
        card = fragment("CASE WHEN NOT COALESCE(:b, FALSE) THEN :c END", b=bad, c=column("card", applied))
        found = self.rows.join(of_card.from_(relation(stated), copy=False), [("card", card)])
        scheme = column("scheme", found)
        raw = [(i, given(card.source, self.rows)) for i, card in enumerate(self.action.cards)]
        score = stage_score(chosen(raw, column("i", found)), scheme, scale, self.rows)
        defaults = [(i, ScoreSource(None, card.source.default)) for i, card in enumerate(self.action.cards)]
        if any(source.constant is not None for _, source in defaults):
            default = chosen([(i, given(source, self.rows)) for i, source in defaults], column("i", found))
            score = with_default(score, stage_score(default, scheme, scale, self.rows))
        fits = fragment("NOT :i IS NULL", i=column("i", found))
        foreign = fragment(
            "NOT COALESCE(:b, FALSE) AND NOT :g IS NULL AND NOT :f", b=bad, g=column("g", applied), f=fits
        )
        failures: list[CodeEntry] = [(foreign, "SCORECARD_NOT_APPLIED")]
        if not self.run.profile["score.null_as_na"]:
            failures.append((fragment(":f AND :b", f=fits, b=exp.Paren(this=score.blank)), "SCORE_NULL"))
        failures += [(fragment(":f AND :c", f=fits, c=exp.Paren(this=c)), code) for c, code in score.failures]
        other = fragment(
            "CASE WHEN :c IS NULL THEN CONCAT(:none, :n, :active) ELSE CONCAT(:quote, COALESCE(:m, :c), :applies) END",
            c=column("card", applied),
            none=text("no scorecard applies: ScorecardId is null, and "),
            n=column("n", applied),
            active=text(" scorecards are active"),
            quote=text("'"),
            m=column("name", applied),
            applies=text("' applies, which the action does not set"),
        )
        words = {**score.words, "SCORECARD_NOT_APPLIED": other}
        staged = StagedValue("`score`", score.score, score.shown, tuple(failures), words=words)
        comment = self._comment()
        items = [
            named(self.rows.row, "row"),
            named(entity.gsid.value, "entity"),
            named(entity.company, "company"),
            *(named(column(name, found), name) for name in ("card", "scheme", "measure")),
            named(score.score, "score"),
            named(score.range, "range"),
            named(comment.value, "comment"),
        ]
        return staged_rows(self.rows, items, [entity.gsid, staged, comment])

    def _comment(self) -> StagedValue:
        """The comment; an empty one is none."""
        template, nothing = self.action.comment, typed_null("VARCHAR")
        if template is None:
            return StagedValue("`comment`", nothing, nothing)
        value = self.rows.once(fragment("NULLIF(:c, '')", c=self.rows.spell(template)))
        length = self.action.catalogue.objects[self.facts].fields["Comment"].type.length
        warnings = tuple((null, "NULL_TOKEN") for null in null_tokens(template, self.rows))
        if length is None:
            return StagedValue("`comment`", value, value, (), warnings)
        if self.run.profile["load.overlength"] == "truncate":
            cut = fragment("LEFT(:v, :n)", v=value, n=number(length))
            return StagedValue("`comment`", cut, value, (), warnings)
        failures = ((longer_than(length, value), "STRING_TOO_LONG"),)
        return StagedValue(
            "`comment`", value, value, failures, warnings, {"STRING_TOO_LONG": length_words(length, value)}
        )

    def _decided(self, staged: str) -> exp.Select:
        owner = column(self.entity.id_field, "f")
        skipping = sorted({"DUPLICATE_IN_BATCH"} | SKIPS)
        first = fragment("list_extract(:c, 1)", c=column("codes"))
        return statement(
            _DECIDED,
            {"staged": relation(staged), "facts": self.run.tenant.table(self.facts)},
            owner=owner,
            stored_owner=owner,
            skipped=exp.In(this=first, expressions=[text(code) for code in skipping]),
        )

    # Facts

    def _first(self, fresh: int) -> int:
        return self.run.tenant.allocate(self.facts, fresh) if fresh else 1

    def _changes(self, decided: str, rolled: str) -> exp.Select:
        tables: dict[str, exp.Expr] = {"decided": relation(decided), "rolled": relation(rolled)}
        first = given_number()
        return statement(_CHANGES, tables, first=first, new_gsid=self.run.tenant.gsid(self.facts, column("n")))

    def _writes(self, changes: str, fresh: int, total: int) -> list[Write]:
        user = self.run.profile["tenant.run_user"]
        scored: dict[str, exp.Expr] = {
            "CurrentScore": column("score"),
            "CurrentScoreId": column("range"),
            "Trend": column("trend"),
            "Comment": column("comment"),
            "ScoreModifiedBy": text(user) if user else typed_null("VARCHAR"),
        }
        previous = {"PreviousScore": column("before"), "PreviousScoreId": column("before_range")}
        ids = {"CompanyId": column("company"), self.entity.id_field: column("entity")}
        ids |= {"ScorecardId": column("card"), "MeasureId": column("measure")}

        def rows(which: exp.Expr) -> exp.Select:
            query = select(named(column("gsid"), "Gsid")).from_(relation(changes), copy=False)
            return query.where(which, copy=False)

        writes = []
        if fresh:
            fields = {**ids, **scored, **created_stamps(self.run)}
            writes.append(write_view(self.scratch, self.facts, "insert", lambda: fields, lambda: rows(column("fresh"))))
        if total > fresh:
            old = fragment("NOT :f", f=column("fresh"))
            changed = {**scored, **previous, **modified_stamps(self.run)}
            writes.append(write_view(self.scratch, self.facts, "update", lambda: changed, lambda: rows(old)))
        return writes

    # Effects

    def _effects(self, decided: str, changes: str) -> EffectColumns:
        touched = select(
            column("row"),
            named(fragment("LIST(:g ORDER BY :k)", g=column("gsid"), k=column("kind")), "gsids"),
            named(fragment("MIN(:t) FILTER (WHERE :k = 1)", t=column("trend"), k=column("kind")), "trend"),
        ).from_(relation(changes), copy=False)
        query = statement(
            'SELECT 1 FROM "@decided" AS d LEFT JOIN "@touched" AS t ON t."row" = d."row"',
            {
                "decided": relation(decided),
                "touched": exp.Subquery(this=touched.group_by(column("row"), copy=False)),
            },
        )
        query.set("expressions", [])
        outcome = column("outcome", "d")
        written = exp.In(this=use(outcome), expressions=[text("created"), text("updated")])
        kept = fragment("CASE WHEN NOT :g IS NULL THEN [:g] END", g=column("gsid", "d"))
        gsids = fragment("CASE WHEN :w THEN :t ELSE :k END", w=written, t=column("gsids", "t"), k=kept)
        before: dict[str, exp.Expr] = {name: column(f"b:{name}", "d") for name in _FIELDS}
        after: dict[str, exp.Expr] = dict(before)
        after |= {
            "CurrentScore": column("score", "d"),
            "CurrentScoreId": column("range", "d"),
            "PreviousScore": column("b:CurrentScore", "d"),
            "PreviousScoreId": column("b:CurrentScoreId", "d"),
            "Trend": column("trend", "t"),
            "Comment": fragment("COALESCE(:c, :b)", c=column("comment", "d"), b=column("b:Comment", "d")),
        }
        sides = [(name, case([(written, after[name])], before[name])) for name in _FIELDS]
        done = fragment(":c IS NULL", c=column("codes", "d"))
        return EffectColumns(
            source=query,
            row=column("row", "d"),
            outcome=outcome,
            codes=column("codes", "d"),
            field=column("field", "d"),
            shown=column("shown", "d"),
            words=column("words", "d"),
            key=column("entity", "d"),
            object=self.facts,
            gsid=fragment("list_extract(:g, 1)", g=gsids),
            gsids=gsids,
            warnings=column("warnings", "d"),
            before=list(before.items()),
            after=sides,
            has_before=fragment("NOT :g IS NULL AND :d", g=column("gsid", "d"), d=done),
            has_after=done,
        )


def _outcomes(decided: str) -> exp.Select:
    counts = select(column("outcome"), exp.Count(this=exp.Star())).from_(relation(decided), copy=False)
    return counts.group_by(column("outcome"), copy=False)


def _count(table: str) -> exp.Select:
    return select(exp.Count(this=exp.Star())).from_(relation(table), copy=False)
