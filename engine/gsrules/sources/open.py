"""Opens the files of an S3 dataset task as one typed relation (data-setup.md §6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import duckdb
from sqlglot import exp

from gsrules.catalogue.datatypes import Kind
from gsrules.errors import InputError, Problem, RunError, Severity
from gsrules.profile import Profile
from gsrules.sources.cells import (
    CAST_ROUNDS_EXPONENTS,
    CellType,
    can_fail,
    fits_or_error,
    iso_date,
    iso_date_or_error,
    reads_iso_date,
    value_of,
    value_or_error,
)
from gsrules.sources.check import check_task
from gsrules.sources.columns import FileColumn, cell_type, declared_columns, header_problems, open_types
from gsrules.sources.dialect import dialect_of
from gsrules.sources.exact import bad_counts, fault_problem, keep_rejects, numbered_parts, value_problems, write_down
from gsrules.sources.format_sql import call
from gsrules.sources.infer import InferredColumn, infer_kinds
from gsrules.sources.local import local_copy
from gsrules.sources.packed import Room
from gsrules.sources.parts import Part, direct_parts
from gsrules.sources.resolve import SourceFile
from gsrules.sources.sql import named
from gsrules.sources.survey import Survey, plain_number_columns, survey
from gsrules.sources.tokenizer import FileFaultError
from gsrules.spec.tasks import S3Task

if TYPE_CHECKING:
    from gsrules.sources.reasons import Reason

_Found = TypeVar("_Found")

LARGEST_FILE: Final = 1 << 30
MOST_BYTES: Final = 5 << 30

# The types that DuckDB's reader gives the cells of plain numbers; a whole number of up to 18 digits is one word.
_TYPED_WHOLE: Final = "DECIMAL(18,0)"
_TYPED_NUMBER: Final = "DECIMAL(38,9)"


@dataclass(frozen=True, slots=True)
class BadCells:
    """`rows` cells of a column hold a text that does not fit and were read as null (`s3.on_bad_value: null`)."""

    column: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class OpenSource:
    """The files of a task, ready to be read.

    `inferred` tells the types that the rule left open and why; `findings` are warnings; `bad_cells` counts what
    was read as null, known in the exact form only (the fast form asks for it with EXACT_NEEDED); `rejects` is the
    temporary table of those cells, if there are any.
    """

    columns: tuple[FileColumn, ...]
    files: tuple[SourceFile, ...]
    inferred: tuple[InferredColumn, ...]
    findings: tuple[Problem, ...]
    bad_cells: tuple[BadCells, ...]
    rejects: str | None = field(compare=False)
    exact: bool
    parts: tuple[Part, ...]
    cell_types: tuple[CellType, ...]

    def relation(self, needed: Sequence[str]) -> exp.Select:
        """The rows of all files with the `needed` output columns (any letter case), typed as `columns` say.

        In the fast form the query fails with EXACT_NEEDED, or as DuckDB fails, if a row or a cell of any column,
        needed or not, does not fit (data-setup.md §6.3), whatever is done with the rows; then the source must be
        opened again with `exact`. Without columns: one 1 a row.
        """
        by_name = {column.name.lower(): at for at, column in enumerate(self.columns)}
        positions = [by_name[name.lower()] for name in needed]
        selects = [self._select(part, positions) for part in self.parts]
        if len(selects) == 1:
            return selects[0]
        rows: exp.Expression = selects[0]
        for other in selects[1:]:
            rows = exp.Union(this=rows, expression=other, distinct=False)
        outer = [named(self.columns[at].name) for at in positions] or [named(_NO_COLUMN)]
        return exp.select(*outer).from_(exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier("files"))))

    def _select(self, part: Part, positions: Sequence[int]) -> exp.Select:
        values = [self._value(part, self.columns[at], self.cell_types[at]) for at in positions]
        source: exp.Expression = part.table.copy()
        checked = not self.exact and any(can_fail(cell) for cell in self.cell_types)
        if checked:
            source = _whole_rows(values, self._checks(part, positions), self._with_dates(part, positions))
            values = [_of_row(_VALUE.format(at)) for at in range(len(values))]
        names = [self.columns[at].name for at in positions]
        items = [exp.alias_(value, name, quoted=True) for value, name in zip(values, names, strict=True)]
        one = exp.alias_(exp.Literal.number(1), _NO_COLUMN, quoted=True)
        select = exp.select(*(items or [one])).from_(source)
        return select.where(_of_row(_FITS)) if checked else select

    def _checks(self, part: Part, positions: Sequence[int]) -> list[exp.Expression]:
        """What makes the query fail for bad cells of the columns that are not needed; always true."""
        found: list[exp.Expression] = []
        for at, (column, cell) in enumerate(zip(self.columns, self.cell_types, strict=True)):
            if at in positions or not can_fail(cell):
                continue
            text = part.cell(column.header)
            if column.header in part.typed:
                # DuckDB's reader converts every column that the query names.
                is_null = exp.paren(exp.Is(this=text, expression=exp.Null()))
                found.append(exp.Not(this=exp.paren(exp.Is(this=is_null, expression=exp.Null()))))
            else:
                found.append(fits_or_error(cell, text, plain=part.plain_numbers))
        return found

    def _value(self, part: Part, column: FileColumn, cell: CellType) -> exp.Expression:
        text = part.cell(column.header)
        if column.header in part.typed:
            return _from_typed(column, text)
        if cell.keep_empty and not part.tells_empty:
            cell = replace(cell, keep_empty=False)
        if self.exact:
            return value_of(cell, text, plain=part.plain_numbers)
        if reads_iso_date(cell):
            return iso_date_or_error(named(_DATE.format(part.cells[column.header])), text)
        return value_or_error(cell, text, plain=part.plain_numbers)

    def _with_dates(self, part: Part, positions: Sequence[int]) -> exp.Expression:
        """The part's table, with each ordinary date that is needed cast once, beside its text."""
        headers = [self.columns[at].header for at in positions if reads_iso_date(self.cell_types[at])]
        if not headers:
            return part.table.copy()
        dates = [
            exp.alias_(iso_date(part.cell(header)), _DATE.format(part.cells[header]), quoted=True) for header in headers
        ]
        return exp.select(exp.Star(), *dates).from_(part.table.copy()).subquery("cells")


