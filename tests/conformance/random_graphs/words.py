"""Random conditions and formulas over typed columns."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.conformance.random_graphs import pools, wrong

Columns = dict[str, str]
PERIODS = [
    "today", "yesterday", "tomorrow", "last 7 days", "next 1 days", "this week", "this month", "this quarter",
    "this year", "this fiscal quarter", "this fiscal year", "last 2 months", "last 1 weeks", "next 2 weeks",
    "current and last 3 days", "current and next 1 quarters", "last 1 fiscal years", "next 1 fiscal quarters",
    "current and last 2 years", "current and next 2 fiscal quarters", "last 5 quarters",
]  # fmt: skip
UNITS = ["days", "weeks", "months", "quarters", "years"]
NUMERIC = ("number", "result", "big")
EXACT = ("number",)
# name: kinds of the arguments, kind of the result; lower-case letters are literals
FUNCTIONS: list[tuple[str, str, str]] = [
    ("concat", "T T", "text"), ("concat", "T T T", "text"), ("left", "T S", "text"), ("right", "T S", "text"),
    ("substring", "T i i", "text"), ("upper", "T", "text"), ("lower", "T", "text"), ("trim", "T", "text"),
    ("left_trim", "T", "text"), ("right_trim", "T", "text"), ("md5", "T", "text"), ("sha256", "T", "text"),
    ("to_base64", "T", "text"), ("replace", "T S S", "text"), ("to_string", "N", "text"), ("to_string", "B", "text"),
    ("to_string", "D", "text"), ("to_string", "X", "text"), ("to_string", "P", "text"), ("to_string", "M", "text"),
    ("to_string", "D f", "text"), ("to_string", "X g", "text"), ("calendar_label", "D u", "text"),
    ("fiscal_quarter_label", "D", "text"), ("fiscal_year_label", "D", "text"), ("coalesce", "T T", "text"),
    ("nullif", "T T", "text"), ("greatest", "T T", "text"), ("least", "T T", "text"),
    ("position", "T S", "number"), ("length", "T", "number"), ("ceil", "N", "number"), ("floor", "N", "number"),
    ("abs", "N", "number"), ("round", "N", "number"), ("round", "N k", "number"), ("mod", "N N", "number"),
    ("coalesce", "N N", "number"), ("nullif", "N N", "number"), ("greatest", "N N", "number"),
    ("least", "N N N", "number"), ("date_diff", "D D", "number"), ("date_diff", "D D v", "number"),
    ("date_diff", "X X v", "number"), ("day_of_week", "D", "number"), ("week_number", "D", "number"),
    ("to_epoch", "D", "number"), ("to_epoch", "X", "number"), ("to_number", "T", "result"),
    ("to_number", "N", "number"),
    ("sqrt", "N", "result"), ("exp", "N", "result"), ("ln", "N", "result"), ("log10", "N", "result"),
    ("log", "N N", "result"), ("covar_pop", "N N", "result"), ("correlation", "N N", "result"),
    ("var_pop", "N", "result"), ("stddev_pop", "N", "result"), ("median", "N", "result"),
    ("is_empty", "T", "flag"), ("is_empty", "N", "flag"), ("is_empty", "P", "flag"), ("to_boolean", "T", "flag"),
    ("to_boolean", "B", "flag"), ("coalesce", "B B", "flag"),
    ("rule_date", "", "date"), ("add_days", "D N", "date"), ("add_weeks", "D i", "date"), ("add_months", "D i", "date"),
    ("add_years", "D i", "date"), ("datetime_to_date", "X", "date"), ("to_date", "T", "date"), ("to_date", "X", "date"),
    ("to_date", "F f", "date"), ("epoch_to_date", "E", "date"), ("first_day_of_week", "D", "date"),
    ("last_day_of_week", "X", "date"), ("first_day_of_month", "D", "date"), ("last_day_of_month", "X", "date"),
    ("first_day_of_quarter", "D", "date"), ("last_day_of_quarter", "D", "date"), ("coalesce", "D D", "date"),
    ("greatest", "D D", "date"), ("least", "D D", "date"), ("add_days", "X i", "time"), ("add_weeks", "X i", "time"),
    ("to_datetime", "D", "time"), ("to_datetime", "G g", "time"), ("epoch_to_datetime", "E", "time"),
]  # fmt: skip
FORMATS = ["yyyy-MM-dd", "dd/MM/yy", "EEE d MMMM yyyy", "MMM''yyyy d"]
TIME_FORMATS = ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyyMMdd h:mm:ss a", "EEEE dd-MM-yyyy HH:mm[:ss]", "uuuu M d H m xx"]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Words:
    """Writes expressions; everything follows from the dice."""

    def __init__(self, dice: random.Random, mappings: bool = True) -> None:
        self.dice = dice
        self.mappings = mappings

    # -- names ----------------------------------------------------------------------------------------------------
    def ref(self, name: str) -> str:
        """A column as an expression names it: bracketed where it must be, in any letter case."""
        if "." in name:  # a path through lookups
            return ".".join(self.ref(part) for part in name.split("."))
        spelled = name.upper() if name.isascii() and self.dice.random() < 0.1 else name
        return spelled if name.isidentifier() and name.isascii() and self.dice.random() < 0.7 else f"[{spelled}]"

    def pick(self, columns: Columns, *kinds: str) -> str | None:
        found = [name for name, kind in columns.items() if kind.split()[0] in kinds]
        return self.ref(self.dice.choice(found)) if found else None

    # -- values ---------------------------------------------------------------------------------------------------
    def of_kind(self, columns: Columns, kind: str, depth: int) -> str:
        """An expression of a kind."""
        named = self.pick(columns, kind)
        if kind.split()[0] in ("pick", "multi", "big"):
            return named or "rule_date"
        if depth <= 0 or self.dice.random() < 0.3:
            return named if named and self.dice.random() < 0.8 else self.literal(columns, kind)
        if self.dice.random() < 0.25:
            return self.case(columns, kind, depth - 1)
        if self.dice.random() < 0.25 and kind in ("number", "text"):
            a, b = self.of_kind(columns, kind, depth - 1), self.of_kind(columns, kind, depth - 1)
            return f"({a} {'+' if kind == 'text' else self.dice.choice('+-*')} {b})"
        choices = [f for f in FUNCTIONS if f[2] == kind]
        return self.call(columns, *self.dice.choice(choices)[:2], depth - 1)

    def result(self, columns: Columns) -> str:
        """A number that double precision may give in another last digit."""
        if self.dice.random() < 0.4:
            return f"{self.of_kind(columns, 'number', 1)} / {self.of_kind(columns, 'number', 1)}"
        return self.call(columns, *self.dice.choice([f for f in FUNCTIONS if f[2] == "result"])[:2], 1)

    def call(self, columns: Columns, name: str, signature: str, depth: int) -> str:
        given = [self.argument(columns, kind, depth) for kind in signature.split()]
        if None in given:
            return self.of_kind(columns, "date", 0) if name == "to_string" else self.literal(columns, "number")
        shown = name.upper() if self.dice.random() < 0.1 else name
        return f"{shown}({', '.join(str(each) for each in given)})"

    def argument(self, columns: Columns, kind: str, depth: int) -> str | None:
        dice = self.dice
        simple: dict[str, Callable[[], str | None]] = {
            "T": lambda: self.of_kind(columns, "text", depth), "N": lambda: self.of_kind(columns, "number", depth),
            "D": lambda: self.of_kind(columns, "date", depth), "B": lambda: self.of_kind(columns, "flag", depth),
            "X": lambda: self.of_kind(columns, "time", depth), "P": lambda: self.pick(columns, "pick"),
            "M": lambda: self.pick(columns, "multi"), "S": lambda: quoted(dice.choice([*pools.SEARCHES, ""])),
            "i": lambda: str(dice.randint(-2, 4)), "k": lambda: str(dice.randint(0, 2)),
            "f": lambda: quoted(dice.choice(FORMATS)), "g": lambda: quoted(dice.choice(TIME_FORMATS)),
            "u": lambda: dice.choice(["'month'", "'quarter'", "'year'"]),
            "v": lambda: dice.choice(["'days'", "'weeks'", "'months'"]),
            "E": lambda: dice.choice(["0", "1709251200000", "-86400000", "1715731200", "12345.5"]),
            "F": lambda: quoted(dice.choice(["2024-02-29", "29/02/24", " 2024-01-31 ", "2023-02-29"])),
            "G": lambda: dice.choice([quoted("2024-05-15T10:20:30.123+02:00"), quoted("20240515 1:02:03 PM")]),
        }  # fmt: skip
        return simple[kind]()

    def literal(self, columns: Columns, kind: str) -> str:
        dice = self.dice
        if kind in ("text", "number", "flag") and dice.random() < 0.06:
            return {"text": ":word", "number": ":least", "flag": ":often"}[kind]
        if kind == "text":
            return quoted(dice.choice(pools.TEXTS))
        if kind == "number":
            text = dice.choice(pools.QUARTERS)
            return f"({text})" if text.startswith("-") else text
        if kind == "flag":
            return dice.choice(["true", "false"])
        if kind == "time":
            return self.pick(columns, "time") or f"to_datetime(date '{dice.choice(pools.DATES)}')"
        return dice.choice(["rule_date", f"date '{dice.choice(pools.DATES)}'"])

    def case(self, columns: Columns, kind: str, depth: int) -> str:
        whens = [
            f"when {self.condition(columns, depth)} then {self.of_kind(columns, kind, depth)}"
            for _ in range(self.dice.randint(1, 2))
        ]
        other = f" else {self.of_kind(columns, kind, depth)}" if self.dice.random() < 0.7 else ""
        return f"case {' '.join(whens)}{other} end"

    # -- conditions -----------------------------------------------------------------------------------------------
    def condition(self, columns: Columns, depth: int = 1) -> str:
        if depth > 0 and self.dice.random() < 0.45:
            a, b = self.condition(columns, depth - 1), self.condition(columns, depth - 1)
            return self.dice.choice([f"({a} and {b})", f"({a} or {b})", f"not ({a})"])
        return self.leaf(columns)

    def leaf(self, columns: Columns) -> str:
        """One comparison of a column."""
        name = self.dice.choice(list(columns))
        kind, left = columns[name], self.ref(name)
        if self.dice.random() < 0.12:
            return f"{left} is {self.dice.choice(['null', 'not null'])}"
        return getattr(self, f"_{kind.split()[0]}")(left, {n: k for n, k in columns.items() if n != name} or columns)

    def _text(self, left: str, columns: Columns) -> str:
        dice = self.dice
        right = self.pick(columns, "text") if dice.random() < 0.25 else None
        right = right or quoted(dice.choice(pools.TEXTS))
        search = quoted(dice.choice(pools.SEARCHES))
        words = ", ".join(quoted(t) for t in dice.sample(pools.TEXTS, 3))
        return dice.choice([
            f"{left} {dice.choice(['=', '!=', '~', '!~'])} {right}",
            f"{left} {dice.choice(['in', 'not in'])} ({words})",
            f"{left} {dice.choice(['contains', 'does not contain', 'starts with', 'ends with'])} {search}",
        ])  # fmt: skip

    def _number(self, left: str, columns: Columns) -> str:
        dice = self.dice
        right = self.of_kind(columns, "number", dice.choice([0, 0, 1]))
        low, high = sorted(dice.choices([-2, 0, 1, 3, 10], k=2), reverse=dice.random() < 0.1)
        return dice.choice([
            f"{left} {dice.choice(['=', '!=', '<', '<=', '>', '>='])} {right}",
            f"{left} {dice.choice(['between', 'not between'])} {low} and {high}",
            f"{left} {dice.choice(['in', 'not in'])} (1, 2, 0.25)",
        ])  # fmt: skip

    def _result(self, left: str, columns: Columns) -> str:
        return f"{left} {self.dice.choice(['<', '>'])} {self.dice.choice(['0.123457', '1000.7', '(-5.2221)'])}"

    def _big(self, left: str, columns: Columns) -> str:
        return f"{left} {self.dice.choice(['=', '!=', '<', '<=', '>', '>='])} {self.dice.choice(pools.BIGS[3:])}"

    def _date(self, left: str, columns: Columns) -> str:
        dice = self.dice
        day = dice.choice([
            f"date '{dice.choice(pools.DATES)}'", "rule_date", self.pick(columns, "date", "time") or "rule_date",
            f"rule_date {dice.choice('+-')} {dice.randint(0, 40)} {dice.choice(UNITS[:3])}",
        ])  # fmt: skip
        return dice.choice([
            f"{left} {dice.choice(['=', '!=', '<', '<=', '>', '>='])} {day}",
            f"{left} {dice.choice(['between', 'not between'])} date '2024-03-31' and {day}",
            f"{left} in {dice.choice(PERIODS)}",
        ])  # fmt: skip

    _time = _date

    def _flag(self, left: str, columns: Columns) -> str:
        return f"{left} {self.dice.choice(['=', '!='])} {self.dice.choice(['true', 'false'])}"

    def _pick(self, left: str, columns: Columns) -> str:
        words = ", ".join(quoted(t) for t in self.dice.sample(pools.ITEMS, self.dice.randint(1, 3)))
        return f"{left} {self.dice.choice(['in', 'not in'])} ({words})"

    _multi = _pick

    def wrong(self, name: str, kind: str) -> str:
        """A condition, `show …` or `formula …` that no such column takes."""
        lines = wrong.ANY if self.dice.random() < 0.2 else wrong.BY_KIND[kind.split()[0]]
        return self.dice.choice(lines).replace("{}", self.ref(name))

    # -- where ----------------------------------------------------------------------------------------------------
    def where(self, columns: Columns) -> Any:
        """A string, a list, or lettered conditions with their logic."""
        form = self.dice.choice(["string", "string", "list", "letters"])
        if form == "string":
            return self.condition(columns, 1)
        conditions = [self.stated(columns) for _ in range(self.dice.randint(1, 3))]
        if form == "list":
            return conditions
        lettered: dict[str, Any] = dict(zip("ABC", conditions, strict=False))
        if len(conditions) == 3:
            lettered["logic"] = self.dice.choice(["A AND (B OR C)", "A or B and C", "(a or b) AND c", "C or A or B"])
        return lettered

    def stated(self, columns: Columns) -> Any:
        """A condition, now and then with switches of its own."""
        text = self.leaf(columns)
        if not self.mappings or self.dice.random() < 0.6:
            return text
        switches: dict[str, Any] = {"condition": text}
        if " is " not in text and self.dice.random() < 0.7:
            switches["include_nulls"] = self.dice.random() < 0.7
        if "'" in text and " contain" in text and "case" not in text and self.dice.random() < 0.5:
            switches["ignore_case"] = self.dice.random() < 0.5
        return switches
