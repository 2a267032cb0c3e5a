"""Random scorecards and rows: set_score and its rollup against a plain Python model (actions.md §7.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.actions.support import World, company, world
from tests.actions.test_set_score import change

SCHEMES: dict[str, list[tuple[str, int | None, int, int]]] = {
    "NUMERIC": [("Red", None, 0, 49), ("Yellow", None, 50, 74), ("Green", None, 75, 100)],
    "COLOR": [("Red", 25, 0, 49), ("Yellow", 60, 50, 74), ("Green", 90, 75, 100)],
    "GRADE": [("A", 95, 90, 100), ("B", 85, 80, 89), ("C", 75, 70, 79), ("D", 65, 60, 69), ("F", 30, 0, 59)],
}
# Lone measures and a group with weights of its own; no weights; two groups with weights of the whole.
CARDS = """scorecards:
  Numbers:
    measures: {M1: 35, M2: {weight: 10, group: G1}, M3: {weight: 90, group: G1}, M4: 15}
    groups: {G1: 50}
  Letters: {scheme: grade, measures: [M1, M2, M3]}
  Colours:
    scheme: color
    measures: {M1: {weight: 12.5, group: G1}, M2: {weight: 37.5, group: G1}, M3: {weight: 50, group: G2}}
"""
NAMES = {"Numbers": "NUMERIC", "Letters": "GRADE", "Colours": "COLOR"}
TREES: dict[str, list[tuple[Fraction, list[tuple[Fraction, str]]]]] = {
    "Numbers": [
        (Fraction(35), [(Fraction(1), "M1")]),
        (Fraction(50), [(Fraction(10), "M2"), (Fraction(90), "M3")]),
        (Fraction(15), [(Fraction(1), "M4")]),
    ],
    "Letters": [(Fraction(1), [(Fraction(1), name)]) for name in ("M1", "M2", "M3")],
    "Colours": [
        (Fraction(50), [(Fraction("12.5"), "M1"), (Fraction("37.5"), "M2")]),
        (Fraction(50), [(Fraction(1), "M3")]),
    ],
}
COMPANIES = 4
Score = tuple[int | None, str | None]


def half_away(value: Fraction) -> int:
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def mean(parts: list[tuple[Fraction, Fraction | None]]) -> Fraction | None:
    scored = [(weight, score) for weight, score in parts if score is not None]
    total = sum((weight for weight, _ in scored), Fraction(0))
    return sum((weight * score for weight, score in scored), Fraction(0)) / total if total else None


class RefusedError(Exception):
    pass


@dataclass
class Fact:
    current: Score = (None, None)
    previous: Score = (None, None)
    trend: str = "Same"

    def put(self, score: Score) -> None:
        before, after = self.current[0], score[0]
        moved = None not in (before, after) and before != after
        self.trend = ("Up" if after > before else "Down") if moved else "Same"  # type: ignore[operator]
        self.previous, self.current = self.current, score


@dataclass
class Model:
    """The tenant in plain words: the card of each company, its facts, its overall scores."""

    cards: list[str | None]
    clamp: bool
    null_as_na: bool
    rollup: bool
    facts: dict[tuple[int, str], Fact] = field(default_factory=dict)
    overall: dict[int, Score] = field(default_factory=dict)

    def placed(self, scheme: str, word: str) -> Score:
        ranges = SCHEMES[scheme]
        if scheme != "NUMERIC":
            for name, score, _, _ in ranges:
                if word.strip().lower() == name.lower():
                    return score, name
        try:
            number = half_away(Fraction(word.strip()))
        except ValueError:
            raise RefusedError("SCORE_INVALID") from None
        if not 0 <= number <= 100:
            if not self.clamp:
                raise RefusedError("SCORE_OUT_OF_RANGE")
            number = min(max(number, 0), 100)
        name, score = next((name, score) for name, score, low, high in ranges if low <= number <= high)
        return (number if score is None else score), name

    def act(self, measure: str, card: str, rows: list[tuple[int, str | None]]) -> list[tuple[str, str | None]]:
        outcomes: list[tuple[str, str | None]] = []
        ready: dict[int, tuple[int, Score]] = {}
        for place, (number, word) in enumerate(rows):
            outcomes.append(("", None))
            if self.cards[number] != card:
                outcomes[place] = ("skipped", "SCORECARD_NOT_APPLIED")
                continue
            blank = word is None or not word.strip()
            if blank and not self.null_as_na:
                outcomes[place] = ("skipped", "SCORE_NULL")
                continue
            try:
                score = (None, None) if word is None or blank else self.placed(NAMES[card], word)
            except RefusedError as error:
                outcomes[place] = ("failed", str(error))
                continue
            if number in ready:
                outcomes[ready[number][0]] = ("skipped", "DUPLICATE_IN_BATCH")
            ready[number] = (place, score)
        for number, (place, score) in ready.items():
            outcomes[place] = (self._write(number, measure, card, score), None)
        return outcomes

    def _write(self, number: int, measure: str, card: str, score: Score) -> str:
        fact = self.facts.get((number, measure))
        if fact is not None and fact.current[0] == score[0]:
            return "unchanged"
        outcome = "updated" if fact is not None else "created"
        self._put(number, measure, score)
        if self.rollup:
            self._roll(number, card)
        return outcome

    def _put(self, number: int, measure: str, score: Score) -> None:
        fact = self.facts.get((number, measure))
        if fact is None:
            self.facts[number, measure] = Fact(score)
        else:
            fact.put(score)

    def _roll(self, number: int, card: str) -> None:
        tops = [
            (weight, mean([(share, self._score(number, name)) for share, name in children]))
            for weight, children in TREES[card]
        ]
        value = mean(tops)
        score: Score = (None, None)
        if value is not None:
            whole = half_away(value)
            score = (whole, next(name for name, _, low, high in SCHEMES[NAMES[card]] if low <= whole <= high))
        known = self.facts.get((number, "Overall Score"))
        if (known is None and score[0] is not None) or (known is not None and known.current[0] != score[0]):
            self._put(number, "Overall Score", score)
        before = self.overall.get(number, (None, None))
        if before[0] != score[0]:
            self.overall[number] = (score[0], before[0])  # type: ignore[assignment]

    def _score(self, number: int, measure: str) -> Fraction | None:
        fact = self.facts.get((number, measure))
        return Fraction(fact.current[0]) if fact is not None and fact.current[0] is not None else None


WORDS = st.one_of(
    st.sampled_from(
        ["Red", "green", " YELLOW ", "A", "b", "F", "E", "", None, "x", "1e1", "-0.5", "-0.4", "100.4", "100.5"]
    ),
    st.decimals(-5, 105, places=1).map(str),
    st.integers(0, 100).map(str),
)
ACTIONS = st.tuples(
    st.sampled_from(["M1", "M2", "M3"]),
    st.sampled_from(list(NAMES)),
    st.lists(st.tuples(st.integers(0, COMPANIES - 1), WORDS), max_size=8),
)
NAME_OF = st.sampled_from([*NAMES, None])


def reset(tested: World, cards: list[str | None]) -> None:
    facts = tested.tenant.table("unified_scorecard_fact_company").sql("duckdb")
    tested.tenant.con.execute(f"DELETE FROM {facts}")
    for number, name in enumerate(cards):
        card = tested.catalogue.scorecards.card("company", name) if name else None
        values: dict[str, Any] = {"CurrentScore": None, "PreviousScore": None}
        change(tested, "company", company(number + 1), ScorecardId=card.gsid if card else None, **values)


def stored(tested: World) -> tuple[dict[tuple[int, str], Fact], dict[int, Score]]:
    """What the tenant holds, in the model's words."""
    measures = {row["Gsid"]: row["Name"] for row in tested.records("scorecard_measure")}
    ranges = {row["Gsid"]: row["Name"] for row in tested.records("scorecard_scheme_definition")}
    numbers = {company(number + 1): number for number in range(COMPANIES)}
    facts: dict[tuple[int, str], Fact] = {}
    for row in tested.records("unified_scorecard_fact_company"):
        key = (numbers[row["CompanyId"]], measures[row["MeasureId"]])
        assert key not in facts
        facts[key] = Fact(
            (row["CurrentScore"], ranges.get(row["CurrentScoreId"])),
            (row["PreviousScore"], ranges.get(row["PreviousScoreId"])),
            row["Trend"],
        )
    overall = {
        numbers[row["Gsid"]]: (row["CurrentScore"], row["PreviousScore"])
        for row in tested.records("company")
        if row["Gsid"] in numbers and (row["CurrentScore"], row["PreviousScore"]) != (None, None)
    }
    return facts, overall


