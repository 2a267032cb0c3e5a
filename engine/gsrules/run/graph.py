"""The graph of a rule: from the sources through the tasks to the actions, with the numbers of a run.

Read off the rule as written and the report, so that it can be made of a kept run, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gsrules.run.report import ActionReport, RunReport, TaskReport
from gsrules.spec import ActionSpec, FetchTask, RuleSpec, S3Task

if TYPE_CHECKING:
    from gsrules.spec.tasks import TaskSpec

Group = Literal["source", "task", "action"]


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A source, a task or an action.

    `kind` is "object", "salesforce" or "file" for a source, else the kind of the task or action. `rows`: of a task
    the rows of its dataset, of an action the rows that matched; None where the run did not come so far, and for
    sources, of which nobody counts the rows. `outcomes` holds the outcomes of an action that occurred.
    """

    key: str
    group: Group
    kind: str
    title: str
    rows: int | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """Rows go from `source` to `target` (keys of nodes); `rows` is None where their number is not known."""

    source: str
    target: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class RuleGraph:
    """Sources, then tasks, then actions, each in the order of the rule."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]

    def as_json(self) -> dict[str, Any]:
        """The graph as plain data."""
        return {
            "nodes": [
                {
                    "key": node.key,
                    "group": node.group,
                    "kind": node.kind,
                    "title": node.title,
                    "rows": node.rows,
                    "outcomes": dict(node.outcomes),
                }
                for node in self.nodes
            ],
            "edges": [{"source": edge.source, "target": edge.target, "rows": edge.rows} for edge in self.edges],
        }


def task_key(name: str) -> str:
    """The key of a task's node."""
    return f"task {name}"


def action_key(action_id: str) -> str:
    """The key of an action's node."""
    return f"action {action_id}"


def rule_graph(rule: RuleSpec, report: RunReport | None = None) -> RuleGraph:
    """The graph of `rule`; the numbers are those of `report`, of which the tasks may be fewer than the rule's."""
    tasks = {str(name): task for name, task in rule.tasks.items()}
    named = {name.lower(): name for name in tasks}
    reported = {task.task: task for task in report.tasks} if report else {}
    acted = {action.id: action for action in report.actions} if report else {}
    sources: dict[str, GraphNode] = {}
    edges: list[GraphEdge] = []
    for name, task in tasks.items():
        source = _source(name, task, reported.get(name))
        if source is not None:
            sources.setdefault(source.key, source)
            edges.append(GraphEdge(source.key, task_key(name)))
        for parent in dict.fromkeys(named.get(str(each).strip().lower()) for each in task.inputs):
            if parent is not None:
                edges.append(GraphEdge(task_key(parent), task_key(name), _rows(reported.get(parent))))
    for action in rule.actions:
        parent = named.get(str(action.from_).strip().lower())
        if parent is not None:
            edges.append(GraphEdge(task_key(parent), action_key(str(action.id)), _rows(reported.get(parent))))
    shown = [
        GraphNode(task_key(name), "task", task.type, name, _rows(reported.get(name))) for name, task in tasks.items()
    ]
    actions = [_action(action, acted.get(str(action.id))) for action in rule.actions]
    return RuleGraph((*sources.values(), *shown, *actions), tuple(edges))


def _rows(task: TaskReport | None) -> int | None:
    return task.rows if task else None


def _source(name: str, task: TaskSpec, report: TaskReport | None) -> GraphNode | None:
    """What a task reads from outside the rule; tasks that read the same object share it."""
    if isinstance(task, FetchTask):
        kind = "salesforce" if task.source == "salesforce" else "object"
        return GraphNode(f"{kind} {str(task.object).lower()}", "source", kind, str(task.object))
    if isinstance(task, S3Task):
        files = report.files if report else ()
        several = f"{len(files):,} files of {task.path}"
        title = files[0].rsplit("/", 1)[-1] if len(files) == 1 else several if files else str(task.path)
        return GraphNode(f"file {name}", "source", "file", title)
    return None


def _action(action: ActionSpec, report: ActionReport | None) -> GraphNode:
    key, title = action_key(str(action.id)), str(action.id)
    if report is None:
        return GraphNode(key, "action", action.action, title)
    return GraphNode(key, "action", action.action, title, report.counts.matched, report.counts.of_outcomes())
