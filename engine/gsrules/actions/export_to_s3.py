"""Export to S3 (actions.md §9.2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal, cast

from pydantic import Field, model_validator
from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns, Received, change_list
from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import column, fragment, named, number, select, sub, text, texts, typed_null
from gsrules.actions.kind import ActionKind, ActionRun, BindEnv, Findings
from gsrules.actions.mappings.columns import Columns, placed
from gsrules.actions.outgoing.export_file import CsvFile
from gsrules.actions.traits import Decision, Traits
from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import STRING, Family
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem
from gsrules.expressions.show import parse_show_item
from gsrules.expressions.tree import ColumnRef, Convert, Expr
from gsrules.plan.nodes import Column
from gsrules.project import MANAGED_BUCKET
from gsrules.sources.buckets import bucket_key
from gsrules.sources.check import check_task
from gsrules.sources.dialect import bare_key, dialect_of
from gsrules.sources.encodings import codec_of
from gsrules.sources.formats import Format
from gsrules.spec import ActionSpec, FileSpec, Names, refusal
from gsrules.spec.base import Name, Positive
from gsrules.spec.tasks import PATTERN_TOKEN, PatternSpec, S3Task
from gsrules.spec.text import Text
from gsrules.tenant.changes import ChangeList, OutFile

RULE_DATE_TOKEN: Final = "${rule_date}"


class ExportToS3Spec(ActionSpec):
    """Writes the rows to a file of a bucket."""

    action: Literal["export_to_s3"] = "export_to_s3"
    bucket: Name = Field(Text(MANAGED_BUCKET), description="The bucket; absent: gainsight-managed.")
    path: Name = Field(description="The key; ${rule_date} and ${pattern} as in S3 tasks.")
    pattern: PatternSpec | None = Field(None, description="The date for ${pattern} in the path.")
    columns: Names | None = Field(
        None, description="The columns in order, each under its label or the name after `as`; absent: all, by label."
    )
    file: FileSpec = Field(default_factory=FileSpec, description="How the file is written.")
    date_format: Name = Field(Text("yyyy-MM-dd"), description="How dates are written.")
    datetime_format: Name = Field(Text("yyyy-MM-dd HH:mm:ss"), description="How dates with time are written.")
    timezone: Name | None = Field(None, description="The zone of times; absent: the tenant's zone.")
    split_rows: Positive | None = Field(None, description="The most rows of a file: the parts are numbered from 1.")

    @model_validator(mode="after")
    def _check(self) -> ExportToS3Spec:
        tokens = self.path.count(PATTERN_TOKEN)
        if tokens > 1:
            raise refusal("GS-SPEC-PATTERN", "`path` holds ${pattern} more than once", key="path")
        if tokens and self.pattern is None:
            hint = "add pattern: {format: yyyy-MM-dd, subtract_days: 0}"
            message = "`path` holds ${pattern}, but there is no `pattern`"
            raise refusal("GS-SPEC-PATTERN", message, hint=hint, key="path")
        if self.pattern is not None and not tokens:
            hint = "put ${pattern} where the date stands in the path"
            message = "there is a `pattern`, but `path` has no ${pattern}"
            raise refusal("GS-SPEC-PATTERN", message, hint=hint, key="path")
        if "${" in self.path.replace(PATTERN_TOKEN, "").replace(RULE_DATE_TOKEN, ""):
            hint = "a path takes ${rule_date} and ${pattern}"
            raise refusal("GS-SPEC-PATTERN", "`path` holds another token", hint=hint, key="path")
        return self


@dataclass(frozen=True, slots=True)
class BoundExport:
    """An export that passed validation: `headers` and what stands below each."""

    spec: ExportToS3Spec
    task: S3Task
    columns: tuple[tuple[str, ColumnRef], ...]
    catalogue: Catalogue
    zone: str
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]

    @property
    def writes_to(self) -> tuple[str, ...]:
        return ()

    @property
    def traits(self) -> Traits:
        return Traits((Decision("created", "a row that goes into the file", "every matched row goes into the file"),))

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides which rows go into which file; the files are made later."""
        return _Exporting(self, run).change_list()


