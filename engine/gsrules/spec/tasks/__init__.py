"""The task kinds of a rule's data setup, as written (rule-language §5); each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from gsrules.spec.later import names_of
from gsrules.spec.tasks.task import TaskSpec

if TYPE_CHECKING:
    from gsrules.spec.tasks.fetch import FetchTask
    from gsrules.spec.tasks.merge import JoinSpec, MergeTask
    from gsrules.spec.tasks.pivot import PivotColumn, PivotTask
    from gsrules.spec.tasks.s3 import PATTERN_TOKEN, ColumnSpec, FileSpec, PatternSpec, S3Task
    from gsrules.spec.tasks.transform import TransformTask
    from gsrules.spec.tasks.union import UnionColumn, UnionTask

__all__ = [
    "PATTERN_TOKEN",
    "TASKS",
    "ColumnSpec",
    "FetchTask",
    "FileSpec",
    "JoinSpec",
    "MergeTask",
    "PatternSpec",
    "PivotColumn",
    "PivotTask",
    "S3Task",
    "TaskSpec",
    "TransformTask",
    "UnionColumn",
    "UnionTask",
]

__getattr__ = names_of(
    __name__,
    {
        "fetch": "FetchTask",
        "merge": "JoinSpec MergeTask",
        "pivot": "PivotColumn PivotTask",
        "s3": "PATTERN_TOKEN ColumnSpec FileSpec PatternSpec S3Task",
        "transform": "TransformTask",
        "union": "UnionColumn UnionTask",
    },
)

_KINDS: Final = {
    "fetch": "FetchTask",
    "s3": "S3Task",
    "merge": "MergeTask",
    "transform": "TransformTask",
    "pivot": "PivotTask",
    "union": "UnionTask",
}


class _Models(Mapping[str, type[TaskSpec]]):
    """The model of each kind, loaded when it is asked for."""

    def __getitem__(self, kind: str) -> type[TaskSpec]:
        found = __getattr__(_KINDS[kind])
        assert isinstance(found, type)
        return found

    def __contains__(self, kind: object) -> bool:
        return kind in _KINDS

    def __iter__(self) -> Iterator[str]:
        return iter(_KINDS)

    def __len__(self) -> int:
        return len(_KINDS)


TASKS: Final[Mapping[str, type[TaskSpec]]] = _Models()
"""The task kinds by `type`."""
