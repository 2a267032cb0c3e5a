"""What a run leaves behind when it is killed, locked out, refused by the file system, or out of space."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.undo.undo import UndoOptions, undo_run
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from tests.conftest import write_files

ENGINE = Path(__file__).parents[2] / "engine"
RECORDS = 4000
KILLS = 6 if duckdb.__version__.startswith("1.") else 20
UNDO_KILLS = 6

FILES = {
    "gsrules.toml": "",
    "datasets/objects/first__gc.yml": """
        object: first__gc
        fields:
          Key__gc: {type: string, length: 50}
          Logins__gc: {type: number, decimals: 0}
          Note__gc: {type: string, length: 200}
        """,
    "datasets/objects/second__gc.yml": """
        object: second__gc
        fields:
          Key__gc: {type: string, length: 50}
          Doubled__gc: {type: number, decimals: 0}
        """,
    "datasets/records/company.csv": """
        Name,ExternalId
        Alpha,A-1
        """,
    "rules/load.yml": """
        rule: Load two objects
        tasks:
          File:
            type: s3
            path: input/usage.csv
            columns:
              Key: string
              Logins: {type: number, decimals: 0}
              Note: string
          Doubled:
            type: transform
            from: File
            formulas:
              Twice: Logins * 2
        actions:
          - action: load_to_object
            id: Write the first
            from: Doubled
            object: first__gc
            operation: upsert
            identifiers: [Key__gc]
            fields: {Key__gc: Key, Logins__gc: Logins, Note__gc: Note}
          - action: load_to_object
            id: Write the second
            from: Doubled
            object: second__gc
            operation: upsert
            identifiers: [Key__gc]
            fields: {Key__gc: Key, Doubled__gc: Twice}
        """,
}
WHOLE = (RECORDS, RECORDS, RECORDS * (RECORDS - 1) // 2, RECORDS * (RECORDS - 1))
NOTHING = (0, 0, 0, 0)


State = tuple[tuple[int, int, int, int], int]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Site:
    """A project on disk, worked on by processes of their own; `seeded` is its store as it was before any run."""

    root: Path
    seeded: Path
    workspace: Workspace

    @property
    def source(self) -> Path:
        return self.root / "datasets/s3/gainsight-managed/input/usage.csv"

    @property
    def store(self) -> Path:
        return self.root / ".gsrules/tenant.duckdb"

    @property
    def runs(self) -> Path:
        return self.root / ".gsrules/runs"

    def start(self, *arguments: str, prelude: str = "", lock_seconds: float = 10) -> subprocess.Popen[str]:
        """`python -m gsrules …`; `prelude` is what the process does to itself before it becomes that command."""
        (self.root / "tmp").mkdir(exist_ok=True)
        env = {
            **os.environ,
            "PYTHONPATH": str(ENGINE),
            "GSRULES_LOCK_SECONDS": str(lock_seconds),
            "TMPDIR": str(self.root / "tmp"),
        }
        command = [sys.executable, "-m", "gsrules", *arguments]
        if prelude:
            become = f"{prelude}\nimport os, sys\nos.execv({sys.executable!r}, {command!r})\n"
            command = [sys.executable, "-c", become]
        return subprocess.Popen(
            command, cwd=self.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str, prelude: str = "", lock_seconds: float = 10) -> Done:
        process = self.start(*arguments, prelude=prelude, lock_seconds=lock_seconds)
        out, err = process.communicate(timeout=60)
        return Done(process.returncode, out, err)

    def start_over(self) -> None:
        """Takes the store back to its seeds."""
        self.remove_store()
        shutil.copyfile(self.seeded, self.store)

    def remove_store(self) -> None:
        shutil.rmtree(self.store.parent)
        self.store.parent.mkdir()

    def next_run_works(self) -> State:
        """Runs the rule once more: the tenant then holds all of it, and one run more. Gives what was there before."""
        with self.workspace.tenant("live") as tenant:
            before = state_of(tenant)
            result = run_rule(self.workspace, "load", RunOptions(), tenant)
            assert result.report.status == "SUCCESS"
            assert state_of(tenant) == (WHOLE, before[1] + 1)
        return before

    def holds(self) -> State:
        """What a reader finds."""
        with self.workspace.tenant("read") as tenant:
            return state_of(tenant)


def state_of(tenant: Tenant) -> State:
    """Counts and sums of both objects, and the number of runs in the history."""
    found: list[int] = []
    for select in ("count(*)", "coalesce(sum({}), 0)::BIGINT"):
        for name, column in (("first__gc", "Logins__gc"), ("second__gc", "Doubled__gc")):
            table = tenant.table(name).sql("duckdb")
            row = tenant.con.execute(f"SELECT {select.format(column)} FROM {table}").fetchone()
            assert row is not None
            found.append(int(row[0]))
    first, second, logins, doubled = found
    return (first, second, logins, doubled), len(tenant.runs.latest())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A project whose store is made and seeded; its rule has not run yet."""
    root = write_files(tmp_path / "project", FILES)
    rows = "".join(f"K-{n},{n},a note on record number {n}\n" for n in range(RECORDS))
    made = Site(root, tmp_path / "seeded.duckdb", Workspace.open(root, root))
    made.source.parent.mkdir(parents=True)
    made.source.write_text(f"Key,Logins,Note\n{rows}", encoding="utf-8")
    with made.workspace.tenant("live"):
        pass
    shutil.copyfile(made.store, made.seeded)
    return made


