"""The task kinds: one entry a kind, from which the schema, the reference pages and the binder read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from gsrules.dataclass import dataclass
from gsrules.spec.tasks import TASKS, TaskSpec

if TYPE_CHECKING:
    from gsrules.plan.env import TaskEnv
    from gsrules.plan.nodes import Node

Bind = Callable[[Any, "TaskEnv"], "Node"]


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A registered kind of task. `title` is Gainsight's name."""

    name: str
    title: str
    description: str
    evidence: str
    example: str

    @property
    def model(self) -> type[TaskSpec]:
        """What a task of this kind is written as."""
        return TASKS[self.name]

    @property
    def bind(self) -> Bind:
        """Makes the node of a task and raises `Skip` if it cannot: `bind_<name>` of the kind's own module."""
        found: Bind = getattr(import_module(f"gsrules.plan.{self.name}"), f"bind_{self.name}")
        return found


_KINDS = (
    TaskKind(
        "fetch",
        "Dataset task",
        "Reads records of an object of the tenant or of Salesforce, with fields through lookups.",
        "data-setup.md §4 [doc] [cli]",
        "type: fetch\nobject: company\nshow: [Gsid, Name, Csm.Email as CSM Email, ARR]\nwhere: Status in ('Active')\n",
    ),
    TaskKind(
        "s3",
        "S3 Dataset task",
        "Reads one file, or every file that begins with a key, of a bucket.",
        "data-setup.md §6 [doc] [cli]",
        "type: s3\npath: input/usage-${pattern}.csv\npattern: {format: yyyy-MM-dd, subtract_days: 1}\n"
        "columns:\n  Account ID: string\n  Logins: {type: number, decimals: 0}\n",
    ),
    TaskKind(
        "merge",
        "Merge",
        "Joins datasets by equal columns; keeps the common rows, those of the left, of the right, or all.",
        "data-setup.md §7 [doc] [cli]",
        "type: merge\nfrom: Companies\njoin:\n  - {dataset: Usage file, keep: left, on: ExternalId = Account ID}\n"
        "show: [Companies.*, Usage file.Logins]\n",
    ),
    TaskKind(
        "transform",
        "Transformation",
        "Filters, groups and aggregates a dataset, and adds formula fields.",
        "data-setup.md §8, §11, §12 [doc]",
        "type: transform\nfrom: With usage\nwhere: Logins > 0\nshow: [Company GSID, sum(Logins) as Logins]\n",
    ),
    TaskKind(
        "pivot",
        "Pivot",
        "Turns rows into columns that the rule names, each an aggregation over the rows that fulfil its conditions.",
        "data-setup.md §10 [doc] [cli] [obs]",
        "type: pivot\nfrom: Usage file\ngroup_by: [Account ID]\npivot_on: Page Name\nvalue: sum(Views)\n"
        "columns: [Home Page, Admin Page]\n",
    ),
    TaskKind(
        "union",
        "Union",
        "Puts the rows of datasets below one another, by column name or as declared.",
        "data-setup.md §9 [doc] (Data Designer) [cli]",
        "type: union\nfrom: [CRM contacts, File contacts]\n"
        "columns:\n  Email: {CRM contacts: Email, File contacts: email_address}\n",
    ),
)

TASK_KINDS: Final[Mapping[str, TaskKind]] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""The kinds by the `type` of a task."""

TASK_MODELS: Final = TASKS
"""What `Kinds.tasks` takes."""
