"""Seed records from files and from tests: values, lookups, problems (rule-language.md §2, platform.md §2)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import pytest

from gsrules.errors import InputError, Problem
from tests.tenant.support import Place, rows

LOCAL = "00000000LOCAL0"


def gsid(family: str, number: int) -> str:
    return f"{family}{LOCAL}{number:018d}"


def problems(place: Place, records: dict[str, list[dict[str, object]]]) -> list[Problem]:
    with place.memory() as tenant:
        with pytest.raises(InputError) as caught:
            tenant.seed_records(records)
        assert rows(tenant, "company") == []
        return list(caught.value.problems)


def test_a_file_with_labels_lookups_and_types(place: Place) -> None:
    place.write("datasets/picklists.yml", "fields: {company.Status: [On Hold]}\n")
    place.write(
        "datasets/records/company.csv",
        "\ufeffName,Status,ARR,Renewal Date,ParentCompany.Name,Csm.Email,CreatedDate,Summary\r\n"
        'Acme,active,"1,000.50",2026-01-31,,jane@example.com,2026-01-01,"two\nlines, ""quoted"""\r\n'
        "Beta,On Hold,5,02/03/2026,Acme,,2026-01-01T10:00:00+02:00,\r\n",
    )
    place.write(
        "datasets/records/gsuser.csv", "Name,Email,Manager.Name\nJane,jane@example.com,Boss\nBoss,boss@example.com,\n"
    )
    with place.open() as tenant:
        acme, beta = rows(tenant, "company")
        jane, boss = rows(tenant, "gsuser")
        items = {item.name: item.gsid for item in tenant.catalogue.category("company.Status").items}
    assert (acme["Gsid"], beta["Gsid"]) == (gsid("1P02", 1), gsid("1P02", 2))
    assert (acme["Status"], beta["Status"]) == (items["Active"], items["On Hold"])
    assert (acme["Arr"], beta["Arr"]) == (Decimal("1000.5"), Decimal(5))
    assert (acme["RenewalDate"], beta["RenewalDate"]) == (dt.date(2026, 1, 31), dt.date(2026, 2, 3))
    assert (acme["ParentCompany"], beta["ParentCompany"]) == (None, acme["Gsid"])
    assert (acme["Csm"], beta["Csm"]) == (jane["Gsid"], None)
    assert jane["Manager"] == boss["Gsid"]
    assert (acme["CreatedDate"], beta["CreatedDate"]) == (dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, 8))
    assert acme["Summary"] == 'two\nlines, "quoted"'
    assert acme["GsIngestionSource"] == "SEED"
    assert (acme["gs_sequence"], beta["gs_sequence"]) == (1, 2)
    assert jane["SFDCUserName"] == "jane@example.com"
    assert jane["IsActiveUser"] is True


def test_parquet_seeds(place: Place) -> None:
    folder = place.write("datasets/records/x.txt", "").parent
    duckdb.execute(
        "COPY (SELECT 'Acme' AS Name, 12.5 AS ARR, DATE '2026-01-31' AS RenewalDate,"
        " TIMESTAMP '2026-01-01 10:00:00' AS CreatedDate, TIMESTAMPTZ '2026-01-01 10:00:00+02' AS ModifiedDate)"
        f" TO '{folder}/company.parquet'"
    )
    with place.open() as tenant:
        (acme,) = rows(tenant, "company")
    assert (acme["Name"], acme["Arr"], acme["RenewalDate"]) == ("Acme", Decimal("12.5"), dt.date(2026, 1, 31))
    assert (acme["CreatedDate"], acme["ModifiedDate"]) == (dt.datetime(2026, 1, 1, 10), dt.datetime(2026, 1, 1, 8))


def test_given_records_refer_to_each_other_in_any_order(place: Place) -> None:
    with place.memory() as tenant:
        counts = tenant.seed_records(
            {
                "call_to_action": [
                    {
                        "Name": "Call", "CompanyId.Name": "Acme", "TypeId.Name": "Risk", "StatusId": "Closed Success",
                        "ReasonId.Name": "other", "PriorityId": "High", "DueDate": "2026-02-01",
                        "OwnerId.Email": "jane@example.com",
                    }
                ],
                "company": [{"Name": "Acme", "ARR": 50000, "Employees": 1.5}],
                "gsuser": [{"Name": "Jane", "Email": "jane@example.com"}],
            }
        )  # fmt: skip
        (cta,) = rows(tenant, "call_to_action")
        (acme,) = rows(tenant, "company")
    assert counts == {"call_to_action": 1, "company": 1, "gsuser": 1}
    assert (cta["CompanyId"], cta["OwnerId"]) == (gsid("1P02", 1), gsid("1P01", 1))
    assert cta["IsClosed"] is True
    assert (cta["EntityType"], cta["Source"], cta["OriginalDueDate"]) == ("COMPANY", "Manual", dt.date(2026, 2, 1))
    assert cta["IsImportant"] is False
    assert (acme["Arr"], acme["Employees"]) == (Decimal(50000), Decimal("1.5"))


