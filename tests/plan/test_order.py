from __future__ import annotations

from tests.plan.support import Lab

ONE = "A: {type: s3, path: a.csv, columns: {id: string}}"


def test_tasks_may_stand_in_any_order_and_are_planned_after_what_they_read() -> None:
    tasks = f"""
    C: {{type: union, from: [B, a]}}
    B: {{type: transform, from: A}}
    {ONE}
    """
    lab = Lab(tasks, {"A": [{"id": "x"}]})
    assert list(lab.plan().tasks) == ["A", "B", "C"]
    assert lab.plan().tasks["C"].parents == ("B", "A")
    assert lab.rows("C") == [("x",), ("x",)]


def test_an_unknown_parent_names_the_nearest_task() -> None:
    lab = Lab(ONE.replace("A:", "Accounts:") + "\nB: {type: transform, from: Acounts}")
    assert lab.problems() == [("GS-NAME", "there is no task 'Acounts' (INVALID_FIELD)")]


def test_a_circle_of_tasks_is_refused() -> None:
    lab = Lab("A: {type: transform, from: C}\nB: {type: transform, from: A}\nC: {type: transform, from: B}")
    ((code, message),) = lab.problems()
    assert code == "GS-NAME"
    assert "circle" in message


def test_a_task_that_reads_itself_is_refused() -> None:
    assert [code for code, _ in Lab("A: {type: transform, from: A}").problems()] == ["GS-NAME"]


def test_more_tasks_than_the_limit_are_refused_or_warned_of() -> None:
    tasks = "\n".join(f"A{n}: {{type: s3, path: a.csv, columns: {{id: string}}}}" for n in range(16))
    assert [code for code, _ in Lab(tasks).problems()] == ["GS-LIMIT"]
    assert [code for code, _ in Lab(tasks, profile={"limits.strict": False}).findings()] == ["GS-LIMIT"]


def test_what_follows_from_a_wrong_task_is_not_told_again() -> None:
    lab = Lab("A: {type: fetch, object: company, show: [Nme]}\nB: {type: transform, from: A, show: [Nme]}")
    assert len(lab.problems()) == 1
