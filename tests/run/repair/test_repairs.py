"""Repairs one by one: what is certain, what is not, and how files are written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gsrules.run.check import validate_all, validate_project
from gsrules.run.repair.project import repair_project
from gsrules.run.workspace import Workspace
from tests.conftest import FILES, dedented

RULE = """\
rule: Repairs            # this stays
active: true
params: {least: 10}
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Renewal Date, Status]
    where: ARR > :least
  Large:
    type: transform
    from: Companies
    where:
      A: Name = 'Acme'
      B: ARR >= 5
      logic: A or B
actions:
  - action: load_to_company
    from: Large
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: {column: ARR, on_null: skip}, Status: {value: Active}}
"""


def fixed(project: Path, text: str) -> str:
    """The rule after `validate --fix`."""
    path = project / "rules/repairs.yml"
    path.write_bytes(text.encode("utf-8"))
    repair_project(project, project, ["repairs"], write=True)
    return path.read_bytes().decode("utf-8")


CERTAIN = [
    ("active: true", "active: yes"),
    ("active: true", "active: 'true'"),
    ("object: company", "objct: company"),
    ("type: fetch", "type: fetsh"),
    ("operation: update", "operation: updaet"),
    ("action: load_to_company", "action: load_to_compny"),
    ("on_null: skip", "on_null: skipp"),
    ("Name, ARR", "Nmae, ARR"),
    ("{value: Active}", "{value: active}"),
    ("{value: Active}", "{value: Actve}"),
    ("ARR > :least", "ARR gt :least"),
    ("ARR >= 5", "ARR => 5"),
    ("ARR >= 5", "ARR GTE 5"),
    ("Name = 'Acme'", "Name == 'Acme'"),
    ("Name = 'Acme'", "Nmae == 'Acme'"),
    ("Name = 'Acme'", 'Name = "Acme"'),
    ("Name = 'Acme'", 'Name EQ "Acme"'),
    ("ARR > :least", 'ARR > :least'),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong"), CERTAIN)
def test_what_is_certain_is_put_right_and_all_else_stays(project: Path, right: str, wrong: str) -> None:
    assert right in RULE
    assert fixed(project, RULE.replace(right, wrong)) == RULE


@pytest.mark.parametrize(
    ("right", "wrong", "repaired"),
    [
        ("ARR > :least", "Renewal Date > rule_date", '"[Renewal Date] > rule_date"'),
        ("ARR > :least", "ARR > :least and Renewal Date > rule_date", "ARR > :least and [Renewal Date] > rule_date"),
        ("where: ARR > :least", "where: [ARR] > :least", 'where: "[ARR] > :least"'),
        ("ARR > :least", "ARR <> :least && Name != null", "ARR != :least and Name is not null"),
        ("ARR > :least", "ARR = null", "ARR is null"),
        ("ARR > :least", "ARR not null and ARR > :least", "ARR is not null and ARR > :least"),
        ("ARR > :least", "ARR > :least and Name not contains 'x'", "ARR > :least and Name does not contain 'x'"),
        ("ARR > :least", "Status = 'active'", "Status in ('Active')"),
        ("ARR > :least", "Status in ('active')", "Status in ('Active')"),
        ("ARR > :least", "Name isnull", "Name is null"),
        ("ARR > :least", "ARR GREATER_THAN_OR_EQUAL 5", "ARR >= 5"),
        ("ARR > :least", "ARR IS_NOT_NULL", "ARR is not null"),
        (
            "ARR > :least",
            "Name STARTS_WITH 'A' and Name NOT_IN ('Acme')",
            "Name starts with 'A' and Name not in ('Acme')",
        ),
        ("ARR > :least", "Name contians 'A'", "Name contains 'A'"),
        ("ARR > :least", "lenght(Name) > 3", "length(Name) > 3"),
    ],
)
def test_habits_of_other_languages_are_written_as_here(project: Path, right: str, wrong: str, repaired: str) -> None:
    assert right in RULE
    assert fixed(project, RULE.replace(right, wrong)) == RULE.replace(right, repaired)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("object: company", "object: companies of mine"),
        ("Name = 'Acme'", 'Name = "Status"'),  # a text, or the field
        ("ARR > :least", "ARR || Name"),
        ("from: Large", "from: Lareg"),  # the name stands only here and where it is declared
        ("  Large:\n", "  Lareg:\n"),  # what is misspelt may be the one name or the other
        ("{least: 10}", "{leest: 10}"),
        ("Name, ARR", "Nothing Like It, ARR"),
        ("show: [Gsid", "shows of it: [Gsid"),
        ("operation: update", "operation: insert"),  # another action has that, too: no misspelt upsert
        ("      B: ARR >= 5\n", "      B: ARR >= 5\n      C: ARR > 7\n"),  # it may be the logic that lacks C
    ],
)
def test_what_may_be_meant_otherwise_is_left_byte_for_byte(project: Path, right: str, wrong: str) -> None:
    assert right in RULE
    text = RULE.replace(right, wrong)
    assert fixed(project, text) == text


def test_a_leading_zero_is_left_where_a_text_is_as_likely_as_a_number(project: Path) -> None:
    text = RULE.replace("{least: 10}", "{least: 010, other: x}")
    assert fixed(project, text) == text
    repaired = fixed(project, RULE.replace("active: true", "active: true\nschedule: {basic: {every: 07 days}}"))
    assert "07 days" in repaired


def test_several_repairs_of_one_file_are_made_at_once(project: Path) -> None:
    text = RULE
    for right, wrong in (("object:", "objct:"), ("active: true", "active: on"), ("Name = 'Acme'", 'Name == "Acme"')):
        text = text.replace(right, wrong)
    assert fixed(project, text.replace("operation: update", "operation: updaet")) == RULE


def test_line_ends_and_byte_order_mark_stay(project: Path) -> None:
    dressed = "\ufeff" + RULE.replace("\n", "\r\n")
    assert fixed(project, dressed.replace("object:", "objct:").replace("ARR >= 5", "ARR => 5")) == dressed


def test_the_rights_of_a_file_stay_and_nothing_is_left_beside_it(project: Path) -> None:
    path = project / "rules/repairs.yml"
    path.write_text(RULE.replace("object:", "objct:"), encoding="utf-8")
    path.chmod(0o640)
    before = set(os.listdir(path.parent))
    repair_project(project, project, ["repairs"], write=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert set(os.listdir(path.parent)) == before
    assert path.read_text(encoding="utf-8") == RULE


def test_a_dry_run_writes_nothing_and_tells_the_same(project: Path) -> None:
    path = project / "rules/repairs.yml"
    wrong = RULE.replace("object:", "objct:").replace("operation: update", "operation: updaet")
    path.write_text(wrong, encoding="utf-8")
    (shown,) = repair_project(project, project, ["repairs"], write=False)
    assert path.read_text(encoding="utf-8") == wrong
    assert (shown.before, shown.after) == (wrong, RULE)
    assert [fix.title for fix in shown.fixes] == ["write object instead of objct", "write update instead of updaet"]


def test_problems_carry_their_certain_repair(project: Path) -> None:
    (project / "rules/repairs.yml").write_text(RULE.replace("object:", "objct:"), encoding="utf-8")
    found = validate_project(Workspace.open(project, project), ["repairs"]).errors
    fixes = [problem.fix for problem in found if problem.fix is not None]
    assert [(fix.place.line, fix.place.column, fix.length, fix.text) for fix in fixes] == [(7, 5, 5, "object")]


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("datasets/objects/usage__gc.yml", "label: Usage\n", "lable: Usage\n"),
        ("datasets/objects/usage__gc.yml", "to: company", "to: compny"),
        ("datasets/objects/usage__gc.yml", "type: number", "type: nubmer"),
        ("datasets/objects/usage__gc.yml", "required: true", "required: yes"),
        ("datasets/picklists.yml", "cta_reasons", "cta_reason"),
        ("tests/usage.yml", "created: 1, failed", "craeted: 1, failed"),
        ("tests/usage.yml", "company: [", "compny: ["),
        ("tests/usage.yml", "rule: usage", "rule: usgae"),
    ],
)
def test_definitions_and_tests_are_repaired_too(project: Path, file: str, right: str, wrong: str) -> None:
    text = dedented(FILES[file])
    assert right in text
    (project / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    assert validate_all(project, project, []).errors
    repair_project(project, project, [], write=True)
    assert (project / file).read_text(encoding="utf-8") == text
    assert not validate_all(project, project, []).errors


def test_settings_are_repaired_too(project: Path) -> None:
    settings = project / "gsrules.toml"
    settings.write_text('timezon = "UTC"  # ours\n\n[profile]\n"filter.betwen" = "inclusive"\n', encoding="utf-8")
    repair_project(project, project, [], write=True)
    expected = 'timezone = "UTC"  # ours\n\n[profile]\n"filter.between" = "inclusive"\n'
    assert settings.read_text(encoding="utf-8") == expected
