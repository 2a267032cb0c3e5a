"""A random task graph over a world's tables."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.random_graphs import pools
from tests.conformance.random_graphs.words import Columns, Words
from tests.conformance.random_graphs.world import FIELDS, LOOKUPS, TYPES, File, World

SETTINGS: dict[str, list[Any]] = {
    "tenant.timezone": pools.ZONES[2:], "calendar.week_start": ["monday"], "calendar.fiscal_year_start_month": [2, 7],
    "calendar.fiscal_year_named_by": ["start"], "calendar.week_number": ["iso"], "calendar.day_of_week_base": [0],
    "filter.equality_case": ["insensitive"], "filter.text_match_case": ["sensitive"], "filter.null_rows": ["include"],
    "filter.between": ["exclude_upper"], "filter.datetime_vs_date": ["instant"], "filter.last_n": ["include_current"],
    "merge.key_case": ["insensitive"], "merge.null_keys": ["match"], "union.duplicates": ["remove"],
    "pivot.count_without_default": ["null"], "pivot.keep_empty_groups": [False],
    "formula.null_concat": ["as_empty"], "formula.text_not_found": ["whole", "empty"],
    "formula.right_occurrence": ["last"], "formula.datetime_diff": ["elapsed"], "formula.epoch_unit": ["s"],
    "formula.divide_by_zero": ["error"], "formula.math_domain": ["error"], "formula.conversion_failure": ["error"],
    "values.blank_is_null": [True], "s3.empty_string": ["keep_quoted"], "s3.on_bad_value": ["null"],
    "pop.missing_grain": ["day"], "pop.partition": ["none"], "calc.window_end": ["on_rule_date"],
}  # fmt: skip
PARAMS = {"word": "a", "least": 1, "often": True}
DECLARED = TYPES | {"result": "number"}


def bare(kind: str) -> bool:
    """Nothing is grouped or joined by these."""
    return kind == "result" or kind.startswith("multi")


@dataclass
class Graph:
    """A rule's tasks with the settings it runs under; `keep` computes every task, else only those nobody uses."""

    seed: int
    tasks: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, Columns] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    rule_date: str = "2024-05-15"
    keep: bool = True
    params: dict[str, Any] = field(default_factory=lambda: dict(PARAMS))

    def ends(self) -> list[str]:
        """The tasks whose output no other uses."""
        used: set[str] = set()
        for task in self.tasks.values():
            given = task.get("from", [])
            used |= {given} if isinstance(given, str) else set(given)
            used |= {join["dataset"] for join in task.get("join", [])}
        return [name for name in self.tasks if name not in used]


