"""What people call a record: the names behind the GSIDs that a page or a table shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.catalogue.gsids import PATTERN
from gsrules.errors import GsrulesError
from gsrules.run.workspace import Workspace
from gsrules.tenant.names import GSID, column, run

_GSID = re.compile(rf"(?<![0-9A-Za-z]){PATTERN}(?![0-9A-Za-z])")


def gsids_in(texts: Iterable[str]) -> frozenset[str]:
    """Everything in the texts that has the form of a GSID."""
    return frozenset(found for text in texts for found in _GSID.findall(text))


def with_names(text: str, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """The text in pieces: plain ones as ("", text), each known GSID as (GSID, name)."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for found in _GSID.finditer(text):
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
            for definition in workspace.catalogue.objects.values():
                asked = [gsid for gsid in rest if gsid.startswith(definition.family)]
                if definition.name_field is None or not asked:
                    continue
                name = exp.Cast(this=column(definition.name_field.name), to=exp.DataType.build("VARCHAR"))
                listed = column(GSID).isin(*(exp.Literal.string(gsid) for gsid in asked))
                rows = exp.select(column(GSID), name).from_(tenant.table(definition.name)).where(listed)
                names |= {gsid: text for gsid, text in run(tenant.con, rows).fetchall() if text}
    except GsrulesError:
        return names
    return names
