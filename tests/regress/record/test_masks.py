"""Masks: one for each value wherever it stands, none for two, joins and conditions as before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gsrules.regress.record.mask_forms import MaskKind, Needs, Value, folded
from gsrules.regress.record.masks import Masks

KINDS = st.sampled_from(list(MaskKind))
WORDS = st.text("abcABC019 -_.@äß/", min_size=1, max_size=12)
EMAILS = st.builds(
    "{}@{}".format, st.sampled_from(["jo", "Jo", "al", "x.y"]), st.sampled_from(["a.com", "A.com", "b.io"])
)
VALUES = st.lists(
    st.one_of(st.builds(Value, WORDS, KINDS), st.builds(Value, EMAILS, st.just(MaskKind.EMAIL))), max_size=25
)


def masks(*values: tuple[str, MaskKind], kept: tuple[str, ...] = (), needs: Needs | None = None) -> Masks:
    return Masks.of((Value(text, kind, needs or Needs()) for text, kind in values), kept)


@given(VALUES)
def test_equal_values_have_equal_masks_and_different_ones_different_masks(values: list[Value]) -> None:
    made = Masks.of(values)
    texts = {value.text.strip() for value in values if value.text.strip()}
    shown = {text: made.mask(text) for text in texts}
    assert len(set(shown.values())) == len(texts)


@given(VALUES)
def test_values_that_join_without_regard_to_case_still_do_and_no_others(values: list[Value]) -> None:
    made = Masks.of(values)
    texts = sorted({value.text for value in values})
    for one in texts:
        for other in texts:
            assert (folded(one) == folded(other)) == (folded(made.mask(one)) == folded(made.mask(other)))


@given(VALUES)
def test_a_mask_is_never_the_value_of_another(values: list[Value]) -> None:
    made = Masks.of(values)
    originals = {folded(value.text) for value in values}
    for value in values:
        if made.knows(value.text):
            assert folded(made.mask(value.text)) not in originals


@given(VALUES, st.sampled_from(["", " ", "\t", "  "]), st.sampled_from(["", " ", "\n"]))
def test_spaces_around_a_value_stay(values: list[Value], before: str, after: str) -> None:
    made = Masks.of(values)
    for value in values:
        core = value.text.strip()
        assert made.mask(f"{before}{core}{after}") == f"{before}{made.mask(core)}{after}"


@given(VALUES, st.lists(WORDS, max_size=5))
def test_what_is_kept_stays_and_no_mask_is_like_it(values: list[Value], kept: list[str]) -> None:
    made = Masks.of(values, kept)
    for text in kept:
        assert made.mask(text) == text
    for value in values:
        if made.knows(value.text):
            assert folded(made.mask(value.text)) not in {folded(text) for text in kept}


def test_masks_follow_the_order_of_the_values() -> None:
    made = masks(("Bolt", MaskKind.COMPANY), ("Acme", MaskKind.COMPANY), ("Corex", MaskKind.COMPANY))
    assert [made.mask(name) for name in ("Acme", "Bolt", "Corex")] == ["Company 001", "Company 002", "Company 003"]


def test_letter_case_is_kept_where_values_differ_in_it() -> None:
    made = masks(("Acme Inc", MaskKind.COMPANY), ("ACME INC", MaskKind.COMPANY), ("acme inc", MaskKind.COMPANY))
    assert made.mask("Acme Inc") == "Company 001"
    assert made.mask("ACME INC") == "COMPANY 001"
    assert made.mask("acme inc") == "company 001"


def test_equal_local_parts_and_equal_domains_of_addresses_stay_equal() -> None:
    made = masks(
        ("jo@acme.com", MaskKind.EMAIL),
        ("al@acme.com", MaskKind.EMAIL),
        ("jo@bolt.io", MaskKind.EMAIL),
        ("https://www.acme.com/team", MaskKind.URL),
        ("bolt.io", MaskKind.URL),
    )
    assert made.mask("jo@acme.com") == "person.002@example.com"
    assert made.mask("al@acme.com") == "person.001@example.com"
    assert made.mask("jo@bolt.io") == "person.002@example.org"
    assert made.mask("https://www.acme.com/team") == "https://www.example.com/page-001"
    assert made.mask("bolt.io") == "example.org"


def test_identifiers_and_phone_numbers_keep_their_shape() -> None:
    made = masks(
        ("A-0917", MaskKind.ID),
        ("A-0042", MaskKind.ID),
        ("S-8cec59", MaskKind.ID),
        ("0012F00000aBcDe", MaskKind.ID),
        ("+49 (30) 123-45", MaskKind.PHONE),
    )
    assert made.mask("A-0042") == "A-0001"
    assert made.mask("A-0917") == "A-0002"
    assert made.mask("S-8cec59") == "S-000001"
    assert made.mask("0012F00000aBcDe") == "000000000000001"
    assert made.mask("+49 (30) 123-45") == "+00 (00) 000-01"


def test_a_mask_keeps_what_conditions_look_for() -> None:
    needs = Needs(contains=("Inc",), ends=("GmbH",))
    made = masks(
        ("Acme Inc", MaskKind.COMPANY), ("Bolt GmbH", MaskKind.COMPANY), ("Corex", MaskKind.COMPANY), needs=needs
    )
    assert made.mask("Acme Inc") == "Company 001 Inc"
    assert made.mask("Bolt GmbH") == "Company 002 GmbH"
    assert made.mask("Corex") == "Company 003"


def test_a_mask_holds_nothing_that_conditions_look_for_and_the_value_lacks() -> None:
    made = masks(("Acme", MaskKind.COMPANY), needs=Needs(contains=("Company",)))
    assert made.mask("Acme") == "Sample 001"


def test_the_domain_of_an_address_stays_where_a_condition_looks_for_it() -> None:
    made = masks(("jo@acme.com", MaskKind.EMAIL), ("al@bolt.io", MaskKind.EMAIL), needs=Needs(ends=("@acme.com",)))
    assert made.mask("jo@acme.com") == "person.002@acme.com"
    assert made.mask("al@bolt.io").endswith("@example.org")


def test_a_value_for_which_no_mask_does_stays_and_is_told() -> None:
    made = masks(("A-7", MaskKind.ID), needs=Needs(ends=("-7",)))
    assert made.mask("A-7") == "A-7"
    assert made.unmasked == ("A-7",)


def test_masked_values_are_replaced_inside_of_texts_as_whole_words() -> None:
    made = masks(("jo@acme.com", MaskKind.EMAIL), ("Acme", MaskKind.COMPANY))
    assert made.within("NPS 5 from jo@acme.com at ACME, not Acmeville") == (
        "NPS 5 from person.001@example.com at Company 001, not Acmeville"
    )


def test_long_texts_keep_their_length() -> None:
    made = masks(("x" * 300, MaskKind.TEXT), ("short", MaskKind.TEXT))
    assert len(made.mask("x" * 300)) == 300
    assert made.mask("short") == "Text 001"


def test_a_mask_fits_into_a_short_field() -> None:
    made = Masks.of([Value("Acme", MaskKind.COMPANY, length=6)])
    assert made.mask("Acme") == "C001"
