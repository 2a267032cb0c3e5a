"""The catalogue of a tenant: what objects, fields and options there are (platform.md §2, §3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from gsrules.catalogue.cockpit import Cockpit, CockpitOptions, build_cockpit
from gsrules.catalogue.gsids import stable_gsid
from gsrules.catalogue.model import (
    Category,
    CockpitItem,
    DefaultValue,
    Item,
    ItemMatch,
    ObjectDef,
    PlaybookDef,
    SchemeRange,
)
from gsrules.catalogue.overlay import Overlay
from gsrules.catalogue.plan_templates import TemplateDef
from gsrules.catalogue.salesforce import SalesforceObjects
from gsrules.catalogue.scorecards import Scorecards, standard_scorecards, with_measures
from gsrules.catalogue.standard import standard_objects, standard_options
from gsrules.errors import InputError, Problem, nearest
from gsrules.profile import Profile

if TYPE_CHECKING:
    from gsrules.catalogue.callouts import CalloutDef
    from gsrules.catalogue.permissions import LoadPermissions
    from gsrules.project import Project


class Catalogue:
    """Objects, dropdown lists and the cockpit of one tenant. Immutable once built."""

    def __init__(
        self,
        objects: Mapping[str, ObjectDef],
        options: Mapping[str, Sequence[str]],
        cockpit: Cockpit,
        profile: Profile,
        salesforce_dir: Path | None = None,
        warnings: Sequence[Problem] = (),
        callouts: Mapping[str, CalloutDef] = MappingProxyType({}),
        scorecards: Scorecards | None = None,
        load_permissions: LoadPermissions | None = None,
    ) -> None:
        self.objects: Mapping[str, ObjectDef] = MappingProxyType(dict(objects))
        self.profile = profile
        self.warnings = tuple(warnings)
        self.callouts = callouts
        self.load_permissions = load_permissions
        self.scorecards = scorecards or standard_scorecards(profile["tenant.id"])
        self._cockpit = cockpit
        self._options = options
        self._salesforce = SalesforceObjects(salesforce_dir)
        self._by_label = {definition.label.lower(): definition for definition in objects.values()}

    @classmethod
    def standard(cls, profile: Profile | None = None) -> Catalogue:
        """The catalogue of a tenant without anything of its own."""
        profile = profile or Profile.default()
        cockpit = build_cockpit(CockpitOptions(), profile["tenant.id"], [])
        return cls(standard_objects(profile), standard_options(), cockpit, profile)

    @classmethod
    def load(cls, project: Project) -> Catalogue:
        """The standard objects with the project's objects and options laid over them.

        Raises InputError with every problem of datasets/objects/*.yml, picklists.yml, scorecards.yml …
        """
        from gsrules.catalogue.project_files import (  # pydantic is not always needed
            read_callouts,
            read_load_permissions,
            read_object_files,
            read_options,
            read_scorecards,
        )

        profile = project.profile
        overlay = Overlay(standard_objects(profile), standard_options(), profile)
        problems: list[Problem] = []
        for spec in read_object_files(project.datasets_dir / "objects", problems):
            overlay.add(spec)
        options, lists = read_options(project.datasets_dir / "picklists.yml", problems)
        overlay.extend_options(lists)
        overlay.finish()
        cockpit = build_cockpit(options, profile["tenant.id"], problems)
        scorecards = read_scorecards(project.datasets_dir, profile["tenant.id"], problems)
        callouts = read_callouts(project.datasets_dir / "callouts.yml", problems)
        samples = project.datasets_dir / "salesforce"
        listed = project.datasets_dir / "load_permissions.yml"
        permissions = read_load_permissions(listed, overlay.objects, SalesforceObjects(samples), problems)
        problems += overlay.problems
        if any(problem.severity == "error" for problem in problems):
            raise InputError(problems)
        objects = with_measures(overlay.objects, scorecards.measure_names)
        return cls(objects, overlay.options, cockpit, profile, samples, problems, callouts, scorecards, permissions)

    def object(self, name: str) -> ObjectDef | None:
        """The object of that API name, else of that label, in any letter case; also a copy of a Salesforce object."""
        found = self.objects.get(name.lower()) or self._by_label.get(name.lower())
        return found or self._salesforce.stored(name)

    def nearest_object(self, name: str) -> str:
        """The API name most like `name`, or an empty text."""
        return nearest(name, self.objects)

    @cached_property
    def categories(self) -> Mapping[str, Category]:
        """Every dropdown list by its id."""
        defaults = {
            found.type.category: found.default
            for definition in self.objects.values()
            for found in definition.fields.values()
            if found.type.category and found.default is not None
        }
        return MappingProxyType(
            {
                category: Category(category, self._items(category, names, defaults.get(category)))
                for category, names in self._options.items()
            }
        )

    def category(self, category_id: str) -> Category:
        """The dropdown list of that id; raises KeyError if there is none."""
        return self.categories[category_id]

    def item(self, category: str, label_or_gsid: str) -> ItemMatch:
        """The option that a label or item GSID means: exact, else without regard to case (platform.md §2.5)."""
        items = self.category(category).items
        for found in items:
            if label_or_gsid in (found.name, found.gsid):
                return ItemMatch(found)
        if self.profile["object.picklist_case"] == "insensitive":
            lowered = label_or_gsid.lower()
            for found in items:
                if found.name.lower() == lowered:
                    return ItemMatch(found, case_differs=True)
        return ItemMatch(None, nearest=nearest(label_or_gsid, (found.name for found in items)))

    @property
    def cockpit_items(self) -> tuple[CockpitItem, ...]:
        """Every record of cockpit_picklist, in display order within its category."""
        return self._cockpit.items

    def cockpit_options(self, category: str, cta_type: str | None = None) -> tuple[CockpitItem, ...]:
        """The options of a cockpit category; with `cta_type` (name or GSID) only those that the type allows."""
        return tuple(
            item
            for item in self._cockpit.items
            if item.category == category
            and (cta_type is None or item.cta_type is None or cta_type in (item.cta_type, item.cta_type_gsid))
        )

    def cockpit(self, category: str, name: str, cta_type: str | None = None) -> CockpitItem | None:
        """The cockpit option that a name or GSID means: exact, else without regard to case.

        With `cta_type` (name or GSID) an option of that type comes before one of all types, and options of other
        types do not count.
        """
        options = sorted(self.cockpit_options(category, cta_type), key=lambda item: item.cta_type is None)
        exact = next((item for item in options if name in (item.name, item.gsid)), None)
        if exact or self.profile["object.picklist_case"] == "sensitive":
            return exact
        return next((item for item in options if item.name.lower() == name.lower()), None)

    @property
    def playbooks(self) -> Mapping[str, PlaybookDef]:
        """The playbooks by name."""
        return self._cockpit.playbooks

    def playbook(self, name: str) -> PlaybookDef | None:
        """The playbook of that name or GSID: exact, else without regard to case."""
        exact = self.playbooks.get(name)
        if exact:
            return exact
        return next((p for p in self.playbooks.values() if p.gsid == name or p.name.lower() == name.lower()), None)

    @property
    def templates(self) -> Mapping[str, TemplateDef]:
        """The templates of success plans by name."""
        return self._cockpit.templates

    def template(self, name: str) -> TemplateDef | None:
        """The template of that name or GSID: exact, else without regard to case."""
        exact = self.templates.get(name)
        if exact:
            return exact
        return next((t for t in self.templates.values() if t.gsid == name or t.name.lower() == name.lower()), None)

    @property
    def schemes(self) -> tuple[SchemeRange, ...]:
        """The ranges of the scorecard schemes."""
        return self.scorecards.schemes

    def salesforce_object(self, name: str) -> ObjectDef | None:
        """The Salesforce object whose sample lies in datasets/salesforce, typed by what its file holds."""
        return self._salesforce.object(name)

    @property
    def salesforce_names(self) -> tuple[str, ...]:
        """The names of the Salesforce objects with a sample."""
        return self._salesforce.names

    def salesforce_file(self, name: str) -> Path | None:
        """The sample file of a Salesforce object."""
        return self._salesforce.file(name)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever anything that the store keeps of the catalogue changes."""
        digest = hashlib.blake2b(digest_size=16)
        for definition in self.objects.values():
            digest.update(repr((definition.name, definition.family)).encode())
            for found in definition.fields.values():
                digest.update(repr((found.name, found.type.storage)).encode())
        for part in (self._options, self._cockpit.items, self._cockpit.playbooks, self.templates, self.scorecards):
            digest.update(repr(part).encode())
        return digest.hexdigest()

    def _items(self, category: str, names: Sequence[str], default: DefaultValue) -> tuple[Item, ...]:
        tenant_id = self.profile["tenant.id"]
        return tuple(
            Item(stable_gsid(tenant_id, "item", category, name), name, order=order, default=name == default)
            for order, name in enumerate(names, start=1)
        )
