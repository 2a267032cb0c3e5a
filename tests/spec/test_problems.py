from __future__ import annotations

import re
from pathlib import Path

import pytest

import gsrules.spec
from gsrules.spec.codes import CODES
from tests.spec.helpers import FETCH, only, problems, with_action, with_task


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (FETCH + "active: yes", "`active` must be true or false, not the text 'yes'", "write true (without quotes)"),
        (FETCH + "active: 'false'", "`active` must be true or false, not the text 'false'", "write false"),
        (FETCH + "active: 1", "`active` must be true or false, not the number 1", ""),
        (FETCH + "folder: 2024", "`folder` must be a text, not the number 2024", "put quotes around it: '2024'"),
        (FETCH + "folder: [Renewals]", "`folder` must be a text, not a list", "a text that begins with [ or {"),
        (FETCH + "actions: {}", "`actions` must be a list, not a mapping", "- first"),
        (FETCH + "actions: none", "`actions` must be a list, not the text 'none'", "- first"),
        (FETCH + "params: [a]", "`params` must be a mapping of keys and values, not a list", "{key: value}"),
        (FETCH + "for: companies", "`for` cannot be `companies`", "one of company, relationship"),
        (FETCH + "description:", "`description` has no value", "or leave the line out"),
        (FETCH + "folder: '  '", "an empty text", "leave the key out"),
        (with_task("{type: fetch}"), "`object` is missing", "add `object: …`"),
        (with_task("{type: merge, from: A, join: [B]}"), "item 1 of `join` must be a mapping", "{dataset: …, keep: …"),
        ("[a]", "the file must hold a mapping of keys and values, not a list", "rule: …"),
        ("text", "the file must hold a mapping of keys and values, not the text 'text'", "rule: …"),
    ],
)
def test_a_problem_says_what_is_wrong_and_what_to_write(text: str, message: str, hint: str) -> None:
    problem = only(text)
    assert problem.message.startswith(message)
    assert hint in problem.hint


def test_an_unknown_key_stands_at_the_key_and_names_the_nearest() -> None:
    problem = only(FETCH.replace("object:", "objekt:").replace("type: fetch,", "type: fetch, object: x,"))
    assert (problem.code, problem.value, problem.nearest) == ("GS-SPEC-KEY", "objekt", "object")
    assert problem.place is not None
    assert problem.place.text[problem.place.column - 1 :].startswith("objekt")
    assert problem.where == "tasks › Companies"


def test_an_unknown_key_like_no_other_lists_the_known_ones() -> None:
    assert "known here: type, description, object" in only(with_task("{type: fetch, object: a, zzz: 1}")).hint


def test_a_colon_without_a_space_is_told() -> None:
    problem = only(with_task("{type:fetch, object: company}"))
    assert (problem.message, problem.hint) == ("`type` is missing", "write a space behind the colon: type: fetch")
    problem = only(with_task("{type: fetch, object: company, show:Name}"))
    assert (problem.code, problem.hint) == ("GS-SPEC-KEY", "write a space behind the colon: show: Name")


@pytest.mark.parametrize(
    ("task", "meant"),
    [
        ("{type: fetch, object: company, filter: a}", "where"),
        ("{type: fetch, object: company, select: [a]}", "show"),
        ("{type: transform, from: A, fields: [a]}", "show"),
        ("{type: transform, from: A, groupby: [a]}", "group_by"),
        ("{type: join, from: A}", "merge"),
        ("{type: merge, from: A, join: [{dataset: B, keep: inner, on: a = b}]}", "common"),
        ("{type: merge, from: A, join: [{dataset: B, keep: outer, on: a = b}]}", "all"),
        ("{type: s3, path: a.csv, columns: {A: text}}", "string"),
        ("{type: s3, path: a.csv, columns: {A: integer}}", "number"),
    ],
)
def test_a_word_of_another_tool_leads_to_ours(task: str, meant: str) -> None:
    assert only(with_task(task)).nearest == meant


def test_an_item_of_a_list_is_shown_at_its_place() -> None:
    problem = only(with_task("{type: fetch, object: company, show: [Name, {a: b}]}"))
    assert problem.place is not None
    assert problem.place.text[problem.place.column - 1 :] == "{a: b}]}"
    assert problem.where == "tasks › T › show › item 2"


def test_what_is_missing_in_a_mapping_is_shown_at_its_key() -> None:
    problem = only("rule: abc\ntasks:\n  Companies:\n    type: fetch\n")
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (3, 3)


def test_a_very_long_value_is_shortened() -> None:
    problem = only(FETCH + f"for: {'x' * 10_000}")
    assert len(problem.message) < 200
    assert len(problem.value) < 200


def test_no_message_speaks_the_language_of_the_validator() -> None:
    broken = ["3", "1.5", "true", "null", "text", "''", "[]", "[1]", "{}", "{a: b}"]
    keys = ["rule", "for", "relationship_types", "params", "schedule", "tasks", "actions", "profile", "active"]
    texts = [f"{key}: {value}" for key in keys for value in broken]
    texts += [
        with_task(f"{{type: {kind}, {key}: {value}}}")
        for kind in ("fetch", "s3", "merge", "transform", "pivot", "union")
        for key in ("show", "where", "join", "formulas", "columns", "from", "pattern", "file")
        for value in broken
    ]
    texts += [
        with_action(f"{{action: create_cta, {key}: {value}}}")
        for key in ("owner", "due", "comments", "time_frame", "when", "check_open")
        for value in broken
    ]
    jargon = re.compile(
        r"[Ii]nput|valid (dict|tuple|list|str|int)|instance|tuple|dictionary|pydantic|Spec\b|None|True|False"
    )
    found = [problem for text in texts for problem in problems(text)]
    assert len(found) > 500
    assert [p.message for p in found if jargon.search(p.message + p.hint)] == []
    assert [p for p in found if p.place is None or p.code not in CODES] == []


def test_every_code_in_use_is_explained() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(gsrules.spec.__path__[0]).glob("*.py"))
    assert set(re.findall(r"GS-(?:YAML|SPEC)-[A-Z-]*[A-Z]", source)) <= set(CODES)
