"""Words of the pages: kinds of tasks and actions, numbers, durations."""

from __future__ import annotations

import datetime as dt
from typing import Final

from gsrules.spec.kinds import ACTION_NAMES

_KINDS: Final = {
    "object": "Object",
    "salesforce": "Salesforce object",
    "file": "S3 file",
    "fetch": "Dataset",
    "s3": "S3 dataset",
    "merge": "Merge",
    "transform": "Transformation",
    "pivot": "Pivot",
    "union": "Union",
}

STATUSES: Final = {
    "SUCCESS": ("Success", "good"),
    "PARTIAL_SUCCESS": ("Partial success", "fair"),
    "FAILURE": ("Failure", "bad"),
}
"""The words and the tone of each status."""

MODES: Final = {"live": "Live", "dry_run": "Dry run"}


def kind_title(kind: str) -> str:
    """A kind of task or action in words: `create_cta` → Create CTA."""
    if kind in ACTION_NAMES:
        from gsrules.actions.registry import action_kind

        return action_kind(kind).short
    return _KINDS.get(kind) or kind.replace("_", " ").capitalize()


def compact(number: int) -> str:
    """All digits below 100,000; then rounded, as 123k or 1.23M, for a number with little room."""
    if number < 100_000:
        return f"{number:,}"
    if number < 999_500:
        return f"{number / 1_000:.0f}k"
    millions = number / 1_000_000
    return (f"{millions:.2f}" if millions < 100 else f"{millions:,.0f}") + "M"


def duration(milliseconds: int) -> str:
    """`412 ms`, `3.1 s`, `2 min 5 s`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def moment(text: str) -> str:
    """An instant as the report writes it, for people: `2026-11-23 15:18:17 UTC`."""
    try:
        return f"{dt.datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text


def counted(number: int, one: str, many: str = "") -> str:
    """`1 row`, `1,200 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
