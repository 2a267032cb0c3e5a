"""Texts that the rule itself holds: values equal to them stay as they are, and masks keep what conditions look for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from gsrules.catalogue.datatypes import BOOLEAN, DataType, Family
from gsrules.catalogue.gsids import is_gsid
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import ColumnRef, Expr, Literal, TextMatch, walk
from gsrules.plan.nodes import Aggregate, Column, Filter, Join, Node, OverRows, Project, inputs, read_over_rows
from gsrules.plan.nodes import walk as nodes_of
from gsrules.regress.record.fields import mappings_of
from gsrules.regress.record.mask_forms import Needs
from gsrules.run.prepare import BoundRule, find_task
from gsrules.spec.tasks import S3Task


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """`named`: texts that the rule compares with or writes. `needs`: by origin (`object.Field`, or bucket, path and
    header of a file) what its conditions look for inside of texts."""

    named: frozenset[str]
    needs: Mapping[str, Needs]
    composed: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Fields whose texts an action puts together of values, with the fields of the record that they consist of."""
    targets: Mapping[str, DataType] = field(default_factory=dict)
    """By origin the type of the field that an action writes its values to; for words of a fixed list that of a flag."""

    @property
    def gsids(self) -> frozenset[str]:
        """The GSIDs among the texts."""
        return frozenset(text for text in self.named if is_gsid(text))

    def of_field(self, name: str, field: str) -> Needs:
        return self.needs.get(f"{name}.{field}", Needs())

    def of_header(self, task: S3Task, header: str) -> Needs:
        return self.needs.get(origin_of(task, header), Needs())


def origin_of(task: S3Task, header: str) -> str:
    """What a column of a file is called among the origins of a rule's columns."""
    return f"{task.bucket}/{task.path}#{header}"


def rule_texts(bound: BoundRule) -> RuleTexts:
    """The texts of a rule's expressions and actions."""
    named: set[str] = set()
    needs: dict[str, Needs] = {}
    for expr, columns in _expressions(bound):
        for each in walk(expr):
            if isinstance(each, Literal) and each.type.family is Family.TEXT and isinstance(each.value, str):
                named.add(each.value)
            if isinstance(each, TextMatch):
                for origin in _origins(each, columns):
                    needs[origin] = needs.get(origin, Needs()) | _needs(each)
    for spec, _ in bound.actions:
        named.update(_texts(spec.model_dump(exclude={"from_", "when", "id", "expect"})))
    composed = {each: parts for _, action in bound.actions for each, parts in action.traits.composed.items()}
    return RuleTexts(frozenset(named), needs, composed, dict(_targets(bound)))


def _targets(bound: BoundRule) -> Iterator[tuple[str, DataType]]:
    for spec, action in bound.actions:
        dataset = bound.plan.tasks[find_task(bound.plan, spec.from_, spec.id)]
        columns = {column.name: column for column in dataset.columns}
        for mapping in mappings_of(action):
            if isinstance(mapping.source, ColumnRef):
                yield from ((origin, mapping.field.type) for origin in columns[mapping.source.name].origin)
        for word in action.traits.words:
            if isinstance(word, ColumnRef):
                yield from ((origin, BOOLEAN) for origin in columns[word.name].origin)


def _expressions(bound: BoundRule) -> Iterator[tuple[Expr, Mapping[str, Column]]]:
    """Every expression of the rule, with the columns that it is about by name."""
    for task in bound.plan.tasks.values():
        for node in nodes_of(task.node):
            columns = {column.name: column for below in inputs(node) for column in below.columns}
            if isinstance(node, Join):
                continue
            yield from ((expr, columns) for expr in _of_node(node))
    for spec, action in bound.actions:
        dataset = bound.plan.tasks[find_task(bound.plan, spec.from_, spec.id)]
        columns = {column.name: column for column in dataset.columns}
        if action.criteria is not None:
            yield action.criteria, columns


def _of_node(node: Node) -> Iterator[Expr]:
    match node:
        case Filter():
            yield node.predicate
        case Project():
            yield from (item.expr for item in node.items)
        case Aggregate():
            for measure in node.measures:
                yield from (expr for expr in (measure.argument, measure.where, measure.default) if expr is not None)
        case OverRows():
            for value in node.values:
                yield from read_over_rows(value)


def _origins(match: TextMatch, columns: Mapping[str, Column]) -> Iterable[str]:
    names = [each.name for each in walk(match) if isinstance(each, ColumnRef)]
    return dict.fromkeys(origin for name in names if name in columns for origin in columns[name].origin)


def _needs(match: TextMatch) -> Needs:
    words = tuple(
        each.value for each in walk(match.search) if isinstance(each, Literal) and isinstance(each.value, str)
    )
    found = {"contains": Needs(contains=words), "starts": Needs(starts=words), "ends": Needs(ends=words)}
    return found[match.kind]


def _texts(value: Any) -> Iterator[str]:
    """Every text in a part of an action, keys included: constants, defaults, the words of mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(key)
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
