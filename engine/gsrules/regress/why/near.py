"""Keys and values that almost match: other letter case, spaces, leading zeros, a slip of the pen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.staging import all_of, cast, fragment, named, number, select, spelled, sub, text
from gsrules.catalogue.datatypes import NUMBER, DataType, Family
from gsrules.dataclass import dataclass
from gsrules.regress.why.model import Near
from gsrules.run.trace import Trace
from gsrules.tenant.names import column

_SHOWN: Final = 3
_DIFFERENCES: Final = {
    1: "differs in upper and lower case only",
    2: "differs in spaces only",
    3: "differs in leading zeros only",
    4: "almost the same text",
}
_FAR: Final = 9


def nearest_values(trace: Trace, rows: exp.Table, value: exp.Expr, wanted: str) -> list[Near]:
    """The values of a column that almost equal a text, the nearest first."""
    return nearest_keys(trace, rows, [Key(value, text(wanted), ignore_case=False, slips=True)])


@dataclass(frozen=True, slots=True)
class Key:
    """One part of a key: `value` over the rows searched, and what is `wanted`, both texts.

    `ignore_case`: the rule does. `slips`: texts that people type may have slips; ids, numbers and dates have none.
    """

    value: exp.Expr
    wanted: exp.Expr
    ignore_case: bool
    slips: bool


def nearest_keys(trace: Trace, rows: exp.Expr, keys: Sequence[Key]) -> list[Near]:
    """The keys in `rows` that almost equal the wanted one, of the nearest kind only.

    The part that differs most decides how near a key is; at least one is not equal.
    """
    names = [f"v{at}" for at in range(len(keys))]
    texts = [named(key.value, name) for key, name in zip(keys, names, strict=True)]
    grouped = select(*texts, named(exp.Count(this=exp.Star()), "n")).from_(rows, copy=False)
    grouped = grouped.group_by(*(exp.Literal.number(at + 1) for at in range(len(names))), copy=False)
    own = [column(name, "g") for name in names]
    ranks = [named(_rank(own[at], key), f"r{at}") for at, key in enumerate(keys)]
    slips = [named(_slips(own[at], cast(key.wanted, "VARCHAR")), f"d{at}") for at, key in enumerate(keys)]
    ranked = select(exp.Star(), *ranks, *slips).from_(sub(grouped, "g"), copy=False)
    rank = _greatest([column(f"r{at}", "k") for at in range(len(names))])
    total: exp.Expr = column("d0", "k")
    for at in range(1, len(names)):
        total = exp.Add(this=total, expression=column(f"d{at}", "k"))
    shown = [column(name, "k") for name in names]
    near = fragment(":r BETWEEN 1 AND 4", r=rank)
    query = (
        select(*shown, named(rank, "rank"), column("n", "k"))
        .from_(sub(ranked, "k"), copy=False)
        .where(all_of([near]), copy=False)
        .order_by(rank.copy(), total, *(each.copy() for each in shown), copy=False)
        .limit(_SHOWN, copy=False)
    )
    found = trace.tenant.con.execute(spelled(query)).fetchall()
    found = [row for row in found if row[-2] == found[0][-2]]
    return [Near(", ".join(map(_quoted, row[: len(names)])), _DIFFERENCES[row[-2]], int(row[-1])) for row in found]


def as_text(value: exp.Expr, type_: DataType) -> exp.Expr:
    """A key as people write it: numbers without trailing zeros."""
    if type_.family is not Family.NUMBER:
        return cast(value, "VARCHAR")
    decimal = cast(cast(value, NUMBER.storage), "VARCHAR")
    return fragment("RTRIM(RTRIM(:v, '0'), '.')", v=decimal)


def _quoted(value: str) -> str:
    """A value in quotes, so that spaces show."""
    return f"'{value}'"


def _greatest(ranks: Sequence[exp.Expr]) -> exp.Expr:
    return ranks[0] if len(ranks) == 1 else exp.Greatest(this=ranks[0], expressions=list(ranks[1:]))


def _rank(value: exp.Expr, key: Key) -> exp.Expr:
    """0 for what the rule takes as equal, then the kinds of difference, then far."""
    equal = "LOWER(:v) = LOWER(:w)" if key.ignore_case else ":v = :w"
    return fragment(
        f"CASE WHEN {equal} THEN 0"
        " WHEN LOWER(:v) = LOWER(:w) THEN 1"
        " WHEN REPLACE(LOWER(:v), ' ', '') = REPLACE(LOWER(:w), ' ', '') THEN 2"
        " WHEN LTRIM(LOWER(TRIM(:v)), '0') = LTRIM(LOWER(TRIM(:w)), '0') THEN 3"
        " WHEN :s AND LENGTH(:w) > 2"
        " AND LEVENSHTEIN(LOWER(:v), LOWER(:w)) <= GREATEST(1, LEAST(3, LENGTH(:w) // 4)) THEN 4"
        " ELSE :far END",
        v=value,
        w=cast(key.wanted, "VARCHAR"),
        s=exp.true() if key.slips else exp.false(),
        far=number(_FAR),
    )


def _slips(value: exp.Expr, wanted: exp.Expr) -> exp.Expr:
    return fragment("COALESCE(LEVENSHTEIN(LOWER(:v), LOWER(:w)), 1000)", v=value, w=wanted)
