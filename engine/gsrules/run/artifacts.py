"""What a run leaves behind: report, the rule as it was, datasets and effects as Parquet files."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb
from sqlglot import exp

from gsrules.errors import Problem, RunError
from gsrules.run.outbox import write_file
from gsrules.run.report import RunReport
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, spell, temp_table


def new_run_id(started: datetime) -> str:
    """A name that sorts by time and does not repeat."""
    return f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def kept_run_id(rule_date: date, turn: int) -> str:
    """The name of a run that leaves nothing behind: always the same, so that its statements are met again."""
    return f"{rule_date:%Y%m%d}-000000-{turn + 1:08x}"


class RunFolder:
    """The folder of one run, written beside its place and moved there in one go: a reader never sees half of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._draft = path.with_name(f".{path.name}.draft")

    def keep_rows(
        self,
        rule_file: Path,
        tenant: Tenant,
        datasets: Mapping[str, str],
        effects: Mapping[str, str],
        rejects: Mapping[str, str],
        failing: Mapping[str, str],
    ) -> None:
        """Writes the rule and the rows. Raises RunError GS-OUTPUT.

        `datasets` and `effects` map task names and action ids to temporary tables of the tenant's connection,
        `rejects` the tasks of which cells were read as null to the tables that hold these, `failing` the actions with
        failed rows to their tasks.
        """
        draft = self._draft
        with self._complaining():
            parts = {"datasets": True, "effects": True, "rejects": bool(rejects), "errors": bool(failing)}
            for part in (name for name, needed in parts.items() if needed):
                (draft / part).mkdir(parents=True)
            shutil.copyfile(rule_file, draft / "rule.yml")
            for task, table in datasets.items():
                _copy(tenant.con, table, ("__row",), draft / "datasets" / f"{file_name(task)}.parquet")
            for position, (action, table) in enumerate(effects.items(), start=1):
                name = f"{position}-{file_name(action)}"
                _copy(tenant.con, table, ("row",), draft / "effects" / f"{name}.parquet")
                if action in failing:
                    _copy_errors(tenant.con, datasets[failing[action]], table, draft / "errors" / f"{name}.csv")
            for task, table in rejects.items():
                _copy(tenant.con, table, ("file", "line"), draft / "rejects" / f"{file_name(task)}.parquet")

    def finish(self, report: RunReport, tenant: Tenant, delivered: str | None) -> None:
        """Adds the outbox and the report, and puts the folder into its place. Raises RunError GS-OUTPUT."""
        with self._complaining():
            if report.notified or any(action.outbox for action in report.actions):
                write_file(tenant, report.run_id, delivered, self._draft / "outbox.jsonl")
            text = json.dumps(report.as_json(), indent=2, ensure_ascii=False)
            (self._draft / "report.json").write_text(text, encoding="utf-8")
            self._draft.rename(self.path)

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except (OSError, duckdb.IOException) as error:
            shutil.rmtree(self._draft, ignore_errors=True)
            raise RunError(
                Problem(
                    "GS-OUTPUT",
                    "the run's artefacts cannot be written",
                    value=str(self.path),
                    hint=f"{str(error).splitlines()[0]}; the tenant holds the run all the same",
                )
            ) from error


def _copy(connection: duckdb.DuckDBPyConnection, table: str, order: Sequence[str], path: Path) -> None:
    """Writes the rows of a table in order, so that equal runs leave equal files."""
    rows = exp.Select(expressions=[exp.Star()]).from_(temp_table(table))
    copy_parquet(connection, rows.order_by(*(column(name) for name in order)), path)


def copy_parquet(connection: duckdb.DuckDBPyConnection, rows: exp.Select, path: Path) -> None:
    """Writes the rows of a query into a Parquet file."""
    target = exp.Literal.string(str(path)).sql("duckdb")
    connection.execute(f"COPY ({spell(rows)}) TO {target} (FORMAT parquet)")


def _copy_errors(connection: duckdb.DuckDBPyConnection, dataset: str, effects: str, path: Path) -> None:
    """The error file of an action: the dataset's columns, Row Number, Error Code, Error Message (actions.md §10.1)."""
    row, effect = column("__row", "d"), {"row": "Row Number", "code": "Error Code", "message": "Error Message"}
    star = exp.Column(this=exp.Star(except_=[exp.to_identifier("__row")]), table=exp.to_identifier("d"))
    query = (
        exp.select(star, *(exp.alias_(column(name, "e"), title, quoted=True) for name, title in effect.items()))
        .from_(temp_table(effects, "e"))
        .join(temp_table(dataset, "d"), on=row.eq(column("row", "e")))
        .where(column("outcome", "e").eq(exp.Literal.string("failed")))
        .order_by(column("row", "e"))
    )
    target = exp.Literal.string(str(path)).sql("duckdb")
    connection.execute(f"COPY ({spell(query)}) TO {target} (FORMAT csv, HEADER)")


def file_name(title: str) -> str:
    """`title` with everything that could mean something to a file system taken out."""
    return re.sub(r"[^\w\- ]+", "_", title).strip()[:80] or "untitled"
