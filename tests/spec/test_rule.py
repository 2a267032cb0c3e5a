from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gsrules.errors import InputError
from gsrules.spec import load_rule
from gsrules.spec.text import Text
from tests.spec.helpers import FETCH, KINDS, codes, only, problems, rule, with_action, with_task

FULL = """\
# yaml-language-server: $schema=../.gsrules/rule.schema.json
rule: Usage drop opens a risk CTA
for: relationship
relationship_types: [Product]
folder: Adoption
description: |
  What it is for.
active: false
params: {drop: -30, min_arr: 25000.5, since: 2026-01-31, strict: true}
schedule: {basic: {every: day, at: '06:00'}}
tasks:
  Companies:
    type: fetch
    object: company
    where: ARR > :min_arr
actions:
  - action: create_cta
    id: Open a risk CTA
    from: Companies
    when: {A: ARR > 5, logic: A}
    company: Gsid
    name: "Usage fell at ${Name}"
  - {action: create_cta, from: Companies, company: Gsid, name: Another}
profile: {filter.between: exclude_upper, plan.on_existing: [template]}
"""


def test_a_full_rule_is_read(tmp_path: Path) -> None:
    path = tmp_path / "usage_drop.yml"
    path.write_text(FULL, encoding="utf-8")
    found = load_rule(path, "adoption/usage_drop", KINDS)
    assert (found.id, found.path, found.name) == ("adoption/usage_drop", path, "Usage drop opens a risk CTA")
    assert (found.for_, found.relationship_types, found.folder) == ("relationship", ("Product",), "Adoption")
    assert (found.description, found.active) == ("What it is for.\n", False)
    assert found.params == {"drop": -30, "min_arr": 25000.5, "since": "2026-01-31", "strict": True}
    assert found.profile == {"filter.between": "exclude_upper", "plan.on_existing": ["template"]}
    assert list(found.tasks) == ["Companies"]
    assert [action.id for action in found.actions] == ["Open a risk CTA", "2 create_cta"]


def test_what_is_absent_has_its_default() -> None:
    found = rule(FETCH)
    assert (found.for_, found.folder, found.active) == ("company", "Uncategorized", True)
    assert (found.params, found.actions, found.schedule, found.profile) == ({}, (), None, {})


def test_texts_and_keys_keep_their_places() -> None:
    found = rule(FULL)
    name = next(iter(found.tasks))
    assert isinstance(name, Text)
    assert (str(name.place), str(found.name.place)) == ("rules/a.yml:12:3", "rules/a.yml:2:7")
    template = found.actions[0].name  # type: ignore[attr-defined]
    place = template.at(template.index("${Name}"))
    assert place.text[place.column - 1 :] == '${Name}"'
    assert str(found.actions[1].place_of("company")) == "rules/a.yml:23:52"


def test_a_rule_cannot_be_changed() -> None:
    found = rule(FETCH)
    with pytest.raises(ValidationError):
        found.folder = Text("x")


@pytest.mark.parametrize("name", ["Bad-name", "a.b", "x" * 241, "''", "' a'", "a/b"])
def test_a_task_name_that_gainsight_refuses_is_refused(name: str) -> None:
    assert only(FETCH.replace("Companies", name)).code == "GS-SPEC-NAME"


@pytest.mark.parametrize("name", ["a", "x" * 80, "x" * 240, "Über 9_a", "1", "t1"])
def test_task_names_of_letters_digits_underscore_space_are_fine(name: str) -> None:
    assert list(rule(FETCH.replace("Companies", name)).tasks) == [name]


def test_task_names_differ_in_more_than_letter_case() -> None:
    problem = only(FETCH + "  companies: {type: fetch, object: company}\n")
    assert problem.code == "GS-SPEC-DUPLICATE"
    assert problem.place is not None
    assert problem.place.line == 5


def test_a_rule_has_a_task() -> None:
    assert only("rule: abc\ntasks: {}").message == "`tasks` is empty"
    assert only("rule: abc\ntasks:").message == "`tasks` has no value"
    assert only("rule: abc").message == "`tasks` is missing"


