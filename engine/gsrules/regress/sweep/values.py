"""The values of a parameter that a sweep goes through, as typed on the command line."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem
from gsrules.run.options import parameters
from gsrules.spec import RuleSpec

MOST_VALUES: Final = 200
_HINT: Final = "for example --param drop=-10..-50:5, --param drop=-10,-20,-40 or --param from=2026-01-01..2026-03-01:7"
_RANGE = re.compile(r"(?P<first>[^,:]+?)\.\.(?P<last>[^,:]+?)(?::(?P<step>[^,:]+))?")


@dataclass(frozen=True, slots=True)
class Swept:
    """The parameter with its values as texts, in the order asked for, and the values of the others."""

    name: str
    values: tuple[str, ...]
    others: Mapping[str, Any]


def swept(rule: RuleSpec, params: Mapping[str, str]) -> Swept:
    """The one parameter that is given several values. Raises InputError for none, for two, and for bad values."""
    known = {str(name).lower() for name in rule.params}
    parameters(rule, {name: text for name, text in params.items() if name.lower() not in known})
    values = {name: _values(rule, name, text) for name, text in params.items()}
    many = [name for name, found in values.items() if len(found) > 1]
    if len(many) != 1:
        message = "a sweep needs one --param with several values" if not many else "only one --param may be swept"
        raise InputError(Problem("GS-USAGE", message, None, rule.id, ", ".join(many), _HINT))
    name = many[0]
    others = {key: found[0] for key, found in values.items() if key != name}
    for value in values[name]:
        parameters(rule, {**others, name: value})
    own = next(str(each) for each in rule.params if each.lower() == name.lower())
    return Swept(own, tuple(dict.fromkeys(values[name])), others)


def _values(rule: RuleSpec, name: str, text: str) -> list[str]:
    own = next((value for key, value in rule.params.items() if key.lower() == name.lower()), None)
    found = _RANGE.fullmatch(text.strip())
    if found is not None and own is not None and not isinstance(own, bool):
        first, last, step = found["first"].strip(), found["last"].strip(), (found["step"] or "1").strip()
        if not isinstance(own, str):
            return _numbers(rule, text, first, last, step)
        if _day(first) and _day(last):
            return _days(rule, text, first, last, step)
    if isinstance(own, str) and "," not in text:
        return [text]
    return [part.strip() for part in text.split(",")]


def _numbers(rule: RuleSpec, text: str, first: str, last: str, step: str) -> list[str]:
    try:
        start, end, by = (Decimal(each) for each in (first, last, step))
    except InvalidOperation:
        raise _bad(rule, text, "is no range of numbers") from None
    if not (start.is_finite() and end.is_finite() and by.is_finite()) or by == 0:
        raise _bad(rule, text, "has no step that leads from one end to the other")
    by = abs(by) if end >= start else -abs(by)
    count = int((end - start) / by) + 1
    _check_count(rule, text, count)
    return [plain_number(start + by * at) for at in range(count)]


def _days(rule: RuleSpec, text: str, first: str, last: str, step: str) -> list[str]:
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    if not step.isdecimal() or int(step) == 0:
        raise _bad(rule, text, "has a step that is no number of days")
    by = int(step) if end >= start else -int(step)
    count = (end - start).days // by + 1
    _check_count(rule, text, count)
    return [(start + dt.timedelta(days=by * at)).isoformat() for at in range(count)]


def _day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check_count(rule: RuleSpec, text: str, count: int) -> None:
    if count > MOST_VALUES:
        raise _bad(rule, text, f"has {count:,} values; a sweep goes through at most {MOST_VALUES}")


def _bad(rule: RuleSpec, text: str, what: str) -> InputError:
    return InputError(Problem("GS-USAGE", f"'{text}' {what}", None, rule.id, text, _HINT))


def as_typed(value: object) -> str:
    """A parameter's value as it is typed on the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    return plain_number(Decimal(str(value))) if isinstance(value, int | float | Decimal) else str(value)


def plain_number(value: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