class _Exporting:
    def __init__(self, action: BoundExport, run: ActionRun) -> None:
        self.action = action
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, action.catalogue), self.scratch, action.criteria)

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        key = _key(self.action.spec, self.run.rule_date)
        files = tuple(self._file(*part) for part in self._parts(key, received.matched))
        effects = self.scratch.table("effects", lambda: self._effects(key).query())
        made = change_list(
            self.scratch,
            effects,
            (),
            received,
            lambda: self._effects(key).brief(),
            records_written=0,
            outcomes={"created": received.matched},
            may_warn=False,
        )
        return replace(made, files=files)

    def _parts(self, key: str, matched: int) -> list[tuple[str, int, int, int]]:
        """Key, number of rows, first and last row of each file; without rows there is one with the header alone."""
        size = self.action.spec.split_rows
        if size is None:
            return [(key, matched, 0, _LAST)]
        if not matched:
            return [(_numbered(self.action.task, key, 1), 0, 0, _LAST)]

        def query() -> exp.Select:
            order = fragment("ROW_NUMBER() OVER (ORDER BY :r) - 1", r=self.rows.row)
            each = self.rows.select([named(self.rows.row, "row"), named(order, "at")])
            part = fragment(":a // :n", a=column("at"), n=number(int(size)))
            parted = select(named(part, "part"), column("row")).from_(sub(each, "e"), copy=False)
            row = column("row")
            return (
                select(exp.Count(this=exp.Star()), exp.Min(this=row), exp.Max(this=row.copy()))
                .from_(sub(parted, "p"), copy=False)
                .group_by(column("part"), copy=False)
                .order_by(column("part"), copy=False)
            )

        found = self.scratch.rows("parts", query)
        return [(_numbered(self.action.task, key, at), *each) for at, each in enumerate(found, start=1)]

    def _file(self, key: str, rows: int, first: int, last: int) -> OutFile:
        # All that differs from file to file of one action is in the key and the rows.
        query = self._lines(first, last)
        dialect = dialect_of(self.action.task, self.run.profile)
        file = self.action.spec.file
        content = CsvFile(
            query.sql(dialect="duckdb"),
            dialect,
            codec_of(file.encoding) or "utf-8",
            file.compression,
            key,
            self.run.rule_id,
        )
        return OutFile(str(self.action.spec.bucket), key, rows, first, last, partial(content.make, self.run.tenant.con))

    def _lines(self, first: int, last: int) -> exp.Select:
        """The texts of the file's rows, in canonical order."""
        items = [named(self._text(found), header) for header, found in self.action.columns]
        query = self.rows.select(items).order_by(self.rows.row, copy=False)
        if last == _LAST:
            return query
        within = fragment(":r BETWEEN :f AND :l", r=self.rows.row, f=number(first), l=number(last))
        return query.where(within, copy=False)

    def _text(self, found: ColumnRef) -> exp.Expr:
        """A value as the file shows it; null stays null."""
        family = found.type.family
        if family is Family.DATE:
            return self._written(self.action.spec.date_format, found, "UTC")
        if family is Family.DATETIME:
            return self._written(self.action.spec.datetime_format, found, self.action.zone)
        plain = family in (Family.TEXT, Family.ID)
        return self.rows.spell(found if plain else Convert(found, STRING))

    def _written(self, form: str, found: ColumnRef, zone: str) -> exp.Expr:
        value: Any = self.rows.spell(found)
        made: Any = Format.parse(form).write(value, zone)
        return cast("exp.Expr", made)

    def _effects(self, key: str) -> EffectColumns:
        names = {found.name: found for _, found in self.action.columns}
        items = [named(self.rows.row, "row"), *(named(self._text(found), f"v:{name}") for name, found in names.items())]
        nothing = typed_null("VARCHAR")
        after: Sequence[tuple[str, exp.Expr]] = [(name, column(f"v:{name}", "s")) for name in names]
        source = exp.Select().from_(sub(self.rows.select(items), "s"), copy=False)
        return EffectColumns(
            source=source,
            row=column("row", "s"),
            outcome=text("created"),
            codes=typed_null("VARCHAR[]"),
            field=nothing,
            shown=nothing,
            words=nothing,
            key=nothing,
            object=f"{self.action.spec.bucket}/{key}",
            gsid=nothing,
            gsids=texts([]),
            warnings=typed_null("VARCHAR[]"),
            before=[],
            after=after,
            has_before=exp.false(),
            has_after=exp.true(),
        )


# More rows than there can be.
_LAST: Final = 1 << 62


