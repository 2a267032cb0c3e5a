"""Which behaviours effects depended on."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from gsrules.errors import InputError
from gsrules.run.behaviours import watch
from gsrules.run.behaviours.actions import Acted
from gsrules.run.behaviours.model import Behaviour
from gsrules.run.check import validate_project
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace
from tests.oracle.yamlfile import load_rule_file

CASES = Path(__file__).parents[2] / "conformance"


def found(case: str, folder: Path) -> dict[str, Behaviour]:
    """What the run of a conformance case tells; the first of each key."""
    shutil.copytree(CASES / case, folder / "project")
    told = load_rule_file(CASES / case / "case.yml")
    date = dt.date.fromisoformat(str((told.get("runs") or [told])[0]["rule_date"]))
    workspace = Workspace.open(folder / "project")
    with workspace.tenant("dry_run") as tenant:
        options = RunOptions(rule_date=date, mode="dry_run", behaviours="quick")
        report = run_rule(workspace, "rule", options, tenant).report
    return {each.key: each for each in reversed(report.behaviours)}


@pytest.mark.parametrize(
    ("case", "key", "rows"),
    [
        ("load_duplicate_keys_last", "load.duplicate_keys", 2),
        ("load_null_identifier", "load.match_null", 2),
        ("load_several_matches_all", "load.multi_match", 1),
        ("load_update_without_match", "load.update_no_match", 1),
        ("cta_owner_unresolved", "cta.owner_missing", 1),
        ("cta_open_is_updated", "cta.on_existing", 1),
        ("cta_closed_within_the_frame", "cta.time_frame_basis", 1),
        ("cta_playbook_tasks", "cta.playbook_tasks", 1),
        ("cta_playbook_tasks", "cta.playbook_due_date", 1),
        ("due_2026_11_21_count", "cta.weekend_mode", None),
    ],
)
def test_what_an_action_depended_on_is_told(case: str, key: str, rows: int | None, tmp_path: Path) -> None:
    told = found(case, tmp_path)
    assert key in told
    assert told[key].action
    assert rows is None or told[key].rows == rows


@pytest.mark.parametrize(
    ("case", "key"),
    [
        ("cta_created", "cta.on_existing"),
        ("cta_created", "cta.time_frame_basis"),
        ("cta_created", "cta.company_scope"),
        ("cta_created", "cta.playbook_tasks"),
        ("cta_closed_before_the_frame", "cta.owner_missing"),
        ("load_insert_never_matches", "load.duplicate_keys"),
        ("load_upsert_branches", "load.match_null"),
    ],
)
def test_what_made_no_difference_is_not_told(case: str, key: str, tmp_path: Path) -> None:
    assert key not in found(case, tmp_path)


def break_down(acted: Acted) -> list[Behaviour]:
    """A database that cannot do it, as out of memory: the transaction is lost."""
    acted.run.tenant.con.execute("SELECT error('no memory left')")
    raise AssertionError


def test_looking_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids and records are those of a run at which nobody looks, also where looking breaks down."""
    stored = []
    for turn, counting in (("a", "off"), ("b", "quick"), ("c", "quick")):
        if turn == "c":
            monkeypatch.setattr(watch, "action_behaviours", break_down)
        folder = tmp_path / turn
        shutil.copytree(CASES / "cta_playbook_tasks", folder)
        workspace = Workspace.open(folder)
        with workspace.tenant("live", folder / "t.duckdb") as tenant:
            options = RunOptions(rule_date=dt.date(2026, 11, 23), behaviours=counting)  # type: ignore[arg-type]
            assert run_rule(workspace, "rule", options, tenant).report.status == "SUCCESS"
            ids = [
                tenant.con.execute(f"select Gsid, gs_sequence from {_table(tenant, name)}").fetchall() for name in TWO
            ]
            left = tenant.con.execute("select table_name from duckdb_tables() where temporary").fetchall()
        stored.append((ids, [name for (name,) in left if "behaviour" in name]))
    assert stored[0] == stored[1] == stored[2]
    assert stored[0][1] == []


TWO = ("call_to_action", "cs_task")


def _table(tenant: object, name: str) -> str:
    return str(tenant.table(name).sql(dialect="duckdb"))  # type: ignore[attr-defined]


RULE = """\
rule: A rule
for: company
profile:
  filter.betwen: inclusive
  filter.last_n: inside
  tenant.timezone: Europe/Berlin
  score.rollup: sometimes
tasks:
  C: {type: fetch, object: company, show: [Name]}
"""


def test_wrong_keys_of_a_rule_are_told_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "gsrules.toml").write_text("")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rule.yml").write_text(RULE)
    workspace = Workspace.open(tmp_path)
    problems = {
        problem.place.line: (problem.code, problem.place.column, problem.nearest)
        for problem in validate_project(workspace, ["rule"]).errors
        if problem.place
    }
    assert problems == {
        4: ("GS-NAME", 3, "filter.between"),
        5: ("GS-PROJECT-VALUE", 3, ""),
        6: ("GS-PROJECT-KEY", 3, ""),
        7: ("GS-PROJECT-VALUE", 3, ""),
    }
    with workspace.tenant("dry_run") as tenant, pytest.raises(InputError):
        run_rule(workspace, "rule", RunOptions(mode="dry_run"), tenant)
