"""Rule tests as written (rule-language §8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, field_validator, model_validator

from gsrules.errors import Problem
from gsrules.spec.base import Bool, Name, NotNegative, Scalar, Spec, refusal, report
from gsrules.spec.schedule import DateText
from gsrules.spec.text import Text


def _row(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        hint = "write it as {Name: Acme, ARR: 5000}"
        raise refusal("GS-SPEC-TYPE", "a row is a mapping of column names and values", hint=hint)
    for key, cell in value.items():
        if isinstance(cell, dict):
            hint = "a value that holds { or : needs quotes"
            raise refusal("GS-SPEC-TYPE", f"the value of `{key}` is a mapping", hint=hint, key=key)
    return value


def _error(value: object) -> Text | Mapping[str, Any]:
    if isinstance(value, Text):
        return value
    if isinstance(value, str):
        return Text(value)
    return _row(value)


_ROW_SCHEMA = {"type": "object", "description": "Column names and values."}

Row = Annotated[Mapping[str, Any], PlainValidator(_row), WithJsonSchema(_ROW_SCHEMA)]
"""A row as the file has it: names to texts, numbers, booleans, null, lists of them."""

ErrorRow = Annotated[
    Text | Mapping[str, Any],
    PlainValidator(_error),
    WithJsonSchema({"anyOf": [{"type": "string"}, _ROW_SCHEMA]}),
]
"""An expected error: its code, or a row of its properties."""

Counts = dict[Name, NotNegative]


class Given(Spec):
    """What the tenant and the buckets hold before the run."""

    records: dict[Name, tuple[Row, ...]] = Field(default_factory=dict, description="Object → records.")
    files: dict[Name, Text] = Field(default_factory=dict, description="bucket/key → content.")
    seed: Bool = Field(False, description="Start from datasets/ instead of an empty tenant.")


class Expect(Spec):
    """What the run must give; what is absent is not compared."""

    status: Literal["SUCCESS", "PARTIAL_SUCCESS", "FAILURE"] | None = None
    tasks: dict[Name, tuple[Row, ...]] | None = Field(None, description="Dataset → all its rows, in any order.")
    actions: dict[Name, Counts] | None = Field(None, description="Action id → counts, such as {created: 1}.")
    records: dict[Name, tuple[Row, ...]] | None = Field(
        None, description="Object → the records that the run created or changed."
    )
    errors: tuple[ErrorRow, ...] | None = Field(None, description="The errors of rows; []: none.")


class TestCase(Spec):
    """One test: given data, a run, what is expected of it."""

    __test__ = False  # the name is the language's; pytest shall not collect it

    name: Name = Field(description="What the test proves.")
    rule_date: DateText | None = Field(None, description="The rule date of the run, as 2026-01-31.")
    params: dict[Name, Scalar] = Field(default_factory=dict, description="Parameters of the run.")
    given: Given = Field(default_factory=lambda: Given())
    expect: Expect | None = None
    snapshot: Bool = Field(False, description="Compare every effect with the kept snapshot.")

    @model_validator(mode="after")
    def _check(self) -> TestCase:
        if self.expect is None and not self.snapshot:
            raise refusal("GS-SPEC-ONE-OF", "a test needs `expect` or `snapshot: true`", hint="else it can never fail")
        return self


class TestFile(Spec):
    """A file of tests of one rule."""

    __test__ = False

    rule: Name = Field(description="The id of the rule: its path below rules/ without the ending.")
    tests: tuple[TestCase, ...] = Field(min_length=1)

    @field_validator("tests", mode="before")
    @classmethod
    def _unlike_names(cls, tests: Any, info: ValidationInfo) -> Any:
        seen: set[str] = set()
        for test in tests if isinstance(tests, list) else ():
            name = test.get("name") if isinstance(test, dict) else None
            if isinstance(name, str):
                if name in seen:
                    message, place = f"two tests are named `{name}`", getattr(name, "place", None)
                    report(info, Problem("GS-SPEC-DUPLICATE", message, place, value=name))
                seen.add(name)
        return tests
