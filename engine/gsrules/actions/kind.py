"""What an action kind is, and the two steps of each action: bind (validate), then plan (decide row by row, in SQL).

A new kind is one module that ends in `KIND = ActionKind(…)`. Nothing else knows its name: schema, validation, reference
page, why, record, coverage, diff and advice read the registration and what the bound action tells. For them a kind
fills in

- `ActionKind.codes`: the row codes that it gives, in the order of checking; the page docs/actions.md lists them;
- `ActionKind.per_entity`: whether a row's key is the GSID of a company or relationship, then `, ` and a text that may
  hold figures; diff then knows a record with another text for the same one;
- `BoundAction.traits`: what the action can decide and meets (traits.py). A kind that binds to `BoundLoad` has them
  from there; `create_cta` and `close_cta` show how the others look.

tests/actions/test_every_kind.py holds every registered kind to it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from gsrules.actions.changes.staging import Scratch, scratch_prefix
from gsrules.actions.traits import Traits
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Column
from gsrules.tenant.changes import ChangeList

if TYPE_CHECKING:
    from gsrules.catalogue import Catalogue
    from gsrules.expressions.scope import Context
    from gsrules.spec import ActionSpec, RuleSpec
    from gsrules.tenant import Tenant


@dataclass(frozen=True, slots=True)
class BindEnv:
    """What binding may look at: the catalogue, the expression context (rule date, parameters, profile), the rule."""

    catalogue: Catalogue
    context: Context
    rule: RuleSpec

    @property
    def profile(self) -> Mapping[str, Any]:
        return self.context.profile


@dataclass(frozen=True, slots=True)
class ActionRun:
    """What planning works on.

    `dataset` is a temporary table with all columns of the dataset and `__row`, the row number in canonical order
    (actions.md §1.7). `instant` is the run instant in UTC without a zone, `position` the action's place in the rule,
    from 1. `prefix` begins the names of temporary tables; `texts` holds what was spelled for the same action before,
    with all that is here being the same but the rows.
    """

    tenant: Tenant
    dataset: str
    rule_date: date
    instant: datetime
    run_id: str
    rule_id: str
    position: int
    profile: Mapping[str, Any]
    prefix: str = field(default_factory=scratch_prefix)
    texts: dict[Hashable, Any] = field(default_factory=dict)

    def scratch(self) -> Scratch:
        """Where the action makes its temporary relations."""
        return Scratch(self.tenant.statements, self.prefix, self.texts)


class BoundAction(Protocol):
    """An action that passed validation."""

    @property
    def criteria(self) -> Expr | None:
        """The bound `when`, or None."""

    @property
    def writes_to(self) -> tuple[str, ...]:
        """The objects that it may change."""

    @property
    def reads(self) -> frozenset[str]:
        """The dataset columns that it uses."""

    @property
    def findings(self) -> tuple[Problem, ...]:
        """Warnings and notes of the validation."""

    @property
    def traits(self) -> Traits:
        """What it can decide and meets, for why, record, coverage and advice."""

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides what happens for every matched row; changes nothing in the tenant but its id counters."""


Bind = Callable[[Any, tuple[Column, ...], BindEnv], BoundAction]


@dataclass(frozen=True, slots=True)
class ActionKind:
    """A registered kind: what the schema, the reference pages and the validator say about it.

    `entities` are the rule kinds in which it may stand; `engines` the engines that know it (actions.md §1.1).
    `bind` raises one InputError with all problems.
    """

    name: str
    title: str
    model: type[ActionSpec]
    description: str
    evidence: str
    example: str
    bind: Bind
    entities: tuple[str, ...] = ("company", "relationship")
    engines: tuple[str, ...] = ("horizon", "bionic")
    strict_entities: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    per_entity: bool = False

    @property
    def short(self) -> str:
        """The title as a phrase: `Call To Action › Create` is Create CTA."""
        thing, _, verb = self.title.split(" (")[0].partition(" › ")
        return f"{verb} {thing.replace('Call To Action', 'CTA')}".strip()


@dataclass(slots=True)
class Findings:
    """Collects what is wrong or doubtful in one action; errors end the binding, all at once."""

    action: str
    errors: list[Problem] = field(default_factory=list)
    others: list[Problem] = field(default_factory=list)

    def error(
        self, code: str, message: str, place: Place | None = None, *, value: str = "", hint: str = "", near: str = ""
    ) -> None:
        self.errors.append(Problem(code, message, place, self.action, value, hint, near))

    def warn(self, code: str, message: str, place: Place | None = None, *, value: str = "", hint: str = "") -> None:
        self.others.append(Problem(code, message, place, self.action, value, hint, severity="warning"))

    def note(self, code: str, message: str, place: Place | None = None, *, value: str = "", hint: str = "") -> None:
        self.others.append(Problem(code, message, place, self.action, value, hint, severity="note"))

    def take(self, error: InputError) -> None:
        """Adds the problems of a failed part (an expression, say)."""
        self.errors.extend(error.problems)

    def close(self) -> tuple[Problem, ...]:
        """Raises what is wrong; otherwise gives the warnings and notes."""
        if self.errors:
            raise InputError(self.errors)
        return tuple(self.others)
