"""The task kinds of a rule's data setup, as written (rule-language §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from gsrules.spec.base import (
    Bool,
    Decimals,
    Name,
    Names,
    NotNegative,
    OneOrMany,
    Scalar,
    ShowList,
    Spec,
    TaskDescription,
    refusal,
)
from gsrules.spec.formulas import FormulaSpec
from gsrules.spec.pieces import ColumnOrText, WhereSpec
from gsrules.spec.text import Text

PATTERN_TOKEN: Final = "${pattern}"


class TaskSpec(Spec):
    """The base of all task kinds; a task's name is its key in the rule's `tasks`."""

    type: str = Field(description="The kind of task.")
    description: TaskDescription | None = Field(None, description="What the task is for.")

    @property
    def inputs(self) -> tuple[Text, ...]:
        """The tasks that this one reads."""
        return ()


class FetchTask(TaskSpec):
    """Reads the records of an object (data-setup.md §4)."""

    type: Literal["fetch"] = "fetch"
    object: Name = Field(description="The object: company, or a Salesforce object with source: salesforce.")
    source: Literal["tenant", "salesforce"] = Field("tenant", description="Where the object lives.")
    show: ShowList | None = Field(None, description="The fields to show; absent: all.")
    where: WhereSpec | None = None
    group_by: Names | None = Field(None, description="The groups; must agree with the plain fields of show.")
    customers_only: Bool = Field(False, description="Only records of accounts that are companies (Salesforce).")

    @model_validator(mode="after")
    def _check(self) -> FetchTask:
        if self.customers_only and self.source != "salesforce":
            raise refusal(
                "GS-SPEC-ONE-OF",
                "`customers_only` belongs to `source: salesforce`",
                hint="remove customers_only, or add source: salesforce",
                key="customers_only",
            )
        return self


class PatternSpec(Spec):
    """The date that stands for ${pattern} in an S3 path: the rule date less some days (data-setup.md §6.1)."""

    format: Name = Field(Text("yyyy-MM-dd"), description="How the date is written, such as yyyy-MM-dd.")
    subtract_days: NotNegative = Field(0, description="Days before the rule date.")


class FileSpec(Spec):
    """How a file is written; what is absent has Gainsight's default (data-setup.md §6.2)."""

    separator: Literal["comma", "tab", "pipe", "semicolon"] | None = Field(
        None, description="Between cells; absent: comma, tab for .tsv."
    )
    qualifier: Literal["double_quote", "single_quote"] = Field("double_quote", description="Around cells.")
    escape: Literal["backslash", "single_quote", "double_quote"] | None = Field(
        None, description="Before a qualifier inside a cell; absent: as the profile says (backslash)."
    )
    compression: Literal["none", "gzip", "bzip"] = "none"
    encoding: Name = Text("UTF-8")


class ColumnSpec(ColumnOrText):
    """A column of an S3 file; a plain text is its type (data-setup.md §6.3)."""

    shorthand: ClassVar[str] = "type"

    type: Literal["string", "number", "boolean", "date", "datetime", "gsid"] | None = Field(
        None, description="The type of the cells; absent: inferred."
    )
    format: Name | None = Field(None, description="How dates are written in this column.")
    decimals: Decimals | None = Field(None, description="Decimal places of a number, 0 to 9.")
    as_: Name | None = Field(None, alias="as", description="The column's name in the dataset; absent: the header.")

    @model_validator(mode="after")
    def _check(self) -> ColumnSpec:
        if self.format is not None and self.type not in ("date", "datetime", None):
            message = f"`format` belongs to dates; this column is a {self.type}"
            raise refusal("GS-SPEC-ONE-OF", message, hint="remove format, or write type: date", key="format")
        if self.decimals is not None and self.type not in ("number", None):
            message = f"`decimals` belongs to numbers; this column is a {self.type}"
            raise refusal("GS-SPEC-ONE-OF", message, hint="remove decimals, or write type: number", key="decimals")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(schema))
        types = ["string", "number", "boolean", "date", "datetime", "gsid"]
        return {"anyOf": [{"enum": types, "description": "The type of the cells."}, full]}


class S3Task(TaskSpec):
    """Reads one file or a set of files of a bucket (data-setup.md §6)."""

    type: Literal["s3"] = "s3"
    bucket: Name = Field(Text("gainsight-managed"), description="The bucket.")
    path: Name = Field(description="The key from the bucket's root; ${pattern} stands for a date.")
    match: Literal["equals", "starts_with"] = Field("equals", description="One file, or every file that begins so.")
    pattern: PatternSpec | None = None
    file: FileSpec = Field(default_factory=lambda: FileSpec())
    pgp_key: Name | None = Field(None, description="The name of a key in the settings; only for encrypted files.")
    date_format: Name = Field(Text("MM/dd/yyyy"), description="How dates are written.")
    datetime_format: Name = Field(Text("MM/dd/yyyy HH:mm:ss"), description="How dates with time are written.")
    timezone: Name = Field(Text("UTC"), description="The zone of times without offset.")
    archive: Name | None = Field(None, description="The folder for files that were read; absent: not archived.")
    columns: dict[Name, ColumnSpec] | None = Field(None, description="Headers → columns; absent: inferred.")

    @model_validator(mode="after")
    def _check(self) -> S3Task:
        tokens = self.path.count(PATTERN_TOKEN)
        if tokens > 1:
            raise refusal("GS-SPEC-PATTERN", "`path` holds ${pattern} more than once", key="path")
        if tokens and self.pattern is None:
            hint = "add pattern: {format: yyyy-MM-dd, subtract_days: 0}"
            raise refusal(
                "GS-SPEC-PATTERN", "`path` holds ${pattern}, but there is no `pattern`", hint=hint, key="path"
            )
        if self.pattern is not None and not tokens:
            hint = "put ${pattern} where the date stands in the path"
            raise refusal(
                "GS-SPEC-PATTERN", "there is a `pattern`, but `path` has no ${pattern}", hint=hint, key="path"
            )
        if self.match == "starts_with" and self.pattern is None:
            hint = "add a pattern, or use match: equals"
            raise refusal("GS-SPEC-PATTERN", "`match: starts_with` needs a `pattern`", hint=hint, key="match")
        if self.columns is not None and not self.columns:
            raise refusal(
                "GS-SPEC-EMPTY", "`columns` is empty", hint="leave it out to have them inferred", key="columns"
            )
        return self


