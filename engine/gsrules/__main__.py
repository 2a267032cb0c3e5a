"""`gsrules` and `python -m gsrules`: the command in a process of its own."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import NoReturn


def command() -> NoReturn:
    """Runs the command and ends the process at once: taking a hundred thousand objects apart takes a tenth of a run."""
    # Nearly all of these objects stay; looking for garbage among them, over and over, takes another tenth.
    gc.set_threshold(500_000)
    from gsrules.cli.main import main

    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 1  # the reader of a pipe went away, or the disk is full
    os._exit(code)


if __name__ == "__main__":
    command()