_NO_COLUMN: Final = "__none"
_ROW: Final = "__row"
_FITS: Final = "fits"
_VALUE: Final = "v{}"
_DATE: Final = "{} as date"


def open_source(
    con: duckdb.DuckDBPyConnection,
    task: S3Task,
    files: Sequence[SourceFile],
    profile: Profile,
    *,
    exact: bool,
    workdir: Path,
    where: str = "",
) -> OpenSource:
    """Looks at the files and makes them readable; temporary files go below `workdir`, `where` names the task.

    In the exact form all cells of all columns are checked at once. Raises InputError for a task that can never
    be read; RunError GS-FILE-HEADER, -FORMAT, -ROW, -VALUE, -COMPRESSION, -ENCODING, -PGP, -READ, GS-LIMIT.
    """
    opening = _Opening(con, task, tuple(files), profile, workdir, where)
    opening.look()
    kinds = opening.infer()
    columns = declared_columns(
        task, opening.surveys[0].header, {name: kind for name, (kind, _) in kinds.items()}, profile, exact=exact
    )
    cells = tuple(cell_type(column, task, profile) for column in columns)
    if exact:
        parts, bad, rejects = opening.checked(columns, cells)
    else:
        parts, bad, rejects = opening.fast_parts(columns), (), None
    names = {column.header: column for column in columns}
    inferred = tuple(
        InferredColumn(names[header].name, header, names[header].type, reason) for header, (_, reason) in kinds.items()
    )
    return OpenSource(columns, opening.files, inferred, tuple(opening.findings), bad, rejects, exact, parts, cells)


def infer_columns(
    con: duckdb.DuckDBPyConnection,
    task: S3Task,
    files: Sequence[SourceFile],
    profile: Profile,
    *,
    workdir: Path,
    where: str = "",
) -> tuple[InferredColumn, ...]:
    """What each column of the files seems to be, whatever the rule says about types (data-setup.md §6.3).

    Raises as `open_source` does.
    """
    opening = _Opening(con, task, tuple(files), profile, workdir, where)
    opening.look()
    kinds = {name: kind for name, (kind, _) in opening.infer_all().items()}
    why = opening.reasons(kinds)
    bare = task.model_copy(update={"columns": None})
    columns = declared_columns(bare, opening.surveys[0].header, kinds, profile, exact=True)
    return tuple(
        InferredColumn(each.name, each.header, each.type, reason.text, reason.values, reason.empty)
        for each in columns
        if (reason := why[each.header])
    )


