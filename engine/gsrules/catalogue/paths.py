"""Paths as DuckDB takes them."""

from __future__ import annotations

from pathlib import Path


def glob_safe(path: Path) -> str:
    """The path as text, with the letters that DuckDB would read as wildcards put in brackets."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
