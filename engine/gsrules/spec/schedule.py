"""When a rule or a chain runs, as written (rule-language §7, platform.md §5)."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from gsrules.spec.base import Bool, Name, OneOrMany, Spec, refusal
from gsrules.spec.pieces import ColumnOrText
from gsrules.spec.text import Text

WEEKDAYS: tuple[str, ...] = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")
_EVERY = re.compile(r"day|weekday|week|month|[1-9]\d{0,2} (?:days|months)")
_ORDINAL = re.compile(rf"(?:1st|2nd|3rd|4th|last) (?:{'|'.join(WEEKDAYS)})", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _matching(pattern: re.Pattern[str], what: str, hint: str) -> AfterValidator:
    def check(value: Text) -> Text:
        if not pattern.fullmatch(value):
            raise refusal("GS-SPEC-VALUE", f"`{value}` is not {what}", value=value, hint=hint)
        return value

    return AfterValidator(check)


def _date(value: Text) -> Text:
    try:
        known = _DATE.fullmatch(value) is not None and date.fromisoformat(value) is not None
    except ValueError:
        known = False
    if not known:
        raise refusal("GS-SPEC-VALUE", f"`{value}` is not a date", value=value, hint="write it as 2026-01-31")
    return value


TimeOfDay = Annotated[Text, _matching(_TIME, "a time of day", "write it as '06:00'")]
DateText = Annotated[Text, AfterValidator(_date)]
Every = Annotated[
    Text, _matching(_EVERY, "an interval", "one of day, weekday, week, month, N days, N months (such as 3 days)")
]
OrdinalWeekday = Annotated[Text, _matching(_ORDINAL, "a weekday of the month", "write it as 2nd MON, or last FRI")]


def _weekday(value: Text) -> Text:
    if value.upper()[:3] not in WEEKDAYS or len(value) > 9:
        raise refusal("GS-SPEC-VALUE", f"`{value}` is no weekday", value=value, hint="one of " + ", ".join(WEEKDAYS))
    return Text(value.upper()[:3], value.place)


Weekday = Annotated[Text, AfterValidator(_weekday)]


class RepeatSpec(Spec):
    """Several runs a day (platform.md §5.2)."""

    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDay
    hours: Annotated[int, Field(strict=True, ge=1, le=6, description="Hours between two runs, 1 to 6.")]


class Span(Spec):
    """Zone and days in which a schedule holds."""

    timezone: Name | None = Field(None, description="The zone of the times; absent: the project's.")
    start: DateText | None = Field(None, description="The first day.")
    end: DateText | None = Field(None, description="The last day.")

    @model_validator(mode="after")
    def _forward(self) -> Span:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise refusal("GS-SPEC-SCHEDULE", "the schedule ends before it starts", key="end")
        return self


class BasicSchedule(Span):
    """The Basic scheduler: daily, weekly, monthly."""

    every: Every = Field(description="day, weekday, N days, week (with days), month or N months (with day or weekday).")
    at: TimeOfDay = Field(Text("00:00"), description="The time of day.")
    repeat: RepeatSpec | None = Field(None, description="Several runs a day instead of `at`.")
    days: OneOrMany[Weekday] | None = Field(None, description="Of a week: the weekdays.")
    day: Annotated[int, Field(strict=True, ge=1, le=31)] | Literal["L"] | None = Field(
        None, description="Of a month: the day, or L for the last."
    )
    weekday: OrdinalWeekday | None = Field(None, description="Of a month: such as 2nd MON, last FRI.")

    @property
    def count(self) -> int:
        """The N of `N days` and `N months`, else 1."""
        first = self.every.split(" ")[0]
        return int(first) if first.isdigit() else 1

    @property
    def unit(self) -> Literal["day", "weekday", "week", "month"]:
        last = self.every.split(" ")[-1]
        for unit in ("weekday", "week", "month"):
            if last.startswith(unit):
                return unit
        return "day"

    @model_validator(mode="after")
    def _check(self) -> BasicSchedule:
        if (self.days is not None) != (self.unit == "week"):
            message = "`every: week` needs `days`" if self.days is None else "`days` belongs to `every: week`"
            raise refusal("GS-SPEC-SCHEDULE", message, hint="for example: every: week, days: [MON]")
        chosen = [key for key in ("day", "weekday") if getattr(self, key) is not None]
        if self.unit != "month" and chosen:
            raise refusal("GS-SPEC-SCHEDULE", f"`{chosen[0]}` belongs to `every: month`", key=chosen[0])
        if self.unit == "month" and len(chosen) != 1:
            raise refusal(
                "GS-SPEC-SCHEDULE", "`every: month` needs either `day` or `weekday`", hint="for example: day: 1"
            )
        if self.repeat is not None and "at" in self.model_fields_set:
            raise refusal("GS-SPEC-SCHEDULE", "`at` and `repeat` exclude each other", key="repeat")
        return self


class AdvancedSchedule(Span, ColumnOrText):
    """The Advanced scheduler: a Quartz cron text."""

    shorthand: ClassVar[str] = "cron"

    cron: Name = Field(description="Quartz cron: seconds minutes hours day-of-month month day-of-week [year].")


class EventSchedule(Spec):
    """Runs when an event is published."""

    topic: Name
    event: Name


class ScheduleSpec(Spec):
    """When a rule runs; several kinds may stand together."""

    basic: BasicSchedule | None = None
    advanced: AdvancedSchedule | None = Field(None, description="A Quartz cron text.")
    event: EventSchedule | None = None
    s3_upload: Name | None = Field(None, description="The S3 task for which a file starts the rule.")
    past_runs: Bool = Field(False, description="Also run for every past fire time since the start.")

    @model_validator(mode="after")
    def _check(self) -> ScheduleSpec:
        kinds: dict[str, Any] = {
            "basic": self.basic,
            "advanced": self.advanced,
            "event": self.event,
            "s3_upload": self.s3_upload,
        }
        if all(value is None for value in kinds.values()):
            message = "a schedule needs at least one of " + ", ".join(f"`{key}`" for key in kinds)
            raise refusal("GS-SPEC-ONE-OF", message, hint="for example: basic: {every: day, at: '06:00'}")
        if self.past_runs:
            starts = [kind.start for kind in (self.basic, self.advanced) if kind is not None]
            if not any(start is not None for start in starts):
                message = "`past_runs` needs a schedule with a `start`"
                raise refusal("GS-SPEC-SCHEDULE", message, hint="add start: 2026-01-01", key="past_runs")
        return self