def test_action_ids_are_unique_also_with_the_default_ones() -> None:
    load = "action: create_cta, from: Companies, company: a, name: b"
    assert only(with_action(f"{{id: x, {load}}}") + f"  - {{id: X, {load}}}\n").code == "GS-SPEC-DUPLICATE"
    assert only(with_action(f"{{id: 2 create_cta, {load}}}") + f"  - {{{load}}}\n").code == "GS-SPEC-DUPLICATE"


@pytest.mark.parametrize("name", ["1drop", "a-b", "a b", "''"])
def test_parameters_have_words_for_names(name: str) -> None:
    assert only(FETCH + f"params: {{{name}: 1}}").code == "GS-SPEC-NAME"


def test_relationship_types_and_for_go_together() -> None:
    assert only(FETCH + "for: relationship").code == "GS-SPEC-MISSING"
    assert only(FETCH + "relationship_types: [Product]").code == "GS-SPEC-ONE-OF"


def test_an_unknown_task_type_names_the_nearest_and_all() -> None:
    problem = only(with_task("{type: fetchh, object: company}"))
    assert (problem.code, problem.nearest) == ("GS-SPEC-KIND", "fetch")
    assert problem.hint == "one of fetch, s3, merge, transform, pivot, union"


def test_an_action_of_gainsight_that_is_not_run_yet_says_so() -> None:
    assert only(with_action("{action: load_to_people, from: Companies}")).code == "GS-NOT-YET"
    assert only(with_action("{action: create_ct, from: Companies}")).nearest == "create_cta"


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("{object: company}", "`type` is missing"),
        ("{type: 3}", "`type` is not a text"),
        ("text", "a task is a mapping"),
        ("[a]", "a task is a mapping"),
    ],
)
def test_a_task_that_is_none_says_what_it_should_be(task: str, said: str) -> None:
    assert said in only(with_task(task)).message


def test_python_names_of_keys_are_not_keys() -> None:
    problem = only(FETCH + "name: Other")
    assert (problem.code, problem.nearest) == ("GS-SPEC-KEY", "rule")


def test_all_problems_of_a_rule_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """
    rule: 1
    foldr: Adoption
    active: yes
    tasks:
      Companies:
        type: fetch
        object:
        show: [Name, 3]
        wher: x
      companies: {type: fetchh}
    actions:
      - {action: load_to_object, from: Companies, object: x, operation: insrt, fields: {a: {value: 012}}}
    """
    assert codes(text) == [
        "GS-SPEC-TYPE",
        "GS-SPEC-KEY",
        "GS-SPEC-TYPE",
        "GS-SPEC-EMPTY",
        "GS-SPEC-TYPE",
        "GS-SPEC-KEY",
        "GS-SPEC-DUPLICATE",
        "GS-SPEC-KIND",
        "GS-SPEC-VALUE",
        "GS-YAML-NUMBER",
    ]
    assert all(problem.place is not None and problem.place.text for problem in problems(text))


def test_several_missing_keys_are_several_problems() -> None:
    assert [p.message for p in problems(with_action("{action: create_cta}"))] == [
        "`from` is missing",
        "`company` is missing",
        "`name` is missing",
    ]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_says_what_it_needs(text: str) -> None:
    problem = only(text)
    assert problem.code == "GS-YAML-EMPTY"
    assert problem.hint == "it needs `rule`, `tasks`"


def test_a_missing_rule_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_rule(tmp_path / "none.yml", "none", KINDS)


def test_a_file_starts_only_a_rule_that_reads_it() -> None:
    text = FETCH + "  Usage file: {type: s3, path: a.csv}\nschedule: {s3_upload: %s}\n"
    assert codes(text % "usage FILE") == []
    problem = only(text % "Usage fil")
    assert (problem.code, problem.nearest) == ("GS-NAME", "Usage file")
    assert only(text % "Companies").hint == "S3 tasks: Usage file"


def test_descriptions_of_actions_have_gainsights_length() -> None:
    action = "{action: create_cta, from: A, company: b, name: c, description: %s}"
    assert codes(with_action(action % ("x" * 500))) == []
    assert codes(with_action(action % ("x" * 501))) == ["GS-SPEC-LENGTH"]
