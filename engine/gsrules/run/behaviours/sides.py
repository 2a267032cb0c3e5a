"""One bound form of a rule's data setup: a plan, the opened files, and how its nodes are spelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from sqlglot import exp

from gsrules.compile.compiler import sql_text
from gsrules.compile.relation import name
from gsrules.compile.visitor import FileRelation, Inputs, Visitor
from gsrules.dataclass import dataclass
from gsrules.expressions import SpellEnv, spell
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import (
    DataPlan,
    Join,
    LookupHop,
    Matching,
    Node,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
    inputs,
)
from gsrules.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Side:
    """`plan` holds only what the outputs of the run need.

    `same_spelling`: equal nodes are spelled as in the run; only the plan may differ.
    """

    context: Context
    plan: DataPlan
    sources: Mapping[str, FileRelation]
    tenant: Tenant
    same_spelling: bool = False
    _texts: dict[int, tuple[Node, str]] = field(default_factory=dict)

    def visitor(self, tables: Mapping[str, exp.Table]) -> Visitor:
        """Spells the nodes of this side; `tables` holds the rows of each task."""
        return Visitor(Inputs(self.tenant, self.sources, tables), self.env, guarded=self.plan.exact)

    def env(self, columns: Mapping[str, exp.Expression]) -> SpellEnv:
        context = self.context
        return SpellEnv(lambda each: columns[each].copy(), context.rule_date, context.profile, context.catalogue)

    def text(self, node: Node) -> str:
        """What the node itself says, whatever it reads."""
        known = self._texts.get(id(node))
        if known is None:
            below = inputs(node)
            refs = tuple(TaskRef(str(at), each.columns) for at, each in enumerate(below))
            tables = {ref.task: exp.Table(this=name(f"input {ref.task}")) for ref in refs}
            if isinstance(node, TaskRef):
                tables = {node.task: exp.Table(this=name(node.task))}
            made = sql_text(self.visitor(tables).select(with_inputs(node, refs) if refs else node))
            # The node is kept, too: its identity is the key.
            known = self._texts[id(node)] = (node, made)
        return known[1]

    def says_as(self, node: Node, run: Side, other: Node) -> bool:
        """Whether a node, apart from its inputs, says the same as another node does in the run."""
        if isinstance(node, ScanFile):
            return self.sources[node.task] == run.sources[node.task] and node == other
        plain = self.same_spelling or isinstance(node, _WITHOUT_EXPRESSIONS)
        if plain and _alone(node) == _alone(other):
            return True
        return self.text(node) == run.text(other)

    def spelled(self, expr: Expr) -> str:
        """An expression by itself, to compare it with another."""
        context = self.context
        env = SpellEnv(lambda each: exp.Column(this=name(each)), context.rule_date, context.profile, context.catalogue)
        return sql_text(spell(expr, env))


_WITHOUT_EXPRESSIONS = (ScanObject, TaskRef, LookupHop, Matching, Join, Union)
_NOTHING = TaskRef("", ())


def _alone(node: Node) -> Node:
    """The node without what it reads."""
    return with_inputs(node, (_NOTHING,) * len(inputs(node)))


def with_inputs(node: Node, below: tuple[Node, ...]) -> Node:
    """The node over other inputs with the same columns."""
    if isinstance(node, Join):
        return replace(node, left=below[0], right=below[1])
    if isinstance(node, Union):
        return replace(node, inputs=tuple(replace(p, input=b) for p, b in zip(node.inputs, below, strict=True)))
    changed: dict[str, Any] = {"input": below[0]} if below else {}
    return replace(node, **changed)