def test_a_reason_is_that_of_the_records_type(place: Place) -> None:
    place.write("datasets/picklists.yml", "cta_reasons: {Risk: [Renewal], Lifecycle: [Renewal]}\n")
    base = {"CompanyId.Name": "Acme", "StatusId": "New", "PriorityId": "Low", "DueDate": "2026-02-01", "Name": "x"}
    with place.memory() as tenant:
        tenant.seed_records(
            {
                "company": [{"Name": "Acme"}],
                "call_to_action": [
                    {**base, "TypeId": "Risk", "ReasonId": "Renewal"},
                    {**base, "TypeId": "Lifecycle", "ReasonId": "Renewal"},
                    {**base, "TypeId": "Activity", "ReasonId": "Other"},
                ],
            }
        )
        reasons = [row["ReasonId"] for row in rows(tenant, "call_to_action")]
        expected = [
            tenant.catalogue.cockpit("CTA_REASON", name, cta_type)
            for name, cta_type in (("Renewal", "Risk"), ("Renewal", "Lifecycle"), ("Other", None))
        ]
    assert reasons == [item.gsid for item in expected if item]
    assert len(set(reasons)) == 3
    (wrong,) = problems(
        place,
        {"company": [{"Name": "Acme"}], "call_to_action": [{**base, "TypeId": "Activity", "ReasonId": "Renewal"}]},
    )
    assert "must belong to the CTA type" in wrong.hint


def test_multi_picklists_take_labels_and_gsids_joined_by_semicolons(place: Place) -> None:
    place.write(
        "datasets/objects/company.yml",
        "object: company\nfields:\n  Colours__gc: {type: multi_picklist, options: [Red, Green, 'Blue; green']}\n",
    )
    with place.memory() as tenant:
        red, green, _ = tenant.catalogue.category("company.Colours__gc").items
        tenant.seed_rows(
            "company",
            [
                {"Name": "a", "Colours__gc": f"red ; {green.gsid};"},
                {"Name": "b", "Colours__gc": ["Green", "Red"]},
                {"Name": "c", "Colours__gc": " ; "},
                {"Name": "d", "Colours__gc": None},
            ],
        )
        found = [row["Colours__gc"] for row in rows(tenant, "company")]
    assert found == [[red.gsid, green.gsid], [green.gsid, red.gsid], None, None]
    (wrong,) = problems(place, {"company": [{"Name": "a", "Colours__gc": "Red;Gren"}]})
    assert (wrong.value, wrong.nearest) == ("Red;Gren", "Green")


def test_given_gsids_are_kept_and_new_ones_follow_the_largest(place: Place) -> None:
    own = "1P02" + "ABCDEFGHIJKLMN" + "0" * 17 + "Z"
    with place.memory() as tenant:
        tenant.seed_rows(
            "company",
            [{"Name": "a"}, {"Name": "b", "Gsid": gsid("1P02", 41)}, {"Name": "c", "Gsid": own}, {"Name": "d"}],
        )
        found = [row["Gsid"] for row in rows(tenant, "company")]
        assert found == [
            "1P0200000000LOCAL0000000000000000042"[:-2] + _base36(int("41", 36) + 1),
            gsid("1P02", 41),
            own,
            "1P0200000000LOCAL0000000000000000042"[:-2] + _base36(int("41", 36) + 2),
        ]


