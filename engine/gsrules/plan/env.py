"""What a task binder works with: the rule's surroundings, the parents' columns, and a list for what it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol

from gsrules.catalogue.datatypes import DataType
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem, Severity
from gsrules.expressions.scope import Context
from gsrules.plan.nodes import PlannedTask, TaskRef

if TYPE_CHECKING:
    from gsrules.catalogue import Catalogue
    from gsrules.spec.tasks import S3Task


class InferredColumn(Protocol):
    """A column of a file as its cells show it."""

    @property
    def name(self) -> str: ...
    @property
    def header(self) -> str: ...
    @property
    def type(self) -> DataType: ...


class FileColumns(Protocol):
    """Looks into files for the columns of s3 tasks that declare none, or not all types."""

    def columns(self, name: str, task: S3Task) -> Sequence[InferredColumn]:
        """The columns of the task's files; declared types and names win. Raises InputError or RunError."""


class Skip(Exception):  # noqa: N818 - control flow inside the binder, never seen outside
    """The task cannot be bound; everything that is wrong has been noted."""


@dataclass(slots=True)
class Findings:
    """Collects what is wrong or doubtful; `where` names the task."""

    where: str
    errors: list[Problem] = field(default_factory=list)
    others: list[Problem] = field(default_factory=list)

    def error(
        self, code: str, message: str, place: Place | None = None, *, value: str = "", hint: str = "", near: str = ""
    ) -> None:
        self.errors.append(Problem(code, message, place, self.where, value, hint, near))

    def tell(
        self,
        code: str,
        message: str,
        place: Place | None = None,
        *,
        value: str = "",
        hint: str = "",
        severity: Severity = "warning",
    ) -> None:
        self.others.append(Problem(code, message, place, self.where, value, hint, severity=severity))

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Notes the problems of an InputError instead of letting it out."""
        try:
            yield
        except InputError as error:
            self.errors.extend(error.problems)

    def stop_if_wrong(self) -> None:
        """Ends the binding of this task if anything is wrong with it."""
        if self.errors:
            raise Skip


def over_limit(message: str, place: Place | None, context: Context, value: str, hint: str) -> Problem:
    """A limit that is exceeded: an error, or a warning unless `limits.strict` (data-setup.md §17)."""
    severity: Severity = "error" if context.profile["limits.strict"] else "warning"
    return Problem("GS-LIMIT", message, place, value=value, hint=hint, severity=severity)


@dataclass(frozen=True, slots=True)
class TaskEnv:
    """One task's surroundings. `earlier` holds the tasks bound before it; None for one that is wrong."""

    rule: str
    name: str
    catalogue: Catalogue
    context: Context
    files: FileColumns
    exact: bool
    findings: Findings
    earlier: Mapping[str, PlannedTask | None]

    def parent(self, name: str) -> TaskRef:
        """The earlier task of that name in any letter case; the graph has been checked, so it exists."""
        found = next(task for key, task in self.earlier.items() if key.lower() == name.strip().lower())
        if found is None:
            # Its own problems are told; those that follow from them are not.
            raise Skip
        return TaskRef(found.name, found.columns)

    def limit(self, key: str, count: int, what: str, place: Place | None) -> None:
        """Notes when `count` is more than the profile's limit (data-setup.md §17)."""
        allowed = int(self.context.profile[key])
        if count > allowed:
            made = over_limit(
                f"{count} {what}; at most {allowed} are allowed", place, self.context, str(count), f"profile key {key}"
            )
            noted = replace(made, where=self.name)
            (self.findings.errors if made.severity == "error" else self.findings.others).append(noted)
