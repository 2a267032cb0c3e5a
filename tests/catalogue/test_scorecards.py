"""Scorecards and schemes of a project (actions.md §7.1, platform.md §3.6)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gsrules.catalogue import Catalogue
from gsrules.catalogue.scorecards import MeasureDef, ScorecardDef, history_field
from gsrules.tenant import Tenant
from tests.catalogue.test_overlay import load, problems, project_with

FILE = "scorecards.yml"
ENTERPRISE = """scorecards:
  Enterprise:
    entity: company
    scheme: numeric
    measures: {Product Usage: 40, Support: {weight: 30}, Relationship: {weight: 30, group: Engagement}}
    groups: {Engagement: 30}
  Starter: {entity: company, scheme: grade, measures: [Product Usage, Support], active: false}
"""


def card(catalogue: Catalogue, name: str, entity: str = "company") -> ScorecardDef:
    found = catalogue.scorecards.card(entity, name)
    assert found is not None
    return found


def row(found: ScorecardDef, name: str) -> MeasureDef:
    return next(each for each in found.rows if each.name == name)


def test_measures_groups_and_the_overall_score_are_rows(tmp_path: Path) -> None:
    catalogue = load(tmp_path, {FILE: ENTERPRISE})
    found = card(catalogue, "enterprise")
    assert (found.name, found.entity, found.scheme, found.active) == ("Enterprise", "company", "NUMERIC", True)
    assert [(each.name, each.level, each.weight) for each in found.rows] == [
        ("Product Usage", "MEASURE", Decimal(40)),
        ("Support", "MEASURE", Decimal(30)),
        ("Relationship", "MEASURE", Decimal(30)),
        ("Engagement", "GROUP", Decimal(30)),
        ("Overall Score", "GROUP", None),
    ]
    assert row(found, "Relationship").parent == row(found, "Engagement").gsid
    assert row(found, "Support").parent is None
    assert {each.input_type for each in found.measures} == {"MANUAL"}
    assert [each.weight for each in card(catalogue, "Starter").measures] == [Decimal(50), Decimal(50)]
    assert card(catalogue, "Starter").active is False
    assert catalogue.scorecards.card("relationship", "Starter") is None


def test_ids_depend_on_names_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = load(tmp_path / "a", {FILE: ENTERPRISE})
    other = load(tmp_path / "b", {FILE: "scorecards: {Starter: {measures: [Support, Product Usage, More]}}\n"})
    ours, theirs = card(first, "Starter"), card(other, "Starter")
    assert ours.gsid == theirs.gsid
    assert row(ours, "Support").gsid == row(theirs, "Support").gsid
    assert row(ours, "Support").gsid != row(card(first, "Enterprise"), "Support").gsid
    assert first.scorecards.card("company", ours.gsid) == ours


@pytest.mark.parametrize(
    ("measures", "weights"),
    [
        ("measures: {A: {group: G}, B: {group: G}, C: }", {"A": 50, "B": 50, "C": 50, "G": 50}),
        ("measures: {A: {weight: 70, group: G}, B: {weight: 30, group: H}}", {"A": 70, "B": 30, "G": 70, "H": 30}),
        (
            "measures: {A: {weight: 75, group: G}, B: {weight: 25, group: G}, C: 60}, groups: {G: 40}",
            {"A": 75, "B": 25, "C": 60, "G": 40},
        ),
        ("measures: {A: 33.33, B: 33.33, C: 33.34}", {"A": "33.33", "B": "33.33", "C": "33.34"}),
        ("measures: [A, B, C]", {"A": "33.333333333", "B": "33.333333333", "C": "33.333333333"}),
    ],
)
def test_weights_that_are_not_given(tmp_path: Path, measures: str, weights: dict[str, object]) -> None:
    found = card(load(tmp_path, {FILE: f"scorecards: {{S: {{{measures}}}}}\n"}), "S")
    assert {each.name: each.weight for each in found.rows if each.weight is not None} == {
        name: Decimal(str(weight)) for name, weight in weights.items()
    }


@pytest.mark.parametrize(
    ("text", "code", "line", "value", "near"),
    [
        ("  S: {entity: compny, measures: [A]}", "GS-SPEC-VALUE", 2, "compny", "company"),
        ("  S: {scheme: grad, measures: [A]}", "GS-SPEC-VALUE", 2, "grad", "grade"),
        ("  S: {measure: [A]}", "GS-SPEC-KEY", 2, "measure", "measures"),
        ("  S: {measures: []}", "GS-SPEC-EMPTY", 2, "", ""),
        ("  S: {measures: [A, A]}", "GS-SPEC-DUPLICATE", 2, "A", ""),
        ("  S: {measures: [A, a]}", "GS-SPEC-DUPLICATE", 2, "a", ""),
        ("  S: {measures: [A]}\n  s: {measures: [A]}", "GS-SPEC-DUPLICATE", 3, "s", ""),
        ("  S: {measures: {A: 40, B: 50}}", "GS-PROJECT-SCORECARD", 2, "90", ""),
        ("  S: {measures: {A: 100, B: }}", "GS-PROJECT-SCORECARD", 2, "B", ""),
        ("  S:\n    measures: {A: 50, B: {group: Gruop}}\n    groups: {Group: 50}", "GS-NAME", 3, "Gruop", "Group"),
        ("  S:\n    measures: [A]\n    groups: {G: 50}", "GS-PROJECT-SCORECARD", 4, "G", ""),
        ("  S: {measures: [A, Overall Score]}", "GS-PROJECT-SCORECARD", 2, "Overall Score", ""),
        ("  S: {measures: [A, Snapshot Date]}", "GS-PROJECT-SCORECARD", 2, "Snapshot Date", ""),
        ("  S: {measures: [A&B, AB]}", "GS-PROJECT-SCORECARD", 2, "AB", ""),
        ("  S: {measures: {A: 101}}", "GS-SPEC-VALUE", 2, "101", ""),
        ("  S: {measures: {A: 50%, B: 50}}", "GS-SPEC-TYPE", 2, "50%", ""),
    ],
)
def test_wrong_scorecards_are_refused(tmp_path: Path, text: str, code: str, line: int, value: str, near: str) -> None:
    found = problems(tmp_path, {FILE: f"scorecards:\n{text}\n"})
    assert [each.code for each in found if each.code == code], found
    first = next(each for each in found if each.code == code)
    assert first.place is not None
    assert Path(first.place.file).name == FILE
    assert (first.place.line, first.value, first.nearest) == (line, value, near)


def test_weights_inside_a_group_that_sum_to_neither_are_refused(tmp_path: Path) -> None:
    text = "  S: {measures: {A: {weight: 50, group: G}, B: {weight: 30, group: G}, C: 60}, groups: {G: 40}}"
    (found,) = problems(tmp_path, {FILE: f"scorecards:\n{text}\n"})
    assert found.message == "the weights in the group `G` sum to 80, not to 100, or to the group's 40"


RANGES = "{label: Low, from: 0, to: 49}, {label: High, from: 50, to: 100}"


def test_ranges_of_the_project_replace_those_of_their_scheme(tmp_path: Path) -> None:
    catalogue = load(tmp_path, {FILE: f"schemes:\n  color: [{RANGES}]\n"})
    own = [each for each in catalogue.schemes if each.scheme == "COLOR"]
    assert [(each.label, each.low, each.high, each.score) for each in own] == [
        ("Low", 0, 49, 25),
        ("High", 50, 100, 75),
    ]
    grades = [(each.name, each.score) for each in catalogue.schemes if each.scheme == "GRADE"]
    assert grades == [("A", 95), ("B", 85), ("C", 75), ("D", 65), ("F", 30)]
    assert load(tmp_path, {FILE: ""}).scorecards.cards == ()


@pytest.mark.parametrize(
    ("ranges", "code", "says"),
    [
        (
            ", ".join(f"{{label: R{n}, from: {n}, to: {n}}}" for n in range(13)),
            "GS-LIMIT",
            "a scheme has at most 12 ranges; this one has 13",
        ),
        (
            "{label: A, from: 0, to: 50}, {label: B, from: 50, to: 99}",
            "GS-PROJECT-SCORECARD",
            "the range A (0 to 50) overlaps with B (from 50)",
        ),
        (
            "{label: B, from: 52, to: 99}, {label: A, from: 0, to: 50}",
            "GS-PROJECT-SCORECARD",
            "the range A (0 to 50) leaves a gap to B (from 52)",
        ),
        ("{label: A, from: 9, to: 3}", "GS-PROJECT-SCORECARD", "the range A ends before it begins: 9 to 3"),
        (
            "{label: A, from: 0, to: 9, score: 10}",
            "GS-PROJECT-SCORECARD",
            "the score 10 of A lies outside of its range 0 to 9",
        ),
        (
            "{label: A, from: 0, to: 9}, {label: a, from: 10, to: 11}",
            "GS-SPEC-DUPLICATE",
            "`a` and `A` are the same label",
        ),
        ("{label: A, from: 0, to: 101}", "GS-SPEC-VALUE", "`to` must be at most 100, not 101"),
    ],
)
def test_wrong_ranges_are_refused(tmp_path: Path, ranges: str, code: str, says: str) -> None:
    (found,) = problems(tmp_path, {FILE: f"schemes:\n  grade: [{ranges}]\n"})
    assert (found.code, found.message) == (code, says)
    assert found.place is not None
    assert found.place.line == 2


def test_a_score_in_the_numeric_scheme_is_refused(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, {FILE: "schemes:\n  numeric: [{label: A, from: 0, to: 100, score: 50}]\n"})
    assert found.message == "a number is its own score in the numeric scheme"


def test_the_history_has_a_number_for_each_measure(tmp_path: Path) -> None:
    text = ENTERPRISE + "  Sites: {entity: relationship, measures: [Uptime %]}\n"
    seeds = {"records/scorecard_measure.csv": "Name,ScorecardId.Name\nproduct usage,X\nSeeded,X\nOverall Score,X\n"}
    catalogue = load(tmp_path, {FILE: text, **seeds})
    company, site = (catalogue.objects[f"{name}scorecard_history"] for name in ("", "relationship_"))
    assert list(company.fields)[3:8] == [
        "OverallScore",
        "Product_Usage__gc",
        "Support__gc",
        "Relationship__gc",
        "Seeded__gc",
    ]
    assert company.fields["Product_Usage__gc"].label == "Product Usage"
    assert company.find("product usage") == (company.fields["Product_Usage__gc"],)
    assert "Uptime___gc" in site.fields
    assert history_field("R&D Score") == "RD_Score__gc"


@pytest.mark.once
def test_records_follow_the_file_and_leave_seeds_alone(tmp_path: Path) -> None:
    """What a project no longer defines is gone from its tenant; records of other origin stay."""
    seeds = {
        "records/scorecard_master.csv": "Name,EntityType,SchemeType\nSeeded,ACCOUNT,GRADE\n",
        "records/company.csv": "Name,ScorecardId.Name\nAcme,Enterprise\nBeta,Seeded\n",
    }
    project = project_with(tmp_path, {FILE: ENTERPRISE, **seeds})
    store = tmp_path / "store.duckdb"
    with Tenant.open(store, Catalogue.load(project), project) as tenant:
        assert tenant.summary()["scorecard_master"] == 3
        assert tenant.summary()["scorecard_measure"] == 8
        assert tenant.summary()["scorecard_scheme_definition"] == 11
        applied = tenant.con.execute(
            "SELECT c.Name, m.Name FROM tenant.company c JOIN tenant.scorecard_master m ON m.Gsid = c.ScorecardId"
        ).fetchall()
        assert sorted(applied) == [("Acme", "Enterprise"), ("Beta", "Seeded")]
    project_with(tmp_path, {FILE: "scorecards: {Enterprise: {scheme: color, measures: [Support, More]}}\n"})
    catalogue = Catalogue.load(project)
    for mode in ("live", "read"):
        with Tenant.open(store, catalogue, project, mode) as tenant:
            table = "tenant.scorecard_master" if mode == "live" else "scorecard_master"
            cards = tenant.con.execute(f"SELECT Name, SchemeType FROM {table} ORDER BY Name").fetchall()
            assert cards == [("Enterprise", "COLOR"), ("Seeded", "GRADE")]
            assert tenant.summary()["scorecard_measure"] == 3
            columns = [entry[0] for entry in tenant.con.execute("SELECT * FROM tenant.scorecard_history").description]
            assert "More__gc" in columns
