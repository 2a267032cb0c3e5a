"""The columns of a pivot as the data suggests them: one for each value of its `pivot_on` (data-setup.md §10).

A pivot of Gainsight holds the columns that its author names; this lists them, to be pasted into the rule.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import yaml
from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import DataType, Family
from gsrules.compile.compiler import ROW
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem
from gsrules.expressions.printed import quoted, value_text
from gsrules.expressions.show import parse_show_item, split_path
from gsrules.plan.columns import is_kept
from gsrules.profile import Profile
from gsrules.run.inspect import computed
from gsrules.run.options import RunOptions
from gsrules.run.prepare import rule_profile
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec
from gsrules.spec.tasks import TransformTask
from gsrules.spec.text import Text
from gsrules.tenant.names import column, spell, temp_table

if TYPE_CHECKING:
    from gsrules.spec.tasks import PivotTask

_VALUE: Final = "value"
_ROWS: Final = "rows"
_SHOWN: Final = 1_000
"""The most values that are listed."""
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9 _-]*[A-Za-z0-9]|[A-Za-z]", re.ASCII)
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def pivot_task(rule: RuleSpec, name: str) -> str | None:
    """The pivot task of that name in any letter case, if there is one."""
    wanted = name.strip().lower()
    return next(
        (str(each) for each, task in rule.tasks.items() if each.lower() == wanted and task.type == "pivot"), None
    )


def pivot_columns(
    workspace: Workspace,
    rule_name: str,
    task_name: str,
    rule_date: dt.date | None,
    params: Mapping[str, str],
    tenant_path: Path | None,
) -> str:
    """The `columns:` block of a pivot task, as YAML: its values in canonical order, each with its number of rows.

    Only the tasks that the pivot reads are bound and computed, so that the rest of the rule may be unfinished.
    Raises InputError and RunError.
    """
    rule = workspace.rule(rule_name)
    task = next(each for each in rule.tasks if each.lower() == task_name.strip().lower())
    pivot = cast("PivotTask", rule.tasks[task])
    if pivot.pivot_on is None:
        message = "the pivot has no `pivot_on`: its columns have conditions of their own"
        hint = "add pivot_on: the column whose values are to become columns"
        raise InputError(Problem("GS-SPEC-MISSING", message, pivot.place, str(task), hint=hint))
    profile = rule_profile(workspace, rule)
    date = RunOptions(rule_date=rule_date).date_in(profile)
    with (
        tempfile.TemporaryDirectory(prefix="gsrules-") as workdir,
        workspace.tenant("dry_run", tenant_path) as tenant,
    ):
        listing = _listing(rule, task, pivot)
        table, name, bound, _ = computed(workspace, listing, profile, date, params, tenant, task, Path(workdir))
        rows = exp.select(column(_VALUE), column(_ROWS)).from_(temp_table(table)).order_by(column(ROW))
        found = tenant.con.execute(spell(rows.limit(_SHOWN + 1))).fetchall()
        ((total,),) = tenant.con.execute(
            spell(exp.select(exp.Count(this=exp.Star())).from_(temp_table(table)))
        ).fetchall()
    made = bound.plan.tasks[name].columns[0].type
    lines = _Columns(pivot, made, workspace.catalogue, profile)
    if not found:
        return "columns: []  # there is no row\n"
    return "\n".join([*_heading(total, pivot, profile), "columns:", *lines.of(found[:_SHOWN])]) + "\n"


def _listing(rule: RuleSpec, task: Text, pivot: PivotTask) -> RuleSpec:
    """The rule with only what the pivot reads, and in place of the pivot the values with their rows."""
    value = pivot.pivot_on or Text("")
    listed = TransformTask.model_construct(
        type="transform",
        description=None,
        from_=pivot.from_,
        where=pivot.where,
        show=(Text(f"{value} as {_VALUE}", value.place), Text(f"count(*) as {_ROWS}", value.place)),
        group_by=None,
        formulas={},
    )
    by_key = {name.lower(): name for name in rule.tasks}
    wanted, pending = {task}, [pivot.from_]
    while pending:
        known = by_key.get(pending.pop().strip().lower())
        if known is not None and known not in wanted:
            wanted.add(known)
            pending += rule.tasks[known].inputs
    tasks = {name: listed if name == task else each for name, each in rule.tasks.items() if name in wanted}
    return rule.model_copy(update={"tasks": tasks, "actions": ()})


def _heading(total: int, pivot: PivotTask, profile: Profile) -> Iterator[str]:
    allowed = int(profile["limits.pivot_columns"])
    if total > allowed:
        yield f"# {total:,} values of {pivot.pivot_on}; a pivot holds at most {allowed} columns (limits.pivot_columns)"
    if total > _SHOWN:
        yield f"# only the first {_SHOWN:,} are listed"


@dataclass(slots=True)
class _Columns:
    """Writes the columns of a pivot, one line each; remembers the names that are taken."""

    pivot: PivotTask
    type: DataType
    catalogue: Catalogue
    profile: Profile
    taken: dict[str, str] = field(default_factory=dict)

    def of(self, rows: list[tuple[Any, int]]) -> Iterator[str]:
        for text in self.pivot.group_by or ():
            item = parse_show_item(text)
            self.taken[str(item.alias or split_path(item.name)[-1]).lower()] = ""
        if self.type.family is Family.PICKLIST:
            rows = sorted(rows, key=lambda row: (row[0] is None, self._text(row[0])))
        for value, count in rows:
            yield self._line(value, f"{count:,} row{'' if count == 1 else 's'}")

    def _line(self, value: Any, rows: str) -> str:
        label, text = self._label, self._text(value)
        if value is None:
            return self._full(f"No {label}", "is null", rows)
        if text == "":
            return self._full(f"Empty {label}", "= ''", rows)
        first = self.taken.get(text.lower())
        if first is None and text.strip() and "\x00" not in text and not is_kept(text):
            self.taken[text.lower()] = text
            return f"  - {_scalar(text)}  # {rows}"
        if first and self.type.family in (Family.TEXT, Family.ID):
            if self.profile["filter.equality_case"] == "insensitive":
                return (
                    f"  # {_scalar(text)}, {rows}: in the column {_scalar(first)}, as filter.equality_case ignores case"
                )
            rows += f"; like {_scalar(first)} but for letter case, which = tells apart and ~ does not"
        return self._full(text.strip() or f"Blank {label}", self._condition(text), rows)

    @property
    def _label(self) -> str:
        return split_path(self.pivot.pivot_on or "")[-1]

    def _full(self, wanted: str, condition: str, rows: str) -> str:
        """A column with a condition of its own, under a name that is free."""
        number, name = 1, wanted.replace("\x00", "")
        while name.lower() in self.taken or is_kept(name):
            number += 1
            name = f"{wanted} {number}"
        self.taken[name.lower()] = name
        path = split_path(self.pivot.pivot_on or "")
        field_ = ".".join(f"[{part.replace(']', ']]')}]" for part in path)
        return f"  - {{name: {_scalar(name)}, where: {_scalar(f'{field_} {condition}')}}}  # {rows}"

    def _text(self, value: Any) -> str:
        """The value as a column is named by it."""
        if isinstance(value, dt.datetime):
            return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds") + "Z"
        if self.type.family is Family.PICKLIST and self.type.category:
            category = self.catalogue.category(self.type.category)
            items = category.items if category else ()
            return next((item.name for item in items if item.gsid == value), str(value))
        return value_text(value)

    def _condition(self, text: str) -> str:
        match self.type.family:
            case Family.NUMBER | Family.BOOLEAN:
                return f"= {text}"
            case Family.PICKLIST:
                return f"in ({quoted(text)})"
            case _:
                return f"= {quoted(text)}"


def _scalar(text: str) -> str:
    """A text as one YAML scalar on one line."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9).removesuffix("\n")
