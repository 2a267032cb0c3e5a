"""Texts that differ from a label in letter case only."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.catalogue.datatypes import Family
from gsrules.errors import Fix
from gsrules.expressions.tree import ColumnRef, Compare, InList, Literal, walk
from gsrules.run.advice.conditions import predicates
from gsrules.run.advice.loads import loads
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    labels = _labels(subject)
    for predicate in predicates(subject):
        for node in walk(predicate.expr):
            pairs: list[tuple[object, object]] = []
            if isinstance(node, Compare) and node.op in ("=", "!=") and not node.ignore_case:
                pairs = [(node.left, node.right)]
            elif isinstance(node, InList) and not node.ignore_case:
                pairs = [(node.operand, item) for item in node.items]
            for column, value in pairs:
                if isinstance(column, ColumnRef) and isinstance(value, Literal) and isinstance(value.value, str):
                    known = labels.get(column.name.rpartition(".")[2].lower(), {})
                    label = known.get(value.value.lower())
                    if label is not None and value.value not in known.values():
                        yield _found(column.name.rpartition(".")[2], value, label, predicate.where)


def _found(column: str, value: Literal, label: str, where: str) -> Found:
    message = f"'{value.value}' differs from the label '{label}' in letter case: '{column}' is compared by the letter"
    place, fix = value.place, None
    written = f"'{value.value}'"
    if place is not None and place.text.startswith(written, place.column - 1):
        fix = Fix(place, len(written), f"'{label}'", f"write '{label}'")
    return Found(message, place, where, str(value.value), f"write '{label}', or ~ for any letter case", fix)


def _labels(subject: Subject) -> dict[str, dict[str, str]]:
    """The labels that each text column takes which an action loads into a picklist, by lower case."""
    found: dict[str, dict[str, str]] = {}
    for load in loads(subject):
        for mapping in load.bound.mappings:
            source, category = mapping.source, mapping.field.type.category
            if isinstance(source, ColumnRef) and source.type.family is Family.TEXT and category and not mapping.mapped:
                items = subject.catalogue.category(category).items
                found.setdefault(source.name.lower(), {}).update({item.name.lower(): item.name for item in items})
    return found


ADVICE = Advice(
    code="GS-ADVICE-LABEL-CASE",
    title="A text that differs from a label in letter case only",
    severity="warning",
    explanation=(
        "A text is compared by the letter, unlike a picklist. A column that an action loads into a picklist "
        "holds its labels as they are spelled there, so that another letter case never matches."
    ),
    evidence="data-setup.md §5.3",
    bad="""\
tasks:
  Tickets:
    type: s3
    path: input/tickets.csv
    columns: {Ticket ID: string, Account ID: string, Severity: string}
  Critical:
    type: transform
    from: Tickets
    where: Severity = 'critical'
actions:
  - action: load_to_object
    from: Critical
    object: support_ticket__gc
    operation: upsert
    identifiers: [Ticket_ID__gc]
    fields:
      Ticket_ID__gc: Ticket ID
      Company_ID__gc: {lookup: company, match: {ExternalId: Account ID}, multiple: error, none: error}
      Severity__gc: Severity
""",
    good="""\
tasks:
  Tickets:
    type: s3
    path: input/tickets.csv
    columns: {Ticket ID: string, Account ID: string, Severity: string}
  Critical:
    type: transform
    from: Tickets
    where: Severity = 'Critical'
actions:
  - action: load_to_object
    from: Critical
    object: support_ticket__gc
    operation: upsert
    identifiers: [Ticket_ID__gc]
    fields:
      Ticket_ID__gc: Ticket ID
      Company_ID__gc: {lookup: company, match: {ExternalId: Account ID}, multiple: error, none: error}
      Severity__gc: Severity
""",
    check=_check,
)
