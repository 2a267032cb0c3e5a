"""A difference as JSON text."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gsrules.regress.difference.model import RuleDifference


def difference_json(differences: Sequence[RuleDifference]) -> str:
    """All differences as one object."""
    shown = {
        "differs": any(map(bool, differences)),
        "rules": [each.as_json() for each in differences],
    }
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
