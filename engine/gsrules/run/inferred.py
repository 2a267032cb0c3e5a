"""The columns of an S3 dataset task as its files suggest them, ready to be pasted (data-setup.md §6.3)."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gsrules.errors import InputError, Problem, nearest
from gsrules.run.options import RunOptions
from gsrules.run.prepare import RuleFiles, rule_profile, s3_tasks
from gsrules.run.workspace import Workspace
from gsrules.sources import infer_columns
from gsrules.tenant import Tenant

if TYPE_CHECKING:
    from gsrules.sources import InferredColumn
    from gsrules.spec.tasks import ColumnSpec, S3Task


def inferred_columns(
    workspace: Workspace, rule_name: str, task_name: str, rule_date: dt.date | None, form: str = "yaml"
) -> str:
    """The `columns:` block for an S3 dataset task, each type with its reason: as YAML with comments, or as JSON.

    What the rule says about names and formats is kept. Raises InputError, and RunError for the files.
    """
    rule = workspace.rule(rule_name)
    tasks = s3_tasks(rule)
    found = next((name for name in tasks if name.lower() == task_name.strip().lower()), None)
    if found is None:
        message = f"the rule has no S3 dataset task '{task_name}'"
        hint = f"its S3 dataset tasks: {', '.join(tasks)}" if tasks else "it has no S3 dataset task"
        raise InputError(Problem("GS-NAME", message, None, rule.id, task_name, hint, nearest(task_name, tasks)))
    task = tasks[found]
    profile = rule_profile(workspace, rule)
    date = RunOptions(rule_date=rule_date).date_in(profile)
    with (
        tempfile.TemporaryDirectory(prefix="gsrules-") as workdir,
        Tenant.open(None, workspace.catalogue, workspace.project, "read") as tenant,
    ):
        files = RuleFiles(workspace, tenant, profile, date, Path(workdir), exact=True).files(found, task)
        where = f"task '{found}'"
        columns = infer_columns(tenant.con, task, files, profile, workdir=Path(workdir), where=where)
    written = [(each, _written(task, each)) for each in columns]
    if form == "json":
        shown = [
            {"header": each.header, **keys, "reason": each.reason, "values": each.values, "empty": each.empty}
            for each, keys in written
        ]
        return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
    lines = [f"  {_yaml(each.header)}: {_flow(keys)}  # {each.reason}" for each, keys in written]
    return "\n".join(["columns:", *lines]) + "\n"


def _written(task: S3Task, column: InferredColumn) -> dict[str, Any]:
    """The keys of a column: its type, and what the rule says about it already if that goes with the type."""
    keys: dict[str, Any] = {"type": column.type_text}
    spec = _spec(task, column.header)
    if spec is None:
        return keys
    if spec.format is not None and column.type_text in ("date", "datetime"):
        keys["format"] = str(spec.format)
    if spec.decimals is not None and column.type_text == "number":
        keys["decimals"] = spec.decimals
    if spec.as_ is not None:
        keys["as"] = str(spec.as_)
    return keys


def _spec(task: S3Task, header: str) -> ColumnSpec | None:
    return next((spec for name, spec in (task.columns or {}).items() if name == header), None)


def _flow(keys: dict[str, Any]) -> str:
    """The keys on one line, only the type if there is nothing else."""
    if len(keys) == 1:
        return str(keys["type"])
    text: str = yaml.safe_dump(keys, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.strip()


def _yaml(text: str) -> str:
    """A text as one YAML scalar."""
    return yaml.safe_dump(text, allow_unicode=True, width=10**9).removesuffix("\n").removesuffix("\n...")
