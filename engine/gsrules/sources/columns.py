"""The columns of a source: names and types as the rule declares them (data-setup.md §1.2, §6.3)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem, nearest
from gsrules.profile import Profile
from gsrules.sources.cells import CellType
from gsrules.sources.check import format_of
from gsrules.sources.formats import Format
from gsrules.sources.survey import Survey

if TYPE_CHECKING:
    from gsrules.spec.tasks import ColumnSpec, S3Task

_SEPARATOR_NAMES: Final = {",": "comma", "\t": "tab", "|": "pipe", ";": "semicolon"}


@dataclass(frozen=True, slots=True)
class FileColumn:
    """An output column of a source: `name` in the dataset, `header` in the files, type and format of dates."""

    name: str
    header: str
    type: DataType
    format: Format | None = None
    place: Place | None = None


def declared_columns(
    task: S3Task, headers: Sequence[str], kinds: Mapping[str, Kind], profile: Profile, *, exact: bool
) -> tuple[FileColumn, ...]:
    """The output columns in order; `kinds` gives the types of headers that the rule leaves open.

    `headers`: those of the first file, all of them are columns if the rule lists none. Whole numbers are kept
    as BIGINT unless `exact`.
    """
    listed = task.columns if task.columns is not None else dict.fromkeys(headers)
    found: list[FileColumn] = []
    for header, spec in listed.items():
        declared = Kind(spec.type) if spec is not None and spec.type is not None else None
        found.append(_column(task, str(header), spec, declared or kinds[str(header)], exact))
    return _suffixed(found) if profile["names.collision"] == "auto_suffix" else tuple(found)


def open_types(task: S3Task, headers: Sequence[str]) -> tuple[str, ...]:
    """The headers whose type the rule leaves to be inferred."""
    if task.columns is None:
        return tuple(headers)
    return tuple(str(header) for header, spec in task.columns.items() if spec.type is None)


def cell_type(column: FileColumn, task: S3Task, profile: Profile) -> CellType:
    """How the column's cells are read."""
    keep = profile["s3.empty_string"] == "keep_quoted"
    return CellType(column.type, column.format, str(task.timezone), keep)


def header_problems(found: Survey, wanted: Sequence[str], file: str, where: str) -> list[Problem]:
    """GS-FILE-HEADER: configured headers that the file lacks, and headers that it holds twice."""
    line = found.dialect.separator.join(found.header)
    place = Place(file, 1, 1, line[:200])
    problems = [
        Problem(
            "GS-FILE-HEADER", "the file holds this header more than once", place, where, header, "headers must differ"
        )
        for header in dict.fromkeys(header for header in found.header if found.header.count(header) > 1)
    ]
    missing = [header for header in wanted if header not in found.header]
    if len(missing) > 1 and (other := _other_separator(found)):
        message = f"the file has none of the {len(missing)} headers that the task reads"
        return [*problems, Problem("GS-FILE-HEADER", message, place, where, found.header[0], other)]
    for header in missing:
        near = nearest(header, found.header)
        hint = _header_hint(header, found)
        problems.append(Problem("GS-FILE-HEADER", "the file has no such header", place, where, header, hint, near))
    return problems


_SHOWN_SEPARATOR: Final = ", "


def _header_hint(header: str, found: Survey) -> str:
    if any(each.lower() == header.lower() for each in found.header):
        return "headers are case-sensitive"
    if any(each.strip() == header.strip() for each in found.header):
        return "the file's header has spaces around it, which count"
    unseen = next((each for each in found.header if each != header and _visible(each) == _visible(header)), None)
    if unseen is not None:
        return f"the header of the file, or of the rule, holds characters that do not show: {_shown(unseen)}"
    if other := _other_separator(found):
        return other
    return "the file's headers: " + _SHOWN_SEPARATOR.join(found.header[:30]) + (" …" if len(found.header) > 30 else "")


def _other_separator(found: Survey) -> str:
    """What to do if the header line was not cut at all and holds another separator; else empty."""
    if len(found.header) != 1:
        return ""
    other = next((name for char, name in _SEPARATOR_NAMES.items() if char in found.header[0]), None)
    if other is None:
        return ""
    return f"the whole line is one header; is the separator a {other}? (file: {{separator: {other}}})"


def _visible(text: str) -> str:
    """The text without what does not show: control and format characters, and blanks that are no spaces."""
    text = unicodedata.normalize("NFC", text)
    kept = (" " if unicodedata.category(char) == "Zs" else char for char in text)
    return "".join(char for char in kept if unicodedata.category(char) not in ("Cc", "Cf"))


def _shown(text: str) -> str:
    """The text with every character named that does not show."""
    return "".join(
        char if char == " " or unicodedata.category(char)[0] not in "CZM" else f"\\u{ord(char):04X}" for char in text
    )


def _column(task: S3Task, header: str, spec: ColumnSpec | None, kind: Kind, exact: bool) -> FileColumn:
    decimals = spec.decimals if spec is not None and kind is Kind.NUMBER else None
    type_ = DataType(kind, decimals=decimals, whole=kind is Kind.NUMBER and decimals == 0 and not exact)
    chosen = format_of(task, kind, spec) if kind in (Kind.DATE, Kind.DATETIME) else None
    name = spec.as_ if spec is not None and spec.as_ is not None else header
    return FileColumn(str(name), header, type_, chosen, spec.place if spec is not None else task.place_of("columns"))


def _suffixed(columns: Sequence[FileColumn]) -> tuple[FileColumn, ...]:
    """Equal names (letter case aside) get _1, _2 … in column order (`names.collision: auto_suffix`)."""
    taken = {column.name.lower() for column in columns}
    seen: set[str] = set()
    found: list[FileColumn] = []
    for column in columns:
        name, number = column.name, 0
        while name.lower() in seen or (number and name.lower() in taken):
            number += 1
            name = f"{column.name}_{number}"
        seen.add(name.lower())
        found.append(replace(column, name=name))
    return tuple(found)
