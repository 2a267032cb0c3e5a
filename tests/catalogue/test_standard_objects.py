"""The standard objects as platform.md §2.3 and §3 state them."""

from __future__ import annotations

import pytest

from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import Kind
from gsrules.catalogue.model import label_of
from gsrules.profile import Profile

STANDARD = Catalogue.standard()


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("gsuser", "1P01"), ("company", "1P02"), ("relationship", "1P05"), ("company_person", "1C01"),
        ("relationship_person", "1C03"), ("call_to_action", "1S01"), ("sponsor_tracking", "1S07"),
        ("cockpit_picklist", "1I00"), ("relationship_type", "1P06"), ("person", "1C00"), ("cs_task", "1S02"),
        ("cta_group", "1S03"), ("playbook", "1S04"), ("cockpit_template", "1S05"), ("scorecard_master", "1O01"),
        ("scorecard_history", "1O02"), ("activity_timeline", "1T01"), ("gs_opportunity", "1G01"),
        ("gs_lead", "1G02"), ("gs_case", "1G03"), ("gs_company_forecast", "1G04"), ("survey_response", "1V01"),
        ("company_team", "1E01"),
    ],
)  # fmt: skip
def test_families_of_gsids(name: str, family: str) -> None:
    assert STANDARD.objects[name].family == family


def test_every_object_has_the_common_fields() -> None:
    for definition in STANDARD.objects.values():
        names = list(definition.fields)
        assert names[0] == "Gsid"
        assert names[-6:] == [
            "CreatedDate", "ModifiedDate", "CreatedBy", "ModifiedBy", "GsIngestionSource", "GsExecutionId",
        ]  # fmt: skip
        assert all(definition.fields[name].read_only for name in (names[0], *names[-6:]))
        assert definition.fields["GsExecutionId"].audit


def test_currency_code_exists_only_with_a_currency() -> None:
    assert "CurrencyIsoCode" not in STANDARD.objects["company"].fields
    with_currency = Catalogue.standard(Profile.default().overlaid({"tenant.currency": "EUR"}))
    assert "CurrencyIsoCode" in with_currency.objects["company"].fields


def test_every_name_and_label_means_one_field() -> None:
    for definition in STANDARD.objects.values():
        for name in definition.known_names:
            assert len(definition.find(name)) == 1, f"{definition.name}.{name}"


def test_lookups_point_at_known_objects() -> None:
    for definition in STANDARD.objects.values():
        for found in definition.fields.values():
            assert (found.type.kind is Kind.LOOKUP) == (found.type.target is not None)
            assert found.type.target is None or found.type.target in STANDARD.objects


@pytest.mark.parametrize(
    ("path", "label", "kind", "required", "read_only"),
    [
        ("company.Name", "Name", "string", True, False),
        ("company.CSMFirstName", "CSM First Name", "string", False, True),
        ("company.Arr", "ARR", "currency", False, False),
        ("company.Customer_Lifetime_in_Months", "Lifetime in Months", "number", False, True),
        ("company.RenewalDate", "Renewal Date", "date", False, False),
        ("company.Csm", "CSM", "lookup", False, False),
        ("company.SfdcAccountId", "SFDC Account Id", "sfdc_id", False, False),
        ("company.Summary", "Summary", "rich_text", False, False),
        ("gsuser.SFDCUserName", "User Name", "string", True, False),
        ("gsuser.Email", "Email", "email", True, False),
        ("person.ExternalRecordID", "External Record ID", "string", False, False),
        ("company_person.Company_ID", "Company ID", "lookup", True, False),
        ("call_to_action.IsImportant", "Flagged", "boolean", False, False),
        ("call_to_action.ReasonId", "Reason Id", "lookup", True, False),
        ("call_to_action.ClosedDate", "Closed Date", "datetime", False, True),
        ("gs_case.OpenedDate", "Opened Date", "datetime", False, False),
    ],
)
def test_fields(path: str, label: str, kind: str, required: bool, read_only: bool) -> None:
    object_name, name = path.split(".")
    found = STANDARD.objects[object_name].fields[name]
    assert (found.label, found.type.kind.value, found.required, found.read_only) == (label, kind, required, read_only)


@pytest.mark.parametrize(
    ("path", "length"),
    [("company.Name", 250), ("company.Summary", 150_000), ("gsuser.Email", 250), ("person.LinkedinUrl", 500)],
)
def test_text_lengths(path: str, length: int) -> None:
    object_name, name = path.split(".")
    assert STANDARD.objects[object_name].fields[name].type.length == length


