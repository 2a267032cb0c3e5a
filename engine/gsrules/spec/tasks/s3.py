"""The S3 dataset task (data-setup.md §6)."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from gsrules.spec.base import Decimals, Name, NotNegative, Spec, refusal
from gsrules.spec.pieces import ColumnOrText
from gsrules.spec.tasks.task import TaskSpec
from gsrules.spec.text import Text

PATTERN_TOKEN: Final = "${pattern}"


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
    compression: Literal["none", "gzip", "bzip", "zip"] = Field("none", description="How the file is compressed.")
    encoding: Name = Field(Text("UTF-8"), description="The encoding: UTF-8, UTF-16, ISO-8859-1, Windows-1252 …")
    encrypted: bool = Field(False, description="Whether the file is encrypted; it then needs pgp_key.")


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
    archive: Name | None = Field(
        None, description="The folder that files move to once they were read; absent: not archived."
    )
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
