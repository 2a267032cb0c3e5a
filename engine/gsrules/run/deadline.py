"""The time that a run may take (`run.timeout_minutes`)."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Final, Self

import duckdb

from gsrules.errors import Problem, RunError

SECONDS_A_MINUTE = 60.0
_AGAIN: Final = 0.05


class Deadline:
    """Interrupts the statements of a connection once the time is over. Used in a `with` statement.

    `minutes`: None for a run that may take as long as it likes.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, minutes: int | None) -> None:
        self._con = con
        self._minutes = minutes
        self._end = None if minutes is None else time.monotonic() + minutes * SECONDS_A_MINUTE
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._end is not None:
            self._thread = threading.Thread(target=self._watch, args=(self._end,), daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and time.monotonic() >= self._end

    def check(self) -> None:
        """Raises RunError GS-RUN-ABORTED when the time is over."""
        if self.passed:
            raise RunError(self.problem())

    def problem(self) -> Problem:
        """What is told of a run that took too long."""
        minutes = "1 minute" if self._minutes == 1 else f"{self._minutes} minutes"
        message = f"the run took longer than {minutes} (run.timeout_minutes) and was aborted (ABORTED)"
        return Problem("GS-RUN-ABORTED", message, hint="nothing was applied; raise the key, or look at what takes long")

    def disarm(self) -> None:
        """The run has come through: from here on the time does not matter."""
        self.stop()
        self._end = None

    def stop(self) -> None:
        """From here on no statement is interrupted any more, such as that which takes everything back."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self, end: float) -> None:
        self._over.wait(max(0.0, end - time.monotonic()))
        while not self._over.wait(_AGAIN):
            # again and again: an interrupt between two statements goes nowhere
            self._con.interrupt()
