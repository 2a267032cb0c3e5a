"""A traced run is the same run: the same datasets in the same order, the same report, the same effects and records.

Its branches add up, and what why tells of it agrees with what was decided.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import GsrulesError
from gsrules.run.engine import RunOptions, RunResult, forget, run_rule
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from tests.conformance.branches import check_branches
from tests.conformance.engine_adapter import filled, opened, stored
from tests.conformance.random_rules import Maker
from tests.conformance.test_conformance import CASES
from tests.oracle.yamlfile import load_rule_file
from tests.regress.why.agreement import check_why

_CHANGING = {"run_id", "started_at", "duration_ms", "file"}


def dataset(con: Any, table: str) -> list[dict[str, Any]]:
    """The rows without their numbers: in canonical order where they have some, else in any fixed order."""
    cursor = con.execute(f'select * from "{table}"')
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    rows.sort(key=lambda row: row.get("__row", 0))
    return [{name: value for name, value in row.items() if name != "__row"} for row in rows]


def used_and_others(result: RunResult, con: Any) -> dict[str, Any]:
    """The datasets that actions use, in order, and the others sorted: nobody asks for an order of theirs."""
    used = {action.from_.strip().lower() for action in result.report.actions}
    found = {name: dataset(con, table) for name, table in result.datasets.items()}
    return {name: rows if name.lower() in used else sorted(rows, key=repr) for name, rows in found.items()}


def plain(report: Any) -> Any:
    if isinstance(report, Mapping):
        return {key: plain(value) for key, value in report.items() if key not in _CHANGING}
    return [plain(each) for each in report] if isinstance(report, list) else report


def outcome(
    folder: Path, scratch: Path, trace: bool, keep_all_tasks: bool, look: Callable[[RunResult], None] = lambda run: None
) -> list[Any]:
    """Everything that the runs of a case leave behind; `look` is shown what was traced of the first one."""
    case = load_rule_file(folder / "case.yml")
    project = scratch / f"project-{trace}"
    shutil.copytree(folder, project)
    seen: list[Any] = []
    try:
        workspace = Workspace.open(project)
        runs = case.get("runs") or [case]
        with opened(workspace, scratch / f"{trace}.duckdb" if stored(folder, len(runs)) else None) as tenant:
            for one in runs:
                options = RunOptions(
                    rule_date=date.fromisoformat(one["rule_date"]),
                    params=one.get("params", {}),
                    keep_all_tasks=keep_all_tasks,
                    trace=trace,
                )
                result = run_rule(workspace, "rule", options, tenant)
                if result.trace is not None and not seen:
                    look(result)
                seen.append(left_behind(result, tenant))
            stamped = {"CreatedDate", "ModifiedDate", "GsExecutionId"}
            for name in filled(tenant):
                rows = records(tenant.con, tenant.table(name).sql("duckdb"))
                if rows:  # looking at names makes empty tables
                    seen.append((name, [{k: v for k, v in row.items() if k not in stamped} for row in rows]))
    except GsrulesError as error:
        seen.append([dataclasses.replace(problem, place=None) for problem in error.problems])
    return seen


def records(con: Any, table: str) -> list[dict[str, Any]]:
    cursor = con.execute(f"select * from {table} order by gs_sequence")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def left_behind(result: RunResult, tenant: Tenant) -> Any:
    con = tenant.con
    made = (
        plain(result.report.as_json()),
        used_and_others(result, con),
        {
            action: con.execute(
                f'select "row", outcome, code, codes, message, key, object, gsid, gsids, warnings from "{table}" '
                'order by "row"'
            ).fetchall()
            for action, table in result.effects.items()
        },
        len(result.writes),
    )
    if result.trace is not None:
        check_trace(result)
    forget(result, tenant)
    if result.trace is not None:
        left = con.execute(
            "select table_name from duckdb_tables() where temporary and table_name like 'gs!_t%' escape '!'"
        )
        assert not left.fetchall()
    return made


def check_trace(result: RunResult) -> None:
    """Every row of every part has its parents, and shows what the part's node makes of them."""
    trace = result.trace
    assert trace is not None
    con = trace.tenant.con
    for part in trace.parts:
        (rows, numbers) = one(con, f'select count(*), count(distinct __row) from "{trace.table(part.name)}"')
        assert rows == numbers
        for at, source in enumerate(part.inputs):
            links = trace.links(part.name, at).sql("duckdb")
            total, children, parents = one(
                con, f"select count(*), count(distinct child), count(distinct parent) from ({links})"
            )
            (above,) = one(con, f'select count(*) from "{trace.table(source)}"')
            assert children <= rows
            assert parents <= above
            if part.kind in ("filter", "columns", "lookup", "customers"):
                assert total == children == parents == rows
                same = [name for name in shown(part) if part.kind != "columns"]
                other = " or ".join(f'c."{name}" is distinct from p."{name}"' for name in same) or "false"
                wrong = one(
                    con,
                    f'select count(*) from ({links}) join "{trace.table(part.name)}" c on c.__row = child '
                    f'join "{trace.table(source)}" p on p.__row = parent where {other}',
                )
                assert wrong == (0,)
            if part.kind in ("group", "pivot") and children:
                assert total == above, "each row is in one group"


def shown(part: Any) -> list[str]:
    added = {column.name for column in getattr(part.node, "added", ())}
    return [column.name for column in part.columns if column.name not in added]


def one(con: Any, sql: str) -> tuple[Any, ...]:
    found = con.execute(sql).fetchone()
    assert found is not None
    return tuple(found)


def look(result: RunResult) -> None:
    check_branches(result)
    check_why(result)


def on_both(n: int, every: int) -> list[pytest.MarkDecorator]:
    """Marks all but one in `every` of these long tests to run on one line of DuckDB only."""
    return [pytest.mark.once] if n % every else []


CASES_ON_BOTH = [pytest.param(case, marks=on_both(n, 8), id=case.name) for n, case in enumerate(CASES)]
SEEDS = [pytest.param(seed, marks=on_both(seed, 4)) for seed in range(60)]


@pytest.mark.parametrize("folder", CASES_ON_BOTH)
def test_a_traced_run_of_a_case_is_the_same_run_its_branches_add_up_and_why_agrees(
    folder: Path, tmp_path: Path
) -> None:
    keep = "refuses" in folder.name or bool(sum(map(ord, folder.name)) % 2)
    assert outcome(folder, tmp_path, True, keep, look) == outcome(folder, tmp_path, False, keep)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_traced_run_of_a_random_rule_is_the_same_run_its_branches_add_up_and_why_agrees(
    seed: int, tmp_path: Path
) -> None:
    Maker(seed).write(tmp_path / "rule")
    assert outcome(tmp_path / "rule", tmp_path, True, True, look) == outcome(tmp_path / "rule", tmp_path, False, True)
