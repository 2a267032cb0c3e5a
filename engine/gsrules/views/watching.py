"""What `gsrules test --watch` prints after each change."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from gsrules.regress.watching import Round
from gsrules.views.problems import as_text
from gsrules.views.test_results import show_text

_NAMED = 3


def show(found: Round, root: Path) -> None:
    """Prints one round: what was saved, the tests that it concerns, and how all of them stand."""
    if found.changed:
        print(f"\n{dt.datetime.now():%H:%M:%S}  {_named(found.changed, root)} changed")
    if found.outcome.tests:
        show_text(found.outcome)
    if found.problems:
        print(as_text(found.problems, colour=sys.stdout.isatty()), end="")
    elif not found.outcome.tests and found.changed:
        print("no test is concerned")
    failed = [test for test in found.known if not test.passed]
    rest = [test for test in failed if test.id not in {each.id for each in found.outcome.tests}]
    for test in rest:
        print(f"  ✗ {test.name}  still fails ({test.place.file}:{test.place.line})")
    stand = f"{len(failed)} of {len(found.known)} fail"
    if found.problems and not found.outcome.tests:
        stand = f"no test runs before this is repaired; until now {stand}"
    print(f"{stand}; {found.duration_ms} ms; watching …", flush=True)


def _named(paths: Sequence[Path], root: Path) -> str:
    names = [path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path) for path in paths]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
