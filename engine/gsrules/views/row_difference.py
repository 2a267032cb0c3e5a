"""Differences of rows as text: expected → actual, keyed, changes grouped as transitions before the samples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gsrules.regress.compare import ChangedRow, Row, RowDifference
from gsrules.views.paint import one_line
from gsrules.views.table import cell

CAP: Final = 10
"""How many rows of a sort are shown unless all are asked for."""
_GROUPED_ABOVE: Final = 3
_SAMPLES_OF_GROUPED: Final = 5
_TALL_ABOVE: Final = 6
_FIRST_COLUMNS: Final = 4
_TRANSITIONS: Final = 4
_SAMPLE_KEYS: Final = 3
_ABSENT: Final = "—"
_SPACES: Final = re.compile(r"^ +| +$| {2,}")
_SHORT: Final = 48
_LINE: Final = 120


def rows_text(difference: RowDifference, *, cap: int | None = CAP) -> list[str]:
    """The lines of one difference; `cap` None shows every row."""
    changed, missing, unexpected = difference.changed, difference.missing, difference.unexpected
    lines = [_head(difference)]
    shown = cap
    if len(changed) > _GROUPED_ABOVE:
        lines.extend(_grouped(changed))
        shown = min(cap, _SAMPLES_OF_GROUPED) if cap is not None else None
    for row in changed[:shown]:
        lines.extend(_changed(row))
    lines.extend(line for row in missing[:cap] for line in _one_sided("-", row, whole=cap is None))
    lines.extend(line for row in unexpected[:cap] for line in _one_sided("+", row, whole=cap is None))
    hidden = len(changed[shown:]) + sum(len(rows[cap:]) for rows in (missing, unexpected)) if cap is not None else 0
    if hidden:
        lines.append(f"  … {hidden:,} more; --full shows all")
    return lines


def _head(difference: RowDifference) -> str:
    expected, actual = f"{difference.expected:,}", f"{difference.actual:,}"
    rows = f"rows {expected}" if expected == actual else f"rows {expected} → {actual}"
    counts = {
        "~{} changed": len(difference.changed),
        "-{} missing": len(difference.missing),
        "+{} unexpected": len(difference.unexpected),
    }
    told = "  ".join(words.format(f"{count:,}") for words, count in counts.items() if count)
    key = f"   key: {difference.key}" if difference.key else ""
    return f"{difference.subject}  DIFFERS{key}   {rows}   {told}"


def _grouped(changed: Sequence[ChangedRow]) -> Iterator[str]:
    """A line for each column that changed: how many rows turned from what to what."""
    columns: dict[str, dict[tuple[str, str], list[str]]] = {}
    for row in changed:
        for name, (old, new) in row.cells.items():
            columns.setdefault(name, {}).setdefault((value_text(old), value_text(new)), []).append(row.key)
    width = max(len(name) for name in columns)
    counts = {name: sum(map(len, turns.values())) for name, turns in columns.items()}
    yield f"  {'column':<{width}}  changed   transitions (rows, sample keys)"
    for name in sorted(columns, key=lambda each: -counts[each]):
        turns = sorted(columns[name].items(), key=lambda each: -len(each[1]))
        most = _TRANSITIONS if len(turns[0][1]) > 1 else 1  # where each is another, one example will do
        texts = [f"{_short(old)} → {_short(new)} {len(keys):,} ({_samples(keys)})" for (old, new), keys in turns[:most]]
        while len(texts) > 1 and sum(map(len, texts)) > _LINE:
            texts.pop()
        more = f"   … {len(turns) - len(texts):,} other" if len(turns) > len(texts) else ""
        yield f"  {name:<{width}}  {counts[name]:>7,}   {'   '.join(texts)}{more}"


def _samples(keys: Sequence[str]) -> str:
    more = "…" if len(keys) > _SAMPLE_KEYS else ""
    return ", ".join(visible(_short(key)) for key in keys[:_SAMPLE_KEYS]) + more


def _changed(row: ChangedRow) -> Iterator[str]:
    cells = [f"{name}: {value_text(old)} → {value_text(new)}" for name, (old, new) in row.cells.items()]
    yield from _laid_out("~", visible(row.key), cells)


def _one_sided(sign: str, row: Row, *, whole: bool) -> Iterator[str]:
    """A row that only one side has; of a wide one the first columns, unless all is asked for."""
    cells = [f"{name}: {value_text(value)}" for name, value in row.items() if value != _ABSENT]
    if len(cells) > _TALL_ABOVE and not whole:
        cells = [*cells[:_FIRST_COLUMNS], f"… {len(cells) - _FIRST_COLUMNS} more columns"]
    yield from _laid_out(sign, "", cells)


def _laid_out(sign: str, key: str, cells: Sequence[str]) -> Iterator[str]:
    """One line, or one a column where there are many."""
    head = f"  {sign} {key}" if key else f"  {sign}"
    if len(cells) <= _TALL_ABOVE:
        yield f"{head}  {'   '.join(cells)}" if key else f"{head} {'   '.join(cells)}"
        return
    if key:
        yield head
    else:
        yield f"{head} {cells[0]}"
    yield from (f"      {text}" for text in (cells if key else cells[1:]))


def value_text(value: Any) -> str:
    """A value as differences show it: null as ∅, empty text as '', spaces that do not show as ·."""
    return "''" if value == "" else visible(cell(value))


def visible(text: str) -> str:
    """Spaces at the ends, and several in a row, as ·; signs for what would break the line or steer the terminal."""
    return one_line(_SPACES.sub(lambda found: "·" * len(found.group()), text))


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def rows_json(difference: RowDifference, plain: Any) -> Mapping[str, Any]:
    """The difference as plain data, every row of it."""
    return {
        "subject": difference.subject,
        "key": difference.key,
        "changed": [
            {"key": row.key, "cells": {name: [plain(a), plain(b)] for name, (a, b) in row.cells.items()}}
            for row in difference.changed
        ],
        "missing": [plain(dict(row)) for row in difference.missing],
        "unexpected": [plain(dict(row)) for row in difference.unexpected],
    }
