"""Who the rows of load_to_people are about: match criteria, shared keys, new persons (actions.md §5.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from gsrules.actions.changes.staging import (
    all_of,
    any_of,
    call,
    case,
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
    texts,
    typed_null,
)
from gsrules.actions.mappings.values import comparable
from gsrules.actions.people.components import components
from gsrules.catalogue import FieldDef
from gsrules.catalogue.datatypes import Family, Kind

if TYPE_CHECKING:
    from gsrules.actions.people.loading import PeoplePlan

NAMING: Final = ("Email", "Name", "ExternalRecordID")
"""A person needs at least one of them (platform.md §3.4)."""


def key_of(field: FieldDef, value: exp.Expr, identifier_case: str) -> exp.Expr:
    """What two values of a match criterion are compared by; null if there is nothing to compare."""
    folds = field.type.kind is Kind.EMAIL or identifier_case == "insensitive"
    key = comparable(value, field.type.family, "lower" if folds else "trim")
    return fragment("NULLIF(:k, '')", k=key) if field.type.family is Family.TEXT else cast(key, "VARCHAR")


def decide(plan: PeoplePlan, staged: str) -> str:
    """A table with a line for every staged row: its person, or the `comp` of a new one, and its codes.

    `row`, `stored` (the GSID of a stored person), `comp`, `codes`, `field`, `words`, `twins` (several persons).
    """
    scratch = plan.scratch
    keys = scratch.table("keys", lambda: _row_keys(plan, staged))
    found = scratch.table("found", lambda: _found(plan, keys))
    comps = scratch.table("comps", _components(plan, keys))
    known = scratch.table("known", lambda: _known(found, comps))
    return scratch.table("decided", lambda: _decided(plan, staged, found, comps, known))


def _unnested(source: exp.Expr, head: exp.Expr, keys: Sequence[exp.Expr]) -> exp.Select:
    """A line for every key that is not null, with its place among the criteria as `i`."""
    places = exp.Array(expressions=[number(i) for i, _ in enumerate(keys)])
    each = select(head, named(call("unnest", places), "i"), named(call("unnest", texts(keys)), "k"))
    lines = each.from_(source, copy=False)
    return select(exp.Star()).from_(sub(lines, "u"), copy=False).where(fragment("NOT :k IS NULL", k=column("k")))


def _row_keys(plan: PeoplePlan, staged: str) -> exp.Select:
    live = select(exp.Star()).from_(relation(staged), copy=False)
    live = live.where(fragment(":c IS NULL", c=column("codes")), copy=False)
    keys = [column(f"k{i}") for i, _ in enumerate(plan.load.identifiers)]
    return _unnested(sub(live, "s"), column("row"), keys)


def _found(plan: PeoplePlan, keys: str) -> exp.Select:
    """The stored persons of a row: the first and the last of them, and the one that decides (`one`)."""
    fold = plan.run.profile["load.identifier_case"]
    stored = [key_of(field, column(field.name), fold) for _, field in plan.load.identifiers]
    persons = _unnested(plan.run.tenant.table("person"), named(column("Gsid"), "g"), stored)
    on = all_of(exp.EQ(this=column(name, "p"), expression=column(name, "k")) for name in "ik")
    hits = select(column("row", "k"), column("i", "k"), column("g", "p")).from_(relation(keys, "k"), copy=False)
    hits = hits.join(sub(persons, "p"), on=on, copy=False)
    same = fragment("CASE WHEN :l = :h THEN :l END", l=column("low"), h=column("high"))
    one: exp.Expr = same
    source: exp.Expr = sub(hits, "h")
    items = [*_ends(column("g"))]
    if plan.run.profile["people.conflict"] == "first_key":
        a_key = select(column("row"), column("i"), *_ends(column("g"))).from_(source, copy=False)
        source = sub(a_key.group_by(column("row"), column("i"), copy=False), "h")
        alone = fragment(":l = :h", l=column("low"), h=column("high"))
        first = fragment("ARG_MIN(:g, :i) FILTER (WHERE :a)", g=column("low"), i=column("i"), a=alone)
        items = [*_ends(column("low"), column("high")), named(first, "first")]
        one = fragment("COALESCE(:s, :f)", s=same, f=column("first"))
    a_row = select(column("row"), *items).from_(source, copy=False).group_by(column("row"), copy=False)
    names = [column(name) for name in ("row", "low", "high")]
    return select(*names, named(one, "one")).from_(sub(a_row, "r"), copy=False)


def _ends(low: exp.Expr, high: exp.Expr | None = None) -> tuple[exp.Expr, exp.Expr]:
    """The least and the greatest: that they differ is all that matters of several."""
    least, most = fragment("MIN(:g)", g=low), fragment("MAX(:g)", g=high if high is not None else low.copy())
    return named(least, "low"), named(most, "high")


def _components(plan: PeoplePlan, keys: str) -> Callable[[], exp.Select]:
    """The query for the component (`comp`) of every row that has a key."""
    scratch = plan.scratch
    nodes = scratch.table("nodes", lambda: _nodes(keys))
    if len(plan.load.identifiers) == 1:
        return lambda: _by_row(nodes, None)
    edges = scratch.table("edges", lambda: _edges(nodes))
    labels = components(scratch, edges)
    return lambda: _by_row(nodes, labels)


def _nodes(keys: str) -> exp.Select:
    """The keys of the rows with a number for every distinct key."""
    distinct = [exp.Ordered(this=column(name), desc=False) for name in "ik"]
    number_ = exp.Window(this=call("dense_rank"), order=exp.Order(expressions=distinct))
    return select(column("row"), column("i"), named(number_, "node")).from_(relation(keys), copy=False)


def _edges(nodes: str) -> exp.Select:
    """The keys of a row hang together: each with the one before it, in both directions."""
    order = exp.Order(expressions=[exp.Ordered(this=column("i"), desc=False)])
    before = exp.Window(this=fragment("LAG(:n)", n=column("node")), partition_by=[column("row")], order=order)
    pairs = select(column("node"), named(before, "other")).from_(relation(nodes), copy=False)
    once = select(column("node"), column("other")).distinct(copy=False).from_(sub(pairs, "p"), copy=False)
    once = once.where(fragment("NOT :o IS NULL", o=column("other")), copy=False)
    ways = [fragment("UNNEST([:n, :o])", n=column(a), o=column(b)) for a, b in (("node", "other"), ("other", "node"))]
    return select(named(ways[0], "u"), named(ways[1], "v")).from_(sub(once, "e"), copy=False)


def _by_row(nodes: str, labels: str | None) -> exp.Select:
    label: exp.Expr = column("node", "n")
    query = select(column("row", "n")).from_(relation(nodes, "n"), copy=False)
    if labels is not None:
        label = fragment("COALESCE(:l, :n)", l=column("label", "l"), n=label)
        on = exp.EQ(this=column("id", "l"), expression=column("node", "n"))
        query = query.join(left_join(relation(labels, "l"), on=on), copy=False)
    least = named(fragment("MIN(:l)", l=label), "comp")
    return query.select(least, copy=False).group_by(column("row", "n"), copy=False)


def _known(found: str, comps: str) -> exp.Select:
    """The stored persons that the rows of a component meet, as `_found` has them."""
    on = exp.EQ(this=column("row", "c"), expression=column("row", "f"))
    sides = [fragment("COALESCE(:o, :s)", o=column("one", "f"), s=column(side, "f")) for side in ("low", "high")]
    query = select(column("comp", "c"), *_ends(*sides)).from_(relation(found, "f"), copy=False)
    return query.join(relation(comps, "c"), on=on, copy=False).group_by(column("comp", "c"), copy=False)


def _decided(plan: PeoplePlan, staged: str, found: str, comps: str, known: str) -> exp.Select:
    items: list[exp.Expr] = [column(name, "s") for name in ("row", "codes", "field", "words")]
    items += [column("comp", "c"), column("one", "f"), column("low", "f"), column("high", "f")]
    items += [named(column("low", "g"), "first"), named(column("high", "g"), "last")]
    items.append(named(_complete(plan), "complete"))
    joined = select(*items, *(column(name, "s") for name, _ in plan.managers())).from_(
        relation(staged, "s"), copy=False
    )
    for name, alias, on in ((comps, "c", "row"), (found, "f", "row")):
        same = exp.EQ(this=column(on, alias), expression=column(on, "s"))
        joined = joined.join(left_join(relation(name, alias), on=same), copy=False)
    same = exp.EQ(this=column("comp", "g"), expression=column("comp", "c"))
    joined = joined.join(left_join(relation(known, "g"), on=same), copy=False)
    person = fragment(
        "CASE WHEN NOT :o IS NULL THEN :o WHEN :h IS NULL AND :f = :l THEN :f END",
        o=column("one"),
        h=column("low"),
        f=column("first"),
        l=column("last"),
    )
    twins = fragment(
        "CASE WHEN NOT :o IS NULL THEN NULL WHEN NOT :h IS NULL THEN [:h, :g] WHEN :f <> :l THEN [:f, :l] END",
        o=column("one"),
        h=column("low"),
        g=column("high"),
        f=column("first"),
        l=column("last"),
    )
    resolved = select(exp.Star(), named(person, "stored"), named(twins, "twins")).from_(sub(joined, "j"), copy=False)
    coded = select(exp.Star(except_=[column(n) for n in ("codes", "field", "words")]), *_codes(plan))
    return coded.from_(sub(_with_makers(resolved), "r"), copy=False)


def _with_makers(resolved: exp.Select) -> exp.Select:
    """Adds `maker`, the first row of a new person that has what a new person needs."""
    makes = all_of(
        [
            column("complete"),
            *(fragment(":v IS NULL", v=column(name)) for name in ("codes", "stored", "twins")),
        ]
    )
    first = fragment("MIN(:r) FILTER (WHERE :m)", r=column("row"), m=makes)
    window = exp.Window(this=first, partition_by=[column("comp")])
    return select(exp.Star(), named(window, "maker")).from_(sub(resolved, "m"), copy=False)


def _complete(plan: PeoplePlan) -> exp.Expr:
    """Whether the row has all that a new person must have."""
    load = plan.load.person
    naming = [fragment("NOT :v IS NULL", v=value) for name in NAMING if (value := plan.made_value(name)) is not None]
    needed = [
        fragment("NOT :v IS NULL", v=value)
        for mapping in load.mappings
        if mapping.field.required and (value := plan.made_value(mapping.field.name)) is not None
    ]
    return all_of([any_of(naming), *needed])


def _codes(plan: PeoplePlan) -> list[exp.Expr]:
    """The codes of the row with field and words: those of the staging first."""
    update = plan.load.operation == "update"
    new = fragment(":s IS NULL", s=column("stored"))
    several = fragment(
        "CONCAT('its match criteria point to several persons, such as ', ARRAY_TO_STRING(:t, ' and '))",
        t=column("twins"),
    )
    names = ", ".join(f"`{field.name}`" for _, field in plan.load.identifiers)
    late: list[tuple[exp.Expr, str, exp.Expr, exp.Expr]] = [
        (fragment(":c IS NULL", c=column("comp")), "IDENTIFIER_NULL", text(names), typed_null("VARCHAR")),
        (fragment("NOT :t IS NULL", t=column("twins")), "PERSON_AMBIGUOUS", text("`person`"), several),
    ]
    if update:
        late.append((new, "NO_RECORD_TO_UPDATE", typed_null("VARCHAR"), typed_null("VARCHAR")))
    else:
        early = fragment(":n AND (:m IS NULL OR :r < :m)", n=new, m=column("maker"), r=column("row"))
        words = text("a new person needs at least one of Email, Name and ExternalRecordID, and all required fields")
        late.append((early, "REQUIRED_MISSING", text("`person`"), words))
    for name, label in plan.managers():
        own = fragment(":m = :s", m=column(name), s=column("stored"))
        late.append((own, "VALUE_INVALID", text(label), text("the person would be their own Manager")))
    staged = fragment("NOT :c IS NULL", c=column("codes"))
    codes = case([(staged, column("codes")), *((when, texts([text(code)])) for when, code, _, _ in late)])
    fields = case([(staged, column("field")), *((when, field) for when, _, field, _ in late)])
    words_ = case([(staged, column("words")), *((when, words) for when, _, _, words in late)])
    return [named(codes, "codes"), named(fields, "field"), named(words_, "words")]
