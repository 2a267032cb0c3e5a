"""What loads may write, as datasets/load_permissions.yml states it (actions.md §3.1, §5.11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gsrules.dataclass import dataclass
from gsrules.errors import Problem, nearest
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.catalogue.model import ObjectDef
    from gsrules.catalogue.salesforce import SalesforceObjects
    from gsrules.spec.load_permissions import LoadPermissionsSpec


@dataclass(frozen=True, slots=True)
class LoadPermissions:
    """Objects that loads may write, by lower-case name, each with its fields; no fields stand for all of them."""

    objects: Mapping[str, frozenset[str]]

    def fields_of(self, name: str) -> frozenset[str] | None:
        """The fields of an object that may be written, empty for all; None if loads may not write the object."""
        return self.objects.get(name.lower())


def permissions_of(
    spec: LoadPermissionsSpec,
    objects: Mapping[str, ObjectDef],
    salesforce: SalesforceObjects,
    problems: list[Problem],
) -> LoadPermissions:
    """The list, checked: an API name comes before a Salesforce object, and that before a label."""
    made: dict[str, frozenset[str]] = {}
    by_label = {each.label.lower(): each for each in objects.values()}
    for name, fields in spec.permissions.items():
        found = objects.get(name.lower()) or salesforce.object(name) or by_label.get(name.lower())
        if found is None:
            known = [*objects, *salesforce.names]
            message = f"there is no object `{name}` (INVALID_FIELD)"
            problems.append(Problem("GS-NAME", message, name.place, value=name, nearest=nearest(name, known)))
            continue
        if found.name.lower() in made:
            message = f"{found.name} stands in the list twice"
            problems.append(Problem("GS-PROJECT-OBJECT", message, name.place, value=name, hint="join the entries"))
        named = () if isinstance(fields, str) else fields
        made[found.name.lower()] = frozenset(_fields(found, named, problems))
    return LoadPermissions(made)


def _fields(found: ObjectDef, names: Iterable[Text], problems: list[Problem]) -> Iterable[str]:
    for name in names:
        fields = found.find(name)
        if not fields:
            message = f"{found.name} has no field `{name}` (INVALID_FIELD)"
            near = nearest(name, found.known_names)
            problems.append(Problem("GS-NAME", message, name.place, value=name, nearest=near))
        yield from (each.name for each in fields)
