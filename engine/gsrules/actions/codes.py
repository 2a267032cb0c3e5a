"""Codes of the problems that binding an action can find, beside those of names, types and limits."""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    "GS-ACTION-TARGET": "The object, or the operation on it, is not for this action.",
    "GS-ACTION-ENTITY": "The action does not fit what the rule is for.",
    "GS-ACTION-READ-ONLY": "A target field that loads may not write.",
    "GS-ACTION-DUPLICATE": "A target field or identifier named twice.",
    "GS-ACTION-IDENTIFIER": "Identifiers that are missing, not mapped, or not allowed.",
    "GS-ACTION-REQUIRED": "A required field that no mapping covers.",
    "GS-ACTION-VALUE": "A constant or default that does not fit its field.",
    "GS-ACTION-PICKLIST": "An option that the picklist does not have, or that is inactive.",
    "GS-ACTION-MAP": "A customise mapping that is missing or misplaced.",
    "GS-ACTION-PERMISSION": "An object or field that the tenant's load permission list does not hold.",
    "GS-ACTION-LOOKUP": "An import lookup that does not fit its field or object.",
    "GS-ACTION-CTA": "A CTA type, reason, priority, status or playbook that does not exist or is not of the type.",
    "GS-ACTION-CALLOUT": "A callout that was deleted, is of another connection, or has a field without a column.",
    "GS-ACTION-HINT": "Allowed, but probably not meant.",
}
