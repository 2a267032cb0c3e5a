from __future__ import annotations

import pytest

from gsrules.spec import ScheduleSpec
from tests.spec.helpers import FETCH, only, rule


def schedule(written: str) -> ScheduleSpec:
    found = rule(FETCH + f"schedule: {written}").schedule
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("written", "unit", "count"),
    [
        ("every: day", "day", 1),
        ("every: weekday", "weekday", 1),
        ("every: 3 days", "day", 3),
        ("every: week, days: [MON, wed, Friday]", "week", 1),
        ("every: month, day: 31", "month", 1),
        ("every: 2 months, day: L", "month", 2),
        ("every: month, weekday: 2nd MON", "month", 1),
    ],
)
def test_the_basic_scheduler_knows_gainsights_intervals(written: str, unit: str, count: int) -> None:
    basic = schedule(f"{{basic: {{{written}}}}}").basic
    assert basic is not None
    assert (basic.unit, basic.count, basic.at) == (unit, count, "00:00")


def test_times_need_no_quotes() -> None:
    basic = schedule("{basic: {every: day, at: 06:00, timezone: Europe/Berlin, start: 2026-01-01}}").basic
    assert basic is not None
    assert (basic.at, basic.timezone, basic.start) == ("06:00", "Europe/Berlin", "2026-01-01")


def test_weekdays_are_kept_in_one_form() -> None:
    basic = schedule("{basic: {every: week, days: [mon, Friday]}}").basic
    assert basic is not None
    assert basic.days == ("MON", "FRI")


def test_a_cron_may_stand_alone_or_with_its_span() -> None:
    alone = schedule("{advanced: '0 0 6 ? * MON-FRI'}").advanced
    spanned = schedule("{advanced: {cron: 0 0 6 ? * MON-FRI, start: 2026-01-01}, past_runs: true}").advanced
    assert alone is not None
    assert spanned is not None
    assert alone.cron == spanned.cron == "0 0 6 ? * MON-FRI"


def test_events_and_files_start_rules_too() -> None:
    task = "  Usage file: {type: s3, path: a.csv}\n"
    found = rule(FETCH + task + "schedule: {event: {topic: Usage, event: Loaded}, s3_upload: Usage file}").schedule
    assert found is not None
    assert found.event is not None
    assert (found.event.topic, found.s3_upload) == ("Usage", "Usage file")


def test_several_runs_a_day_are_a_repeat() -> None:
    basic = schedule("{basic: {every: day, repeat: {from: '09:30', to: '17:30', hours: 2}}}").basic
    assert basic is not None
    assert basic.repeat is not None
    assert (basic.repeat.from_, basic.repeat.to, basic.repeat.hours) == ("09:30", "17:30", 2)


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("{}", "GS-SPEC-ONE-OF", "at least one"),
        ("{past_runs: true, advanced: x}", "GS-SPEC-SCHEDULE", "needs a schedule with a `start`"),
        ("{basic: {every: dayly}}", "GS-SPEC-VALUE", "`dayly` is not an interval"),
        ("{basic: {every: 0 days}}", "GS-SPEC-VALUE", "`0 days`"),
        ("{basic: {every: day, at: 25:00}}", "GS-SPEC-VALUE", "`25:00` is not a time"),
        ("{basic: {every: day, at: 6}}", "GS-SPEC-TYPE", "must be a text"),
        ("{basic: {every: day, start: 2026-13-01}}", "GS-SPEC-VALUE", "is not a date"),
        ("{basic: {every: day, end: 2026-02-30}}", "GS-SPEC-VALUE", "is not a date"),
        ("{basic: {every: day, start: 2026-02-02, end: 2026-02-01}}", "GS-SPEC-SCHEDULE", "before"),
        ("{basic: {every: week}}", "GS-SPEC-SCHEDULE", "needs `days`"),
        ("{basic: {every: week, days: [MOO]}}", "GS-SPEC-VALUE", "no weekday"),
        ("{basic: {every: day, days: [MON]}}", "GS-SPEC-SCHEDULE", "`days` belongs to"),
        ("{basic: {every: day, day: 1}}", "GS-SPEC-SCHEDULE", "`day` belongs to"),
        ("{basic: {every: month}}", "GS-SPEC-SCHEDULE", "either `day` or `weekday`"),
        ("{basic: {every: month, day: 1, weekday: 2nd MON}}", "GS-SPEC-SCHEDULE", "either"),
        ("{basic: {every: month, weekday: 5th MON}}", "GS-SPEC-VALUE", "not a weekday of the month"),
        ("{basic: {every: month, day: 32}}", "GS-SPEC-VALUE", "`day`"),
        ("{basic: {every: month, day: first}}", "GS-SPEC-TYPE", "`day` must be a whole number or L"),
        (
            "{basic: {every: day, at: '06:00', repeat: {from: '09:30', to: '17:30', hours: 2}}}",
            "GS-SPEC-SCHEDULE",
            "`at`",
        ),
    ],
)
def test_a_schedule_that_contradicts_itself_is_refused(written: str, code: str, said: str) -> None:
    problem = only(FETCH + f"schedule: {written}")
    assert problem.code == code
    assert said in problem.message
