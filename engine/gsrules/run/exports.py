"""The files that actions give to buckets: made before the run commits, put there afterwards (actions.md §9.2)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlglot import exp

from gsrules.actions.changes.staging import column, fragment, identifier, number, relation, spelled, text, texts
from gsrules.dataclass import dataclass
from gsrules.errors import Problem, RunError
from gsrules.profile import Profile
from gsrules.project import Project
from gsrules.run.report import ActionReport, ExportReport, RunReport
from gsrules.tenant import Tenant
from gsrules.tenant.changes import ChangeList, ErrorCount, OutFile

if TYPE_CHECKING:
    from gsrules.sources.buckets import Bucket


@dataclass(frozen=True, slots=True)
class Export:
    """A file that is made: where it goes, and where it is until then."""

    bucket: str
    key: str
    file: OutFile
    path: Path

    def told(self, *, written: bool) -> ExportReport:
        """What the report says of it."""
        return ExportReport(self.bucket, self.key, self.file.rows, self.path.stat().st_size, written)


class ExportError(RunError):
    """A file that an action exports cannot be made."""


@dataclass(slots=True)
class Exports:
    """The files of one run, by action. Used in a `with` statement, at the end of which the local ones go away.

    `leaving`: they go to their buckets at last, so what can be known to prevent that is an error at once.
    """

    project: Project
    profile: Profile
    leaving: bool
    made: dict[str, tuple[Export, ...]] = field(default_factory=dict)
    _folder: Path | None = None
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def make(self, changes: Mapping[str, ChangeList]) -> None:
        """Makes the files of all actions; nothing outside is changed.

        Raises InputError for an unknown bucket; ExportError where a file cannot be made, with EXPORT_EXISTS where one
        is there and the profile key `run.export_on_exists` says error.
        """
        taken: set[tuple[str, str]] = set()
        for action, change in changes.items():
            if change.files:
                try:
                    self.made[action] = tuple(self._export(file, action, taken) for file in change.files)
                except RunError as error:
                    raise ExportError(error.problems) from error

    def _export(self, file: OutFile, action: str, taken: set[tuple[str, str]]) -> Export:
        from gsrules.sources.buckets import check_bucket  # most rules export nothing

        check_bucket(file.bucket, self.project)
        if self.leaving:
            self._bucket(file.bucket)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="gsrules-export-"))
        key = self._key(file, action, taken)
        taken.add((file.bucket, key))
        path = self._folder / str(len(taken))
        file.make(path)
        return Export(file.bucket, key, file, path)

    def _bucket(self, name: str) -> Bucket:
        from gsrules.sources.buckets import bucket_of

        if name not in self._buckets:
            self._buckets[name] = bucket_of(name, self.project)
        return self._buckets[name]

    def _key(self, file: OutFile, action: str, taken: set[tuple[str, str]]) -> str:
        from gsrules.sources.buckets.keys import numbered_names

        def is_there(key: str) -> bool:
            return (file.bucket, key) in taken or self._bucket(file.bucket).has(key)

        on_exists = self.profile["run.export_on_exists"]
        if on_exists == "suffix":
            return next(each for each in numbered_names(file.key) if not is_there(each))
        if on_exists == "error" and is_there(file.key):
            hint = "the profile key run.export_on_exists may say overwrite or suffix"
            message = f"there is a file “{file.key}” in {self._bucket(file.bucket).describe()}"
            raise RunError(Problem("EXPORT_EXISTS", message, where=action, value=file.key, hint=hint))
        return file.key

    def told(self, action: str) -> tuple[ExportReport, ...]:
        """What an action would write, for its report."""
        return tuple(export.told(written=False) for export in self.made.get(action, ()))

    def deliver(self, action: str, run: RunReport, effects: str, tenant: Tenant, kept: Path) -> Delivery:
        """Puts the files of an action into their buckets; its report says what became of them.

        A file that a bucket does not take is left in the folder `kept`, and its rows have failed; the tenant stays
        as the run has left it.
        """
        report = next(each for each in run.actions if each.id == action)
        told: list[ExportReport] = []
        failed: list[tuple[Export, Problem]] = []
        for export in self.made[action]:
            try:
                self._bucket(export.bucket).write(export.key, export.path)
            except RunError as error:
                failed.append((export, replace(error.problems[0], where=report.id)))
                told.append(export.told(written=False))
            else:
                told.append(export.told(written=True))
        for export, problem in failed:
            _mark(export.file, problem, effects, tenant)
        left = tuple(_left(export, problem, kept) for export, problem in failed)
        return Delivery(replace(_counted(report, failed), exports=tuple(told)), left)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The report of an action whose files are out, and a warning for each that is not."""

    report: ActionReport
    left: tuple[Problem, ...]


def _counted(report: ActionReport, failed: Sequence[tuple[Export, Problem]]) -> ActionReport:
    """The rows of files that did not arrive have failed."""
    rows = sum(export.file.rows for export, _ in failed)
    if not rows:
        return report
    by_code: dict[str, ErrorCount] = {}
    for export, problem in failed:
        before = by_code.get(problem.code, ErrorCount(problem.code, 0, problem.message))
        by_code[problem.code] = replace(before, rows=before.rows + export.file.rows)
    counts = replace(report.counts, created=report.counts.created - rows, failed=report.counts.failed + rows)
    return replace(report, counts=counts, errors=(*report.errors, *by_code.values()))


def _mark(file: OutFile, problem: Problem, effects: str, tenant: Tenant) -> None:
    """The effects of the file's rows say why it did not arrive."""
    values = {
        "outcome": text("failed"),
        "code": text(problem.code),
        "codes": texts([text(problem.code)]),
        "message": text(problem.message),
        "after": exp.Null(),
    }
    within = fragment(":r BETWEEN :f AND :l", r=column("row"), f=number(file.first), l=number(file.last))
    statement = exp.Update(
        this=relation(effects),
        expressions=[exp.EQ(this=identifier(name), expression=value) for name, value in values.items()],
        where=exp.Where(this=within),
    )
    tenant.con.execute(spelled(statement))


def _left(export: Export, problem: Problem, kept: Path) -> Problem:
    """The warning for a file that did not arrive, which is left where it can be found."""
    from gsrules.sources.buckets.keys import numbered_names

    names = numbered_names(export.key.rpartition("/")[2])
    path = next(free for free in (kept / name for name in names) if not free.exists())
    try:
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(export.path, path)
    except OSError:
        return replace(problem, severity="warning")
    return replace(problem, hint=f"{problem.hint}; the file is left in {path}", severity="warning")
