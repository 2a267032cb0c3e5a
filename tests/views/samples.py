"""Outcomes and differences made by hand, with something in every part that a page has."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Literal

from sqlglot import exp

from gsrules.errors import Place, Problem
from gsrules.regress.branches import Branch
from gsrules.regress.compare import ChangedRow as Compared
from gsrules.regress.compare import RowDifference
from gsrules.regress.coverage.report import CoverageReport, RuleCoverage
from gsrules.regress.difference.model import (
    Cell,
    ChangedRow,
    ColumnDifference,
    ColumnShape,
    DatasetDifference,
    DiffSide,
    Duplicates,
    EffectsDifference,
    Key,
    Movement,
    OneSidedRow,
    OutcomeTurn,
    Retyped,
    RuleDifference,
    StructureChange,
    TableDifference,
    Transition,
)
from gsrules.regress.outcome import Fact, SnapshotOutcome, SuiteOutcome, TestOutcome
from gsrules.run.report import RunReport
from gsrules.run.workspace import kinds
from gsrules.spec import RuleSpec
from gsrules.spec.load import parse_rule

PLACE = Place("tests/usage.yml", 4, 5, "  - name: Little usage opens a CTA", 6)

ROWS = RowDifference(
    "records of usage__gc",
    "Company__gc.Name",
    expected=3,
    actual=3,
    changed=(Compared("Acme", {"Logins__gc": (Decimal(12), Decimal("12.5")), "Note": ("</script>", None)}),),
    missing=({"Company__gc.Name": "Beta", "Logins__gc": 1},),
    unexpected=({"Company__gc.Name": "", "Logins__gc": None},),
)

SUITE = SuiteOutcome(
    tests=(
        TestOutcome("Little usage opens a CTA", "usage", PLACE, 12),
        TestOutcome(
            "Names of </title> companies",
            "usage",
            PLACE,
            15,
            facts=(Fact("status", "SUCCESS", "FAILURE"), Fact("Low usage: created", 1, 0)),
            rows=(ROWS,),
            problems=(Problem("GS-VALUE", "2 rows: a division by zero", PLACE, "task 'Joined'", "0", "guard it"),),
        ),
        TestOutcome(
            "Kept",
            "again",
            PLACE,
            3,
            snapshot=SnapshotOutcome(
                Path("tests/usage.snapshots/kept.yml"), "differs", "", (Fact("status", "A", "B"),), (ROWS,), ("a note",)
            ),
        ),
    ),
    obsolete=(Path("tests/usage.snapshots/old.yml"),),
)


def _branch(owner: Literal["task", "action"], name: str, side: str, counted: bool = True) -> Branch:
    text, need = "Logins < :least", "a row for which `Logins < :least` is unknown: `Logins` null"
    title = f"{owner} {name} {side}"
    return Branch(title, owner, name, "condition", text, side, PLACE, name, exp.true(), need, counted)


COVERAGE = CoverageReport(
    (
        RuleCoverage(
            "again", 0, (), {}, (Problem("GS-FILE-MISSING", "there is no file `a.csv`", PLACE, value="</b>"),)
        ),
        RuleCoverage(
            "usage",
            2,
            (
                _branch("task", "Companies", "true"),
                _branch("task", "Joined", "true"),
                _branch("task", "Joined", "false"),
                _branch("action", "Low usage", "true"),
                _branch("action", "Low usage", "false"),
                _branch("action", "Low usage", "null"),
                _branch("action", "Low usage", "never", counted=False),
            ),
            {"task Companies true": "a test", "task Joined true": "a test", "action Low usage true": "a test"},
        ),
    )
)

RULE_OF_DIFFERENCE: RuleSpec = parse_rule(
    """
rule: Company health
tasks:
  Active companies: {type: fetch, object: company, show: [Gsid, Name]}
  Health: {type: transform, from: Active companies, formulas: {Points: {expression: "1", type: number}}}
actions:
  - {action: load_to_company, id: Write health, from: Health, operation: update, identifiers: [Gsid],
     fields: {Gsid: Gsid, Industry: Name}}
""",
    "rules/health.yml",
    "health",
    kinds(),
)


def _report(run_id: str) -> RunReport:
    return RunReport(run_id, "health", "Company health", "2026-11-23", "dry_run", "SUCCESS", "2026-11-23T08:00:00Z", 9)


TABLE = TableDifference(
    subject="Health",
    key=Key(("Company",), "rule"),
    before=10_174,
    after=10_183,
    same=10_126,
    new=12,
    gone=3,
    changed=45,
    columns=("Company", "health", "points"),
    added=(ColumnShape("Reason", "string"),),
    removed=(ColumnShape("Old <b>", "number"),),
    retyped=(Retyped("Due", "string", "date"),),
    changes=(
        ColumnDifference(
            "health", 45, 4, (Transition("yellow", "green", 31, ("0012F",)), Transition("green", None, 14))
        ),
        ColumnDifference("points", 2, 2, (), Movement(1, 1, 0, 2, least=Decimal("-3.5"), greatest=Decimal("12.25"))),
    ),
    changed_rows=(
        ChangedRow(
            ("0012F",), (Cell("health", "yellow", "green"), Cell("Due", None, dt.date(2026, 1, 2))), "usage rose"
        ),
    ),
    new_rows=(OneSidedRow(("0999Z",), {"health": "red", "points": 0}),),
    gone_rows=(OneSidedRow(("0042Q",), {"health": "", "points": None}, rows=2),),
    duplicates=(Duplicates("after", 1, 2, ("0042Q",)),),
)

DIFFERENCE = RuleDifference(
    rule="health",
    name="Company health",
    before=DiffSide("HEAD 3f2a91c", _report("a")),
    after=DiffSide("now", _report("b")),
    structure=(
        StructureChange("changed", "task 'Health'", "the formula Points is another one", "2", "1", PLACE, PLACE),
        StructureChange("added", "action 'Write health'", "is new", None, None, None, PLACE),
    ),
    datasets=(
        DatasetDifference("Active companies", "same", None, 10, 10),
        DatasetDifference("Health", "differs", TABLE, 10_174, 10_183),
        DatasetDifference("Gone", "only_before", None, 4, None),
    ),
    effects=(
        EffectsDifference(
            "Write health",
            "load_to_company",
            "company",
            "differs",
            {"updated": 10, "failed": 1},
            {"updated": 12},
            (OutcomeTurn(None, "created", 2, ("Acme",)), OutcomeTurn("failed", None, 1)),
            TABLE,
        ),
    ),
    notes=("datasets/objects/usage__gc.yml changed, too",),
)
