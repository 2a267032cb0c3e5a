"""What a branch is: one way that a row of a dataset, or a row of an action, can take.

A branch says in SQL which rows take it: `met` is a condition over the rows of one part of the traced run, under the
alias `r`. Rows are named by their `__row`. Other tables of the run stand in `met` as placeholders (`part_table`,
`effects_table`), so that the branches of a rule can be listed before, and without, a run; `Tables` fills them in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.errors import Place
from gsrules.tenant.names import column, identifier, named, select_from

BranchKind = Literal[
    "condition",  # one condition of a filter or of an action's criteria: true, false, null
    "filter",  # the whole filter of a task: true, not true
    "criteria",  # the whole criteria of an action: true, false, null
    "case",  # an arm of a case expression: taken
    "join",  # a side of a merge: matched, left alone, right alone
    "lookup",  # a lookup that a fetch follows, or an import lookup of a load: found, none, several
    "pivot",  # a column of a pivot: fed, not fed
    "window",  # an aggregation over time: rows, no row in the window
    "union",  # rows of one input
    "group",  # a group of an aggregate: one row, several rows
    "map",  # an entry of a customise mapping: used
    "null",  # a null in a mapped column: what `default` and `on_null` are for
    "owner",  # where the owner of a CTA comes from: column, default
    "outcome",  # what an action decides: created, updated, closed, unchanged, skipped, failed
]

ROWS = "r"
"""The alias of the rows that `met` speaks about."""

_PARTS, _LINKS, _EFFECTS = "gsrules_parts", "gsrules_links", "gsrules_effects"


@dataclass(frozen=True, slots=True)
class Branch:
    """One way through a rule.

    `id` is stable as long as the task or action keeps its name and the condition its text. `owner` and `name` tell
    the task or action; `text` is what the user wrote; `side` the way taken. `part` is the part of the traced run
    whose rows take it: a part of the task, or the dataset that an action works on. Only `counted` branches make the
    percentage (see `regress/branches`): those that a test can reach whatever the profile says. `need` says
    in words what a test must give for the branch to be taken.
    """

    id: str
    owner: Literal["task", "action"]
    name: str
    kind: BranchKind
    text: str
    side: str
    place: Place | None
    part: str
    met: exp.Expression
    need: str
    counted: bool = True

    def as_json(self) -> dict[str, Any]:
        """The branch as plain data, without its SQL."""
        place = self.place
        shown: dict[str, Any] = {
            "id": self.id,
            self.owner: self.name,
            "kind": self.kind,
            "text": self.text,
            "side": self.side,
            "counted": self.counted,
            "need": self.need,
        }
        if place is not None and place.file:
            shown |= {"file": place.file, "line": place.line, "column": place.column}
        return shown


class Tables(Protocol):
    """Where the rows of a traced run are; `branches.TracedTables` gives them for a `RunResult`."""

    def part(self, name: str) -> exp.Table:
        """The table of a part, with `__row`."""

    def links(self, name: str) -> exp.Table:
        """The table of a part's hidden columns, with `__row`."""

    def effects(self, action: str) -> exp.Table:
        """The effects of an action, of which `row` is the `__row` of its dataset."""


def part_table(name: str, alias: str) -> exp.Table:
    """A placeholder for the table of a part."""
    return _placeholder(name, _PARTS, alias)


def links_table(name: str, alias: str) -> exp.Table:
    """A placeholder for the hidden columns of a part."""
    return _placeholder(name, _LINKS, alias)


def effects_table(action: str, alias: str) -> exp.Table:
    """A placeholder for the effects of an action."""
    return _placeholder(action, _EFFECTS, alias)


def _placeholder(name: str, group: str, alias: str) -> exp.Table:
    return exp.Table(this=identifier(name), db=identifier(group), alias=exp.TableAlias(this=identifier(alias)))


def placed(tree: exp.Expression, tables: Tables) -> exp.Expression:
    """A copy of `tree` with the tables of a run in place of the placeholders."""
    known = {_PARTS: tables.part, _LINKS: tables.links, _EFFECTS: tables.effects}
    made = tree.copy()
    for table in list(made.find_all(exp.Table)):
        found = known.get(table.db)
        if found is not None:
            real = found(table.name).copy()
            real.set("alias", table.args["alias"].copy())
            table.replace(real)
    return made


def rows_of(branch: Branch, tables: Tables) -> exp.Select:
    """The rows of `branch.part` that take the branch, as one column `row`."""
    taken = select_from(
        part_table(branch.part, ROWS), named(column("__row", ROWS), "row"), named(branch.met.copy(), "taken")
    )
    rows = select_from(exp.Subquery(this=taken, alias=exp.TableAlias(this=identifier("t"))), column("row", "t"))
    found = placed(rows.where(column("taken", "t"), copy=False), tables)
    assert isinstance(found, exp.Select)
    return found


def count_of(branches: Iterable[Branch], part: str, tables: Tables) -> exp.Select:
    """One statement over a part: for each of its branches the number of rows that take it, in order."""
    taken = [named(branch.met.copy(), f"b{i}") for i, branch in enumerate(branches)]
    inner = exp.Subquery(this=select_from(part_table(part, ROWS), *taken), alias=exp.TableAlias(this=identifier("t")))
    every = exp.Count(this=exp.Star())  # COUNT_IF of no rows is null
    wheres = (exp.Where(this=column(f"b{i}", "t")) for i in range(len(taken)))
    counts = (exp.Filter(this=every.copy(), expression=where) for where in wheres)
    made = placed(select_from(inner, *counts), tables)
    assert isinstance(made, exp.Select)
    return made
