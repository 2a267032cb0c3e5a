"""The runs that were kept: found by id, read back as the report, the rule and the first rows of what they left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import duckdb
from sqlglot import exp

from gsrules.catalogue.paths import glob_safe
from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, InputError, Place, Problem, nearest
from gsrules.run.artifacts import file_name
from gsrules.run.behaviours.model import Behaviour
from gsrules.run.report import ActionReport, ExportReport, RunReport, TaskReport
from gsrules.run.rows import Rows
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec
from gsrules.spec.load import parse_rule
from gsrules.tenant import Tenant
from gsrules.tenant.changes import Counts, ErrorCount
from gsrules.tenant.names import column, named, spell

LAST: Final = "last"
_ROW: Final = "__row"


@dataclass(frozen=True, slots=True)
class KeptRun:
    """One run's folder. `rule` is None where the text of the rule can no longer be read; `text` is that text."""

    folder: Path
    report: RunReport
    text: str
    rule: RuleSpec | None

    def dataset_file(self, task: str) -> Path:
        """Where the rows of a dataset are, if they were kept."""
        return self.folder / "datasets" / f"{file_name(task)}.parquet"

    def effects_file(self, position: int, action: str) -> Path:
        """Where the effects of the action at `position` (from 1) are."""
        return self.folder / "effects" / f"{position}-{file_name(action)}.parquet"


