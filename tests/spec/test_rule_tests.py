"""Files of rule tests and of shared fixtures: what they may hold, and what their schema says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from gsrules.errors import InputError
from gsrules.spec.load import load_fixtures, load_tests
from gsrules.spec.schema import tests_schema as schema_of_tests
from gsrules.spec.yaml12 import parse_yaml

SCHEMA = schema_of_tests()
CHECK = jsonschema.Draft202012Validator(SCHEMA)

GOOD = [
    "{name: a, snapshot: true}",
    "{name: a, expect: {tasks: {T: [{A: 1}]}}}",
    "{name: a, expect: {tasks: {T: {contains: [{A: 1}], rows: 2, tolerance: 0.5}}}}",
    "{name: a, expect: {records: {o: {exact: [], tolerance: {A: 1}}}, tenant: {o: {rows: 0}}}}",
    "{name: a, expect: {errors: [X, {code: Y, action: Z, rows: 1}], skips: []}}",
    "{name: a, steps: [{expect: {status: SUCCESS}}, {name: n, rule: r, rule_date: 2026-01-31, params: {p: 1}}]}",
    "{name: a, snapshot: true, steps: [{given: {files: {b/k: null}}}]}",
    "{name: a, given: {fixtures: [f], seed: true, records: {o: [{A: null}]}, files: {b/k: x}}, snapshot: true}",
]
BAD = [
    ("{name: a}", "GS-SPEC-ONE-OF", "`expect` or `snapshot: true`"),
    ("{name: a, steps: [{rule: r}]}", "GS-SPEC-ONE-OF", "`expect` or `snapshot: true`"),
    ("{name: a, expect: {}}", "GS-SPEC-EMPTY", "`expect` expects nothing"),
    ("{name: a, expect: {status: SUCCESS}, steps: [{}]}", "GS-SPEC-ONE-OF", "`expect` and `steps` exclude each other"),
    ("{name: a, steps: [], snapshot: true}", "GS-SPEC-EMPTY", "`steps` is empty"),
    ("{name: a, steps: [{given: {seed: true}}], snapshot: true}", "GS-SPEC-VALUE", "`seed` belongs to the test"),
    ("{name: a, expect: {tasks: {T: {}}}}", "GS-SPEC-ONE-OF", "rows need `exact`, `contains` or `rows`"),
    ("{name: a, expect: {tasks: {T: {exact: [], contains: []}}}}", "GS-SPEC-ONE-OF", "exclude each other"),
    ("{name: a, expect: {tasks: {T: {exact: [], rows: 1}}}}", "GS-SPEC-VALUE", "`exact` has 0 rows, `rows` says 1"),
    ("{name: a, expect: {tasks: {T: {rows: -1}}}}", "GS-SPEC-VALUE", "at least 0"),
    ("{name: a, expect: {tasks: {T: {rows: 1, tolerance: much}}}}", "GS-SPEC-TYPE", "a tolerance is a number"),
    ("{name: a, expect: {tasks: {T: {rows: 1, tolerance: -1}}}}", "GS-SPEC-VALUE", "at least 0"),
    ("{name: a, expect: {tasks: {T: {rows: 1, tolerance: {A: x}}}}}", "GS-SPEC-TYPE", "a tolerance is a number"),
    ("{name: a, expect: {tasks: {T: {contans: []}}}}", "GS-SPEC-KEY", "`contans` is not known here"),
    ("{name: a, expect: {tenent: {}}}", "GS-SPEC-KEY", "`tenent` is not known here"),
    ("{name: a, given: {files: {b/k: [x]}}, snapshot: true}", "GS-SPEC-TYPE", "the content of a file is a text"),
    ("{name: a, given: {fixtures: x}, snapshot: true}", "GS-SPEC-TYPE", "`fixtures` must be a list"),
    ("{name: a, steps: [{rule_date: 2026-02-30}], snapshot: true}", "GS-SPEC-VALUE", "not a date"),
]
BEYOND_A_SCHEMA = {bad[0] for bad in (BAD[0], *BAD[1:4], BAD[5], BAD[6], BAD[7], BAD[8], BAD[17])}


def written(folder: Path, text: str, name: str = "a.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("test", GOOD)
def test_what_tests_may_hold_is_read_and_fits_the_schema(tmp_path: Path, test: str) -> None:
    text = f"rule: r\nrule_date: 2026-01-31\nfixtures: {{f: {{records: {{o: []}}}}}}\ntests: [{test}]\n"
    assert len(load_tests(written(tmp_path, text)).tests) == 1
    CHECK.validate(parse_yaml(text, "a.yml").root)


@pytest.mark.parametrize(("test", "code", "said"), BAD)
def test_what_tests_may_not_hold_is_told_with_its_place(tmp_path: Path, test: str, code: str, said: str) -> None:
    text = f"rule: r\ntests: [{test}]\n"
    with pytest.raises(InputError) as caught:
        load_tests(written(tmp_path, text))
    (problem,) = caught.value.problems
    assert problem.code == code
    assert said in problem.message
    assert problem.place is not None
    assert problem.place.line == 2
    assert CHECK.is_valid(parse_yaml(text, "a.yml").root) == (test in BEYOND_A_SCHEMA)


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = "rule: r\nrule_date: 2026-13-01\nfixtures: {f: {recods: {}}}\ntests: [{name: a}, {name: b, expect: {}}]\n"
    with pytest.raises(InputError) as caught:
        load_tests(written(tmp_path, text))
    found = [(problem.code, problem.nearest) for problem in caught.value.problems]
    assert found == [
        ("GS-SPEC-VALUE", ""), ("GS-SPEC-KEY", "records"), ("GS-SPEC-ONE-OF", ""), ("GS-SPEC-EMPTY", "")
    ]  # fmt: skip


def test_a_list_of_rows_is_all_rows(tmp_path: Path) -> None:
    text = "rule: r\ntests: [{name: a, expect: {tasks: {T: [{A: 1}]}}}]\n"
    (test,) = load_tests(written(tmp_path, text)).tests
    assert test.expect is not None
    assert test.expect.tasks is not None
    assert test.expect.tasks["T"].exact == ({"A": 1},)
    assert test.expect.tasks["T"].contains is None


def test_shared_fixtures_are_read_and_fit_the_schema(tmp_path: Path) -> None:
    text = "fixtures:\n  f: {records: {o: [{A: 1}]}, files: {b/k: null}, seed: true}\n"
    found = load_fixtures(written(tmp_path, text, "a.fixtures.yml")).fixtures["f"]
    assert (found.records, found.files, found.seed) == ({"o": ({"A": 1},)}, {"b/k": None}, True)
    CHECK.validate(parse_yaml(text, "a.yml").root)
    assert not CHECK.is_valid({"fixtures": {"f": {"recrds": {}}}})
    assert not CHECK.is_valid({"fixtures": {}, "rule": "r"})


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
