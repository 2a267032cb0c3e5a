"""The columns of the dataset, as actions name them."""

from __future__ import annotations

from typing import cast

from gsrules.actions.kind import BindEnv, Findings
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place
from gsrules.expressions.binder import bind_expression
from gsrules.expressions.scope import Scope
from gsrules.expressions.template import bind_html_template, bind_template
from gsrules.expressions.tree import ColumnRef, Expr, references
from gsrules.expressions.where import Conditions, bind_criteria
from gsrules.plan.nodes import Column
from gsrules.spec import WhereSpec
from gsrules.spec.text import Text


@dataclass(slots=True)
class Columns:
    """Resolves what an action says about its dataset; what fails goes to the findings and gives None."""

    env: BindEnv
    findings: Findings
    scope: Scope
    used: set[str]

    @classmethod
    def of(cls, columns: tuple[Column, ...], env: BindEnv, findings: Findings) -> Columns:
        return cls(env, findings, Scope.of_columns(columns, inside="the dataset"), set())

    def column(self, item: Text) -> ColumnRef | None:
        """A column written as in a show item: by name or label, with or without brackets."""
        word = item.strip()
        if word.startswith("[") and word.endswith("]") and "[" not in word[1:]:
            word = word[1:-1].strip()
        try:
            found = self.scope.resolve((word,), item.place, word)
        except InputError as error:
            self.findings.take(error)
            return None
        self.used.add(found.name)
        return found

    def expression(self, item: Text) -> Expr | None:
        try:
            return self._seen(bind_expression(item, self.scope, self.env.context))
        except InputError as error:
            self.findings.take(error)
            return None

    def where(self, item: WhereSpec | None) -> Expr | None:
        if item is None:
            return None
        try:
            return self._seen(bind_criteria(cast(Conditions, item), self.scope, self.env.context))
        except InputError as error:
            self.findings.take(error)
            return None

    def template(self, item: Text) -> Expr | None:
        """A text with `${…}`."""
        try:
            return self._seen(bind_template(item, self.scope, self.env.context))
        except InputError as error:
            self.findings.take(error)
            return None

    def html_template(self, item: Text) -> Expr | None:
        """A text with `${…}`, the values HTML-escaped."""
        try:
            return self._seen(bind_html_template(item, self.scope, self.env.context))
        except InputError as error:
            self.findings.take(error)
            return None

    def _seen(self, expr: Expr) -> Expr:
        self.used.update(references(expr))
        return expr


def placed(value: object, fallback: Place | None) -> Place | None:
    """The place of a text of the file, else the fallback."""
    return getattr(value, "place", None) or fallback