class Maker:
    """Makes one graph; everything follows from the seed and the world."""

    def __init__(self, world: World, seed: int, size: int = 2) -> None:
        self.dice = random.Random(f"graph {seed}")
        self.words = Words(self.dice)
        self.world = world
        self.graph = Graph(seed)
        self.size = size
        self.count = 0
        self.parents: dict[str, Columns] = {}

    def make(self) -> Graph:
        dice, graph = self.dice, self.graph
        for key in dice.sample(list(SETTINGS), dice.choice([0, 1, 2, 4])):
            graph.profile[key] = dice.choice(SETTINGS[key])
        graph.rule_date = dice.choice(["2024-05-15"] * 4 + ["2024-02-29", "2024-03-10", "2023-12-31", "2024-01-01"])
        graph.keep = dice.random() < 0.6
        for _ in range(dice.choice([1, 1, 2])):
            self.source()
        for _ in range(dice.randint(1, self.size)):
            dice.choice([self.transform] * 3 + [self.group, self.merge, self.merge, self.union, self.pivot])()
        if dice.random() < 0.1:
            dice.choice([self.all_columns, self.formulas_of_groups, self.twins])()
        if dice.random() < 0.1:
            self.spoil()
        if "error" in graph.profile.values():
            graph.keep = True  # else values that nobody uses are not computed, and do not fail
        return graph

    # -- small things ---------------------------------------------------------------------------------------------
    def fresh(self, prefix: str = "c") -> str:
        self.count += 1
        if prefix == "c" and self.dice.random() < 0.1:
            return self.dice.choice(["c{} x", "Größe {}", "c{}%", "{} (MAX)", "日本{}", "select {}"]).format(self.count)
        return f"{prefix}{self.count}"

    def add(self, task: dict[str, Any], columns: Columns) -> str:
        name = self.fresh("T")
        self.graph.tasks[name] = task
        self.graph.kinds[name] = self.parents[name] = columns
        return name

    def parent(self) -> tuple[str, Columns]:
        name = self.dice.choice(list(self.parents))
        return name, self.parents[name]

    def where(self, task: dict[str, Any], columns: Columns) -> dict[str, Any]:
        if self.dice.random() < 0.5:
            task["where"] = self.words.where(columns)
        return task

    def shown(self, columns: Columns, prefix: str = "", most: int = 6) -> tuple[list[str], Columns]:
        """Some columns under new names."""
        names = self.dice.sample(list(columns), k=self.dice.randint(1, min(most, len(columns))))
        renamed = {self.fresh(): name for name in names}
        return [f"{prefix}{self.name(o)} as {n}" for n, o in renamed.items()], {
            n: columns[o] for n, o in renamed.items()
        }

    def name(self, name: str) -> str:
        """A column in a show item; brackets keep apart what reads like a call or holds a dot."""
        return f"[{name}]" if self.dice.random() < 0.3 or not name.replace("_", "").replace(" ", "").isalnum() else name

    # -- sources --------------------------------------------------------------------------------------------------
    def source(self) -> None:
        self.dice.choice([self.fetch, self.fetch, self.s3])()

    def fetch(self) -> None:
        dice = self.dice
        name = dice.choice(["alpha__gc", "beta__gc"])
        fields: Columns = {f: kind for f, (kind, _) in FIELDS[name].items()}
        (lookup, _), *_ = LOOKUPS[name].items()
        for path in (lookup, f"{lookup}.Next__gc", f"{lookup}.Next__gc.Next__gc"):
            target = FIELDS["beta__gc"]
            fields |= {f"{path}.{f}": target[f][0] for f in dice.sample(list(target), 2) if f != "Multi__gc"}
        show, out = [], {}
        for old in dice.sample(list(fields), k=dice.randint(2, 8)):
            new = self.fresh()
            show.append(f"{old} as {new}")
            out[new] = fields[old]
        if dice.random() < 0.25:
            keep = [n for n, k in out.items() if not bare(k)][:2]
            show, out = [s for s in show if s.split(" as ")[1] in keep], {n: out[n] for n in keep}
            self.aggregates({f: k for f, k in fields.items() if "." not in f}, show, out)
        task: dict[str, Any] = {"type": "fetch", "object": dice.choice([name, name.upper()]), "show": show}
        paths = {f: k for f, k in fields.items() if not k.startswith("multi")}
        if dice.random() < 0.5:
            names = {n: k for n, k in paths.items() if "." not in n or dice.random() < 0.3}
            task["where"] = self.words.where(names)
        self.add(task, out)

    def s3(self) -> None:
        dice = self.dice
        file: File = dice.choice(self.world.files)
        columns: dict[str, Any] = {}
        out: Columns = {}
        order = list(file.kinds)
        for header in dice.sample(order, k=dice.randint(2, len(order))):
            kind, new = file.kinds[header], self.fresh()
            kind = "text" if kind == "flag" and dice.random() < 0.2 else kind
            spec: dict[str, Any] = {"type": TYPES[kind], "as": new}
            if kind in file.dates and dice.random() < 0.3:
                spec["format"] = file.dates[kind]
            if kind == "number" and dice.random() < 0.5:
                spec["decimals"] = dice.choice([0, 1, 2])
            columns[header] = spec
            out[new] = kind
        self.add({
            "type": "s3", "path": file.path, "file": {k: v for k, v in file.dialect.items() if v != "none"},
            "date_format": file.dates["date"], "datetime_format": file.dates["time"], "timezone": file.zone,
            "columns": columns,
        }, out)  # fmt: skip

    # -- one parent -----------------------------------------------------------------------------------------------
    def transform(self) -> None:
        parent, columns = self.parent()
        show, out = self.shown(columns)
        formulas: dict[str, Any] = {}
        for _ in range(self.dice.choice([0, 1, 1, 2])):
            kind = self.dice.choice(["number", "text", "date", "result", "flag", "time"])
            expression = self.words.result(columns) if kind == "result" else self.words.of_kind(columns, kind, 2)
            if (
                kind == "result"
                and self.dice.random() < 0.2
                and not any(k.split()[-1] in FIELDS for k in columns.values())
            ):
                expression = "random()"
            name = self.fresh()
            formulas[name] = {"expression": expression, "type": DECLARED[kind]}
            if kind == "number" and self.dice.random() < 0.2:
                formulas[name]["decimals"] = self.dice.choice([0, 1, 2])
            out[name] = kind
        if self.dice.random() < 0.15:
            self.timed(columns, show, out, formulas)
        task: dict[str, Any] = {"type": "transform", "from": parent, "show": show}
        if formulas:
            task["formulas"] = formulas
        self.add(self.where(task, columns), out)

    # -- tasks that nobody uses -----------------------------------------------------------------------------------
    def all_columns(self) -> None:
        """Keeps all columns of its parent, under their names."""
        parent, columns = self.parent()
        name = self.fresh()
        formulas = {name: {"expression": self.words.of_kind(columns, "number", 1), "type": "number"}}
        self.add(
            self.where({"type": "transform", "from": parent, "formulas": formulas}, columns), columns | {name: "number"}
        )

    def formulas_of_groups(self) -> None:
        """Formulas over the rows that grouping gave."""
        self.graph.profile["transform.allow_formula_with_group_by"] = True
        parent, columns = self.parent()
        keys = {n: k for n, k in columns.items() if not bare(k)}
        show, out = self.shown(keys, most=2) if keys else ([], {})
        self.aggregates(columns, show, out)
        name = self.fresh()
        formulas = {name: {"expression": self.words.of_kind(out, "number", 1), "type": "number"}}
        task = {"type": "transform", "from": parent, "show": show, "formulas": formulas}
        self.add(self.where(task, columns), out | {name: "number"})

    def twins(self) -> None:
        """Several columns of one name, which are numbered."""
        self.graph.profile["names.collision"] = "auto_suffix"
        parent, columns = self.parent()
        names = self.dice.sample(list(columns), k=min(3, len(columns)))
        spelled = ["twin", "Twin", "TWIN"]
        show = [f"{self.name(old)} as {new}" for old, new in zip(names, spelled, strict=False)]
        numbered = [f"{new}_{n}" if n else new for n, new in enumerate(spelled)]
        out = {new: columns[old] for old, new in zip(names, numbered, strict=False)}
        self.add({"type": "transform", "from": parent, "show": show}, out)

    def spoil(self) -> None:
        """Something that both sides refuse, before any row is read."""
        self.graph.profile = {key: value for key, value in self.graph.profile.items() if value != "error"}
        parent, columns = self.parent()
        name = self.dice.choice(list(columns))
        wrong = self.words.wrong(name, columns[name])
        task: dict[str, Any] = {"type": "transform", "from": parent, "show": [f"{self.name(name)} as x"]}
        if wrong.startswith("show "):
            task["show"] = [f"{wrong[5:]} as x"]
        elif wrong.startswith("formula "):
            task["formulas"] = {"y": wrong[8:]}
        else:
            task["where"] = wrong
        self.add(task, {"x": columns[name]})

    def timed(self, columns: Columns, show: list[str], out: Columns, formulas: dict[str, Any]) -> None:
        """A calculated field or a period over period, whose date must be shown."""
        dice = self.dice
        dates = [n for n, k in columns.items() if k in ("date", "time")]
        numbers = [n for n, k in columns.items() if k == "number"]
        if not dates or not numbers:
            return
        day, number = dice.choice(dates), dice.choice(numbers)
        if not any(item.split(" as ")[0].strip("[]") == day for item in show):
            new = self.fresh()
            show.append(f"{self.name(day)} as {new}")
            out[new] = columns[day]
        keys = [n for n, k in columns.items() if k.split()[0] in ("text", "flag", "pick")]
        by = {"by": dice.sample(keys, 1)} if keys and dice.random() < 0.6 else {}
        kind = dice.choice(["sum", "avg", "min", "max", "count", "count_distinct"])
        unit = dice.choice(["days", "weeks", "months"])
        name = self.fresh()
        given = dice.choice(["pop", "aggregation", "comparison"])
        if given == "pop":
            formulas[name] = {"period_over_period": {
                "of": number, "date": day, "period": unit, "duration": dice.randint(1, 3),
                "prior_periods": dice.randint(1, 3), "aggregate": kind, "missing_as_zero": dice.random() < 0.5,
                "percent": dice.random() < 0.4, **by,
            }}  # fmt: skip
        elif given == "aggregation":
            window = f"{dice.choice(['last', 'prior'])} {dice.randint(1, 9)} {unit}"
            formulas[name] = {"aggregation_over_time": {kind: number, "window": window, "date": day, **by}}
        else:
            sides = [{kind: number, "window": f"last {dice.randint(1, 9)} {unit}"} for _ in "ab"]
            shape = dice.choice(["percent", "actual"])
            formulas[name] = {"comparison": {"a": sides[0], "b": sides[1], "date": day, "as": shape, **by}}
        out[name] = "result"

    def aggregate(self, columns: Columns) -> tuple[str, str]:
        dice = self.dice
        groupable = [n for n, k in columns.items() if not bare(k)]
        choices = [("count(*)", "number"), (f"count({self.name(dice.choice(list(columns)))})", "number")]
        if groupable:
            choices.append((f"count_distinct({self.name(dice.choice(groupable))})", "number"))
        for name, kind in columns.items():
            shown = self.name(name)
            if kind in ("number", "result"):
                choices += [(f"sum({shown})", kind), (f"avg({shown})", "result")]
            if kind in ("number", "result", "big", "date", "time", "text"):
                choices += [(f"{dice.choice(['min', 'MAX'])}({shown})", kind)]
        return dice.choice(choices)

    def aggregates(self, columns: Columns, show: list[str], out: Columns) -> None:
        for _ in range(self.dice.randint(1, 3)):
            call, kind = self.aggregate(columns)
            name = self.fresh()
            show.append(f"{call} as {name}")
            out[name] = kind

    def group(self) -> None:
        parent, columns = self.parent()
        keys = {n: k for n, k in columns.items() if not bare(k)}
        show, out = self.shown(keys, most=2) if keys and self.dice.random() < 0.8 else ([], {})
        if not show or self.dice.random() < 0.9:
            self.aggregates(columns, show, out)
        task: dict[str, Any] = {"type": "transform", "from": parent, "show": show}
        if not any("(" in item for item in show):
            task["group_by"] = [item.rsplit(" as ", 1)[0] for item in show]
        self.add(self.where(task, columns), out)

    def pivot(self) -> None:
        dice = self.dice
        parent, columns = self.parent()
        keys = [k for k in columns if not bare(columns[k])]
        keys = dice.sample(keys, k=dice.randint(0, min(2, len(keys))))
        out = {key: columns[key] for key in keys}
        task: dict[str, Any] = {"type": "pivot", "from": parent}
        if keys:
            task["group_by"] = keys
        texts = [n for n, k in columns.items() if k == "text"]
        if texts and dice.random() < 0.4:
            call, kind = self.aggregate(columns)
            names = dice.sample(["a", "A1", "b", "ab", "é", "ß", "50%"], 2)
            task |= {"pivot_on": dice.choice(texts), "value": call, "columns": names}
            if kind in ("number", "result") and dice.random() < 0.5:
                task["default"] = 0
            out |= dict.fromkeys(names, kind)
        else:
            listed = []
            for _ in range(dice.randint(1, 3)):
                call, kind = self.aggregate(columns)
                one: dict[str, Any] = {"name": self.fresh(), "where": self.words.where(columns), "value": call}
                if kind in ("number", "result") and dice.random() < 0.5:
                    one["default"] = dice.choice([0, -1])
                listed.append(one)
                out[one["name"]] = kind
            task["columns"] = listed
        name = self.add(self.where(task, columns), out)
        # A pivot keeps the names of its keys, so only a transform that renames them is used again.
        renamed = {self.fresh(): old for old in out}
        show = [f"[{old}] as {new}" for new, old in renamed.items()]
        if dice.random() < 0.5:
            self.add({"type": "transform", "from": name, "show": show}, {n: out[o] for n, o in renamed.items()})
        del self.parents[name]

    # -- several parents ------------------------------------------------------------------------------------------
    def merge(self) -> None:
        dice = self.dice
        names = list(self.parents)
        if len(names) < 2:
            self.source()
            names = list(self.parents)
        chain = dice.sample(names, k=min(len(names), dice.choice([2, 2, 2, 3])))
        sides: dict[str, Columns] = {chain[0]: self.parents[chain[0]]}
        join = []
        for name in chain[1:]:
            columns = self.parents[name]
            pairs = [
                (side, a, b) for side, known in sides.items() for a, x in known.items() for b, y in columns.items()
                if x == y and not bare(x)
            ]  # fmt: skip
            if not pairs:
                continue
            on = [
                f"{self.words.ref(a)} {dice.choice('==~') if sides[side][a] == 'text' else '='} {self.words.ref(b)}"
                for side, a, b in dice.sample(pairs, k=min(len(pairs), dice.choice([1, 1, 2])))
            ]
            keep = dice.choice(["common", "left", "right", "all"])
            join.append({"dataset": name, "keep": keep, "on": " and ".join(on)})
            sides[name] = columns
        if not join:
            return self.transform()
        show: list[str] = []
        out: Columns = {}
        for side, columns in sides.items():
            more, renamed = self.shown(columns, f"{side}." if dice.random() < 0.6 else "", 4)
            show += more
            out |= renamed
        every: Columns = {n: k for columns in sides.values() for n, k in columns.items()}
        if dice.random() < 0.15:
            show = [s for s in show if not bare(out[s.rsplit(" as ", 1)[1]])][:3]
            out = {n: k for n, k in out.items() if any(s.endswith(f" as {n}") for s in show)}
            self.aggregates(every, show, out)
        self.add(self.where({"type": "merge", "from": chain[0], "join": join, "show": show}, every), out)
        return None

    def union(self) -> None:
        dice = self.dice
        names = list(self.parents)
        if len(names) < 2:
            return self.transform()
        chosen = dice.sample(names, k=min(len(names), dice.choice([2, 2, 3])))
        columns: dict[str, dict[str, str]] = {}
        out: Columns = {}
        for name, kind in list(self.parents[chosen[0]].items())[:4]:
            new = self.fresh()
            columns[new], out[new] = {chosen[0]: name}, kind
            for other in chosen[1:]:
                fits = [n for n, k in self.parents[other].items() if k == kind]
                if fits and dice.random() < 0.8:
                    columns[new][other] = dice.choice(fits)
        last = self.parents[chosen[-1]]
        new, name = self.fresh(), dice.choice(list(last))
        columns[new], out[new] = {chosen[-1]: name}, last[name]
        self.add({"type": "union", "from": chosen, "columns": columns}, out)
        return None
