"""`set_score` and `load_to_scorecard_history` (actions.md §5.10, §7)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from tests.oracle.entities import Entity, Env, Tokens, touch
from tests.oracle.loads import one_per_key
from tests.oracle.mapping import RowError, Staged, attempt
from tests.oracle.tenant import Field, Record
from tests.oracle.values import RefusedError, number_of_text, round_number

FACTS = {"company": "unified_scorecard_fact_company", "relationship": "unified_scorecard_fact_relationship"}
HISTORY = {"company": "scorecard_history", "relationship": "relationship_scorecard_history"}
KINDS = {"company": "ACCOUNT", "relationship": "RELATIONSHIP"}
OVERALL = "Overall Score"
Placed = tuple[Decimal | None, str | None]


class SkipError(Exception):
    """A row that deliberately does nothing."""


class Cards:
    """The scorecards of an entity kind: measures, ranges, the applied card."""

    def __init__(self, env: Env, kind: str) -> None:
        self.env, self.tenant, self.kind = env, env.tenant, kind

    def card(self, name: str) -> Record:
        for record in self.tenant.records("scorecard_master"):
            if name in (record["Name"], record["Gsid"]) and record["EntityType"] == KINDS[self.kind]:
                return record
        raise RefusedError("GS-*", f"no scorecard {name}")

    def measures(self, card: Record, level: str = "MEASURE") -> list[Record]:
        every = self.tenant.records("scorecard_measure")
        return [m for m in every if m["ScorecardId"] == card["Gsid"] and m["LevelType"] in (None, level)]

    def measure(self, card: Record, name: str) -> Record:
        for record in self.measures(card):
            if name in (record["Name"], record["Gsid"]):
                return record
        raise RefusedError("GS-*", f"{card['Name']} has no measure {name}")

    def overall(self, card: Record) -> Record:
        for record in self.tenant.records("scorecard_measure"):
            if record["ScorecardId"] == card["Gsid"] and record["Name"] == OVERALL:
                return record
        return self.tenant.create("scorecard_measure", {"Name": OVERALL, "LevelType": "OVERALL",
                                  "ScorecardId": card["Gsid"]})  # fmt: skip

    def applied(self, entity: Record) -> Record | None:
        if entity["ScorecardId"]:
            return self.tenant.by_gsid("scorecard_master", entity["ScorecardId"])
        every = self.tenant.records("scorecard_master")
        active = [c for c in every if c["EntityType"] == KINDS[self.kind] and c["IsActive"] is not False]
        return active[0] if len(active) == 1 else None

    def ranges(self, scheme: str) -> list[Record]:
        every = self.tenant.records("scorecard_scheme_definition")
        return sorted((r for r in every if r["SchemeType"] == scheme), key=lambda r: r["RangeFrom"])

    def placed(self, scheme: str, value: Any) -> Placed:
        """A score of the scheme and its range; a RowError for what is none (§7.2)."""
        ranges = self.ranges(scheme)
        number = number_of_text(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, Decimal):
            number = None
        if scheme != "NUMERIC" and number is None:
            for column in ("Name", "Label", "Gsid"):
                for one in ranges:
                    if isinstance(value, str) and str(one[column]).lower() == value.strip().lower():
                        return one["Score"], str(one["Gsid"])
        if number is None:
            raise RowError("SCORE_INVALID")
        number = round_number(number, 0)
        low, high = ranges[0]["RangeFrom"], ranges[-1]["RangeTo"]
        if not low <= number <= high:
            if self.env.profile["score.out_of_range"] == "error":
                raise RowError("SCORE_OUT_OF_RANGE")
            number = min(max(number, low), high)
        one = next(r for r in ranges if r["RangeFrom"] <= number <= r["RangeTo"])
        return (number if scheme == "NUMERIC" else one["Score"]), str(one["Gsid"])


class SetScore:
    def __init__(self, env: Env) -> None:
        action = env.action
        self.env, self.tenant, self.context = env, env.tenant, env.context
        self.entity = Entity(env)
        self.cards = Cards(env, self.entity.kind)
        self.fact = FACTS[self.entity.kind]
        given = action.get("scores") or {action.get("scorecard"): action.get("score")}
        if None in given or None in given.values():
            raise RefusedError("GS-*", "a scorecard and a score are needed")
        mapper = env.mapper(self.fact)
        anything = Field("Score", "string", "Score")
        self.sources = [
            (self.cards.card(name), self.cards.measure(self.cards.card(name), action["measure"]),
             self.source(mapper.mapping(anything, spec)))
            for name, spec in given.items()
        ]  # fmt: skip
        for card, _, mapping in self.sources:
            if mapping.bound.constant:
                self.constant(card, mapping.spec["value"])
        self.comment = Tokens(env, action["comment"]) if action.get("comment") else None

    def source(self, mapping: Any) -> Any:
        return mapping

    def constant(self, card: Record, value: Any) -> None:
        try:
            self.cards.placed(card["SchemeType"], value)
        except RowError as wrong:
            raise RefusedError("GS-*", f"{value} is no score of {card['Name']}") from wrong

    def run(self, rows: list[Staged]) -> None:
        ready: dict[str, list[Staged]] = {}
        for staged in rows:
            try:
                entity = self.entity.of(staged.source)
                staged.extra["entity"] = entity
                staged.extra["comment"] = self.comment.of(staged) if self.comment else None
                staged.extra["writes"] = self.writes(staged, entity)
                ready.setdefault(entity["Gsid"], []).append(staged)
            except RowError as found:
                staged.fail(found.code)
            except SkipError as found:
                staged.fail(str(found), "skipped")
        winners = []
        for group in ready.values():
            for staged in group[:-1]:
                staged.fail("DUPLICATE_IN_BATCH", "skipped")
            winners.append(group[-1])
        for staged in sorted(winners, key=lambda s: s.row):
            self.write(staged)
        if self.env.profile["score.rollup"] == "on":
            for staged in winners:
                if staged.outcome in ("created", "updated"):
                    Rollup(self).run(staged.extra["entity"])

    def writes(self, staged: Staged, entity: Record) -> list[tuple[Record, Record, Placed]]:
        """The facts that a row writes: one failing write fails all, skips count only if nothing else is left."""
        applied = self.cards.applied(entity)
        skips: list[str] = []
        writes: list[tuple[Record, Record, Placed]] = []
        for card, measure, mapping in self.sources:
            if applied is not card:
                skips.append("SCORECARD_NOT_APPLIED")
                continue
            value = mapping.bound.compute(staged.source)
            if (value is None or value == "") and "default" in mapping.spec:
                value = mapping.spec["default"]
            if value is None or value == "":
                if self.env.profile["score.null_as_na"]:
                    writes.append((card, measure, (None, None)))
                else:
                    skips.append("SCORE_NULL")
                continue
            writes.append((card, measure, self.cards.placed(card["SchemeType"], value)))
        if not writes:
            raise SkipError(next((s for s in skips if s == "SCORE_NULL"), skips[0]))
        return writes

    def write(self, staged: Staged) -> None:
        outcomes = []
        for card, measure, placed in staged.extra["writes"]:
            record, outcome = self.put(staged.extra["entity"], card, measure, placed, staged.extra["comment"])
            outcomes.append(outcome)
            if outcome != "unchanged":
                staged.gsids.append(record["Gsid"])
        staged.outcome = next(o for o in ("created", "updated", "unchanged") if o in outcomes)

    def put(
        self, entity: Record, card: Record, measure: Record, placed: Placed, comment: str | None
    ) -> tuple[Record, str]:
        """Previous := current, current := value, trend by comparison."""
        score, gsid = placed
        mine = "CompanyId" if self.entity.kind == "company" else "RelationshipId"
        facts = self.tenant.records(self.fact)
        hits = [f for f in facts if f[mine] == entity["Gsid"] and f["MeasureId"] == measure["Gsid"]]
        ids = self.entity.ids(entity)
        if self.entity.kind == "company":
            ids.pop("RelationshipId")
        if not hits:
            return self.tenant.insert(self.fact, {
                **ids, "ScorecardId": card["Gsid"], "MeasureId": measure["Gsid"],
                "CurrentScore": score, "CurrentScoreId": gsid, "Trend": "Same", "Comment": comment or None,
            }), "created"  # fmt: skip
        fact = hits[0]
        said = comment or fact["Comment"]
        if fact["CurrentScore"] == score and said == fact["Comment"]:
            return fact, "unchanged"
        before = fact["CurrentScore"]
        trend = "Same"
        if before is not None and score is not None and before != score:
            trend = "Up" if score > before else "Down"
        touch(fact, {
            "PreviousScore": before, "PreviousScoreId": fact["CurrentScoreId"], "CurrentScore": score,
            "CurrentScoreId": gsid, "Trend": trend, "Comment": said,
        }, self.context)  # fmt: skip
        return fact, "updated"


class Rollup:
    """§7.2: groups from their measures, the overall score from the groups."""

    def __init__(self, action: SetScore) -> None:
        self.action, self.cards, self.tenant = action, action.cards, action.tenant
        self.mine = "CompanyId" if action.entity.kind == "company" else "RelationshipId"

    def run(self, entity: Record) -> None:
        card = self.cards.applied(entity)
        if card is None:
            return
        measures, groups = self.cards.measures(card), self.cards.measures(card, "GROUP")
        tops: list[tuple[Decimal | None, Decimal | None]] = []
        for group in groups:
            children = [(m["Weight"], self.score(entity, m)) for m in measures if m["ParentId"] == group["Gsid"]]
            tops.append((group["Weight"], mean(children)))
        tops += [(m["Weight"], self.score(entity, m)) for m in measures if m["ParentId"] is None]
        overall = mean(tops)
        if overall is None:
            return
        overall = round_number(overall, 0)
        placed = next(
            (r["Gsid"] for r in self.cards.ranges(card["SchemeType"]) if r["RangeFrom"] <= overall <= r["RangeTo"]),
            None,
        )
        self.action.put(entity, card, self.cards.overall(card), (overall, placed), None)
        if entity["CurrentScore"] != overall:
            scores = {"CurrentScore": overall, "PreviousScore": entity["CurrentScore"]}
            touch(entity, scores, self.action.context)

    def score(self, entity: Record, measure: Record) -> Decimal | None:
        for fact in self.tenant.records(self.action.fact):
            if fact[self.mine] == entity["Gsid"] and fact["MeasureId"] == measure["Gsid"]:
                found: Decimal | None = fact["CurrentScore"]
                return found
        return None


def mean(parts: list[tuple[Decimal | None, Decimal | None]]) -> Decimal | None:
    """The weighted mean; what has no score is left out, what has no weight shares what is left of 100."""
    given = sum((w for w, _ in parts if w is not None), Decimal(0))
    bare = len([w for w, _ in parts if w is None])
    rest = max(Decimal(0), 100 - given) / bare if bare else Decimal(0)
    scored = [(rest if w is None else w, s) for w, s in parts if s is not None]
    total = sum((w for w, _ in scored), Decimal(0))
    return sum((w * s for w, s in scored), Decimal(0)) / total if total else None


class History:
    """§5.10: one record an entity and date, a column a measure."""

    def __init__(self, env: Env) -> None:
        action = env.action
        self.env, self.tenant, self.context = env, env.tenant, env.context
        self.operation = action.get("operation", "upsert")
        self.entity = Entity(env)
        self.cards = Cards(env, self.entity.kind)
        self.object = env.tenant.object(HISTORY[self.entity.kind])
        self.mapper = env.mapper(self.object.name)
        date = action.get("snapshot_date")
        self.date = self.mapper.mapping(self.object.fields["SnapshotDate"], date) if date else None
        known = {m["Name"].lower(): m["Name"] for c in self.tenant.records("scorecard_master")
                 if c["EntityType"] == KINDS[self.entity.kind] for m in self.cards.measures(c)}  # fmt: skip
        self.columns = []
        for measure, column in action["measures"].items():
            if measure.lower() not in known:
                raise RefusedError("GS-*", f"no measure {measure}")
            self.columns.append((self.field(known[measure.lower()]), env.column(column)))
        if action.get("overall"):
            self.columns.append(("OverallScore", env.column(action["overall"])))

    def field(self, measure: str) -> str:
        """The column of a measure, made on first use."""
        name = re.sub(r"[^\w ]", "", measure).replace(" ", "_") + "__gc"
        if name not in self.object.fields:
            self.object.fields[name] = Field(name, "number", measure)
            for record in self.object.records:
                record[name] = None
        return name

    def run(self, rows: list[Staged]) -> None:
        for staged in rows:
            self.stage(staged)
        good = [s for s in rows if not s.codes]
        if self.operation == "upsert":
            good = one_per_key(good, lambda s: self.key(s.values), self.env.profile["load.duplicate_keys"])
        for staged in good:
            self.put(staged)

    def stage(self, staged: Staged) -> None:
        entity = attempt(staged, self.entity.of, staged.source)
        if entity is not None:
            staged.values = self.entity.ids(entity)
            if self.entity.kind == "company":
                staged.values.pop("RelationshipId")
        day = attempt(staged, self.mapper.value, staged, self.date) if self.date else None
        staged.values["SnapshotDate"] = day or self.context.rule_date
        card = self.cards.applied(entity) if entity is not None else None
        scheme = card["SchemeType"] if card else "NUMERIC"
        given = {name: column(staged.source) for name, column in self.columns}
        nulls = [name for name, value in given.items() if value is None or value == ""]
        as_na = self.env.profile["score.null_as_na"]
        if len(nulls) == len(given) and not as_na and not staged.codes:
            staged.fail("SCORE_NULL", "skipped")
        for name, value in given.items():
            if name in nulls:
                staged.values |= {name: None} if as_na else {}
            else:
                placed = attempt(staged, self.cards.placed, scheme, value)
                staged.values[name] = placed and placed[0]

    def key(self, values: Record) -> tuple[Any, ...]:
        mine = "CompanyId" if self.entity.kind == "company" else "RelationshipId"
        return values[mine], values["SnapshotDate"]

    def put(self, staged: Staged) -> None:
        hits = [r for r in self.object.records if self.key(r) == self.key(staged.values)]
        if self.operation == "insert" or not hits:
            if hits:
                staged.warnings.append("DUPLICATE_SNAPSHOT")
            staged.gsids.append(self.tenant.insert(self.object.name, staged.values)["Gsid"])
            staged.outcome = "created"
            return
        changed = [touch(record, staged.values, self.context) for record in hits]
        staged.outcome = "updated" if any(changed) else "unchanged"
