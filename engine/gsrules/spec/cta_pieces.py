"""The pieces of actions on calls to action: owners, due dates, comments, time frames (actions.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ModelWrapValidatorHandler, ValidationInfo, WrapValidator, model_validator

from gsrules.spec.base import Name, NotNegative, Positive, Spec, refusal
from gsrules.spec.pieces import ColumnOrText


class OwnerSpec(ColumnOrText):
    """Who owns the record: the user of `column`, else `default` (a GSID or an e-mail address; actions.md §6.5)."""

    shorthand: ClassVar[str] = "column"

    column: Name | None = Field(None, description="A column with the GSID or the e-mail address of a user.")
    default: Name | None = Field(None, description="The user when the column names none: GSID or e-mail address.")

    @model_validator(mode="after")
    def _check(self) -> OwnerSpec:
        if self.column is None and self.default is None:
            raise refusal("GS-SPEC-ONE-OF", "an owner needs `column` or `default`, or both")
        return self


class OptionSpec(ColumnOrText):
    """An option of the cockpit: a label or GSID, or a column that holds one (actions.md §6.6)."""

    shorthand: ClassVar[str] = "value"

    value: Name | None = Field(None, description="A label, or the option's GSID.")
    column: Name | None = Field(None, description="A column with labels or GSIDs.")

    @model_validator(mode="after")
    def _check(self) -> OptionSpec:
        if (self.column is None) == (self.value is None):
            raise refusal("GS-SPEC-ONE-OF", "an option is either a label or `{column: …}`")
        return self


class DueSpec(Spec):
    """The due date: the rule date plus `days`, of which the skipped days do not count (actions.md §6.4)."""

    days: NotNegative = Field(5, description="Days after the rule date.")
    skip: Literal["weekends", "saturday", "sunday", "nothing"] = Field("weekends", description="Days not counted.")


class CommentsSpec(ColumnOrText):
    """A comment with ${…} tokens; `repeat` when creating and closing, `mode` when updating (actions.md §6)."""

    shorthand: ClassVar[str] = "text"

    text: Name = Field(description="The comment; ${…} inserts a column or an expression.")
    repeat: Literal["always", "once", "never"] = Field("always", description="Whether a found CTA gets it again.")
    mode: Literal["append", "replace"] = Field("append", description="Behind the comment that is there, or instead.")

    @model_validator(mode="after")
    def _check(self) -> CommentsSpec:
        if {"repeat", "mode"} <= self.model_fields_set:
            raise refusal("GS-SPEC-ONE-OF", "`repeat` and `mode` exclude each other", key="mode")
        return self


class TimeFrame(Spec):
    """Days in which a closed CTA with the same key still counts (actions.md §6.3)."""

    days: Positive = Field(7, description="Days back from the rule date.")


def _time_frame(value: Any, handler: ModelWrapValidatorHandler[TimeFrame], info: ValidationInfo) -> Any:
    if value is False:
        return False
    if not isinstance(value, Mapping | TimeFrame):
        raise refusal("GS-SPEC-TYPE", "`{days: N}` or false is expected", hint="for example: {days: 7}")
    return TimeFrame.model_validate(value, context=info.context)


TimeFrameOrNone = Annotated[TimeFrame | Literal[False], WrapValidator(_time_frame)]
"""`{days: N}` or `false`."""
