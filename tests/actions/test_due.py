"""actions.md §6.4: every row of the table."""

from __future__ import annotations

from datetime import date

import pytest

from gsrules.actions.ctas.due import Skip, WeekendMode, due_date

ROWS = """
2026-11-20 | 0  | 11-20 | 11-20 | 11-20 | 11-20 | 11-20
2026-11-20 | 1  | 11-23 | 11-22 | 11-21 | 11-21 | 11-23
2026-11-20 | 2  | 11-24 | 11-23 | 11-23 | 11-22 | 11-23
2026-11-20 | 5  | 11-27 | 11-26 | 11-26 | 11-25 | 11-25
2026-11-20 | 10 | 12-04 | 12-02 | 12-02 | 11-30 | 11-30
2026-11-21 | 0  | 11-23 | 11-22 | 11-21 | 11-21 | 11-23
2026-11-21 | 1  | 11-23 | 11-22 | 11-23 | 11-22 | 11-23
2026-11-21 | 5  | 11-27 | 11-26 | 11-27 | 11-26 | 11-26
2026-11-22 | 0  | 11-23 | 11-22 | 11-23 | 11-22 | 11-23
2026-11-23 | 4  | 11-27 | 11-27 | 11-27 | 11-27 | 11-27
2026-11-23 | 5  | 11-30 | 11-29 | 11-28 | 11-28 | 11-30
2026-12-30 | 5  | 2027-01-06 | 2027-01-05 | 2027-01-05 | 2027-01-04 | 2027-01-04
2028-02-25 | 5  | 2028-03-03 | 2028-03-02 | 2028-03-02 | 2028-03-01 | 2028-03-01
"""
FORMS: list[tuple[Skip, WeekendMode]] = [
    ("weekends", "count"),
    ("saturday", "count"),
    ("sunday", "count"),
    ("nothing", "count"),
    ("weekends", "shift"),
]


def cases() -> list[tuple[date, int, Skip, WeekendMode, date]]:
    found = []
    for line in ROWS.strip().splitlines():
        start, days, *wanted = (cell.strip() for cell in line.split("|"))
        for (skip, mode), day in zip(FORMS, wanted, strict=True):
            full = day if len(day) == 10 else f"{start[:4]}-{day}"
            found.append((date.fromisoformat(start), int(days), skip, mode, date.fromisoformat(full)))
    return found


@pytest.mark.parametrize(("start", "days", "skip", "mode", "wanted"), cases())
def test_due_date_of_the_reference(start: date, days: int, skip: Skip, mode: WeekendMode, wanted: date) -> None:
    assert due_date(start, days, skip, mode) == wanted


@pytest.mark.parametrize("skip", ["weekends", "saturday", "sunday", "nothing"])
def test_counting_agrees_with_walking_day_by_day(skip: Skip) -> None:
    skipped = {"weekends": {5, 6}, "saturday": {5}, "sunday": {6}, "nothing": set()}[skip]
    for offset in range(14):
        start = date.fromordinal(date(2026, 11, 16).toordinal() + offset)
        day, counted = start, 0
        for days in range(1, 40):
            while counted < days:
                day = date.fromordinal(day.toordinal() + 1)
                counted += day.weekday() not in skipped
            assert due_date(start, days, skip, "count") == day
