"""A rule's data setup over small tables: bound, compiled, run on DuckDB."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.compile import CompileEnv, Counter, compile_plan, compile_text, run_step
from gsrules.errors import InputError, Problem
from gsrules.expressions import Context
from gsrules.plan import TASK_MODELS, DataPlan, bind_data
from gsrules.plan.nodes import LookupHop, Matching, ScanFile, ScanObject, walk
from gsrules.profile import Profile
from gsrules.spec import Kinds, RuleSpec, S3Task, parse_rule
from gsrules.tenant.statements import Statements

RULE_DATE = date(2024, 5, 15)
Row = tuple[Any, ...]
Table = Sequence[Mapping[str, Any]]


def rule_of(tasks: str, name: str = "Example rule") -> RuleSpec:
    """The rule with these tasks (YAML)."""
    text = f"rule: {name}\ntasks:\n" + textwrap.indent(textwrap.dedent(tasks).strip("\n"), "  ") + "\n"
    return parse_rule(text, "rule.yml", "rule", Kinds(tasks=TASK_MODELS))


def quoted(text: str) -> exp.Identifier:
    return exp.to_identifier(text, quoted=True)


class NoFiles:
    """The columns of files, where every task declares its own."""

    def columns(self, name: str, task: S3Task) -> Sequence[Any]:
        raise InputError(Problem("GS-FILE-MISSING", f"no file for {name}"))


class Stored:
    """Tables of the connection as tenant objects and Salesforce samples."""

    def table(self, object: str) -> exp.Table:
        return exp.Table(this=quoted(f"object_{object}"))

    def salesforce(self, object: str) -> exp.Table:
        return exp.Table(this=quoted(f"salesforce_{object}"))


@dataclass(frozen=True)
class Opened:
    """A table of the connection as the rows of files."""

    table: str

    def relation(self, needed: Sequence[str]) -> exp.Select:
        return (
            exp.Select()
            .select(*(exp.column(quoted(name)) for name in needed))
            .from_(exp.Table(this=quoted(self.table)))
        )


@dataclass
class Lab:
    """`files` and `records` hold the rows of s3 tasks and objects; what a row leaves out is null."""

    tasks: str
    files: Mapping[str, Table] = field(default_factory=dict)
    records: Mapping[str, Table] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[DataPlan], DataPlan] = lambda plan: plan
    rule_date: date = RULE_DATE
    name: str = "Example rule"

    def __post_init__(self) -> None:
        self.catalogue = Catalogue.standard()
        self.keys = Profile.default().overlaid(self.profile)

    def plan(self, *, exact: bool = False) -> DataPlan:
        context = Context(self.rule_date, self.params, self.keys, self.catalogue)
        return bind_data(rule_of(self.tasks, self.name), self.catalogue, context, NoFiles(), exact)

    def problems(self) -> list[tuple[str, str]]:
        """The errors of binding as (code, message)."""
        with pytest.raises(InputError) as caught:
            self.plan()
        return [(p.code, p.message) for p in caught.value.problems if p.severity == "error"]

    def findings(self) -> list[tuple[str, str]]:
        """What binding warns of or notes."""
        return [(p.code, p.message) for p in self.plan().findings]

    @property
    def env(self) -> CompileEnv:
        return CompileEnv(self.rule_date, self.keys, self.catalogue)

    def run(
        self, *outputs: str, exact: bool = False, ordered: bool = True
    ) -> tuple[dict[str, list[Row]], dict[Counter, int]]:
        """The rows of the outputs (without row numbers), and all counts."""
        plan = self.change(self.plan(exact=exact))
        con = duckdb.connect()
        self._fill(con, plan)
        compiled = compile_plan(plan, dict.fromkeys(outputs, ordered), self.sources(plan), Stored(), self.env)
        counts: dict[Counter, int] = {}
        for step in compiled.steps:
            found = run_step(Statements(con), step)
            counts |= found.counts
            if step.task is not None and found.rows is not None:
                counts[Counter(step.task, "rows")] = found.rows
        rows = {name: _rows(con, compiled.tables[name], plan, name) for name in outputs}
        con.close()
        return rows, counts

    def rows(self, task: str, *, exact: bool = False) -> list[Row]:
        """The rows of one task in canonical order."""
        return self.run(task, exact=exact)[0][task]

    def text(self, task: str) -> str:
        plan = self.plan()
        return compile_text(plan, task, self.sources(plan), Stored(), self.env)

    def sources(self, plan: DataPlan) -> dict[str, Opened]:
        return {name: Opened(f"file_{name}") for name, task in plan.tasks.items() if task.kind == "s3"}

    def _fill(self, con: duckdb.DuckDBPyConnection, plan: DataPlan) -> None:
        for task in plan.tasks.values():
            for node in walk(task.node):
                if isinstance(node, ScanFile):
                    types = {column.name: column.type.storage for column in node.columns}
                    _make(con, f"file_{task.name}", types, self.files.get(task.name, ()))
        nodes = [node for task in plan.tasks.values() for node in walk(task.node)]
        for name in {node.object for node in nodes if isinstance(node, ScanObject | LookupHop | Matching)}:
            definition = self.catalogue.objects[name]
            types = {each.name: each.type.storage for each in definition.fields.values()}
            _make(con, f"object_{name}", types, self.records.get(name, ()))


def _make(con: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str], rows: Table) -> None:
    columns = ", ".join(f"{quoted(name).sql('duckdb')} {storage}" for name, storage in types.items())
    con.execute(f"CREATE TABLE {quoted(table).sql('duckdb')} ({columns})")
    marks = ", ".join("?" for _ in types)
    for row in rows:
        unknown = set(row) - set(types)
        assert not unknown, f"{table} has no {unknown}"
        con.execute(f"INSERT INTO {quoted(table).sql('duckdb')} VALUES ({marks})", [row.get(name) for name in types])


def _rows(con: duckdb.DuckDBPyConnection, table: str, plan: DataPlan, task: str) -> list[Row]:
    found = con.execute(f"SELECT * FROM {quoted(table).sql('duckdb')}")
    names = [column[0] for column in found.description]
    expected = [column.name for column in plan.tasks[task].columns]
    assert names in ([*expected, "__row"], expected)
    rows = found.fetchall()
    if "__row" in names:
        rows.sort(key=lambda row: row[-1])
        assert [row[-1] for row in rows] == list(range(1, len(rows) + 1))
        return [row[:-1] for row in rows]
    return rows
