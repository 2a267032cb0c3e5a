"""Binds the headers of seed records to fields: `Name`, `CompanyId`, `CompanyId.Name` (rule-language.md §2)."""

from __future__ import annotations

from collections.abc import Sequence

from gsrules.catalogue import Catalogue, FieldDef, ObjectDef
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem, nearest
from gsrules.tenant.seed_input import SeedInput


@dataclass(frozen=True, slots=True)
class SeedColumn:
    """A column of seed records: `via` is the field of the lookup's target that the cells hold, None for values."""

    position: int
    header: str
    field: FieldDef
    via: FieldDef | None = None

    @property
    def cell(self) -> str:
        """Its text column in the input table."""
        return SeedInput.text_column(self.position)

    @property
    def key(self) -> str:
        """Its column in the typed table when it names records of the target."""
        return f"__key_{self.position}"


def bind_headers(given: SeedInput, catalogue: Catalogue, problems: list[Problem]) -> tuple[SeedColumn, ...] | None:
    """The columns in order; None if a header is wrong (each one becomes a problem)."""
    before = len(problems)
    found: dict[str, SeedColumn] = {}
    for position, header in enumerate(given.headers):
        one = _bind(position, header, given, catalogue, problems)
        if one is None:
            continue
        twin = found.get(one.field.name)
        if twin:
            message = f"{given.definition.name}.{one.field.name} is given twice: “{twin.header}” and “{header}”"
            problems.append(
                Problem("GS-TENANT-SEED", message, _place(given, header), given.source, header, "keep one of them")
            )
        found[one.field.name] = one
    return tuple(found.values()) if len(problems) == before else None


def _place(given: SeedInput, header: str) -> Place | None:
    place = getattr(header, "place", None) or given.place_of(1, header)
    return Place(place.file, 1, 1) if place and given.source != "given records" else place


def _bind(
    position: int, header: str, given: SeedInput, catalogue: Catalogue, problems: list[Problem]
) -> SeedColumn | None:
    definition = given.definition
    field = _one(definition.find(header), header, definition, given, header, problems)
    if field is not None:
        return SeedColumn(position, header, field)
    if len(definition.find(header)) > 1:
        return None
    first, dot, rest = header.partition(".")
    first = first.strip().strip("[]")
    rest = rest.strip().strip("[]")
    if not dot:
        problems.append(_unknown(header, definition, definition.known_names, given, header))
        return None
    field = _lookup_field(first, definition)
    if field is None or field.type.target is None:
        names = [f.name for f in definition.fields.values() if f.type.target]
        problems.append(_unknown(header, definition, [f"{name}.{rest}" for name in names], given, header))
        return None
    target = catalogue.objects[field.type.target]
    via = _one(target.find(rest), rest, target, given, header, problems)
    if via is None:
        if not target.find(rest):
            problems.append(_unknown(rest, target, target.known_names, given, header))
        return None
    if field.cockpit_category:
        return SeedColumn(position, header, field)
    if via.name == "Gsid":
        return SeedColumn(position, header, field)
    if via.type.family in (Family.PICKLIST, Family.MULTI_PICKLIST):
        message = f"“{header}”: records cannot be found by a dropdown list"
        problems.append(Problem("GS-TENANT-SEED", message, _place(given, header), given.source, header))
        return None
    return SeedColumn(position, header, field, via)


def _lookup_field(name: str, definition: ObjectDef) -> FieldDef | None:
    found = definition.find(name)
    if len(found) == 1:
        return found[0]
    lowered = name.lower()
    return next((f for f in definition.fields.values() if (f.lookup_name or "").lower() == lowered), None)


def _one(
    found: Sequence[FieldDef],
    name: str,
    definition: ObjectDef,
    given: SeedInput,
    header: str,
    problems: list[Problem],
) -> FieldDef | None:
    if len(found) > 1:
        both = " and ".join(f"{f.name} (“{f.label}”)" for f in found)
        message = f"“{name}” fits two fields of {definition.name}: {both}"
        problems.append(
            Problem(
                "GS-AMBIGUOUS",
                message,
                _place(given, header),
                given.source,
                name,
                "use the API name of another spelling",
            )
        )
        return None
    return found[0] if found else None


def _unknown(name: str, definition: ObjectDef, known: Sequence[str], given: SeedInput, header: str) -> Problem:
    message = f"{definition.name} has no field “{name}”"
    return Problem("GS-NAME", message, _place(given, header), given.source, name, nearest=nearest(name, known))
