"""Values that no case of a case field takes (data-setup.md §12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.expressions.worlds import World, context


def gaps(text: str, **profile: Any) -> list[str]:
    world = World(context(**profile))
    world.bind(text)
    notes = [problem for problem in world.context.findings if problem.code == "GS-GAP"]
    assert all(problem.severity == "note" and problem.place is not None for problem in notes)
    return [problem.message.removeprefix("no case takes ") for problem in notes]


TIERS = (
    "case when MRR > 4000 then 'Platinum' when MRR between 3000 and 3999 then 'Gold' "
    "when MRR between 2000 and 2999 then 'Silver' when MRR < 2000 then 'Bronze' {} end"
)


def test_the_gaps_of_the_worked_example() -> None:
    assert gaps(TIERS.format("else 'None'")) == ["MRR > 2999 and MRR < 3000", "MRR > 3999 and MRR <= 4000"]


def test_the_note_says_what_such_rows_get() -> None:
    world = World()
    world.bind(TIERS.format("else 'None'"))
    assert world.context.findings[0].hint == "these rows get the else of the case"
    world = World()
    world.bind(TIERS.format(""))
    assert world.context.findings[0].hint == "these rows get null"


@pytest.mark.parametrize(
    ("when", "found"),
    [
        (("ARR > 10", "ARR <= 10"), []),
        (("ARR > 10", "ARR < 10"), ["ARR = 10"]),
        (("10 < ARR", "ARR < 5"), ["ARR >= 5 and ARR <= 10"]),
        (("ARR >= 10 and ARR < 20", "ARR >= 30"), ["ARR >= 20 and ARR < 30"]),
        (("ARR in (1, 2)", "ARR = 3"), ["ARR > 1 and ARR < 2", "ARR > 2 and ARR < 3"]),
        (("ARR > 100", "ARR > 50", "ARR > 10"), []),
        (("ARR < 1 or ARR > 5", "ARR is null"), ["ARR >= 1 and ARR <= 5"]),
        (("ARR between 5 and 1", "ARR > 7", "ARR < 7"), ["ARR = 7"]),
        # whole numbers have nothing in between
        (("Logins between 3000 and 3999", "Logins between 2000 and 2999"), []),
        (("Logins > 4000", "Logins between 3000 and 3999"), ["Logins > 3999 and Logins <= 4000"]),
        (("Start < rule_date", "Start > rule_date"), ["Start = date '2024-05-15'"]),
        (("Start <= date '2024-05-15'", "Start >= date '2024-05-16'"), []),
        # not only about the range of one field
        (("ARR > 10", "MRR < 10"), []),
        (("ARR > 10", "ARR < 10 and Name = 'x'"), []),
        (("ARR > MRR", "ARR < 5"), []),
        (("ARR > 10", "not (ARR > 5)"), []),
        (("Name = 'a'", "Name = 'c'"), []),
        (("ARR != 5", "ARR = 6"), []),
        (("ARR in (1, 3) and ARR in (3, 4)", "ARR > 5"), ["ARR > 3 and ARR <= 5"]),
        (("ARR in (1, 3) and ARR > 0 and ARR < 9", "ARR > 3"), ["ARR > 1 and ARR < 3"]),
    ],
)
def test_gaps_between_cases(when: tuple[str, ...], found: list[str]) -> None:
    text = "case " + " ".join(f"when {each} then {at}" for at, each in enumerate(when)) + " end"
    assert gaps(text) == found
    if found:
        assert gaps(text, filter__null_rows="include") == found


def test_one_case_has_no_neighbours() -> None:
    assert gaps("case when ARR > 5 then 1 end") == []


def test_between_without_its_upper_end_leaves_that_end_out() -> None:
    text = "case when ARR between 1 and 2 then 1 when ARR > 2 then 2 end"
    assert gaps(text) == []
    assert gaps(text, filter__between="exclude_upper") == ["ARR = 2"]


def test_a_case_holds_at_most_26_conditions() -> None:
    from gsrules.errors import InputError

    many = " or ".join(f"ARR = {number}" for number in range(27))
    text = f"case when {many} then 1 when ARR > 100 then 2 end"
    with pytest.raises(InputError) as caught:
        World().bind(text)
    assert caught.value.problems[0].code == "GS-LIMIT"
    assert caught.value.problems[0].message == "27 conditions, a case holds at most 26"
    assert "GS-LIMIT" in World(context(limits__strict=False)).findings(text)
    twice = f"case when {many[:-12]} then 1 when {many[:-12]} then 2 end"
    assert "GS-LIMIT" not in World().findings(twice)
