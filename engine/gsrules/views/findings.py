"""What the validator found, as text, as JSON, or as annotations."""

from __future__ import annotations

import json
import sys

from gsrules.run.check import Findings
from gsrules.run.report import problem_json
from gsrules.views.problems import as_github, as_text


def show(found: Findings, form: str) -> None:
    """Prints every finding and a closing count; the JSON form holds the same as data."""
    if form == "json":
        shown = {
            "checked": found.checked,
            "errors": len(found.errors),
            "warnings": len(found.problems) - len(found.errors),
            "problems": [problem_json(problem) for problem in found.problems],
        }
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    if form == "github":
        if found.problems:
            print(as_github(found.problems))
        return
    if found.problems:
        print(as_text(found.problems, colour=sys.stdout.isatty()))
    checked = ", ".join(
        f"{count} {what.removesuffix('s') if count == 1 else what}" for what, count in found.checked.items() if count
    )
    errors, warnings = len(found.errors), len(found.problems) - len(found.errors)
    print(
        f"checked {checked or 'nothing'}: {errors} error{'' if errors == 1 else 's'}, "
        f"{warnings} warning{'' if warnings == 1 else 's'}"
    )