def _base36(number: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return digits[number // 36] + digits[number % 36]


def test_every_mistake_is_reported_with_row_column_value_and_what_is_accepted(place: Place) -> None:
    place.write(
        "datasets/records/company.csv",
        f'Name,Status,ARR,Gsid,SfdcAccountId,Summary\nAcme,Actve,x,short,1,"a\nb"\nB,,1,,,\n{"y" * 251},,,,,\n',
    )
    path = place.write("datasets/records/gsuser.csv", "Name,Email,LicenseType\nJane,jane,Ful\n")
    with pytest.raises(InputError) as caught:
        place.open()
    found = {(p.where, p.value[:10], p.nearest) for p in caught.value.problems}
    assert found == {
        ("company, company.csv, row 1, column Status", "Actve", "Active"),
        ("company, company.csv, row 1, column ARR", "x", ""),
        ("company, company.csv, row 1, column Gsid", "short", ""),
        ("company, company.csv, row 1, column SfdcAccountId", "1", ""),
        ("company, company.csv, row 3, column Name", "y" * 10, ""),
        ("gsuser, gsuser.csv, row 1, column Email", "jane", ""),
        ("gsuser, gsuser.csv, row 1, column LicenseType", "Ful", "Full"),
    }
    hints = {p.where.rsplit(" ", 1)[1]: p.hint for p in caught.value.problems}
    assert hints["Status"] == "accepted: one of: Active, Inactive, Churn"
    lines = {p.where: p.place.line for p in caught.value.problems if p.place and p.place.file != str(path)}
    assert lines["company, company.csv, row 3, column Name"] == 5
    assert not place.store.exists()


def test_only_the_first_bad_rows_are_listed_and_the_rest_counted(place: Place) -> None:
    found = problems(place, {"company": [{"Name": "a", "ARR": "x"}] * 25})
    assert len(found) == 11
    assert "15 more rows" in found[-1].message


@pytest.mark.parametrize(
    ("records", "code", "words"),
    [
        ({"compny": [{"Name": "x"}]}, "GS-NAME", "no object “compny”"),
        ({"company": [{"Nme": "x"}]}, "GS-NAME", "no field “Nme”"),
        ({"company": [{"Name": "x", "Csm.Emal": "x"}]}, "GS-NAME", "gsuser has no field “Emal”"),
        ({"company": [{"Name": "x", "Name.Email": "x"}]}, "GS-NAME", "no field “Name.Email”"),
        ({"company": [{"Name": "x", "CSM": None, "Csm.Name": None}]}, "GS-TENANT-SEED", "is given twice"),
        ({"company": [{"Name": "x", "Csm.LicenseType": "Full"}]}, "GS-TENANT-SEED", "cannot be found by a dropdown"),
        ({"company": [{"ExternalId": "1"}]}, "GS-TENANT-SEED", "needs Name, which no column gives"),
        ({"company": [{"Name": "x"}, {"ExternalId": "1"}]}, "GS-TENANT-SEED", "Name is required"),
        ({"company": [{"Name": "x", "Csm.Email": "q@q.qq"}]}, "GS-TENANT-SEED", "no gsuser has Email = “q@q.qq”"),
        ({"company": [{"Name": "x", "Csm": "nobody"}]}, "GS-TENANT-SEED", "is no lookup"),
        ({"person": [{"Location": "x"}]}, "GS-TENANT-SEED", "needs an Email, a Name or an ExternalRecordID"),
        ({"cockpit_picklist": [{"Name": "x"}]}, "GS-TENANT-SEED", "configuration"),
        (
            {"gsuser": [{"Name": "a", "Email": "a@b.cd"}, {"Name": "b", "Email": "A@b.cd", "SFDCUserName": "b"}]},
            "GS-TENANT-SEED",
            "Email must be unique: row 1 has it, too",
        ),
        ({"company": [{"Name": "x", "Gsid": "1P02" + "0" * 32}] * 2}, "GS-TENANT-SEED", "Gsid must be unique"),
        (
            {"scorecard_master": [{"Name": "x", "EntityType": "ACOUNT", "SchemeType": "GRADE"}]},
            "GS-TENANT-SEED",
            "ACOUNT",
        ),
    ],
)
def test_a_record_that_cannot_be(
    place: Place, records: dict[str, list[dict[str, object]]], code: str, words: str
) -> None:
    (found,) = problems(place, records)
    assert found.code == code
    assert words in found.message


@pytest.mark.parametrize(
    ("header", "hint"),
    [("Name", "give every row a value in the column Name"), ("NAME", "give every row a value in the column NAME")],
)
def test_an_empty_required_cell_asks_for_a_value_and_not_for_a_column(place: Place, header: str, hint: str) -> None:
    place.write("datasets/records/company.csv", f"{header},Industry\nAcme,x\n,y\n")
    with pytest.raises(InputError) as caught:
        place.open()
    (found,) = caught.value.problems
    assert (found.message, found.hint) == ("Name is required", hint)
    assert found.place is not None
    assert found.place.line == 3


def test_a_required_lookup_without_a_value_names_its_column(place: Place) -> None:
    (found,) = problems(
        place,
        {
            "company": [{"Name": "A"}],
            "relationship_type": [{"Name": "R"}],
            "relationship": [{"Name": "r", "TypeId.Name": "R", "CompanyId.Name": None}],
        },
    )
    assert (found.message, found.hint) == (
        "CompanyId is required", "give every row a value in the column CompanyId.Name",
    )  # fmt: skip


def test_a_required_field_without_a_column_asks_for_one(place: Place) -> None:
    (found,) = problems(place, {"company": [{"ExternalId": "1"}]})
    assert found.hint == "add a column Name"


def test_a_lookup_that_fits_two_records_is_refused(place: Place) -> None:
    found = problems(
        place, {"company": [{"Name": "A"}, {"Name": "A"}], "relationship_type": [{"Name": "R"}],
                "relationship": [{"Name": "r", "TypeId.Name": "R", "CompanyId.Name": "A"}]}
    )  # fmt: skip
    assert [p.message for p in found] == ["2 company records have Name = “A”"]


def test_lookup_texts_compare_exactly(place: Place) -> None:
    found = problems(place, {"company": [{"Name": "A"}, {"Name": "b", "ParentCompany.Name": "a"}]})
    assert [p.value for p in found] == ["a"]


def test_unique_fields_of_the_project_count_when_the_profile_says_so(place: Place) -> None:
    place.write("datasets/objects/company.yml", "object: company\nfields:\n  Key__gc: {type: string, unique: true}\n")
    records: list[dict[str, object]] = [{"Name": "a", "Key__gc": "1"}, {"Name": "b", "Key__gc": "1"}]
    with place.memory() as tenant:
        assert tenant.seed_rows("company", records) == {"company": 2}
    place.write("gsrules.toml", '[profile]\n"object.unique" = "on"\n')
    assert [p.value for p in problems(place, {"company": records})] == ["1"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("compny.csv", b"Name\nx\n", "no object"),
        ("company.csv", b"", "empty"),
        ("company.csv", b"Name,\nx,y\n", "has no name"),
        ("company.csv", b"Name,Industry\nx\n", "cannot be read"),
        ("company.csv", b"Name\n\xe9\n", "cannot be read"),
        ("company.parquet", b"nonsense", "cannot be read"),
        ("playbook.csv", b"Name\nx\n", "configuration"),
    ],
)
def test_a_file_that_cannot_be(place: Place, name: str, content: bytes, words: str) -> None:
    path = place.write(f"datasets/records/{name}", "")
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        place.open()
    (found,) = caught.value.problems
    assert words in found.message
    assert found.place is not None
    assert found.place.file == str(path)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"Name,Industry\nx,y\nx,y,z\n", 3),
        (b'Name,Industry\n"two\nlines",y\n\nx\n', 5),
        (b"Name,Industry\nx,\xe9\n", 2),
        (b"Name,Industr\xe9\nx,y\n", 1),
        (b'Name,Industry\n\nx,y\nx,"y\n', 4),
    ],
)
def test_a_malformed_file_is_named_with_the_line_of_its_mistake(place: Place, content: bytes, line: int) -> None:
    path = place.write("datasets/records/company.csv", "")
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        place.open()
    (found,) = caught.value.problems
    assert found.place is not None
    assert (found.place.file, found.place.line) == (str(path), line)


