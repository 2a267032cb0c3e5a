"""The project's objects laid over the standard ones: new objects, more fields, more options; never less.

Source: rule-language.md §2, platform.md §2.1 and §3 (“extended by the project, never reduced”).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from gsrules.catalogue.datatypes import DataType, Family, Kind
from gsrules.catalogue.fields import closing_fields, leading_field, text_length
from gsrules.catalogue.gsids import CUSTOM_FAMILY
from gsrules.catalogue.model import DefaultValue, FieldDef, ObjectDef, label_of
from gsrules.errors import Place, Problem, nearest
from gsrules.profile import Profile

if TYPE_CHECKING:
    from gsrules.spec import FieldSpec, ObjectSpec

_PLAIN_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_HIDDEN = "gs_sequence"
_OUTBOX = "outbox"
_ADVISED_FIELDS = 200
_ACTIVITY_TYPES = "activity_timeline.typename"
_LISTS = (Kind.PICKLIST, Kind.MULTI_PICKLIST)


class Overlay:
    """Collects object files over the standard objects; problems and warnings are kept, not raised."""

    def __init__(self, objects: dict[str, ObjectDef], options: dict[str, tuple[str, ...]], profile: Profile) -> None:
        self.objects = objects
        self.options = options
        self.problems: list[Problem] = []
        self._profile = profile
        self._closing = tuple(closing_fields(profile))

    def add(self, spec: ObjectSpec) -> None:
        """Adds one object file: a new object, or more fields of a known one."""
        name = str(spec.object).lower()
        known = self.objects.get(name)
        base = known or self._new_object(name, spec)
        fields = dict(base.fields)
        for closing in self._closing:
            fields.pop(closing.name)
        for given, field_spec in spec.fields.items():
            self._add_field(name, fields, str(given), getattr(given, "place", None) or spec.place, field_spec)
        fields |= {closing.name: closing for closing in self._closing}
        label = str(spec.label) if spec.label else base.label
        if spec.label or known is None:
            self._check_label(f"object {name}", label, getattr(spec.label or spec.object, "place", None) or spec.place)
        self.objects[name] = replace(base, label=label, fields=fields)
        self._check_object(self.objects[name], spec)

    def finish(self) -> None:
        """Checks what needs all objects: the targets of lookups and the labels of objects."""
        labels: dict[str, ObjectDef] = {}
        for definition in self.objects.values():
            twin = labels.setdefault(definition.label.lower(), definition)
            if twin is not definition:
                self._refuse(
                    f"objects {twin.name} and {definition.name} have the same label “{definition.label}”",
                    definition.place or twin.place,
                    hint="labels of objects are unique in a tenant",
                )
            for found in definition.fields.values():
                self._check_field(definition, found)

    def extend_options(self, lists: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Adds options of picklists.yml (`fields: {company.Status: […]}`)."""
        for given, names in lists:
            place = getattr(given, "place", None)
            if str(given).lower() == _ACTIVITY_TYPES:
                self._add_activity_types(names)
                continue
            found = self._list_field(str(given), place)
            if found and found.type.category:
                self._extend(found.type.category, names)

    def _add_activity_types(self, names: Iterable[str]) -> None:
        """Types of activities are texts, of which a tenant may have more (actions.md §5.8)."""
        name, field = "activity_timeline", "TypeName"
        activity = self.objects[name]
        known = activity.fields[field]
        values = tuple(dict.fromkeys((*known.values, *(str(each) for each in names))))
        self.objects[name] = replace(activity, fields={**activity.fields, field: replace(known, values=values)})

    def _new_object(self, name: str, spec: ObjectSpec) -> ObjectDef:
        if name == _OUTBOX:
            place = getattr(spec.object, "place", None) or spec.place
            self._refuse("`outbox` is the table of what would have left the machine", place, value=name)
        if not name.endswith("__gc"):
            self._warn(
                f"object “{name}”: Gainsight appends __gc to the names of custom objects",
                getattr(spec.object, "place", None) or spec.place,
                hint=f"write {name}__gc" if re.fullmatch(_PLAIN_NAME, name) else "use letters, digits and _",
                near=nearest(name, self.objects),
            )
        common = {found.name: found for found in (leading_field(), *self._closing)}
        return ObjectDef(name, label_of(name), CUSTOM_FAMILY, "CUSTOM", common, place=spec.place)

    def _add_field(
        self, object_name: str, fields: dict[str, FieldDef], name: str, place: Place | None, spec: FieldSpec
    ) -> None:
        twin = next((f for f in fields.values() if f.name.lower() == name.lower()), None)
        if twin is None:
            twin = next((f for f in self._closing if f.name.lower() == name.lower()), None)
        if twin is not None:
            if twin.standard and not twin.system:
                fields[twin.name] = self._extended(object_name, twin, place, spec)
            else:
                self._refuse(f"{object_name}.{twin.name} is there already", place, value=name)
            return
        if name.lower() == _HIDDEN:
            self._refuse(f"{object_name}.{name}: this name is reserved", place, value=name)
            return
        if not re.fullmatch(_PLAIN_NAME, name):
            self._warn(f"{object_name}: Gainsight has no field names like “{name}”", place, "use letters, digits and _")
        fields[name] = self._field(object_name, name, place, spec)

    def _field(self, object_name: str, name: str, place: Place | None, spec: FieldSpec) -> FieldDef:
        kind = Kind(spec.type)
        category = None
        if kind in _LISTS:
            category = f"{object_name}.{name}"
            self._extend(category, spec.options or ())
        if kind is Kind.LOOKUP and not spec.to:
            self._refuse(f"{object_name}.{name}: a lookup needs its object", place, hint="to: company")
        if spec.unique:
            self._warn(f"{object_name}.{name}: `unique` is an extension; Gainsight keeps only Gsid unique", place, "")
        label = str(spec.label) if spec.label else label_of(name)
        self._check_label(f"{object_name}.{name}", label, getattr(spec.label, "place", None) or place)
        data_type = DataType(
            kind,
            decimals=spec.decimals,
            category=category,
            target=str(spec.to).lower() if spec.to and kind is Kind.LOOKUP else None,
            length=spec.length or text_length(kind, self._profile, standard=False),
        )
        return FieldDef(
            name=name,
            label=label,
            type=data_type,
            required=bool(spec.required),
            name_field=name in ("Name", "Name__gc"),
            default=self._default(f"{object_name}.{name}", data_type, place, spec),
            unique=bool(spec.unique),
            standard=False,
            description=str(spec.description or ""),
            place=place,
        )

    def _check_label(self, where: str, label: str, place: Place | None) -> None:
        if label[:1].isdigit():
            hint = "Gainsight takes no label that begins with a digit: give it another `label`"
            self._refuse(f"{where}: the label “{label}” begins with a digit", place, value=label, hint=hint)

    def _default(self, where: str, data_type: DataType, place: Place | None, spec: FieldSpec) -> DefaultValue:
        value = spec.default
        if value is None:
            return None
        flag = isinstance(value, bool)
        fits = {
            Family.BOOLEAN: flag,
            Family.NUMBER: isinstance(value, int | float) and not flag,
            Family.PICKLIST: isinstance(value, str) and value in tuple(spec.options or ()),
        }.get(data_type.family, isinstance(value, str))
        if not fits:
            accepted = ", ".join(spec.options or ()) if data_type.family is Family.PICKLIST else str(data_type)
            self._refuse(f"{where}: the default does not fit the type", place, value=str(value), hint=accepted)
            return None
        return str(value) if isinstance(value, str) else value

    def _extended(self, object_name: str, known: FieldDef, place: Place | None, spec: FieldSpec) -> FieldDef:
        """A standard field that an object file names again: more options, another label, a default."""
        where = f"{object_name}.{known.name}"
        target = str(spec.to).lower() if spec.to else known.type.target
        if Kind(spec.type) is not known.type.kind or target != known.type.target:
            of = f" to {known.type.target}" if known.type.target else ""
            self._refuse(
                f"{where} is a standard field of type {known.type}{of}; its type cannot change",
                place,
                value=str(spec.type),
                hint="give your own field another name, ending in __gc",
            )
            return known
        length = known.type.length
        if spec.length is not None and (length is None or spec.length < length):
            self._refuse(f"{where}: a standard field cannot become shorter", place, value=str(spec.length))
        elif spec.length is not None:
            length = spec.length
        if known.type.category:
            self._extend(known.type.category, spec.options or ())
        return replace(
            known,
            type=replace(known.type, length=length),
            label=str(spec.label) if spec.label else known.label,
            required=known.required or bool(spec.required),
            place=place,
        )

    def _extend(self, category: str, names: Iterable[str]) -> None:
        present = self.options.get(category, ())
        self.options[category] = tuple(dict.fromkeys((*present, *(str(name) for name in names))))

    def _list_field(self, path: str, place: Place | None) -> FieldDef | None:
        object_name, _, field_name = path.partition(".")
        definition = self.objects.get(object_name.lower())
        if definition is None or not field_name:
            self._name(f"“{path}” is no dropdown list", place, path, self._list_names())
            return None
        found = definition.field(field_name)
        if found is None:
            self._name(f"{definition.name} has no field “{field_name}”", place, path, self._list_names())
        elif found.type.category is None:
            self._refuse(f"{path} is a {found.type}, no dropdown list", place, value=path)
            return None
        return found

    def _list_names(self) -> list[str]:
        return [
            f"{definition.name}.{found.name}"
            for definition in self.objects.values()
            for found in definition.fields.values()
            if found.type.category or f"{definition.name}.{found.name}".lower() == _ACTIVITY_TYPES
        ]

    def _check_object(self, definition: ObjectDef, spec: ObjectSpec) -> None:
        place = spec.place
        if len(definition.fields) > _ADVISED_FIELDS:
            self._warn(f"{definition.name} has {len(definition.fields)} fields", place, "Gainsight advises at most 200")
        labels: dict[str, FieldDef] = {}
        for found in definition.fields.values():
            twin = labels.setdefault(found.label.lower(), found)
            if twin is not found:
                self._refuse(
                    f"{definition.name}: fields {twin.name} and {found.name} have the same label “{found.label}”",
                    found.place or twin.place or place,
                    hint="labels of fields are unique in their object; give one of them another `label`",
                )

    def _check_field(self, definition: ObjectDef, found: FieldDef) -> None:
        target, category = found.type.target, found.type.category
        where = f"{definition.name}.{found.name}"
        if target and target not in self.objects:
            self._name(f"{where}: there is no object “{target}”", found.place, target, self.objects)
        if category and not self.options.get(category):
            self._refuse(f"{where}: a {found.type} needs options", found.place, hint="options: [First, Second]")

    def _refuse(self, message: str, place: Place | None, *, value: str = "", hint: str = "") -> None:
        self.problems.append(Problem("GS-PROJECT-OBJECT", message, place, value=value, hint=hint))

    def _warn(self, message: str, place: Place | None, hint: str, near: str = "") -> None:
        self.problems.append(Problem("GS-EXT", message, place, hint=hint, nearest=near, severity="warning"))

    def _name(self, message: str, place: Place | None, value: str, known: Iterable[str]) -> None:
        self.problems.append(Problem("GS-NAME", message, place, value=value, nearest=nearest(value, known)))
