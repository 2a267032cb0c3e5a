"""Which behaviours datasets depended on: those that made a difference, and no others."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gsrules.run.behaviours.guide import alternatives, guides, value_word
from gsrules.run.behaviours.model import Behaviour
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from tests.conformance.random_rules import Maker

DATE = dt.date(2024, 5, 15)
FILE = """\
    type: s3
    path: f.csv
    date_format: yyyy-MM-dd
    datetime_format: yyyy-MM-dd HH:mm:ss
    columns: {k: string, t: string, n: number, d: date, m: datetime}
"""
ROWS = ["k,t,n,d,m", "a,Active,1,2024-05-14,2024-05-14 10:00:00", "b,Churned,2,2024-04-14,2024-04-14 10:00:00"]


def project(folder: Path, tasks: str, rows: list[str], settings: str = "", profile: str = "") -> Workspace:
    managed = folder / "datasets" / "s3" / "gainsight-managed"
    managed.mkdir(parents=True)
    (managed / "f.csv").write_text("\n".join([*ROWS, *rows]) + "\n")
    (folder / "rules").mkdir()
    text = f"rule: A rule\nfor: company\n{profile}tasks:\n  F:\n{FILE}  G:\n{FILE}{tasks}"
    (folder / "rules" / "rule.yml").write_text(text)
    (folder / "gsrules.toml").write_text(settings)
    return Workspace.open(folder)


def found(workspace: Workspace, counting: str = "quick") -> tuple[Behaviour, ...]:
    with workspace.tenant("dry_run") as tenant:
        options = RunOptions(rule_date=DATE, mode="dry_run", keep_all_tasks=True, behaviours=counting)  # type: ignore[arg-type]
        report = run_rule(workspace, "rule", options, tenant).report
    assert report.status == "SUCCESS", report.problems
    return report.behaviours


def transform(where: str = "", formula: str = "") -> str:
    lines = ["  T:", "    type: transform", "    from: F"]
    lines += [f'    where: "{where}"'] if where else []
    lines += ["    formulas:", f'      x: {{expression: "{formula}", type: string}}'] if formula else []
    return "\n".join(lines) + "\n"


MERGE = "  T:\n    type: merge\n    from: F\n    join: [{dataset: G, keep: common, on: t = k}]\n    show: [F.n]\n"
UNION = "  T:\n    type: union\n    from: [F, G]\n    columns: {x: {F: t, G: t}}\n"
PIVOT = (
    "  T:\n    type: pivot\n    from: F\n    group_by: [k]\n    columns:\n"
    "      - {name: hits, where: \"t = 'Active'\", value: count(n)}\n"
)
CASES = [
    ("filter.null_rows", transform("t != 'Active'"), ["c,,3,2024-05-14,"], 1, "t != 'Active'"),
    ("filter.equality_case", transform("t = 'active'"), [], 1, "t = 'active'"),
    ("filter.text_match_case", transform("t contains 'ACT'"), [], 1, "t contains 'ACT'"),
    ("filter.between", transform("n between 1 and 2"), [], 1, "n between 1 and 2"),
    ("filter.last_n", transform("d in last 7 days"), ["c,X,3,2024-05-15,"], 1, "d in last 7 days"),
    ("filter.datetime_vs_date", transform("m = date '2024-05-14'"), [], 1, "m = date '2024-05-14'"),
    ("formula.null_concat", transform(formula="k + t"), ["c,,3,,"], 1, "x: k + t"),
    ("formula.text_not_found", transform(formula="left(t, 'u')"), [], 1, "x: left(t, 'u')"),
    ("formula.right_occurrence", transform(formula="right(t, 'e')"), ["c,eye,1,,"], 1, "x: right(t, 'e')"),
    ("formula.divide_by_zero", transform(formula="to_string(n / (n - 1))"), [], 1, "x: division by zero"),
    ("formula.conversion_failure", transform(formula="to_string(to_number(t))"), [], 2, "x: text not converted"),
    ("merge.key_case", MERGE, ["c,A,3,,"], 1, "t = k"),
    ("merge.null_keys", MERGE, [",,3,,"], 1, "t = k"),
    ("union.duplicates", UNION, [], 2, ""),
    ("pivot.count_without_default", PIVOT, [], 1, "hits"),
    ("pivot.keep_empty_groups", PIVOT, [], 1, ""),
    ("s3.empty_string", "  T: {type: union, from: [F, G], columns: {x: {F: t}}}\n", ['c,"",3,,'], 1, ""),
    ("s3.escape_default", transform(), ['c,"a\\\\b",3,,'], 1, ""),
]


@pytest.mark.parametrize(("key", "tasks", "rows", "count", "where"), CASES, ids=[case[0] for case in CASES])
def test_a_behaviour_that_mattered_is_told_with_its_rows(
    key: str, tasks: str, rows: list[str], count: int, where: str, tmp_path: Path
) -> None:
    told = [each for each in found(project(tmp_path, tasks, rows)) if each.key == key]
    assert told, key
    assert (told[-1].rows, told[-1].where, told[-1].set_in) == (count, where, "default")
    assert told[-1].what.startswith(f"{count} row")


QUIET = [
    transform("t is not null"),
    transform("t != 'Active'"),  # no row without a value
    transform("t = 'Nobody'"),
    transform("n between 5 and 6"),
    transform("d in current and last 3 years"),
    transform(formula="k + '-'"),
    transform(formula="left(k, k)"),
    "  T:\n    type: merge\n    from: F\n    join: [{dataset: G, keep: left, on: k = k}]\n    show: [F.n, G.t]\n",
]


@pytest.mark.parametrize("tasks", QUIET)
def test_nothing_is_told_where_every_value_gives_the_same(tasks: str, tmp_path: Path) -> None:
    assert [each.key for each in found(project(tmp_path, tasks, []))] == []


def test_what_no_output_shows_is_not_told(tmp_path: Path) -> None:
    """The null row fulfils neither form of the second condition."""
    tasks = transform("t != 'Active' and k = 'b'")
    assert found(project(tmp_path, tasks, ["c,,3,,"])) == ()


def test_several_other_values_at_one_spot_are_one_line(tmp_path: Path) -> None:
    told = found(project(tmp_path, transform(formula="left(t, 'u')"), []))
    assert [(each.key, each.others) for each in told] == [("formula.text_not_found", ("whole", "empty"))]


def test_where_a_key_is_set_is_told(tmp_path: Path) -> None:
    ws = project(tmp_path, transform("t != 'Active'"), ["c,,3,,"], '[profile]\n"filter.null_rows" = "include"\n')
    (told,) = found(ws)
    assert (told.value, told.others, told.rows, told.set_in) == ("include", ("exclude",), 1, "project")


def test_a_rule_goes_before_the_project(tmp_path: Path) -> None:
    settings, own = '[profile]\n"filter.null_rows" = "include"\n', "profile: {filter.null_rows: exclude}\n"
    (told,) = found(project(tmp_path, transform("t != 'Active'"), ["c,,3,,"], settings, own))
    assert (told.value, told.set_in) == ("exclude", "rule")


def test_large_inputs_are_told_without_a_count_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsrules.run.behaviours.watch.QUICK", 2)
    ws = project(tmp_path, transform("t != 'Active'"), ["c,,3,,"])
    told = {each.key: each.rows for each in found(ws)}
    assert told["filter.null_rows"] is None
    assert [(each.key, each.rows) for each in found(ws, "exact")] == [("filter.null_rows", 1)]


def test_a_report_reads_back_with_its_behaviours(tmp_path: Path) -> None:
    for each in found(project(tmp_path, transform("t != 'Active'"), ["c,,3,,"])):
        assert Behaviour.read(each.as_json()) == each


@pytest.mark.once
@pytest.mark.parametrize("seed", [1, 3, 8])
def test_a_key_that_is_not_told_makes_no_difference_to_a_random_rule(seed: int, tmp_path: Path) -> None:
    """The truth by brute force: the rule is run under every other value of every key."""
    Maker(seed).write(tmp_path / "rule")
    workspace = Workspace.open(tmp_path / "rule")

    def rows(ws: Workspace, counting: str = "off") -> tuple[object, tuple[Behaviour, ...]]:
        with Tenant.open(None, ws.catalogue, ws.project, "dry_run") as tenant:
            tenant.seed()
            options = RunOptions(rule_date=DATE, mode="dry_run", keep_all_tasks=True, behaviours=counting)  # type: ignore[arg-type]
            result = run_rule(ws, "rule", options, tenant)
            kept = {
                task: sorted(map(repr, tenant.con.execute(f'select * from "{table}"').fetchall()))
                for task, table in result.datasets.items()
            }
            return (result.report.status, kept), result.report.behaviours

    base, told = rows(workspace, "quick")
    listed = {(each.key, other) for each in told for other in each.others}
    differing = {
        (key.name, value_word(other))
        for key in guides()
        if key.data
        for other in alternatives(key.name, workspace.project.profile)
        if rows(workspace.under({key.name: other}))[0] != base
    }
    assert listed == differing
