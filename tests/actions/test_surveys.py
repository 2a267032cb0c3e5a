"""actions.md §5.9: responses to surveys of others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

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


def test_nps(make: Make) -> None:
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
    assert done.effects[3]["message"] == (
        "`Score` (number): an NPS score is a whole number from 0 to 10, not 11"
    )
