"""GSIDs: 36 characters = object family (4) + tenant id (14) + suffix (18), platform.md §2.2."""

from __future__ import annotations

import hashlib
import re
import string

LENGTH = 36
SUFFIX_LENGTH = 18
CONFIGURATION_FAMILY = "1I00"
CUSTOM_FAMILY = "1Z02"
PATTERN = "[0-9A-Z]{36}"

_WHOLE = re.compile(PATTERN)
_DIGITS = string.digits + string.ascii_uppercase


def is_gsid(text: str) -> bool:
    """Whether the text has the form of a GSID."""
    return bool(_WHOLE.fullmatch(text))


def base36(number: int, width: int) -> str:
    """The number in base 36, padded with zeros to `width` digits (the last ones if it has more)."""
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def stable_gsid(tenant_id: str, *parts: str, family: str = CONFIGURATION_FAMILY) -> str:
    """A GSID that depends on `parts` alone: the same picklist item has the same id in every tenant of that id."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest()
    return family + tenant_id + base36(int.from_bytes(digest, "big"), SUFFIX_LENGTH)
