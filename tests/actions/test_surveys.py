"""actions.md §5.9: responses to surveys of others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from gsrules.errors import InputError
from tests.actions.support import World, company

Make = Callable[..., World]
COLUMNS = {"Company": "text", "Mail": "text", "Name": "text", "Score": "number", "Day": "date", "Id": "text",
           "Note": "text"}  # fmt: skip


def row(**given: object) -> list[object]:
    defaults = {"Company": company(1), "Mail": "a@x.co", "Name": "A", "Score": 9}
    return [{**defaults, **given}.get(name) for name in COLUMNS]


def survey(kind: str = "nps", person: str = "person_email: Mail", more: str = "") -> str:
    return (
        f"  - {{action: load_to_survey, from: Rows, company: Company, survey: Yearly, kind: {kind}, {person},"
        f" score: Score{more}}}\n"
    )


def people(world: World) -> None:
    for n, (mail, name) in enumerate((("A@x.co", "A"), ("b@x.co", "B"), ("c@x.co", "Twin"), ("d@x.co", "Twin")), 1):
        world.seed("person", [{"Gsid": f"1C0000000000LOCAL0{n:018d}", "Email": mail, "Name": name}])


def test_nps_scores_are_whole_numbers_in_three_categories(make: Make) -> None:
    world = make()
    people(world)
    world.dataset(COLUMNS, [row(Score=s, Mail=m) for s, m in ((9, "a@x.co"), (6, "b@x.co"), (7, "c@x.co"))]
                  + [row(Score=11), row(Score=7.5), row(Score=None), row(Mail="z@x.co"), row(Mail=None)])  # fmt: skip
    done = world.act(survey())
    assert done.outcomes == ["created"] * 3 + ["failed"] * 5, done.effects
    assert done.codes[3:] == ["SCORE_OUT_OF_RANGE"] * 2 + ["REQUIRED_MISSING"] + ["LOOKUP_NO_MATCH"] * 2
    found = [(r["Category"], r["Score"], r["ResponseDate"], r["IsExternal"], r["Kind"], r["SurveyName"])
             for r in world.records("survey_response")]  # fmt: skip
    day = date(2026, 11, 23)
    assert found == [
        ("Promoter", 9, day, True, "NPS", "Yearly"),
        ("Detractor", 6, day, True, "NPS", "Yearly"),
        ("Passive", 7, day, True, "NPS", "Yearly"),
    ]
    again = world.act(survey())
    assert again.outcomes[:3] == ["unchanged"] * 3
    assert done.effects[3]["message"] == ("`Score` (number): an NPS score is a whole number from 0 to 10, not 11")


def test_a_response_is_found_by_its_own_id_or_by_the_other_parts(make: Make) -> None:
    world = make()
    people(world)
    more = ", response_date: Day, external_id: Id, comment: {column: Note, on_null: skip}"
    day = date(2026, 1, 1)
    world.dataset(COLUMNS, [row(Id="1", Day=day), row(Day=day), row(Day=day, Mail="b@x.co")])
    assert world.act(survey(more=more)).outcomes == ["created"] * 3
    world.dataset(COLUMNS, [
        row(Id="1", Day=date(2026, 2, 2), Score=3), row(Day=day, Score=4), row(Day=day, Score=5), row(Id="2", Day=day),
    ])  # fmt: skip
    done = world.act(survey(more=more))
    assert [each["code"] or each["outcome"] for each in done.effects] == [
        "updated", "DUPLICATE_IN_BATCH", "updated", "created",
    ]  # fmt: skip
    found = [(r["ExternalId"], int(r["Score"]), r["ResponseDate"].month) for r in world.records("survey_response")]
    assert found == [("1", 3, 2), (None, 5, 1), (None, 9, 1), ("2", 9, 1)]


@pytest.mark.parametrize("flag", [False, None])
def test_what_is_not_marked_external_is_organic(make: Make, flag: bool | None) -> None:
    world = make()
    people(world)
    organic = {"Gsid": f"1V0100000000LOCAL0{1:018d}", "ExternalId": "1", "Score": 2, "IsExternal": flag}
    world.seed("survey_response", [organic])
    world.dataset(COLUMNS, [row(Id="1")])
    done = world.act(survey(more=", external_id: Id"))
    assert done.codes == ["SURVEY_ORGANIC"]
    assert [each["Score"] for each in world.records("survey_response")] == [2]


def test_what_is_wrong_with_the_rule_is_told(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [])
    with pytest.raises(InputError, match="person_email"):
        world.rule(survey(person="comment: Note"))
    with pytest.raises(InputError, match="not by both"):
        world.rule(survey(person="person_email: Mail, person_name: Name"))
    assert [p.code for p in world.problems(survey(person="person_email: Score"))] == ["GS-TYPE"]
    wrong = survey(more=", fields: {Score: Score, Category: Note, Extra: Note}")
    assert sorted(p.code for p in world.problems(wrong)) == ["GS-ACTION-READ-ONLY", "GS-ACTION-READ-ONLY", "GS-NAME"]
