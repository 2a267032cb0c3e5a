"""S3 dataset tasks: the columns of files (data-setup.md §6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gsrules.catalogue.datatypes import DataType, Family, Kind
from gsrules.errors import GsrulesError, Place
from gsrules.plan.columns import check_names
from gsrules.plan.env import Skip, TaskEnv
from gsrules.plan.nodes import Column, Node, ScanFile
from gsrules.sources.check import check_task
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.tasks import ColumnSpec, S3Task


def bind_s3(spec: S3Task, env: TaskEnv) -> Node:
    """The node of an s3 task. Files are looked into only for columns or types that are not declared."""
    for problem in check_task(spec, env.context.profile):
        found = replace(problem, where=problem.where or env.name)
        (env.findings.errors if found.severity == "error" else env.findings.others).append(found)
    env.findings.stop_if_wrong()
    declared = spec.columns or {}
    if declared and all(column.type is not None for column in declared.values()):
        named = list(_declared(spec, declared, env))
    else:
        named = list(_inferred(spec, env))
    columns = check_names(named, env)
    allowed = int(env.context.profile["limits.show_fields"])
    if len(columns) > allowed:
        # Documented for the other tasks only (data-setup.md §17).
        message = f"{len(columns)} columns are read; Gainsight shows {allowed} in a task"
        env.findings.tell("GS-LIMIT", message, spec.place_of("columns"))
    env.findings.stop_if_wrong()
    return ScanFile(env.name, columns)


def _declared(spec: S3Task, declared: Mapping[Text, ColumnSpec], env: TaskEnv) -> Iterator[tuple[Column, Place | None]]:
    for header, column in declared.items():
        name = str(column.as_ or header)
        found = DataType(Kind(column.type or "string"), decimals=column.decimals)
        yield _column(spec, name, str(header), found, env), column.place


def _inferred(spec: S3Task, env: TaskEnv) -> Iterator[tuple[Column, Place | None]]:
    try:
        found = env.files.columns(env.name, spec)
    except GsrulesError as error:
        env.findings.errors.extend(error.problems)
        raise Skip from None
    for column in found:
        yield _column(spec, column.name, column.header, column.type, env), spec.place_of("columns")


def _column(spec: S3Task, name: str, header: str, found: DataType, env: TaskEnv) -> Column:
    """A column of a file: whole numbers are kept as such in the fast form of the plan."""
    whole = found.family is Family.NUMBER and found.decimals == 0 and not env.exact
    return Column(name, name, replace(found, whole=whole), (f"{spec.bucket}/{spec.path}#{header}",))
