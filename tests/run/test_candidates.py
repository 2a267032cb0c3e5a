"""Rows that did not find their record name the nearest value there is (actions.md §10, §12)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from tests.conftest import write_files

DATE = dt.date(2026, 11, 23)
FILES = {
    "gsrules.toml": "",
    "datasets/picklists.yml": "cta_reasons: {Risk: [Usage Drop]}\n",
    "datasets/records/gsuser.csv": "Name,Email\nOne,one@example.com\nTwo,two.words@example.com\n",
    "datasets/records/company.csv": (
        "Name,ExternalId,Industry\nAcme Corporation,00123,Media\nBeta GmbH,B-77,Retail\nGamma,007,Media\n"
    ),
}
LOOKUP = """
rule: Look up
tasks:
  Rows: {type: s3, path: rows.csv, columns: {Key: string, Mail: string}}
actions:
  - action: load_to_company
    id: Load
    from: Rows
    operation: update
    identifiers: [ExternalId]
    fields:
      ExternalId: {value: '00123'}
      Csm: {lookup: gsuser, match: {Email: Mail}, multiple: error, none: error}
"""
UPDATE = """
rule: Update
tasks:
  Rows: {type: s3, path: rows.csv, columns: {Key: string, Mail: string}}
actions:
  - action: load_to_company
    id: Load
    from: Rows
    operation: update
    identifiers: [Name]
    fields: {Name: Key, Industry: Mail}
"""


def ran(folder: Path, rule: str, rows: str, toml: str = "", mode: Any = "live") -> tuple[RunResult, dict[str, str]]:
    """The result, and the message of each row by its key."""
    files = {"rules/rule.yml": rule, "datasets/s3/gainsight-managed/rows.csv": rows, "gsrules.toml": toml}
    write_files(folder, FILES | files)
    workspace = Workspace.open(folder)
    with workspace.tenant(mode) as tenant:
        result = run_rule(workspace, "rule", RunOptions(rule_date=DATE, mode=mode), tenant)
        query = f'SELECT d."Key", e.message FROM "{result.effects["Load"]}" e'
        query += f' JOIN "{result.datasets["Rows"]}" d ON d.__row = e.row'
        return result, dict(tenant.con.execute(query).fetchall())


def test_an_update_names_the_record_with_the_same_letters_in_another_form(tmp_path: Path) -> None:
    rows = "Key,Mail\nACME corporation,x\nBetaGmbH,x\n Gamma Ltd,x\n"
    result, messages = ran(tmp_path, UPDATE, rows)
    assert messages["ACME corporation"].endswith("; there is 'Acme Corporation', in other letter case")
    assert messages["BetaGmbH"].endswith("; there is 'Beta GmbH', with other spaces")
    (group,) = result.report.actions[0].errors
    assert (group.code, group.rows) == ("NO_RECORD_TO_UPDATE", 3)
    assert (
        group.example
        == "no record has the identifiers ACME corporation; there is 'Acme Corporation', in other letter case"
    )


def test_leading_zeros_are_told_apart(tmp_path: Path) -> None:
    rule = UPDATE.replace("[Name]", "[ExternalId]").replace("Name: Key", "ExternalId: Key")
    messages = ran(tmp_path, rule, "Key,Mail\n123,x\n7,x\n8,x\n")[1]
    assert messages["123"].endswith("; there is '00123', with other leading zeros")
    assert messages["7"].endswith("; there is '007', with other leading zeros")
    assert messages["8"] == "no record has the identifiers 8"


def test_a_slip_of_the_pen_names_the_nearest_and_a_foreign_word_none(tmp_path: Path) -> None:
    messages = ran(tmp_path, UPDATE, "Key,Mail\nAcme Coropration,x\nGama,x\nOmega Works,x\n")[1]
    assert messages["Acme Coropration"].endswith("; there is 'Acme Corporation', spelled alike")
    assert messages["Gama"].endswith("; there is 'Gamma', spelled alike")
    assert messages["Omega Works"] == "no record has the identifiers Omega Works"


def test_a_lookup_names_the_nearest_in_a_dry_run_too(tmp_path: Path) -> None:
    rows = "Key,Mail\n1,one@exmple.com\n2,twowords@example.com\n3,nobody@elsewhere.org\n"
    for mode in ("dry_run", "live"):
        result, messages = ran(tmp_path, LOOKUP, rows, mode=mode)
        assert messages["1"].endswith("; there is 'one@example.com', spelled alike")
        assert "there is 'two.words@example.com'" in messages["2"]
        assert "there is" not in messages["3"]
        assert "there is 'one@example.com'" in result.report.actions[0].errors[0].example


def test_a_sensitive_lookup_names_the_other_letter_case(tmp_path: Path) -> None:
    toml = '[profile]\n"load.lookup_case" = "sensitive"\n'
    messages = ran(tmp_path, LOOKUP, "Key,Mail\n1,ONE@example.com\n", toml)[1]
    assert messages["1"].endswith("; there is 'one@example.com', in other letter case")


def test_a_lookup_by_two_columns_says_that_the_first_is_there(tmp_path: Path) -> None:
    rule = LOOKUP.replace("match: {Email: Mail}", "match: {Email: Mail, Name: Key}")
    messages = ran(tmp_path, rule, "Key,Mail\nOther,one@example.com\n")[1]
    assert messages["Other"].endswith("; there is 'one@example.com', but not with the other values")


def test_an_owner_who_is_no_user_is_told_the_nearest(tmp_path: Path) -> None:
    rule = """
rule: Open
tasks:
  Rows: {type: s3, path: rows.csv, columns: {Key: string, Mail: string}}
  Companies: {type: fetch, object: company, show: [Gsid as Company, ExternalId]}
  Both: {type: merge, from: Rows, join: [{dataset: Companies, keep: common, on: Key = ExternalId}]}
actions:
  - {action: create_cta, id: Load, from: Both, company: Company, name: Call, type: Risk, reason: Usage Drop,
     priority: High, status: New, owner: {column: Mail}, due: {days: 1}}
"""
    write_files(tmp_path, FILES | {"rules/rule.yml": rule})
    (tmp_path / "datasets/s3/gainsight-managed").mkdir(parents=True, exist_ok=True)
    (tmp_path / "datasets/s3/gainsight-managed/rows.csv").write_text("Key,Mail\n007,oen@example.com\n")
    workspace = Workspace.open(tmp_path)
    with workspace.tenant() as tenant:
        result = run_rule(workspace, "rule", RunOptions(rule_date=DATE), tenant)
    (group,) = result.report.actions[0].errors
    assert group.code == "CTA_OWNER_UNRESOLVED"
    assert group.example.endswith("; there is 'one@example.com', spelled alike")


def test_rows_beyond_the_first_thousands_keep_their_plain_message(tmp_path: Path) -> None:
    rows = (
        "Key,Mail\n" + "".join(f"GAMMA{' ' * (number % 3)}{number:05d},x\n" for number in range(6_000)) + "zgamma,x\n"
    )
    result, messages = ran(tmp_path, UPDATE, rows)
    assert result.report.actions[0].counts.failed == 6_001
    assert messages["zgamma"] == "no record has the identifiers zgamma"
