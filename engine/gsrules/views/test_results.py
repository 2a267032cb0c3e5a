"""Results of rule tests: text, JSON, annotations, JUnit."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gsrules.errors import Place, Problem
from gsrules.regress.outcome import Fact, SnapshotOutcome, SuiteOutcome, TestOutcome
from gsrules.run.report import problem_json
from gsrules.spec.yaml12 import shown
from gsrules.views.paint import Painter, one_line
from gsrules.views.problems import as_github, as_text
from gsrules.views.row_difference import CAP, rows_json, rows_text, value_text
from gsrules.views.table import plain

_INDENT: Final = " " * 6

_SNAPSHOTS: Final = {
    "missing": "there is no snapshot yet; gsrules test --update makes it",
    "differs": "the effects are not those of the snapshot",
    "broken": "the snapshot cannot be read; repair it, or let gsrules test --update write it anew",
    "made": "snapshot made",
    "updated": "snapshot updated",
    "left": "snapshot left as it was",
}
_ACCEPT: Final = "accept with: gsrules test --update (one by one: --update --interactive)"


def show(outcome: SuiteOutcome, form: str, *, full: bool = False, more: Mapping[str, Any] | None = None) -> None:
    """Prints the outcome of all tests in the form asked for; `full` shows every row that differs.

    `more` goes into the JSON beside the tests.
    """
    if form == "json":
        print(json.dumps(suite_json(outcome) | dict(more or {}), indent=2, ensure_ascii=False))
    elif form == "github":
        found = [annotation for test in outcome.tests for annotation in _annotations(test)]
        if found:
            print(as_github(found))
    else:
        show_text(outcome, full=full)


def show_text(outcome: SuiteOutcome, *, full: bool = False) -> None:
    """Prints every test below its file, and how many passed."""
    painter = Painter.of(sys.stdout)
    file = ""
    for test in outcome.tests:
        if test.place.file != file:
            file = test.place.file
            print(f"{file}  {painter.paint(test.rule, 'dim')}")
        mark = painter.paint("✓", "green") if test.passed else painter.paint("✗", "red")
        print(f"  {mark} {one_line(test.name)}  {painter.paint(f'{test.duration_ms} ms', 'dim')}")
        for line in test_text(test, cap=None if full else CAP).splitlines():
            print(f"{_INDENT}{line}")
    for path in outcome.obsolete:
        print(f"obsolete snapshot {shown(path)}: it has no test; gsrules test --update removes it")
    print(summary(outcome), flush=True)


def summary(outcome: SuiteOutcome) -> str:
    """How many tests passed and failed, and what else was done or left out."""
    parts = [f"{outcome.passed} passed", f"{outcome.failed} failed"]
    states = [test.snapshot.state for test in outcome.tests if test.snapshot is not None]
    parts += [_snapshots(states.count(state), state) for state in ("made", "updated") if state in states]
    if outcome.obsolete:
        parts.append(_snapshots(len(outcome.obsolete), "obsolete"))
    if outcome.not_run:
        parts.append(f"{outcome.not_run} not run")
    return ", ".join(parts)


def _snapshots(count: int, state: str) -> str:
    return f"{count} snapshot{'' if count == 1 else 's'} {state}"


def test_text(test: TestOutcome, *, cap: int | None = CAP) -> str:
    """What is to be said of a test beside its name: differences, the snapshot, warnings."""
    warnings = as_text(test.warnings).splitlines() if test.warnings else []
    return "\n".join([*difference_text(test, cap=cap).splitlines(), *warnings])


def difference_text(test: TestOutcome, *, cap: int | None = CAP) -> str:
    """Everything in which a failed test differs, as expected → actual."""
    lines = _differences(test.facts, test, cap)
    if test.problems:
        lines.extend(as_text(test.problems).splitlines())
    if test.snapshot is not None and test.snapshot.state != "same":
        lines.extend(snapshot_text(test.snapshot, cap=cap).splitlines())
    return "\n".join(lines)


def snapshot_text(snapshot: SnapshotOutcome, *, cap: int | None = CAP) -> str:
    """How the effects differ from the kept snapshot, and how to accept them."""
    lines = [f"{_SNAPSHOTS[snapshot.state]}: {shown(snapshot.path)}"]
    lines += _differences(snapshot.facts, snapshot, cap)
    lines += [f"note: {note}" for note in snapshot.notes]
    lines += as_text(snapshot.problems).splitlines() if snapshot.problems else []
    return "\n".join([*lines, _ACCEPT] if snapshot.state == "differs" else lines)


def _differences(facts: Sequence[Fact], found: TestOutcome | SnapshotOutcome, cap: int | None) -> list[str]:
    lines = [f"{fact.subject}: {value_text(fact.expected)} → {value_text(fact.actual)}" for fact in facts]
    return [*lines, *(line for rows in found.rows for line in rows_text(rows, cap=cap))]


test_text.__test__ = False  # type: ignore[attr-defined]  # no test of pytest's


def suite_json(outcome: SuiteOutcome) -> dict[str, Any]:
    """All results as plain data."""
    return {
        "passed": outcome.passed,
        "failed": outcome.failed,
        "not_run": outcome.not_run,
        "duration_ms": sum(test.duration_ms for test in outcome.tests),
        "obsolete_snapshots": [shown(path) for path in outcome.obsolete],
        "tests": [_test_json(test) for test in outcome.tests],
    }


def _test_json(test: TestOutcome) -> dict[str, Any]:
    snapshot = test.snapshot
    return {
        "name": test.name,
        "rule": test.rule,
        "file": test.place.file,
        "line": test.place.line,
        "passed": test.passed,
        "duration_ms": test.duration_ms,
        **_differences_json(test),
        "problems": [problem_json(problem) for problem in test.problems],
        "warnings": [problem_json(problem) for problem in test.warnings],
        "snapshot": None
        if snapshot is None
        else {
            "file": shown(snapshot.path),
            "state": snapshot.state,
            **_differences_json(snapshot),
            "notes": list(snapshot.notes),
            "problems": [problem_json(problem) for problem in snapshot.problems],
        },
    }


def _differences_json(found: TestOutcome | SnapshotOutcome) -> dict[str, Any]:
    return {
        "differences": [
            {"subject": fact.subject, "expected": plain(fact.expected), "actual": plain(fact.actual)}
            for fact in found.facts
        ],
        "rows": [rows_json(rows, plain) for rows in found.rows],
    }


def _annotations(test: TestOutcome) -> list[Problem]:
    place = Place(test.place.file, test.place.line, test.place.column)
    failed = [] if test.passed else [Problem("GS-TEST", f"{test.name}: {difference_text(test)}", place)]
    return [*failed, *test.warnings]


def write_junit(outcome: SuiteOutcome, path: Path) -> None:
    """Writes the results as JUnit XML, one test suite a file."""
    root = ET.Element("testsuites", tests=str(len(outcome.tests)), failures=str(outcome.failed))
    suites: dict[str, ET.Element] = {}
    for test in outcome.tests:
        if test.place.file not in suites:
            suites[test.place.file] = ET.SubElement(root, "testsuite", name=test.place.file)
        case = ET.SubElement(
            suites[test.place.file],
            "testcase",
            classname=test.rule,
            name=test.name,
            time=f"{test.duration_ms / 1000:.3f}",
        )
        if not test.passed:
            ET.SubElement(case, "failure", message="differs").text = _xml_safe(difference_text(test))
    for suite in suites.values():
        failed = sum(case.find("failure") is not None for case in suite)
        suite.attrib |= {"tests": str(len(suite)), "failures": str(failed)}
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _xml_safe(text: str) -> str:
    """Without the characters that XML has no place for."""
    return "".join(c for c in text if c in "\t\n\r" or (ord(c) >= 0x20 and ord(c) not in (0xFFFE, 0xFFFF)))
