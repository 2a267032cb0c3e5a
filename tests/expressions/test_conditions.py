"""Filters: operators, nulls, letter case, picklists, dates (data-setup.md §5)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from gsrules.errors import InputError, Problem
from gsrules.expressions.binder import bind_predicate
from tests.expressions.worlds import World, context, item


def refusal(text: str, **profile: Any) -> Problem:
    with pytest.raises(InputError) as caught:
        World(context(params={"drop": -30}, **profile)).bind(text)
    return caught.value.problems[0]


ACTIVE, CHURNED = item("company.Status", "Active"), item("company.Status", "Churned")


def test_names_match_field_name_or_label_in_any_case() -> None:
    world = World()
    assert world.value("arr = 5 and [ANNUAL revenue] = 5", ARR=5) is True


def test_unequal_does_not_return_null_rows() -> None:
    rows = [{"Status": ACTIVE}, {"Status": CHURNED}, {}]
    assert World().values("Status not in ('Active')", rows) == [False, True, None]


def test_null_rows_pass_under_the_profile_key() -> None:
    rows = [{"Name": "Active"}, {"Name": "Churned"}, {}]
    world = World(context(filter__null_rows="include"))
    assert world.values("Name != 'Active'", rows) == [False, True, True]


def test_equality_is_case_sensitive_and_tilde_is_not() -> None:
    world = World()
    assert world.value("Name = 'acme'", Name="Acme") is False
    assert world.value("Name ~ 'acme'", Name="Acme") is True
    assert world.value("Name !~ 'acme'", Name="Acme") is False
    assert World(context(filter__equality_case="insensitive")).value("Name in ('acme')", Name="Acme") is True


def test_contains_ignores_case_and_knows_no_wildcards() -> None:
    world = World()
    assert world.value("Name contains 'ACM'", Name="acme") is True
    assert world.value("Name contains 'a%e'", Name="acme") is False
    assert world.value("Name does not contain '100%'", Name="100% Acme") is False
    assert world.value("Name starts with 'a_'", Name="acme") is False
    assert world.value("Name ends with 'ME'", Name="acme") is True
    sensitive = World(context(filter__text_match_case="sensitive"))
    assert sensitive.value("Name contains 'ACM'", Name="acme") is False


def test_spaces_at_the_end_count() -> None:
    assert World().value("Name = 'Acme'", Name="Acme ") is False


def test_between_includes_both_ends() -> None:
    rows = [{"ARR": Decimal(value)} for value in ("0.9", "1", "2", "2.1")]
    assert World().values("ARR between 1 and 2", rows) == [False, True, True, False]
    assert World().values("ARR not between 1 and 2", rows) == [True, False, False, True]
    assert World(context(filter__between="exclude_upper")).values("ARR between 1 and 2", rows)[2] is False


def test_a_reversed_range_matches_nothing_and_warns() -> None:
    world = World()
    assert world.value("ARR between 2 and 1", ARR=Decimal("1.5")) is False
    assert world.findings("RenewalDate between rule_date and rule_date - 1 day") == ["GS-OPERATOR"]


def test_whole_numbers_compare_with_fractions() -> None:
    world = World()
    assert world.value("Logins > 2.5", Logins=3) is True
    assert world.value("Logins in (2, 3)", Logins=3) is True
    assert world.value("Logins = ARR", Logins=3, ARR=3) is True
    assert world.value("Logins > Seats", Logins=3, Seats=4) is False
    assert world.value("Logins < 99999999999999999999", Logins=3) is True


def test_multi_picklists_match_any_selected_item() -> None:
    vip, beta = item("company.Tags", "VIP"), item("company.Tags", "Beta")
    rows = [{"Tags": [vip, beta]}, {"Tags": [beta]}, {"Tags": []}, {}]
    assert World().values("Tags in ('VIP', 'Partner')", rows) == [True, False, False, None]
    assert World().values("Tags not in ('VIP')", rows) == [False, True, True, None]
    assert World().values("Tags in ('VIP')", rows) == [True, False, False, None]


def test_a_label_in_another_case_is_read_with_a_warning() -> None:
    world = World()
    assert world.value("Status in ('active')", Status=ACTIVE) is True
    assert world.findings("Status in ('active')") == ["GS-NAME"]
    assert world.findings("Status in ('Active')") == []


@pytest.mark.parametrize("text", ["Gsid = 'Acme Corp'", "Gsid in ('Acme Corp')", "Gsid != 'Acme Corp'"])
def test_a_name_where_an_id_stands_draws_a_warning(text: str) -> None:
    world = World()
    world.bind(text)
    (finding,) = world.context.findings
    assert (finding.severity, finding.message) == ("warning", "'Acme Corp' is no id, so it equals none")
    world = World()
    world.bind(f"Gsid = '{'1P02' + '0' * 32}' or Gsid = '001A0000012Bcde'")
    assert world.context.findings == []


def test_the_exact_label_goes_before_others() -> None:
    assert World().findings("Stage in ('NEW CUSTOMER')") == []
    assert refusal("Stage = 'new customer'").code == "GS-AMBIGUOUS"


def test_an_unknown_label_names_the_nearest() -> None:
    problem = refusal("Status in ('Actve')")
    assert (problem.code, problem.nearest) == ("GS-NAME", "Active")


@pytest.mark.parametrize(
    "text",
    [
        "Name > 'a'",
        "Name between 'a' and 'b'",
        "Active in (true)",
        "RenewalDate in ('2024-01-01')",
        "Status > 'Active'",
        "Status contains 'Act'",
        "ARR contains '1'",
        "Gsid contains 'x'",
        "ARR ~ 5",
        "Name in last 7 days",
        "Name = null",
        "ARR in (1, null)",
        "Active > true",
    ],
)
def test_operators_outside_the_matrix_are_refused(text: str) -> None:
    problem = refusal(text)
    assert problem.code == "GS-OPERATOR"
    assert "(INVALID_QUERY_FILTER_OPERATOR)" in problem.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Status = 'Active'", "write in ('Active')"),
        ("Status != 'Active'", "write not in ('Active')"),
        ("Status ~ 'active'", "write in ('Active')"),
        ("Tags = 'VIP'", "write in ('VIP')"),
        ("Status > 'Active'", "the items of a picklist have no order; write in ('Active')"),
    ],
)
def test_equality_with_a_label_is_refused_on_picklists_and_says_what_to_write(text: str, hint: str) -> None:
    problem = refusal(text)
    assert problem.code == "GS-OPERATOR"
    assert problem.hint == hint


def test_a_comparison_with_null_points_to_is_null() -> None:
    assert refusal("Name = null").hint == "write is null, or is not null"


@pytest.mark.parametrize(
    "text",
    [
        "ARR = '5'",
        "Name = 5",
        "RenewalDate = 5",
        "RenewalDate > 'soon'",
        "Active = 'yes'",
        "Name and Active",
        "ARR",
        "ARR in ('a')",
    ],
)
def test_values_of_the_wrong_family_are_refused(text: str) -> None:
    world = World()
    with pytest.raises(InputError) as caught:
        bind_predicate(text, world.scope, world.context)
    assert caught.value.problems[0].code == "GS-TYPE"
    assert "(INVALID_TYPE)" in caught.value.problems[0].message


def test_picklists_compare_with_picklists_of_their_category() -> None:
    world = World()
    assert world.value("Status = OldStatus", Status=ACTIVE, OldStatus=ACTIVE) is True
    assert world.findings("Status = OldStatus") == []
    assert world.findings("Status = Stage") == ["GS-TYPE"]
    assert world.findings("Status = Name") == ["GS-TYPE"]


def test_dates_take_iso_texts_and_rule_date_arithmetic() -> None:
    world = World()
    row = {"RenewalDate": date(2024, 7, 14)}
    assert world.values("[Renewal Date] <= rule_date + 60 days", [row]) == [True]
    assert world.values("[Renewal Date] > rule_date + 2 months", [row]) == [False]
    assert world.values("[Renewal Date] = '2024-07-14'", [row]) == [True]
    assert world.values("[Renewal Date] < date '2024-07-14'", [row]) == [False]
    assert world.values("[Renewal Date] in next 2 months", [row]) == [True]
    assert world.values("[Renewal Date] not in next 2 months", [row]) == [False]


def test_a_date_time_meets_a_date_by_the_day_of_the_tenants_zone() -> None:
    instant = {"CreatedDate": datetime(2024, 3, 2, 7, 30)}
    pacific = World(context(tenant__timezone="America/Los_Angeles"))
    assert pacific.values("CreatedDate = '2024-03-01'", [instant]) == [True]
    assert World().values("CreatedDate = '2024-03-01'", [instant]) == [False]
    assert pacific.values("CreatedDate between '2024-02-01' and '2024-03-01'", [instant]) == [True]
    assert pacific.values("CreatedDate > date '2024-03-01'", [instant]) == [False]
    assert pacific.values("CreatedDate in yesterday", [instant]) == [False]


def test_a_date_is_its_first_moment_under_the_profile_key() -> None:
    instant = {"CreatedDate": datetime(2024, 3, 1, 9, 0)}
    world = World(context(filter__datetime_vs_date="instant", tenant__timezone="America/Los_Angeles"))
    assert world.values("CreatedDate > '2024-03-01'", [instant]) == [True]
    assert world.values("CreatedDate between '2024-02-01' and '2024-03-01'", [instant]) == [False]


def test_date_times_compare_as_instants() -> None:
    row = {"CreatedDate": datetime(2024, 3, 1, 9, 0)}
    assert World().values("CreatedDate = '2024-03-01T10:00:00+01:00'", [row]) == [True]
    pacific = World(context(tenant__timezone="America/Los_Angeles"))
    assert pacific.values("CreatedDate = '2024-03-01 01:00'", [row]) == [True]


def test_date_and_date_time_fields_meet_by_day() -> None:
    row = {"CreatedDate": datetime(2024, 3, 1, 9, 0), "Start": date(2024, 3, 1)}
    assert World().values("CreatedDate = Start", [row]) == [True]


def test_parameters_are_typed_by_their_values() -> None:
    world = World(context(params={"drop": -30, "since": "2024-01-01", "who": "Acme", "days": 60}))
    assert world.value("ARR <= :drop", ARR=-31) is True
    assert world.value("Start >= :since", Start=date(2024, 1, 1)) is True
    assert world.value("Name = :WHO", Name="Acme") is True
    assert world.value("Start >= rule_date - :days days", Start=date(2024, 5, 1)) is True


def test_an_unknown_parameter_names_the_nearest() -> None:
    assert refusal("ARR < :dropp").nearest == ":drop"


def test_an_unknown_field_names_the_nearest() -> None:
    problem = refusal("[Renewal Dat] is null")
    assert (problem.code, problem.nearest) == ("GS-NAME", "Renewal Date")
    assert "(INVALID_FIELD)" in problem.message


def test_an_unknown_field_like_no_other_lists_the_known_ones() -> None:
    problem = refusal("zzzzzz = 1")
    assert problem.nearest == ""
    assert problem.hint.startswith("known here: ")


def test_a_separator_of_thousands_is_told() -> None:
    assert refusal("ARR > 1,000").hint == "a number has a point and no separators of thousands: 1234.5"


def test_both_sides_problems_are_reported_together() -> None:
    with pytest.raises(InputError) as caught:
        World().bind("Nope = 1 or Status = 'Nope' or ARR > 'x'")
    assert [problem.code for problem in caught.value.problems] == ["GS-NAME", "GS-NAME", "GS-TYPE"]


def test_an_empty_search_text_is_refused() -> None:
    assert refusal("Name contains ''").code == "GS-SYNTAX"


def test_not_is_marked_as_an_extension() -> None:
    assert World().findings("not (Name = 'x')") == ["GS-EXT"]


def test_a_picklist_item_may_be_named_by_its_id() -> None:
    assert World().value(f"Status in ('{ACTIVE}')", Status=ACTIVE) is True
    assert World().findings(f"Status in ('{ACTIVE}')") == []


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Start = last 7 days", "write Start in last 7 days"),
        ("Start between last 7 days and today", "write Start in last 7 days"),
        ("Start >= this fiscal year", "write Start in this fiscal year"),
        ("Start < current and next 2 weeks", "write Start in current and next 2 weeks"),
        ("Start = today", "write Start in today, or compare with rule_date"),
        ("Start != Tomorrow", "write Start in tomorrow, or compare with rule_date"),
        ("Name in today", "write to_date(…) around a text that holds a date"),
        ("ARR in last 2 weeks", "periods go with Date and DateTime fields"),
        ("Tags includes ('VIP')", "write in ('a', 'b'); on a text, contains 'a'"),
    ],
)
def test_a_period_with_another_operator_than_in_says_what_to_write(text: str, hint: str) -> None:
    problem = refusal(text)
    assert (problem.code, problem.hint) == ("GS-OPERATOR", hint)
    assert "(INVALID_QUERY_FILTER_OPERATOR)" in problem.message


def test_a_field_named_like_a_period_is_a_field() -> None:
    from gsrules.catalogue.datatypes import DATE
    from gsrules.expressions.scope import Scope
    from gsrules.plan.nodes import Column

    scope = Scope.of_columns([Column("Today", "Today", DATE), Column("Last", "Last", DATE)])
    assert bind_predicate("Today = Last", scope, context()).type.family == "Boolean"


def test_a_date_field_takes_no_date_time() -> None:
    for text in ("Start = datetime '2024-05-15T10:00:00Z'", "Start between rule_date and '2024-05-15T10:00:00Z'"):
        problem = refusal(text)
        assert problem.code == "GS-TYPE"
        assert "(INVALID_TYPE)" in problem.message


def test_dates_that_leave_the_calendar_are_refused() -> None:
    for text in (
        "Start > rule_date + 9000 years",
        "Start > rule_date + 7000 years + 7000 years",
        "Start between rule_date and date '9999-12-31' + 1 day",
        "CreatedDate > '0001-01-01T00:00:00+14:00'",
        "Start in next 99999 months",
    ):
        problem = refusal(text)
        assert (problem.code, "leaves the years 1 to 9999" in problem.message) == ("GS-TYPE", True)


def test_a_date_field_bounds_a_date_time_by_day_whatever_the_profile() -> None:
    row = {"CreatedDate": datetime(2024, 3, 1, 9, 0), "Start": date(2024, 3, 1)}
    world = World(context(filter__datetime_vs_date="instant"))
    assert world.values("CreatedDate between Start and Start", [row]) == [True]
    assert world.values("CreatedDate = Start", [row]) == [True]
    assert world.values("CreatedDate between '2024-03-01' and '2024-03-01'", [row]) == [False]
