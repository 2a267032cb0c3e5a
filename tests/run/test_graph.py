"""The graph of a rule and the numbers on it."""

from __future__ import annotations

import datetime as dt

from gsrules.run.batch import run_all
from gsrules.run.engine import RunOptions
from gsrules.run.graph import GraphEdge, rule_graph
from gsrules.run.workspace import Workspace

DATE = dt.date(2026, 11, 23)


def test_the_graph_goes_from_sources_through_tasks_to_actions(workspace: Workspace) -> None:
    graph = rule_graph(workspace.rule("usage"))
    assert [(node.group, node.kind, node.title) for node in graph.nodes] == [
        ("source", "file", "input/usage-${pattern}.csv"),
        ("source", "object", "company"),
        ("task", "s3", "Usage file"),
        ("task", "transform", "By account"),
        ("task", "fetch", "Companies"),
        ("task", "merge", "Joined"),
        ("action", "load_to_object", "Write usage"),
        ("action", "create_cta", "Low usage"),
    ]
    assert {node.rows for node in graph.nodes} == {None}


def test_edges_carry_the_rows_that_the_report_counts(workspace: Workspace) -> None:
    options = RunOptions(rule_date=DATE, mode="dry_run")
    report = run_all(workspace, ["usage"], options, None).reports[0]
    graph = rule_graph(workspace.rule("usage"), report)
    assert graph.edges == (
        GraphEdge("file Usage file", "task Usage file"),
        GraphEdge("task Usage file", "task By account", 4),
        GraphEdge("object company", "task Companies"),
        GraphEdge("task Companies", "task Joined", 2),
        GraphEdge("task By account", "task Joined", 3),
        GraphEdge("task Joined", "action Write usage", 2),
        GraphEdge("task Joined", "action Low usage", 2),
    )
    by_key = {node.key: node for node in graph.nodes}
    assert by_key["file Usage file"].title == "usage-2026-11-22.csv"
    assert by_key["task Joined"].rows == 2
    assert (by_key["action Low usage"].rows, by_key["action Low usage"].outcomes) == (1, {"created": 1})


def test_a_task_that_reads_another_twice_has_one_edge_from_it(workspace: Workspace) -> None:
    path = workspace.project.rules_dir / "twice.yml"
    path.write_text(
        "rule: Twice\ntasks:\n  A: {type: fetch, object: Company, show: [Gsid]}\n"
        "  B: {type: fetch, object: company, show: [Gsid]}\n"
        "  U: {type: union, from: [A, a, B]}\n",
        encoding="utf-8",
    )
    graph = rule_graph(workspace.rule("twice"))
    assert [node.key for node in graph.nodes if node.group == "source"] == ["object company"]
    assert [edge.source for edge in graph.edges if edge.target == "task U"] == ["task A", "task B"]
    assert graph.as_json()["edges"][0] == {"source": "object company", "target": "task A", "rows": None}
