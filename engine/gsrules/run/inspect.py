"""Looks into a rule's datasets and into the tenant without changing anything."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from gsrules.compile import CompileEnv, compile_text
from gsrules.compile.compiler import ROW
from gsrules.errors import InputError, Problem, RunError, nearest
from gsrules.plan.nodes import DataPlan
from gsrules.profile import Profile
from gsrules.run.datasets import ExactNeeded, compute, first_line
from gsrules.run.options import RunOptions
from gsrules.run.prepare import BoundRule, RuleFiles, bind_rule, find_task, rule_profile, s3_tasks
from gsrules.run.rows import Rows
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, spell, temp_table

if TYPE_CHECKING:
    pass

_S3_PREVIEW = 10


@contextmanager
def preview_query(
    workspace: Workspace,
    rule_name: str,
    task_name: str,
    limit: int | None,
    rule_date: dt.date | None,
    params: Mapping[str, str],
    tenant_path: Path | None,
) -> Iterator[Rows]:
    """The first rows of one dataset, of the full true result (data-setup.md §16). Raises InputError, RunError."""
    rule = workspace.rule(rule_name)
    profile = rule_profile(workspace, rule)
    date = RunOptions(rule_date=rule_date).date_in(profile)
    with (
        tempfile.TemporaryDirectory(prefix="gsrules-") as workdir,
        workspace.tenant("dry_run", tenant_path) as tenant,
    ):
        table, task, bound, told = computed(workspace, rule, profile, date, params, tenant, task_name, Path(workdir))
        columns = bound.plan.tasks[task].columns
        is_file = bound.plan.tasks[task].kind == "s3"
        rows = exp.select(*(column(each.name) for each in columns)).from_(temp_table(table))
        if not is_file:
            rows = rows.order_by(column(ROW))
        rows = rows.limit(limit or (_S3_PREVIEW if is_file else int(profile["preview.rows"])))
        yield Rows(tenant.con, spell(rows), told)


def computed(
    workspace: Workspace,
    rule: RuleSpec,
    profile: Profile,
    date: dt.date,
    params: Mapping[str, str],
    tenant: Tenant,
    task_name: str,
    workdir: Path,
) -> tuple[str, str, BoundRule, tuple[Problem, ...]]:
    """The table that holds the rows of one task, the task's name, the rule as bound, and the counted warnings."""
    for exact in (False, True):
        files = RuleFiles(workspace, tenant, profile, date, workdir, exact)
        bound = bind_rule(workspace, rule, profile, date, params, files, exact=exact)
        task = find_task(bound.plan, task_name, rule.id)
        part = DataPlan({name: bound.plan.tasks[name] for name in _needed(bound.plan, task)}, exact=exact)
        sources = {name: files.opened(name, each) for name, each in s3_tasks(rule).items() if name in part.tasks}
        only = BoundRule(rule, bound.context, part, (), ())
        try:
            done = compute(only, {task: part.tasks[task].kind != "s3"}, sources, tenant, exact=exact)
        except ExactNeeded:
            continue
        return done.tables[task], task, bound, done.warnings
    raise AssertionError("the exact form computes every dataset or says why not")


def _needed(plan: DataPlan, task: str) -> list[str]:
    """The task and all that it reads, in plan order."""
    wanted, pending = set[str](), [task]
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending.extend(plan.tasks[name].parents)
    return [name for name in plan.tasks if name in wanted]


def sql_text(
    workspace: Workspace,
    rule_name: str,
    task_name: str | None,
    rule_date: dt.date | None,
    params: Mapping[str, str],
) -> str:
    """The SQL of one task, or of every task that no other reads."""
    rule = workspace.rule(rule_name)
    profile = rule_profile(workspace, rule)
    date = RunOptions(rule_date=rule_date).date_in(profile)
    with (
        tempfile.TemporaryDirectory(prefix="gsrules-") as workdir,
        Tenant.open(None, workspace.catalogue, workspace.project, "read") as tenant,
    ):
        files = RuleFiles(workspace, tenant, profile, date, Path(workdir), exact=False)
        bound = bind_rule(workspace, rule, profile, date, params, files)
        names = [find_task(bound.plan, task_name, rule.id)] if task_name else _ends(bound.plan)
        env = CompileEnv(date, profile, workspace.catalogue)
        sources = files.open_all(rule)
        texts = [compile_text(bound.plan, name, sources, tenant, env) for name in names]
    return "\n\n".join(f"-- {name}\n{text};" for name, text in zip(names, texts, strict=True))


