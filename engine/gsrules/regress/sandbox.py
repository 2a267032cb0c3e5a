"""What a rule test runs on: a tenant and buckets of its own, with only the records and files that it gives."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from gsrules.errors import GsrulesError, InputError, Problem, RunError, nearest
from gsrules.project import BucketSettings, Project
from gsrules.run.prepare import s3_tasks
from gsrules.run.session import Session
from gsrules.run.test_data import GivenData, bad_key, split_key
from gsrules.run.workspace import Workspace
from gsrules.sources.dialect import dialect_of
from gsrules.sources.encodings import codec_of
from gsrules.sources.resolve import key_of, resolve
from gsrules.spec import S3Task
from gsrules.spec.text import Text
from gsrules.tenant import Tenant


def _zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("file.csv", content)
    return packed.getvalue()


_PACK: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "bzip": bz2.compress,
    "zip": _zipped,
}


@dataclass(slots=True)
class Sandbox:
    """One test's tenant and buckets. Use `sandbox(…)` in a `with` statement."""

    workspace: Workspace
    tenant: Tenant
    folder: Path
    _absent: set[str] = field(default_factory=set)
    _made_up: list[Path] = field(default_factory=list)
    _buckets: dict[str, BucketSettings] = field(default_factory=dict)
    _seeded: bool = False

    def give(self, given: GivenData, rule: str, rule_date: date) -> tuple[Workspace, tuple[Problem, ...]]:
        """Puts what a run gives into place; the workspace to run in, and warnings about files that nobody reads.

        An S3 dataset task with declared columns finds an empty file where the test gives none, unless the test says
        that the file is absent. Raises InputError for records and keys that are wrong.
        """
        if given.seed:
            self._seeded = True
            self.tenant.seed()
        if given.records:
            self.tenant.seed_records(dict(given.records.items()))
        for path in self._made_up:
            path.unlink(missing_ok=True)
        self._made_up.clear()
        tasks = self._tasks(rule)
        keys = {key: _split(key) for key in given.files}
        if not self._seeded or given.files:
            self._own_buckets({bucket for bucket, _ in keys.values()})
        for key, content in given.files.items():
            self._put(key, content, keys[key], tasks, rule_date)
        empty = [task for task in tasks.values() if self._make_up(task, rule_date)]
        wanted = [f"{task.bucket}/{key_of(task, rule_date)}" for task in empty]
        unread = [key for key, place in keys.items() if not any(reads(t, rule_date, *place) for t in tasks.values())]
        warnings = (_unread(key, wanted, rule_date) for key in unread if given.files[key] is not None)
        return self._workspace(), tuple(warnings) if wanted else ()

    def _tasks(self, rule: str) -> Mapping[str, S3Task]:
        try:
            return s3_tasks(self.workspace.rule(rule))
        except GsrulesError:
            return {}  # the run will say what is wrong with the rule

    def _workspace(self) -> Workspace:
        if not self._buckets:
            return self.workspace
        return replace(self.workspace, project=self._project())

    def _project(self) -> Project:
        project = self.workspace.project
        if not self._buckets:
            return project
        # Files that a test writes down are not encrypted.
        return replace(project, buckets=self._buckets, pgp_keys=project.pgp_keys if self._seeded else None)

    def _own_buckets(self, more: set[str]) -> None:
        """Folders for all buckets, with copies of the project's files where the test starts from them."""
        known = self.workspace.project.buckets
        for name in {*known, *more} - set(self._buckets):
            own = self.folder / "s3" / name
            there = known[name].path if name in known else None
            if self._seeded and there is not None and there.is_dir():
                shutil.copytree(there, own, symlinks=True)  # what leads out of the bucket still does
            own.mkdir(parents=True, exist_ok=True)
            self._buckets[name] = BucketSettings(name, path=own)

    def _put(
        self, key: Text, content: Text | None, place: tuple[str, str], tasks: Mapping[str, S3Task], rule_date: date
    ) -> None:
        path = (self.folder / "s3" / place[0] / place[1]).resolve()
        if not path.is_relative_to((self.folder / "s3").resolve()):
            raise InputError(bad_key(key))
        if content is None:
            self._absent.add("/".join(place))
            path.unlink(missing_ok=True)
            return
        self._absent.discard("/".join(place))
        task = next((task for task in tasks.values() if reads(task, rule_date, *place)), None)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_encoded(content, task) if task is not None else content.encode())

    def _make_up(self, task: S3Task, rule_date: date) -> bool:
        """Makes an empty file with the headers of the task, where there is none and none is said to be absent."""
        if task.columns is None:
            return False
        try:
            resolve(task, rule_date, self._project())
        except InputError:
            return False  # the run will say what is wrong with the task
        except RunError as error:
            if any(problem.code != "GS-FILE-MISSING" for problem in error.problems):
                return False
        else:
            return False
        key = key_of(task, rule_date)
        if any(each.startswith(f"{task.bucket}/{key}") for each in self._absent):
            return False
        self._own_buckets({str(task.bucket)})
        path = self.folder / "s3" / task.bucket / (key if task.match == "equals" else f"{key}gsrules-empty.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_encoded(_header(task, self.workspace), task))
        self._made_up.append(path)
        return True


@contextmanager
def sandbox(session: Session, workspace: Workspace) -> Iterator[Sandbox]:
    """An empty tenant in memory and empty buckets; the rules are those of the workspace."""
    with session.folder() as folder, session.tenant() as tenant:
        yield Sandbox(workspace, tenant, folder)


def _split(key: Text) -> tuple[str, str]:
    found = split_key(key)
    if found is None:
        raise InputError(bad_key(key))
    return found


def reads(task: S3Task, rule_date: date, bucket: str, key: str) -> bool:
    """Whether the task reads the file of that key on that rule date."""
    if str(task.bucket) != bucket:
        return False
    wanted = key_of(task, rule_date)
    return key.startswith(wanted) if task.match == "starts_with" else key == wanted


def _unread(key: Text, wanted: Sequence[str], rule_date: date) -> Problem:
    """A warning about a file that nobody reads while a task finds none."""
    message = f"no task of the rule reads `{key}` on the rule date {rule_date}"
    hint = f"not given, and empty for now: {', '.join(dict.fromkeys(wanted))}"
    near = nearest(key, wanted)
    return Problem("GS-TEST-FILE", message, key.place, value=str(key), hint=hint, nearest=near, severity="warning")


def _encoded(text: str, task: S3Task) -> bytes:
    """The text as the task's files are written: encoded and packed."""
    try:
        plain = text.encode(codec_of(task.file.encoding) or "utf-8")
    except UnicodeEncodeError:
        plain = text.encode()
    return _PACK[task.file.compression](plain)


def _header(task: S3Task, workspace: Workspace) -> str:
    dialect = dialect_of(task, workspace.project.profile)
    line = io.StringIO()
    writer = csv.writer(line, delimiter=dialect.separator, quotechar=dialect.qualifier, lineterminator="\n")
    writer.writerow([str(header) for header in task.columns or ()])
    return line.getvalue()