def failed(done: Done, code: str, exit_code: int = 1) -> None:
    """It ended with a problem in words: this code, this exit code, no traceback."""
    assert (done.code, code in done.err) == (exit_code, True), done.err
    assert "Traceback" not in done.err + done.out
    assert "GS-INTERNAL" not in done.err


def test_a_run_killed_at_any_moment_leaves_all_of_it_or_nothing(site: Site) -> None:
    """Some kills meet a run that must make and seed the store first."""
    started = time.monotonic()
    assert site.run("run", "load").code == 0
    duration = time.monotonic() - started
    assert site.holds() == (WHOLE, 1)

    dice = random.Random(20261123)
    alive = 0
    for kill in range(KILLS):
        moment = (kill + dice.random()) / KILLS * duration
        if kill % 4 == 3:
            site.remove_store()
        else:
            site.start_over()
        process = site.start("run", "load")
        time.sleep(moment)
        alive += process.poll() is None
        process.kill()
        process.communicate(timeout=60)
        if site.runs.exists():
            shown = [folder for folder in site.runs.iterdir() if not folder.name.startswith(".")]
            assert all((folder / "report.json").is_file() for folder in shown)
        before = site.next_run_works()
        assert before in ((NOTHING, 0), (WHOLE, 1)), f"killed after {moment:.3f} s of {duration:.3f} s"
    assert alive >= KILLS // 2


@pytest.fixture
def ran(site: Site) -> Site:
    """The rule has run once; `seeded` is the store after that."""
    with site.workspace.tenant("live") as tenant:
        run_rule(site.workspace, "load", RunOptions(), tenant)
    shutil.copyfile(site.store, site.seeded)
    return site


def test_an_undo_killed_at_any_moment_takes_all_back_or_nothing_and_can_then_be_done(ran: Site) -> None:
    started = time.monotonic()
    assert ran.run("undo", "last").code == 0
    duration = time.monotonic() - started
    assert ran.holds() == (NOTHING, 2)
    dice = random.Random(20261123)
    alive = 0
    for kill in range(UNDO_KILLS):
        ran.start_over()
        process = ran.start("undo", "last")
        # the first half of the time goes into starting
        time.sleep((0.4 + 0.6 * (kill + dice.random()) / UNDO_KILLS) * duration)
        alive += process.poll() is None
        process.kill()
        process.communicate(timeout=60)
        before = ran.holds()
        assert before in ((WHOLE, 1), (NOTHING, 2))
        if before == (WHOLE, 1):
            with ran.workspace.tenant("live") as tenant:
                assert undo_run(ran.workspace, tenant, "last", UndoOptions()).status == "SUCCESS"
        assert ran.holds() == (NOTHING, 2)
    assert alive >= UNDO_KILLS // 3


