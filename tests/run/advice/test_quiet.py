"""Where the advice speaks and where it keeps quiet: what a plan proves, what it leaves open, what it refutes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gsrules.run.advice.registry import advice_on
from gsrules.run.checked import checked_text
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def example() -> Workspace:
    return Workspace.open(ROOT)


@pytest.fixture(scope="module")
def tenant(example: Workspace) -> Iterator[Tenant]:
    with Tenant.open(None, example.catalogue, example.project, "read") as opened:
        yield opened


def codes(example: Workspace, tenant: Tenant, text: str) -> list[str]:
    checked = checked_text(example, "example", f"rule: Example\n{text}", "example.yml", tenant)
    assert checked.bound is not None, checked.problems
    return [problem.code.removeprefix("GS-ADVICE-") for problem in advice_on(checked.bound, example.catalogue)]


MERGED = """\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ExternalId, ARR]
  Usage:
    {usage}
  Both:
    type: merge
    from: {left}
    join:
      - {{dataset: {right}, keep: left, on: {on}}}
    show: [{show}]
    {where}
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {{Gsid: Gsid, ARR: ARR}}
"""

RECORDS = "{type: fetch, object: usage_summary__gc, show: [Company ID as Company GSID, Day, Logins]}"
GROUPED = "{type: fetch, object: usage_summary__gc, show: [Company ID as Company GSID, sum(Logins) as Logins]}"
DAYS = "{type: fetch, object: usage_summary__gc, show: [Company ID as Company GSID, Day, sum(Logins) as Logins]}"
FILE = "{type: s3, path: input/u.csv, columns: {Account ID: string, Logins: {type: number, decimals: 0}}}"


def merged(usage: str, show: str, *, left: str = "Companies", on: str = "Gsid = Company GSID", where: str = "") -> str:
    right = "Usage" if left == "Companies" else "Companies"
    return MERGED.format(usage=usage, show=show, left=left, right=right, on=on, where=where).replace(
        "Usage:\n    {", "Usage: {"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # One row a company on the right: nothing is repeated.
        (merged(GROUPED, "Companies.Gsid, sum(Companies.ARR) as ARR, max(Usage.Logins) as L"), []),
        # Several rows a company: what the company has is repeated, what the records have is not.
        (merged(RECORDS, "Companies.Gsid, sum(Companies.ARR) as ARR"), ["FAN-OUT"]),
        (merged(DAYS, "Companies.Gsid, sum(Companies.ARR) as ARR"), ["FAN-OUT"]),
        (merged(RECORDS, "Companies.Gsid, sum(Usage.Logins) as ARR"), []),
        (merged(RECORDS, "Companies.Gsid, max(Companies.ARR) as ARR, sum(Usage.Logins) as L"), []),
        (merged(RECORDS, "Companies.Gsid, avg(Companies.ARR) as ARR, sum(Usage.Logins) as L"), []),
        # Not grouped again: several rows of a company reach a load that finds it by its id.
        (merged(RECORDS, "Companies.Gsid, Companies.ARR"), ["SAME-IDENTIFIERS"]),
        (merged(GROUPED, "Companies.Gsid, Companies.ARR"), []),
        # A file may have a row an account or several: only adding up both sides says which.
        (merged(FILE, "Companies.Gsid, Companies.ARR", on="ExternalId = Account ID"), []),
        (merged(FILE, "Companies.Gsid, sum(Companies.ARR) as ARR", on="ExternalId = Account ID"), []),
        (
            merged(
                FILE,
                "Companies.Gsid, sum(Companies.ARR) as ARR, sum(Usage.Logins) as L",
                on="ExternalId = Account ID",
            ),
            ["FAN-OUT"],
        ),
        # The other way round: records on the left, their company on the right.
        (
            merged(
                RECORDS,
                "Companies.Gsid, sum(Companies.ARR) as ARR",
                left="Usage",
                on="Company GSID = Gsid",
                where="where: Gsid is not null",
            ),
            ["LEFT-AS-COMMON", "FAN-OUT"],
        ),
    ],
)
def test_repeated_rows(example: Workspace, tenant: Tenant, text: str, expected: list[str]) -> None:
    assert sorted(codes(example, tenant, text)) == sorted(expected)


def filtered(where: str) -> str:
    return f"""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Status, Renewal Date]
    where: "{where}"
actions:
  - action: load_to_company
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {{Gsid: Gsid, ARR: ARR}}
"""


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("ARR > 5 and ARR < 3", ["CONTRADICTION"]),
        ("ARR > 5 and ARR <= 5", ["CONTRADICTION"]),
        ("ARR >= 5 and ARR <= 5", []),
        ("ARR > 3 and ARR < 5", []),
        ("ARR > 5 or ARR < 3", []),
        ("ARR = 5 and ARR = 6", ["CONTRADICTION"]),
        ("ARR = 5 and ARR != 5", ["CONTRADICTION"]),
        ("ARR = 5 and Name = 'x'", []),
        ("ARR between 1 and 5 and ARR > 5", ["CONTRADICTION"]),
        ("ARR is null and ARR > 5", ["CONTRADICTION"]),
        ("ARR is null and Name is not null", []),
        ("ARR is null or ARR is not null", ["ALWAYS-TRUE"]),
        ("ARR is null or Name is not null", []),
        ("Status in ('Active') and Status in ('Churn')", ["CONTRADICTION"]),
        ("Status in ('Active') and Status not in ('Active')", ["CONTRADICTION"]),
        ("Status in ('Active', 'Churn') and Status not in ('Active')", []),
        ("Status in ('Active', 'Active')", ["SAME-CONDITION"]),
        ("ARR in (1, 2, 1)", ["SAME-CONDITION"]),
        ("ARR > 5 and Name = 'x' and ARR > 5", ["SAME-CONDITION"]),
        ("Name = 'x' or Name = 'X'", []),
        ("Name ~ 'x' and Name ~ 'X'", []),
        ("(ARR > 5 and ARR < 3) or Name = 'x'", ["CONTRADICTION"]),
        ("[Renewal Date] > date '2026-02-01' and [Renewal Date] < date '2026-01-01'", ["CONTRADICTION"]),
        ("[Renewal Date] > rule_date and [Renewal Date] < rule_date + 60 days", []),
    ],
)
def test_conditions(example: Workspace, tenant: Tenant, where: str, expected: list[str]) -> None:
    assert codes(example, tenant, filtered(where)) == expected
