"""The keys of the behaviour profile as text and as plain data: what each decides, its value here, where that is set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.profile import KeyDef, Profile, profile_keys, word_of
from gsrules.run.behaviours.guide import Guide, guide
from gsrules.views.paint import Painter

AREAS: Final[Mapping[str, str]] = {
    "engine": "Engine and tasks",
    "names": "Engine and tasks",
    "values": "Engine and tasks",
    "transform": "Engine and tasks",
    "tenant": "The tenant",
    "calendar": "Calendar",
    "filter": "Filters",
    "merge": "Merges, unions and pivots",
    "union": "Merges, unions and pivots",
    "pivot": "Merges, unions and pivots",
    "formula": "Formulas and calculated fields",
    "calc": "Formulas and calculated fields",
    "pop": "Formulas and calculated fields",
    "s3": "S3 files",
    "preview": "Limits and previews",
    "limits": "Limits and previews",
    "run": "Runs",
    "chain": "Runs",
    "load": "Loads",
    "people": "People",
    "cta": "Calls to action",
    "score": "Scores",
    "plan": "Success plans",
    "object": "Objects",
    "api": "API",
}
EVIDENCE: Final[Mapping[str, str]] = {
    "doc": "documented by Gainsight",
    "cli": "known from Gainsight's own admin CLI",
    "obs": "reported by practitioners",
    "choice": "a choice of gsrules: nothing is published",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A key with its value at hand; `set_in`: default, project or rule."""

    key: KeyDef
    guide: Guide
    value: Any
    set_in: str

    @property
    def area(self) -> str:
        """The heading under which the key stands."""
        return AREAS.get(self.key.name.partition(".")[0], "Others")

    @property
    def evidence(self) -> str:
        """How the behaviour is known, in words."""
        return ", ".join(EVIDENCE[each] for each in self.key.evidence)


def settings(profile: Profile, project: Profile) -> tuple[Setting, ...]:
    """All keys under a profile; `project` is that of the project, so that a rule's own keys can be told."""
    return tuple(
        Setting(key, guide(name), profile[name], _set_in(name, profile, project))
        for name, key in profile_keys().items()
    )


def _set_in(name: str, profile: Profile, project: Profile) -> str:
    if name in profile.settings and profile[name] != project[name]:
        return "rule"
    return "project" if name in project.settings else "default"


def chosen(found: Sequence[Setting], name: str | None) -> tuple[Setting, ...]:
    """The key of that name, or those whose names begin with it; all without a name. Raises InputError GS-NAME."""
    if name is None:
        return tuple(found)
    names = {each.key.name for each in found}
    wanted = [each for each in found if each.key.name == name or each.key.name.startswith(f"{name.rstrip('.')}.")]
    if not wanted:
        near = nearest(name, names)
        message = f"“{name}” is no key of the behaviour profile"
        raise InputError(Problem("GS-NAME", message, value=name, hint="gsrules profile lists all keys", nearest=near))
    return tuple(wanted)


def as_json(found: Sequence[Setting]) -> list[dict[str, Any]]:
    """The keys as plain data."""
    return [
        {
            "key": each.key.name,
            "value": each.value if not isinstance(each.value, tuple) else list(each.value),
            "set": each.set_in,
            "default": each.key.default if not isinstance(each.key.default, tuple) else list(each.key.default),
            "allowed": each.key.allowed,
            "decides": each.key.decides,
            "meanings": dict(each.guide.values),
            "evidence": list(each.key.evidence),
            "section": each.guide.section,
            "kind": each.guide.kind,
            "verify": each.guide.verify,
            "ready": each.key.ready,
            "per_rule": not each.key.project_only,
        }
        for each in found
    ]


def list_lines(found: Sequence[Setting], painter: Painter) -> Iterator[str]:
    """One line a key, by area."""
    area = ""
    widest = max(len(each.key.name) for each in found)
    for each in sorted(found, key=lambda one: list(AREAS.values()).index(one.area)):
        if each.area != area:
            yield ("" if not area else "\n") + painter.paint(each.area, "bold")
            area = each.area
        origin = "" if each.set_in == "default" else f"  ({each.set_in})"
        value = painter.paint(word_of(each.value), "cyan" if origin else "")
        yield f"  {each.key.name:<{widest}}  {value}{origin}  {painter.paint(each.key.decides, 'dim')}"


def entry_lines(each: Setting, painter: Painter) -> Iterator[str]:
    """All that is known of a key."""
    origin = {"default": "the default", "project": "set by the project", "rule": "set by the rule"}[each.set_in]
    yield f"{painter.paint(each.key.name, 'bold')} = {painter.paint(word_of(each.value), 'cyan')}  ({origin})"
    yield f"  decides: {each.key.decides}"
    yield f"  allowed: {each.key.allowed}; the default is {word_of(each.key.default)}"
    for value, meaning in each.guide.values.items():
        yield f"    {value}: {meaning}"
    yield f"  known: {each.evidence} ({each.guide.section})"
    yield f"  verify on the tenant: {each.guide.verify}"
    if not each.key.ready:
        yield "  this version only has the default"
    elif each.key.project_only:
        yield f"  one rule cannot have a value of its own: {each.key.project_only}"
    else:
        shown = next((word for word in each.guide.values if word != word_of(each.value)), word_of(each.key.default))
        yield f"  set it: [profile] in gsrules.toml, `profile:` of a rule, or --profile {each.key.name}={shown}"
