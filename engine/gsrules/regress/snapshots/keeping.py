"""Snapshots as files: YAML that people read, the same bytes for the same effects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from gsrules.errors import Problem, RunError
from gsrules.regress.snapshots.taking import Taken

HEAD: Final = "# What the test did when it was accepted. Made and compared by gsrules test; accept with --update.\n"
_WIDTH: Final = 110
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d+)?)?")
_LIKE_A_NUMBER: Final = re.compile(r"[-+.0-9]")


class _Dumper(yaml.CSafeDumper):
    """Texts are quoted where YAML 1.2, or a reader of YAML 1.1, would take them for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    number_like = _LIKE_A_NUMBER.match(text) is not None and _DATE.fullmatch(text) is None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="'" if number_like else None)


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(str, _text)  # texts that know their place, too
_Dumper.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.CSafeDumper.yaml_implicit_resolvers.items()
}


def file_text(test: str, runs: Sequence[Taken]) -> str:
    """The file of a test's runs."""
    content = {"test": test, "runs": list(runs)}
    body = yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=_WIDTH
    )
    return HEAD + body


def write(path: Path, text: str) -> None:
    """Keeps a snapshot. Raises RunError GS-OUTPUT where the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(text, encoding="utf-8", newline="")
        new.replace(path)
    except OSError as error:
        message = f"the snapshot cannot be written: {error.strerror}"
        raise RunError(Problem("GS-OUTPUT", message, value=str(path))) from error


def remove(path: Path) -> None:
    """Removes a kept snapshot, and its folder with the last one. Raises RunError GS-OUTPUT."""
    try:
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    except OSError as error:
        message = f"the snapshot cannot be removed: {error.strerror}"
        raise RunError(Problem("GS-OUTPUT", message, value=str(path))) from error
