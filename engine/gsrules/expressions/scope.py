"""What names mean in an expression: the columns that reach it, and the run that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

from gsrules.catalogue.datatypes import DataType
from gsrules.catalogue.model import Category
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem, nearest
from gsrules.expressions.tree import ColumnRef

ParamValue = str | int | float | Decimal | bool | date


class ScopeColumn(Protocol):
    """A column that an expression can name: by `name` or by `label`, in any letter case."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def type(self) -> DataType: ...


class Picklists(Protocol):
    """The dropdown categories that labels are resolved with."""

    def category(self, id: str, /) -> Category | None: ...


LookupResolver = Callable[[tuple[str, ...], Place | None], ColumnRef | None]
"""Resolves a path such as ("Csm", "Email"); None when its first part is no lookup.

Raises InputError when a later part is wrong.
"""


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression is bound with besides its columns.

    `findings` collects warnings. `over_rows`: functions over all rows of a task may be used, as in its formulas.
    """

    rule_date: date
    params: Mapping[str, ParamValue]
    profile: Mapping[str, Any]
    catalogue: Picklists
    findings: list[Problem] = field(default_factory=list)
    over_rows: bool = False

    def warn(self, problem: Problem) -> None:
        """Keeps a finding once."""
        if problem not in self.findings:
            self.findings.append(problem)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A column as it can be named; `dataset` qualifies it (lower case, empty for none)."""

    dataset: str
    name: str
    label: str
    ref: str
    type: DataType


