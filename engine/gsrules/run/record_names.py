"""What people call a record: the names behind the GSIDs that a page or a table shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlglot import exp

from gsrules.catalogue import Catalogue, ObjectDef
from gsrules.catalogue.gsids import PATTERN
from gsrules.errors import GsrulesError
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.names import GSID, column, named, run, select_from, sql_type, typed_null

GSID_IN_TEXT = re.compile(rf"(?<![0-9A-Za-z]){PATTERN}(?![0-9A-Za-z])")


def gsids_in(texts: Iterable[str]) -> frozenset[str]:
    """Everything in the texts that has the form of a GSID."""
    return frozenset(found for text in texts for found in GSID_IN_TEXT.findall(text))


def with_names(text: str, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """The text in pieces: plain ones as ("", text), each known GSID as (GSID, name)."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for found in GSID_IN_TEXT.finditer(text):
        name = names.get(found.group())
        if name is not None:
            pieces += [("", text[at : found.start()]), (found.group(), name)]
            at = found.end()
    return [piece for piece in (*pieces, ("", text[at:])) if piece[1]]


def option_names(catalogue: Catalogue) -> dict[str, str]:
    """The labels of all options of dropdown lists, of the cockpit and of playbooks, by GSID."""
    names = {item.gsid: item.name for category in catalogue.categories.values() for item in category.items}
    names |= {item.gsid: item.name for item in catalogue.cockpit_items}
    return names | {playbook.gsid: playbook.name for playbook in catalogue.playbooks.values()}


def names_in_object(tenant: Tenant, definition: ObjectDef, gsids: Iterable[str]) -> dict[str, str]:
    """The names of those of the `gsids` that are records of the object; empty where a record has none."""
    name: exp.Expression = typed_null("VARCHAR")
    if definition.name_field is not None:
        text = exp.Cast(this=column(definition.name_field.name), to=sql_type("VARCHAR"))
        name = exp.Anonymous(this="trim", expressions=[text])
    asked = exp.Select(expressions=[exp.Anonymous(this="unnest", expressions=[exp.Placeholder()])])
    rows = select_from(tenant.table(definition.name), column(GSID), named(name, "name"))
    found = run(tenant.con, rows.where(column(GSID).isin(query=asked), copy=False), [list(gsids)]).fetchall()
    return {gsid: text or "" for gsid, text in found}


def names_in_tenant(tenant: Tenant, gsids: Iterable[str]) -> dict[str, str]:
    """The names of records, of whatever object; those without one are left out.

    So are those of which two objects have a record: custom objects share a family, and each counts from 1.
    """
    wanted = list(gsids)
    names: dict[str, str] = {}
    for definition in tenant.catalogue.objects.values():
        own = [gsid for gsid in wanted if gsid.startswith(definition.family)]
        found = names_in_object(tenant, definition, own) if own else {}
        names |= {gsid: "" if gsid in names else name for gsid, name in found.items()}
    return {gsid: name for gsid, name in names.items() if name}


def record_names(workspace: Workspace, gsids: Iterable[str], store: Path | None = None) -> dict[str, str]:
    """The names that the tenant has now for `gsids`; those without one are left out.

    Where the tenant cannot be opened only options have names: a page without names is better than none.
    """
    options = option_names(workspace.catalogue)
    names = {gsid: options[gsid] for gsid in gsids if gsid in options}
    rest = [gsid for gsid in gsids if gsid not in names]
    path = store or workspace.project.store
    if not rest or not path.exists():
        return names
    try:
        with workspace.tenant("read", path) as tenant:
            return names | names_in_tenant(tenant, rest)
    except GsrulesError:
        return names
