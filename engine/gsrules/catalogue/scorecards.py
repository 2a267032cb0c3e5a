"""Scorecards with their measures and groups, and the ranges of their schemes (actions.md §7.1, platform.md §3.6).

A project states them in datasets/scorecards.yml. They become records of scorecard_master, scorecard_measure and
scorecard_scheme_definition with GSIDs that depend on their names alone. The overall score is a measure row, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gsrules.catalogue.datatypes import NUMBER
from gsrules.catalogue.gsids import stable_gsid
from gsrules.catalogue.model import FieldDef, ObjectDef, SchemeRange
from gsrules.catalogue.standard import seeds
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem, nearest

if TYPE_CHECKING:
    from gsrules.spec.scorecards import SchemeRangeSpec, ScorecardMeasureSpec, ScorecardSpec, ScorecardsSpec

FAMILY: Final = "1O01"
CARDS: Final = "scorecard_master"
MEASURES: Final = "scorecard_measure"
OVERALL: Final = "Overall Score"
ENTITY_TYPES: Final = {"company": "ACCOUNT", "relationship": "RELATIONSHIP"}
HISTORIES: Final = {"scorecard_history": "company", "relationship_scorecard_history": "relationship"}
_WHOLE: Final = Decimal(100)
_TOLERANCE: Final = Decimal("0.01")
_RESERVED: Final = frozenset(
    [
        "gsid",
        "companyid",
        "relationshipid",
        "snapshotdate",
        "overallscore",
        "createddate",
        "modifieddate",
        "createdby",
        "modifiedby",
        "currencyisocode",
        "gsingestionsource",
        "gsexecutionid",
        "gs_sequence",
    ]
)
_MOST_RANGES: Final = 12
_OVERALL_NAMES: Final = frozenset({OVERALL.lower(), "overall"})


@dataclass(frozen=True, slots=True)
class MeasureDef:
    """A row of scorecard_measure: a measure, a group, or the overall score (level GROUP, no weight).

    `parent` is the GSID of the measure's group.
    """

    gsid: str
    name: str
    level: str
    parent: str | None
    weight: Decimal | None

    @property
    def input_type(self) -> str:
        return "MANUAL" if self.level == "MEASURE" else "CALCULATED"


@dataclass(frozen=True, slots=True)
class ScorecardDef:
    """A scorecard of the project; `entity` is company or relationship, `scheme` NUMERIC, GRADE or COLOR."""

    gsid: str
    name: str
    entity: str
    scheme: str
    active: bool
    rows: tuple[MeasureDef, ...]

    @property
    def measures(self) -> tuple[MeasureDef, ...]:
        """The measures that can be set."""
        return tuple(row for row in self.rows if row.level == "MEASURE")


@dataclass(frozen=True, slots=True)
class Scorecards:
    """What a project defines; `schemes` are the standard ranges where it states none.

    `seeded_cards` and `seeded_measures` are the names in the seed files of scorecards and measures.
    """

    cards: tuple[ScorecardDef, ...]
    schemes: tuple[SchemeRange, ...]
    seeded_cards: tuple[str, ...] = ()
    seeded_measures: tuple[str, ...] = ()

    def card_names(self, entity: str) -> tuple[str, ...]:
        """The names of the scorecards of an entity kind; of seeded ones it is not known."""
        return (*(card.name for card in self.cards if card.entity == entity), *self.seeded_cards)

    def card(self, entity: str, word: str) -> ScorecardDef | None:
        """The defined scorecard of that name, in any letter case, or GSID."""
        own = [card for card in self.cards if card.entity == entity]
        return next((card for card in own if word == card.gsid or word.lower() == card.name.lower()), None)

    def measure_names(self, entity: str) -> tuple[str, ...]:
        """The names of all measures of an entity kind, each once in the spelling that comes first."""
        found: dict[str, str] = {}
        for card in self.cards:
            if card.entity == entity:
                for measure in card.measures:
                    found.setdefault(measure.name.lower(), measure.name)
        for name in self.seeded_measures:
            if name.lower() not in _RESERVED and name.lower() not in _OVERALL_NAMES:
                found.setdefault(name.lower(), name)
        return tuple(found.values())


def standard_scorecards(tenant_id: str) -> Scorecards:
    """Those of a tenant without scorecards of its own: the standard ranges."""
    return Scorecards((), tuple(_schemes(tenant_id, {})))


def build_scorecards(
    spec: ScorecardsSpec | None, seeded: Mapping[str, Sequence[str]], tenant_id: str, problems: list[Problem]
) -> Scorecards:
    """The scorecards of a tenant; what is wrong is added to `problems`. `seeded` are names in seed files by object."""
    builder = _Builder(tenant_id, problems)
    cards: tuple[ScorecardDef, ...] = ()
    stated: dict[str, Sequence[SchemeRangeSpec]] = {}
    if spec is not None:
        builder.unlike(spec.scorecards, "scorecard", "scorecards")
        cards = tuple(builder.card(name, each) for name, each in spec.scorecards.items())
        builder.check_columns(spec)
        for scheme in ("numeric", "grade", "color"):
            ranges = getattr(spec.schemes, scheme)
            if ranges is not None:
                stated[scheme.upper()] = ranges
                builder.check_ranges(scheme, ranges, spec.schemes.place_of(scheme))
    schemes = tuple(_schemes(tenant_id, stated))
    return Scorecards(cards, schemes, tuple(seeded.get(CARDS, ())), tuple(seeded.get(MEASURES, ())))


class _Builder:
    def __init__(self, tenant_id: str, problems: list[Problem]) -> None:
        self._tenant_id = tenant_id
        self._problems = problems

    def card(self, name: str, spec: ScorecardSpec) -> ScorecardDef:
        """The definition of one scorecard, after its problems."""
        where = f"scorecards.{name}"
        place = spec.place
        self.unlike((*spec.measures, *spec.groups), "measure or group", where)
        groups = self._groups(where, spec)
        tops = dict(groups)
        tops |= {str(measure): _decimal(each.weight) for measure, each in spec.measures.items() if each.group is None}
        shares = self._shares(where, tops, _WHOLE, place, "the weights of the scorecard")
        rows: dict[str, MeasureDef] = {}
        for group in groups:
            gsid = self._gsid("group", name, group)
            rows[group] = MeasureDef(gsid, group, "GROUP", None, shares[group])
        for measure, each in spec.measures.items():
            if each.group is None:
                self._check_name(where, measure, _place_of(spec.measures, measure, place))
                rows[measure] = self._measure(name, measure, None, shares[measure])
        for group, weight in groups.items():
            children = {str(m): _decimal(each.weight) for m, each in spec.measures.items() if each.group == group}
            inside = self._shares_in(where, group, children, weight, place)
            for child in children:
                self._check_name(where, child, _place_of(spec.measures, child, place))
                rows[child] = self._measure(name, child, rows[group].gsid, inside[child])
        ordered = [rows[str(measure)] for measure in spec.measures] + [rows[group] for group in groups]
        overall = MeasureDef(self._gsid("overall", name), OVERALL, "GROUP", None, None)
        gsid = stable_gsid(self._tenant_id, "scorecard", str(name), family=FAMILY)
        return ScorecardDef(gsid, str(name), spec.entity, spec.scheme.upper(), spec.active, (*ordered, overall))

    def _measure(self, card: str, name: str, parent: str | None, weight: Decimal) -> MeasureDef:
        return MeasureDef(self._gsid("measure", card, name), str(name), "MEASURE", parent, weight)

    def unlike(self, names: Iterable[str], what: str, where: str) -> None:
        """Refuses names that differ in letter case only."""
        seen: dict[str, str] = {}
        for name in names:
            if name.lower() in seen:
                message = f"`{name}` and `{seen[name.lower()]}` are the same {what}"
                self._refuse(
                    "GS-SPEC-DUPLICATE", message, _at(name), where, name, "names are compared in any letter case"
                )
            seen.setdefault(name.lower(), name)

    def _gsid(self, *parts: str) -> str:
        return stable_gsid(self._tenant_id, "scorecard", *(str(part) for part in parts), family=FAMILY)

    def _groups(self, where: str, spec: ScorecardSpec) -> dict[str, Decimal | None]:
        """The groups with their weights; one that only its measures name has the sum of theirs."""
        found: dict[str, Decimal | None] = {str(name): _decimal(weight) for name, weight in spec.groups.items()}
        named: dict[str, list[ScorecardMeasureSpec]] = {}
        for measure in spec.measures.values():
            if measure.group is not None:
                named.setdefault(str(measure.group), []).append(measure)
        for group, children in named.items():
            if group in found:
                continue
            if spec.groups:
                place = _at(children[0].group)
                near = nearest(group, found)
                hint = "groups: " + ", ".join(found)
                self._refuse("GS-NAME", f"there is no group `{group}`", place, where, group, hint, near)
            weights = [_decimal(child.weight) for child in children]
            given = [weight for weight in weights if weight is not None]
            found[group] = sum(given, Decimal(0)) if len(given) == len(weights) else None
        for group in found:
            if group not in named:
                place = _place_of(spec.groups, group, spec.place)
                hint = f"give a measure `group: {group}`, or remove the group"
                self._refuse("GS-PROJECT-SCORECARD", f"the group `{group}` has no measure", place, where, group, hint)
        return found

    def _shares_in(
        self, where: str, group: str, weights: Mapping[str, Decimal | None], own: Decimal | None, place: Place | None
    ) -> dict[str, Decimal]:
        """The weights inside a group: shares of the group (100), or of the scorecard (the group's weight)."""
        given = [weight for weight in weights.values() if weight is not None]
        total = sum(given, Decimal(0))
        if own is not None and len(given) == len(weights) and abs(total - own) <= _TOLERANCE and total > 0:
            return {name: weight for name, weight in weights.items() if weight is not None}
        return self._shares(where, weights, _WHOLE, place, f"the weights in the group `{group}`", own)

    def _shares(
        self,
        where: str,
        weights: Mapping[str, Decimal | None],
        whole: Decimal,
        place: Place | None,
        what: str,
        other: Decimal | None = None,
    ) -> dict[str, Decimal]:
        """The weights, which must sum to the whole; equal ones if none is given."""
        given = {name: weight for name, weight in weights.items() if weight is not None}
        if not given:
            equal = (whole / max(len(weights), 1)).quantize(Decimal("1e-9"), ROUND_HALF_UP)
            return dict.fromkeys(weights, equal)
        missing = [name for name in weights if name not in given]
        if missing:
            message = f"{what}: " + ", ".join(f"`{name}`" for name in missing) + " have none, others have one"
            hint = "give all of them a weight, or none for equal weights"
            self._refuse("GS-PROJECT-SCORECARD", message, place, where, missing[0], hint)
        elif abs(sum(given.values(), Decimal(0)) - whole) > _TOLERANCE:
            total = sum(given.values(), Decimal(0))
            sums = " + ".join(f"{name} {weight:f}" for name, weight in given.items())
            or_other = f", or to the group's {other:f}" if other is not None else ""
            message = f"{what} sum to {total:f}, not to {whole}{or_other}"
            self._refuse("GS-PROJECT-SCORECARD", message, place, where, f"{total:f}", sums)
        return {name: weights[name] or Decimal(0) for name in weights}

    def check_columns(self, spec: ScorecardsSpec) -> None:
        """Refuses measures that would share a field of the history."""
        seen: dict[tuple[str, str], str] = {}
        for card, each in spec.scorecards.items():
            for measure in each.measures:
                key = (each.entity, history_field(measure).lower())
                other = seen.setdefault(key, measure)
                if other.lower() != measure.lower():
                    message = f"`{measure}` and `{other}` would have the same field of the history, {key[1]}"
                    place = _at(measure) or each.place
                    hint = "special characters do not count; choose another name"
                    self._refuse("GS-PROJECT-SCORECARD", message, place, f"scorecards.{card}", measure, hint)

    def _check_name(self, where: str, measure: str, place: Place | None) -> None:
        if measure.replace(" ", "").lower() in _RESERVED or measure.lower() in _OVERALL_NAMES:
            message = f"a measure cannot be called `{measure}`: the overall score and the history have that name"
            self._refuse("GS-PROJECT-SCORECARD", message, place, where, measure, "choose another name")

    def check_ranges(self, scheme: str, ranges: Sequence[SchemeRangeSpec], place: Place | None) -> None:
        """At most 12 ranges, of different labels, one after the other without gaps (actions.md §7.1)."""
        where = f"schemes.{scheme}"
        if len(ranges) > _MOST_RANGES:
            message = f"a scheme has at most {_MOST_RANGES} ranges; this one has {len(ranges)}"
            self._refuse("GS-LIMIT", message, place, where, str(len(ranges)), "join some of them")
        self.unlike((each.label for each in ranges), "label", where)
        ordered = sorted(ranges, key=lambda each: each.from_)
        for each in ordered:
            if each.from_ > each.to:
                message = f"the range {each.label} ends before it begins: {each.from_} to {each.to}"
                self._refuse("GS-PROJECT-SCORECARD", message, each.place_of("to"), where, str(each.to), "swap them")
            if each.score is not None and scheme == "numeric":
                message = "a number is its own score in the numeric scheme"
                self._refuse(
                    "GS-PROJECT-SCORECARD", message, each.place_of("score"), where, str(each.score), "remove it"
                )
            elif each.score is not None and not each.from_ <= each.score <= each.to:
                message = f"the score {each.score} of {each.label} lies outside of its range {each.from_} to {each.to}"
                self._refuse("GS-PROJECT-SCORECARD", message, each.place_of("score"), where, str(each.score), "")
        for left, right in pairwise([each for each in ordered if each.from_ <= each.to]):
            if right.from_ != left.to + 1:
                fault = "overlaps with" if right.from_ <= left.to else "leaves a gap to"
                message = (
                    f"the range {left.label} ({left.from_} to {left.to}) {fault} {right.label} (from {right.from_})"
                )
                hint = f"let {right.label} begin at {left.to + 1}"
                self._refuse("GS-PROJECT-SCORECARD", message, right.place_of("from"), where, str(right.from_), hint)

    def _refuse(
        self, code: str, message: str, place: Place | None, where: str, value: str, hint: str = "", near: str = ""
    ) -> None:
        self._problems.append(Problem(code, message, place, where, value, hint, near))


def _schemes(tenant_id: str, stated: Mapping[str, Sequence[SchemeRangeSpec]]) -> Iterator[SchemeRange]:
    for scheme, standard in seeds()["scorecard_schemes"].items():
        if scheme in stated:
            entries = [_entry(scheme, each) for each in stated[scheme]]
        else:
            entries = [(e["name"], e["name"], e["from"], e["to"], e["score"], e["color"]) for e in standard]
        for order, (name, label, low, high, score, color) in enumerate(entries, start=1):
            gsid = stable_gsid(tenant_id, "scheme", scheme, name, family=FAMILY)
            yield SchemeRange(gsid, scheme, name, low, high, score, color, order, label)


def _entry(scheme: str, spec: SchemeRangeSpec) -> tuple[str, str, int, int, int | None, str]:
    score = spec.score
    if score is None and scheme != "NUMERIC":
        score = (spec.from_ + spec.to + 1) // 2
    return (str(spec.name or spec.label), str(spec.label), spec.from_, spec.to, score, str(spec.color or ""))


def _decimal(weight: float | None) -> Decimal | None:
    return Decimal(str(weight)) if weight is not None else None


def _at(name: object) -> Place | None:
    return getattr(name, "place", None)


def _place_of(names: Iterable[str], name: str, fallback: Place | None) -> Place | None:
    """Where a name stands as a key."""
    return next((_at(each) for each in names if each == name), None) or fallback


def history_field(measure: str) -> str:
    """The name of the field that keeps the history of a measure: that of a custom field (platform.md §2.1)."""
    return re.sub(r"[^\w ]", "", measure).replace(" ", "_") + "__gc"


def with_measures(objects: Mapping[str, ObjectDef], names: Callable[[str], Iterable[str]]) -> dict[str, ObjectDef]:
    """The objects, with one number field a measure in those that hold the history of scores (platform.md §3.6)."""
    made = dict(objects)
    for name, entity in HISTORIES.items():
        known = made[name]
        fields = dict(known.fields)
        taken = {each.lower() for each in fields}
        stamps = {each: fields.pop(each) for each in [n for n, each in fields.items() if each.system and n != "Gsid"]}
        for measure in names(entity):
            column = history_field(measure)
            if column.lower() not in taken:
                description = "The score of the measure."
                fields[column] = FieldDef(column, measure, NUMBER, standard=False, description=description)
        made[name] = replace(known, fields=fields | stamps)
    return made
