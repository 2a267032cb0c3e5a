from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import InputError, Problem
from gsrules.spec.text import Text
from gsrules.spec.yaml12 import MOST_DEPTH, Document, load_yaml, parse_yaml


def root(text: str | bytes) -> Any:
    document = parse_yaml(text, "f.yml")
    assert document.problems == ()
    return document.root


def refused(text: str | bytes) -> Problem:
    """The one problem of the text, whether it stopped the reading or not."""
    try:
        found = parse_yaml(text, "f.yml").problems
    except InputError as error:
        found = error.problems
    assert len(found) == 1, found
    return found[0]


def spot(problem: Problem) -> tuple[int, int]:
    assert problem.place is not None
    return problem.place.line, problem.place.column


@pytest.mark.parametrize(
    "word", ["on", "yes", "no", "off", "y", "n", "On", "NO", "2026-01-31", "06:00", "1_000", "1:30"]
)
def test_words_that_older_yaml_changes_stay_texts(word: str) -> None:
    assert root(f"a: {word}") == {"a": word}
    assert isinstance(root(f"a: {word}")["a"], Text)


def test_the_core_schema_is_read() -> None:
    text = "{a: true, b: False, c: NULL, d: ~, e: 12, f: -3, g: 1.5, h: 1e3, i: .5, j: '12', k: \"true\"}"
    values = {"a": True, "b": False, "c": None, "d": None, "e": 12, "f": -3, "g": 1.5, "h": 1000.0, "i": 0.5}
    assert root(text) == {**values, "j": "12", "k": "true"}


def test_a_key_is_always_a_text() -> None:
    assert root("1: a\ntrue: b\nnull: c\n012: d\n2026-01-01: e") == {
        "1": "a",
        "true": "b",
        "null": "c",
        "012": "d",
        "2026-01-01": "e",
    }


@pytest.mark.parametrize(
    ("word", "write"),
    [
        ("012", "write 12"),
        ("-007", "write -7"),
        ("0x1F", "write 31"),
        ("0o12", "write 10"),
        ("0b11", "write 3"),
        ("00.5", "write 0.5"),
    ],
)
def test_a_number_written_badly_says_what_to_write(word: str, write: str) -> None:
    problem = refused(f"a: 1\nb: {word}\n")
    assert problem.code == "GS-YAML-NUMBER"
    assert "a number written badly" in problem.message
    assert problem.hint.startswith(write)
    assert f"'{word}'" in problem.hint
    assert spot(problem) == (2, 4)


@pytest.mark.parametrize("word", [".inf", "-.INF", ".nan", "1e999", "0.12345678901234567", "9" * 39])
def test_a_number_that_cannot_be_kept_is_refused(word: str) -> None:
    assert refused(f"a: {word}").code == "GS-YAML-NUMBER"


def test_an_enormous_number_does_not_take_forever() -> None:
    assert refused("a: " + "9" * 1_000_000).code == "GS-YAML-NUMBER"
    assert refused("a: 0x" + "9" * 1_000_000).code == "GS-YAML-NUMBER"


