"""The atomic conditions of a predicate, and the arms of case expressions: what decided, and which way was taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from gsrules.errors import InputError, Place
from gsrules.expressions import sql
from gsrules.expressions.pairs import is_paired, logic_terms, without_null_test
from gsrules.expressions.parser import parse_expression
from gsrules.expressions.printed import printed, wanted
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.expressions.sql import Sql
from gsrules.expressions.tree import Case, Expr, Logic, Not, children, references


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition that holds no other: `text` as the user wrote it; `expr` may be spelled over the same columns.

    `negated`: it stands below an odd number of `not`s.
    """

    text: str
    place: Place | None
    expr: Expr
    negated: bool = False

    @property
    def values(self) -> tuple[Expr, ...]:
        """What the condition looks at: its operands that depend on the row."""
        expr = without_null_test(self.expr)
        if isinstance(expr, Not):
            expr = expr.operand
        found = tuple(each for each in children(expr) if references(each))
        return found or ((expr,) if references(expr) else ())

    def wanted(self, rule_date: date) -> str:
        """In words, what the value must be for the condition to let a row pass."""
        condition = without_null_test(self.expr)
        said = wanted(condition, rule_date, truth=not self.negated)
        return said if condition is self.expr or self.negated else f"{said}, or no value"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way through a case expression: `when` and what it gives; None as `when` is the rest of the cases.

    `conditions` are all that must hold for a row to come this way, each with whether it must be true, or not true;
    those of the case expressions around it come first.
    """

    text: str
    place: Place | None
    case: Case
    position: int
    when: Expr | None
    then: Expr | None
    conditions: tuple[tuple[Expr, bool], ...]

    def taken(self, env: SpellEnv) -> Sql:
        """True of the rows that come this way, false of all others."""
        return sql.every([_is_true(spell(each, env), truth) for each, truth in self.conditions] or [sql.boolean(True)])


def leaves(predicate: Expr) -> tuple[Leaf, ...]:
    """The conditions under `and`, `or` and `not`, from left to right."""
    return tuple(node.leaf for node in _flat(_tree(predicate, False)) if node.leaf is not None)


def decided_by(predicate: Expr, env: SpellEnv) -> tuple[Sql, Sql]:
    """Which leaves made the predicate what it is, as two lists of positions in `leaves(predicate)`, from 1.

    The first: those that made it true (empty where it is not); the second: those that kept it from being true.
    """
    decider = _Decider(env, _tree(predicate, False))
    return decider.why(decider.root), decider.why_not(decider.root)


def arms(expr: Expr) -> tuple[Arm, ...]:
    """All ways through all case expressions inside of `expr`, outer ones first."""
    return tuple(_arms(expr, ()))


def source_text(expr: Expr) -> str:
    """The expression as the user wrote it; printed anew where that is no longer known."""
    place = expr.place
    if place is not None:
        text = place.text[place.column - 1 : place.column - 1 + place.length]
        if len(text) == place.length and _is_whole(text):
            return text
    return printed(expr)


def _is_whole(text: str) -> bool:
    try:
        parse_expression(text)
    except InputError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Node:
    """A predicate as the tree of its leaves; `negated`: the node is wanted to be false."""

    expr: Expr
    negated: bool
    below: tuple[_Node, ...] = ()
    leaf: Leaf | None = None


def _tree(expr: Expr, negated: bool) -> _Node:
    match expr:
        case Not():
            return _Node(expr, negated, (_tree(expr.operand, not negated),))
        case Logic() if not is_paired(expr):
            return _Node(expr, negated, tuple(_tree(term, negated) for term in logic_terms(expr)))
    shown = without_null_test(expr)
    return _Node(expr, negated, (), Leaf(source_text(shown), shown.place, expr, negated))


def _flat(node: _Node) -> Iterator[_Node]:
    yield node
    for below in node.below:
        yield from _flat(below)


def _is_true(value: Sql, truth: bool) -> Sql:
    known = sql.call("coalesce", value, sql.boolean(False))
    return known if truth else sql.negate(known)


class _Decider:
    """Lists, in SQL, the leaves that answer for what a predicate is."""

    def __init__(self, env: SpellEnv, root: _Node) -> None:
        self._env = env
        self.root = root
        found = [node for node in _flat(root) if node.leaf is not None]
        self._numbers = {id(node): at for at, node in enumerate(found, start=1)}

    def why(self, node: _Node) -> Sql:
        """The leaves for which the node is as it is wanted; an empty list where it is not."""
        return self._when(self._fits(node), self._all(node, self.why))

    def why_not(self, node: _Node) -> Sql:
        """The leaves for which the node is not as it is wanted; an empty list where it is."""
        return self._when(sql.negate(self._fits(node)), self._all(node, self.why_not))

    def _all(self, node: _Node, step: Callable[[_Node], Sql]) -> Sql:
        if node.leaf is not None:
            return sql.array([sql.integer(self._numbers[id(node)])])
        return _joined([step(below) for below in node.below])

    def _fits(self, node: _Node) -> Sql:
        return _is_true(spell(Not(node.expr) if node.negated else node.expr, self._env), True)

    @staticmethod
    def _when(condition: Sql, found: Sql) -> Sql:
        return sql.case([(condition, found)], sql.cast(sql.array([]), "INTEGER[]"))


def _joined(lists: list[Sql]) -> Sql:
    made = lists[0]
    for other in lists[1:]:
        made = sql.call("list_concat", made, other)
    return made


def _arms(expr: Expr, conditions: tuple[tuple[Expr, bool], ...]) -> Iterator[Arm]:
    if not isinstance(expr, Case):
        for below in children(expr):
            yield from _arms(below, conditions)
        return
    before = conditions
    inner: list[Arm] = []
    for at, branch in enumerate(expr.branches):
        inner += _arms(branch.when, before)
        here = (*before, (branch.when, True))
        yield Arm(source_text(branch.when), branch.when.place, expr, at, branch.when, branch.then, here)
        inner += _arms(branch.then, here)
        before = (*before, (branch.when, False))
    yield Arm("else", expr.place, expr, len(expr.branches), None, expr.default, before)
    if expr.default is not None:
        inner += _arms(expr.default, before)
    yield from inner
