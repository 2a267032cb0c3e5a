"""Readable references instead of GSIDs: `company(Name=Acme)`, `usage_summary__gc#3`, labels of options."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlglot import exp

from gsrules.catalogue import Catalogue, ObjectDef
from gsrules.run.record_names import GSID_IN_TEXT, gsids_in, option_names
from gsrules.tenant import Tenant
from gsrules.tenant.names import GSID, SEQUENCE, column, named, run

_NAME, _NUMBER, _TWINS = "name", "number", "twins"


class References:
    """What the records of a tenant are called, as it stands when they are asked for.

    A record is called by its object's name field; equal names are numbered in the order of insertion, as are the
    records of objects without a name field. Options of picklists, of the cockpit and playbooks have their labels.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._catalogue: Catalogue = tenant.catalogue
        self._options = option_names(self._catalogue)
        self._known: dict[tuple[str, str], str | None] = {}

    def learn(self, wanted: Mapping[str, Collection[str]]) -> None:
        """Reads the names of records, by object; one query an object."""
        for name, gsids in wanted.items():
            definition = self._catalogue.object(name)
            new = [gsid for gsid in gsids if gsid not in self._options and (name, gsid) not in self._known]
            if definition is None or not new:
                continue
            self._known.update({(name, gsid): None for gsid in new})
            for gsid, label, number, twins in run(self._tenant.con, self._query(definition), [new]).fetchall():
                self._known[name, gsid] = _called(definition, label, number, twins)

    def learn_texts(self, texts: Iterable[str]) -> None:
        """Reads the names of all records of which the GSID stands in one of the texts."""
        wanted: dict[str, set[str]] = {}
        for gsid in gsids_in(texts):
            for name in self._family(gsid):
                wanted.setdefault(name, set()).add(gsid)
        self.learn(wanted)

    def _family(self, gsid: str) -> list[str]:
        return [each.name for each in self._catalogue.objects.values() if gsid.startswith(each.family)]

    def of(self, name: str, gsid: str) -> str | None:
        """What the record of an object is called, None if there is no such record."""
        option = self._options.get(gsid)
        if option is not None:
            return option
        if (name, gsid) not in self._known:
            self.learn({name: [gsid]})
        return self._known.get((name, gsid))

    def in_text(self, text: str, likely: Iterable[str]) -> str:
        """The text with references for GSIDs: of the `likely` objects first, then of any object of their family."""
        return GSID_IN_TEXT.sub(lambda found: self._anywhere(found.group(), likely), text)

    def _anywhere(self, gsid: str, likely: Iterable[str]) -> str:
        if gsid in self._options:
            return self._options[gsid]
        for name in (*likely, *self._family(gsid)):
            found = self.of(name, gsid)
            if found is not None:
                return found
        return gsid

    def _query(self, definition: ObjectDef) -> exp.Select:
        label: exp.Expression = exp.Null()
        if definition.name_field is not None:
            label = column(definition.name_field.name)
        by_number = exp.Order(expressions=[exp.Ordered(this=column(SEQUENCE))])
        number = exp.Window(this=exp.RowNumber(), partition_by=[label.copy()], order=by_number)
        twins = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[label.copy()])
        rows = exp.select(column(GSID), named(label, _NAME), named(number, _NUMBER), named(twins, _TWINS)).from_(
            self._tenant.table(definition.name)
        )
        among = exp.Anonymous(this="list_contains", expressions=[exp.Placeholder(), column(GSID)])
        items = (column(each) for each in (GSID, _NAME, _NUMBER, _TWINS))
        return exp.select(*items).from_(rows.subquery("records")).where(among)


def _called(definition: ObjectDef, label: object, number: int, twins: int) -> str:
    if definition.name_field is None or label is None:
        return f"{definition.name}#{number}"
    name = f"{definition.name}({definition.name_field.name}={label})"
    return name if twins == 1 else f"{name}#{number}"
