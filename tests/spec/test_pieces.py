from __future__ import annotations

import pytest

from gsrules.spec import CommentsSpec, DueSpec, MappingSpec, OwnerSpec, TimeFrame, WhereSpec
from gsrules.spec.tasks import FetchTask
from tests.spec.helpers import CtaAction, LoadAction, codes, only, problems, rule, with_action, with_task


def where(written: str) -> WhereSpec:
    """The conditions written behind `where:` of a fetch task."""
    task = rule(with_task(f"{{type: fetch, object: company, where: {written}}}")).tasks["T"]
    assert isinstance(task, FetchTask)
    assert task.where is not None
    return task.where


def mapping(written: str) -> MappingSpec:
    """The mapping written for the field F."""
    action = rule(with_action(_load(written))).actions[0]
    assert isinstance(action, LoadAction)
    return action.fields["F"]


def _load(written: str) -> str:
    return f"{{action: load_to_object, from: Companies, object: x, operation: insert, fields: {{F: {written}}}}}"


def test_the_three_forms_of_conditions_say_the_same() -> None:
    assert where("ARR > 5").conditions == {"A": "ARR > 5"}
    assert where("[ARR > 5, Status = 'x']").conditions == {"A": "ARR > 5", "B": "Status = 'x'"}
    lettered = where("{A: ARR > 5, B: Status = 'x', logic: A or B}")
    assert lettered.conditions == {"A": "ARR > 5", "B": "Status = 'x'"}
    assert lettered.logic == "A or B"


def test_a_long_list_of_conditions_goes_on_with_two_letters() -> None:
    found = where("[" + ", ".join(f"a = {n}" for n in range(28)) + "]")
    assert list(found.conditions)[-3:] == ["Z", "AA", "AB"]


def test_conditions_know_their_places() -> None:
    found = where("[ARR > 5, Status = 'x']")
    place = found.conditions["B"].place  # type: ignore[index]
    assert place is not None
    assert place.text[place.column - 1 :].startswith("Status")


def test_letters_may_be_written_small() -> None:
    assert list(where("{a: x, b: y, logic: a and b}").conditions) == ["A", "B"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("[]", "GS-SPEC-EMPTY"),
        ("''", "GS-SPEC-EMPTY"),
        ("{}", "GS-SPEC-EMPTY"),
        ("{logic: A}", "GS-SPEC-EMPTY"),
        ("", "GS-SPEC-EMPTY"),
        ("{A: x, a: y}", "GS-SPEC-DUPLICATE"),
        ("{A: x, ABC: y}", "GS-SPEC-KEY"),
        ("{conditions: {A: x}}", "GS-SPEC-KEY"),
        ("3", "GS-SPEC-TYPE"),
        ("true", "GS-SPEC-TYPE"),
        ("[1]", "GS-SPEC-TYPE"),
        ("{A: [x]}", "GS-SPEC-TYPE"),
    ],
)
def test_conditions_that_are_none_are_refused(written: str, code: str) -> None:
    assert only(with_task(f"{{type: fetch, object: company, where: {written}}}")).code == code


def test_a_plain_text_is_a_column() -> None:
    found = mapping("Csm.Email as Mail")
    assert found.column == "Csm.Email as Mail"
    assert found.column.place is not None


def test_a_mapping_keeps_what_it_states() -> None:
    assert mapping("{column: a, default: 0, on_null: skip}").default == 0
    assert mapping("{value: false}").value is False
    assert mapping("{expression: first_day_of_month(rule_date)}").expression == "first_day_of_month(rule_date)"
    assert mapping("{column: Tier, map: {P: Platinum, 1: Gold}}").map == {"P": "Platinum", "1": "Gold"}


def test_a_constant_may_be_null() -> None:
    found = mapping("{value: null}")
    assert "value" in found.model_fields_set
    assert found.value is None


@pytest.mark.parametrize("none", ["'null'", "null"])
def test_a_lookup_without_match_may_give_null(none: str) -> None:
    found = mapping(f"{{lookup: gsuser, match: {{Email: CSM Email}}, multiple: any_one, none: {none}}}")
    assert (found.lookup, found.match, found.multiple, found.none) == (
        "gsuser",
        {"Email": "CSM Email"},
        "any_one",
        "null",
    )


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("{}", "GS-SPEC-ONE-OF", "none of them"),
        ("{column: a, value: 1}", "GS-SPEC-ONE-OF", "`column` and `value`"),
        ("{lookup: x}", "GS-SPEC-MISSING", "`match` and `multiple` and `none`"),
        ("{lookup: x, match: {a: b}, multiple: error}", "GS-SPEC-MISSING", "`none`"),
        ("{lookup: x, match: {a: b}, none: error}", "GS-SPEC-MISSING", "`multiple`"),
        ("{lookup: x, match: {}, multiple: error, none: error}", "GS-SPEC-EMPTY", "`match`"),
        ("{column: a, none: error}", "GS-SPEC-ONE-OF", "`none` belongs to a `lookup`"),
        ("{column: a, on_null: leave}", "GS-SPEC-VALUE", "`on_null` cannot be `leave`"),
        ("{colum: a}", "GS-SPEC-KEY", "`colum`"),
        ("5", "GS-SPEC-TYPE", "not the number 5"),
        ("[a]", "GS-SPEC-TYPE", "not a list"),
    ],
)
def test_a_mapping_that_is_not_clear_is_refused(written: str, code: str, said: str) -> None:
    problem = only(with_action(_load(written)))
    assert problem.code == code
    assert said in problem.message


