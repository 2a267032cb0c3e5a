"""A sweep agrees with a run for each value, and says who enters and leaves between them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gsrules.errors import InputError
from gsrules.regress.sweep import SweepOptions, SweepReport, sweep
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace
from gsrules.views.sweep import sweep_text
from tests.conftest import dedented

DAY = dt.date(2026, 11, 23)
RULE = """
    rule: Swept
    params: {least: 1500, status: Active, grace: 10, since: '2026-01-01'}
    tasks:
      Companies: {type: fetch, object: company, show: [Gsid, Name, Status, Arr], where: Name != 'Nobody'}
    actions:
      - action: create_cta
        id: Open
        from: Companies
        when: Arr >= :least
        company: Gsid
        name: "${Name} is large"
        type: Risk
        reason: Usage Drop
        priority: High
        status: New
        owner: {default: owner@example.com}
      - action: close_cta
        id: Close
        from: Companies
        when: Arr < :least
        company: Gsid
        type: Risk
        reason: Usage Drop
        sources: [Rules]
        status: Closed Success
    """


def swept(project: Path, param: str, *changes: tuple[str, str], **params: str) -> SweepReport:
    text = dedented(RULE)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (project / "rules/swept.yml").write_text(text, encoding="utf-8")
    name, values = param.split("=")
    workspace = Workspace.open(project, project)
    report = sweep(workspace, "swept", SweepOptions({name: values, **params}, DAY))
    for at, value in enumerate(report.values):
        options = RunOptions(DAY, {**params, report.param: value}, mode="dry_run")
        with workspace.tenant("dry_run") as tenant:
            run = run_rule(workspace, "swept", options, tenant).report
        assert [action.points[at].counts for action in report.actions] == [action.counts for action in run.actions]
    return report


def margins(
    report: SweepReport, action: int = 0
) -> list[tuple[str, str, list[tuple[str, str, dict[str, str | None]]]]]:
    return [
        (each.before, each.after, [(row.name, row.change, dict(row.decides)) for row in each.rows])
        for each in report.actions[action].margins
    ]


def test_a_parameter_of_the_criteria_is_answered_from_one_run(project: Path) -> None:
    report = swept(project, "least=500..3500:1000")
    assert (report.runs, report.reason, report.current) == (1, "", "1500")
    assert report.values == ("500", "1500", "2500", "3500")
    assert [point.counts.matched for point in report.actions[0].points] == [3, 2, 1, 0]
    assert [point.counts.created for point in report.actions[0].points] == [3, 2, 1, 0]
    assert margins(report) == [
        ("500", "1500", [("Alpha", "leaves", {"Arr": "1000"})]),
        ("1500", "2500", [("Beta", "leaves", {"Arr": "2000"})]),
        ("2500", "3500", [("Gamma", "leaves", {"Arr": "3000"})]),
    ]
    assert margins(report, 1)[0] == ("500", "1500", [("Alpha", "enters", {"Arr": "1000"})])


def test_values_may_go_down_and_need_not_be_even(project: Path) -> None:
    report = swept(project, "least=2500,2000,999.5")
    assert [point.counts.matched for point in report.actions[0].points] == [1, 2, 3]
    assert margins(report)[1] == ("2000", "999.5", [("Alpha", "enters", {"Arr": "1000"})])


def test_a_filter_above_the_action_is_answered_from_one_run_with_its_own_value(project: Path) -> None:
    report = swept(
        project,
        "least=500..2500:1000",
        ("Name != 'Nobody'}", "Arr >= :least}"),
        ("when: Arr >= :least", "when: Status in ('Active')"),
    )
    assert report.runs == 1
    assert [point.counts.received for point in report.actions[0].points] == [3, 2, 1]
    assert [point.counts.matched for point in report.actions[0].points] == [2, 1, 0]
    assert margins(report)[0] == ("500", "1500", [("Alpha", "leaves", {"Arr": "1000"})])


def test_a_filter_below_formulas_merges_and_unions_is_followed_to_the_rows_of_the_action(project: Path) -> None:
    tasks = """
  Large:
    type: transform
    from: Companies
    where: Arr >= :least
    formulas: {Twice: {expression: Arr * 2, type: number}}
  Active: {type: fetch, object: company, show: [Gsid as Id], where: Status in ('Active')}
  Both:
    type: merge
    from: Large
    join: [{dataset: Active, keep: left, on: Gsid = Id}]
    show: [Large.Gsid, Large.Name, Large.Twice, Active.Id]
  Lost: {type: transform, from: Companies, where: Status in ('Churn'), show: [Gsid, Name, Arr as Twice]}
  Kept: {type: transform, from: Both, show: [Gsid, Name, Twice]}
  Every: {type: union, from: [Kept, Lost]}
actions:"""
    report = swept(
        project,
        "least=500..2500:1000",
        ("\nactions:", tasks),
        ("from: Companies\n    when: Arr >= :least", "from: Every\n    when: Twice >= 1"),
        ("when: Arr < :least", "when: Status in ('Inactive')"),
    )
    assert report.runs == 1
    # The three companies above the filter, and the lost one beside it.
    assert [point.counts.received for point in report.actions[0].points] == [4, 3, 2]
    assert [[(row[0], row[2]) for row in rows] for _, _, rows in margins(report)] == [
        [("Alpha", {"Arr": "1000"})],
        [("Beta", {"Arr": "2000"})],
    ]


GROUPED = """
  Sizes: {type: transform, from: Companies, where: Arr >= :least, show: [Status, count(*) as N]}
  Of status: {type: merge, from: Companies, join: [{dataset: Sizes, keep: common, on: Status = Status}],
    show: [Companies.Gsid, Companies.Name, Sizes.N]}
