"""What an entry of the function catalogue says (data-setup.md §11.2, §11.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Protocol

from gsrules.catalogue.datatypes import DataType, Family
from gsrules.dataclass import dataclass
from gsrules.expressions.sql import Sql
from gsrules.expressions.tree import Expr, Literal

TEXT = frozenset({Family.TEXT})
NUMBERS = frozenset({Family.NUMBER})
DATES = frozenset({Family.DATE, Family.DATETIME})
ANY = frozenset(Family)

EXAMPLE_RULE_DATE = date(2024, 5, 15)
"""The rule date of all examples."""

DIVISION_BY_ZERO = "division by zero"
OUT_OF_RANGE = "number out of range"
NO_RESULT = "no real result"
NOT_CONVERTED = "text not converted"
NOT_FOUND = "text not found"
NULL_JOINED = "null joined to a text"
FRACTION_CUT = "fraction cut off"
DATE_OUT_OF_RANGE = "date out of range"


class Speller(Protocol):
    """What a function needs to spell itself: its arguments in the wanted physical form."""

    @property
    def profile(self) -> Mapping[str, Any]: ...
    @property
    def zone(self) -> str: ...
    @property
    def rule_date(self) -> Sql: ...
    def value(self, expr: Expr) -> Sql:
        """The value in the form of `expr.type.storage`."""

    def number(self, expr: Expr) -> Sql:
        """A number as DECIMAL(38,9)."""

    def double(self, expr: Expr) -> Sql:
        """A number as DOUBLE, not rounded."""

    def integer(self, expr: Expr, low: int, high: int) -> Sql:
        """A number as BIGINT: fraction cut off, clipped to low…high."""

    def date(self, expr: Expr) -> Sql:
        """A Date, or the tenant-zone date of a DateTime, as DATE."""

    def label(self, expr: Expr) -> Sql:
        """Any value as `to_string` writes it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A counted warning: `condition` is true of the rows that `reason` befell; `fatal`: any such row fails the run."""

    reason: str
    condition: Sql
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter. `constant`: must be a text constant, one of `choices` if there are any."""

    name: str
    families: frozenset[Family]
    optional: bool = False
    repeated: bool = False
    constant: bool = False
    choices: tuple[str, ...] = ()

    @property
    def takes(self) -> str:
        """What may be given, in words."""
        if self.constant:
            return (
                "one of " + ", ".join(f"'{choice}'" for choice in self.choices) if self.choices else "a text constant"
            )
        if self.families == ANY:
            return "any type"
        return " or ".join(family.value for family in Family if family in self.families)

    def __str__(self) -> str:
        return f"[{self.name}]" if self.optional else f"{self.name}, …" if self.repeated else self.name


@dataclass(frozen=True, slots=True)
class Example:
    """An expression and its true result, as `to_string` prints it (None: null).

    It is over constants; or over `rows`, number columns as texts, and then the result is that of the first row.
    """

    text: str
    result: str | None
    evidence: str = "computed"
    rows: tuple[Mapping[str, str], ...] = ()


Args = tuple[Expr, ...]
Result = DataType | Callable[[Args], DataType]


@dataclass(frozen=True, slots=True)
class Function:
    """An entry. `key` is Gainsight's internal name, empty for extensions.

    `one_family`: index from which on the arguments must share one family, which is the result's.
    `double`: `spell` gives a DOUBLE that is rounded where arithmetic ends. `counts` tells what may go wrong in a row.
    `uses`: how often the spelled call repeats an argument at most. `check` returns the problem of an argument as
    (index, message, hint). `over_rows`: the value depends on all rows of the task; it stands in formulas of a
    transform only, where the plan computes it, and has no `spell`. `keys`: those of the behaviour profile that decide.
    """

    name: str
    key: str
    params: tuple[Param, ...]
    result: Result
    description: str
    nulls: str = "null if any argument is null"
    evidence: str = "doc"
    examples: tuple[Example, ...] = ()
    spell: Callable[[Args, Speller], Sql] | None = None
    counts: Callable[[Args, Speller], tuple[Counted, ...]] | None = None
    check: Callable[[Args], tuple[int, str, str] | None] | None = None
    extension: bool = False
    double: bool = False
    one_family: int | None = None
    uses: int = 1
    over_rows: bool = False
    keys: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """For example `left(text, search)`."""
        return f"{self.name}({', '.join(str(param) for param in self.params)})"

    @property
    def gives(self) -> str:
        """The family of the result in words."""
        if not callable(self.result):
            return self.result.family.value
        return f"the type of {self.params[self.one_family or 0].name}"

    def result_type(self, args: Args) -> DataType:
        """The type of a call with bound arguments."""
        return self.result(args) if callable(self.result) else self.result


def constant_text(expr: Expr) -> str | None:
    """The text of a text constant."""
    return expr.value if isinstance(expr, Literal) and isinstance(expr.value, str) else None
