"""Records linked to CTAs (actions.md §6.1, `linked`), kept as records of cta_linked_object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import (
    Scratch,
    all_of,
    any_of,
    column,
    fragment,
    given_number,
    identifier,
    left_join,
    named,
    number,
    relation,
    select,
    sub,
    text,
)
from gsrules.actions.changes.stamps import created_stamps
from gsrules.actions.kind import ActionRun, BindEnv, Findings
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.conversion import trimmed
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.values import StagedValue, entity_id
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.errors import nearest
from gsrules.expressions.tree import Expr
from gsrules.spec.text import Text
from gsrules.tenant.changes import Write

LINK: Final = "cta_linked_object"


@dataclass(frozen=True, slots=True)
class BoundLink:
    """The column with the ids of records of `object`; Salesforce ids are not looked for."""

    object: str
    source: Expr
    salesforce: bool


def bind_links(
    linked: Mapping[Text, Text] | None, dataset: Columns, env: BindEnv, findings: Findings
) -> tuple[BoundLink, ...]:
    """The links in order; those with problems are left out, after a finding each."""
    found: dict[str, BoundLink] = {}
    for name, item in (linked or {}).items():
        known = env.catalogue.object(name)
        sample = env.catalogue.salesforce_object(name) if known is None else None
        definition = known or sample
        if definition is None:
            names = [*env.catalogue.objects, *env.catalogue.salesforce_names]
            near, hint = nearest(name, names), "`gsrules objects` lists all"
            findings.error("GS-NAME", f"there is no object `{name}`", name.place, value=name, hint=hint, near=near)
            continue
        if definition.name in found:
            message = f"the object `{name}` is linked twice"
            findings.error("GS-ACTION-DUPLICATE", message, name.place, value=name, hint="keep one of them")
        source = dataset.column(item)
        if source is not None and load_family(source.type) not in (Family.ID, Family.TEXT):
            message = f"`{item}` is a {source.type} column and cannot hold an id (INVALID_TYPE)"
            findings.error("GS-TYPE", message, item.place, value=item, hint=f"show the GSID of the {definition.name}")
        elif source is not None:
            found[definition.name] = BoundLink(definition.name, source, known is None)
    return tuple(found.values())


def stage_link(link: BoundLink, rows: Matched) -> StagedValue:
    """The id of the record, null for none; with the codes of ids that are none (`load.dangling_reference`)."""
    label = f"`linked.{link.object}`"
    if link.salesforce:
        word = rows.once(trimmed(rows.spell(link.source)))
        return StagedValue(label, word, word)
    made = entity_id(link.source, rows)
    mode = rows.run.profile["load.dangling_reference"]
    if mode == "allow":
        return StagedValue(label, made.value, made.shown, made.failures)
    stored = select(named(column("Gsid"), "g")).from_(rows.run.tenant.table(link.object), copy=False)
    alias = rows.join(stored, [("g", made.value)])
    dangling = (fragment("NOT :v IS NULL AND :g IS NULL", v=made.value, g=column("g", alias)), "REFERENCE_NOT_FOUND")
    if mode == "error":
        return StagedValue(label, made.value, made.shown, (*made.failures, dangling))
    return StagedValue(label, made.value, made.shown, made.failures, (dangling,))


def with_links(rows: exp.Select, links: Sequence[BoundLink], run: ActionRun, *, on_hits: bool) -> exp.Select:
    """Adds `links:…`, whether the row adds that link: the first row with it, unless it is stored.

    `rows` has `gsid` of the CTA, `row`, `makes` and the ids as `l…`; `on_hits`: found CTAs get links, too.
    """
    for i, link in enumerate(links):
        stored = select(named(column("CtaId"), "cta"), named(column("RecordId"), "record")).distinct(copy=False)
        stored = stored.from_(run.tenant.table(LINK), copy=False)
        stored = stored.where(exp.EQ(this=column("ObjectName"), expression=text(link.object)), copy=False)
        same = [
            exp.EQ(this=column("cta", "k"), expression=column("gsid", "q")),
            exp.EQ(this=column("record", "k"), expression=column(f"l{i}", "q")),
        ]
        able = fragment(
            "NOT :l IS NULL AND :k IS NULL AND :w",
            l=column(f"l{i}", "q"),
            k=column("cta", "k"),
            w=exp.true() if on_hits else column("makes", "q"),
        )
        joined = select(exp.Column(this=exp.Star(), table=identifier("q")), named(able, f"able:{i}"))
        joined = joined.from_(sub(rows), copy=False).join(left_join(sub(stored, "k"), all_of(same)), copy=False)
        first = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column("gsid"), column(f"l{i}"), column(f"able:{i}")],
            order=exp.Order(expressions=[exp.Ordered(this=column("row"), desc=False)]),
        )
        adds = fragment(":a AND :n = 1", a=column(f"able:{i}"), n=first)
        rows = select(exp.Star(), named(adds, f"links:{i}")).from_(sub(joined), copy=False)
    return rows


def adding(links: Sequence[BoundLink]) -> list[exp.Expr]:
    """The conditions under which a row adds a link."""
    return [column(f"links:{i}") for i, _ in enumerate(links)]


def link_writes(scratch: Scratch, links: Sequence[BoundLink], touched: str, run: ActionRun) -> tuple[list[Write], int]:
    """The write of new links and their number."""
    if not links:
        return [], 0

    def counted() -> exp.Select:
        count = select(
            *(exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=c)) for c in adding(links))
        )
        return count.from_(relation(touched), copy=False).where(any_of(adding(links)), copy=False)

    total = sum(int(count) for count in scratch.row("links to make", counted))
    if not total:
        return [], 0
    first = run.tenant.allocate(LINK, total)
    values = {"CtaId": column("gsid"), "ObjectName": column("object"), "RecordId": column("record")}
    fields = {**values, **created_stamps(run)}

    def made() -> exp.Select:
        each: exp.Query = _added(touched, 0, links[0])
        for i, link in enumerate(links[1:], start=1):
            each = exp.Union(this=each, expression=_added(touched, i, link), distinct=False)
        order = exp.Order(expressions=[exp.Ordered(this=column(name), desc=False) for name in ("row", "i")])
        counter = fragment(":p + :f", p=exp.Window(this=exp.RowNumber(), order=order), f=given_number())
        numbered = select(exp.Star(), named(counter, "n")).from_(sub(each), copy=False)
        items = [named(run.tenant.gsid(LINK, column("n")), "Gsid")]
        items += [named(value, name) for name, value in fields.items()]
        return select(*items).from_(sub(numbered), copy=False)

    return [Write(LINK, "insert", scratch.table("links", made, [first - 1]), tuple(fields))], total


def _added(touched: str, i: int, link: BoundLink) -> exp.Select:
    found = select(
        column("row"),
        named(number(i), "i"),
        column("gsid"),
        named(text(link.object), "object"),
        named(column(f"l{i}"), "record"),
    )
    return found.from_(relation(touched), copy=False).where(column(f"links:{i}"), copy=False)
