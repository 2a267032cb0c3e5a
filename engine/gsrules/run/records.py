"""Reads records of the tenant as a fetch task would: fields, labels, and paths through lookups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlglot import exp

from gsrules.catalogue.datatypes import DataType
from gsrules.compile import CompiledPlan, CompileEnv, compile_plan, run_step
from gsrules.dataclass import dataclass
from gsrules.expressions import Context
from gsrules.plan import InferredColumn, bind_data
from gsrules.plan.nodes import Column, DataPlan
from gsrules.run.workspace import Workspace
from gsrules.spec import FetchTask, RuleSpec, S3Task, Text
from gsrules.tenant import Tenant
from gsrules.tenant.names import GSID, column, temp_table

_TASK = "Records"


class NoFiles:
    """For the binding of a fetch, which reads no file."""

    def columns(self, name: str, task: S3Task) -> Sequence[InferredColumn]:
        raise AssertionError(f"{name} reads no file")


def read_records(
    workspace: Workspace, tenant: Tenant, object_name: str, paths: Sequence[str], among: Sequence[str] | None = None
) -> tuple[exp.Select, Mapping[str, DataType]]:
    """A SELECT of the `paths` (such as `CompanyId.Name`) of the records whose Gsid is in one of the tables `among`.

    Without `among`: of all records of the object. The types are keyed by path. Raises InputError for unknown names,
    with the nearest known one.
    """
    # the workspace is part of what is remembered: nothing else can get the id of its profile
    key = ("records", object_name, tuple(map(str, paths)), id(workspace.project.profile))
    found = tenant.statements.remembered(key, lambda: _compiled(workspace, tenant, object_name, paths))
    for step in found.compiled.steps:
        run_step(tenant.statements, step)
    columns, compiled = found.columns, found.compiled
    names = {path: f"c{n}" for n, path in enumerate(paths)}
    rows = exp.select(*(column(name) for name in names.values())).from_(temp_table(compiled.tables[_TASK]))
    if among is not None:
        touched = [column("gsid").isin(query=exp.select(column(GSID)).from_(temp_table(table))) for table in among]
        rows = rows.where(exp.or_(*touched) if touched else exp.false())
    types = {each.name: each.type for each in columns}
    return rows, {path: types[name] for path, name in names.items()}


@dataclass(frozen=True, slots=True)
class _Records:
    """The statements that fetch records, and the columns that they give."""

    workspace: Workspace
    columns: tuple[Column, ...]
    compiled: CompiledPlan


def _compiled(workspace: Workspace, tenant: Tenant, object_name: str, paths: Sequence[str]) -> _Records:
    plan = bind_paths(workspace, object_name, paths)
    number = tenant.statements.numbered(("records", object_name, tuple(map(str, paths))))
    env = CompileEnv(dt.date.min, workspace.project.profile, workspace.catalogue, prefix=f"gs_records_{number}")
    compiled = compile_plan(plan, {_TASK: False}, {}, tenant, env)
    return _Records(workspace, plan.tasks[_TASK].columns, compiled)


def bind_paths(workspace: Workspace, object_name: str, paths: Sequence[str]) -> DataPlan:
    """The fetch of the `paths` as columns c0, c1, … Raises InputError for unknown names, with the nearest known one."""
    show = [Text(f"{_bracketed(path)} as c{n}", getattr(path, "place", None)) for n, path in enumerate(paths)]
    task = FetchTask(type="fetch", object=Text(object_name), show=(*show, Text("Gsid as gsid")))
    rule = RuleSpec(name=Text("Records of an object"), tasks={Text(_TASK): task})
    context = Context(dt.date.min, {}, workspace.project.profile, workspace.catalogue)
    return bind_data(rule, workspace.catalogue, context, NoFiles(), exact=False)


def _bracketed(path: str) -> str:
    return ".".join(part if part.startswith("[") else f"[{part.strip()}]" for part in path.split("."))
