from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from gsrules.spec import Kinds, rule_schema
from gsrules.spec.yaml12 import parse_yaml
from tests.spec import test_rule
from tests.spec.helpers import FETCH, KINDS, problems, with_action, with_task

SCHEMA = rule_schema(KINDS)
CHECK = jsonschema.Draft202012Validator(SCHEMA)

GOOD_TASKS = [
    "{type: fetch, object: company, show: [Name], where: {A: x, B: y, logic: A or B}}",
    "{type: fetch, object: company, show: '*', where: [x, y]}",
    "{type: s3, path: a.csv, columns: {A: string, B: {type: number, decimals: 0, as: C}}}",
    "{type: s3, path: 'a-${pattern}', match: starts_with, pattern: {subtract_days: 1}, file: {separator: tab}}",
    "{type: merge, from: A, join: [{dataset: B, keep: all, on: x = y}]}",
    "{type: transform, from: A, formulas: {X: a, Y: {comparison: {a: {sum: x, window: w}, b: y}}}}",
    "{type: pivot, from: A, pivot_on: p, value: sum(x), default: 0, columns: [a, {name: b, where: c}]}",
    "{type: union, from: [A, B], columns: {E: {A: x, B: y}}}",
    "{type: union, from: [A, B], columns: {E: {from: {A: x, B: y}, type: number, decimals: 2}}}",
]
BAD_TASKS = [
    "{type: fetch}",
    "{type: fetch, object: company, wher: x}",
    "{type: fetch, object: 3}",
    "{type: fetch, object: company, where: {ABC: x}}",
    "{type: fetchh, object: company}",
    "{object: company}",
    "{type: s3, path: a.csv, columns: {A: strng}}",
    "{type: s3, path: a.csv, columns: {A: {type: number, decimals: 10}}}",
    "{type: merge, from: A, join: []}",
    "{type: merge, from: A, join: [{dataset: B, keep: lft, on: x}]}",
    "{type: pivot, from: A, columns: []}",
    "{type: union, from: [A]}",
    "text",
]
LOAD = "{{action: load_to_object, from: A, object: x, operation: insert, fields: {{F: {}}}}}"
GOOD_ACTIONS = [
    LOAD.format(field)
    for field in (
        "Name",
        "{column: a, on_null: skip}",
        "{value: null}",
        "{lookup: u, match: {a: b}, multiple: error, none: null}",
    )
] + [
    "{action: create_cta, from: A, company: a, name: b, owner: c, time_frame: false, comments: d}",
    "{action: create_cta, from: A, company: a, name: b, owner: {default: c}, time_frame: {days: 2}, when: [x]}",
]
BAD_ACTIONS = [LOAD.format(field) for field in ("3", "{colum: a}", "[a]", "{column: a, on_null: leave}")] + [
    "{action: create_cta, from: A, company: a}",
    "{action: create_cta, from: A, company: a, name: b, due: {days: -1}}",
    "{action: create_cta, from: A, company: a, name: b, check_open: yes}",
    "{action: create_ct, from: A}",
    "{from: A}",
]


def accepts(text: str) -> bool:
    plain: Any = json.loads(json.dumps(parse_yaml(text, "f.yml").root))
    return bool(CHECK.is_valid(plain))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(rule_schema(Kinds()))
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("text", [*map(with_task, GOOD_TASKS), *map(with_action, GOOD_ACTIONS), test_rule.FULL])
def test_the_schema_accepts_what_the_loader_accepts(text: str) -> None:
    assert problems(text) == ()
    assert accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        *map(with_task, BAD_TASKS),
        *map(with_action, BAD_ACTIONS),
        FETCH + "foldr: x",
        FETCH + "for: companies",
        FETCH + "active: yes",
        FETCH + "schedule: {basic: {at: '06:00'}}",
        "rule: x",
        "tasks: {A: {type: fetch, object: a}}",
        "rule: x\ntasks: {}",
        "rule: abc\ntasks: {Bad-name: {type: fetch, object: company}}",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(text: str) -> None:
    assert problems(text) != ()
    assert not accepts(text)


def test_the_type_selects_the_keys_of_a_task() -> None:
    cases = SCHEMA["$defs"]["Task"]["allOf"]
    chosen = {case["if"]["properties"]["type"]["const"]: case["then"]["$ref"] for case in cases}
    assert chosen["fetch"] == "#/$defs/FetchTask"
    assert SCHEMA["$defs"]["Action"]["properties"]["action"]["enum"] == ["load_to_object", "create_cta"]


def _walk(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for item in schema for found in _walk(item)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(found for item in schema.values() for found in _walk(item))]


def test_every_mapping_with_known_keys_refuses_others() -> None:
    selecting = ("Task", "Action")
    mappings = [
        found
        for name, definition in SCHEMA["$defs"].items()
        if name not in selecting
        for found in _walk(definition)
        if isinstance(found.get("properties"), dict) and found.get("type") == "object"
    ]
    assert len(mappings) > 15
    assert [found for found in mappings if found.get("additionalProperties") is not False] == []


def test_hovers_explain_and_do_not_quote_sources() -> None:
    assert "kept" not in SCHEMA["$defs"]["FetchTask"]["description"]
    descriptions = [str(found["description"]) for found in _walk(SCHEMA) if isinstance(found.get("description"), str)]
    assert len(descriptions) > 60
    assert [text for text in descriptions if "§" in text or ".md" in text or not text.strip()] == []


def test_keys_that_may_be_left_out_do_not_take_null() -> None:
    assert not accepts(with_task("{type: fetch, object: company, show: null}"))
    assert not accepts(FETCH + "folder: null")