class Scope:
    """Resolves names to columns of the input relation."""

    def __init__(
        self, entries: Iterable[_Entry], datasets: Sequence[str], via: LookupResolver | None, inside: str
    ) -> None:
        self._entries = tuple(entries)
        self._datasets = tuple(datasets)
        self._via = via
        self._inside = inside
        self._by_key: dict[str, list[_Entry]] = {}
        for entry in self._entries:
            for key in {entry.name.lower(), entry.label.lower()}:
                self._by_key.setdefault(key, []).append(entry)

    @classmethod
    def of_columns(cls, columns: Sequence[ScopeColumn], via: LookupResolver | None = None, inside: str = "") -> Scope:
        """The columns of one relation. `via` follows lookups; `inside` says where the names live, for messages."""
        return cls((_Entry("", c.name, c.label, c.name, c.type) for c in columns), (), via, inside)

    @classmethod
    def of_datasets(cls, datasets: Mapping[str, Sequence[tuple[ScopeColumn, str]]], inside: str = "") -> Scope:
        """Joined datasets: each column with its name in the joined relation; `Dataset.Column` is understood."""
        entries = [
            _Entry(dataset.lower(), column.name, column.label, ref, column.type)
            for dataset, columns in datasets.items()
            for column, ref in columns
        ]
        return cls(entries, tuple(datasets), None, inside)

    @property
    def known(self) -> tuple[str, ...]:
        """All names and labels."""
        return tuple(dict.fromkeys(text for e in self._entries for text in (e.name, e.label)))

    def knows(self, name: str) -> bool:
        """Whether a column has that name or label in any letter case."""
        return name.lower() in self._by_key

    def dataset(self, name: str) -> str | None:
        """The dataset of that name in any letter case."""
        return next((dataset for dataset in self._datasets if dataset.lower() == name.strip().lower()), None)

    def resolve(self, parts: tuple[str, ...], place: Place | None = None, value: str = "") -> ColumnRef:
        """The column that a name or path means.

        Raises InputError: GS-AMBIGUOUS, or GS-NAME (INVALID_FIELD) with the nearest name.
        """
        dataset = self.dataset(parts[0]) if len(parts) > 1 else None
        if dataset is not None:
            return self._one(".".join(parts[1:]), place, value, dataset)
        if len(parts) == 1:
            return self._one(parts[0], place, value)
        if self._via is not None:
            found = self._via(parts, place)
            if found is not None:
                return found
        joined = ".".join(parts)
        if joined.lower() in self._by_key:
            return self._one(joined, place, value)
        raise self._no_path(parts, place, value)

    def resolve_name(self, text: str, place: Place | None = None) -> ColumnRef:
        """The column that a name without brackets means, as in show items.

        Tries the whole text, then the longest dataset name before a dot, then a lookup path.
        """
        text = text.strip()
        if text.lower() in self._by_key:
            return self._one(text, place, text)
        for cut in (at for at in range(len(text) - 1, 0, -1) if text[at] == "."):
            dataset = self.dataset(text[:cut])
            if dataset is not None:
                return self._one(text[cut + 1 :].strip(), place, text, dataset)
        parts = tuple(part.strip() for part in text.split("."))
        if len(parts) == 1 or not all(parts):
            return self._one(text, place, text)
        return self.resolve(parts, place, text)

    def _one(self, name: str, place: Place | None, value: str, dataset: str | None = None) -> ColumnRef:
        entries = self._by_key.get(name.lower(), [])
        if dataset is not None:
            entries = [entry for entry in entries if entry.dataset == dataset.lower()]
        if self._via is None:
            entries = _aliases_first(entries, name)
        refs = {entry.ref.lower(): entry for entry in entries}
        if len(refs) == 1:
            entry = entries[0]
            return ColumnRef(entry.ref, entry.type, place)
        if refs:
            raise InputError(self._ambiguous(name, list(refs.values()), place, value))
        among = [e for e in self._entries if dataset is None or e.dataset == dataset.lower()]
        known = [text for e in among for text in (e.name, e.label)]
        near = nearest(name, known)
        inside = f" in {dataset!r}" if dataset else self._inside and f" in {self._inside}"
        raise InputError(
            Problem(
                "GS-NAME",
                f"there is no field {name!r}{inside} (INVALID_FIELD)",
                place=place,
                value=value or name,
                nearest=near,
                hint="" if near else _known(among),
            )
        )

    def _ambiguous(self, name: str, entries: list[_Entry], place: Place | None, value: str) -> Problem:
        fits = [_described(entry, self._datasets) for entry in entries]
        hint = "write the field name" if not self._datasets else "write the dataset before it: Dataset.Field"
        return Problem(
            "GS-AMBIGUOUS",
            f"{name!r} fits {len(fits)} fields: {', '.join(fits)} (INVALID_FIELD)",
            place=place,
            value=value or name,
            hint=hint,
        )

    def _no_path(self, parts: tuple[str, ...], place: Place | None, value: str) -> InputError:
        path = ".".join(parts)
        if self._datasets:
            hint, near = "write Dataset.Field", nearest(parts[0], self._datasets)
        elif self._via is None and parts[0].lower() == self._inside.lower():
            hint, near = f"only a merge has fields of several datasets: write [{'.'.join(parts[1:])}]", ""
        elif self._via is None:
            hint, near = (
                "paths through lookups work in fetch tasks only; show the field there",
                nearest(path, self.known),
            )
        else:
            hint, near = f"{parts[0]!r} is no lookup", nearest(parts[0], self.known)
        message = f"the path {path!r} leads nowhere (INVALID_FIELD)"
        return InputError(Problem("GS-NAME", message, place=place, value=value or path, hint=hint, nearest=near))


_MOST_KNOWN: Final = 12


def _known(among: Sequence[_Entry]) -> str:
    """The names that could have been meant, where none is near."""
    names = list(dict.fromkeys(entry.name for entry in among))
    if not names:
        return "no columns reach this place"
    return f"known here: {', '.join(names[:_MOST_KNOWN])}{', …' if len(names) > _MOST_KNOWN else ''}"


def _aliases_first(entries: list[_Entry], name: str) -> list[_Entry]:
    """A name means the column of that alias, also where another one of its task has it as label (§1.2)."""
    named = {entry.dataset for entry in entries if entry.name.lower() == name.lower()}
    return [entry for entry in entries if entry.dataset not in named or entry.name.lower() == name.lower()]


def _described(entry: _Entry, datasets: Sequence[str]) -> str:
    dataset = next((name + "." for name in datasets if name.lower() == entry.dataset), "")
    return f"{dataset}{entry.name}" + (f" ({entry.label})" if entry.label != entry.name else "")
