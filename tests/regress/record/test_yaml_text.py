"""Recorded files are read back as the values that were written, whatever these hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gsrules.regress.record.yaml_text import WIDTH, block, row, rows, scalar
from gsrules.spec.yaml12 import parse_yaml

TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["", "no", "null", "~", "012", "1e3", "- a", "a: b", "a #b", "{", "'", '"', "x ", " x", "2026-01-31"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), TEXTS)


def read(text: str) -> Any:
    return parse_yaml(text, "test.yml").root


@given(st.dictionaries(TEXTS.filter(bool), SCALARS, min_size=1, max_size=8))
def test_rows_are_read_back_as_they_were(values: dict[str, Any]) -> None:
    assert read(rows("given", [values], 2, {})) == {"given": [values]}


@given(st.lists(st.text("ab,;\"'\\ \t#:-", max_size=20), min_size=1, max_size=5))
def test_files_are_read_back_letter_by_letter(lines: list[str]) -> None:
    content = "".join(line + "\n" for line in lines)
    assert read(block("bucket/key.csv", content, 2)) == {"bucket/key.csv": content}


@given(TEXTS)
def test_any_content_of_a_file_is_read_back(content: str) -> None:
    assert read(block("bucket/key.csv", content, 4)) == {"bucket/key.csv": content}


def test_words_dates_and_addresses_stand_without_quotes() -> None:
    values = {"Name": "Company 001", "Csm.Email": "person.001@example.com", "Day": "2026-11-12", "ARR": Decimal("1.50")}
    assert row(values, 0) == "- {Name: Company 001, Csm.Email: person.001@example.com, Day: 2026-11-12, ARR: 1.50}\n"


def test_what_could_be_read_as_something_else_is_quoted() -> None:
    assert [scalar(text) for text in ("no", "12", "a, b", "08:15:00", "")] == [
        '"no"',
        '"12"',
        '"a, b"',
        '"08:15:00"',
        '""',
    ]


def test_long_rows_are_broken_between_entries() -> None:
    written = row({f"Column {n}": "some words" for n in range(12)}, 8)
    assert max(map(len, written.splitlines())) <= WIDTH
    assert read(written)[0]["Column 11"] == "some words"