class _Opening:
    """The steps of opening the files of one task."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        task: S3Task,
        files: tuple[SourceFile, ...],
        profile: Profile,
        workdir: Path,
        where: str,
    ) -> None:
        self.con, self.task, self.files, self.profile = con, task, files, profile
        self.workdir, self.where = workdir, where
        self.surveys: list[Survey] = []
        self.findings: list[Problem] = []
        self.written: Part | None = None

    def look(self) -> None:
        """Unpacks and surveys every file, checks sizes and headers; raises one error with all that is wrong."""
        checks = check_task(self.task, self.profile)
        if any(problem.severity == "error" for problem in checks):
            raise InputError(checks)
        self.findings.extend(checks)
        problems: list[Problem] = []
        room = Room(self.workdir, self.profile, self.where)
        dialect = dialect_of(self.task, self.profile)
        wanted: Sequence[str] = [str(header) for header in self.task.columns or ()]
        for file in self.files:
            try:
                self._check_size(file)
                found = survey(local_copy(file, self.task, room), dialect)
            except FileFaultError as fault:
                problems.append(fault_problem(fault, str(file), self.where))
                continue
            except RunError as error:
                problems.extend(error.problems)
                continue
            except OSError as error:
                problems.append(_not_readable(error, str(file), self.where))
                continue
            wanted = wanted or found.header
            problems.extend(header_problems(found, wanted, str(file), self.where))
            self.surveys.append(found)
        if problems:
            raise RunError(problems)
        self._check_total()

    def infer(self) -> dict[str, tuple[Kind, str]]:
        """Types and reasons of the headers that the rule leaves open."""
        return self._inferred(open_types(self.task, self.surveys[0].header))

    def infer_all(self) -> dict[str, tuple[Kind, str]]:
        """Types and reasons of all headers of the first file."""
        return self._inferred(self.surveys[0].header)

    def reasons(self, kinds: Mapping[str, Kind]) -> dict[str, Reason]:
        """Why the headers seem to be of these types."""
        from gsrules.sources.reasons import reasons

        return self._looked(list(kinds), lambda parts: reasons(self.con, self.task, parts, kinds))

    def fast_parts(self, columns: Sequence[FileColumn]) -> tuple[Part, ...]:
        """The files for the fast form: read by DuckDB, plain numbers typed at once, if it reads them right."""
        if not self._direct():
            return (self._write_down([column.header for column in columns]),)
        return direct_parts(self.surveys, self._typed(columns))

    def checked(
        self, columns: Sequence[FileColumn], cells: Sequence[CellType]
    ) -> tuple[tuple[Part, ...], tuple[BadCells, ...], str | None]:
        """The files for the exact form, all cells checked: how many do not fit, and the table that holds these.

        Raises RunError GS-FILE-ROW, -FORMAT, -VALUE.
        """
        typed = list(zip(columns, cells, strict=True))
        if self._direct():
            parts = direct_parts(self.surveys, {})
            try:
                counts = bad_counts(self.con, parts, typed)
            except duckdb.Error:
                # The exact reader tells the row and what is wrong with it.
                counts = None
            if counts is not None and not counts:
                return parts, (), None
            numbered = numbered_parts(self.con, self.surveys) if counts else None
            if counts and numbered is not None:
                return parts, *self._told(numbered, columns, typed, counts)
        part = self._write_down([column.header for column in columns])
        counts = bad_counts(self.con, [part], typed)
        return (part,), *(self._told([part], columns, typed, counts) if counts else ((), None))

    def _told(
        self,
        parts: Sequence[Part],
        columns: Sequence[FileColumn],
        typed: Sequence[tuple[FileColumn, CellType]],
        counts: dict[str, int],
    ) -> tuple[tuple[BadCells, ...], str]:
        """The cells that do not fit, counted, and the table that holds them; RunError if these fail the task."""
        files = [str(file) for file in self.files]
        if self.profile["s3.on_bad_value"] != "null":
            raise RunError(value_problems(self.con, parts, typed, counts, files, self.where))
        return _bad_cells(columns, counts), keep_rejects(self.con, parts, typed, counts, files)

    def _inferred(self, headers: Sequence[str]) -> dict[str, tuple[Kind, str]]:
        if not headers:
            return {}
        return self._looked(headers, lambda parts: infer_kinds(self.con, self.task, parts, headers))

    def _looked(self, headers: Sequence[str], look: Callable[[Sequence[Part]], _Found]) -> _Found:
        """What is found in the files, as texts, by DuckDB's reader if it reads them right."""
        if self._direct():
            try:
                return look(direct_parts(self.surveys, {}))
            except duckdb.Error:
                # A row is wrong; the exact reader tells which.
                pass
        return look([self._write_down(headers)])

    def _direct(self) -> bool:
        keeps = self.profile["s3.empty_string"] == "keep_quoted"
        return all(found.direct and not (keeps and found.qualified) for found in self.surveys)

    def _write_down(self, headers: Sequence[str]) -> Part:
        """The files as the exact reader reads them, all wanted columns; written once."""
        if self.written is None or not set(headers) <= set(self.written.cells):
            wanted = self.task.columns if self.task.columns is not None else self.surveys[0].header
            every = list(dict.fromkeys([*(str(header) for header in wanted), *headers]))
            self.written = write_down(self.surveys, [str(f) for f in self.files], every, self.workdir, self.where)
        return self.written

    def _typed(self, columns: Sequence[FileColumn]) -> dict[str, str]:
        """The headers whose cells DuckDB's reader may turn into numbers itself, with its type for them."""
        numbers = {c.header: c for c in columns if c.type.kind is Kind.NUMBER}
        typed = dict.fromkeys(numbers, True)
        for found in self.surveys:
            if not found.plain_numbers:
                return {}
            places = {header: found.header.index(header) for header in numbers}
            whole = frozenset(places[h] for h, c in numbers.items() if c.type.whole and CAST_ROUNDS_EXPONENTS)
            others = frozenset(places[h] for h, c in numbers.items() if c.type.decimals in (None, 9))
            plain = plain_number_columns(found, whole, others)
            typed = {header: is_typed and places[header] in plain for header, is_typed in typed.items()}
        return {
            h: _TYPED_WHOLE if numbers[h].type.whole else _TYPED_NUMBER for h, is_typed in typed.items() if is_typed
        }

    def _check_size(self, file: SourceFile) -> None:
        size = file.path.stat().st_size
        if size <= LARGEST_FILE:
            return
        strict = bool(self.profile["limits.strict"])
        problem = self._limit(f"the file has {size / (1 << 30):.1f} GB; at most 1 GB is allowed", str(file), strict)
        if strict:
            raise RunError(problem)
        self.findings.append(problem)

    def _check_total(self) -> None:
        total = sum(found.path.stat().st_size for found in self.surveys)
        if total > MOST_BYTES:
            message = f"the files hold {total / (1 << 30):.1f} GB of data; Gainsight reads about 5 GB for a task"
            self.findings.append(self._limit(message, self.files[0].bucket, strict=False))

    def _limit(self, message: str, value: str, strict: bool) -> Problem:
        severity: Severity = "error" if strict else "warning"
        return Problem("GS-LIMIT", message, self.task.place_of("path"), self.where, value, severity=severity)


