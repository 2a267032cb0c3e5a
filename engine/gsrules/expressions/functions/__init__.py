"""The function catalogue (data-setup.md §11.2, §11.3): one entry a function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from gsrules.expressions.functions.model import Counted, Example, Function, Param, Speller


@cache
def groups() -> Mapping[str, tuple[Function, ...]]:
    """The functions as they are listed."""
    # many rules call no function, and the modules of the groups load much more
    from gsrules.expressions.functions import dates, extensions, number, statistics, text

    return {
        "Texts and conversions": text.FUNCTIONS,
        "Numbers": number.FUNCTIONS,
        "Dates": dates.FUNCTIONS,
        "All rows of a task": statistics.FUNCTIONS,
        "Extensions, which Gainsight does not have": extensions.FUNCTIONS,
    }


@cache
def _by_name() -> Mapping[str, Function]:
    return {entry.name: entry for group in groups().values() for entry in group}


class _Functions(Mapping[str, Function]):
    """Every function by our name; they are loaded when one is asked for."""

    def __getitem__(self, name: str) -> Function:
        return _by_name()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_by_name())

    def __len__(self) -> int:
        return len(_by_name())


FUNCTIONS: Mapping[str, Function] = _Functions()

HABITS = {
    "today": "write rule_date",
    "now": "write rule_date; nothing reads the clock",
    "current_date": "write rule_date",
    "getdate": "write rule_date",
    "len": "write length",
    "substr": "write substring(text, position, length)",
    "mid": "write substring(text, position, length)",
    "ifnull": "write coalesce(a, b)",
    "isnull": "write [Field] is null, or coalesce(a, b)",
    "nvl": "write coalesce(a, b)",
    "iif": "write case when … then … else … end",
    "find": "write position(text, search)",
    "instr": "write position(text, search)",
    "strpos": "write position(text, search)",
    "contains": "write [Field] contains 'x'",
    "datediff": "write date_diff(later, earlier, 'days')",
    "dateadd": "write add_days(date, number), or [Field] + 2 months",
    "date_add": "write add_days(date, number), or [Field] + 2 months",
    "cast": "write to_number, to_string, to_date or to_datetime",
    "power": "there is no power function",
    "pow": "there is no power function",
    "ucase": "write upper",
    "lcase": "write lower",
    "ceiling": "write ceil",
    "tostring": "write to_string",
    "text": "write to_string(value, 'MM/dd/yyyy')",
    "month": "write calendar_label(date, 'month')",
    "quarter": "write calendar_label(date, 'quarter')",
    "year": "write calendar_label(date, 'year')",
    "eomonth": "write last_day_of_month",
    "period_over_period": "write it as a formula field of its own: period_over_period: {of: …}",
    "period_over_period_comparison": "write it as a formula field of its own: period_over_period: {of: …}",
}
"""What people write out of habit, and what to write instead."""

AGGREGATES = ("count", "count_distinct", "sum", "avg", "min", "max")


def function(name: str) -> Function | None:
    """The entry of that name in any letter case, by our name."""
    return FUNCTIONS.get(name.lower())


__all__ = [
    "AGGREGATES",
    "FUNCTIONS",
    "HABITS",
    "Counted",
    "Example",
    "Function",
    "Param",
    "Speller",
    "function",
    "groups",
]