actions:"""


def test_a_filter_below_a_group_takes_one_run_a_value_and_says_so(project: Path) -> None:
    report = swept(
        project,
        "least=500..3500:1500",
        ("\nactions:", GROUPED),
        ("from: Companies\n    when: Arr >= :least", "from: Of status\n    when: N >= 1"),
    )
    assert report.runs == 3
    assert report.reason == "the parameter decides which rows go into the groups of the dataset 'Sizes'"
    assert [point.counts.matched for point in report.actions[0].points] == [3, 3, 0]
    assert margins(report) == [
        ("500", "2000", []),
        ("2000", "3500", [("Alpha", "leaves", {}), ("Beta", "leaves", {}), ("Gamma", "leaves", {})]),
    ]


def test_a_filter_on_the_right_of_a_left_merge_takes_one_run_a_value(project: Path) -> None:
    tasks = """
  Large: {type: transform, from: Companies, where: Arr >= :least, show: [Gsid as Id, Arr as Size]}
  Both: {type: merge, from: Companies, join: [{dataset: Large, keep: left, on: Gsid = Id}],
    show: [Companies.Gsid, Companies.Name, Large.Size]}
actions:"""
    report = swept(
        project,
        "least=500..2500:1000",
        ("\nactions:", tasks),
        ("from: Companies\n    when: Arr >= :least", "from: Both\n    when: Size is null"),
    )
    assert report.runs == 3
    assert "find a partner" in report.reason
    assert [point.counts.matched for point in report.actions[0].points] == [0, 1, 2]


def test_a_formula_takes_one_run_a_value(project: Path) -> None:
    tasks = """
  Over: {type: transform, from: Companies, formulas: {Over: {expression: "Arr - :least", type: number}}}
actions:"""
    report = swept(
        project,
        "least=500..2500:1000",
        ("\nactions:", tasks),
        ("from: Companies\n    when: Arr >= :least", "from: Over\n    when: Over > 0"),
    )
    assert report.runs == 3
    assert "part of a formula of the dataset 'Over'" in report.reason
    assert [point.counts.matched for point in report.actions[0].points] == [3, 2, 1]


def test_texts_and_dates_are_swept_and_the_others_stay_as_given(project: Path) -> None:
    report = swept(project, "status=Active,Churn", ("when: Arr >= :least", "when: Status in (:status)"), least="2500")
    assert [point.counts.matched for point in report.actions[0].points] == [2, 1]
    assert [point.counts.matched for point in report.actions[1].points] == [2, 2]
    dates = swept(project, "since=2026-11-21..2026-11-25:2", ("when: Arr >= :least", "when: rule_date > :since"))
    assert dates.values == ("2026-11-21", "2026-11-23", "2026-11-25")
    assert [point.counts.matched for point in dates.actions[0].points] == [3, 0, 0]


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"lest": "1..2"}, "GS-NAME", "has no parameter 'lest'"),
        ({"least": "5"}, "GS-USAGE", "needs one --param with several values"),
        ({"least": "1..2", "grace": "1..2"}, "GS-USAGE", "only one --param may be swept"),
        ({"least": "1..2:0"}, "GS-USAGE", "has no step"),
        ({"least": "1..9000"}, "GS-USAGE", "at most 200"),
        ({"least": "1..many"}, "GS-USAGE", "is no range of numbers"),
        ({"least": "1,many"}, "GS-TYPE", "takes a number"),
        ({"since": "2026-01-01..2026-02-01:x"}, "GS-USAGE", "is no number of days"),
    ],
)
def test_what_cannot_be_swept_is_told(project: Path, params: dict[str, str], code: str, words: str) -> None:
    (project / "rules/swept.yml").write_text(dedented(RULE), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sweep(Workspace.open(project, project), "swept", SweepOptions(params, DAY))
    assert caught.value.problems[0].code == code
    assert words in caught.value.problems[0].message


def test_the_text_shows_the_present_value_and_cuts_the_names(project: Path) -> None:
    report = swept(project, "least=500,1500,3500")
    text = sweep_text(report, 1)
    assert "3 values of least, now 1500, from one run" in text
    assert "← now" in next(line for line in text.splitlines() if line.strip().startswith("1500 "))
    assert "500 → 1500  1 leave\n      - Alpha  Arr 1000" in text
    assert "1500 → 3500  2 leave\n      - Beta  Arr 2000\n      … 1 more" in text


@pytest.mark.parametrize(("own", "typed"), [("2000.50", "2000.5"), ("2e3", "2000"), ("'2000'", "2000")])
def test_the_present_value_is_told_as_it_is_typed(project: Path, own: str, typed: str) -> None:
    report = swept(project, f"grace={typed},3000", ("grace: 10", f"grace: {own}"))
    assert (report.current, report.values) == (typed, (typed, "3000"))


def test_a_present_true_or_false_is_told_as_it_is_typed(project: Path) -> None:
    assert swept(project, "grace=true,false", ("grace: 10", "grace: true")).current == "true"


def test_nothing_is_written_and_the_tenant_is_as_before(project: Path) -> None:
    swept(project, "least=500,1500")
    workspace = Workspace.open(project, project)
    with workspace.tenant("read") as tenant:
        assert tenant.con.execute(f"SELECT count(*) FROM {tenant.table('call_to_action')}").fetchone() == (0,)
