"""Parameters that CTAs and success plans share: the parts of the key, the days until something is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gsrules.actions.kind import Findings
from gsrules.spec import DueSpec
from gsrules.spec.base import Name

_MOST_DAYS: Final = 36_500


def key_parts(stated: Sequence[Name], parts: Sequence[str], what: str, findings: Findings) -> frozenset[str]:
    """The stated parts of the key of `what`, in lower case; unknown and repeated ones go to the findings."""
    found = set()
    for item in stated:
        word = item.strip().lower()
        if word not in parts:
            hint = f"one of {', '.join(parts)}; the company or relationship is always part of the key"
            message = f"`{item}` is no part of a {what}'s key"
            findings.error("GS-ACTION-IDENTIFIER", message, item.place, value=item, hint=hint)
        elif word in found:
            findings.error("GS-ACTION-DUPLICATE", f"the identifier `{item}` is named twice", item.place, value=item)
        found.add(word)
    return frozenset(found)


def check_days(due: DueSpec, findings: Findings) -> None:
    """A due date that lies too far ahead to be meant goes to the findings."""
    if due.days > _MOST_DAYS:
        message = f"{due.days} days; a due date lies at most {_MOST_DAYS} days ahead"
        findings.error("GS-LIMIT", message, due.place_of("days"), value=str(due.days))
