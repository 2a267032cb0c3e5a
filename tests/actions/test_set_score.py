"""actions.md §7."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlglot import exp

from gsrules.actions.changes.staging import relation, spelled
from gsrules.errors import RunError
from tests.actions.support import World, company, user

Make = Callable[..., World]
FACTS = "unified_scorecard_fact_company"
FILES = {
    "scorecards.yml": """scorecards:
  Health:
    measures: {Usage: 40, Support: {weight: 75, group: Service}, Answers: {weight: 25, group: Service}}
    groups: {Service: 60}
  Grades: {scheme: grade, measures: [Usage, Support]}
  Sites: {entity: relationship, measures: [Uptime]}
"""
}
COLUMNS = {"C": "id", "S": "number", "T": "text"}
SET = "  - {action: set_score, from: Rows, company: C, measure: %s, scorecard: %s, score: %s%s}\n"
USAGE = SET % ("Usage", "Health", "S", "")


def scored(make: Make, cards: Sequence[str | None] = ("Health",), **settings: object) -> World:
    """A world whose companies, from the first, name these scorecards."""
    world = make(files=FILES, **settings)
    for number, name in enumerate(cards, 1):
        card = world.catalogue.scorecards.card("company", name) if name else None
        if card is not None:
            change(world, "company", company(number), ScorecardId=card.gsid)
    return world


def change(world: World, name: str, gsid: str, **values: object) -> None:
    sets = [exp.EQ(this=exp.column(key, quoted=True), expression=exp.Placeholder()) for key in values]
    where = exp.Where(this=exp.column("Gsid", quoted=True).eq(exp.Placeholder()))
    update = exp.Update(this=world.tenant.table(name), expressions=sets, where=where)
    world.tenant.con.execute(spelled(update), [*values.values(), gsid])


def facts(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """The facts by name of company and measure."""
    names = {row["Gsid"]: row["Name"] for of in ("company", "scorecard_measure") for row in world.records(of)}
    return {(names[row["CompanyId"]], names[row["MeasureId"]]): row for row in world.records(FACTS)}


def test_group_and_overall_scores_follow_each_action(make: Make) -> None:
    world = scored(make, tenant__run_user=user(1))
    world.dataset(COLUMNS, [[company(1), Decimal("79.5"), "seen"]])
    first = world.act(SET % ("usage", "health", "S", ", comment: 'it was ${T}'"))
    assert (first.outcomes, first.changes.counts.records_written) == (["created"], 3)
    fact, overall = world.records(FACTS)
    assert (fact["CurrentScore"], fact["Trend"], fact["Comment"]) == (80, "Same", "it was seen")
    assert (fact["ScoreModifiedBy"], fact["CreatedBy"], fact["GsExecutionId"]) == (user(1), user(1), "run-1")
    assert (overall["CurrentScore"], overall["Comment"]) == (80, None)
    assert first.effects[0]["gsids"] == [fact["Gsid"], overall["Gsid"]]
    assert first.effects[0]["before"] is None
    assert first.effects[0]["after"]["CurrentScore"] == 80

    # service is (75 · 40 + 25 · 60) / 100 = 45 once both are there; the overall score 0.4 · 80 + 0.6 · 45 = 59
    world.act(SET % ("Support", "Health", "{value: 40}", ""))
    assert facts(world)["C1", "Overall Score"]["CurrentScore"] == 56
    third = world.act(SET % ("Answers", "Health", "{value: 60}", ""))
    overall = facts(world)["C1", "Overall Score"]
    assert (overall["CurrentScore"], overall["PreviousScore"], overall["Trend"]) == (59, 56, "Up")
    assert (overall["ModifiedDate"] is not None, overall["GsExecutionId"]) == (True, "run-3")
    first_company = world.records("company")[0]
    assert (first_company["CurrentScore"], first_company["PreviousScore"]) == (59, 56)
    assert third.changes.counts.records_written == 3
    again = world.act(SET % ("Answers", "Health", "{value: 60}", ""))
    assert (again.outcomes, again.changes.writes, again.changes.counts.records_written) == (["unchanged"], (), 0)
    assert again.effects[0]["gsids"] == [facts(world)["C1", "Answers"]["Gsid"]]


def test_an_overall_score_that_stays_is_not_written_anew(make: Make) -> None:
    world = scored(make)
    world.dataset(COLUMNS, [[company(1), 50, None]])
    world.act(USAGE)
    done = world.act(SET % ("Support", "Health", "S", ""))
    assert done.changes.counts.records_written == 1
    overall = facts(world)["C1", "Overall Score"]
    assert (overall["CurrentScore"], overall["PreviousScore"], overall["GsExecutionId"]) == (50, None, "run-1")


def test_messages_say_what_would_be_a_score_and_what_applies(make: Make) -> None:
    world = scored(make, ["Health", "Grades", None])
    rows = [[company(1), "x"], [company(1), "101.50"], [company(2), "E"], [company(3), "1"], [company(1), ""]]
    world.dataset({"C": "id", "T": "text"}, rows)
    done = world.act(
        "  - {action: set_score, from: Rows, company: C, measure: Usage, scores: {Health: T, Grades: T}}\n"
    )
    assert done.codes == ["SCORE_INVALID", "SCORE_OUT_OF_RANGE", "SCORE_INVALID", "SCORECARD_NOT_APPLIED", "SCORE_NULL"]
    assert [effect["message"] for effect in done.effects] == [
        "`score`: 'x' is no score of the scheme, which takes a number from 0 to 100",
        "`score`: '101.5' is no score of the scheme, which takes a number from 0 to 100",
        "`score`: 'E' is no score of the scheme, which takes A, B, C, D, F or a number from 0 to 100",
        "`score`: no scorecard applies: ScorecardId is null, and 2 scorecards are active",
        "the row has no score",
    ]
    assert done.outcomes == ["failed"] * 3 + ["skipped"] * 2
    assert world.records(FACTS) == []
    other = world.act(SET % ("Usage", "Grades", "{value: A}", ""))
    assert other.effects[0]["message"] == "`score`: 'Health' applies, which the action does not set"


def test_a_default_stands_in_for_a_null_and_for_what_is_no_score(make: Make) -> None:
    world = scored(make, ["Grades"] * 4)
    rows = [[company(1), None], [company(2), "E"], [company(3), "101"], [company(4), "a"]]
    world.dataset({"C": "id", "T": "text"}, rows)
    done = world.act(SET % ("Usage", "Grades", "{column: T, default: F}", ""))
    assert done.outcomes == ["created"] * 4
    assert [facts(world)[f"C{n}", "Usage"]["CurrentScore"] for n in range(1, 5)] == [30, 30, 30, 95]


def test_a_label_comes_before_a_number_and_a_gsid_is_a_label(make: Make) -> None:
    files = {
        "scorecards.yml": FILES["scorecards.yml"] + "schemes: {grade: [{label: '1', from: 0, to: 100, score: 7}]}\n"
    }
    world = make(files=files)
    card = world.catalogue.scorecards.card("company", "Grades")
    assert card is not None
    (one,) = [each for each in world.catalogue.schemes if each.scheme == "GRADE"]
    for number in (1, 2, 3):
        change(world, "company", company(number), ScorecardId=card.gsid)
    world.dataset({"C": "id", "T": "text"}, [[company(1), " 1 "], [company(2), one.gsid], [company(3), "2"]])
    world.act(SET % ("Usage", "Grades", "T", ""))
    assert [facts(world)[f"C{n}", "Usage"]["CurrentScore"] for n in (1, 2, 3)] == [7, 7, 7]


def test_a_comment_of_too_many_characters_fails_or_is_cut(make: Make) -> None:
    for mode, outcome in (("error", "failed"), ("truncate", "created")):
        world = scored(make, load__overlength=mode)
        world.dataset(COLUMNS, [[company(1), 1, "x" * 251]])
        done = world.act(SET % ("Usage", "Health", "S", ", comment: '${T}'"))
        assert done.outcomes == [outcome]
    assert len(world.records(FACTS)[0]["Comment"]) == 250
    world.dataset(COLUMNS, [[company(1), 2, None]])
    nulls = world.act(SET % ("Usage", "Health", "S", ", comment: 'was ${T}'"))
    assert nulls.warned == {"NULL_TOKEN": 1}


def test_na_takes_the_overall_score_with_it(make: Make) -> None:
    world = scored(make, score__null_as_na=True)
    world.dataset(COLUMNS, [[company(1), 80, None]])
    world.act(USAGE)
    world.dataset(COLUMNS, [[company(1), None, None]])
    done = world.act(USAGE)
    assert done.outcomes == ["updated"]
    usage, overall = (facts(world)["C1", name] for name in ("Usage", "Overall Score"))
    for fact in (usage, overall):
        assert (fact["CurrentScore"], fact["CurrentScoreId"], fact["PreviousScore"], fact["Trend"]) == (
            None,
            None,
            80,
            "Same",
        )
    assert (world.records("company")[0]["CurrentScore"], world.records("company")[0]["PreviousScore"]) == (None, 80)
    assert world.act(USAGE).outcomes == ["unchanged"]


def test_seeded_scorecards_get_their_overall_row_and_ranges(make: Make) -> None:
    files = {
        "records/scorecard_master.csv": "Name,EntityType,SchemeType\nOwn,ACCOUNT,COLOR\n",
        "records/scorecard_measure.csv": "Name,ScorecardId.Name,Weight\nUsage,Own,\nSupport,Own,80\n",
    }
    world = make(files=files)
    world.tenant.seed_records(
        {
            "scorecard_master": [{"Name": "Own", "EntityType": "ACCOUNT", "SchemeType": "COLOR"}],
            "scorecard_measure": [
                {"Name": "Usage", "ScorecardId.Name": "Own", "Weight": ""},
                {"Name": "Support", "ScorecardId.Name": "Own", "Weight": "80"},
            ],
            "scorecard_scheme_definition": [
                {"SchemeType": "COLOR", "Name": "Low", "Score": "10", "RangeFrom": "0", "RangeTo": "49"},
                {"SchemeType": "COLOR", "Name": "High", "Score": "60", "RangeFrom": "50", "RangeTo": "100"},
            ],
        }
    )
    world.dataset({"C": "id", "T": "text"}, [[company(1), "high"], [company(2), "12"], [company(3), "Green"]])
    done = world.act(SET % ("Usage", "own", "T", ""))
    assert done.codes == [None, None, "SCORE_INVALID"]
    assert done.changes.counts.records_written == 7
    (overall,) = [row for row in world.records("scorecard_measure") if row["Name"] == "Overall Score"]
    assert (overall["LevelType"], overall["InputType"]) == ("GROUP", "CALCULATED")
    assert facts(world)["C1", "Overall Score"]["CurrentScore"] == 60
    world.act(SET % ("Support", "Own", "{value: Low}", ""))
    assert facts(world)["C1", "Overall Score"]["CurrentScore"] == 20  # 0.2 · 60 + 0.8 · 10
    assert len([row for row in world.records("scorecard_measure") if row["Name"] == "Overall Score"]) == 1


def test_a_scorecard_that_the_tenant_lacks_fails_the_run(make: Make) -> None:
    files = {"records/scorecard_master.csv": "Name\nOwn\n", "records/scorecard_measure.csv": "Name\nUsage\n"}
    world = make(files=files)
    world.dataset(COLUMNS, [[company(1), 1, None]])
    with pytest.raises(RunError) as caught:
        world.act(SET % ("Usage", "Own", "S", ""))
    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == ("GS-NAME", "there is no scorecard `Own` in the tenant")
    world.tenant.rollback()
    world.tenant.seed_records({"scorecard_master": [{"Name": "Own", "EntityType": "ACCOUNT", "SchemeType": "GRADE"}]})
    with pytest.raises(RunError) as caught:
        world.act(SET % ("Usage", "Own", "S", ""))
    assert caught.value.problems[0].message == "the scorecard `Own` has no measure `Usage` in the tenant"


WRONG = [
    (SET % ("Usag", "Health", "S", ""), "GS-NAME", "Usag", "Usage"),
    (SET % ("Service", "Health", "S", ""), "GS-NAME", "Service", ""),
    (SET % ("Overall Score", "Health", "S", ""), "GS-NAME", "Overall Score", ""),
    (SET % ("Usage", "Helth", "S", ""), "GS-NAME", "Helth", "Health"),
    (SET % ("Uptime", "Sites", "S", ""), "GS-ACTION-ENTITY", "Sites", ""),
    (SET % ("Usage", "Health", "{value: 101}", ""), "GS-ACTION-VALUE", "101", ""),
    (SET % ("Usage", "Health", "{value: -0.5}", ""), "GS-ACTION-VALUE", "-0.5", ""),
    (SET % ("Usage", "Health", "{value: Green}", ""), "GS-ACTION-VALUE", "Green", ""),
    (SET % ("Usage", "Grades", "{value: AB}", ""), "GS-ACTION-VALUE", "AB", "B"),
    (SET % ("Usage", "Grades", "{value: true}", ""), "GS-ACTION-VALUE", "True", ""),
    (SET % ("Usage", "Grades", "{column: T, default: Z}", ""), "GS-ACTION-VALUE", "Z", ""),
    (SET % ("Usage", "Health", "{column: S, on_null: skip}", ""), "GS-ACTION-VALUE", "", ""),
    (SET % ("Usage", "Health", "D", ""), "GS-TYPE", "D", ""),
    (SET % ("Usage", "Health", "Scor", ""), "GS-NAME", "Scor", ""),
    (
        "  - {action: set_score, from: Rows, company: C, measure: Usage, scores: {Health: S, health: S}}\n",
        "GS-ACTION-DUPLICATE",
        "health",
        "",
    ),
    (
        "  - {action: set_score, from: Rows, company: C, measure: Usage, scorecard: Health, scores: {Health: S}}\n",
        "GS-SPEC-ONE-OF",
        "",
        "",
    ),
    ("  - {action: set_score, from: Rows, company: C, measure: Usage, score: S}\n", "GS-SPEC-MISSING", "", ""),
]


def test_what_is_wrong_is_refused(make: Make) -> None:
    world = make(files=FILES)
    world.dataset({**COLUMNS, "D": "date"}, [])
    for action, code, value, near in WRONG:
        found = [problem for problem in world.problems(action) if problem.severity == "error"]
        assert [problem.code for problem in found] == [code], action
        assert found[0].place is not None, action
        assert not value or (found[0].value, found[0].nearest) == (value, near)


def test_constants_near_the_ends_are_rounded_first(make: Make) -> None:
    world = scored(make)
    world.dataset(COLUMNS, [[company(1), 1, None]])
    world.act(SET % ("Usage", "Health", "{value: 100.4}", ""))
    assert facts(world)["C1", "Usage"]["CurrentScore"] == 100


def test_a_project_without_scorecards_says_where_to_define_them(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [])
    (found,) = world.problems(USAGE)
    assert (found.code, found.hint) == ("GS-NAME", "define scorecards in datasets/scorecards.yml")


def test_nothing_but_the_effects_is_kept_of_rows_that_do_nothing(make: Make) -> None:
    world = scored(make, [None])
    world.dataset(COLUMNS, [[company(1), 1, None]] * 3)
    done = world.act(USAGE, day=date(2026, 1, 1))
    assert (done.codes, done.changes.writes) == (["SCORECARD_NOT_APPLIED"] * 3, ())
    count = exp.select(exp.Count(this=exp.Star())).from_(relation(done.changes.effects))
    assert world.query(count)[0]["count_star()"] == 3