def test_an_undo_waits_for_another_process_and_then_says_that_the_tenant_is_locked(ran: Site) -> None:
    with held(ran):
        failed(ran.run("undo", "last", lock_seconds=0.2), "GS-TENANT-LOCKED")
    assert ran.holds() == (WHOLE, 1)


def test_an_undo_needs_the_right_to_write_and_its_dry_run_does_not(ran: Site) -> None:
    ran.store.chmod(0o444)
    before = ran.store.read_bytes()
    failed(ran.run("undo", "last", prelude=OBEY_RIGHTS), "GS-TENANT-ACCESS")
    done = ran.run("undo", "last", "--dry-run", prelude=OBEY_RIGHTS)
    assert (done.code, "would be undone; nothing was changed" in done.out) == (0, True)
    assert ran.store.read_bytes() == before


def test_a_disk_too_full_for_an_undo_changes_nothing_and_says_so(ran: Site) -> None:
    failed(ran.run("undo", "last", prelude=at_most(4096)), "GS-TENANT-FULL")
    assert ran.holds() == (WHOLE, 1)


def test_a_dry_run_leaves_every_byte_of_the_store_as_it_is(ran: Site) -> None:
    before = ran.store.read_bytes()
    assert ran.run("run", "load", "--dry-run").code == 0
    assert ran.store.read_bytes() == before


def test_a_run_killed_while_it_commits_leaves_all_of_it_or_nothing(site: Site) -> None:
    """The log beside the store grows when the commit begins: each kill hits a little later than that."""
    log = site.store.with_name(site.store.name + ".wal")
    alive = 0
    for late in (0.0, 0.002, 0.01, 0.03):
        site.start_over()
        process = site.start("run", "load")
        while process.poll() is None and not (log.exists() and log.stat().st_size):
            time.sleep(0.0002)
        time.sleep(late)
        alive += process.poll() is None
        process.kill()
        process.communicate(timeout=60)
        assert site.holds() in ((NOTHING, 0), (WHOLE, 1)), f"killed {late:.3f} s after the log began"
        site.next_run_works()
    assert alive


