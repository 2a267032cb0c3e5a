"""The command as a process: what it leaves behind when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def gsrules(*arguments: str, folder: Path, out: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gsrules", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "engine")},
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def test_the_process_ends_with_the_code_of_the_command_and_all_its_output(tmp_path: Path) -> None:
    version = gsrules("--version", folder=tmp_path)
    assert version.returncode == 0
    assert version.stdout.startswith("gsrules ")
    wrong = gsrules("run", "no_such_rule", folder=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error GS-")


def test_a_pipe_without_a_reader_ends_the_process_without_a_traceback(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = gsrules("--help", folder=tmp_path, out=write)
    os.close(write)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