def _bad_cells(columns: Sequence[FileColumn], counts: dict[str, int]) -> tuple[BadCells, ...]:
    by_name = {column.name: column for column in columns}
    return tuple(
        BadCells(name, f"the text is no {by_name[name].type.kind.value}", rows) for name, rows in counts.items()
    )


def _not_readable(error: OSError, file: str, where: str) -> Problem:
    hint = "see to the rights of the file" if isinstance(error, PermissionError) else "is the disk well, and not full?"
    message = f"the file cannot be read: {error.strerror or error}"
    return Problem("GS-FILE-READ", message, where=where, value=file, hint=hint)


def _whole_rows(
    values: Sequence[exp.Expression], checks: Sequence[exp.Expression], source: exp.Expression
) -> exp.Subquery:
    """The source with one struct a row, which holds the values, and whether all `checks` hold.

    DuckDB drops columns that nobody asks for and moves filters of later steps below what computes a column, so
    that bad cells might never be looked at. Neither happens to the fields of a struct made with a random number.
    """
    fits = exp.and_(exp.GTE(this=call("random"), expression=exp.Literal.number(0)), *checks)
    fields = [*((_VALUE.format(at), value) for at, value in enumerate(values)), (_FITS, fits)]
    items = [exp.PropertyEQ(this=exp.to_identifier(name), expression=value) for name, value in fields]
    rows = exp.select(exp.alias_(exp.Struct(expressions=items), _ROW, quoted=True)).from_(source)
    return exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier("rows", quoted=True)))


def _of_row(field: str) -> exp.Expression:
    return call("struct_extract", named(_ROW), field)


def _from_typed(column: FileColumn, cell: exp.Expression) -> exp.Expression:
    return exp.cast(cell, "BIGINT") if column.type.whole else cell