def _ends(plan: DataPlan) -> list[str]:
    read = {parent for task in plan.tasks.values() for parent in task.parents}
    return [name for name in plan.tasks if name not in read]


@contextmanager
def tenant_query(workspace: Workspace, sql: str, tenant_path: Path | None) -> Iterator[Rows]:
    """The rows of one SELECT over the tenant. Raises InputError GS-QUERY for anything else."""
    with workspace.tenant("read", tenant_path) as tenant:
        try:
            statements = tenant.con.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                hint = "give one SELECT; the tenant changes only through rules, gsrules reset starts it anew"
                raise InputError(Problem("GS-QUERY", "query only reads", value=sql, hint=hint))
            # A wrong name shows when the statement is planned; nothing is computed twice.
            tenant.con.execute(f"EXPLAIN {sql}")
        except duckdb.Error as error:
            known = list(workspace.catalogue.objects)
            raise InputError(
                Problem("GS-QUERY", first_line(error), value=sql, hint=_query_hint(str(error), known))
            ) from error
        try:
            yield Rows(tenant.con, sql.rstrip().rstrip(";"))
        except duckdb.Error as error:
            raise RunError(Problem("GS-QUERY", first_line(error), value=sql)) from error


def _query_hint(message: str, objects: Sequence[str]) -> str:
    if "does not exist" in message and "Table" in message:
        return "gsrules objects lists the objects; each is a table, and <object>_labels a view with labels"
    if "Referenced column" in message or "not found in FROM" in message:
        return "gsrules objects NAME lists the fields of an object"
    return ""


@contextmanager
def object_rows(workspace: Workspace, name: str | None) -> Iterator[Rows]:
    """The objects with their labels and fields counted, or the fields of one object."""
    catalogue = workspace.catalogue
    with duckdb.connect() as connection:
        if name is None:
            rows = [
                (found.name, found.label, found.group, len(found.fields) + len(found.computed))
                for found in catalogue.objects.values()
            ]
            yield Rows(connection, _values(connection, ("object", "label", "group", "fields"), rows))
            return
        found = catalogue.object(name)
        if found is None:
            message = f"there is no object '{name}'"
            hint = "gsrules objects lists them all"
            raise InputError(
                Problem("GS-NAME", message, value=name, hint=hint, nearest=nearest(name, catalogue.objects))
            )
        rows_of_fields = [
            (
                each.name,
                each.label,
                str(each.type) + (f" → {each.type.target}" if each.type.target else ""),
                "required" if each.required else "read-only" if each.read_only else "",
            )
            for each in (*found.fields.values(), *(one.field for one in found.computed.values()))
        ]
        yield Rows(connection, _values(connection, ("field", "label", "type", "note"), rows_of_fields))


def _values(connection: duckdb.DuckDBPyConnection, names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Makes a small table of rows that are at hand; gives the SELECT that reads it."""
    kinds = ", ".join(f'"{name}" {"BIGINT" if name == "fields" else "VARCHAR"}' for name in names)
    connection.execute(f"CREATE TABLE shown ({kinds})")
    if rows:
        connection.executemany(f"INSERT INTO shown VALUES ({', '.join('?' for _ in names)})", [list(r) for r in rows])
    return "SELECT * FROM shown"


def reset_tenant(workspace: Workspace, tenant_path: Path | None) -> str:
    """Takes the tenant back to its seed records; says what it holds now."""
    path = tenant_path or workspace.project.store
    with Tenant.start_over(path, workspace.catalogue, workspace.project) as tenant:
        counts = tenant.summary()
    records = sum(counts.values())
    return f"{path}: back to {records:,} seed records in {sum(1 for n in counts.values() if n)} objects"