@dataclass(frozen=True, slots=True)
class FirstRows:
    """Some rows of a kept table: its columns with their DuckDB types, and how many rows it has in all.

    The number of the row comes first.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int


def runs_folder(workspace: Workspace) -> Path:
    """Where the project keeps its runs."""
    return workspace.project.root / ".gsrules" / "runs"


def find_run(workspace: Workspace, name: str) -> KeptRun:
    """The kept run of that id, or of the only id that begins so; `last` is the newest. Raises InputError GS-RUN."""
    folder = runs_folder(workspace)
    known = sorted(path.name for path in folder.iterdir() if _is_run(path)) if folder.is_dir() else []
    if not known:
        hint = "gsrules run keeps each run below .gsrules/runs"
        raise InputError(Problem("GS-RUN", "no run was kept yet", where=str(folder), value=name, hint=hint))
    if name == LAST:
        return read_run(workspace, folder / _newest(folder, known))
    found = [name] if name in known else [each for each in known if each.startswith(name)]
    if len(found) == 1:
        return read_run(workspace, folder / found[0])
    if not found:
        near = nearest(name, known)
        hint = f"the newest is {_newest(folder, known)}; or write: gsrules show last"
        raise InputError(Problem("GS-RUN", f"there is no kept run '{name}'", None, str(folder), name, hint, near))
    shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
    raise InputError(
        Problem("GS-RUN", f"{len(found)} runs begin with '{name}'", None, str(folder), name, f"one of: {shown}")
    )


def _is_run(path: Path) -> bool:
    return not path.name.startswith(".") and (path / "report.json").is_file()


def _newest(folder: Path, known: Sequence[str]) -> str:
    """The newest run. Ids tell seconds only, so the runs of the last second are asked for their start."""
    second = known[-1].rpartition("-")[0]
    latest = [each for each in known if each.rpartition("-")[0] == second]
    return max(latest, key=lambda each: str(_json(folder / each).get("started_at", ""))) if latest[1:] else known[-1]


def read_run(workspace: Workspace, folder: Path) -> KeptRun:
    """The run in a folder. Raises InputError GS-RUN where its report cannot be read."""
    report = _report(folder, _json(folder))
    path = folder / "rule.yml"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    shown = workspace.project.rules_dir / f"{report.rule}.yml"  # whether or not there is one today
    try:
        rule = parse_rule(text, str(shown), report.rule, workspace.kinds) if text else None
    except GsrulesError:  # written for another version: the page does without the graph
        rule = None
    return KeptRun(folder, report, text, rule)


def _json(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(folder, str(error)) from error
    if not isinstance(found, dict):
        raise _unreadable(folder, "it is no JSON object")
    return found


def _unreadable(folder: Path, reason: str) -> InputError:
    return InputError(Problem("GS-RUN", "the report of the run cannot be read", value=str(folder), hint=reason))


def _report(folder: Path, data: Mapping[str, Any]) -> RunReport:
    try:
        return RunReport(
            run_id=data["run_id"],
            rule=data["rule"],
            name=data["name"],
            rule_date=data["rule_date"],
            mode=data["mode"],
            status=data["status"],
            started_at=data["started_at"],
            duration_ms=data["duration_ms"],
            tasks=tuple(_task(task) for task in data["tasks"]),
            actions=tuple(_action(action) for action in data["actions"]),
            warnings=tuple(_problem(each) for each in data["warnings"]),
            problems=tuple(_problem(each) for each in data.get("problems", ())),
            behaviours=tuple(Behaviour.read(each) for each in data.get("behaviours", ())),
            artifacts=data.get("artifacts"),
            params=dict(data.get("params", {})),
            notified=tuple(data.get("notified", ())),
        )
    except (KeyError, TypeError) as error:
        raise _unreadable(folder, f"its form is that of another version: {error}") from error


def _task(data: Mapping[str, Any]) -> TaskReport:
    files, archived = tuple(data.get("files", ())), tuple(data.get("archived", ()))
    return TaskReport(
        data["task"], data["type"], data["rows"], data["duration_ms"], files, data.get("rejects", 0), archived
    )


def _action(data: Mapping[str, Any]) -> ActionReport:
    counts = Counts(**{each.name: data.get(each.name, 0) for each in fields(Counts)})
    groups = {
        name: tuple(ErrorCount(each["code"], each["rows"], each["example"]) for each in data.get(name, ()))
        for name in ("errors", "skips", "warnings")
    }
    exports = tuple(ExportReport(**each) for each in data.get("exports", ()))
    outbox, delivered = dict(data.get("outbox", {})), dict(data.get("delivered", {}))
    return ActionReport(
        data["id"], data["action"], data["from"], counts, **groups, exports=exports, outbox=outbox, delivered=delivered
    )


def _problem(data: Mapping[str, Any]) -> Problem:
    place = Place(data["file"], data.get("line", 1), data.get("column", 1)) if data.get("file") else None
    rest = {name: data[name] for name in ("where", "value", "hint", "nearest", "severity") if name in data}
    return Problem(data["code"], data["message"], place, **rest)


@contextmanager
def history_rows(workspace: Workspace, rule: str | None, limit: int, store: Path | None = None) -> Iterator[Rows]:
    """The runs that the tenant remembers, newest first; of one rule if given. Raises InputError GS-NAME."""
    resolved = workspace.resolve(rule) if rule is not None else None
    counts = [named(_summed(name), name) for name in ("matched", "created", "updated", "closed", "skipped", "failed")]
    shown = [named(column("run_id"), "run"), column("rule"), column("rule_date"), column("status"), *counts]
    shown.append(named(_undoing(), "undo"))
    newest = [exp.Ordered(this=column(name), desc=True) for name in ("started", "run_id")]
    with workspace.tenant("read", store) as tenant:
        rows = exp.select(*shown, column("started")).from_(tenant.internal("gs_run_history"))
        kept = _journalled(tenant).subquery("kept")
        rows = rows.join(kept, using=["run_id"], join_type="left")
        if resolved is not None:
            rows = rows.where(column("rule").eq(exp.Literal.string(resolved)))
        yield Rows(tenant.con, spell(rows.order_by(*newest).limit(limit)))


def _journalled(tenant: Tenant) -> exp.Select:
    """The runs of the journal; by which undo each was undone, and how far that came."""
    undo = exp.select(named(column("run_id"), "undone_by"), named(column("status"), "undo_status"))
    undo = undo.from_(tenant.internal("gs_run_history"))
    runs = exp.select("run_id", "undone_by", "undo_status").from_(tenant.internal("gs_journal_run"))
    return runs.join(undo.subquery("undo"), using=["undone_by"], join_type="left")


def _undoing() -> exp.Expression:
    """Whether a run can be undone, was undone, or is an undo."""
    undone = exp.Anonymous(this="json_extract_string", expressions=[column("report"), exp.Literal.string("$.undone")])
    says = {
        column("mode").eq(exp.Literal.string("undo")): exp.DPipe(
            this=exp.Literal.string("undo of "), expression=undone
        ),
        column("undo_status").eq(exp.Literal.string("PARTIAL_SUCCESS")): exp.DPipe(
            this=exp.Literal.string("partly undone by "), expression=column("undone_by")
        ),
        column("undone_by").is_(exp.Null()).not_(): exp.DPipe(
            this=exp.Literal.string("undone by "), expression=column("undone_by")
        ),
        column("run_id", "kept").is_(exp.Null()).not_(): exp.Literal.string("can be undone"),
    }
    branches = [exp.If(this=when, true=text) for when, text in says.items()]
    return exp.Case(ifs=branches, default=exp.Literal.string("not kept"))


def _summed(name: str) -> exp.Expression:
    """A count of the reports' actions, added up."""
    found = exp.Anonymous(
        this="json_extract", expressions=[column("report"), exp.Literal.string(f"$.actions[*].{name}")]
    )
    listed = exp.Cast(this=found, to=exp.DataType.build("BIGINT[]", dialect="duckdb"))
    total = exp.Anonymous(this="list_sum", expressions=[listed])
    return exp.Cast(this=exp.Coalesce(this=total, expressions=[exp.Literal.number(0)]), to=exp.DataType.build("BIGINT"))


