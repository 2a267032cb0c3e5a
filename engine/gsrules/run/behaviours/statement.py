"""One statement that answers many probes: what they read is computed once."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import ErrorLevel, exp

from gsrules.compile.relation import name
from gsrules.compile.visitor import Visitor
from gsrules.plan.nodes import Node, TaskRef, walk
from gsrules.run.behaviours.sides import Side


class Statement:
    """Collects relations as CTEs, each once; `tabled` are the tasks whose rows are at hand as tables."""

    def __init__(self, side: Side, tabled: Mapping[str, str]) -> None:
        self._side = side
        self._ctes: list[exp.CTE] = []
        self._tables = {task: exp.Table(this=name(table)) for task, table in tabled.items()}
        self._inputs: dict[int, tuple[Node, TaskRef]] = {}

    def visitor(self, side: Side) -> Visitor:
        """Spells nodes of a side over the relations of this statement."""
        return side.visitor(self._tables)

    def task(self, task: str) -> exp.Table:
        """The rows of a task as they were in the run."""
        if task not in self._tables:
            planned = self._side.plan.tasks[task]
            for parent in planned.parents:
                self.task(parent)
            self._tables[task] = self._add(self.visitor(self._side).select(planned.node))
        return self._tables[task].copy()

    def rows(self, node: Node) -> TaskRef:
        """The rows of a node of the run, computed once."""
        if isinstance(node, TaskRef):
            self.task(node.task)
            return node
        known = self._inputs.get(id(node))
        if known is None:
            self._need(node)
            table = self.add(self.visitor(self._side).select(node))
            known = self._inputs[id(node)] = (node, TaskRef(table, node.columns))
        return known[1]

    def _need(self, node: Node) -> None:
        for each in walk(node):
            if isinstance(each, TaskRef):
                self.task(each.task)

    def add(self, query: exp.Query) -> str:
        """A relation of its own; the name by which nodes read it."""
        table = self._add(query)
        key = f" {table.name}"  # no task of a rule begins with a space
        self._tables[key] = table
        return key

    def table(self, key: str) -> exp.Table:
        return self._tables[key].copy()

    def _add(self, query: exp.Query) -> exp.Table:
        table = f"gs_p{len(self._ctes) + 1}"
        self._ctes.append(exp.CTE(this=query, alias=exp.TableAlias(this=name(table)), materialized=True))
        return exp.Table(this=name(table))

    def sql(self, counts: list[exp.Select]) -> str:
        """The statement: one row with the list of all counts."""
        rows = exp.Select(expressions=[exp.Array(expressions=[exp.Subquery(this=each) for each in counts])])
        if self._ctes:
            rows.set("with_" if "with_" in rows.arg_types else "with", exp.With(expressions=self._ctes))
        # Nobody needs the trees any more: they are spelled as they are.
        return rows.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE, copy=False)
