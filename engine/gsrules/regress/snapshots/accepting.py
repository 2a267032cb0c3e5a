"""Accepts what tests did as their snapshots, all at once or one by one, and removes those without a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from gsrules.regress.outcome import SnapshotOutcome, SuiteOutcome, TestOutcome
from gsrules.regress.snapshots.keeping import remove, write

Answer = Literal["yes", "no", "quit"]
Ask = Callable[[TestOutcome | Path], Answer]
"""Asked for each test whose snapshot would change, and for each obsolete file."""

_ACCEPTED: Final = {"missing": "made", "differs": "updated", "broken": "updated"}


def yes(_subject: TestOutcome | Path) -> Answer:
    """Accepts everything."""
    return "yes"


def accept(outcome: SuiteOutcome, ask: Ask = yes) -> SuiteOutcome:
    """Writes the snapshots that are accepted; the outcome says which. Raises RunError GS-OUTPUT.

    A test that fails in other ways is not asked for: its effects are wrong, or may be.
    """
    answer: Answer = "yes"
    tests: list[TestOutcome] = []
    for test in outcome.tests:
        snapshot = test.snapshot
        if snapshot is None or snapshot.agrees:
            _refresh(snapshot)
        elif answer == "quit" or not test.as_expected:
            test = replace(test, snapshot=replace(snapshot, state="left"))
        else:
            answer = ask(test)
            if answer == "yes":
                write(snapshot.path, snapshot.taken)
            state = _ACCEPTED[snapshot.state] if answer == "yes" else "left"
            test = replace(test, snapshot=replace(snapshot, state=state))  # type: ignore[arg-type]
        tests.append(test)
    kept: list[Path] = []
    for path in outcome.obsolete:
        answer = ask(path) if answer != "quit" else answer
        if answer == "yes":
            remove(path)
        else:
            kept.append(path)
    return replace(outcome, tests=tuple(tests), obsolete=tuple(kept))


def _refresh(snapshot: SnapshotOutcome | None) -> None:
    """Notes inputs that have changed without any effect."""
    if snapshot is not None and snapshot.path.read_text(encoding="utf-8") != snapshot.taken:
        write(snapshot.path, snapshot.taken)
