"""The rule language as typed, frozen objects, each with its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gsrules.spec.later import names_of

if TYPE_CHECKING:
    from gsrules.spec.actions import ActionSpec
    from gsrules.spec.base import (
        Bool,
        Decimals,
        Loading,
        Name,
        Names,
        NotNegative,
        OneOrMany,
        Positive,
        Scalar,
        ShowList,
        Spec,
        Whole,
        refusal,
        report,
    )
    from gsrules.spec.chain import ChainLink, ChainSpec
    from gsrules.spec.cta_pieces import CommentsSpec, DueSpec, OptionSpec, OwnerSpec, TimeFrame, TimeFrameOrNone
    from gsrules.spec.formulas import (
        AggregationSpec,
        ComparisonSpec,
        FormulaSpec,
        MeasureSpec,
        PeriodOverPeriodSpec,
        WindowSpec,
    )
    from gsrules.spec.kinds import ACTION_NAMES, Kinds
    from gsrules.spec.load import load_chain, load_object_file, load_picklists, load_rule, load_tests, parse_rule
    from gsrules.spec.mapping import Fields, MappingSpec
    from gsrules.spec.objects import FieldSpec, ObjectSpec, PicklistsSpec, PlaybookSpec, PlaybookTaskSpec, StatusSpec
    from gsrules.spec.pieces import ColumnOrText, WhereSpec
    from gsrules.spec.rule import RuleSpec
    from gsrules.spec.rule_tests import Expect, Given, TestCase, TestFile
    from gsrules.spec.schedule import AdvancedSchedule, BasicSchedule, EventSchedule, ScheduleSpec
    from gsrules.spec.schema import rule_schema
    from gsrules.spec.tasks import (
        TASKS,
        ColumnSpec,
        FetchTask,
        FileSpec,
        JoinSpec,
        MergeTask,
        PatternSpec,
        PivotColumn,
        PivotTask,
        S3Task,
        TaskSpec,
        TransformTask,
        UnionTask,
    )
    from gsrules.spec.text import Text

__all__ = [
    "ACTION_NAMES",
    "TASKS",
    "ActionSpec",
    "AdvancedSchedule",
    "AggregationSpec",
    "BasicSchedule",
    "Bool",
    "ChainLink",
    "ChainSpec",
    "ColumnOrText",
    "ColumnSpec",
    "CommentsSpec",
    "ComparisonSpec",
    "Decimals",
    "DueSpec",
    "EventSchedule",
    "Expect",
    "FetchTask",
    "FieldSpec",
    "Fields",
    "FileSpec",
    "FormulaSpec",
    "Given",
    "JoinSpec",
    "Kinds",
    "Loading",
    "MappingSpec",
    "MeasureSpec",
    "MergeTask",
    "Name",
    "Names",
    "NotNegative",
    "ObjectSpec",
    "OneOrMany",
    "OptionSpec",
    "OwnerSpec",
    "PatternSpec",
    "PeriodOverPeriodSpec",
    "PicklistsSpec",
    "PivotColumn",
    "PivotTask",
    "PlaybookSpec",
    "PlaybookTaskSpec",
    "Positive",
    "RuleSpec",
    "S3Task",
    "Scalar",
    "ScheduleSpec",
    "ShowList",
    "Spec",
    "StatusSpec",
    "TaskSpec",
    "TestCase",
    "TestFile",
    "Text",
    "TimeFrame",
    "TimeFrameOrNone",
    "TransformTask",
    "UnionTask",
    "WhereSpec",
    "Whole",
    "WindowSpec",
    "load_chain",
    "load_object_file",
    "load_picklists",
    "load_rule",
    "load_tests",
    "parse_rule",
    "refusal",
    "report",
    "rule_schema",
]

# Models cost time to make, and few commands need those of chains, tests and objects.
__getattr__ = names_of(
    __name__,
    {
        "actions": "ActionSpec",
        "base": (
            "Bool Decimals Loading Name Names NotNegative OneOrMany Positive Scalar ShowList Spec Whole refusal report"
        ),
        "chain": "ChainLink ChainSpec",
        "formulas": "AggregationSpec ComparisonSpec FormulaSpec MeasureSpec PeriodOverPeriodSpec WindowSpec",
        "kinds": "ACTION_NAMES Kinds",
        "load": "load_chain load_object_file load_picklists load_rule load_tests parse_rule",
        "objects": "FieldSpec ObjectSpec PicklistsSpec PlaybookSpec PlaybookTaskSpec StatusSpec",
        "cta_pieces": "CommentsSpec DueSpec OptionSpec OwnerSpec TimeFrame TimeFrameOrNone",
        "mapping": "Fields MappingSpec",
        "pieces": "ColumnOrText WhereSpec",
        "rule": "RuleSpec",
        "rule_tests": "Expect Given TestCase TestFile",
        "schedule": "AdvancedSchedule BasicSchedule EventSchedule ScheduleSpec",
        "schema": "rule_schema",
        "tasks": (
            "TASKS ColumnSpec FetchTask FileSpec JoinSpec MergeTask PatternSpec PivotColumn PivotTask S3Task TaskSpec"
            " TransformTask UnionTask"
        ),
        "text": "Text",
    },
)
