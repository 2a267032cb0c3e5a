"""Many runs in one process, such as rule tests: what does not depend on their rows is made once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.reuse import ReusedTenants


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
        if self._tenants is None:
            self._tenants = ReusedTenants(self._workspace.catalogue, self._workspace.project)
        with self._tenants.tenant() as tenant:
            yield tenant

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder, always at the same place: statements that name its files are met again."""
        self._folder.mkdir(exist_ok=True)
        try:
            yield self._folder
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Forgets everything."""
        if self._tenants is not None:
            self._tenants.close()
            self._tenants = None
        shutil.rmtree(self._folder, ignore_errors=True)
