"""Rule tests as written (rule-language §8)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from gsrules.errors import Problem
from gsrules.spec.base import Bool, Name, NotNegative, Scalar, Spec, refusal, report
from gsrules.spec.schedule import DateText
from gsrules.spec.text import Text, YamlList, mapping_of


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


def _content(value: object) -> Text | None:
    if value is None or isinstance(value, Text):
        return value
    if isinstance(value, str):
        return Text(value)
    hint = "write the lines below the key after a `|`; null says that there is no such file"
    raise refusal("GS-SPEC-TYPE", "the content of a file is a text", hint=hint)


def _distance(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal("GS-SPEC-TYPE", "a tolerance is a number", hint="such as 0.01")
    if not math.isfinite(value) or value < 0:
        raise refusal("GS-SPEC-VALUE", "a tolerance is a number of at least 0", hint="such as 0.01")
    return value


def _tolerance(value: object) -> int | float | Mapping[str, int | float]:
    if not isinstance(value, dict):
        return _distance(value)
    return {Text(key) if not isinstance(key, Text) else key: _distance(one) for key, one in value.items()}


_ROW_SCHEMA = {"type": "object", "description": "Column names and values."}

Row = Annotated[Mapping[str, Any], PlainValidator(_row), WithJsonSchema(_ROW_SCHEMA)]
"""A row as the file has it: names to texts, numbers, booleans, null, lists of them."""

ErrorRow = Annotated[
    Text | Mapping[str, Any],
    PlainValidator(_error),
    WithJsonSchema({"anyOf": [{"type": "string"}, _ROW_SCHEMA]}),
]
"""An expected error: its code, or a row of its properties."""

Content = Annotated[Text | None, PlainValidator(_content), WithJsonSchema({"type": ["string", "null"]})]
"""The content of a file; null: there is no such file."""

Tolerance = Annotated[
    int | float | Mapping[str, int | float],
    PlainValidator(_tolerance),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
            ]
        }
    ),
]
"""How far numbers may be from the expected ones: one distance for all columns, or one a column."""

Counts = dict[Name, NotNegative]


class Fixture(Spec):
    """Records and files that several tests take by one name."""

    records: dict[Name, tuple[Row, ...]] = Field(default_factory=dict, description="Object → records.")
    files: dict[Name, Content] = Field(
        default_factory=dict, description="bucket/key → content; null: there is no such file."
    )
    seed: Bool = Field(False, description="Start from datasets/ instead of an empty tenant.")


class Given(Fixture):
    """What the tenant and the buckets hold before the run."""

    fixtures: tuple[Name, ...] = Field((), description="Fixtures to take first, by name.")


class _ListForExact:
    """Marks a mapping for which a list of rows may stand: all rows, any order."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_list_for_exact, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        rows = {"type": "array", "items": _ROW_SCHEMA, "description": "All rows, in any order."}
        return {"anyOf": [rows, handler(schema)]}


def _list_for_exact(value: object) -> object:
    if isinstance(value, YamlList):
        return mapping_of({"exact": value}, value.place)
    return {"exact": value} if isinstance(value, list) else value


class ExpectedRows(Spec):
    """Rows that are expected: all of them (`exact`, or a plain list), or some of them (`contains`)."""

    exact: tuple[Row, ...] | None = Field(None, description="All rows, in any order, by the columns that they name.")
    contains: tuple[Row, ...] | None = Field(None, description="Rows that must be among all rows.")
    rows: NotNegative | None = Field(None, description="How many rows there are.")
    tolerance: Tolerance = Field(0, description="How far numbers may be off: 0.01, or {Column: 0.01}.")

    @model_validator(mode="after")
    def _check(self) -> ExpectedRows:
        if self.exact is not None and self.contains is not None:
            hint = "`exact` already names all rows"
            raise refusal("GS-SPEC-ONE-OF", "`exact` and `contains` exclude each other", hint=hint, key="contains")
        if self.contains is not None and not self.contains:
            hint = "name the rows that must be there, or write exact: [] for none at all"
            raise refusal("GS-SPEC-EMPTY", "`contains` without a row is always true", hint=hint, key="contains")
        if self.exact is None and self.contains is None and self.rows is None:
            raise refusal("GS-SPEC-ONE-OF", "rows need `exact`, `contains` or `rows`", hint="else nothing is expected")
        if self.exact is not None and self.rows is not None and self.rows != len(self.exact):
            message = f"`exact` has {len(self.exact)} rows, `rows` says {self.rows}"
            raise refusal("GS-SPEC-VALUE", message, hint="leave `rows` out", key="rows")
        return self

    @property
    def named(self) -> tuple[Mapping[str, Any], ...]:
        """The rows that are written down."""
        return self.exact or self.contains or ()

    @property
    def tolerated(self) -> tuple[Text, ...]:
        """The columns that have a tolerance of their own."""
        return tuple(Text(key) if not isinstance(key, Text) else key for key in self._distances())

    def tolerance_of(self, column: str) -> int | float:
        """How far the numbers of a column may be off."""
        if isinstance(self.tolerance, Mapping):
            return next((far for key, far in self.tolerance.items() if key.lower() == column.lower()), 0)
        return self.tolerance

    def _distances(self) -> Mapping[str, int | float]:
        return self.tolerance if isinstance(self.tolerance, Mapping) else {}