HOLDER = """
import sys
from pathlib import Path
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
root = Path(sys.argv[1])
with Workspace.open(root, root).tenant("live"):
    print("ready", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held(site: Site) -> Iterator[subprocess.Popen[str]]:
    """Another process that keeps the tenant until it reads a line."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(site.root)],
        env={**os.environ, "PYTHONPATH": str(ENGINE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        yield holder
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize("arguments", [("run", "load"), ("query", "SELECT 1")])
def test_a_second_process_waits_and_then_says_that_the_tenant_is_locked(site: Site, arguments: Sequence[str]) -> None:
    with held(site):
        started = time.monotonic()
        done = site.run(*arguments, lock_seconds=0.5)
        assert time.monotonic() - started >= 0.5
    failed(done, "GS-TENANT-LOCKED")
    assert str(site.store) in done.err
    assert "GSRULES_LOCK_SECONDS" in done.err
    assert site.holds() == (NOTHING, 0)


def test_a_second_process_goes_on_when_the_first_lets_go_in_time(site: Site) -> None:
    with held(site) as holder:
        process = site.start("run", "load", lock_seconds=60)
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=3)
        assert holder.stdin is not None
        holder.stdin.write("go\n")
        holder.stdin.flush()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert site.holds() == (WHOLE, 1)


def test_a_second_process_goes_on_when_the_first_is_killed(site: Site) -> None:
    with held(site) as holder:
        process = site.start("run", "load", lock_seconds=60)
        holder.kill()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert site.holds() == (WHOLE, 1)


def test_a_folder_in_place_of_the_store_is_refused(site: Site) -> None:
    site.remove_store()
    site.store.mkdir()
    done = site.run("run", "load")
    failed(done, "GS-TENANT-ACCESS")
    assert str(site.store) in done.err


def test_a_file_in_place_of_the_stores_folder_is_refused(site: Site) -> None:
    shutil.rmtree(site.store.parent)
    site.store.parent.write_text("no folder")
    done = site.run("run", "load")
    failed(done, "GS-TENANT-ACCESS")
    assert str(site.store) in done.err
    assert site.store.parent.read_text() == "no folder"


# Root may write everywhere; without these capabilities the rights of files bind it, too. Others cannot drop them.
OBEY_RIGHTS = """
import ctypes
if __import__("os").geteuid() == 0:
    assert all(ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0 for capability in (1, 2))
"""


def test_a_store_without_the_right_to_write_is_refused_by_live_runs_and_read_by_the_others(site: Site) -> None:
    site.store.chmod(0o444)
    before = site.store.read_bytes()
    done = site.run("run", "load", prelude=OBEY_RIGHTS)
    failed(done, "GS-TENANT-ACCESS")
    assert "permission denied" in done.err.lower()
    assert site.run("run", "load", "--dry-run", prelude=OBEY_RIGHTS).code == 0
    assert site.run("query", "SELECT Name FROM company", "--format", "csv", prelude=OBEY_RIGHTS).out == "Name\nAlpha\n"
    assert site.store.read_bytes() == before


def test_a_store_in_a_folder_without_the_right_to_write_is_refused(site: Site) -> None:
    """The store itself may be written, but not the log of changes beside it."""
    site.store.parent.chmod(0o555)
    done = site.run("run", "load", prelude=OBEY_RIGHTS)
    site.store.parent.chmod(0o755)
    failed(done, "GS-TENANT-ACCESS")
    assert site.holds() == (NOTHING, 0)
    site.next_run_works()


def test_artefacts_that_cannot_be_written_are_named_and_the_tenant_keeps_the_run(site: Site) -> None:
    site.runs.write_text("no folder")
    done = site.run("run", "load")
    failed(done, "GS-OUTPUT")
    assert str(site.runs) in done.err
    assert "the tenant holds the run all the same" in done.err
    assert site.holds() == (WHOLE, 1)
    site.next_run_works()


def test_an_artefacts_folder_without_the_right_to_write_is_named(site: Site) -> None:
    site.runs.mkdir()
    site.runs.chmod(0o555)
    done = site.run("run", "load", prelude=OBEY_RIGHTS)
    failed(done, "GS-OUTPUT")
    assert list(site.runs.iterdir()) == []
    assert site.holds() == (WHOLE, 1)


def at_most(size: int) -> str:
    """Files of this process cannot grow beyond `size` bytes, as on a full disk."""
    return f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"


@pytest.mark.parametrize("size", [4096, 65536, 200_000])
def test_a_full_disk_changes_nothing_and_says_so(site: Site, size: int) -> None:
    done = site.run("run", "load", prelude=at_most(size))
    failed(done, "GS-TENANT-FULL")
    assert str(site.store) in done.err
    assert site.holds() == (NOTHING, 0)
    site.next_run_works()


@pytest.mark.parametrize("size", [4096, 65536, 500_000])
def test_a_disk_too_full_for_the_first_run_leaves_a_store_of_seeds_or_none(site: Site, size: int) -> None:
    site.remove_store()
    done = site.run("run", "load", prelude=at_most(size))
    failed(done, "GS-TENANT-FULL")
    assert site.holds() == (NOTHING, 0)
    site.next_run_works()


def test_a_disk_without_space_for_a_temporary_file_is_a_problem_in_words(site: Site) -> None:
    before = site.store.read_bytes()
    done = site.run("run", "load", prelude=at_most(0))
    failed(done, "GS-SYSTEM")
    assert "TMPDIR" in done.err
    assert site.store.read_bytes() == before


def test_a_disk_too_full_for_rewriting_a_source_file_changes_nothing_and_says_so(site: Site) -> None:
    """Escaped quotes and a number beyond the fast form make the exact reader write a file of its own."""
    with site.source.open("a", encoding="utf-8") as file:
        file.write('K-x,99999999999999999999,"a \\"large\\" number\nindeed"\n')
    done = site.run("run", "load", prelude=at_most(4096))
    failed(done, "GS-SYSTEM")
    assert "File too large" in done.err
    assert site.holds() == (NOTHING, 0)
