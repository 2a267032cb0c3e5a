"""A small project that tests of runs and commands work on."""

from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.run.workspace import Workspace

# Tests of code that looks at no rows, or that leaves all work on rows to code which other tests run on both lines of
# DuckDB: one line is enough for them (the marker `once`).
ONCE = (
    "catalogue",
    "cli/test_coverage_and_sweep.py",
    "cli/test_functions.py",
    "cli/test_profile.py",
    "cli/test_show.py",
    "cli/test_validate.py",
    "mutation",
    "regress/changes",
    "regress/record",
    "regress/test_pytest_plugin.py",
    "regress/test_watching.py",
    "run/advice",
    "run/repair",
    "sources/buckets",
    "spec",
    "teams",
    "views",
    "test_house.py",
    "test_profile.py",
    "test_profile_keys.py",
    "test_project.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    once = {path for path in {item.path for item in items} if any(path.is_relative_to(here / name) for name in ONCE)}
    for item in items:
        if item.path in once:
            item.add_marker(pytest.mark.once)


FILES = {
    "gsrules.toml": "",
    "datasets/objects/usage__gc.yml": """
        object: usage__gc
        label: Usage
        fields:
          Company__gc: {type: lookup, to: company, label: Company, required: true}
          Logins__gc: {type: number, decimals: 0, label: Logins}
        """,
    "datasets/picklists.yml": """
        cta_reasons: {Risk: [Usage Drop]}
        """,
    "datasets/records/company.csv": """
        Name,ExternalId,Status,Arr
        Alpha,A-1,Active,1000
        Beta,B-1,Active,2000
        Gamma,C-1,Churn,3000
        """,
    "datasets/records/gsuser.csv": """
        Name,Email
        Owner,owner@example.com
        """,
    "datasets/s3/gainsight-managed/input/usage-2026-11-22.csv": """
        Account ID,Logins
        A-1,12
        B-1,40
        A-1,8
        X-9,1
        """,
    "rules/usage.yml": """
        rule: Load usage
        params: {least: 25}
        tasks:
          Usage file:
            type: s3
            path: input/usage-${pattern}.csv
            pattern: {format: yyyy-MM-dd, subtract_days: 1}
            columns:
              Account ID: string
              Logins: {type: number, decimals: 0}
          By account:
            type: transform
            from: Usage file
            show: [Account ID, sum(Logins) as Logins]
          Companies:
            type: fetch
            object: company
            show: [Gsid, Name, ExternalId]
            where: Status in ('Active')
          Joined:
            type: merge
            from: Companies
            join:
              - {dataset: By account, keep: common, on: ExternalId = Account ID}
            show: [Companies.Gsid, Companies.Name, By account.Logins]
        actions:
          - action: load_to_object
            id: Write usage
            from: Joined
            object: usage__gc
            operation: upsert
            identifiers: [Company__gc]
            fields:
              Company__gc: Gsid
              Logins__gc: Logins
          - action: create_cta
            id: Low usage
            from: Joined
            when: Logins < :least
            company: Gsid
            name: "${Name} logs in little"
            type: Risk
            reason: Usage Drop
            priority: High
            status: New
            owner: {default: owner@example.com}
        """,
    "rules/again.yml": """
        rule: Count usage
        tasks:
          Usage:
            type: fetch
            object: usage__gc
            show: [Company__gc, Logins__gc]
        """,
    "rules/both.chain.yml": """
        chain: Both
        rules:
          - usage:
              - again
        """,
    "tests/usage.yml": """
        rule: usage
        tests:
          - name: Little usage opens a CTA
            rule_date: 2026-11-23
            given:
              records:
                company: [{Name: Acme, ExternalId: A-1, Status: Active}]
                gsuser: [{Name: Owner, Email: owner@example.com}]
              files:
                gainsight-managed/input/usage-2026-11-22.csv: |
                  Account ID,Logins
                  A-1,12
            expect:
              status: SUCCESS
              tasks:
                Joined: [{Name: Acme, Logins: 12}]
              actions:
                Write usage: {created: 1}
                Low usage: {created: 1, failed: 0}
              records:
                usage__gc: [{Company__gc.Name: Acme, Logins__gc: 12}]
                call_to_action: [{Name: Acme logs in little, CompanyId.Name: Acme, TypeId.Name: Risk}]
              errors: []
        """,
}


def dedented(text: str) -> str:
    lines = text.strip("\n").splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines).rstrip() + "\n"


def write_files(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedented(text), encoding="utf-8")
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The small project's folder."""
    return write_files(tmp_path / "project", FILES)


@pytest.fixture
def workspace(project: Path) -> Workspace:
    return Workspace.open(project, project)