def _key(spec: ExportToS3Spec, rule_date: dt.date) -> str:
    key = bucket_key(spec.path, spec.bucket).replace(RULE_DATE_TOKEN, rule_date.isoformat())
    if spec.pattern is None:
        return key
    day = rule_date - dt.timedelta(days=spec.pattern.subtract_days)
    return key.replace(PATTERN_TOKEN, Format.parse(spec.pattern.format).write_day(day))


def _numbered(task: S3Task, key: str, part: int) -> str:
    """The key of a part: -1, -2 … before .csv and what follows."""
    bare = bare_key(key, task.file.compression)
    stem, dot, ending = bare.rpartition(".")
    return f"{stem}-{part}{dot}{ending}{key[len(bare) :]}"


def bind(spec: ExportToS3Spec, columns: tuple[Column, ...], env: BindEnv) -> BoundExport:
    """Validates the export; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    task = _as_task(spec, env)
    if spec.file.encrypted:
        hint = "remove it; the file is written as it is"
        findings.error("GS-FILE-ENCRYPTED", "exports are not encrypted", spec.file.place_of("encrypted"), hint=hint)
    else:
        for problem in check_task(task, env.profile):
            found = replace(problem, place=problem.place or spec.place_of("path"), where=spec.id)
            (findings.errors if problem.severity == "error" else findings.others).append(found)
    for form, problems in ((spec.date_format, "date_problems"), (spec.datetime_format, "datetime_problems")):
        findings.errors.extend(p for p in getattr(Format.parse(form), problems)() if p.severity == "error")
    chosen = _columns(spec, columns, dataset, findings)
    criteria = dataset.where(spec.when)
    return BoundExport(
        spec=spec,
        task=task,
        columns=chosen,
        catalogue=env.catalogue,
        zone=str(task.timezone),
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=findings.close(),
    )


def _as_task(spec: ExportToS3Spec, env: BindEnv) -> S3Task:
    """The task that would read the file again: the rules for its path and its form are the same."""
    return S3Task(
        type="s3",
        bucket=spec.bucket,
        path=Text(spec.path.replace(RULE_DATE_TOKEN, "2000-01-01"), spec.path.place),
        pattern=spec.pattern,
        file=spec.file,
        date_format=spec.date_format,
        datetime_format=spec.datetime_format,
        timezone=Text(spec.timezone or env.profile["tenant.timezone"], placed(spec.timezone, None)),
    )


def _columns(
    spec: ExportToS3Spec, columns: tuple[Column, ...], dataset: Columns, findings: Findings
) -> tuple[tuple[str, ColumnRef], ...]:
    if spec.columns is None:
        dataset.used.update(each.name for each in columns)
        labels = [each.label for each in columns]
        alike = len(set(labels)) < len(labels)  # the names never are
        return tuple((each.name if alike else each.label, ColumnRef(each.name, each.type)) for each in columns)
    found: dict[str, ColumnRef] = {}
    by_name = {each.name: each for each in columns}
    for item in spec.columns:
        header, ref = _column(item, dataset, findings)
        if ref is None:
            continue
        header = header or by_name[ref.name].label
        if header in found:
            message, hint = f"two columns have the header `{header}`", "write one as `Column as Another Header`"
            findings.error("GS-ACTION-DUPLICATE", message, item.place, value=header, hint=hint)
        found[header] = ref
    return tuple(found.items())


def _column(item: Text, dataset: Columns, findings: Findings) -> tuple[str, ColumnRef | None]:
    """The header after `as`, if there is one, and the column."""
    try:
        shown = parse_show_item(item)
    except InputError as error:
        findings.take(error)
        return "", None
    if shown.kind != "field":
        hint = "compute it in a task, and name its column here"
        findings.error("GS-SPEC-ONE-OF", "an export names columns only", item.place, value=str(item), hint=hint)
        return "", None
    return str(shown.alias or ""), dataset.column(shown.name)


KIND = ActionKind(
    name="export_to_s3",
    title="Export to S3",
    model=ExportToS3Spec,
    description="Writes the rows to a file of a bucket, when the run has committed.",
    evidence="actions.md §9.2 [doc] [cli] [choice]",
    example=(
        "- action: export_to_s3\n  from: Rows\n  path: output/rows-${rule_date}.csv\n"
        "  columns: [Company GSID, Logins as Login Count]\n"
    ),
    bind=bind,
)
