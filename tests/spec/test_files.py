"""Chains, rule tests, objects and picklists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import InputError, Problem
from gsrules.spec import load_chain, load_object_file, load_picklists, load_tests


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def written(text: str) -> Path:
        path = tmp_path / "file.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


Write = Callable[[str], Path]


def refused(load: Callable[[Path], Any], path: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        load(path)
    assert len(caught.value.problems) == 1, caught.value.problems
    return caught.value.problems[0]


def test_a_chain_is_a_tree_of_rules(write: Write) -> None:
    chain = load_chain(
        write(
            "chain: Nightly load\nschedule: {basic: {every: day}}\n"
            "rules:\n  - load/companies\n  - load/usage:\n      - adoption/drop:\n          - x\n      - y\n"
        )
    )
    assert (chain.name, chain.active) == ("Nightly load", True)
    assert [rule for link in chain.rules for rule in link.rules()] == [
        "load/companies",
        "load/usage",
        "adoption/drop",
        "x",
        "y",
    ]
    assert chain.rules[1].then[0].then[0].rule == "x"
    assert str(chain.rules[1].rule.place).endswith(":5:5")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("chain: A\nrules: []", "GS-SPEC-EMPTY", "`rules` is empty"),
        ("chain: A\nrules: [a, b, {c: [a]}]", "GS-SPEC-DUPLICATE", "`a` stands twice"),
        ("chain: A\nrules: [{a: [b], c: [d]}]", "GS-SPEC-TYPE", "one id with a list"),
        ("chain: A\nrules:\n  - a:\n", "GS-SPEC-EMPTY", "no rule follows `a`"),
        ("chain: A\nrules: [{a: b}]", "GS-SPEC-TYPE", "not a list"),
        ("chain: A\nrules: [3]", "GS-SPEC-TYPE", "number 3"),
        ("chain: A\nrules: [a]\nschedule: {advanced: x}", "GS-SPEC-SCHEDULE", "no Advanced schedule"),
        ("rules: [a]", "GS-SPEC-MISSING", "`chain` is missing"),
    ],
)
def test_a_chain_that_is_none_is_refused(write: Write, text: str, code: str, said: str) -> None:
    problem = refused(load_chain, write(text))
    assert problem.code == code
    assert said in problem.message


TESTS = """\
rule: adoption/usage_drop
tests:
  - name: A 40 % fall opens one risk CTA
    rule_date: 2026-11-22
    params: {drop: -30}
    given:
      records:
        company: [{Name: Acme, ExternalId: 012, ARR: 50000.5, Note: null, Tags: [a, b], Open: yes}]
      files:
        gainsight-managed/input/usage-2026-11-21.csv: |
          Account ID,Logins
          A-1,12
    expect:
      status: SUCCESS
      tasks:
        By company: [{Name: Acme, Logins: 12}]
      actions:
        Open a risk CTA: {created: 1, skipped: 0}
      records:
        call_to_action: [{CompanyId.Name: Acme}]
      errors: []
  - name: The whole book does not move
    given: {seed: true}
    snapshot: true
