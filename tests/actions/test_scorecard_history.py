"""actions.md §5.10."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

from gsrules.regress.suite import SuiteOptions, run_tests
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace
from tests.actions.support import World, company
from tests.actions.test_set_score import FILES

Make = Callable[..., World]
COLUMNS = {"C": "id", "D": "date", "S": "number", "T": "text"}
LOAD = (
    "  - {action: load_to_scorecard_history, from: Rows, company: C, snapshot_date: D, operation: %s,"
    " measures: {usage: S, Support: T}}\n"
)
JANUARY, MARCH = date(2026, 1, 31), date(2026, 3, 31)


def test_a_null_leaves_the_stored_score_and_a_row_without_scores_does_nothing(make: Make) -> None:
    world = make(files=FILES)
    world.dataset(COLUMNS, [[company(1), JANUARY, Decimal("79.5"), "60"]])
    first = world.act(LOAD % "upsert")
    assert first.outcomes == ["created"]
    world.dataset(
        COLUMNS, [[company(1), JANUARY, None, "61"], [company(1), MARCH, None, ""], [company(1), None, 5, ""]]
    )
    done = world.act(LOAD % "upsert")
    assert done.outcomes == ["updated", "skipped", "created"]
    assert done.codes == [None, "SCORE_NULL", None]
    stored = [(row["SnapshotDate"], row["Usage__gc"], row["Support__gc"]) for row in world.records("scorecard_history")]
    assert stored == [(JANUARY, 80, 61), (date(2026, 11, 23), 5, None)]
    assert done.changes.warnings == ()


def test_na_may_be_written(make: Make) -> None:
    world = make(files=FILES, score__null_as_na=True)
    world.dataset(COLUMNS, [[company(1), JANUARY, 80, "60"]])
    world.act(LOAD % "upsert")
    world.dataset(COLUMNS, [[company(1), JANUARY, None, None]])
    assert world.act(LOAD % "upsert").outcomes == ["updated"]
    assert [row["Usage__gc"] for row in world.records("scorecard_history")] == [None]


def test_an_insert_warns_of_a_date_that_is_there_stored_or_in_the_batch(make: Make) -> None:
    world = make(files=FILES)
    rows = [[company(1), JANUARY, 101, ""], [company(1), JANUARY, 1, ""], [company(1), JANUARY, 2, ""]]
    world.dataset(COLUMNS, [*rows, [company(1), MARCH, 3, ""], [company(2), JANUARY, None, ""]])
    done = world.act(LOAD % "insert")
    assert done.outcomes == ["failed", "created", "created", "created", "skipped"]
    assert [effect["warnings"] for effect in done.effects] == [None, None, ["DUPLICATE_SNAPSHOT"], None, None]
    assert world.act(LOAD % "insert").warned["DUPLICATE_SNAPSHOT"] == 3
    assert world.act(LOAD % "upsert").warned["MULTI_MATCH_UPDATED"] == 2


def test_what_is_wrong_is_refused(make: Make) -> None:
    world = make(files=FILES)
    world.dataset(COLUMNS, [])
    for measures, more, code, near in (
        ("{Usag: S}", "", "GS-NAME", "Usage"),
        ("{Uptime: S}", "", "GS-NAME", ""),
        ("{Usage: S, usage: T}", "", "GS-ACTION-DUPLICATE", ""),
        ("{Usage: D}", "", "GS-TYPE", ""),
        ("{Usage: S}", ", overall: D", "GS-TYPE", ""),
        ("{Usage: S}", ", snapshot_date: S", "GS-TYPE", ""),
        ("{Usage: S}", ", relationship: C", "GS-ACTION-ENTITY", ""),
        ("{}", "", "GS-SPEC-EMPTY", ""),
    ):
        action = f"  - {{action: load_to_scorecard_history, from: Rows, company: C, measures: {measures}{more}}}\n"
        found = world.problems(action)
        assert [problem.code for problem in found] == [code], action
        assert found[0].nearest == near


def test_a_later_rule_and_a_dry_run_read_what_was_loaded(make: Make) -> None:
    """The columns of the measures are there for rules, dry runs and queries alike."""
    world = make(files=FILES)
    root = world.base.root
    (root / "gsrules.toml").write_text("")
    (root / "datasets/records").mkdir()
    (root / "datasets/records/company.csv").write_text("Name,Employees\nAcme,80\n")
    tasks = "tasks:\n  Rows: {type: fetch, object: company, show: [Gsid as C, Employees as S]}\n"
    load = "  - {action: load_to_scorecard_history, from: Rows, company: C, measures: {Usage: S}}\n"
    (root / "rules/load.yml").write_text(f"rule: Load\nfor: company\n{tasks}actions:\n{load}")
    read = "  Then: {type: fetch, object: scorecard_history, show: [SnapshotDate, Usage, Support__gc]}\n"
    (root / "rules/read.yml").write_text(f"rule: Read\nfor: company\ntasks:\n{read}")
    workspace = Workspace.open(root)
    day = date(2026, 11, 23)
    with workspace.tenant("live") as tenant:
        assert run_rule(workspace, "load", RunOptions(rule_date=day, mode="live"), tenant).report.status == "SUCCESS"
    with workspace.tenant("dry_run") as tenant:
        options = RunOptions(rule_date=day, mode="dry_run", keep_all_tasks=True)
        result = run_rule(workspace, "read", options, tenant)
        rows = tenant.con.execute(f'SELECT * FROM "{result.datasets["Then"]}"').fetchall()
        assert rows == [(day, Decimal(80), None)]
    with workspace.tenant("read") as tenant:
        assert tenant.con.execute("SELECT Usage__gc FROM scorecard_history").fetchall() == [(Decimal(80),)]


SUITE = """rule: score
tests:
  - name: nothing to do
    rule_date: 2026-11-23
    given: {records: {company: [{Name: Acme}]}}
    expect: {actions: {Set: {skipped: 1}, History: {skipped: 1}}}
  - name: a scheme of its own
    rule_date: 2026-11-23
    given:
      records:
        company: [{Name: Acme, Employees: 800}]
        scorecard_scheme_definition: [{SchemeType: NUMERIC, Name: All, RangeFrom: 0, RangeTo: 1000}]
    expect:
      records:
        company: [{Name: Acme, CurrentScore: 800}]
        scorecard_history: [{CompanyId.Name: Acme, Usage: 800}]
  - name: the standard scheme again
    rule_date: 2026-11-23
    given: {records: {company: [{Name: Acme, Employees: 80}, {Name: Beta, Employees: 800}]}}
    expect:
      actions: {Set: {created: 1, failed: 1}, History: {created: 1, failed: 1}}
      records:
        company: [{Name: Acme, CurrentScore: 80}]
        scorecard_history: [{CompanyId.Name: Acme, Usage: 80}]
