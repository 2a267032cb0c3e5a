"""Picklist options as loads match them: by label or item GSID, exact first, then without regard to case.

actions.md §3.4, platform.md §2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from gsrules.actions.changes.staging import column, fragment, identifier, named, number, select, text
from gsrules.catalogue import Item
from gsrules.dataclass import dataclass
from gsrules.errors import nearest


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a text can stand for: an item, or what a customise mapping makes of it."""

    word: str
    gsid: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """The words of a field, best first: where two options share a word, the earlier one is meant."""

    options: tuple[Option, ...]
    ignore_case: bool

    def find(self, word: str) -> tuple[Option, bool] | None:
        """The option for a word, and whether the letter case differs."""
        for option in self.options:
            if option.word == word:
                return option, False
        if self.ignore_case:
            for option in self.options:
                if option.word.lower() == word.lower():
                    return option, True
        return None

    @property
    def shown(self) -> tuple[str, ...]:
        """The words of the active options that people know them by: ids only of those that have nothing else."""
        named = {option.gsid for option in self.options if option.word != option.gsid}
        known = (o.word for o in self.options if o.active and (o.word != o.gsid or o.gsid not in named))
        return tuple(dict.fromkeys(known))

    def nearest(self, word: str) -> str:
        return nearest(word, self.shown)

    def exact(self) -> exp.Query:
        """Columns `k` (unique), `g`, `a` (active)."""
        return _chosen(self.options, column("k"))

    def folded(self) -> exp.Query:
        """As `exact`, with `k` in lower case."""
        return _chosen(self.options, fragment("LOWER(:k)", k=column("k")))


def _chosen(options: Iterable[Option], key: exp.Expr) -> exp.Query:
    """One row a key: the first option in order."""
    rows = [
        exp.Tuple(
            expressions=[
                text(option.word),
                text(option.gsid),
                exp.Boolean(this=option.active),
                number(order),
            ]
        )
        for order, option in enumerate(options)
    ] or [exp.Tuple(expressions=[exp.cast(exp.Null(), "VARCHAR"), text(""), exp.false(), number(0)])]
    values = exp.Values(
        expressions=rows,
        alias=exp.TableAlias(
            this=identifier("v"),
            columns=[identifier(name) for name in "kgao"],
        ),
    )
    return (
        select(
            named(key, "k"),
            named(fragment("ARG_MIN(:g, :o)", g=column("g"), o=column("o")), "g"),
            named(fragment("ARG_MIN(:a, :o)", a=column("a"), o=column("o")), "a"),
        )
        .from_(values, copy=False)
        .group_by(key.copy(), copy=False)
    )


def item_options(items: Iterable[Item], *, ignore_case: bool) -> Options:
    """Options of a category's items: active ones first, then by display order; labels before GSIDs."""
    ordered = sorted(items, key=lambda item: (not item.active, item.order))
    by_label = [Option(item.name, item.gsid, item.active) for item in ordered]
    by_gsid = [Option(item.gsid, item.gsid, item.active) for item in ordered]
    return Options((*by_label, *by_gsid), ignore_case)


def mapped_options(entries: Mapping[str, str], *, ignore_case: bool) -> Options:
    """Options of a customise mapping: source word → GSID of the target item."""
    return Options(tuple(Option(word, gsid) for word, gsid in entries.items()), ignore_case)
