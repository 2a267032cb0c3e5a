"""Whatever the text, the loader gives a rule or an InputError whose problems have places."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gsrules.errors import InputError
from gsrules.spec import parse_rule
from gsrules.spec.yaml12 import parse_yaml
from tests.spec import test_rule
from tests.spec.helpers import KINDS
from tests.spec.test_schema import GOOD_ACTIONS, GOOD_TASKS

RULES = [
    test_rule.FULL,
    "rule: A rule\ntasks:\n" + "".join(f"  T{n}: {task}\n" for n, task in enumerate(GOOD_TASKS)),
    "rule: A rule\ntasks: {A: {type: fetch, object: a}}\nactions:\n"
    + "".join(f"  - {text}\n" for text in GOOD_ACTIONS),
]
PIECES = [
    "\n",
    "  ",
    "\t",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    '"',
    "|",
    ">",
    "&a ",
    "*a",
    "!x ",
    "#",
    "<<: ",
    "?",
]
PIECES += [
    "---\n",
    "...",
    "%",
    "@",
    "`",
    "\x00",
    "\u2028",
    "\x85",
    "\ufeff",
    "👩‍👧",
    "null",
    "012",
    "\\",
    "\\x",
    "🎉",
    "true",
]


def load(content: bytes | str) -> None:
    try:
        assert parse_rule(content, "f.yml", "f", KINDS).tasks
    except InputError as error:
        found = error.problems
    else:
        return
    assert found
    for problem in found:
        assert problem.code.startswith("GS-")
        assert problem.message
        assert problem.place is not None
        assert problem.place.line >= 1
        assert 1 <= problem.place.column <= len(problem.place.text) + 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    load(content)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=40).map("".join))
def test_any_text_made_of_yaml(text: str) -> None:
    load(text)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(RULES),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.sampled_from(PIECES), st.text(max_size=3))),
        min_size=1,
        max_size=4,
    ),
)
def test_a_rule_with_parts_replaced(text: str, changes: list[tuple[float, int, str]]) -> None:
    for where, removed, put in changes:
        at = int(where * len(text))
        text = text[:at] + put + text[at + removed :]
    load(text)


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.sampled_from(["x", "", "sum(a)", "${b}", "012", "2026-01-01"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["type", "from", "A", "where", "logic", "name", "column", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["schedule", "tasks", "actions", "params", "profile", "for"]), VALUES, st.booleans())
def test_any_value_in_the_place_of_another(key: str, value: object, in_task: bool) -> None:
    shown = json.dumps(value)
    if in_task:
        task = f"type: transform, from: A, where: {shown}, formulas: {shown}, show: {shown}"
        load(f"rule: A rule\ntasks: {{T: {{{task}}}}}")
    else:
        load(f"rule: A rule\n{key}: {shown}\n")


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"), max_size=60))
def test_a_text_in_single_quotes_comes_back_as_it_was(text: str) -> None:
    line = "".join(char for char in text if char.isprintable())
    quoted = line.replace("'", "''")
    found = parse_yaml(f"a: '{quoted}'", "f.yml").root["a"]
    assert found == line
    for offset in range(len(line)):
        place = found.at(offset)
        assert place.text[place.column - 1] == line[offset]


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029", max_codepoint=0xD7FF),
        max_size=40,
    )
)
def test_a_part_behind_escapes_is_found_in_double_quotes(text: str) -> None:
    found = parse_yaml(f'a: {json.dumps(text + "§", ensure_ascii=True)[:-7]}§"', "f.yml").root["a"]
    assert found == text + "§"
    place = found.at(len(text))
    assert place.text[place.column - 1] == "§"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("ab c#:'", min_size=1, max_size=8).map(lambda line: f"x{line}y"), min_size=1, max_size=5))
def test_each_line_of_a_block_is_found(lines: list[str]) -> None:
    found = parse_yaml("a: |\n" + "".join(f"   {line}\n" for line in lines), "f.yml").root["a"]
    offset = 0
    for number, line in enumerate(lines):
        place = found.at(offset)
        assert (place.line, place.column) == (number + 2, 4)
        offset += len(line) + 1
