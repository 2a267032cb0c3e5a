"""Makes the project of the test benchmark: the example's rules with one rule test, and with many.

    python bench/tests/project.py TARGET [COUNT]

`TARGET/tests/one` holds one test and `TARGET/tests/many` COUNT of them (200), made of those of the example that give
their records themselves, over and over under new names.
"""

from __future__ import annotations

import shutil
import sys
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_SEEDED = "seed"


def make(target: Path, count: int) -> None:
    """Writes the project; a folder that is there already is replaced."""
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("rules", "datasets"):
        shutil.copytree(ROOT / folder, target / folder)
    shutil.copyfile(ROOT / "gsrules.toml", target / "gsrules.toml")
    found = [(file, test) for file in _files() for test in file["tests"] if _SEEDED not in test.get("given", {})]
    chosen = list(islice(cycle(found), count))
    _write(target / "tests" / "one", chosen[:1])
    _write(target / "tests" / "many", chosen)


def _files() -> list[dict[str, Any]]:
    """The example's test files that need no shared fixtures."""
    loaded = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "tests" / "rules").glob("*.yml"))]
    return [file for file in loaded if "tests" in file and "fixtures" not in file]


def _write(folder: Path, tests: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    folder.mkdir(parents=True)
    files: dict[str, dict[str, Any]] = {}
    for number, (file, test) in enumerate(tests, start=1):
        own = files.setdefault(file["rule"], {key: value for key, value in file.items() if key != "tests"})
        own.setdefault("tests", []).append({**test, "name": f"{number}: {test['name']}"})
    for rule, file in files.items():
        path = folder / f"{rule.replace('/', '-')}.yml"
        path.write_text(yaml.safe_dump(file, sort_keys=False, allow_unicode=True))


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200)