def test_a_malformed_file_accuses_no_other_one_but_the_malformed(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name,Industry\nx,y,z\n")
    place.write("datasets/records/gsuser.csv", "Name,Email\nJane,jane@example.com\n")
    place.write("datasets/records/person.csv", "Name,Email\nJo\n")
    place.write("datasets/records/relationship_type.csv", "Name\nProduct\n")
    for mode in ("live", "dry_run"):
        with pytest.raises(InputError) as caught:
            place.open(mode)
        assert [problem.value for problem in caught.value.problems] == ["company.csv", "person.csv"]
    assert not place.store.exists()


def test_two_files_of_one_object_are_refused(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name\nx\n")
    place.write("datasets/records/Company.CSV", "Name\nx\n")
    with pytest.raises(InputError) as caught:
        place.open()
    assert "two seed files" in caught.value.problems[0].message


def test_hostile_names_and_long_values(place: Place) -> None:
    name = "a\"b'; DROP TABLE company; --\n😀"
    place.write(
        "datasets/objects/odd.yml",
        f"object: odd__gc\nfields:\n  {_yaml(name)}: {{type: rich_text}}\n  Select: string\n",
    )
    value = "x'\";\n😀" * 2000
    assert len(value) == 12_000
    with place.memory() as tenant:
        tenant.seed_rows("odd__gc", [{name: value, "Select": "'; --"}])
        (row,) = rows(tenant, "odd__gc")
    assert row[name] == value
    assert row["Select"] == "'; --"


def _yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
