"""The example project that the package carries: `gsrules demo` runs it, `gsrules init` copies a part of it."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import gsrules
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem
from gsrules.run.batch import run_all
from gsrules.run.engine import RunOptions
from gsrules.run.report import RunReport
from gsrules.run.workspace import Workspace

RULE_DATE = dt.date(2026, 11, 23)
"""The day that the example's files lead up to."""

_CHAIN = "nightly"
_PARTS = ("gsrules.toml", "rules", "datasets", "tests/rules")

_STARTER_RULES = ("adoption/usage_rollup", "renewals/renewal_90_days")
_STARTER = (
    "gsrules.toml",
    "datasets/objects/*.yml",
    "datasets/picklists.yml",
    "datasets/records/*.csv",
    "datasets/s3/gainsight-managed/input/usage-*.csv",
    *(f"rules/{rule}.yml" for rule in _STARTER_RULES),
    *(f"tests/rules/{rule.split('/')[-1]}.yml" for rule in _STARTER_RULES),
)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The reports of the demo's runs, and the folder that holds its project."""

    folder: Path
    reports: list[RunReport]


@dataclass(frozen=True, slots=True)
class Written:
    """What `gsrules init` wrote."""

    files: tuple[Path, ...]
    rules: tuple[str, ...]
    rule_date: dt.date

    def __len__(self) -> int:
        return len(self.files)


def example_folder() -> Path:
    """Where the example lies: in the installed package, or at the top of a source checkout."""
    package = Path(gsrules.__file__).parent
    packaged = package / "_example"
    return packaged if packaged.is_dir() else package.parent.parent


def run_demo(on_step: Callable[[str], None]) -> DemoResult:
    """Copies the example into a temporary folder and runs its main chain there."""
    folder = Path(tempfile.mkdtemp(prefix="gsrules-demo-"))
    source = example_folder()
    for part in _PARTS:
        origin = source / part
        if origin.is_dir():
            shutil.copytree(origin, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(origin, folder / part)
    workspace = Workspace.open(folder, folder)
    options = RunOptions(rule_date=RULE_DATE, mode="live", artifacts=True, on_step=on_step)
    return DemoResult(folder, run_all(workspace, [_CHAIN], options, None).reports)


def write_project(folder: Path) -> Written:
    """Writes the small starting project to `folder`; refuses to write over any file."""
    source = example_folder()
    files = [path.relative_to(source) for pattern in _STARTER for path in sorted(source.glob(pattern))]
    there = [file for file in files if (folder / file).exists()]
    if there:
        raise InputError(
            Problem(
                "GS-PROJECT-EXISTS",
                f"{folder} already holds files of a project; nothing was written",
                value=", ".join(str(file) for file in there[:3]),
                hint="choose an empty folder: gsrules init my-rules",
            )
        )
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / file, folder / file)
    (folder / ".gitignore").write_text(".gsrules/\n", encoding="utf-8")
    return Written((*files, Path(".gitignore")), _STARTER_RULES, RULE_DATE)
