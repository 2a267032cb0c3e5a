"""What is like a value that was not found: failed lookups, updates and owners name the nearest stored value.

The search is bounded: the first failing rows of an action are looked at, all of them for the same letters in another
form (letter case, spaces, leading zeros) and a few for a slip of the pen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.rows import ROW, spelling
from gsrules.actions.changes.staging import (
    Scratch,
    all_of,
    call,
    cast,
    column,
    fragment,
    left_join,
    named,
    number,
    relation,
    select,
    sub,
    text,
)
from gsrules.actions.kind import ActionRun, BoundAction
from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList, ErrorCount

ROWS_AT_MOST: Final = 5_000
WORDS_AT_MOST: Final = 10
STORED_AT_MOST: Final = 100_000

_SAME_LETTERS: Final = r"LTRIM(REGEXP_REPLACE(LOWER(:v), '[\s\p{Z}_.-]', '', 'g'), '0')"
_NO_MATCH: Final = "LOOKUP_NO_MATCH"
_NO_RECORD: Final = "NO_RECORD_TO_UPDATE"
_NO_OWNER: Final = "CTA_OWNER_UNRESOLVED"
_TOLD: Final = "; there is '"
CODES: Final = (_NO_MATCH, _NO_RECORD, _NO_OWNER)


@dataclass(frozen=True, slots=True)
class _Sought:
    """A value of the row that no record has: rows with the code, and a message that begins so, have failed by it."""

    code: str
    begins: str
    object: str
    field: str
    value: Expr


def with_candidates(made: ChangeList, action: BoundAction, run: ActionRun, catalogue: Catalogue) -> ChangeList:
    """The change list, in which rows that did not find their record name the nearest value there is."""
    codes = {group.code for group in (*made.errors, *made.skips)} & set(CODES)
    if not codes:
        return made
    scratch = run.scratch()
    found: list[str] = []
    for at, sought in enumerate(_sought(action, catalogue)):
        if sought.code in codes:
            near = _Search(sought, made.effects, run, scratch, catalogue, at).near()
            if near is not None:
                found.append(near)
    if not found:
        return made
    effects = scratch.view("effects_near", lambda: _told(made.effects, found))
    return replace(
        made,
        effects=effects,
        errors=tuple(_again(group, effects, scratch) for group in made.errors),
        skips=tuple(_again(group, effects, scratch) for group in made.skips),
    )


def _sought(action: BoundAction, catalogue: Catalogue) -> Iterator[_Sought]:
    """The texts by which the action looks for records."""
    traits = action.traits
    for mapping in traits.mappings:
        lookup = mapping.lookup
        if lookup is not None:
            pair = next((p for p in lookup.pairs if _is_text(p.field.type.family, p.source)), None)
            if pair is not None:
                begins = f"the lookup for `{mapping.field.name}` "
                yield _Sought(_NO_MATCH, begins, lookup.object, pair.field.name, pair.source)
            continue
        source, field = mapping.source, mapping.field
        finds = field.name in traits.identifiers and traits.target in catalogue.objects
        if finds and source is not None and _is_text(field.type.family, source):
            yield _Sought(_NO_RECORD, "no record ", traits.target, field.name, source)
    for search in traits.searches:
        if search.source is not None and search.object == "gsuser" and search.source.type.family is Family.TEXT:
            yield _Sought(_NO_OWNER, "no owner: ", search.object, search.fields[0], search.source)


def _is_text(stored: Family, source: Expr) -> bool:
    return stored is Family.TEXT and source.type.family is Family.TEXT


@dataclass(frozen=True, slots=True)
class _Search:
    sought: _Sought
    effects: str
    run: ActionRun
    scratch: Scratch
    catalogue: Catalogue
    at: int

    def near(self) -> str | None:
        """A relation of `row` and `hint`; None where nothing is like any of the values."""
        missing = self.scratch.table(f"near_missing_{self.at}", self._missing)
        forms = self.scratch.table(f"near_forms_{self.at}", lambda: self._forms(missing))
        slips = self.scratch.table(f"near_slips_{self.at}", lambda: self._slips(missing, forms))
        hints = exp.union(
            select(column("word"), column("near")).from_(relation(forms), copy=False),
            select(column("word"), column("near")).from_(relation(slips), copy=False),
            distinct=False,
        )
        joined = exp.Join(this=sub(hints, "h"), on=exp.EQ(this=column("word", "h"), expression=column("word", "m")))
        query = select(column("row", "m"), named(_hint(), "hint")).from_(relation(missing, "m"), copy=False)
        near = self.scratch.table(f"near_{self.at}", lambda: query.join(joined, copy=False))
        some = select(number(1)).from_(relation(near), copy=False).limit(1, copy=False)
        return near if self.scratch.rows(f"near_some_{self.at}", lambda: some) else None

    def _missing(self) -> exp.Select:
        """The first rows that failed by this value, with the value."""
        value = spell(self.sought.value, spelling(self.run, self.catalogue))
        failed = all_of(
            [
                exp.EQ(this=column("code", "e"), expression=text(self.sought.code)),
                fragment("STARTS_WITH(:m, :b)", m=column("message", "e"), b=text(self.sought.begins)),
            ]
        )
        on = exp.EQ(this=column(ROW, "d"), expression=column("row", "e"))
        query = select(column("row", "e"), named(fragment("TRIM(CAST(:v AS VARCHAR))", v=value), "word"))
        query = query.from_(relation(self.effects, "e"), copy=False)
        query = query.join(exp.Join(this=relation(self.run.dataset, "d"), on=on), copy=False)
        rows = query.where(failed, copy=False).order_by(column("row", "e"), copy=False).limit(ROWS_AT_MOST, copy=False)
        known = fragment("NOT :w IS NULL AND :w <> ''", w=column("word"))
        return select(exp.Star()).from_(sub(rows, "r"), copy=False).where(known, copy=False)

    def _stored(self) -> exp.Select:
        value = cast(column(self.sought.field), "VARCHAR")
        query = select(named(value, "near")).distinct(copy=False)
        query = query.from_(self.run.tenant.table(self.sought.object), copy=False)
        return query.where(fragment("NOT :v IS NULL", v=column(self.sought.field)), copy=False)

    def _forms(self, missing: str) -> exp.Select:
        """The stored value with the same letters, for each value that has one."""
        words = select(column("word"), named(_letters("word"), "letters")).distinct(copy=False)
        words = words.from_(relation(missing), copy=False)
        stored = select(column("near"), named(_letters("near"), "letters")).from_(sub(self._stored(), "s"), copy=False)
        on = exp.EQ(this=column("letters", "w"), expression=column("letters", "k"))
        nearest = fragment("ARG_MIN(:n, LEVENSHTEIN(:n, :w))", n=column("near", "k"), w=column("word", "w"))
        query = select(column("word", "w"), named(nearest, "near")).from_(sub(words, "w"), copy=False)
        query = query.join(exp.Join(this=sub(stored, "k"), on=on), copy=False)
        told = fragment(":l <> ''", l=column("letters", "w"))
        return query.where(told, copy=False).group_by(column("word", "w"), copy=False)

    def _slips(self, missing: str, forms: str) -> exp.Select:
        """The stored value that a slip of the pen makes of a value, for the first values that have none in `forms`."""
        on = exp.EQ(this=column("word", "f"), expression=column("word", "m"))
        words = select(column("word", "m")).from_(relation(missing, "m"), copy=False)
        words = words.join(left_join(relation(forms, "f"), on), copy=False)
        words = words.where(fragment(":n IS NULL", n=column("near", "f")), copy=False)
        words = words.group_by(column("word", "m"), copy=False)
        words = words.order_by(exp.Min(this=column("row", "m")), copy=False).limit(WORDS_AT_MOST, copy=False)
        stored = self._stored().limit(STORED_AT_MOST, copy=False)
        word, near = column("word", "w"), column("near", "k")
        # what is quick to tell goes first: the distance takes ten times as long
        close = fragment(
            "ABS(LENGTH(:w) - LENGTH(:n)) <= 2 AND LENGTH(:w) BETWEEN 3 AND 100"
            " AND JARO_WINKLER_SIMILARITY(LOWER(:w), LOWER(:n)) > 0.8",
            w=word,
            n=near,
        )
        distance = fragment("LEVENSHTEIN(LOWER(:w), LOWER(:n))", w=word, n=near)
        pairs = select(word, near, named(distance, "slips")).from_(sub(words, "w"), copy=False)
        pairs = pairs.join(exp.Join(this=sub(stored, "k"), on=close), copy=False)
        few = fragment("p.slips <= CASE WHEN LENGTH(p.word) < 6 THEN 1 ELSE 2 END")
        nearest = fragment("ARG_MIN(:n, (:s, :n))", n=column("near", "p"), s=column("slips", "p"))
        query = select(column("word", "p"), named(nearest, "near")).from_(sub(pairs, "p"), copy=False)
        return query.where(few, copy=False).group_by(column("word", "p"), copy=False)


def _letters(name: str) -> exp.Expr:
    return fragment(_SAME_LETTERS, v=column(name))


def _hint() -> exp.Expr:
    """The nearest value, and in what it differs."""
    how = fragment(
        "CASE WHEN :n = :w THEN 'but not with the other values'"
        " WHEN LOWER(:n) = LOWER(:w) THEN 'in other letter case'"
        " WHEN LTRIM(LOWER(:n), '0') = LTRIM(LOWER(:w), '0') THEN 'with other leading zeros'"
        " WHEN REGEXP_REPLACE(LOWER(:n), '\\s', '', 'g') = REGEXP_REPLACE(LOWER(:w), '\\s', '', 'g')"
        " THEN 'with other spaces' ELSE 'spelled alike' END",
        n=column("near", "h"),
        w=column("word", "m"),
    )
    near = fragment("LEFT(:n, 200)", n=column("near", "h"))
    return call("concat", text(_TOLD), near, text("', "), how)


def _told(effects: str, found: list[str]) -> exp.Select:
    """The effects with what was found behind their messages."""
    parts = [select(column("row"), column("hint")).from_(relation(name), copy=False) for name in found]
    every = parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False)
    hints = select(column("row"), named(fragment("ANY_VALUE(:h)", h=column("hint")), "hint"))
    hints = hints.from_(sub(every, "u"), copy=False).group_by(column("row"), copy=False)
    message = named(fragment("CONCAT(:m, :h)", m=column("message", "e"), h=column("hint", "h")), "message")
    star = exp.Column(this=exp.Star(replace=[message]), table=exp.to_identifier("e", quoted=True))
    query = select(star).from_(relation(effects, "e"), copy=False)
    on = exp.EQ(this=column("row", "h"), expression=column("row", "e"))
    return query.join(left_join(sub(hints, "h"), on), copy=False)


def _again(group: ErrorCount, effects: str, scratch: Scratch) -> ErrorCount:
    """The group with the message of its first row that names a value, else of its first."""
    if group.code not in CODES:
        return group

    def query() -> exp.Select:
        first = select(column("message")).from_(relation(effects), copy=False)
        first = first.where(exp.EQ(this=column("code"), expression=text(group.code)), copy=False)
        plain = fragment("NOT CONTAINS(:m, :t)", m=column("message"), t=text(_TOLD))
        return first.order_by(plain, column("row"), copy=False).limit(1, copy=False)

    return replace(group, example=str(scratch.row(f"near example {group.code}", query)[0]))