def test_two_equal_keys_are_a_problem_at_the_second() -> None:
    problem = refused("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert problem.code == "GS-YAML-DUPLICATE"
    assert problem.value == "c"
    assert "line 3" in problem.hint
    assert spot(problem) == (5, 3)


def test_keys_are_equal_whatever_their_quotes() -> None:
    assert refused("a: 1\n'a': 2").code == "GS-YAML-DUPLICATE"


def test_all_problems_of_a_readable_file_are_found_at_once() -> None:
    document = parse_yaml("a: 012\na: 2\nb: !x 3\nc: *none\n<<: {x: 1}\n? [k]\n: v\n", "f.yml")
    assert [problem.code for problem in document.problems] == [
        "GS-YAML-NUMBER",
        "GS-YAML-DUPLICATE",
        "GS-YAML-TAG",
        "GS-YAML-ALIAS",
        "GS-YAML-MERGE",
        "GS-YAML-KEY",
    ]


def test_an_alias_repeats_what_its_anchor_names() -> None:
    assert root("a: &x [1, {b: 2}]\nc: *x\nd: &t text\ne: *t") == {
        "a": [1, {"b": 2}],
        "c": [1, {"b": 2}],
        "d": "text",
        "e": "text",
    }


def test_an_alias_inside_of_its_own_anchor_is_refused() -> None:
    assert refused("a: &x [*x]").code == "GS-YAML-ALIAS"


def test_aliases_that_multiply_the_file_are_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    problem = refused("\n".join(lines))
    assert problem.code == "GS-YAML-ALIAS"
    assert "multiply" in problem.message


def test_deep_nesting_is_a_problem_and_not_a_crash() -> None:
    assert root("[" * MOST_DEPTH + "]" * MOST_DEPTH)
    for opener in ("[", "{a: ", "- "):
        assert refused(opener * 50_000).code == "GS-YAML-DEPTH"


def test_a_second_document_is_refused() -> None:
    problem = refused("a: 1\n---\nb: 2\n")
    assert problem.code == "GS-YAML-DOCUMENTS"
    assert spot(problem) == (2, 1)


def test_one_document_may_have_its_marks() -> None:
    assert root("%YAML 1.2\n---\na: 1\n...\n") == {"a": 1}


@pytest.mark.parametrize(
    ("content", "said", "place"),
    [
        (b"a: 1\nb: caf\xe9\n", "0xE9", (2, 7)),
        (b"\xff\xfea\x00", "UTF-16", (1, 1)),
        (b"a: 1\nb: \x00\n", "NUL", (2, 4)),
        (b"a: \x1b[0m", "U+001B", (1, 4)),
        ("a: \ufffe".encode(), "U+FFFE", (1, 4)),
    ],
)
def test_what_is_not_utf8_or_not_allowed_has_its_own_problem(content: bytes, said: str, place: tuple[int, int]) -> None:
    problem = refused(content)
    assert problem.code == "GS-YAML-ENCODING"
    assert said in problem.message
    assert spot(problem) == place


def test_a_merge_conflict_is_called_one() -> None:
    problem = refused("rule: x\n<<<<<<< HEAD\nparams: {few: 1}\n=======\nparams: {few: 2}\n>>>>>>> other\n")
    assert "merge conflict" in problem.message
    assert spot(problem) == (2, 1)
    assert root("a: |\n  <<<<<<< HEAD\n") == {"a": "<<<<<<< HEAD\n"}


def test_a_byte_order_mark_is_passed_over() -> None:
    document = root("\ufeffrule: x".encode())
    assert document == {"rule": "x"}
    assert document.key_places["rule"].column == 1


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ("a:\n\tb: 1\n", "tab", (2, 1)),
        ("a:\n  - x\n\t- y\n", "tab", (3, 1)),
        ("when: [Renewal Date] <= rule_date\nb: 1", "begins with [", (1, 1)),
        ("tasks:\n  T:\n    where: [ARR] > 5\n    show: [a]\n", "begins with [", (3, 5)),
        ("where: 'Active' = Status\n", "behind a value in quotes", (1, 1)),
        ("show: [Name, left([Email], '@') as User]\n", "inside a list", (1, 1)),
        ("name: Usage fell: badly\n", "second colon", (1, 17)),
        ("name: @all\n", "begins with @", (1, 1)),
        ("a: [1, 2\nb: 3\n", "not closed", (2, 2)),
        ("a: {b: 1\nc: 3\n", "not closed", (2, 2)),
        ("a: 'x\nb: 1\n", "quoted text is not closed", (3, 1)),
        ('a: "\\q"', "escape", (1, 5)),
        ("show: *\n", "begins with *", (1, 8)),
        ("a: 1\nb\nc: 2\n", "without a colon", (3, 1)),
        ("a:\n  b: 1\n c: 2\n", "key is expected", (3, 2)),
    ],
)
def test_a_syntax_error_says_in_plain_words_what_to_do(text: str, said: str, place: tuple[int, int]) -> None:
    problem = refused(text)
    assert problem.code == "GS-YAML-SYNTAX"
    assert said in problem.message
    assert problem.hint
    assert spot(problem) == place


def test_large_and_strange_values_are_only_data() -> None:
    long, strange = "x" * 10_000, "👩‍👩‍👧 Ünï ‮ \u200b ' \" {} [] #"
    quoted = strange.replace("'", "''")
    assert root(f"a: {long}\nb: '{quoted}'") == {"a": long, "b": strange}


def test_every_key_and_value_knows_its_place() -> None:
    document = root("a: 1\nb:\n  - true\n  - {c: x, d: null}\n")
    assert str(document.places["a"]) == "f.yml:1:4"
    assert str(document.key_places["b"]) == "f.yml:2:1"
    assert str(document["b"].places[0]) == "f.yml:3:5"
    assert str(document["b"][1].places["d"]) == "f.yml:4:15"
    assert document["b"][1]["c"].place.text == "  - {c: x, d: null}"


def _mark(document: Document, key: str, part: str) -> str:
    """The source text from the place where `part` of the value of `key` is said to stand."""
    text = document.root[key]
    place = text.at(text.index(part))
    return str(place.text[place.column - 1 :])


@pytest.mark.parametrize(
    ("source", "part", "found"),
    [
        ("a: ARR > 5", "> 5", "> 5"),
        ("a: 'ARR > 5'", "> 5", "> 5'"),
        ("a: 'it''s > 5'", "> 5", "> 5'"),
        ('a: "it\\"s \\u00e4 > 5"', "> 5", '> 5"'),
        ("a: &x ARR > 5", "> 5", "> 5"),
        ("a: &x 'ARR > 5'", "> 5", "> 5'"),
        ("a: |\n  ARR = 1\n  and B > 5\n", "> 5", "> 5"),
        ("a: >-\n\n    ARR = 1\n    and B > 5\n", "> 5", "> 5"),
        ("a: ARR = 1\n   and B > 5\n", "> 5", "> 5"),
        ("a: 'ARR = 1\n   and B > 5'\n", "> 5", "> 5'"),
        ("a: 👩 ARR > 5", "> 5", "> 5"),
    ],
)
def test_a_part_of_a_text_is_found_in_its_line(source: str, part: str, found: str) -> None:
    assert _mark(parse_yaml(source, "f.yml"), "a", part) == found


def test_a_text_of_a_block_begins_at_its_first_character() -> None:
    place = root("a: |\n\n    first\n    second\n")["a"].place
    assert (place.line, place.column) == (3, 5)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "no.yml", "does not exist"), (tmp_path, "folder")):
        with pytest.raises(InputError) as caught:
            load_yaml(path)
        assert caught.value.problems[0].code == "GS-YAML-READ"
        assert said in caught.value.problems[0].message


def test_a_file_below_the_current_folder_is_named_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yml").write_text("a: b", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_yaml(tmp_path / "rules" / "a.yml").root["a"].place.file == "rules/a.yml"
