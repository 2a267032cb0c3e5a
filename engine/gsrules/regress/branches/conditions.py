"""The branches of a predicate and of case expressions, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.errors import Place
from gsrules.expressions.leaves import Leaf, arms, leaves, source_text
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.expressions.tree import Expr, references
from gsrules.regress.branches.model import Branch, BranchKind
from gsrules.regress.branches.nulls import Columns, Nulls, nulls_of


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose branches these are: a task or an action, and the part whose rows take them."""

    owner: Literal["task", "action"]
    name: str
    part: str
    place: Place | None = None

    def at(self, place: Place | None) -> Subject:
        return replace(self, place=place or self.place)

    def branch(
        self, kind: BranchKind, text: str, side: str, met: exp.Expression, need: str, *, counted: bool = True
    ) -> Branch:
        """One branch; its id tells everything but the words."""
        made = f"{self.owner} {self.name}/{kind}/{text}/{side}"
        return Branch(
            made, self.owner, self.name, kind, text, side, self.place, self.part, met, f"needs {need}", counted
        )


def conditions(
    subject: Subject, predicate: Expr, nulls: Columns, env: SpellEnv, *, whole: Literal["filter", "criteria"] | None
) -> Iterator[Branch]:
    """Each condition: true, false, null; and the `whole` where it is more than one condition."""
    found = [leaf for leaf in leaves(predicate) if references(leaf.expr)]
    for leaf in found:
        yield from _leaf(subject.at(leaf.place), leaf, nulls, env)
    if whole is None or len(found) < 2:
        return
    text = "all conditions together"
    value = spell(predicate, env)
    yield subject.branch(whole, text, "true", value, "a row that passes all conditions together")
    need = "a row that does not pass the conditions together"
    yield subject.branch(whole, text, "not true", exp.Not(this=_known(value.copy())), need)


def _leaf(subject: Subject, leaf: Leaf, nulls: Columns, env: SpellEnv) -> Iterator[Branch]:
    value, text = spell(leaf.expr, env), leaf.text
    yield subject.branch("condition", text, "true", value, f"a row for which `{text}` is true")
    false = exp.Not(this=exp.Paren(this=value.copy()))
    yield subject.branch("condition", text, "false", false, f"a row for which `{text}` is false")
    unknown = nulls_of(leaf.expr, nulls)
    if unknown is not Nulls.NEVER:
        null = exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null())
        looked_at = ", ".join(dict.fromkeys(source_text(each) for each in leaf.values)) or text
        need = f"a row for which `{text}` is unknown: `{looked_at}` null"
        yield subject.branch("condition", text, "null", null, need, counted=said(unknown))


def cases(subject: Subject, name: str, expr: Expr, env: SpellEnv) -> Iterator[Branch]:
    """Each way through the case expressions in `expr`, which gives the column `name`."""
    for arm in arms(expr):
        label = arm.text if arm.when is None else f"when {arm.text}"
        text = f"{name}: {label}" if name else label
        need = f"a row that comes to `{label}`" + (f" in `{name}`" if name else "")
        yield subject.at(arm.place).branch("case", text, "taken", arm.taken(env), need)


def said(nulls: Nulls | None) -> bool:
    """Whether a null certainly can be given by a test."""
    return nulls is Nulls.YES


def _known(value: exp.Expression) -> exp.Expression:
    return exp.Coalesce(this=value, expressions=[exp.false()])
