"""Text, date and case semantics that the catalogue's examples do not show (data-setup.md §11, §12)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gsrules.catalogue.datatypes import DATE, NUMBER, STRING
from gsrules.errors import InputError
from gsrules.expressions.functions import FUNCTIONS
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Call, ColumnRef
from tests.expressions.worlds import World, context, item, sql_of


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        World().bind(text)
    problem = caught.value.problems[0]
    return problem.code, problem.hint


def test_joined_nulls_propagate_and_are_counted() -> None:
    rows = [{"Name": "Ada", "Domain": None}, {"Name": "Ada", "Domain": "acme.com"}]
    assert World().values("Name + '@' + Domain", rows) == [None, "Ada@acme.com"]
    assert World().counts("Name + '@' + Domain", *rows) == {"null joined to a text": 1}


def test_joined_nulls_may_count_as_empty() -> None:
    world = World(context(formula__null_concat="as_empty"))
    assert world.value("Name + Domain", Name="Ada") == "Ada"
    assert world.value("Name + Domain") is None
    assert world.value("concat(Name, Domain)", Domain="x") == "x"


def test_text_without_a_hit_follows_the_profile() -> None:
    assert World().counts("left(Name, '@')", {"Name": "x"}, {"Name": "a@b"}, {}) == {"text not found": 1}
    assert World(context(formula__text_not_found="whole")).value("left(Name, '@')", Name="x") == "x"
    assert World(context(formula__text_not_found="empty")).value("right(Name, '@')", Name="x") == ""
    assert World(context(formula__text_not_found="whole")).value("left(Name, '@')") is None
    assert World().value("left(Name, Domain)", Name="abc", Domain="") is None


def test_right_may_use_the_last_occurrence() -> None:
    world = World(context(formula__right_occurrence="last"))
    assert world.value("right(Name, '.')", Name="a.b.c") == "c"
    assert world.value("right(Name, 'aa')", Name="xaaa") == ""
    assert world.value("right(Name, '.')", Name="a\n.b") == "b"


def test_texts_count_in_code_points() -> None:
    world = World()
    assert world.value("length(Name)", Name="Zoë😀") == 4
    assert world.value("substring(Name, 3, 1)", Name="äö😀x") == "😀"
    assert world.value("position(Name, 'x')", Name="äö😀x") == 4
    assert world.value("substring(Name, Logins, Seats)", Name="abc", Logins=2, Seats=5) == "bc"
    assert world.value("substring(Name, Logins, Seats)", Name="abc", Logins=0, Seats=5) == ""


def test_picklists_print_their_labels() -> None:
    tags = [item("company.Tags", "Partner"), item("company.Tags", "VIP")]
    world = World()
    assert world.value("to_string(Status)", Status=item("company.Status", "On Hold")) == "On Hold"
    assert world.value("to_string(Tags)", Tags=tags) == "VIP;Partner"
    assert world.value("to_string(Tags)") is None
    assert refusal("upper(Status)") == ("GS-TYPE", "write to_string(…) for the label")


def test_date_times_print_in_the_tenants_zone() -> None:
    row = {"CreatedDate": datetime(2024, 3, 1, 9, 30)}
    assert World().values("to_string(CreatedDate)", [row]) == ["2024-03-01T09:30:00Z"]
    for zone, printed in (
        ("Europe/Berlin", "2024-03-01T10:30:00+01:00"),
        ("America/Los_Angeles", "2024-03-01T01:30:00-08:00"),
        ("Asia/Kolkata", "2024-03-01T15:00:00+05:30"),
    ):
        assert World(context(tenant__timezone=zone)).values("to_string(CreatedDate)", [row]) == [printed]


def test_conversions_that_fail_are_null_and_counted() -> None:
    rows = [{"Name": "1.5"}, {"Name": "1,5"}, {"Name": " "}, {}]
    assert World().values("to_number(Name)", rows) == [Decimal("1.5"), None, None, None]
    assert World().counts("to_number(Name)", *rows) == {"text not converted": 1}
    assert World().counts("to_date(Name)", {"Name": "2023-02-30"}, {"Name": "2024-02-29"}) == {"text not converted": 1}


def test_fractions_of_days_are_cut_off_and_counted() -> None:
    row = {"Start": date(2024, 5, 15), "ARR": Decimal("-1.9")}
    assert World().values("add_days(Start, ARR)", [row]) == [date(2024, 5, 14)]
    assert World().counts("add_days(Start, ARR)", row) == {"fraction cut off": 1}


def test_dates_beyond_the_calendar_are_null_and_counted() -> None:
    row = {"Start": date(9999, 12, 31), "ARR": Decimal(1)}
    assert World().values("add_days(Start, ARR)", [row]) == [None]
    assert World().counts("Start + 1 month", row) == {"date out of range": 1}
    assert World().counts("add_days(Start, ARR)", {**row, "ARR": Decimal("100000000000000000000")}) == {
        "date out of range": 1
    }


def test_date_times_move_by_24_hours_and_keep_their_type() -> None:
    berlin = World(context(tenant__timezone="Europe/Berlin"))
    row = {"CreatedDate": datetime(2024, 3, 30, 22, 30)}
    assert berlin.values("add_days(CreatedDate, 1)", [row]) == [datetime(2024, 3, 31, 22, 30)]
    assert berlin.values("CreatedDate + 1 month", [row]) == [datetime(2024, 4, 30 - 0, 21, 30)]


def test_elapsed_days_count_24_hour_blocks() -> None:
    row = {"CreatedDate": datetime(2024, 3, 2, 1), "ModifiedDate": datetime(2024, 3, 1, 23)}
    assert World().values("date_diff(CreatedDate, ModifiedDate)", [row]) == [1]
    elapsed = World(context(formula__datetime_diff="elapsed"))
    assert elapsed.values("date_diff(CreatedDate, ModifiedDate)", [row]) == [0]


def _months(later: date, earlier: date) -> int:
    if later < earlier:
        return -_months(earlier, later)
    count = 0
    while _plus_months(earlier, count + 1) <= later:
        count += 1
    return count


def _plus_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def test_months_between_dates_follow_the_definition() -> None:
    days = [date(2023, 11, 28) + timedelta(days=step) for step in range(0, 100, 3)]
    rows = [{"Start": earlier, "RenewalDate": later} for earlier in days for later in days]
    wanted = [_months(row["RenewalDate"], row["Start"]) for row in rows]
    assert World().values("date_diff(RenewalDate, Start, 'months')", rows) == wanted


def test_calendar_keys_decide_weeks_and_fiscal_years() -> None:
    row = {"Start": date(2024, 1, 15)}

    def value(text: str, **profile: Any) -> Any:
        return World(context(**profile)).values(text, [row])[0]

    assert value("first_day_of_week(Start)") == date(2024, 1, 14)
    assert value("first_day_of_week(Start)", calendar__week_start="monday") == date(2024, 1, 15)
    assert value("last_day_of_week(Start)", calendar__week_start="monday") == date(2024, 1, 21)
    assert value("day_of_week(Start)", calendar__week_start="monday") == 1
    assert value("day_of_week(Start)", calendar__day_of_week_base=0) == 1
    assert value("fiscal_quarter_label(Start)", calendar__fiscal_year_start_month=2) == "Q4 FY2024"
    assert value("fiscal_quarter_label(Start + 17 days)", calendar__fiscal_year_start_month=2) == "Q1 FY2025"
    by_start = {"calendar__fiscal_year_start_month": 2, "calendar__fiscal_year_named_by": "start"}
    assert value("fiscal_year_label(Start)", **by_start) == "FY2023"
    assert value("week_number(date '2024-01-07')", calendar__week_number="iso") == 1


def test_epochs_follow_their_unit_and_zone() -> None:
    assert World(context(formula__epoch_unit="s")).value("to_string(to_epoch(date '2024-03-01'))") == "1709251200"
    pacific = World(context(tenant__timezone="America/Los_Angeles"))
    assert pacific.value("epoch_to_date(1709251200000)") == date(2024, 2, 29)
    assert World().value("epoch_to_datetime(ARR)", ARR=Decimal("19000000000000000000000000000")) is None
    seconds = World(context(formula__epoch_unit="s"))
    assert seconds.value("epoch_to_datetime(1.5)") == datetime(1970, 1, 1, 0, 0, 1, 500000)


def test_the_documented_case_has_its_gaps() -> None:
    text = (
        "case when MRR > 4000 then 'Platinum' when MRR between 3000 and 3999 then 'Gold' "
        "when MRR between 2000 and 2999 then 'Silver' when MRR < 2000 then 'Bronze' else 'none' end"
    )
    given = ["4001", "3999", "3000", "2500", "2000", "1999", "4000", "3999.5", "2999.5"]
    rows: list[dict[str, Any]] = [*({"MRR": Decimal(value)} for value in given), {}]
    wanted = ["Platinum", "Gold", "Gold", "Silver", "Silver", "Bronze", "none", "none", "none", "none"]
    assert World().values(text, rows) == wanted


def test_a_case_without_default_is_null_and_its_results_share_a_family() -> None:
    world = World()
    assert world.value("case when ARR > 1 then Logins end", ARR=0) is None
    assert world.value("case when ARR > 1 then Logins else 0.5 end", ARR=2, Logins=3) == Decimal(3)
    assert world.value("case when ARR > 1 then Status else 'Churned' end", ARR=0) == item("company.Status", "Churned")
    assert refusal("case when ARR > 1 then 'a' else 2 end")[0] == "GS-TYPE"


def test_expected_types_are_checked() -> None:
    world = World()
    assert world.value("'2024-05-01'", DATE) == date(2024, 5, 1)
    for text, expect in (("ARR", STRING), ("Name", NUMBER), ("CreatedDate", DATE)):
        with pytest.raises(InputError):
            world.bind(text, expect)


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        (
            "left(Name, 3)",
            "GS-TYPE",
            "it takes the text to look for; for a number of characters write substring(text, 1, number)",
        ),
        ("log(ARR)", "GS-SYNTAX", "for the natural logarithm write ln(number)"),
        ("today()", "GS-NAME", "write rule_date"),
        ("sum(ARR)", "GS-NAME", "write it in show: sum(Field) as Name"),
        ("median(ARR)", "GS-OPERATOR", "make it a formula field of a transform, and use that field here"),
        ("date_diff(Start, Start, 'years')", "GS-TYPE", "one of 'days', 'weeks', 'months'"),
        ("to_string(ARR, 'yyyy')", "GS-TYPE", "leave it out"),
        ("round(ARR, 10)", "GS-TYPE", ""),
        ("to_date(Name, 'YYYY-MM-dd')", "GS-TYPE", None),
    ],
)
def test_wrong_calls_say_what_to_write(text: str, code: str, hint: str | None) -> None:
    found = refusal(text)
    assert found[0] == code
    assert hint is None or found[1] == hint


def test_extensions_are_marked() -> None:
    assert World().findings("round(ARR, 1)") == ["GS-EXT"]
    assert World().findings("left(Name, '@')") == []


def test_greatest_is_null_with_any_null() -> None:
    assert World().value("greatest(ARR, MRR, 3)", ARR=5) is None
    assert World().value("greatest(ARR, MRR, 3)", ARR=5, MRR=1) == Decimal(5)


def test_deeply_nested_functions_are_refused_before_they_grow() -> None:
    text = "Name"
    for _ in range(12):
        text = f"left({text}, '@')"
    assert refusal(text)[0] == "GS-LIMIT"


@pytest.mark.parametrize("name", [entry.name for entry in FUNCTIONS.values() if entry.spell and entry.params])
def test_no_function_repeats_an_argument_more_than_it_says(name: str) -> None:
    entry = FUNCTIONS[name]
    types = {column.type.family: column for column in (ColumnRef("Name", STRING), ColumnRef("ARR", NUMBER))}
    world = World()
    families = [param.families for param in entry.params if not param.constant]
    args = []
    for allowed in families:
        column = next((c for f, c in types.items() if f in allowed), None)
        if column is None:
            column = world.bind("CreatedDate") if "DateTime" in allowed else world.bind("Active")
        args.append(column)
    tree = Call(name, tuple(args), entry.result_type(tuple(args)))
    if any(param.constant and not param.optional for param in entry.params):
        return
    text = sql_of(spell(tree, world.env))
    most = max(text.count(f'"{arg.name}"') / args.count(arg) for arg in set(args))
    if entry.double:
        most /= 8
    assert most <= entry.uses
