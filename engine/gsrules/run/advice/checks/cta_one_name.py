"""CTAs of several rows that become one."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import ColumnRef, references
from gsrules.run.advice.loads import ctas, unique_among
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for cta in ctas(subject):
        source = cta.bound.entity.source
        if "name" not in cta.bound.identifiers or references(cta.bound.name) or not isinstance(source, ColumnRef):
            continue
        if unique_among(subject, cta.dataset, (source.name,), cta.bound.criteria) == "no":
            message = (
                f"'{cta.dataset}' may have several rows of one {cta.bound.entity.kind}, and all their CTAs have one "
                "name: they become a single CTA"
            )
            hint = "put into the name what tells the rows apart, such as ${Column}, or group the rows before"
            yield Found(message, cta.spec.place_of("name"), cta.where, cta.dataset, hint)


ADVICE = Advice(
    code="GS-ADVICE-CTA-ONE-NAME",
    title="Several rows of a company become one CTA, because its name is the same",
    severity="warning",
    explanation=(
        "The name is part of the key of the CTA. Rows of one company with one constant name therefore meet "
        "the same open CTA: the first creates it, all others only update it."
    ),
    evidence="actions.md §6.3",
    bad="""\
tasks:
  Tickets:
    type: fetch
    object: support_ticket__gc
    show: [Company ID as Company GSID, Ticket ID, Company ID.Csm as CSM]
    where: Severity in ('Critical')
actions:
  - action: create_cta
    from: Tickets
    company: Company GSID
    name: "A critical ticket"
    type: Risk
    reason: NPS Detractor
    priority: High
    status: New
    owner: {column: CSM, default: csm.lead@example.com}
""",
    good="""\
tasks:
  Tickets:
    type: fetch
    object: support_ticket__gc
    show: [Company ID as Company GSID, Ticket ID, Company ID.Csm as CSM]
    where: Severity in ('Critical')
actions:
  - action: create_cta
    from: Tickets
    company: Company GSID
    name: "Critical ticket ${[Ticket ID]}"
    type: Risk
    reason: NPS Detractor
    priority: High
    status: New
    owner: {column: CSM, default: csm.lead@example.com}
""",
    check=_check,
)
