"""Asks on the terminal whether the effects of a test are as they should be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from gsrules.regress.outcome import TestOutcome
from gsrules.regress.snapshots.accepting import Answer
from gsrules.spec.yaml12 import shown
from gsrules.views.test_results import snapshot_text

_ANSWERS: Final[dict[str, Answer]] = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "q": "quit", "quit": "quit"}
_NEW_LINES: Final = 20


def ask(subject: TestOutcome | Path) -> Answer:
    """Shows what would be accepted, and reads y, n or q from standard input; its end means quit."""
    if isinstance(subject, Path):
        print(f"obsolete snapshot {shown(subject)}: it has no test", file=sys.stderr)
        return _answer("remove it?")
    print(f"{subject.place.file}: {subject.name}", file=sys.stderr)
    if subject.snapshot is not None:
        print(_indented(snapshot_text(subject.snapshot)), file=sys.stderr)
        if subject.snapshot.state == "missing":
            lines = subject.snapshot.taken.splitlines()
            more = [f"… {len(lines) - _NEW_LINES:,} more lines"] if len(lines) > _NEW_LINES else []
            print(_indented("\n".join([*lines[:_NEW_LINES], *more])), file=sys.stderr)
    return _answer("accept?")


def _answer(question: str) -> Answer:
    while True:
        print(f"{question} [y/n/q] ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            print(file=sys.stderr)
            return "quit"
        found = _ANSWERS.get(line.strip().lower())
        if found is not None:
            return found


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