class JoinSpec(Spec):
    """One dataset joined to those before it (data-setup.md §7)."""

    dataset: Name = Field(description="The task to join.")
    keep: Literal["common", "left", "right", "all"] = Field(
        description="The rows to keep: common to both, all of the left, all of the right, all."
    )
    on: Name = Field(description="left = right (or left ~ right, regardless of case), joined by and.")


class MergeTask(TaskSpec):
    """Joins datasets by equal columns (data-setup.md §7)."""

    type: Literal["merge"] = "merge"
    from_: Name = Field(alias="from", description="The left side.")
    join: tuple[JoinSpec, ...] = Field(min_length=1, description="The datasets to join, in order.")
    show: ShowList | None = Field(None, description="The columns to show; absent: all.")
    where: WhereSpec | None = None
    group_by: Names | None = None

    @property
    def inputs(self) -> tuple[Text, ...]:
        return (self.from_, *(join.dataset for join in self.join))


class TransformTask(TaskSpec):
    """Filters, groups and computes over one dataset (data-setup.md §8)."""

    type: Literal["transform"] = "transform"
    from_: Name = Field(alias="from", description="The dataset to work on.")
    where: WhereSpec | None = None
    show: ShowList | None = Field(None, description="The columns to show; absent: all, and the formulas.")
    group_by: Names | None = None
    formulas: dict[Name, FormulaSpec] = Field(
        default_factory=dict, description="New columns: name → expression, or a calculated field."
    )

    @property
    def inputs(self) -> tuple[Text, ...]:
        return (self.from_,)


class PivotColumn(ColumnOrText):
    """An output column of a pivot. Without `where` it holds the rows whose `pivot_on` equals the name.

    `value` absent: the task's.
    """

    shorthand: ClassVar[str] = "name"

    name: Name = Field(description="The column's name.")
    where: WhereSpec | None = None
    value: Name | None = Field(None, description="What is aggregated, such as sum(Views).")
    default: Scalar | None = Field(None, description="The value when no row feeds the column.")


class PivotTask(TaskSpec):
    """Turns rows into columns (data-setup.md §10)."""

    type: Literal["pivot"] = "pivot"
    from_: Name = Field(alias="from", description="The dataset to work on.")
    group_by: Names | None = Field(None, description="One row for each combination; absent: one row.")
    where: WhereSpec | None = None
    pivot_on: Name | None = Field(None, description="Short form: the column whose values become columns.")
    value: Name | None = Field(None, description="What is aggregated, such as sum(Views).")
    default: Scalar | None = Field(None, description="The value when no row feeds a column.")
    columns: OneOrMany[PivotColumn] = Field(description="The columns: names, or each with where and value.")

    @property
    def inputs(self) -> tuple[Text, ...]:
        return (self.from_,)

    @model_validator(mode="after")
    def _check(self) -> PivotTask:
        short = [column.name for column in self.columns if column.where is None]
        if short and self.pivot_on is None:
            hint = "add pivot_on: a column, or give each column a where"
            raise refusal(
                "GS-SPEC-MISSING", f"the column `{short[0]}` has no `where`, and there is no `pivot_on`", hint=hint
            )
        if self.pivot_on is not None and not short:
            hint = "remove pivot_on: every column has its own where"
            raise refusal("GS-SPEC-ONE-OF", "`pivot_on` is used by no column", hint=hint, key="pivot_on")
        bare = [column.name for column in self.columns if column.value is None]
        if bare and self.value is None:
            hint = "add value: sum(…) to the task or to the column"
            raise refusal("GS-SPEC-MISSING", f"the column `{bare[0]}` has no `value`", hint=hint)
        return self


class UnionTask(TaskSpec):
    """Puts the rows of datasets below one another (data-setup.md §9)."""

    type: Literal["union"] = "union"
    from_: tuple[Name, ...] = Field(alias="from", min_length=2, description="The datasets.")
    columns: dict[Name, dict[Name, Name]] | None = Field(
        None, description="Output column → {dataset: its column}; absent: by column name."
    )

    @property
    def inputs(self) -> tuple[Text, ...]:
        return self.from_


TASKS: Final[Mapping[str, type[TaskSpec]]] = {
    "fetch": FetchTask,
    "s3": S3Task,
    "merge": MergeTask,
    "transform": TransformTask,
    "pivot": PivotTask,
    "union": UnionTask,
}
"""The task kinds by `type`."""
