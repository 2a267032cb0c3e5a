"""What a recording came to, in words: what the test exercises, what nothing exercises, what was masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gsrules.regress.branches import Branch
from gsrules.regress.record.recorder import Recording

_MOST = 12


def recording_text(made: Recording, path: Path) -> str:
    """The result of `gsrules record` for the terminal."""
    return "\n".join(_lines(made, _shown(path)))


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _lines(made: Recording, path: str) -> Iterator[str]:
    records = sum(len(rows) for rows in made.given.values())
    lines = made.rows - records
    parts = [f"{records} records"] if records else []
    parts += [f"{lines} lines of files"] if lines else []
    yield f"Recorded {made.rule} on {made.rule_date}: {' and '.join(parts) or 'nothing'}"
    for name, rows in made.given.items():
        yield f"  {name:<28} {len(rows):>5}"
    yield ""
    counted = made.counted
    done = sum(branch.id in made.taken for branch in counted)
    yield f"Branches exercised: {done} of {len(counted)}"
    yield from _branches("no real row exercises", made.unexercised)
    yield from _branches("exercised by real rows, but not by the test", made.lost)
    yield ""
    yield from _masks(made)
    if made.salesforce:
        yield f"Not recorded: samples of Salesforce objects are read as they are: {', '.join(made.salesforce)}"
    yield f"Written: {path}" + ("" if made.snapshot else " (it passes)")
    yield f"Next: read it, then run  gsrules test {path}" + (" --update" if made.snapshot else "")


def _branches(title: str, branches: Sequence[Branch]) -> Iterator[str]:
    if not branches:
        return
    yield f"  {title}:"
    for branch in branches[:_MOST]:
        text = " ".join(branch.text.split())
        yield f"    {_place(branch):<14} {branch.name}: {text}: {branch.side}"
    if len(branches) > _MOST:
        yield f"    … and {len(branches) - _MOST} more; --format json lists them all"


def _place(branch: Branch) -> str:
    return f"line {branch.place.line}" if branch.place is not None else ""


def _masks(made: Recording) -> Iterator[str]:
    if not made.masked:
        yield "Masked: nothing"
    for kind, columns in made.masked.items():
        yield f"Masked {kind}: {', '.join(columns)}"
    if made.masking.masks.unmasked:
        values = ", ".join(made.masking.masks.unmasked[:_MOST])
        yield f"Not masked, because conditions of the rule look into them: {values}"
    if made.kept_columns:
        yield f"Not masked, because the rule would do something else: {', '.join(made.kept_columns)}"
    left = made.masking.left()
    if left:
        yield f"Left as they are: {', '.join(left)}  (--mask COLUMN masks one)"