"""


def test_each_test_of_a_session_has_its_own_ranges_and_rollup(tmp_path: Path) -> None:
    files = {
        "gsrules.toml": "",
        "datasets/scorecards.yml": "scorecards: {Health: {measures: [Usage, Support]}}\n",
        "rules/score.yml": "rule: Score\nfor: company\ntasks:\n"
        "  Rows: {type: fetch, object: company, show: [Gsid as C, Employees as S]}\nactions:\n"
        "  - {action: set_score, id: Set, from: Rows, company: C, measure: Usage, scorecard: Health, score: S}\n"
        "  - {action: load_to_scorecard_history, id: History, from: Rows, company: C, measures: {Usage: S}}\n",
        "tests/score.test.yml": SUITE,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    for _ in range(2):
        done = run_tests(Workspace.open(tmp_path), [], None, SuiteOptions(jobs=1))
        assert [(test.name, test.passed) for test in done.tests if not test.passed] == []
        assert len(done.tests) == 3


def test_a_column_of_a_wrong_type_is_shown_where_it_stands(make: Make) -> None:
    world = make(files=FILES)
    world.dataset(COLUMNS, [[company(1), JANUARY, Decimal(1), "1"]])
    (told,) = world.problems((LOAD % "upsert").replace("snapshot_date: D", "snapshot_date: S"))
    assert (told.code, told.value) == ("GS-TYPE", "S")
    assert told.place is not None
    assert told.place.text[told.place.column - 1 :].startswith("S")
    people = "action: load_to_people, from: Rows, operation: upsert, person: {Email: T}, company_person: {company: S}"
    (told,) = world.problems(f"  - {{{people}}}\n")
    assert told.place is not None
    assert told.place.text[told.place.column - 1 :].startswith("S}}")
