"""The masking of one recording: which columns have which masks, and every text of its records and files masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from gsrules.catalogue.gsids import is_gsid
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.regress.record.book import Book, Unit
from gsrules.regress.record.columns import EMAIL, TextColumn, Treatment, is_text, treatment, unknown_names
from gsrules.regress.record.literals import RuleTexts, origin_of
from gsrules.regress.record.mask_forms import MaskKind, Value
from gsrules.regress.record.masks import Masks


@dataclass(frozen=True, slots=True)
class MaskOptions:
    """What the user wants: `on` false masks nothing; names of columns to mask and to keep."""

    on: bool = True
    masked: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Masking:
    """What is done with each text of a recording."""

    columns: tuple[TextColumn, ...] = ()
    treatments: Mapping[tuple[str, str], Treatment] = field(default_factory=dict)
    masks: Masks = field(default_factory=Masks)
    gsids: frozenset[str] = frozenset()
    """GSIDs that the rule itself names."""

    def text(self, owner: str, name: str, value: str) -> str:
        """A text of a column as the recording shows it."""
        done = self.treatments.get((owner, name), "as it is")
        if done == "keep":
            return value
        return self.masks.within(value) if done == "within" else self.masks.mask(value)

    def is_masked(self, column: TextColumn) -> bool:
        """Whether some value of the column has a mask."""
        masked = self.treatments[column.owner, column.name] != "keep"
        return masked and any(self.text(column.owner, column.name, value) != value for value in column.values)

    def by_kind(self) -> dict[MaskKind, tuple[TextColumn, ...]]:
        """The masked columns by kind."""
        found: dict[MaskKind, tuple[TextColumn, ...]] = {}
        for column in self.columns:
            done = self.treatments[column.owner, column.name]
            if isinstance(done, MaskKind) and any(self.masks.knows(value) for value in column.values):
                found[done] = (*found.get(done, ()), column)
        return found

    def left(self) -> tuple[str, ...]:
        """The titles of the text columns that stay as they are; those of which Gainsight fixes the values left out."""
        return tuple(
            column.title
            for column in self.columns
            if not isinstance(self.treatments[column.owner, column.name], MaskKind)
            and not (column.field is not None and column.field.values)
        )


def masking_of(book: Book, units: Iterable[Unit], texts: RuleTexts, options: MaskOptions) -> Masking:
    """Decides the columns and makes the masks for the records and lines of a recording.

    Raises InputError GS-NAME for columns to mask or to keep that the recording does not have.
    """
    columns = tuple(_columns(book, units, texts))
    _check_names(columns, (*options.masked, *options.kept))
    if not options.on:
        return Masking(columns, {(each.owner, each.name): "keep" for each in columns}, gsids=texts.gsids)
    done: dict[tuple[str, str], Treatment] = {
        (each.owner, each.name): treatment(each, options.masked, options.kept) for each in columns
    }
    kept = {*texts.named, *(value for each in columns for value in each.values if is_gsid(value.strip()))}
    kept |= {value for each in columns if done[each.owner, each.name] == "keep" for value in each.values}
    return Masking(columns, done, Masks.of(_values(columns, done), kept), texts.gsids)


def _values(columns: Sequence[TextColumn], done: Mapping[tuple[str, str], Treatment]) -> Iterator[Value]:
    for column in columns:
        kind = done[column.owner, column.name]
        if isinstance(kind, MaskKind):
            word = column.thing if kind is MaskKind.NAME else ""
            for value in column.values:
                # what is no address among addresses must stay none: the rule refuses it
                own = MaskKind.TEXT if kind is MaskKind.EMAIL and not EMAIL.fullmatch(value.strip()) else kind
                yield Value(value, own, column.needs, column.type.length, word)


def _columns(book: Book, units: Iterable[Unit], texts: RuleTexts) -> Iterator[TextColumn]:
    found: dict[tuple[str, str], list[str]] = {}
    for unit in sorted(units):
        record, line = book.records.get(unit), book.lines.get(unit)
        for name, value in record.values.items() if record is not None else ():
            if isinstance(value, str):
                found.setdefault((unit[0], name), []).append(value)
        for header, cell in line.cells.items() if line is not None else ():
            if cell:
                found.setdefault((unit[0], header), []).append(cell)
    for (owner, name), values in found.items():
        rows, distinct = book.sizes.get((owner, name), (len(values), len(set(values))))
        if owner in book.forms:
            form = book.forms[owner]
            column = next(each for each in form.columns if each.header == name)
            needs = texts.of_header(form.task, name)
            target = texts.targets.get(origin_of(form.task, name))
            known = tuple(dict.fromkeys(values))
            made = TextColumn(owner, name, column.type, known, rows, distinct, needs=needs, target=target)
        else:
            definition = book.catalogue.objects[owner]
            own = definition.fields[name]
            needs = texts.of_field(owner, name)
            known = tuple(dict.fromkeys(values))
            composed = _is_composed(book, owner, name, texts)
            target = texts.targets.get(f"{owner}.{name}")
            made = TextColumn(owner, name, own.type, known, rows, distinct, own, definition, needs, composed, target)
        if is_text(made.type):
            yield made


def _is_composed(book: Book, owner: str, name: str, texts: RuleTexts) -> bool:
    """Whether all values of a field consist of other values, which have masks of their own."""
    parts = texts.composed.get((owner, name))
    if parts is None:
        return False
    records = [record.values for record in book.records.values() if record.object == owner and name in record.values]
    return not parts or all(each[name] == " ".join(str(each.get(part, "")) for part in parts) for each in records)


def _check_names(columns: Sequence[TextColumn], names: Sequence[str]) -> None:
    wrong = unknown_names(columns, names)
    known = [column.title for column in columns] + [column.name for column in columns]
    if wrong:
        hint = "text columns of the recording: " + ", ".join(dict.fromkeys(column.title for column in columns))
        raise InputError(
            [
                Problem(
                    "GS-NAME", f"no column '{name}' is recorded", value=name, hint=hint, nearest=nearest(name, known)
                )
                for name in wrong
            ]
        )
