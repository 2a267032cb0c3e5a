"""Runs the benchmarks side by side: fresh processes, interleaved, seven times.

    python bench/run.py [--rows 5000000] [--diff-rows 1000000] [--volume-rows 1000000] [--repeat 7]
                        [--only pipeline|volume|startup|diff|tests]

Prints minimum and median of each contestant, ratios, versions, and a hash of the results, which must be equal.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENGINE = HERE.parent / "engine"
RULE_DATE = "2026-11-23"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A command; `timed` tells that it prints the seconds of its own work, without the imports."""

    name: str
    command: tuple[str, ...]
    timed: bool = False
    folder: Path = HERE


@dataclass(slots=True)
class Times:
    """Seconds of each turn: whole process, own work, processor time of the process; and the peak memory."""

    process: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: int = 0


def run_once(contestant: Contestant, times: Times, *more: str) -> None:
    """Runs it in a fresh process and adds what it took to `times`; ends everything if it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ENGINE), "NO_COLOR": "1"}
    # An installed package has its byte code at hand; a setting of this shell must not take it from ours.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            [*contestant.command, *more], cwd=contestant.folder, stdout=out, stderr=err, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(f"{contestant.name} failed:\n{err.read().decode()}\n{out.read().decode()}")
        times.process.append(seconds)
        times.work.append(float(out.read().split()[0]) if contestant.timed else seconds)
        times.cpu.append(usage.ru_utime + usage.ru_stime)
        times.memory = max(times.memory, _kilobytes(usage))


def _kilobytes(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss


def measure(contestants: Sequence[Contestant], repeat: int) -> dict[str, Times]:
    """Each contestant `repeat` times, in turns, so that a busy moment of the machine hits all of them."""
    times = {contestant.name: Times() for contestant in contestants}
    for turn in range(repeat):
        for contestant in contestants:
            run_once(contestant, times[contestant.name])
        print(f"  turn {turn + 1} of {repeat} done", file=sys.stderr)
    return times


def show(title: str, times: Mapping[str, Times], base: str) -> None:
    """One line a contestant; ratios are of the minimum, against `base`."""
    print(f"\n{title}")
    print(
        f"  {'':26}{'process min':>12}{'median':>9}{'work min':>10}{'median':>9}{'ratio':>7}{'cpu min':>9}{'memory':>9}"
    )
    for name, entry in times.items():
        ratio = min(entry.work) / min(times[base].work)
        print(
            f"  {name:26}{min(entry.process):10.3f} s{statistics.median(entry.process):7.3f} s"
            f"{min(entry.work):8.3f} s{statistics.median(entry.work):7.3f} s{ratio:7.2f}"
            f"{min(entry.cpu):7.3f} s{entry.memory / 1024:6.0f} MB"
        )


def _data(*arguments: str) -> str:
    """Asks data.py. In a process of its own: the peak memory of a child begins at the size of its parent."""
    command = [sys.executable, str(HERE / "pipeline" / "data.py"), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def pipeline(rows: int, repeat: int) -> None:
    """The main work, by each contestant; stops if their results differ."""
    target = Path(_data("make", str(rows)))
    project = target / "project"
    python = sys.executable
    script = HERE / "pipeline"
    gsrules = (python, "-m", "gsrules")
    sql = Contestant("DuckDB SQL by hand", (python, str(script / "sql_duckdb.py"), str(target)), timed=True)
    polars = Contestant("Polars by hand", (python, str(script / "polars_pipeline.py"), str(target)), timed=True)
    library = Contestant(
        "gsrules, dry run, library", (python, str(script / "gsrules_library.py"), str(target)), timed=True
    )
    command = Contestant(
        "gsrules run --dry-run",
        (*gsrules, "run", "pipeline", "--dry-run", "--rule-date", RULE_DATE),
        folder=project,
    )
    shutil.rmtree(project / ".gsrules", ignore_errors=True)
    seed = Contestant("the stored object", (*gsrules, "reset"), folder=project)
    run_once(seed, Times())  # makes the tenant's store, once
    hashes = {}
    for contestant in (sql, polars, library):
        result = target / "result.parquet"
        run_once(contestant, Times(), str(result))
        hashes[contestant.name] = _data("hash", str(result))
    print(f"\nResults of {rows:,} usage rows")
    for name, digest in hashes.items():
        print(f"  {name:28}{digest}")
    if len(set(hashes.values())) > 1:
        raise SystemExit("the contestants do not agree")
    times = measure((sql, polars, library, command), repeat)
    show(f"Pipeline, {rows:,} rows (ratio: work against DuckDB SQL by hand)", times, sql.name)


def volume(rows: int, repeat: int) -> None:
    """Live runs of many rows, at a quarter and at full size, beside the same work by hand (actions that write)."""
    python, script = sys.executable, HERE / "volume"
    for work, counted in (("load", rows), ("ctas", rows // 5)):
        times: dict[str, Times] = {}
        for size in (rows // 4, rows):
            asked = (python, str(script / "data.py"), "make", str(size))
            target = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
            project = Path(target) / "project"
            if not (project / ".gsrules" / "tenant.duckdb").exists():
                run_once(Contestant("the store", (python, "-m", "gsrules", "reset"), folder=project), Times())
            part = "full size" if size == rows else "a quarter"
            contestants = [
                Contestant(f"{name}, {part}", (python, str(script / f"{file}.py"), target, work), timed=True)
                for name, file in (("by hand", "sql_volume"), ("gsrules, live run", "gsrules_volume"))
            ]
            digests = {each.name: _digest(each) for each in contestants}
            if len(set(digests.values())) > 1:
                raise SystemExit(f"the contestants do not agree: {digests}")
            times |= measure(contestants, repeat)
        title = f"Volume, {work}: {counted:,} rows and a quarter of them (ratio: work against the same by hand)"
        show(title, times, f"by hand, {part}")
        show_growth(times)


def _digest(contestant: Contestant) -> str:
    """The hash of what a contestant of the volume benchmark leaves in its store."""
    environment = {**os.environ, "PYTHONPATH": str(ENGINE)}
    command = [*contestant.command, "hash"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return done.stdout.splitlines()[1].split()[0]


def show_growth(times: Mapping[str, Times]) -> None:
    """How much four times the rows take."""
    for name in ("by hand", "gsrules, live run"):
        small, full = times[f"{name}, a quarter"], times[f"{name}, full size"]
        work, cpu = min(full.work) / min(small.work), min(full.cpu) / min(small.cpu)
        print(f"  four times the rows take {name}: {work:.2f} × the time, {cpu:.2f} × the processor time")


def startup(repeat: int) -> None:
    """How long nothing takes (P4): `--help` against importing typer, a tiny run against importing its libraries."""
    python = sys.executable
    tiny = HERE / "startup" / "project"
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        shutil.copytree(tiny, project)
        contestants = (
            Contestant("import typer", (python, "-c", "import typer")),
            Contestant("gsrules --help", (python, "-m", "gsrules", "--help")),
            Contestant("import duckdb … rich", (python, "-c", "import duckdb, pydantic, sqlglot, rich")),
            Contestant(
                "gsrules run tiny",
                (python, "-m", "gsrules", "run", "tiny", "--rule-date", RULE_DATE),
                folder=project,
            ),
        )
        for contestant in contestants:
            run_once(contestant, Times())  # writes byte code and the tenant
        times = measure(contestants, repeat)
    help_pair = {name: times[name] for name in ("import typer", "gsrules --help")}
    run_pair = {name: times[name] for name in ("import duckdb … rich", "gsrules run tiny")}
    show("Start: --help (ratio: against import typer)", help_pair, "import typer")
    show(
        "Start: a tiny run (ratio: against importing duckdb, pydantic, sqlglot and rich)",
        run_pair,
        "import duckdb … rich",
    )


def diff(rows: int, repeat: int) -> None:
    """Two results compared (P6): the one full join that finds the keys, and everything that `gsrules diff` says."""
    script, python = HERE / "diff", sys.executable
    asked = [python, str(script / "data.py")]
    target = subprocess.run([*asked, "make", str(rows)], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    sql = Contestant("SQL full join", (python, str(script / "sql_join.py"), target), timed=True)
    gsrules = Contestant("gsrules diff, library", (python, str(script / "gsrules_diff.py"), target), timed=True)
    hashes = {}
    for contestant in (sql, gsrules):
        result = f"{target}/result.parquet"
        run_once(contestant, Times(), result)
        done = subprocess.run([*asked, "hash", result], check=True, stdout=subprocess.PIPE, text=True)
        hashes[contestant.name] = done.stdout.strip()
    print(f"\nRows that differ between two results of {rows:,} rows")
    for name, digest in hashes.items():
        print(f"  {name:28}{digest}")
    if len(set(hashes.values())) > 1:
        raise SystemExit("the contestants do not agree")
    times = measure((sql, gsrules), repeat)
    show(f"Diff, {rows:,} rows (ratio: work against the full join)", times, sql.name)


def rule_tests(repeat: int) -> None:
    """What 200 rule tests take against one (P5), in one process and in as many as the program takes."""
    python = sys.executable
    gsrules = (python, "-m", "gsrules", "test")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        subprocess.run([python, str(HERE / "tests" / "project.py"), str(project)], check=True)
        contestants = (
            Contestant("one test", (*gsrules, "tests/one", "--jobs", "1"), folder=project),
            Contestant("200 tests, one process", (*gsrules, "tests/many", "--jobs", "1"), folder=project),
            Contestant("200 tests", (*gsrules, "tests/many"), folder=project),
        )
        run_once(contestants[0], Times())  # writes byte code
        times = measure(contestants, repeat)
    show("Rule tests (ratio: against one test)", times, "one test")


def versions() -> str:
    names = ("duckdb", "polars", "sqlglot", "pydantic", "typer", "rich", "pyarrow")
    parts = [f"Python {platform.python_version()}", *(f"{name} {importlib.metadata.version(name)}" for name in names)]
    return ", ".join(parts) + f"; {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--diff-rows", type=int, default=1_000_000)
    parser.add_argument("--volume-rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("pipeline", "volume", "startup", "diff", "tests"))
    chosen = parser.parse_args()
    print(versions())
    if chosen.only in (None, "pipeline"):
        pipeline(chosen.rows, chosen.repeat)
    if chosen.only in (None, "volume"):
        volume(chosen.volume_rows, chosen.repeat)
    if chosen.only in (None, "startup"):
        startup(chosen.repeat)
    if chosen.only in (None, "diff"):
        diff(chosen.diff_rows, chosen.repeat)
    if chosen.only in (None, "tests"):
        rule_tests(chosen.repeat)


if __name__ == "__main__":
    main()
