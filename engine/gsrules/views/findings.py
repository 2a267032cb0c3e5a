"""What the validator found, as text, as JSON, or as annotations."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gsrules.run.check import Findings
from gsrules.run.report import fix_json, problem_json
from gsrules.views.problems import as_github, as_text

if TYPE_CHECKING:
    from gsrules.run.repair.files import Repaired


def show(found: Findings, form: str, repaired: Sequence[Repaired] | None = None) -> None:
    """Prints every finding and a closing count; the JSON form holds the same as data, and what was repaired."""
    if form == "json":
        shown = {
            "checked": found.checked,
            "errors": len(found.errors),
            "warnings": len(found.problems) - len(found.errors),
            "problems": [problem_json(problem) for problem in found.problems],
        }
        if repaired is not None:
            shown["repaired"] = [
                {"file": file.name, "fixes": [fix_json(fix) for fix in file.fixes]} for file in repaired
            ]
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


def repairs_text(repaired: Sequence[Repaired], *, dry_run: bool) -> str:
    """What was changed in which file, or would be, as a small diff."""
    lines: list[str] = []
    for file in repaired:
        before, after = file.before.splitlines(), file.after.splitlines()
        lines += difflib.unified_diff(before, after, file.name, file.name, n=0, lineterm="")
    fixes = sum(len(file.fixes) for file in repaired)
    repairs = f"{fixes} repair{'' if fixes == 1 else 's'} in {len(repaired)} file{'' if len(repaired) == 1 else 's'}"
    if not repaired:
        lines.append("nothing to repair of which it is certain what is meant")
    else:
        lines.append(f"{repairs}: not written, because of --dry-run" if dry_run else repairs)
    return "\n".join(lines)
