"""Which columns are masked, and as what."""

from __future__ import annotations

import pytest

from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import STRING
from gsrules.regress.record.columns import TextColumn, Treatment, treatment
from gsrules.regress.record.mask_forms import MaskKind

CATALOGUE = Catalogue.standard()
FILE = "gainsight-managed/input/file.csv"


def of_file(header: str, *values: str, rows: int = 100, distinct: int = 100) -> TextColumn:
    return TextColumn(FILE, header, STRING, values, rows, distinct)


def of_field(name: str, field: str, *values: str) -> TextColumn:
    definition = CATALOGUE.objects[name]
    own = definition.fields[field]
    return TextColumn(name, field, own.type, values, 100, 100, own, definition)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (of_file("Account Name", "Acme"), MaskKind.COMPANY),
        (of_file("Customer", "Acme"), MaskKind.COMPANY),
        (of_file("First Name", "Jo"), MaskKind.FIRST_NAME),
        (of_file("last_name", "Doe"), MaskKind.LAST_NAME),
        (of_file("contactName", "Jo Doe"), MaskKind.PERSON),
        (of_file("Recipient", "jo@acme.com", "al@acme.com"), MaskKind.EMAIL),
        (of_file("Mobile Phone", "+49 30 123456"), MaskKind.PHONE),
        (of_file("Website", "www.acme.com"), MaskKind.URL),
        (of_file("Account ID", "A-0001"), MaskKind.ID),
        (of_file("Comment", "Good", rows=100, distinct=3), MaskKind.TEXT),
        (of_file("Whatever", "something"), MaskKind.TEXT),
        (of_file("feature_name", "feature_1", rows=1000, distinct=40), "as it is"),
        (of_file("Severity", "P1", rows=700, distinct=4), "as it is"),
        (of_file("Country Code", "US", rows=700, distinct=9), "as it is"),
        (of_field("company", "Name", "Acme"), MaskKind.COMPANY),
        (of_field("gsuser", "Name", "Jo"), MaskKind.PERSON),
        (of_field("person", "Email", "jo@acme.com"), MaskKind.EMAIL),
        (of_field("person", "LinkedinUrl", "https://example.com/jo"), MaskKind.URL),
        (of_field("company", "ExternalId", "A-1"), MaskKind.ID),
        (of_field("company", "SfdcAccountId", "0012F00000aBcDe"), MaskKind.ID),
        (of_field("call_to_action", "Comments", "Called Jo"), MaskKind.TEXT),
    ],
    ids=lambda each: each.title if isinstance(each, TextColumn) else str(each),
)
def test_columns_are_known_by_type_name_and_content(column: TextColumn, expected: Treatment) -> None:
    assert treatment(column, (), ()) == expected


@pytest.mark.parametrize("name", ["Name", "name", "[Name]", "company.Name"])
def test_the_user_can_keep_a_column(name: str) -> None:
    assert treatment(of_field("company", "Name", "Acme"), (), (name,)) == "keep"


def test_the_user_can_mask_a_column() -> None:
    severity = of_file("Severity", "P1", rows=700, distinct=4)
    assert treatment(severity, ("Severity",), ()) is MaskKind.TEXT
    assert treatment(of_field("company", "Name", "Acme"), ("Name",), ()) is MaskKind.COMPANY