def test_a_lookup_has_at_most_six_pairs() -> None:
    pairs = ", ".join(f"F{n}: C{n}" for n in range(7))
    problem = only(with_action(_load(f"{{lookup: x, match: {{{pairs}}}, multiple: error, none: error}}")))
    assert "at most 6" in problem.message


def test_the_pieces_of_a_cta_have_gainsights_defaults() -> None:
    action = rule(with_action("{action: create_cta, from: Companies, company: a, name: b, owner: CSM, comments: c}"))
    cta = action.actions[0]
    assert isinstance(cta, CtaAction)
    assert cta.owner == OwnerSpec(column="CSM")  # type: ignore[arg-type]
    assert cta.due == DueSpec(days=5, skip="weekends")
    assert cta.time_frame == TimeFrame(days=7)
    assert isinstance(cta.comments, CommentsSpec)
    assert (cta.comments.text, cta.comments.repeat) == ("c", "always")


def test_a_time_frame_may_be_switched_off() -> None:
    cta = rule(with_action("{action: create_cta, from: Companies, company: a, name: b, time_frame: false}")).actions[0]
    assert isinstance(cta, CtaAction)
    assert cta.time_frame is False


def test_wrong_pieces_are_all_told_at_once() -> None:
    text = with_action(
        "{action: create_cta, from: Companies, company: a, name: b, owner: {}, due: {days: -1, skip: sundays},"
        " time_frame: true, comments: {text: x, repeat: sometimes}}"
    )
    assert codes(text) == ["GS-SPEC-ONE-OF", "GS-SPEC-VALUE", "GS-SPEC-VALUE", "GS-SPEC-TYPE", "GS-SPEC-VALUE"]
    assert [problem.nearest for problem in problems(text)][2] == "sunday"


def test_comments_have_either_repeat_or_mode() -> None:
    text = with_action(
        "{action: create_cta, from: C, company: a, name: b, comments: {text: x, repeat: once, mode: append}}"
    )
    assert only(text).code == "GS-SPEC-ONE-OF"


def test_a_piece_knows_the_place_of_its_keys() -> None:
    cta = rule(with_action("{action: create_cta, from: C, company: a, name: b, due: {days: 3}}")).actions[0]
    assert isinstance(cta, CtaAction)
    place = cta.due.place_of("days")
    assert place is not None
    assert place.text[place.column - 1 :] == "3}}"


def test_a_condition_may_have_settings_of_its_own() -> None:
    found = where("{A: {condition: \"Status != 'x'\", include_nulls: true}, B: ARR > 5, logic: A or B}")
    assert found.conditions == {"A": "Status != 'x'", "B": "ARR > 5"}
    assert (found.settings["A"].include_nulls, found.settings["A"].ignore_case) == (True, None)  # type: ignore[index]
    listed = where("[ARR > 5, {condition: Status = 'x', ignore_case: false}]")
    assert listed.conditions == {"A": "ARR > 5", "B": "Status = 'x'"}
    assert listed.settings["B"].ignore_case is False  # type: ignore[index]
    assert list(listed.written.values()) == ["ARR > 5", "{condition: \"Status = 'x'\", ignore_case: false}"]


def test_a_condition_with_settings_knows_its_place() -> None:
    place = where("{A: {include_nulls: true, condition: ARR > 5}}").conditions["A"].place  # type: ignore[index]
    assert place is not None
    assert place.text[place.column - 1 :].startswith("ARR > 5")


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("{A: {include_nulls: true}}", "GS-SPEC-MISSING", "write {condition: "),
        ("{A: {condition: x, include_null: true}}", "GS-SPEC-KEY", "write `include_nulls`"),
        ("{A: {condition: x, include_nulls: 1}}", "GS-SPEC-TYPE", ""),
        ("{A: {condition: '', include_nulls: true}}", "GS-SPEC-EMPTY", ""),
        ("{condition: x}", "GS-SPEC-KEY", "put it behind a letter"),
    ],
)
def test_settings_that_are_wrong_say_what_to_write(written: str, code: str, hint: str) -> None:
    problem = only(with_task(f"{{type: fetch, object: company, where: {written}}}"))
    assert problem.code == code
    assert problem.hint.startswith(hint)
    assert problem.place is not None
