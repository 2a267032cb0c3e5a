"""Kept snapshots of rule tests as files: every effect of a test's runs (rule-language §8, `snapshot: true`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator

from gsrules.spec.base import Name, NotNegative, Scalar, Spec, refusal
from gsrules.spec.schedule import DateText
from gsrules.spec.text import Text

_CELLS = ("before", "after")


def _effect(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise refusal("GS-SPEC-TYPE", "an effect is a mapping")
    for key, cell in value.items():
        if isinstance(cell, dict) != (key in _CELLS):
            hint = "gsrules test --update writes the file anew"
            raise refusal("GS-SPEC-TYPE", f"`{key}` is not as snapshots have it", hint=hint, key=key)
    return value


Effect = Annotated[Mapping[str, Any], PlainValidator(_effect)]
"""What an action did with one row: key, outcome, code, record, before, after."""


class SnapshotAction(Spec):
    """What one action did."""

    counts: dict[Name, NotNegative] = Field(default_factory=dict)
    effects: tuple[Effect, ...] = ()


class SnapshotFileRead(Spec):
    """A file that a run read."""

    rows: NotNegative | None = None
    sha256: Text = Text("")


class SnapshotInputs(Spec):
    """What a run went on; noted, not compared."""

    rule_date: DateText | None = None
    params: dict[Name, Scalar] = Field(default_factory=dict)
    records: dict[Name, NotNegative] = Field(default_factory=dict)
    files: dict[Name, SnapshotFileRead] = Field(default_factory=dict)


class SnapshotRun(Spec):
    """One run of the test."""

    step: Text | None = None
    rule: Name
    inputs: SnapshotInputs = Field(default_factory=lambda: SnapshotInputs())
    status: Literal["SUCCESS", "PARTIAL_SUCCESS", "FAILURE"]
    problems: tuple[Text, ...] = ()
    tasks: dict[Name, NotNegative] = Field(default_factory=dict)
    written: dict[Name, dict[Name, NotNegative]] = Field(default_factory=dict)
    actions: dict[Name, SnapshotAction] = Field(default_factory=dict)


class SnapshotFile(Spec):
    """The kept snapshot of one test."""

    test: Name
    runs: tuple[SnapshotRun, ...] = Field(min_length=1)
