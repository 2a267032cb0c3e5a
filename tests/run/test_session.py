"""A session: what it keeps from one run to the next never shows in a result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import InputError
from gsrules.project import BucketSettings
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.session import Session
from gsrules.run.workspace import Workspace
from gsrules.spec.text import Text
from gsrules.tenant import Tenant

DATE = dt.date(2026, 11, 23)
COMPANIES = [{"Name": "Alpha", "ExternalId": "A-1", "Status": "Active"}]
MORE = [*COMPANIES, {"Name": "Beta", "ExternalId": "B-1", "Status": "Active"}]
USAGE = "Account ID,Logins\nA-1,12\nB-1,40\n"
Seen = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    with Session(workspace) as opened:
        yield opened


def seen(
    workspace: Workspace, tenant: Tenant, folder: Path, companies: Sequence[dict[str, Any]], usage: str, **more: Any
) -> Seen:
    """What a run on these records and this file leaves: reports, datasets, effects, and the records written."""
    tenant.seed_records({Text("company"): companies})
    file = folder / "input" / "usage-2026-11-22.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(usage)
    buckets = {"gainsight-managed": BucketSettings("gainsight-managed", path=folder)}
    own = replace(workspace, project=replace(workspace.project, buckets=buckets))
    result = run_rule(own, "usage", RunOptions(**{"rule_date": DATE, "keep_all_tasks": True, **more}), tenant)
    rows: Seen = {"actions": [(a.id, a.counts, a.errors, a.warnings) for a in result.report.actions]}
    rows["tasks"] = [(task.task, task.rows) for task in result.report.tasks]
    rows["problems"] = [(problem.code, problem.message) for problem in result.report.problems]
    for name, table in {**result.datasets, **result.effects}.items():
        rows[name] = sorted(tenant.con.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr)
    left = "SELECT Gsid, Company__gc, Logins__gc, gs_sequence FROM usage__gc ORDER BY ALL"
    rows["usage"] = tenant.con.execute(left).fetchall() if "Write usage" in result.effects else []
    return rows


def kept(session: Session, *given: Any, workspace: Workspace | None = None, **more: Any) -> Seen:
    with session.folder() as folder, session.tenant() as tenant:
        return seen(workspace or session.workspace, tenant, folder, *given, **more)


def attempted(session: Session, *given: Any) -> Seen:
    return session.attempt(lambda tenant, folder: seen(session.workspace, tenant, folder, *given))


def fresh(workspace: Workspace, folder: Path, *given: Any, **more: Any) -> Seen:
    with Tenant.open(None, workspace.catalogue, workspace.project, "live") as tenant:
        return seen(workspace, tenant, folder, *given, **more)


def test_runs_on_other_rows_give_what_they_give_on_a_tenant_of_their_own(session: Session, tmp_path: Path) -> None:
    headers = USAGE.splitlines()[0] + "\n"
    given = [
        (COMPANIES, USAGE),
        (MORE, USAGE),
        ([], headers),
        (MORE, headers + "B-1,1\nB-1,2\n"),
        (COMPANIES, USAGE),
        ([{"Status": "Churn", "Name": "Alpha"}], USAGE),
        (MORE, headers + "A-1,123456789012345678\nA-1,9223372036854775807\n"),
        (MORE, headers + "A-1,x\n"),
        (MORE, headers + '"A-1",\n'),
        (MORE, USAGE),
    ]
    for each in given * 2:
        alone = fresh(session.workspace, tmp_path, *each)
        assert kept(session, *each) == alone
        assert attempted(session, *each) == alone


def test_other_parameters_and_rule_dates_are_heeded(session: Session, tmp_path: Path) -> None:
    for least in (25, 1, 25, 1000, 1):
        more = {"params": {"least": least}}
        assert kept(session, MORE, USAGE, **more) == fresh(session.workspace, tmp_path, MORE, USAGE, **more)
    for day in (DATE, dt.date(2026, 11, 24), DATE):
        found = kept(session, MORE, USAGE, rule_date=day)
        assert [code for code, _ in found["problems"]] == ([] if day == DATE else ["GS-FILE-MISSING"])


def test_a_changed_rule_file_is_heeded(session: Session, workspace: Workspace, tmp_path: Path) -> None:
    before = kept(session, MORE, USAGE)
    path = workspace.project.rule_path("usage")
    path.write_text(path.read_text().replace("least: 25", "least: 1"))
    changed = Workspace.open(workspace.project.root)
    after = kept(session, MORE, USAGE, workspace=changed)
    assert before["actions"][1][1].matched == 1
    assert after["actions"][1][1].matched == 0
    assert kept(session, MORE, USAGE) == before


def test_another_profile_is_heeded(session: Session, workspace: Workspace) -> None:
    other = workspace.project.profile.overlaid({"load.touch_unchanged": True})
    touching = replace(workspace, project=replace(workspace.project, profile=other))
    for turn in (workspace, touching, workspace):
        with session.folder() as folder, session.tenant() as tenant:
            seen(turn, tenant, folder, MORE, USAGE)
            assert seen(turn, tenant, folder, [], USAGE)["actions"][0][1].unchanged == 2
            runs = tenant.con.execute("SELECT DISTINCT right(GsExecutionId, 1) FROM usage__gc").fetchall()
        assert runs == [("2" if turn is touching else "1",)]


def test_a_tenant_holds_nothing_of_the_one_before(session: Session) -> None:
    kept(session, MORE, USAGE)
    with session.tenant() as tenant:
        assert not any(tenant.summary()[name] for name in ("company", "usage__gc", "call_to_action"))
        assert tenant.runs.latest() == ()
        assert tenant.seed_records({Text("company"): COMPANIES}) == {"company": 1}


def test_wrong_records_are_refused_each_time_and_leave_nothing(session: Session, tmp_path: Path) -> None:
    wrong = [{"Name": None, "ExternalId": "A-1", "Status": "Aktive"}]
    for _ in range(3):
        with pytest.raises(InputError) as refused, session.tenant() as tenant:
            tenant.seed_records({Text("company"): wrong})
        assert {problem.code for problem in refused.value.problems} == {"GS-TENANT-SEED"}
        assert kept(session, MORE, USAGE) == fresh(session.workspace, tmp_path, MORE, USAGE)


def test_a_traced_run_spoils_nothing(session: Session, tmp_path: Path) -> None:
    for trace in (False, True, False, True, False):
        found = kept(session, MORE, USAGE, trace=trace)
        assert found == fresh(session.workspace, tmp_path, MORE, USAGE, trace=trace)


def test_the_second_run_of_a_tenant_sees_the_first_and_keeps_its_tables(session: Session, tmp_path: Path) -> None:
    for _ in range(2):
        with session.folder() as folder, session.tenant() as tenant:
            seen(session.workspace, tenant, folder, COMPANIES, USAGE)
            again = seen(session.workspace, tenant, folder, MORE[1:], USAGE)
        assert again["actions"][0][1].unchanged == 1
        assert again["actions"][0][1].created == 1


def test_work_that_fails_on_the_way_is_done_anew_from_the_beginning(session: Session) -> None:
    tries: list[int] = []

    def work(tenant: Tenant, folder: Path) -> int:
        tries.append(len(list(folder.iterdir())))
        (folder / "file").write_text("")
        tenant.seed_records({Text("company"): COMPANIES})
        with pytest.raises(InputError):
            tenant.seed_records({Text("company"): [{"Name": "Beta", "Status": "nobody knows it"}]})
        return tenant.summary()["company"]

    assert session.attempt(work) == 1
    assert tries == [0, 0]


def test_what_is_wrong_with_given_records_is_said_as_it_is_in_a_tenant_of_their_own(session: Session) -> None:
    with pytest.raises(InputError) as found:
        session.attempt(lambda tenant, _: tenant.seed_records({Text("company"): [{"Nam": "Beta"}]}))
    assert [problem.code for problem in found.value.problems] == ["GS-NAME"]
    assert session.attempt(lambda tenant, _: tenant.summary()["company"]) == 0


def test_nothing_of_an_attempt_is_left_in_the_next_one(session: Session) -> None:
    def work(tenant: Tenant, _: Path) -> tuple[int, int]:
        before = tenant.summary()["company"]
        tenant.seed_records({Text("company"): MORE})
        return before, tenant.summary()["company"]

    assert [session.attempt(work) for _ in range(4)] == [(0, 2)] * 4
    with session.tenant() as tenant:
        assert tenant.summary()["company"] == 0
