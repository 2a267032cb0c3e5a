"""The wheel carries everything that the installed command needs, the example project included."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("gsrules-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_data_files_of_the_package(unpacked: Path) -> None:
    source = ROOT / "engine" / "gsrules"
    wanted = {path.relative_to(source) for ending in ("json", "typed") for path in source.rglob(f"*.{ending}")}
    assert len(wanted) > 5
    assert {path for path in wanted if not (unpacked / "gsrules" / path).is_file()} == set()


def test_the_demo_runs_from_the_wheel_alone(unpacked: Path, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(unpacked), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "gsrules", "demo"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("SUCCESS") == 12
    assert list(tmp_path.glob("gsrules-demo-*/.gsrules/tenant.duckdb"))
    (page,) = tmp_path.glob("gsrules-demo-*/report.html")
    assert f"for your browser: {page}" in done.stdout
    assert page.read_text(encoding="utf-8").count("<article ") == 12
