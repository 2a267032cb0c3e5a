"""Waits for a call no longer than it may take: a server that says nothing must not hold the command."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

Made = TypeVar("Made")

_MOMENT: Final = 2.0


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


@cache
def _leave_behind() -> None:
    """Lets the process, when it ends, wait no more than a moment for what did not come back."""
    from pyarrow import fs

    finalize = fs.ensure_s3_finalized
    atexit.unregister(finalize)
    atexit.register(_briefly, finalize)


def _briefly(work: Callable[[], None]) -> None:
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(_MOMENT)
