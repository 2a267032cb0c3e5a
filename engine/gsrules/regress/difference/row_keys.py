"""Which columns of a dataset tell its rows apart, read off the plan: records, groups, joins, identifiers of actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gsrules.expressions.tree import ColumnRef
from gsrules.plan.nodes import (
    Aggregate,
    DataPlan,
    Filter,
    Join,
    LookupHop,
    Matching,
    Node,
    OverRows,
    Project,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
)
from gsrules.spec import RuleSpec

Keys = tuple[tuple[str, ...], ...]


def row_keys(plan: DataPlan, rule: RuleSpec) -> Mapping[str, Keys]:
    """For each task the sets of columns that may be its key, the surest first; a comparison still checks them."""
    found: dict[str, Keys] = {}
    for name, task in plan.tasks.items():
        found[name] = _keys(task.node, found)
    return _with_identifiers(found, rule)


def stated_keys(rule: RuleSpec) -> Mapping[str, Keys]:
    """As `row_keys` where there is no plan: the groups that tasks state, and the identifiers of actions."""
    found: dict[str, Keys] = {}
    for name, task in rule.tasks.items():
        groups = getattr(task, "group_by", None) or ()
        found[str(name)] = (tuple(str(group).strip("[]") for group in groups),) if groups else ()
    return _with_identifiers(found, rule)


def _with_identifiers(found: dict[str, Keys], rule: RuleSpec) -> Mapping[str, Keys]:
    for action in rule.actions:
        task_name = next((name for name in found if name.lower() == str(action.from_).strip().lower()), None)
        identifiers = _identifying(action)
        if task_name is not None and identifiers and identifiers not in found[task_name]:
            found[task_name] = (*found[task_name], identifiers)
    return found


def _keys(node: Node, tasks: Mapping[str, Keys]) -> Keys:
    match node:
        case ScanObject():
            return tuple((column.name,) for column in node.columns if column.name.lower() in ("gsid", "id"))
        case ScanFile():
            return ()
        case TaskRef():
            return tasks.get(node.task, ())
        case Filter() | Matching() | LookupHop() | OverRows():
            return _keys(node.input, tasks)
        case Project():
            return _projected(node, _keys(node.input, tasks))
        case Aggregate():
            return (tuple(key.column.name for key in node.keys),) if node.keys else ()
        case Join():
            return _joined(node, tasks)
        case Union():
            return ()


def _projected(node: Project, keys: Keys) -> Keys:
    """The keys of which every column is passed on, under their new names."""
    names: dict[str, str] = {}
    for item in node.items:
        if isinstance(item.expr, ColumnRef):
            names.setdefault(item.expr.name, item.column.name)
    return tuple(tuple(names[column] for column in key) for key in keys if all(column in names for column in key))


def _joined(node: Join, tasks: Mapping[str, Keys]) -> Keys:
    """The key of a side whose rows meet at most one row of the other; else both keys together."""
    left, right = _keys(node.left, tasks), _keys(node.right, tasks)
    shown = {inner: outer for outer, inner in node.left_names.items()}
    shown_right = {inner: outer for outer, inner in node.right_names.items()}
    left_out = tuple(tuple(shown[column] for column in key) for key in left if all(c in shown for c in key))
    right_out = tuple(
        tuple(shown_right[column] for column in key) for key in right if all(c in shown_right for c in key)
    )
    one_right = any(set(key) <= {pair.right for pair in node.keys} for key in right)
    one_left = any(set(key) <= {pair.left for pair in node.keys} for key in left)
    made: list[tuple[str, ...]] = []
    if one_right and node.keep in ("common", "left"):
        made += left_out
    if one_left and node.keep in ("common", "right"):
        made += right_out
    made += [(*a, *b) for a in left_out[:2] for b in right_out[:2]]
    return tuple(dict.fromkeys((*made, *left_out)))


def _identifying(action: Any) -> tuple[str, ...]:
    """The columns by which an action finds its record; none if one of them is no plain column."""
    fields: Mapping[str, Any] = getattr(action, "fields", {}) or {}
    identifiers: Sequence[str] = getattr(action, "identifiers", ()) or ()
    by_field = {str(name).lower(): getattr(mapping, "column", None) for name, mapping in fields.items()}
    columns = [by_field.get(str(name).lower()) for name in identifiers]
    if columns and all(columns):
        return tuple(str(column).strip("[]") for column in columns)
    entities = (getattr(action, key, None) for key in ("cta", "company", "relationship"))
    entity = next((found for found in entities if found is not None), None)
    return (str(entity).strip("[]"),) if entity else ()