def test_text_length_of_strings_is_a_profile_key() -> None:
    short = Catalogue.standard(Profile.default().overlaid({"object.string_length_standard": 40}))
    assert short.objects["company"].fields["Industry"].type.length == 40
    assert short.objects["call_to_action"].fields["Name"].type.length == 250


def test_objects_and_fields_are_found_in_any_letter_case_and_by_label() -> None:
    company = STANDARD.object("COMPANY")
    assert company is not None
    assert company.name == "company"
    assert STANDARD.object("Call To Action") is STANDARD.objects["call_to_action"]
    assert STANDARD.object("nothing") is None
    assert [f.name for f in company.find("renewal date")] == ["RenewalDate"]
    assert [f.name for f in company.find("RENEWALDATE")] == ["RenewalDate"]
    assert company.find("nothing") == ()


def test_relationship_shares_the_dropdown_lists_of_company() -> None:
    relationship = STANDARD.objects["relationship"]
    assert relationship.fields["Status"].type.category == "company.Status"
    assert [i.name for i in STANDARD.category("company.Status").items] == ["Active", "Inactive", "Churn"]


def test_items_match_by_label_by_gsid_and_without_regard_to_case() -> None:
    active = STANDARD.item("company.Status", "Active").item
    assert active is not None
    assert STANDARD.item("company.Status", active.gsid).item == active
    loose = STANDARD.item("company.Status", "ACTIVE")
    assert (loose.item, loose.case_differs) == (active, True)
    unknown = STANDARD.item("company.Status", "Actve")
    assert (unknown.item, unknown.nearest) == (None, "Active")
    strict = Catalogue.standard(Profile.default().overlaid({"object.picklist_case": "sensitive"}))
    assert strict.item("company.Status", "ACTIVE").item is None


def test_item_gsids_are_stable_and_hold_the_tenant() -> None:
    again = Catalogue.standard()
    first, second = (c.item("company.Status", "Churn").item for c in (STANDARD, again))
    assert first is not None
    assert first == second
    assert first.gsid.startswith("1I00" + "00000000LOCAL0")
    assert len(first.gsid) == 36
    stage = STANDARD.item("company.Stage", "Churn").item
    assert stage is not None
    assert stage.gsid != first.gsid


@pytest.mark.parametrize(
    ("category", "names"),
    [
        ("CTA_TYPE", ["Risk", "Opportunity", "Lifecycle", "Expansion", "Activity", "Objective"]),
        ("CTA_STATUS", ["New", "Work In Progress", "Closed Success", "Closed No Action", "Closed Invalid"]),
        ("CTA_PRIORITY", ["High", "Medium", "Low"]),
        ("CTA_REASON", ["Other"]),
        ("SUCCESS_PLAN_TYPE", ["Retention Plan", "Objectives"]),
        ("SUCCESS_PLAN_STATUS", ["Draft", "Active", "Closed", "Cancelled"]),
    ],
)
def test_cockpit_seeds(category: str, names: list[str]) -> None:
    assert [item.name for item in STANDARD.cockpit_options(category)] == names


def test_statuses_know_whether_they_are_open() -> None:
    classes = {item.name: item.open for item in STANDARD.cockpit_options("CTA_STATUS")}
    assert classes == {
        "New": True, "Work In Progress": True, "Closed Success": False, "Closed No Action": False,
        "Closed Invalid": False,
    }  # fmt: skip


def test_reason_other_belongs_to_every_type() -> None:
    for cta_type in STANDARD.cockpit_options("CTA_TYPE"):
        found = STANDARD.cockpit("CTA_REASON", "Other", cta_type.name)
        assert found is not None
        assert found.cta_type is None


def test_scheme_ranges() -> None:
    ranges = {(r.scheme, r.name): (r.low, r.high, r.score) for r in STANDARD.schemes}
    assert ranges[("GRADE", "F")] == (0, 59, 30)
    assert ranges[("COLOR", "Yellow")] == (50, 74, 60)
    assert ranges[("NUMERIC", "Green")] == (75, 100, None)
    assert len(ranges) == 11


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("RenewalDate", "Renewal Date"), ("Company_ID__gc", "Company ID"),
        ("OriginalContractDate", "Original Contract Date"),
        ("CSMName", "CSM Name"), ("usage_summary__gc", "Usage Summary"), ("__", "__"),
    ],
)  # fmt: skip
def test_label_is_the_name_split_into_words(name: str, label: str) -> None:
    assert label_of(name) == label
