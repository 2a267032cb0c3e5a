"""actions.md §3.2–§3.4, §4, §5.1, §5.2: what loads do, row by row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.actions.support import World, company, user

Make = Callable[..., World]

LOAD = """  - action: load_to_object
    from: Rows
    object: {object}
    operation: {operation}
    identifiers: [{identifiers}]
    fields:
{fields}"""


def load(operation: str = "upsert", identifiers: str = "K__gc", object: str = "plain__gc", **fields: str) -> str:
    named = fields or {"K__gc": "K", "V__gc": "V"}
    lines = "".join(f"      {name}: {value}\n" for name, value in named.items())
    return LOAD.format(object=object, operation=operation, identifiers=identifiers, fields=lines)


def usage(**fields: str) -> str:
    """An upsert into usage__gc by Key__gc, for a company that exists."""
    return load("upsert", "Key__gc", "usage__gc", Key__gc="K", Company__gc=f"{{value: {company(1)}}}", **fields)


def stored(world: World, *rows: tuple[str | None, str | None]) -> None:
    for number, (key, value) in enumerate(rows, 1):
        row = {"Gsid": f"1Z0200000000LOCAL0{number:018d}", "K__gc": key, "V__gc": value}
        world.seed("plain__gc", [row | {"ModifiedDate": datetime(2026, 1, 1)}])


def rows(world: World) -> list[tuple[object, object]]:
    return [(r["K__gc"], r["V__gc"]) for r in world.records("plain__gc")]


KV = {"K": "text", "V": "text"}


# §4 The algorithm


def test_insert_creates_a_record_for_every_row(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", "1"], ["a", "1"], [None, "2"]])
    done = world.act(load("insert", identifiers=""))
    assert done.outcomes == ["created"] * 3
    assert rows(world) == [("a", "1"), ("a", "1"), (None, "2")]
    assert [r["Gsid"] for r in world.records("plain__gc")] == [f"1Z0200000000LOCAL0{n:018d}" for n in (1, 2, 3)]


def test_upsert_creates_updates_and_leaves(make: Make) -> None:
    world = make()
    stored(world, ("a", "1"), ("b", "2"))
    world.dataset(KV, [["a", "1"], ["b", "3"], ["c", "4"]])
    done = world.act(load())
    assert done.outcomes == ["unchanged", "updated", "created"]
    assert rows(world) == [("a", "1"), ("b", "3"), ("c", "4")]
    assert done.effects[1]["before"] == {"K__gc": "b", "V__gc": "2"}
    assert done.effects[1]["after"] == {"K__gc": "b", "V__gc": "3"}
    assert done.effects[2]["before"] is None
    found = world.records("plain__gc")
    assert found[0]["ModifiedDate"] == datetime(2026, 1, 1)
    assert found[1]["ModifiedDate"] == datetime(2026, 11, 23)
    assert (found[2]["CreatedDate"], found[2]["GsIngestionSource"]) == (datetime(2026, 11, 23), "RULES_ENGINE")
    assert done.changes.counts.records_written == 2


def test_touch_unchanged_stamps(make: Make) -> None:
    world = make(load__touch_unchanged=True)
    stored(world, ("a", "1"))
    world.dataset(KV, [["a", "1"]])
    assert world.act(load()).outcomes == ["unchanged"]
    assert world.records("plain__gc")[0]["ModifiedDate"] == datetime(2026, 11, 23)


@pytest.mark.parametrize(("setting", "outcome"), [("error", "failed"), ("skip", "skipped")])
def test_update_without_a_match(make: Make, setting: str, outcome: str) -> None:
    world = make(load__update_no_match=setting)
    world.dataset(KV, [["a", "1"]])
    done = world.act(load("update"))
    assert (done.outcomes, done.codes) == ([outcome], ["NO_RECORD_TO_UPDATE"])


@pytest.mark.parametrize(
    ("setting", "outcomes", "value"),
    [
        ("last", ["skipped", "updated"], "3"),
        ("first", ["updated", "skipped"], "2"),
        ("error", ["failed", "failed"], "1"),
    ],
)
def test_duplicate_keys(make: Make, setting: str, outcomes: list[str], value: str) -> None:
    world = make(load__duplicate_keys=setting)
    stored(world, ("a", "1"))
    world.dataset(KV, [["a", "2"], ["a", "3"]])
    done = world.act(load())
    assert done.outcomes == outcomes
    assert rows(world) == [("a", value)]
    assert done.warned == ({} if setting == "error" else {"DUPLICATE_IN_BATCH": 1})


def test_failing_rows_are_no_duplicates(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", "1"], ["a", "v" * 51]])
    assert world.act(load()).outcomes == ["created", "failed"]


@pytest.mark.parametrize(
    ("setting", "outcome", "code", "values"),
    [
        ("all", "updated", None, ["9", "9"]),
        ("first", "updated", None, ["9", "2"]),
        ("error", "failed", "MULTIPLE_RECORDS_MATCHED", ["1", "2"]),
    ],
)
def test_multi_match(make: Make, setting: str, outcome: str, code: str | None, values: list[str]) -> None:
    world = make(load__multi_match=setting)
    stored(world, ("a", "1"), ("a", "2"))
    world.dataset(KV, [["a", "9"]])
    done = world.act(load())
    assert (done.outcomes, done.codes) == ([outcome], [code])
    assert [value for _, value in rows(world)] == values
    if setting == "all":
        assert done.warned == {"MULTI_MATCH_UPDATED": 1}
        assert len(done.effects[0]["gsids"]) == 2
        assert (done.changes.counts.updated, done.changes.counts.records_written) == (1, 2)


def test_a_failed_row_has_no_record_but_lists_the_several_it_matched(make: Make) -> None:
    world = make(load__multi_match="error")
    stored(world, ("a", "1"), ("a", "2"), ("b", "3"))
    world.dataset(KV, [["a", "9"], ["b", "9"], ["a" * 51, "9"]])
    done = world.act(load())
    ids = [record["Gsid"] for record in world.records("plain__gc")]
    assert [(e["outcome"], e["gsid"], e["gsids"]) for e in done.effects] == [
        ("failed", None, ids[:2]),
        ("updated", ids[2], ids[2:]),
        ("failed", None, None),
    ]


def test_null_identifiers_fail_or_match_null(make: Make) -> None:
    world = make()
    stored(world, (None, "1"))
    world.dataset(KV, [[None, "2"]])
    assert world.act(load()).codes == ["IDENTIFIER_NULL"]
    world = make(load__match_null="null_equals_null")
    stored(world, (None, "1"))
    world.dataset(KV, [[None, "2"]])
    assert world.act(load()).outcomes == ["updated"]
    assert rows(world) == [(None, "2")]


def test_identifiers_are_case_sensitive_unless_told_and_emails_never(make: Make) -> None:
    world = make()
    stored(world, ("a", "1"))
    world.dataset(KV, [["A", "2"]])
    assert world.act(load()).outcomes == ["created"]
    world = make(load__identifier_case="insensitive")
    stored(world, ("a", "1"))
    world.dataset(KV, [["A", "1"]])
    assert world.act(load()).outcomes == ["updated"]
    assert rows(world) == [("A", "1")]
    world.seed("plain__gc", [{"Gsid": "1Z0200000000LOCAL0" + "9" * 18, "M__gc": "Ann@Example.com"}])
    world.dataset(KV, [["ann@example.COM", "5"]])
    done = world.act(load("update", "M__gc", M__gc="K", V__gc="V"))
    assert done.outcomes == ["updated"]


def test_gsid_as_the_identifier_of_an_update(make: Make) -> None:
    world = make()
    stored(world, ("a", "1"))
    world.dataset({"K": "id", "V": "text"}, [["1Z0200000000LOCAL0" + "0" * 17 + "1", "2"]])
    done = world.act(load("update", "Gsid", Gsid="K", V__gc="V"))
    assert done.outcomes == ["updated"]
    assert rows(world) == [("a", "2")]


def test_hostile_names_and_values_are_only_data(make: Make) -> None:
    world = make()
    name = 'x"; DROP TABLE "plain__gc"; --'
    world.dataset({name: "text", "it's ${V}": "text"}, [["'); DELETE FROM company; --", "\u202e∅\n'\""]])
    done = world.act(load(K__gc=f"'[{name}]'", V__gc='"[it\'s ${V}]"'))
    assert done.outcomes == ["created"]
    assert rows(world) == [("'); DELETE FROM company; --", "\u202e∅\n'\"")]


# §3.2 Nulls and defaults


def test_null_writes_with_a_warning_unless_stated(make: Make) -> None:
    world = make()
    stored(world, ("a", "1"))
    world.dataset(KV, [["a", None]])
    assert world.act(load()).warned == {"NULL_WRITTEN": 1}
    assert rows(world) == [("a", None)]


@pytest.mark.parametrize(
    ("mapping", "value"), [("{column: V, on_null: skip}", "1"), ("{column: V, on_null: write}", None)]
)
def test_on_null(make: Make, mapping: str, value: str | None) -> None:
    world = make()
    stored(world, ("a", "1"))
    world.dataset(KV, [["a", None]])
    assert world.act(load(K__gc="K", V__gc=mapping)).warned == {}
    assert rows(world) == [("a", value)]


def test_default_replaces_nulls_and_what_does_not_fit(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", None], ["b", "no date"], ["c", "2026-02-03"]])
    done = world.act(usage(Month__gc="{column: V, default: 2026-01-01}"))
    assert done.outcomes == ["created"] * 3
    days = [r["Month__gc"] for r in world.records("usage__gc")]
    assert days == [date(2026, 1, 1), date(2026, 1, 1), date(2026, 2, 3)]


def test_a_required_null_is_missing(make: Make) -> None:
    world = make()
    world.dataset({"K": "text", "V": "id"}, [["a", None]])
    done = world.act(load("upsert", "Key__gc", "usage__gc", Key__gc="K", Company__gc="{column: V, on_null: skip}"))
    assert done.codes == ["REQUIRED_MISSING"]


# §3.4 Conversions and codes


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("Month__gc", "2026-02-30", "TYPE_MISMATCH"),
        ("Month__gc", "1/2/2026", "TYPE_MISMATCH"),
        ("Seen__gc", "2026-01-01", "TYPE_MISMATCH"),
        ("Seen__gc", "2026-13-01T00:00:00Z", "TYPE_MISMATCH"),
        ("Tier__gc", "Copper", "PICKLIST_UNKNOWN"),
        ("Tags__gc", "Mauve", "PICKLIST_UNKNOWN"),
        ("Note__gc", "12345678901", "STRING_TOO_LONG"),
        ("Mail__gc", "no mail", "VALUE_INVALID"),
        ("Mail__gc", "a@b@c.de", "VALUE_INVALID"),
        ("Site__gc", "example", "VALUE_INVALID"),
        ("Sfdc__gc", "00112233445566", "VALUE_INVALID"),
        ("Extra__gc", "{", "VALUE_INVALID"),
        ("Owner__gc", "Ann", "VALUE_INVALID"),
    ],
)
def test_texts_that_do_not_fit(make: Make, field: str, text: str, code: str) -> None:
    world = make()
    world.dataset(KV, [["a", text]])
    done = world.act(usage(**{field: "V"}))
    assert (done.outcomes, done.codes) == (["failed"], [code])
    message = done.effects[0]["message"]
    assert field in message
    assert text in message


def message(world: World, action: str) -> str:
    """What the effect of the only row says."""
    (effect,) = world.act(action).effects
    return str(effect["message"])


def test_a_text_too_long_tells_its_length_and_the_limit(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", "x" * 61]])
    words = f"'{'x' * 60}…' has 61 characters; at most 10 are allowed"
    assert message(world, usage(Note__gc="V")) == f"`Note__gc` (string): {words}"


@pytest.mark.parametrize("text", ["Red; Mauve;Blue;Pink", "Mauve", "red;Mauve"])
def test_a_multi_select_names_the_first_label_that_is_no_option(make: Make, text: str) -> None:
    world = make()
    world.dataset(KV, [["a", text]])
    assert message(world, usage(Tags__gc="V")).startswith("'Mauve' is no option of `Tags__gc`")


def test_a_multi_select_names_the_label_that_is_missing_in_its_map(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", "r;g"]])
    words = message(world, usage(Tags__gc="{column: V, map: {r: Red}}"))
    assert words.startswith("'g' is not in the customise mapping of `Tags__gc`")


def test_numbers_in_keys_are_plain(make: Make) -> None:
    world = make()
    values = [Decimal("5"), Decimal("-100"), Decimal("0"), Decimal("2.50")]
    world.dataset({"K": "number", "V": "text"}, [[value, "x"] for value in values])
    done = world.act(load("update", "N__gc", N__gc="K", V__gc="V"))
    assert [effect["key"] for effect in done.effects] == ["5", "-100", "0", "2.5"]
    assert done.effects[0]["message"] == "no record has the identifiers 5"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("Month__gc", " 02/28/2026\t", date(2026, 2, 28)),
        ("Month__gc", "02-28-2026", date(2026, 2, 28)),
        ("Month__gc", "", None),
        ("Seen__gc", "2026-01-02T03:04", datetime(2026, 1, 2, 3, 4)),
        ("Seen__gc", "2026-01-02 03:04:05.6789", datetime(2026, 1, 2, 3, 4, 5, 678000)),
        ("Seen__gc", "2026-01-02T03:04:05+01:30", datetime(2026, 1, 2, 1, 34, 5)),
        ("Seen__gc", "01/02/2026 03:04:05-0200", datetime(2026, 1, 2, 5, 4, 5)),
        ("Flag__gc", "TRUE", True),
        ("Note__gc", " a ", " a "),
        ("Note__gc", "", ""),
        ("Mail__gc", " a@b.de ", "a@b.de"),
        ("Site__gc", "www.example.com", "www.example.com"),
        ("Sfdc__gc", "001122334455667", "001122334455667"),
        ("Extra__gc", '{"a": 1}', '{"a": 1}'),
        ("Owner__gc", user(1), user(1)),
    ],
)
def test_texts_that_fit(make: Make, field: str, text: str, value: object) -> None:
    world = make()
    world.dataset(KV, [["a", text]])
    done = world.act(usage(**{field: "V"}))
    assert (done.outcomes, done.warned) == (["created"], {})
    assert world.records("usage__gc")[0][field] == value


def test_a_text_without_offset_is_in_the_tenant_zone(make: Make) -> None:
    world = make(tenant__timezone="Europe/Berlin")
    world.dataset(KV, [["a", "2026-07-01T12:00:00"], ["b", "2026-07-01T12:00:00Z"]])
    world.act(usage(Seen__gc="V"))
    assert [r["Seen__gc"].hour for r in world.records("usage__gc")] == [10, 12]


def test_other_words_are_false_with_a_warning(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", "yes"], ["b", "False"], ["c", None]])
    done = world.act(usage(Flag__gc="V"))
    assert [r["Flag__gc"] for r in world.records("usage__gc")] == [False, False, None]
    assert done.warned == {"BOOLEAN_COERCED": 1}


def test_lenient_reads_numbers_from_text(make: Make) -> None:
    world = make(load__coerce="lenient")
    texts = ["1.5e2", "x", "1" * 30, "1,234.5", "-.0000000005"]
    world.dataset(KV, [[str(n), text] for n, text in enumerate(texts)])
    assert world.act(usage(Logins__gc="V")).codes == [
        None, "TYPE_MISMATCH", "NUMBER_OUT_OF_RANGE", "TYPE_MISMATCH", None,
    ]  # fmt: skip
    assert [r["Logins__gc"] for r in world.records("usage__gc")] == [Decimal("150"), Decimal("-0.000000001")]
    world.dataset(KV, [["m", "1,234.5"]])
    world.act(usage(Money__gc="V"))
    assert world.records("usage__gc")[-1]["Money__gc"] == Decimal("1234.5")


def test_values_as_text(make: Make) -> None:
    world = make()
    world.dataset(
        {"N": "number", "W": "whole", "D": "date", "B": "boolean"}, [[Decimal("2.50"), 10, date(2026, 1, 2), True]]
    )
    world.act(load("insert", "", K__gc="N", V__gc="W"))
    world.act(load("insert", "", K__gc="D", V__gc="B"))
    assert rows(world) == [("2.5", "10"), ("2026-01-02", "true")]


def test_picklists_take_labels_in_any_case_and_gsids(make: Make) -> None:
    world = make()
    items = {item.name: item.gsid for item in world.catalogue.category("usage__gc.Tier__gc").items}
    world.dataset(KV, [["a", "Gold"], ["b", " gOLD "], ["c", items["Silver"]], ["d", ""]])
    done = world.act(usage(Tier__gc="V"))
    assert done.warned == {"LABEL_CASE_DIFFERS": 1}
    assert [r["Tier__gc"] for r in world.records("usage__gc")] == [items["Gold"], items["Gold"], items["Silver"], None]


def test_customise_mapping(make: Make) -> None:
    world = make()
    items = {item.name: item.gsid for item in world.catalogue.category("usage__gc.Tier__gc").items}
    world.dataset(KV, [["a", "P"], ["b", "x"], ["c", None]])
    done = world.act(usage(Tier__gc="{column: V, map: {P: Platinum}}"))
    assert done.codes == [None, "PICKLIST_UNMAPPED", None]
    assert [r["Tier__gc"] for r in world.records("usage__gc")] == [items["Platinum"], None]


@pytest.mark.parametrize(("setting", "wanted"), [("replace", {"Green"}), ("append", {"Red", "Green"})])
def test_multi_selects(make: Make, setting: str, wanted: set[str]) -> None:
    world = make(load__multiselect=setting)
    names = {item.gsid: item.name for item in world.catalogue.category("usage__gc.Tags__gc").items}
    world.dataset(KV, [["a", "Red; Red"]])
    world.act(usage(Tags__gc="V"))
    assert [names[g] for g in world.records("usage__gc")[0]["Tags__gc"]] == ["Red"]
    world.dataset(KV, [["a", " Green ;"]])
    world.act(usage(Tags__gc="V"))
    assert {names[g] for g in world.records("usage__gc")[0]["Tags__gc"]} == wanted


def test_multi_selects_are_compared_as_sets(make: Make) -> None:
    world = make()
    for text, outcome in (("Red;Blue", "created"), ("Blue;Red", "unchanged")):
        world.dataset(KV, [["a", text]])
        assert world.act(usage(Tags__gc="V")).outcomes == [outcome]


def test_overlength_may_be_cut(make: Make) -> None:
    world = make(load__overlength="truncate")
    world.dataset(KV, [["a", "12345678901"]])
    world.act(usage(Note__gc="V"))
    assert world.records("usage__gc")[0]["Note__gc"] == "1234567890"


@pytest.mark.parametrize(
    ("setting", "outcome", "warned"),
    [("warn", "created", {"REFERENCE_NOT_FOUND": 1}), ("error", "failed", {}), ("allow", "created", {})],
)
def test_dangling_references(make: Make, setting: str, outcome: str, warned: dict[str, int]) -> None:
    world = make(load__dangling_reference=setting)
    world.dataset({"K": "text", "V": "id"}, [["a", user(77)]])
    done = world.act(usage(Owner__gc="V"))
    assert (done.outcomes, done.warned) == ([outcome], warned)


# §3.3 Lookups


def lookup(multiple: str = "error", none: str = "error", more: str = "") -> str:
    return usage(Owner__gc=f"{{lookup: gsuser, match: {{Email: V}}, multiple: {multiple}, none: '{none}'{more}}}")


def test_lookups_trim_and_fold(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", "  U1@Example.com "], ["b", "zz"], ["c", None]])
    done = world.act(lookup())
    assert done.codes == [None, "LOOKUP_NO_MATCH", "LOOKUP_NO_MATCH"]
    assert "finds no record for 'zz'" in done.effects[1]["message"]
    assert "the lookup finds no record, because `V` is null" in done.effects[2]["message"]
    assert world.records("usage__gc")[0]["Owner__gc"] == user(1)


def test_lookups_without_a_match(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", "zz"]])
    assert world.act(lookup(none="null")).outcomes == ["created"]
    assert world.act(lookup(more=f", default: {user(3)}")).outcomes == ["updated"]
    assert world.records("usage__gc")[0]["Owner__gc"] == user(3)


def test_lookups_with_several_matches(make: Make) -> None:
    world = make()
    world.seed("gsuser", [{"Gsid": user(20), "Name": "Twin", "Email": "U2@EXAMPLE.com"}])
    world.dataset(KV, [["a", "u2@example.com"]])
    assert world.act(lookup()).codes == ["LOOKUP_MULTIPLE_MATCH"]
    done = world.act(lookup(multiple="any_one"))
    assert done.warned == {"LOOKUP_ANY_ONE": 1}
    assert world.records("usage__gc")[0]["Owner__gc"] == user(2)


def test_lookup_case_sensitive(make: Make) -> None:
    world = make(load__lookup_case="sensitive")
    world.dataset(KV, [["a", " u1@example.com"], ["b", "U1@example.com"]])
    assert world.act(lookup()).codes == [None, "LOOKUP_NO_MATCH"]


# §2, §5.2


def test_unknown_criteria_are_counted(make: Make) -> None:
    world = make()
    world.dataset(KV, [["a", "x"], ["b", None], ["c", "y"]])
    counts = world.act(load().replace("from: Rows", "from: Rows\n    when: V = 'x'")).changes.counts
    assert (counts.received, counts.matched, counts.filtered_null) == (3, 1, 1)


def test_company_may_not_be_its_own_parent(make: Make) -> None:
    world = make()
    world.dataset({"K": "text", "V": "id"}, [["C1", company(1)], ["C2", company(1)]])
    action = (
        "  - action: load_to_company\n    from: Rows\n    operation: update\n    identifiers: [Name]\n"
        "    fields: {Name: K, ParentCompany: V}\n"
    )
    done = world.act(action)
    assert done.codes == ["VALUE_INVALID", None]
    assert done.effects[0]["message"] == "`ParentCompany` (lookup): the record would be its own Parent Company"
    assert (done.effects[0]["gsid"], done.effects[0]["gsids"]) == (None, None)
    assert world.records("company")[1]["ParentCompany"] == company(1)
