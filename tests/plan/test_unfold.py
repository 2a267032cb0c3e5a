"""An unfolded plan holds every step of every task as a task, and says where each row comes from."""

from __future__ import annotations

from gsrules.compile import prune
from gsrules.plan.columns import _KEPT
from gsrules.plan.nodes import ScanObject, TaskRef, inputs, walk
from gsrules.plan.unfold import HIDDEN, Unfolded, unfold
from tests.plan.support import Lab

TASKS = """
A: {type: fetch, object: company, show: [Name, Csm.Email as Mail], where: Arr > 10}
F: {type: s3, path: f.csv, columns: {k: string, n: number}}
G: {type: transform, from: F, show: [k, sum(n) as n]}
M: {type: merge, from: A, join: [{dataset: G, keep: left, on: Name = k}], show: [A.Name, G.n]}
U: {type: union, from: [M, G], columns: {Name: {M: Name, G: k}}}
"""


def unfolded(tasks: str = TASKS, **profile: object) -> Unfolded:
    return unfold(Lab(tasks, profile={key.replace("__", "."): value for key, value in profile.items()}).plan())


def test_each_step_is_a_part_and_the_last_has_the_name_of_the_task() -> None:
    made = unfolded()
    assert {task: [part.name for part in parts] for task, parts in made.parts.items()} == {
        "A": ["A ▸ 1 records", "A ▸ 2 lookup", "A ▸ 3 filter", "A"],
        "F": ["F"],
        "G": ["G"],
        "M": ["M ▸ 1 merge", "M"],
        "U": ["U"],
    }
    assert made.parts["M"][0].inputs == ("A", "G")
    assert made.part("G").keys == "G ▸ 1 keys"


def test_every_part_is_one_step_over_finished_parts() -> None:
    made = unfolded()
    seen: set[str] = set()
    for name, task in made.plan.tasks.items():
        below = [each.task for each in walk(task.node) if isinstance(each, TaskRef)]
        assert set(below) <= seen
        assert set(task.parents) == set(below)
        seen.add(name)


def test_parts_carry_where_their_rows_come_from() -> None:
    made = unfolded()
    hidden = {part.name: [each.name for each in part.hidden] for parts in made.parts.values() for part in parts}
    assert hidden == {
        "A ▸ 1 records": [],
        "A ▸ 2 lookup": ["__from", "__found"],
        "A ▸ 3 filter": ["__from"],
        "A": ["__from"],
        "F": ["__line"],
        "G": [],
        "M ▸ 1 merge": ["__left", "__right"],
        "M": ["__from"],
        "U": ["__from", "__branch"],
    }
    for parts in made.parts.values():
        for part in parts:
            shown = [column.name for column in made.plan.tasks[part.name].columns]
            assert shown == [column.name for column in (*part.columns, *part.hidden)]


def test_no_column_of_a_rule_is_named_like_a_hidden_one() -> None:
    assert {each.name for each in HIDDEN} <= _KEPT


def test_a_union_without_duplicates_first_has_all_rows() -> None:
    made = unfolded(union__duplicates="remove")
    assert [(part.name, part.kind) for part in made.parts["U"]] == [("U ▸ 1 rows", "rows"), ("U", "distinct")]


def test_sources_keep_all_their_columns_in_a_pruned_plan() -> None:
    plan = Lab(TASKS).plan()
    made = unfold(prune(plan, ("U",)), plan)
    scan = made.part("A ▸ 1 records").node
    assert isinstance(scan, ScanObject)
    assert {"Name", "Arr", "Gsid", "Status"} <= {column.name for column in scan.columns}
    assert not inputs(scan)
    assert [column.name for column in made.part("M").columns] == ["Name"]


def test_a_part_knows_its_task_and_its_readers() -> None:
    made = unfolded()
    assert made.task_of("A ▸ 2 lookup") == "A"
    assert made.task_of("G ▸ 1 keys") == "G"
    assert [(part.name, at) for part, at in made.readers("G")] == [("M ▸ 1 merge", 1), ("U", 1)]
