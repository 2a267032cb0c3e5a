"""The project's objects and options laid over the standard ones (rule-language.md §2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import Kind
from gsrules.errors import InputError, Problem
from gsrules.project import Project


def project_with(tmp_path: Path, files: dict[str, str]) -> Project:
    (tmp_path / "rules").mkdir(exist_ok=True)
    for name, text in files.items():
        path = tmp_path / "datasets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Project.find(tmp_path, tmp_path)


def load(tmp_path: Path, files: dict[str, str]) -> Catalogue:
    return Catalogue.load(project_with(tmp_path, files))


def problems(tmp_path: Path, files: dict[str, str]) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load(tmp_path, files)
    return [p for p in caught.value.problems if p.severity == "error"]


USAGE = """object: usage_summary__gc
label: Usage Summary
fields:
  Company_ID__gc:   {type: lookup, to: company, label: Company ID, required: true}
  Logins__gc:       {type: number, decimals: 0, label: Logins, default: 0}
  Tier__gc:         {type: picklist, options: [Platinum, Gold], default: Gold}
  Note__gc:         {type: string, length: 40}
  Free__gc:         string
"""


def test_a_custom_object(tmp_path: Path) -> None:
    catalogue = load(tmp_path, {"objects/usage.yml": USAGE})
    found = catalogue.objects["usage_summary__gc"]
    assert (found.label, found.family, found.group) == ("Usage Summary", "1Z02", "CUSTOM")
    assert list(found.fields)[:3] == ["Gsid", "Company_ID__gc", "Logins__gc"]
    assert found.fields["Company_ID__gc"].type.target == "company"
    assert found.fields["Company_ID__gc"].lookup_name == "Company_ID__gr"
    assert found.fields["Logins__gc"].type.decimals == 0
    assert found.fields["Logins__gc"].default == 0
    assert found.fields["Note__gc"].type.length == 40
    assert found.fields["Free__gc"].type.length == 500
    default = catalogue.category("usage_summary__gc.Tier__gc").default
    assert default is not None
    assert default.name == "Gold"
    assert catalogue.warnings == ()


def test_fields_are_added_to_a_standard_object(tmp_path: Path) -> None:
    text = "object: company\nfields:\n  Region__gc: {type: string}\n"
    company = load(tmp_path, {"objects/company.yml": text}).objects["company"]
    assert company.fields["Region__gc"].standard is False
    assert company.fields["Arr"].label == "ARR"
    assert list(company.fields)[-1] == "GsExecutionId"


def test_options_are_added_and_never_removed(tmp_path: Path) -> None:
    text = "object: company\nfields:\n  Status: {type: picklist, options: [On Hold]}\n"
    lists = "fields:\n  company.Status: [Paused, Active]\n"
    catalogue = load(tmp_path, {"objects/company.yml": text, "picklists.yml": lists})
    names = [item.name for item in catalogue.category("company.Status").items]
    assert names == ["Active", "Inactive", "Churn", "On Hold", "Paused"]


def test_a_custom_list_may_have_all_its_options_in_picklists(tmp_path: Path) -> None:
    text = "object: company\nfields:\n  Tier__gc: {type: multi_picklist}\n"
    files = {"objects/company.yml": text, "picklists.yml": "fields:\n  company.Tier__gc: [A, B]\n"}
    assert [i.name for i in load(tmp_path, files).category("company.Tier__gc").items] == ["A", "B"]


def test_cockpit_options_of_the_project(tmp_path: Path) -> None:
    catalogue = load(
        tmp_path,
        {
            "picklists.yml": "cta_types: [Advocacy]\n"
            "cta_reasons: {Risk: [Usage Drop], Advocacy: [Reference]}\n"
            "cta_statuses: [{name: Waiting, open: true}, {name: Done, open: false}]\n"
            "cta_priorities: [Urgent]\n"
            "success_plan_types: [Onboarding]\n"
            "playbooks:\n  Usage Recovery: {type: Risk, tasks: [{name: Call the sponsor, days: 2}]}\n"
        },
    )
    drop = catalogue.cockpit("CTA_REASON", "usage drop", "Risk")
    assert drop is not None
    assert drop.cta_type == "Risk"
    assert catalogue.cockpit("CTA_REASON", "Usage Drop", "Advocacy") is None
    waiting, done = (catalogue.cockpit("CTA_STATUS", name) for name in ("Waiting", "Done"))
    assert waiting is not None
    assert waiting.open is True
    assert done is not None
    assert done.open is False
    assert catalogue.cockpit("CTA_PRIORITY", "Urgent") is not None
    playbook = catalogue.playbook("usage recovery")
    assert playbook is not None
    assert (playbook.cta_type, playbook.tasks[0].name, playbook.tasks[0].days) == ("Risk", "Call the sponsor", 2)
    assert catalogue.playbook(playbook.gsid) == playbook


def test_all_mistakes_are_found_at_once_with_place_and_nearest_name(tmp_path: Path) -> None:
    files = {
        "objects/a__gc.yml": "object: a__gc\nfields:\n"
        "  Owner__gc: {type: lookup, to: gsusr}\n  Lost__gc: {type: lookup}\n",
        "objects/company.yml": "object: company\nfields:\n  Arr: {type: string}\n  Name: {type: string, length: 10}\n",
        "picklists.yml": "cta_reasons: {Rsk: [Usage Drop]}\nfields:\n  company.Stats: [X]\n",
    }
    found = problems(tmp_path, files)
    assert sorted((p.code, p.nearest) for p in found) == [
        ("GS-NAME", "Risk"),
        ("GS-NAME", "company.Status"),
        ("GS-NAME", "gsuser"),
        ("GS-PROJECT-OBJECT", ""),
        ("GS-PROJECT-OBJECT", ""),
        ("GS-PROJECT-OBJECT", ""),
    ]
    assert all(p.place is not None for p in found)
    arr = next(p for p in found if "company.Arr" in p.message)
    assert arr.place is not None
    assert arr.place.line == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("object: x__gc\nfields:\n  A__gc: string\n  a__GC: string\n", "is there already"),
        ("object: x__gc\nfields:\n  Gsid: string\n", "is there already"),
        ("object: x__gc\nfields:\n  CreatedDate: datetime\n", "is there already"),
        ("object: x__gc\nfields:\n  gs_sequence: number\n", "reserved"),
        (
            "object: x__gc\nfields:\n  A__gc: {type: string, label: B}\n  C__gc: {type: string, label: b}\n",
            "same label",
        ),
        ("object: x__gc\nlabel: Company\nfields:\n  A__gc: string\n", "same label"),
        ("object: x__gc\nfields:\n  A__gc: {type: picklist}\n", "needs options"),
        ("object: x__gc\nfields:\n  A__gc: {type: picklist, options: [B], default: C}\n", "default does not fit"),
        ("object: x__gc\nfields:\n  A__gc: {type: number, default: many}\n", "default does not fit"),
        ("object: x__gc\nfields:\n  A__gc: {type: boolean, default: 1}\n", "default does not fit"),
    ],
)
def test_an_object_file_that_cannot_be(tmp_path: Path, text: str, words: str) -> None:
    found = problems(tmp_path, {"objects/x.yml": text})
    assert [p.code for p in found] == ["GS-PROJECT-OBJECT"]
    assert words in found[0].message


def test_names_that_gainsight_does_not_have_are_warnings(tmp_path: Path) -> None:
    text = 'object: usage\nfields:\n  "Robert\'); DROP": string\n  Key__gc: {type: string, unique: true}\n'
    catalogue = load(tmp_path, {"objects/usage.yml": text})
    assert [p.code for p in catalogue.warnings] == ["GS-EXT"] * 3
    assert catalogue.objects["usage"].fields["Robert'); DROP"].type.kind is Kind.STRING


def test_fingerprint_changes_with_fields_and_options_only(tmp_path: Path) -> None:
    first = load(tmp_path, {}).fingerprint
    assert load(tmp_path, {}).fingerprint == first
    with_option = load(tmp_path, {"picklists.yml": "cta_types: [Advocacy]\n"}).fingerprint
    assert with_option != first
    assert load(tmp_path, {"objects/usage.yml": USAGE}).fingerprint != with_option


def test_salesforce_samples_are_typed_by_what_they_hold(tmp_path: Path) -> None:
    text = (
        "Id,Name,OwnerId,Amount,Closed,Opened,Stamp,Mixed,Empty\n"
        "0012F000000AAAA,Acme,0052F000000AAAA,12.5,true,2026-01-31,2026-01-31T10:00:00Z,1,\n"
        "0012F000000AAAB,Beta,,,FALSE,,,x,\n"
    )
    catalogue = load(tmp_path, {"salesforce/Account.csv": text})
    account = catalogue.salesforce_object("account")
    assert account is not None
    assert {f.name: f.type.kind.value for f in account.fields.values()} == {
        "Id": "sfdc_id", "Name": "string", "OwnerId": "sfdc_id", "Amount": "number", "Closed": "boolean",
        "Opened": "date", "Stamp": "datetime", "Mixed": "string", "Empty": "string",
    }  # fmt: skip
    assert catalogue.salesforce_object("Contact") is None
    assert catalogue.salesforce_names == ("Account",)


@pytest.mark.parametrize(
    ("file", "text", "value", "line"),
    [
        ("objects/a.yml", "object: a__gc\nlabel: 3 letters\nfields: {B__gc: string}\n", "3 letters", 2),
        ("objects/a.yml", "object: 1st__gc\nfields: {B__gc: string}\n", "1st", 1),
        ("objects/a.yml", "object: a__gc\nfields:\n  B__gc: {type: string, label: '2026'}\n", "2026", 3),
        ("objects/a.yml", "object: a__gc\nfields:\n  2nd__gc: string\n", "2nd", 3),
        (
            "objects/company.yml",
            "object: company\nfields:\n  B__gc: {type: string, label: 2nd owner}\n",
            "2nd owner",
            3,
        ),
    ],
)
def test_a_label_that_begins_with_a_digit_is_refused(
    tmp_path: Path, file: str, text: str, value: str, line: int
) -> None:
    (found,) = problems(tmp_path, {file: text})
    assert (found.code, found.value) == ("GS-PROJECT-OBJECT", value)
    assert "begins with a digit" in found.message
    assert found.place is not None
    assert found.place.line == line


def test_a_name_that_begins_with_a_digit_passes_with_a_label_that_does_not(tmp_path: Path) -> None:
    text = "object: a__gc\nfields:\n  2nd__gc: {type: string, label: Second}\n"
    assert load(tmp_path, {"objects/a.yml": text}).objects["a__gc"].fields["2nd__gc"].label == "Second"


def test_tasks_of_a_playbook_may_have_a_priority_of_the_project(tmp_path: Path) -> None:
    text = (
        "cta_priorities: [Urgent]\n"
        "playbooks:\n  P:\n    tasks:\n"
        "      - {name: First, days: 1, priority: Urgent}\n      - {name: Second, priority: Low}\n      - Third\n"
    )
    playbook = load(tmp_path, {"picklists.yml": text}).playbook("P")
    assert playbook is not None
    assert [(task.name, task.days, task.priority) for task in playbook.tasks] == [
        ("First", 1, "Urgent"), ("Second", 0, "Low"), ("Third", 0, None),
    ]  # fmt: skip


def test_an_unknown_priority_of_a_playbooks_task_is_refused_with_the_nearest(tmp_path: Path) -> None:
    text = "playbooks:\n  P:\n    tasks: [{name: First, priority: Hihg}]\n"
    (found,) = problems(tmp_path, {"picklists.yml": text})
    assert (found.code, found.value, found.nearest) == ("GS-NAME", "Hihg", "High")
    assert found.place is not None
    assert (found.place.line, found.place.column) == (3, 37)
