"""Waits for a call no longer than it may take: a server that says nothing must not hold the command."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")


def within(seconds: float, work: Callable[[], Made]) -> Made:
    """What `work` gives or raises; TimeoutError if it takes longer, and then nobody waits for it at the end either."""
    outcome: list[tuple[bool, Any]] = []

    def attempt() -> None:
        try:
            outcome.append((True, work()))
        except BaseException as error:
            outcome.append((False, error))

    worker = threading.Thread(target=attempt, daemon=True, name="gsrules-s3")
    worker.start()
    worker.join(seconds)
    if not outcome:
        _leave_behind()
        raise TimeoutError
    good, value = outcome[0]
    if not good:
        raise value
    made: Made = value
    return made


def _leave_behind() -> None:
    """Keeps the process from waiting, when it ends, for what did not come back."""
    from pyarrow import fs

    with contextlib.suppress(AttributeError):
        atexit.unregister(fs.ensure_s3_finalized)
