"""Many runs in one process, such as rule tests: what does not depend on their rows is made once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.reuse import ReusedTenants

Made = TypeVar("Made")


class Session:
    """Opens tenants in memory one after the other, for one project and one thread.

        with Session(workspace) as session:
            with session.tenant() as tenant, session.folder() as folder:
                tenant.seed_records(…)
                run_rule(workspace, name, options, tenant)

    Each tenant is empty, whatever the one before it held. `run_rule` may be called with any workspace that was made
    of the session's by `dataclasses.replace` (with buckets of its own, say).
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tenants: ReusedTenants | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="gsrules-test-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def workspace(self) -> Workspace:
        """The project whose rules are run."""
        return self._workspace

    @contextmanager
    def tenant(self) -> Iterator[Tenant]:
        """An empty tenant in memory; one at a time."""
        with self._reused().tenant() as tenant:
            yield tenant

    def attempt(self, work: Callable[[Tenant, Path], Made]) -> Made:
        """What `work` gives on an empty tenant, with an empty folder.

        It is done in one transaction; if something fails there it is done anew, from the beginning, in as many as it
        takes. Raises what `work` raises.
        """
        reused = self._reused()
        try:
            with self.folder() as folder, reused.passing() as tenant:
                made = work(tenant, folder)
        except Exception:
            if reused.held:
                raise
        else:
            if reused.held:
                return made
        with self.folder() as folder, self.tenant() as tenant:
            return work(tenant, folder)

    def _reused(self) -> ReusedTenants:
        if self._tenants is None:
            self._tenants = ReusedTenants(self._workspace.catalogue, self._workspace.project)
        return self._tenants

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder, always at the same place: statements that name its files are met again."""
        self._folder.mkdir(exist_ok=True)
        try:
            yield self._folder
        finally:
            try:
                shutil.rmtree(self._folder)
            except OSError:
                # A file that cannot be removed stays where it is; the next test must not find it.
                self._folder = Path(tempfile.mkdtemp(prefix="gsrules-test-"))

    def close(self) -> None:
        """Forgets everything."""
        if self._tenants is not None:
            self._tenants.close()
            self._tenants = None
        shutil.rmtree(self._folder, ignore_errors=True)