RowsOf = Annotated[ExpectedRows, _ListForExact()]


class Expect(Spec):
    """What the run must give; what is absent is not compared."""

    status: Literal["SUCCESS", "PARTIAL_SUCCESS", "FAILURE"] | None = None
    tasks: dict[Name, RowsOf] | None = Field(None, description="Dataset → its rows.")
    actions: dict[Name, Counts] | None = Field(None, description="Action id → counts, such as {created: 1}.")
    records: dict[Name, RowsOf] | None = Field(
        None, description="Object → the records that the run created or changed."
    )
    tenant: dict[Name, RowsOf] | None = Field(None, description="Object → all its records afterwards.")
    outbox: RowsOf | None = Field(
        None, description="What the run put into the outbox: action, kind, connection, method, url, headers, body."
    )
    errors: tuple[ErrorRow, ...] | None = Field(None, description="The errors of rows; []: none.")
    skips: tuple[ErrorRow, ...] | None = Field(None, description="The skipped rows; []: none.")

    @model_validator(mode="after")
    def _check(self) -> Expect:
        if not any(getattr(self, name) is not None for name in type(self).model_fields):
            hint = "name a status, tasks, actions, records, tenant, outbox, errors or skips"
            raise refusal("GS-SPEC-EMPTY", "`expect` expects nothing", hint=hint)
        return self


class Step(Spec):
    """One of several runs on the same tenant."""

    name: Name | None = Field(None, description="What the step is called in reports.")
    rule: Name | None = Field(None, description="The rule that runs; absent: the file's.")
    rule_date: DateText | None = Field(None, description="The rule date of this run.")
    params: dict[Name, Scalar] = Field(default_factory=dict, description="Parameters of this run.")
    given: Given = Field(default_factory=lambda: Given(), description="What comes to be there before this run.")
    expect: Expect | None = None

    @model_validator(mode="after")
    def _check(self) -> Step:
        if self.given.seed:
            hint = "write it in the `given` of the test"
            raise refusal("GS-SPEC-VALUE", "`seed` belongs to the test, not to a step", hint=hint, key="given")
        return self


class TestCase(Spec):
    """One test: given data, a run, what is expected of it."""

    __test__ = False  # the name is the language's; pytest shall not collect it

    name: Name = Field(description="What the test proves.")
    rule_date: DateText | None = Field(None, description="The rule date of the run, as 2026-01-31.")
    params: dict[Name, Scalar] = Field(default_factory=dict, description="Parameters of the run.")
    given: Given = Field(default_factory=lambda: Given())
    expect: Expect | None = None
    steps: tuple[Step, ...] | None = Field(
        None, min_length=1, description="Several runs on the same tenant, instead of `expect`."
    )
    snapshot: Bool = Field(False, description="Compare every effect with the kept snapshot.")

    @model_validator(mode="after")
    def _check(self) -> TestCase:
        if self.expect is not None and self.steps is not None:
            hint = "write what you expect in the last step"
            raise refusal("GS-SPEC-ONE-OF", "`expect` and `steps` exclude each other", hint=hint, key="expect")
        expects = self.expect is not None or any(step.expect is not None for step in self.steps or ())
        if not expects and not self.snapshot:
            raise refusal("GS-SPEC-ONE-OF", "a test needs `expect` or `snapshot: true`", hint="else it can never fail")
        return self


class TestFile(Spec):
    """A file of tests of one rule."""

    __test__ = False

    rule: Name = Field(description="The id of the rule: its path below rules/ without the ending.")
    rule_date: DateText | None = Field(None, description="The rule date of every test that states none.")
    fixtures: dict[Name, Fixture] = Field(default_factory=dict, description="Name → records and files.")
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


class FixtureFile(Spec):
    """A file of fixtures that all test files share."""

    fixtures: dict[Name, Fixture] = Field(min_length=1, description="Name → records and files.")
