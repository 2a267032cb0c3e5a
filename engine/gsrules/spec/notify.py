"""Who is told how a run ended, as written (platform.md §6)."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from gsrules.spec.base import Name, OneOrMany, Spec, refusal
from gsrules.spec.text import Text

ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


def _address(value: Text) -> Text:
    if not ADDRESS.fullmatch(value.strip()):
        raise refusal("GS-SPEC-VALUE", f"`{value}` is no e-mail address", value=value, hint="ops@example.com")
    return value


Addresses = OneOrMany[Annotated[Name, AfterValidator(_address)]]


class NotifySpec(Spec):
    """Two lists of e-mail addresses; PARTIAL_SUCCESS goes to the failure list."""

    success: Addresses | None = Field(None, description="Who is told of a success.")
    failure: Addresses | None = Field(None, description="Who is told of a failure or a partial success.")
