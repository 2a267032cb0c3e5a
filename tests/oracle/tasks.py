"""The six kinds of tasks over lists of rows (data-setup.md §4, §7 to §12)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.oracle import s3
from tests.oracle.binding import TEXTS, Bound, bind_text, bind_where, conditions, same_family
from tests.oracle.functions import spent
from tests.oracle.parser import where_tree
from tests.oracle.scopes import ColumnScope, JoinScope, ObjectScope, one_of
from tests.oracle.shows import Item, aggregate, column_item, grouped, item, named_apart, plain, project
from tests.oracle.tenant import FAMILIES, Object, Tenant
from tests.oracle.timeline import aggregation, comparison, period_over_period
from tests.oracle.values import Column, Context, RefusedError, Row, Table, lowered, number_of_text, settle

Task = dict[str, Any]
TIMED = {
    "period_over_period": period_over_period, "comparison": comparison, "aggregation_over_time": aggregation,
}  # fmt: skip
AGGREGATE_CALL = re.compile(r"(?is)\s*(\w+)\s*\((.*)\)\s*")


def differ_in_any_case(x: Any, y: Any) -> bool:
    return bool(lowered(x) != lowered(y) if isinstance(x, str) else x != y)


class Data:
    """Runs the tasks of a rule in order; `tables` holds what each gave."""

    def __init__(self, datasets: Path, tenant: Tenant, context: Context) -> None:
        self.datasets = datasets
        self.tenant = tenant
        self.context = context
        self.tables: dict[str, Table] = {}

    def run(self, tasks: dict[str, Task]) -> dict[str, Table]:
        self.context.at_most("limits.tasks", len(tasks))
        for name, task in tasks.items():
            self.named(name, str(task.get("description", "")))
        for name, task in tasks.items():
            self.context.task = name
            self.tables[name] = getattr(self, task["type"])(task)
            if task["type"] in ("fetch", "merge", "transform", "union"):
                self.context.at_most("limits.show_fields", len(self.tables[name].columns))
        return self.tables

    def named(self, name: str, description: str) -> None:
        """§17: letters, digits, `_` and spaces."""
        fits = re.fullmatch(r"[\w ]{1,80}", name) and len(description) <= 200
        if not fits and self.context.profile["limits.strict"]:
            raise RefusedError("GS-LIMIT", f"the name or description of {name}")

    def only_in_horizon(self, used: bool, what: str) -> None:
        """§1.4."""
        if used and self.context.profile["engine"] == "bionic":
            raise RefusedError("GS-OPERATOR", f"{what} in a bionic rule")

    def parent(self, name: str) -> Table:
        if name not in self.tables:
            raise RefusedError("GS-NAME", f"no task {name}")
        return self.tables[name]

    # -- one input ------------------------------------------------------------------------------------------------
    def fetch(self, task: Task) -> Table:
        salesforce = task.get("source") == "salesforce"
        found = (self.tenant.salesforce if salesforce else self.tenant.object)(task["object"])
        scope = ObjectScope(self.tenant, found)
        items = named_apart([item(text, scope, self.context) for text in task["show"]], self.context)
        passes = bind_where(task.get("where"), scope, self.context)
        records = self.customers(found) if task.get("customers_only") else found.records
        rows = [record for record in records if passes(record) is True]
        return Table([i.column for i in items], project(rows, items, task.get("group_by"), scope, self.context))

    def customers(self, found: Object) -> list[Row]:
        """The records that belong to an account of some company (§4)."""
        name = "Id" if found.name.lower() == "account" else "AccountId"
        if name not in found.fields:
            raise RefusedError("GS-NAME", f"{found.name} has no account")
        accounts = {company["SfdcAccountId"] for company in self.tenant.records("company")} - {None}
        return [record for record in found.records if record[name] in accounts]

    def s3(self, task: Task) -> Table:
        return s3.read(task, self.datasets, self.context)

    def transform(self, task: Task) -> Table:
        source = self.parent(task["from"])
        scope = ColumnScope(source.columns, [])
        passes = bind_where(task.get("where"), scope, self.context)
        scope.filtered = [row for row in source.rows if passes(row) is True]
        shown = task.get("show") or [f"[{c.name}]" for c in source.columns]
        items = [item(text, scope, self.context) for text in shown]
        formulas = task.get("formulas", {})
        groups = task.get("group_by") is not None or any(i.aggregate for i in items)
        if groups and formulas:
            return self.grouped_formulas(task, named_apart(items, self.context), scope)
        extra = [self.formula(name, given, items, scope) for name, given in formulas.items()]
        every = named_apart(items + extra, self.context)
        items, extra = every[: len(items)], every[len(items) :]
        rows = project(scope.filtered, items, task.get("group_by"), scope, self.context)
        for row, before in zip(rows, scope.filtered, strict=False):
            for one in extra:
                row[one.column.name] = one.bound.compute(before)
        return Table([i.column for i in every], rows)

    def grouped_formulas(self, task: Task, items: list[Item], scope: ColumnScope) -> Table:
        """Formulas over the grouped rows, where the profile allows it (§1.3)."""
        if not self.context.profile["transform.allow_formula_with_group_by"]:
            raise RefusedError("GS-*", "formulas and grouping in one task")
        rows = project(scope.filtered, items, task.get("group_by"), scope, self.context)
        after = ColumnScope([i.column for i in items], rows)
        shown = [item(f"[{i.column.name}]", after, self.context) for i in items]
        extra = [self.formula(name, given, shown, after) for name, given in task["formulas"].items()]
        made = [{one.column.name: one.bound.compute(row) for one in extra} for row in rows]
        return Table([i.column for i in [*items, *extra]], [a | b for a, b in zip(rows, made, strict=True)])

    def formula(self, name: str, given: Any, items: list[Item], scope: ColumnScope) -> Item:
        spec = {"expression": given} if isinstance(given, str) else given
        decimals = int(spec.get("decimals", 9))
        if "expression" not in spec:
            work = next(work for kind, work in TIMED.items() if kind in spec)
            bound = work(spec, items, scope, self.context)
        else:
            bound = bind_text(spec["expression"], scope, replace(self.context, column=name))
        declared = FAMILIES[spec["type"]] if "type" in spec else bound.family
        if not same_family(declared, bound.family):
            raise RefusedError("GS-TYPE", f"{name} is declared {declared} and gives {bound.family}")
        compute = bound.compute
        final = (lambda row: self.settled(compute(row), decimals)) if declared == "number" else compute
        return Item(Column(name, declared, name, bound.category), type(bound)(declared, final, bound.category))

    def settled(self, value: Any, decimals: int) -> Any:
        """A number of a formula; one that is too large is none (§2.2)."""
        found = settle(value, decimals)
        if value is not None and found is None:
            spent(self.context, "formula.math_domain")
        return found

    # -- several inputs -------------------------------------------------------------------------------------------
    def merge(self, task: Task) -> Table:
        self.only_in_horizon("where" in task or "group_by" in task, "filters and groups of a merge")
        first = task["from"]
        names = [first] + [join["dataset"] for join in task["join"]]
        if len(set(names)) != len(names):
            raise RefusedError("GS-*", "a dataset merged with itself")
        sides = [(first, self.parent(first).columns)]
        rows = [{(first, c.name): row[c.name] for c in sides[0][1]} for row in self.parent(first).rows]
        for join in task["join"]:
            follower = self.parent(join["dataset"])
            rows = self.joined(rows, sides, follower, join)
            sides.append((join["dataset"], follower.columns))
        scope = JoinScope(sides)
        passes = bind_where(task.get("where"), scope, self.context)
        rows = [row for row in rows if passes(row) is True]
        items = [item(text, scope, self.context) for text in self.merge_show(task, sides)]
        items = named_apart(items, self.context)
        self.only_in_horizon(any(i.aggregate for i in items), "aggregation on a merge")
        return Table([i.column for i in items], project(rows, items, task.get("group_by"), scope, self.context))

    @staticmethod
    def merge_show(task: Task, sides: list[tuple[str, list[Column]]]) -> list[str]:
        shown: list[str] = []
        for text in task.get("show") or [f"{name}.*" for name, _ in sides]:
            if text.endswith(".*"):
                _, columns = one_of([s for s in sides if s[0].lower() == text[:-2].lower()], text)
                shown += [f"{text[:-2]}.{c.name}" for c in columns]
            else:
                shown.append(text)
        return shown

    def joined(self, rows: list[Row], sides: list[tuple[str, list[Column]]], follower: Table, join: Task) -> list[Row]:
        name = join["dataset"]
        left, right = JoinScope(sides), JoinScope([(name, follower.columns)])
        pairs = []
        for condition in re.split(r"(?i)\s+and\s+", join["on"]):
            match = re.fullmatch(r"(.+?)\s*([=~])\s*(.+)", condition.strip())
            if match is None:
                raise RefusedError("GS-*", condition)
            a, b = plain(match[1], left)[2], plain(match[3], right)[2]
            either = {a.family, b.family}
            if a.family != b.family and not either <= set(TEXTS) and either != {"picklist", "text"}:
                raise RefusedError("GS-TYPE", f"{a.family} against {b.family}")
            # Ids never equal labels, nor ids of another category (§2.1).
            apart = (a.family != b.family and "picklist" in either) or a.category != b.category
            loose = match[2] == "~" or self.context.profile["merge.key_case"] == "insensitive"
            pairs.append((a.compute, b.compute, loose, apart and "picklist" in either))
        nulls_match = self.context.profile["merge.null_keys"] == "match"

        def meet(one: Row, other: Row) -> bool:
            for a, b, loose, apart in pairs:
                x, y = a(one), b(other)
                if x is None or y is None:
                    if not (nulls_match and x is None and y is None):
                        return False
                elif apart or (differ_in_any_case(x, y) if loose else x != y):
                    return False
            return True

        others = [{(name, c.name): row[c.name] for c in follower.columns} for row in follower.rows]
        found = [(i, j) for i, one in enumerate(rows) for j, other in enumerate(others) if meet(one, other)]
        result = [rows[i] | others[j] for i, j in found]
        keep = join["keep"]
        if keep in ("left", "all"):
            absent = {(name, c.name): None for c in follower.columns}
            result += [row | absent for i, row in enumerate(rows) if i not in {i for i, _ in found}]
        if keep in ("right", "all"):
            blank = {(d, c.name): None for d, columns in sides for c in columns}
            result += [blank | other for j, other in enumerate(others) if j not in {j for _, j in found}]
        return result

    def union(self, task: Task) -> Table:
        self.only_in_horizon(True, "a union")
        names = task["from"]
        if len(set(names)) != len(names):
            raise RefusedError("GS-*", "one task twice in a union")
        tables = {name: self.parent(name) for name in names}
        columns = task.get("columns") or self.by_name(tables)
        shown: list[Column] = []
        sources: dict[str, dict[str, Column]] = {}
        decimals: dict[str, int] = {}
        for out, spec in columns.items():
            given = spec.get("from", spec) if isinstance(spec.get("from"), dict) else spec
            sources[out] = {n: ColumnScope(tables[n].columns, []).column(c) for n, c in given.items()}
            families = [c.family for c in sources[out].values()]
            if not all(same_family(families[0], f) for f in families):
                raise RefusedError("GS-TYPE", f"{out} has several types")
            declared = FAMILIES[spec["type"]] if given is not spec and "type" in spec else families[0]
            if not same_family(families[0], declared):
                raise RefusedError("GS-TYPE", f"{out} is declared {declared}")
            if given is not spec and "decimals" in spec:
                decimals[out] = int(spec["decimals"])
            first = next(iter(sources[out].values()))
            shown.append(Column(out, declared, out, first.category))
        apart = named_apart([Item(column, Bound("", lambda row: None)) for column in shown], self.context)
        shown, olds = [i.column for i in apart], [column.name for column in shown]
        sources = {column.name: sources[old] for column, old in zip(shown, olds, strict=True)}
        rows = []
        for name, table in tables.items():
            for row in table.rows:
                made = {out: row[s[name].name] if name in s else None for out, s in sources.items()}
                rows.append(made | {out: settle(made[out], places) for out, places in decimals.items()})
        if self.context.profile["union.duplicates"] == "remove":
            rows = [row for i, row in enumerate(rows) if row not in rows[:i]]
        return Table(shown, rows)

    @staticmethod
    def by_name(tables: dict[str, Table]) -> dict[str, dict[str, str]]:
        columns: dict[str, dict[str, str]] = {}
        spelled: dict[str, str] = {}
        for name, table in tables.items():
            for column in table.columns:
                out = spelled.setdefault(column.name.lower(), column.name)
                columns.setdefault(out, {})[name] = column.name
        return columns

    # -- pivot ----------------------------------------------------------------------------------------------------
    def pivot(self, task: Task) -> Table:
        source = self.parent(task["from"])
        scope = ColumnScope(source.columns, source.rows)
        passes = bind_where(task.get("where"), scope, self.context)
        keys = [column_item(text, scope, self.context) for text in task.get("group_by") or []]
        self.context.at_most("limits.group_by", len(keys))
        self.pivot_limits(task)
        outs = []
        for given in task["columns"]:
            spec = dict(given) if isinstance(given, dict) else self.short(task, str(given), scope)
            spec = {"value": task.get("value"), "default": task.get("default")} | spec
            match = AGGREGATE_CALL.fullmatch(spec["value"])
            if match is None:
                raise RefusedError("GS-*", spec["value"])
            value = item(f"{spec['value']} as {spec['name']}", scope, self.context)
            outs.append((value, bind_where(spec.get("where"), scope, self.context), self.default(spec, value)))
        rows = [row for row in source.rows if passes(row) is True]
        groups = grouped(rows, [k.bound.compute for k in keys])
        if not keys:
            groups = groups or {(): []}
        every = named_apart([*keys, *(value for value, _, _ in outs)], self.context)
        keys, outs = every[: len(keys)], [(v, *o[1:]) for v, o in zip(every[len(keys) :], outs, strict=True)]
        table = Table([i.column for i in every])
        for key, members in groups.items():
            row = dict(zip((k.column.name for k in keys), key, strict=True))
            fed = False
            for value, holds, default in outs:
                chosen = [m for m in members if holds(m) is True]
                fed = fed or bool(chosen)
                row[value.column.name] = self.pivoted(value, chosen, default)
            if fed or not keys or self.context.profile["pivot.keep_empty_groups"]:
                table.rows.append(row)
        return table

    def pivot_limits(self, task: Task) -> None:
        """At most 50 columns and 200 conditions (§10)."""
        if "columns" not in task:
            raise RefusedError("GS-SPEC-MISSING", "a pivot lists its columns")
        self.context.at_most("limits.pivot_columns", len(task["columns"]))
        trees = [where_tree(c.get("where")) if isinstance(c, dict) else where_tree("1 = 1") for c in task["columns"]]
        self.context.at_most("limits.pivot_conditions", sum(conditions(tree) for tree in trees if tree))

    @staticmethod
    def short(task: Task, name: str, scope: ColumnScope) -> Task:
        """The short form: a column for each value of one text field."""
        quoted = name.replace("'", "''")
        where = f"[{scope.column(task['pivot_on']).name}] = '{quoted}'"
        return {"name": name, "where": where, "value": task["value"], "default": task.get("default")}

    @staticmethod
    def default(spec: Task, value: Item) -> Any:
        given = spec.get("default")
        if isinstance(given, str) and value.column.family == "number":
            number = number_of_text(given)
            if number is None:
                raise RefusedError("GS-TYPE", given)
            return number
        return given

    def pivoted(self, value: Item, chosen: list[Row], default: Any) -> Any:
        if not chosen:
            if default is not None:
                return default
            counts = value.aggregate in ("count", "count_distinct")
            return aggregate(value.aggregate, []) if self.zero_counts() or not counts else None
        result = aggregate(value.aggregate, [value.bound.compute(m) for m in chosen])
        return default if result is None else result

    def zero_counts(self) -> bool:
        return bool(self.context.profile["pivot.count_without_default"] == "zero")
