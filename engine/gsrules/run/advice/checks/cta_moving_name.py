"""CTAs whose key holds a figure that moves."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import Expr, RuleDate, references, walk
from gsrules.plan.nodes import Aggregate, DataPlan, Join, Project, TaskRef
from gsrules.plan.nodes import walk as walk_nodes
from gsrules.run.advice.loads import ctas
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for cta in ctas(subject):
        if "name" not in cta.bound.identifiers:
            continue
        moving = _moving(cta.bound.name, cta.dataset, subject.plan)
        if moving:
            message = f"the name is part of the key of the CTA, and {moving} in it changes from run to run"
            hint = "leave the name out: identifiers: [type, reason]; or take the figure into the comment"
            yield Found(message, cta.spec.place_of("name"), cta.where, "", hint)


def _moving(expr: Expr, task: str, plan: DataPlan) -> str:
    """What in an expression over a task's columns is new in each run, in words."""
    for node in walk(expr):
        if isinstance(node, RuleDate) or getattr(node, "function", "") == "rule_date":
            return "the rule date"
    return next((f"'{name}'" for name in sorted(references(expr)) if _is_figure(name, task, plan)), "")


def _is_figure(name: str, task: str, plan: DataPlan) -> bool:
    """Whether a column is a sum, an average or a count, or is computed from one."""
    names = {name}
    for node in walk_nodes(plan.tasks[task].node):
        match node:
            case Project():
                names |= {other for item in node.items if item.column.name in names for other in references(item.expr)}
            case Aggregate():
                if any(m.column.name in names and m.function in ("sum", "avg", "count") for m in node.measures):
                    return True
                names |= {other for key in node.keys if key.column.name in names for other in references(key.expr)}
            case Join():
                names |= {side[each] for side in (node.left_names, node.right_names) for each in names if each in side}
            case TaskRef():
                shown = {column.name for column in node.columns}
                if any(_is_figure(each, node.task, plan) for each in names & shown):
                    return True
    return False


ADVICE = Advice(
    code="GS-ADVICE-CTA-MOVING-NAME",
    title="The key of a CTA holds a figure that changes from run to run",
    severity="warning",
    explanation=(
        "The name is part of the key of the CTA. With a figure in it that moves every day, no run finds the "
        "CTA of the day before, and each opens another one."
    ),
    evidence="actions.md §6.2, §6.3",
    bad="""\
params: {drop: 100}
tasks:
  Usage:
    type: fetch
    object: usage_summary__gc
    show: [Company ID as Company GSID, Company ID.Csm as CSM, sum(Logins) as Logins]
    where: "[Day] in last 7 days"
actions:
  - action: create_cta
    from: Usage
    when: Logins < :drop
    company: Company GSID
    name: "${Logins} logins in a week"
    type: Risk
    reason: Usage Drop
    priority: High
    status: New
    owner: {column: CSM, default: csm.lead@example.com}
""",
    good="""\
params: {drop: 100}
tasks:
  Usage:
    type: fetch
    object: usage_summary__gc
    show: [Company ID as Company GSID, Company ID.Csm as CSM, sum(Logins) as Logins]
    where: "[Day] in last 7 days"
actions:
  - action: create_cta
    from: Usage
    when: Logins < :drop
    company: Company GSID
    name: "Few logins in a week"
    type: Risk
    reason: Usage Drop
    priority: High
    status: New
    owner: {column: CSM, default: csm.lead@example.com}
""",
    check=_check,
)
