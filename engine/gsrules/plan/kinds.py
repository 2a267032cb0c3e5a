"""The task kinds: one entry a kind, from which the schema, the reference pages and the binder read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.plan.env import TaskEnv
from gsrules.plan.fetch import bind_fetch
from gsrules.plan.merge import bind_merge
from gsrules.plan.nodes import Node
from gsrules.plan.pivot import bind_pivot
from gsrules.plan.s3 import bind_s3
from gsrules.plan.transform import bind_transform
from gsrules.plan.union import bind_union
from gsrules.spec.tasks import FetchTask, MergeTask, PivotTask, S3Task, TaskSpec, TransformTask, UnionTask

Bind = Callable[[Any, TaskEnv], Node]


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A registered kind of task. `title` is Gainsight's name, `bind` makes its node and raises `Skip` if it cannot."""

    name: str
    title: str
    model: type[TaskSpec]
    bind: Bind
    description: str
    evidence: str
    example: str


_KINDS = (
    TaskKind(
        "fetch",
        "Dataset task",
        FetchTask,
        bind_fetch,
        "Reads records of an object of the tenant or of Salesforce, with fields through lookups.",
        "data-setup.md §4 [doc] [cli]",
        "type: fetch\nobject: company\nshow: [Gsid, Name, Csm.Email as CSM Email, ARR]\nwhere: Status in ('Active')\n",
    ),
    TaskKind(
        "s3",
        "S3 Dataset task",
        S3Task,
        bind_s3,
        "Reads one file, or every file that begins with a key, of a bucket.",
        "data-setup.md §6 [doc] [cli]",
        "type: s3\npath: input/usage-${pattern}.csv\npattern: {format: yyyy-MM-dd, subtract_days: 1}\n"
        "columns:\n  Account ID: string\n  Logins: {type: number, decimals: 0}\n",
    ),
    TaskKind(
        "merge",
        "Merge",
        MergeTask,
        bind_merge,
        "Joins datasets by equal columns; keeps the common rows, those of the left, of the right, or all.",
        "data-setup.md §7 [doc] [cli]",
        "type: merge\nfrom: Companies\njoin:\n  - {dataset: Usage file, keep: left, on: ExternalId = Account ID}\n"
        "show: [Companies.*, Usage file.Logins]\n",
    ),
    TaskKind(
        "transform",
        "Transformation",
        TransformTask,
        bind_transform,
        "Filters, groups and aggregates a dataset, and adds formula fields.",
        "data-setup.md §8, §11, §12 [doc]",
        "type: transform\nfrom: With usage\nwhere: Logins > 0\nshow: [Company GSID, sum(Logins) as Logins]\n",
    ),
    TaskKind(
        "pivot",
        "Pivot",
        PivotTask,
        bind_pivot,
        "Turns rows into columns that the rule names, each an aggregation over the rows that fulfil its conditions.",
        "data-setup.md §10 [doc] [cli] [obs]",
        "type: pivot\nfrom: Usage file\ngroup_by: [Account ID]\npivot_on: Page Name\nvalue: sum(Views)\n"
        "columns: [Home Page, Admin Page]\n",
    ),
    TaskKind(
        "union",
        "Union",
        UnionTask,
        bind_union,
        "Puts the rows of datasets below one another, by column name or as declared.",
        "data-setup.md §9 [doc] (Data Designer) [cli]",
        "type: union\nfrom: [CRM contacts, File contacts]\n"
        "columns:\n  Email: {CRM contacts: Email, File contacts: email_address}\n",
    ),
)

TASK_KINDS: Final[Mapping[str, TaskKind]] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""The kinds by the `type` of a task."""

TASK_MODELS: Final[Mapping[str, type[TaskSpec]]] = MappingProxyType({kind.name: kind.model for kind in _KINDS})
"""What `Kinds.tasks` takes."""