def first_rows(connection: duckdb.DuckDBPyConnection, path: Path, limit: int) -> FirstRows | None:
    """The first rows of a kept dataset, in the order of their numbers; None where it was not kept."""
    if not path.is_file():
        return None
    return _sampled(connection, exp.select("*").from_(parquet(path)).order_by(column(_ROW)).limit(limit), path)


def first_effects(connection: duckdb.DuckDBPyConnection, path: Path, limit: int) -> FirstRows | None:
    """Some effects of an action, in the order of their rows: of every outcome and code the first ones.

    So a rare failure is among them, however many rows did well before it. None where they were not kept.
    """
    if not path.is_file():
        return None
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column("outcome"), column("code")],
        order=exp.Order(expressions=[exp.Ordered(this=column("row"))]),
    )
    # The window sees three narrow columns; the wide ones are read for the chosen rows alone.
    chosen = exp.select(column("row")).from_(parquet(path)).order_by(rank, column("row")).limit(limit)
    rows = exp.select("*").from_(parquet(path)).where(column("row").isin(query=chosen))
    return _sampled(connection, rows.order_by(column("row")), path)


def _sampled(connection: duckdb.DuckDBPyConnection, rows: exp.Select, path: Path) -> FirstRows:
    total = connection.execute(spell(exp.select(exp.Count(this=exp.Star())).from_(parquet(path)))).fetchone()
    found = connection.execute(spell(rows))
    columns = [(each[0], str(each[1])) for each in found.description or ()]
    number = next((at for at, (name, _) in enumerate(columns) if name == _ROW), 0)
    sample = tuple((row[number], *row[:number], *row[number + 1 :]) for row in found.fetchall())
    return FirstRows((columns.pop(number), *columns), sample, int(total[0]) if total else 0)


def parquet(path: Path) -> exp.Expression:
    """The rows of a Parquet file, for a FROM."""
    return exp.Anonymous(this="read_parquet", expressions=[exp.Literal.string(glob_safe(path))])