@pytest.mark.parametrize(
    ("clamp", "null_as_na", "rollup"), [(False, False, True), (True, True, True), (False, True, False)]
)
def test_random_scores_are_those_of_the_model(tmp_path: Path, clamp: bool, null_as_na: bool, rollup: bool) -> None:
    keys: dict[str, Any] = {
        "score__out_of_range": "clamp" if clamp else "error",
        "score__null_as_na": null_as_na,
        "score__rollup": "on" if rollup else "off",
    }
    with world(tmp_path / "w", files={"scorecards.yml": CARDS}, **keys) as tested:

        @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(NAME_OF, min_size=COMPANIES, max_size=COMPANIES), st.lists(ACTIONS, min_size=1, max_size=5))
        def check(cards: list[str | None], actions: list[tuple[str, str, list[tuple[int, str | None]]]]) -> None:
            reset(tested, cards)
            model = Model(cards, clamp, null_as_na, rollup)
            for measure, card, rows in actions:
                stated = f"measure: {measure}, scorecard: {card}, score: T"
                tested.dataset({"C": "id", "T": "text"}, [[company(number + 1), word] for number, word in rows])
                done = tested.act(f"  - {{action: set_score, from: Rows, company: C, {stated}}}\n")
                expected = model.act(measure, card, rows)
                assert list(zip(done.outcomes, done.codes, strict=True)) == expected
                facts, overall = stored(tested)
                assert facts == model.facts
                assert overall == model.overall

        check()
