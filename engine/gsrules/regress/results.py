"""Which tests failed when they ran last, and how long each took: `.gsrules/test-results.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gsrules.project import Project
from gsrules.regress.collecting import Case
from gsrules.regress.outcome import TestOutcome

_FILE = Path(".gsrules") / "test-results.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Results:
    """What is remembered of each test, by its id."""

    path: Path
    tests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, project: Project) -> Results:
        """What was kept; nothing where the file is absent, or is not ours."""
        path = project.root / _FILE
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls(path)
        tests = kept.get("tests") if isinstance(kept, dict) and kept.get("version") == _VERSION else None
        if not isinstance(tests, dict):
            return cls(path)
        return cls(path, {name: test for name, test in tests.items() if isinstance(test, dict)})

    def failed(self, test: str) -> bool:
        """Whether the test ran, and failed."""
        return self.tests.get(test, {}).get("passed") is False

    def duration_ms(self, test: str) -> int | None:
        """How long the test took, if it is known."""
        found = self.tests.get(test, {}).get("duration_ms")
        return found if isinstance(found, int) else None

    def noting(self, outcomes: Iterable[TestOutcome], gone: Iterable[Case]) -> Results:
        """With these outcomes; where all tests there are were collected, the others are forgotten (`gone`: these)."""
        known = {case.id for case in gone}
        kept = {name: test for name, test in self.tests.items() if not known or name in known}
        new = {each.id: {"passed": each.passed, "duration_ms": each.duration_ms} for each in outcomes}
        return replace(self, tests={**kept, **new})

    def save(self) -> None:
        """Keeps them; a project that cannot be written to is none the worse for it."""
        text = json.dumps({"version": _VERSION, "tests": self.tests}, indent=1, ensure_ascii=False)
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            new.write_text(text + "\n", encoding="utf-8")
            new.replace(self.path)
