"""Progress of work that takes longer than a second, on a terminal only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_AFTER_SECONDS = 1.0
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


@contextmanager
def shown(stream: TextIO) -> Iterator[Callable[[str], None]]:
    """Yields a function that takes the name of the step now running; shows it once a second has passed."""
    if not stream.isatty():
        yield lambda _step: None
        return
    state = {"step": ""}
    done = threading.Event()
    started = time.monotonic()

    def draw() -> None:
        if done.wait(_AFTER_SECONDS):
            return
        frame = 0
        while not done.wait(0.1):
            seconds = time.monotonic() - started
            stream.write(f"\r\x1b[2K{_FRAMES[frame % len(_FRAMES)]} {state['step']}  {seconds:.0f} s")
            stream.flush()
            frame += 1
        stream.write("\r\x1b[2K")
        stream.flush()

    painter = threading.Thread(target=draw, daemon=True)
    painter.start()
    try:
        yield lambda step: state.update(step=step)
    finally:
        done.set()
        painter.join()
