"""Small random rules with their files, for holding the engine against the oracle.

Numbers are multiples of a quarter, so that double precision and exact decimals agree; what a division or an average
gives is only compared and summed afterwards. Every task renames all columns, so that no name is ever ambiguous.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Columns = dict[str, str]
TEXTS = ["a", "A", "ab", "Ab c", "b", " b", "x_y", "50%", "é"]
DATES = ["2024-05-14", "2024-05-15", "2024-05-16", "2024-04-30", "2024-02-29", "2023-12-31"]
PERIODS = ["last 7 days", "this week", "this month", "last 2 months", "current and next 1 quarters", "next 1 days"]
TIMES = ["2024-05-14T23:30:00Z", "2024-05-15T00:00:00Z", "2024-05-15T12:00:00Z", "2023-12-31T23:59:59Z"]
KINDS = {"text": "string", "number": "number", "date": "date", "flag": "boolean", "time": "datetime"}


class Maker:
    """One random rule; everything follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.tasks: dict[str, Any] = {}
        self.columns: dict[str, Columns] = {}

    # -- files ----------------------------------------------------------------------------------------------------
    def write(self, folder: Path) -> None:
        managed = folder / "datasets" / "s3" / "gainsight-managed"
        managed.mkdir(parents=True)
        for number in range(2):
            self.file(managed, number)
        for _ in range(self.random.randint(3, 8)):
            self.random.choice([self.transform, self.group, self.merge, self.union, self.pivot])()
        (folder / "rules").mkdir()
        rule = {"rule": "A random rule", "for": "company", "tasks": self.tasks}
        text = yaml.safe_dump(rule, sort_keys=False, allow_unicode=True, width=500)
        (folder / "rules" / "rule.yml").write_text(text, encoding="utf-8")
        (folder / "case.yml").write_text("rule_date: 2024-05-15\n", encoding="utf-8")
        zone = self.random.choice(["UTC", "America/Los_Angeles"])
        (folder / "gsrules.toml").write_text(f'timezone = "{zone}"\n', encoding="utf-8")

    def fresh(self, prefix: str = "c") -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def cell(self, kind: str) -> str:
        if self.random.random() < 0.2:
            return ""
        number = self.random.choice(["0", "1", "2", "3", "-2", "0.25", "-1.5", "10", "7.75"])
        pool = {"text": TEXTS, "date": DATES, "flag": ["true", "no", "TRUE"], "time": TIMES, "number": [number]}
        return self.random.choice(pool[kind])

    def file(self, folder: Path, number: int) -> None:
        kinds = ["text", "number", *self.random.choices(list(KINDS), k=4)]
        columns = {self.fresh(): kind for kind in kinds}
        with (folder / f"f{number}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=self.random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
            writer.writerow(columns)
            for _ in range(self.random.randint(0, 12)):
                writer.writerow([self.cell(kind) for kind in columns.values()])
        self.add(columns, {
            "type": "s3", "path": f"f{number}.csv", "date_format": "yyyy-MM-dd",
            "datetime_format": "yyyy-MM-dd'T'HH:mm:ssXXX", "columns": {n: KINDS[k] for n, k in columns.items()},
        })  # fmt: skip

    def add(self, columns: Columns, task: dict[str, Any]) -> None:
        name = self.fresh("T")
        self.tasks[name] = task
        self.columns[name] = columns

    def parent(self) -> tuple[str, Columns]:
        name = self.random.choice(list(self.columns))
        return name, self.columns[name]

    # -- expressions ----------------------------------------------------------------------------------------------
    def pick(self, columns: Columns, *kinds: str) -> str | None:
        found = [name for name, kind in columns.items() if kind in kinds]
        return self.random.choice(found) if found else None

    def number(self, columns: Columns, depth: int = 2) -> str:
        name = self.pick(columns, "number") or "2"
        if depth == 0:
            return self.random.choice([name, "1", "0.5", "-3"])
        a, b = self.number(columns, depth - 1), self.number(columns, depth - 1)
        forms: list[Callable[[], str]] = [
            lambda: name,
            lambda: f"({a} {self.random.choice('+-*')} {b})",
            lambda: f"length({self.text(columns, 1)})",
            lambda: f"coalesce({a}, {b})",
            lambda: f"case when {self.condition(columns, 1)} then {a} else {b} end",
            lambda: f"{self.random.choice(['abs', 'ceil', 'floor', 'round'])}({a})",
            lambda: f"{self.random.choice(['greatest', 'least', 'nullif'])}({a}, {b})",
            lambda: f"date_diff({self.date(columns)}, {self.date(columns)})",
            lambda: f"mod({a}, {b})",
        ]
        return self.random.choice(forms)()

    def text(self, columns: Columns, depth: int = 2) -> str:
        literal = "'" + self.random.choice(TEXTS) + "'"
        name = self.pick(columns, "text") or literal
        if depth == 0:
            return self.random.choice([name, name, literal])
        a, b = self.text(columns, depth - 1), self.text(columns, depth - 1)
        forms: list[Callable[[], str]] = [
            lambda: name,
            lambda: f"({a} + {b})",
            lambda: f"{self.random.choice(['upper', 'lower', 'trim'])}({a})",
            lambda: f"{self.random.choice(['left', 'right'])}({a}, {b})",
            lambda: f"substring({a}, {self.random.randint(-1, 3)}, {self.random.randint(0, 3)})",
            lambda: f"replace({a}, {b}, '-')",
            lambda: f"to_string({self.number(columns, 0)})",
            lambda: f"to_string({self.date(columns)})",
            lambda: f"case when {self.condition(columns, 1)} then {a} else {b} end",
        ]
        return self.random.choice(forms)()

    def date(self, columns: Columns) -> str:
        name = self.pick(columns, "date") or "rule_date"
        time = self.pick(columns, "time")
        forms = [name, name, f"add_days({name}, {self.random.randint(-40, 40)})", f"first_day_of_month({name})",
                 f"({name} + {self.random.randint(1, 3)} months)", f"last_day_of_week({name})"]  # fmt: skip
        return self.random.choice([*forms, f"datetime_to_date({time})"] if time else forms)

    def condition(self, columns: Columns, depth: int = 2) -> str:
        if depth and self.random.random() < 0.5:
            a, b = self.condition(columns, depth - 1), self.condition(columns, depth - 1)
            return self.random.choice([f"({a} and {b})", f"({a} or {b})", f"not ({a})"])
        number = self.pick(columns, "number", "result") or "1"
        text = self.pick(columns, "text") or "'a'"
        date = self.pick(columns, "date", "time") or "rule_date"
        word = self.random.choice(TEXTS)
        choices = [
            f"{number} {self.random.choice(['=', '!=', '<', '<=', '>', '>='])} {self.number(columns, 0)}",
            f"{number} between -2 and {self.random.randint(-3, 8)}",
            f"{number} in (1, 2, 0.25)",
            f"{text} {self.random.choice(['=', '!=', '~', '!~', 'contains', 'starts with', 'ends with'])} '{word}'",
            f"{text} does not contain '{word}'",
            f"{text} {self.random.choice(['in', 'not in'])} ('a', 'B', '{word}')",
            f"{date} {self.random.choice(['=', '<', '>='])} date '{self.random.choice(DATES)}'",
            f"{date} <= rule_date - {self.random.randint(0, 20)} days",
            f"{date} in {self.random.choice(PERIODS)}",
            f"{self.random.choice(list(columns))} is {self.random.choice(['null', 'not null'])}",
        ]
        return self.random.choice(choices)

    # -- tasks ----------------------------------------------------------------------------------------------------
    def shown(self, columns: Columns, prefix: str = "") -> tuple[list[str], Columns]:
        names = self.random.sample(list(columns), k=self.random.randint(1, min(5, len(columns))))
        renamed = {self.fresh(): name for name in names}
        return [f"{prefix}{old} as {new}" for new, old in renamed.items()], {n: columns[o] for n, o in renamed.items()}

    def where(self, task: dict[str, Any], columns: Columns) -> dict[str, Any]:
        if self.random.random() < 0.5:
            task["where"] = self.condition(columns)
        return task

    def transform(self) -> None:
        parent, columns = self.parent()
        show, out = self.shown(columns)
        formulas: dict[str, Any] = {}
        for _ in range(self.random.randint(0, 3)):
            kind = self.random.choice(["number", "text", "date", "result"])
            made = {"number": self.number, "text": self.text}
            if kind == "date":
                expression = self.date(columns)
            elif kind == "result":
                expression = f"{self.number(columns, 1)} / {self.number(columns, 1)}"
            else:
                expression = made[kind](columns, 2)
            name = self.fresh()
            formulas[name] = {"expression": expression, "type": KINDS.get(kind, "number")}
            out[name] = kind
        task: dict[str, Any] = {"type": "transform", "from": parent, "show": show}
        if formulas:
            task["formulas"] = formulas
        self.add(out, self.where(task, columns))

    def aggregate(self, columns: Columns) -> tuple[str, str]:
        number, any_one = self.pick(columns, "number", "result"), self.random.choice(list(columns))
        choices = [("count(*)", "number"), (f"count({any_one})", "number"), (f"count_distinct({any_one})", "number")]
        if number:
            kind = columns[number]
            choices += [(f"sum({number})", kind), (f"avg({number})", "result"), (f"max({number})", kind)]
        if ordered := self.pick(columns, "text", "date", "time"):
            choices.append((f"min({ordered})", columns[ordered]))
        return self.random.choice(choices)

    def group(self) -> None:
        parent, columns = self.parent()
        show, out = self.shown(columns) if self.random.random() < 0.8 else ([], {})
        for _ in range(self.random.randint(1, 3)):
            call, kind = self.aggregate(columns)
            name = self.fresh()
            show.append(f"{call} as {name}")
            out[name] = kind
        self.add(out, self.where({"type": "transform", "from": parent, "show": show}, columns))

    def merge(self) -> None:
        (left, left_columns), (right, right_columns) = self.parent(), self.parent()
        pairs = [(a, b) for a, x in left_columns.items() for b, y in right_columns.items() if x == y and x != "flag"]
        if left == right or not pairs:
            return self.transform()
        on = [f"{a} {self.random.choice('=~')} {b}" for a, b in self.random.sample(pairs, k=1)]
        join = {"dataset": right, "keep": self.random.choice(["common", "left", "right", "all"]), "on": on[0]}
        show, out = self.shown(left_columns, f"{left}.")
        more, others = self.shown(right_columns, f"{right}.")
        task = {"type": "merge", "from": left, "join": [join], "show": show + more}
        self.add(out | others, self.where(task, left_columns | right_columns))
        return None

    def union(self) -> None:
        (first, a), (second, b) = self.parent(), self.parent()
        if first == second:
            return self.group()
        columns: dict[str, dict[str, str]] = {}
        out: Columns = {}
        for name, kind in list(a.items())[:4]:
            new = self.fresh()
            columns[new], out[new] = {first: name}, kind
            if (other := self.pick(b, kind)) and self.random.random() < 0.8:
                columns[new][second] = other
        self.add(out, {"type": "union", "from": [first, second], "columns": columns})
        return None

    def pivot(self) -> None:
        parent, columns = self.parent()
        keys = self.random.sample(list(columns), k=self.random.randint(0, min(2, len(columns))))
        keys = [key for key in keys if columns[key] != "result"]
        listed, out = [], {key: columns[key] for key in keys}
        for _ in range(self.random.randint(1, 3)):
            call, kind = self.aggregate(columns)
            name = self.fresh()
            one: dict[str, Any] = {"name": name, "where": self.condition(columns, 1), "value": call}
            if kind in ("number", "result") and self.random.random() < 0.5:
                one["default"] = self.random.choice([0, -1])
            listed.append(one)
            out[name] = kind
        task: dict[str, Any] = {"type": "pivot", "from": parent, "columns": listed}
        if keys:
            task["group_by"] = keys
        # A pivot keeps the names of its keys, so a transform renames them and only that one is used again.
        renamed = {self.fresh(): name for name in out}
        self.add(out, self.where(task, columns))
        pivot = list(self.tasks)[-1]
        show = [f"{old} as {new}" for new, old in renamed.items()]
        self.add({new: out[old] for new, old in renamed.items()}, {"type": "transform", "from": pivot, "show": show})
        del self.columns[pivot]
