"""Results of rule tests: text, JSON, annotations, JUnit."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from gsrules.errors import Place, Problem
from gsrules.regress.compare import Row, RowDifference
from gsrules.regress.outcome import SuiteOutcome, TestOutcome
from gsrules.run.report import problem_json
from gsrules.views.problems import as_github, as_text
from gsrules.views.table import cell, plain

_CAP = 10
_TALL_ABOVE = 6
_GREEN, _RED, _DIM, _RESET = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


def show(outcome: SuiteOutcome, form: str) -> None:
    """Prints the outcome of all tests in the form asked for."""
    if form == "json":
        print(json.dumps(_as_json(outcome), indent=2, ensure_ascii=False))
    elif form == "github":
        annotations = [_annotation(test) for test in outcome.tests if not test.passed]
        if annotations:
            print(as_github(annotations))
    else:
        _show_text(outcome)


def _show_text(outcome: SuiteOutcome) -> None:
    green, red, dim, reset = (_GREEN, _RED, _DIM, _RESET) if sys.stdout.isatty() else ("", "", "", "")
    file = ""
    for test in outcome.tests:
        if test.place.file != file:
            file = test.place.file
            print(f"{file}  {dim}{test.rule}{reset}")
        mark = f"{green}✓{reset}" if test.passed else f"{red}✗{reset}"
        print(f"  {mark} {test.name}  {dim}{test.duration_ms} ms{reset}")
        for line in difference_text(test).splitlines():
            print(f"      {line}")
    print(f"{outcome.passed} passed, {outcome.failed} failed")


def difference_text(test: TestOutcome) -> str:
    """Everything in which a failed test differs, as expected → actual."""
    lines: list[str] = []
    for fact in test.facts:
        lines.append(f"{fact.subject}: {_value(fact.expected)} → {_value(fact.actual)}")
    for difference in test.rows:
        lines.extend(_rows_text(difference))
    if test.problems:
        lines.extend(as_text(test.problems).splitlines())
    return "\n".join(lines)


def _rows_text(difference: RowDifference) -> list[str]:
    changed, missing, unexpected = difference.changed, difference.missing, difference.unexpected
    head = f"{difference.subject}  DIFFERS   key: {difference.key or '(none)'}     "
    rows = f"rows {difference.expected:,} → {difference.actual:,}   "
    changes = f"~{len(changed)} changed  -{len(missing)} missing  +{len(unexpected)} unexpected"
    lines = [head + rows + changes]
    for row in changed[:_CAP]:
        cells = [f"{name}: {_value(old)} → {_value(new)}" for name, (old, new) in row.cells.items()]
        if len(cells) > _TALL_ABOVE:
            lines.append(f"  ~ {_visible(row.key)}")
            lines.extend(f"      {text}" for text in cells)
        else:
            lines.append(f"  ~ {_visible(row.key)}  {'   '.join(cells)}")
    lines.extend(f"  - {_row(row)}" for row in missing[:_CAP])
    lines.extend(f"  + {_row(row)}" for row in unexpected[:_CAP])
    hidden = sum(max(0, len(rows) - _CAP) for rows in (changed, missing, unexpected))
    if hidden:
        lines.append(f"  … {hidden} more; --format json shows all")
    return lines


def _row(row: Row) -> str:
    return "  ".join(f"{name}: {_value(value)}" for name, value in row.items())


def _value(value: Any) -> str:
    return "''" if value == "" else _visible(cell(value))


def _visible(text: str) -> str:
    """Spaces at the ends made visible; in the middle they are plain."""
    stripped = text.strip(" ")
    if stripped == text:
        return text.replace("\n", "⏎")
    start = len(text) - len(text.lstrip(" "))
    return "·" * start + stripped + "·" * (len(text) - start - len(stripped))


def _as_json(outcome: SuiteOutcome) -> dict[str, Any]:
    return {
        "passed": outcome.passed,
        "failed": outcome.failed,
        "duration_ms": sum(test.duration_ms for test in outcome.tests),
        "tests": [_test_json(test) for test in outcome.tests],
    }


def _test_json(test: TestOutcome) -> dict[str, Any]:
    return {
        "name": test.name,
        "rule": test.rule,
        "file": test.place.file,
        "line": test.place.line,
        "passed": test.passed,
        "duration_ms": test.duration_ms,
        "differences": [
            {"subject": fact.subject, "expected": plain(fact.expected), "actual": plain(fact.actual)}
            for fact in test.facts
        ],
        "rows": [
            {
                "subject": rows.subject,
                "key": rows.key,
                "changed": [
                    {"key": row.key, "cells": {name: [plain(a), plain(b)] for name, (a, b) in row.cells.items()}}
                    for row in rows.changed
                ],
                "missing": [plain(dict(row)) for row in rows.missing],
                "unexpected": [plain(dict(row)) for row in rows.unexpected],
            }
            for rows in test.rows
        ],
        "problems": [problem_json(problem) for problem in test.problems],
    }


def _annotation(test: TestOutcome) -> Problem:
    place = Place(test.place.file, test.place.line, test.place.column)
    return Problem("GS-TEST", f"{test.name}: {difference_text(test)}", place)


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
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _xml_safe(text: str) -> str:
    """Without the control characters that XML has no place for."""
    return "".join(c for c in text if c in "\t\n\r" or ord(c) >= 0x20)