"""


def test_rule_tests_are_read_with_rows_as_plain_mappings(write: Write) -> None:
    found = load_tests(write(TESTS.replace("012", "A-1")))
    first, second = found.tests
    assert (found.rule, first.rule_date, first.params) == ("adoption/usage_drop", "2026-11-22", {"drop": -30})
    assert first.given.records == {
        "company": (
            {"Name": "Acme", "ExternalId": "A-1", "ARR": 50000.5, "Note": None, "Tags": ["a", "b"], "Open": "yes"},
        )
    }
    assert list(first.given.files.values()) == ["Account ID,Logins\nA-1,12\n"]
    assert first.expect is not None
    assert first.expect.tasks is not None
    assert first.expect.tasks["By company"].exact == ({"Name": "Acme", "Logins": 12},)
    assert first.expect.actions == {"Open a risk CTA": {"created": 1, "skipped": 0}}
    assert first.expect.errors == ()
    assert second.given.seed
    assert second.snapshot
    assert second.expect is None


def test_a_badly_written_number_in_a_row_is_refused(write: Write) -> None:
    assert refused(load_tests, write(TESTS)).code == "GS-YAML-NUMBER"


@pytest.mark.parametrize(
    ("test", "code", "said"),
    [
        ("{name: a}", "GS-SPEC-ONE-OF", "`expect` or `snapshot: true`"),
        ("{name: a, snapshot: true, rule_date: 2026-02-31}", "GS-SPEC-VALUE", "not a date"),
        ("{name: a, snapshot: true}, {name: a, snapshot: true}", "GS-SPEC-DUPLICATE", "two tests are named `a`"),
        ("{name: a, expect: {status: success}}", "GS-SPEC-VALUE", "`status` cannot be `success`"),
        ("{name: a, expect: {actions: {x: {created: -1}}}}", "GS-SPEC-VALUE", "`created` must be at least 0"),
        ("{name: a, expect: {tasks: {x: [3]}}}", "GS-SPEC-TYPE", "a row is a mapping"),
        ("{name: a, expect: {tasks: {x: [{a: {b: c}}]}}}", "GS-SPEC-TYPE", "the value of `a` is a mapping"),
        ("{name: a, expect: {records: {x: {a: b}}}}", "GS-SPEC-KEY", "`a` is not known here"),
        ("{name: a, expected: {}, snapshot: true}", "GS-SPEC-KEY", "`expected` is not known"),
    ],
)
def test_a_test_that_cannot_prove_anything_is_refused(write: Write, test: str, code: str, said: str) -> None:
    problem = refused(load_tests, write(f"rule: a\ntests: [{test}]"))
    assert problem.code == code
    assert said in problem.message


def test_an_object_file_is_read(write: Write) -> None:
    found = load_object_file(
        write(
            "object: usage_summary__gc\nlabel: Usage Summary\nfields:\n"
            "  Company_ID__gc: {type: lookup, to: company, label: Company ID, required: true}\n"
            "  Tier__gc: {type: picklist, options: [Platinum, Gold]}\n"
            "  Note__gc: {type: string, length: 500}\n"
            "  Logins__gc: {type: number, decimals: 0}\n"
            "  Mail__gc: email\n"
        )
    )
    fields = found.fields.values()
    assert (found.object, found.label) == ("usage_summary__gc", "Usage Summary")
    assert [field.type for field in fields] == ["lookup", "picklist", "string", "number", "email"]
    assert [field.options for field in fields][1] == ("Platinum", "Gold")
    assert found.place_of("label") is not None


@pytest.mark.parametrize(
    ("field", "code", "said"),
    [
        ("{type: text}", "GS-SPEC-VALUE", "`type` cannot be `text`"),
        ("{label: x}", "GS-SPEC-MISSING", "`type` is missing"),
        ("{type: string, decimals: 2}", "GS-SPEC-ONE-OF", "`decimals` belongs to"),
        ("{type: number, options: [a]}", "GS-SPEC-ONE-OF", "`options` belongs to"),
        ("{type: string, to: company}", "GS-SPEC-ONE-OF", "`to` belongs to"),
        ("{type: date, length: 2}", "GS-SPEC-ONE-OF", "`length` belongs to"),
        ("{type: string, length: 0}", "GS-SPEC-VALUE", "`length` must be at least 1"),
        ("{type: picklist, options: [1]}", "GS-SPEC-TYPE", "item 1 of `options`"),
    ],
)
def test_a_field_that_cannot_be_is_refused(write: Write, field: str, code: str, said: str) -> None:
    problem = refused(load_object_file, write(f"object: x__gc\nfields: {{F__gc: {field}}}"))
    assert problem.code == code
    assert said in problem.message


def test_picklists_are_read(write: Write) -> None:
    found = load_picklists(
        write(
            "cta_types: [Advocacy]\ncta_reasons: {Risk: [Usage Drop]}\n"
            "cta_statuses: [{name: Waiting, open: true}, {name: Done, open: false}, Later]\n"
            "playbooks:\n  Usage Recovery: {type: Risk, tasks: [{name: Call the sponsor, days: 2}, Write]}\n"
            "fields: {company.Status: [On Hold]}\n"
        )
    )
    assert found.cta_types == ("Advocacy",)
    assert found.cta_reasons == {"Risk": ("Usage Drop",)}
    assert [(status.name, status.open) for status in found.cta_statuses] == [
        ("Waiting", True),
        ("Done", False),
        ("Later", True),
    ]
    tasks = next(iter(found.playbooks.values())).tasks
    assert [(task.name, task.days) for task in tasks] == [("Call the sponsor", 2), ("Write", 0)]
    assert found.fields == {"company.Status": ("On Hold",)}


def test_an_empty_picklist_file_adds_nothing(write: Write) -> None:
    assert load_picklists(write("# nothing yet\n")).cta_types == ()


@pytest.mark.parametrize(
    "text",
    [
        "fields: {company.Status: [A, a, A]}\n",
        "cta_types: [A, B, A]\n",
        "cta_reasons: {Risk: [A, A]}\n",
        "cta_priorities: [A, A]\n",
        "success_plan_types: [A, A]\n",
    ],
)
def test_an_option_that_is_there_twice_is_refused_where_it_stands_again(write: Write, text: str) -> None:
    found = refused(load_picklists, write(text))
    assert (found.code, found.value) == ("GS-SPEC-DUPLICATE", "A")
    assert found.place is not None
    assert found.place.column == text.rindex("A") + 1


def test_a_field_with_an_option_twice_is_refused(write: Write) -> None:
    found = refused(load_object_file, write("object: a__gc\nfields:\n  B__gc: {type: picklist, options: [A, a, A]}\n"))
    assert (found.code, found.value) == ("GS-SPEC-DUPLICATE", "A")
    assert found.place is not None
    assert (found.place.line, found.place.column) == (3, 43)


def test_options_that_differ_in_letter_case_are_two(write: Write) -> None:
    assert load_picklists(write("fields: {company.Status: [A, a]}\n")).fields == {"company.Status": ("A", "a")}
