"""Labels of options and names of records in the place of GSIDs, for the few refusals that are told one by one."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from gsrules.actions.changes.staging import cast, column, select, spelled, text
from gsrules.run.undo.concerned import Concerned
from gsrules.run.undo.report import Refusal
from gsrules.tenant.names import GSID


def named_refusal(concerned: Concerned, refusal: Refusal) -> Refusal:
    """The refusal in words: what a GSID stands for, as far as the tenant knows it."""
    found = concerned.definition(refusal.object).fields.get(refusal.field)
    was, now = refusal.was, refusal.now
    if found is not None and found.type.target is not None and refusal.code in ("CHANGED_SINCE", "RECORD_CHANGED"):
        was, now = (_name(concerned, found.type.target, each) or each for each in (was, now))
    elif found is not None and found.type.category:
        labels = {item.gsid: item.name for item in concerned.tenant.catalogue.category(found.type.category).items}
        was, now = (labels.get(each, each) for each in (was, now))
    other = _name(concerned, refusal.other, refusal.other_gsid) if refusal.other else ""
    return replace(refusal, was=was, now=now, other_name=other)


def _name(concerned: Concerned, name: str, gsid: str) -> str:
    definition = concerned.tenant.catalogue.object(name)
    if definition is None or definition.name_field is None or not gsid:
        return ""
    wanted = cast(column(definition.name_field.name, "t"), "VARCHAR")
    same = exp.EQ(this=column(GSID, "t"), expression=text(gsid))
    query = select(wanted).from_(concerned.table(definition.name, "t"), copy=False).where(same, copy=False)
    row = concerned.tenant.con.execute(spelled(query)).fetchone()
    return str(row[0] or "") if row else ""
