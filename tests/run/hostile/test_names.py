"""Names and labels that look like SQL, patterns or markup are names, whatever they hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gsrules.run.check import validate_project
from tests.run.hostile.support import BUCKET, OBJECT, cells, found, load, notes, opened, previewed, quoted, ran, seeds


def bracketed(name: str) -> str:
    """A column's name as expressions write it."""
    return "[" + name.replace("]", "]]") + "]"


NAMES = [
    "it's", 'say "hi"', "a;b", "'; DROP TABLE company; --",
    "[x]", "a[0]", "]", "[", "a\\b", "\\", "tab\there", "one\ntwo",
    "🚀", "שלום", "\u202egnp", "${x}", "100%", "a_b", "null", "select", "Value as Other", "sum(Value)", "File.Value",
    "*", "count(*)", "a.b", "a, b", "1", "#", ":p", "~", "true", "é", "e\u0301", "x" * 1000, "Key__gc", "( )", "-- x",
]  # fmt: skip


def test_headers_and_names_of_columns_are_names_whatever_they_hold(tmp_path: Path) -> None:
    """Each name is a header of the file; the first formula and the load take it in brackets."""
    files = notes()
    names = ["Key", *NAMES]
    files[f"{BUCKET}/input/n.csv"] = cells([names, [str(n) for n in range(len(names))]])
    columns = dict.fromkeys(names, "string")
    files["rules/r.yml"]["tasks"] = {
        "File": {"type": "s3", "path": "input/n.csv", "columns": columns},
        "Again": {"type": "transform", "from": "File", "show": [bracketed(name) for name in names]},
        "All": {
            "type": "transform",
            "from": "Again",
            "show": ["Key"],
            "formulas": {"Sum": " + ".join(bracketed(name) for name in names)},
        },
    }
    files["rules/r.yml"]["actions"] = [load("All", Key__gc="Key", Other__gc="Sum")]
    workspace = opened(tmp_path, files)
    assert previewed(workspace, "Again") == (names, [tuple(str(n) for n in range(len(names)))])
    ran(workspace)
    assert found(workspace, "SELECT Other__gc FROM note__gc") == [("".join(str(n) for n in range(len(names))),)]


@pytest.mark.parametrize(
    ("name", "code"), [("__row", "GS-NAME"), ("KEY", "GS-AMBIGUOUS"), ("", "GS-SPEC-EMPTY"), (" ", "GS-SPEC-EMPTY")]
)
def test_a_name_that_cannot_be_kept_apart_is_refused(tmp_path: Path, name: str, code: str) -> None:
    files = notes()
    files["rules/r.yml"]["tasks"]["File"]["columns"]["Value"] = {"type": "string", "as": name}
    problems = validate_project(opened(tmp_path, files), []).errors
    assert code in [problem.code for problem in problems]


def test_names_given_with_as_are_names_whatever_they_hold(tmp_path: Path) -> None:
    """A file's column is renamed with `as:`, a shown one with ` as `."""
    files = notes()
    renamed = {f"H{n}": {"type": "string", "as": name} for n, name in enumerate(NAMES)}
    files[f"{BUCKET}/input/n.csv"] = cells([list(renamed), [str(n) for n in range(len(renamed))]])
    shown = [name for name in NAMES if not name.startswith("[") and " as " not in name]
    files["rules/r.yml"] = {
        "rule": "Rename",
        "tasks": {
            "File": {"type": "s3", "path": "input/n.csv", "columns": renamed},
            "Plain": {"type": "transform", "from": "File", "show": [
                f"{bracketed(name)} as N{n}" for n, name in enumerate(NAMES)
            ]},
            "Back": {"type": "transform", "from": "Plain", "show": [
                f"N{NAMES.index(name)} as {name}" for name in shown
            ]},
        },
        "actions": [],
    }  # fmt: skip
    workspace = opened(tmp_path, files)
    assert previewed(workspace, "File") == (NAMES, [tuple(str(n) for n in range(len(NAMES)))])
    assert previewed(workspace, "Back") == (shown, [tuple(str(NAMES.index(name)) for name in shown)])


LABELS = [
    "it's", 'say "hi"', "a;b", "'; DROP TABLE company; --",
    "[x]", "a\\b", "🚀", "שלום", "${x}", "100%", "NULL", "null ",
    "None", "<b>&</b>", "a, b", "true", "1", "x" * 200,
]  # fmt: skip
OPTIONS = [label.strip() for label in LABELS]


def test_options_of_picklists_are_found_by_their_labels_and_shown_again(tmp_path: Path) -> None:
    files = notes(OPTIONS)
    files["datasets/objects/note__gc.yml"] = OBJECT | {
        "label": "'; DROP TABLE company; --",
        "fields": OBJECT["fields"] | {"Pick__gc": {"type": "picklist", "options": OPTIONS, "label": 'a "label" [x];'}},
    }
    files["rules/r.yml"]["actions"] = [load(Key__gc="Key", Pick__gc="Value", Value__gc="Value")]
    files["rules/by_label.yml"] = {
        "rule": "By label",
        "tasks": {
            "Notes": {"type": "fetch", "object": "note__gc", "show": ["Key__gc as Key", "Value__gc as Value"],
                      "where": f"Pick__gc in ({', '.join(map(quoted, OPTIONS))})"},
        },
        "actions": [],
    }  # fmt: skip
    workspace = opened(tmp_path, files)
    (action,) = ran(workspace).actions
    assert (action.counts.created, action.errors) == (len(OPTIONS), ())
    rows = found(workspace, "SELECT Pick__gc FROM note__gc_labels ORDER BY Key__gc::INT")
    assert [label for (label,) in rows] == OPTIONS
    assert len(previewed(workspace, "Notes", "by_label")[1]) == len(OPTIONS)


HOSTILE_NAMES = [
    'it\'s <b>bold</b> & "quoted"',
    "'; DROP TABLE company; --",
    "${Name}",
    "שלום\u202e🚀",
    "a\\b\tc",
    "null",
]


def ctas(names: Sequence[str], comment: str = "About ${Name}: <i>${Name}</i>") -> dict[str, Any]:
    """Companies of these names as seeds, and a rule that opens a CTA for each."""
    return {
        "datasets/picklists.yml": {"cta_reasons": {"Risk": ['Reason\'s <b>"[x]"</b>; --']}},
        "datasets/records/company.csv": seeds(
            [["Name", "ExternalId"], *([name, str(n)] for n, name in enumerate(names))]
        ),
        "datasets/records/gsuser.csv": seeds([["Name", "Email"], ["Owner", "owner@example.com"]]),
        "rules/r.yml": {
            "rule": "Open CTAs",
            "tasks": {"Companies": {"type": "fetch", "object": "company", "show": ["Gsid", "Name", "ExternalId"]}},
            "actions": [
                {
                    "action": "create_cta",
                    "from": "Companies",
                    "company": "Gsid",
                    "name": "'${Name}'; --",
                    "type": "Risk",
                    "reason": 'Reason\'s <b>"[x]"</b>; --',
                    "priority": "High",
                    "status": "New",
                    "owner": {"default": "owner@example.com"},
                    "comments": {"text": comment},
                }
            ],
        },
    }


def escaped(text: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(sign, entity)
    return text


def test_names_of_ctas_hold_values_as_they_are_and_comments_hold_them_escaped_for_html(tmp_path: Path) -> None:
    workspace = opened(tmp_path, ctas(HOSTILE_NAMES))
    (action,) = ran(workspace).actions
    assert action.counts.created == len(HOSTILE_NAMES)
    rows = found(
        workspace,
        "SELECT c.Name, a.Name, a.Comments FROM call_to_action a JOIN company c ON c.Gsid = a.CompanyId "
        "ORDER BY c.ExternalId::INT",
    )
    assert rows == [(name, f"'{name}'; --", f"About {escaped(name)}: <i>{escaped(name)}</i>") for name in HOSTILE_NAMES]
    (again,) = ran(workspace).actions
    assert again.counts.created == 0


def test_a_text_longer_than_its_field_fails_its_row_and_no_other(tmp_path: Path) -> None:
    files = notes(["🚀" * 500, "x" * 501, "x" * 20_001])
    files["rules/r.yml"]["actions"] = [load(Key__gc="Value", Value__gc="Value")]
    workspace = opened(tmp_path, files)
    report = ran(workspace)
    assert report.status == "PARTIAL_SUCCESS"
    (action,) = report.actions
    assert [(group.code, group.rows) for group in action.errors] == [("STRING_TOO_LONG", 2)]
    assert found(workspace, "SELECT Key__gc FROM note__gc") == [("🚀" * 500,)]


def test_a_long_name_of_a_cta_warns_and_a_longer_one_fails(tmp_path: Path) -> None:
    files = ctas(["a" * 80, "b" * 81, "c" * 250, "d" * 251])
    files["rules/r.yml"]["actions"][0]["name"] = "${Name}"
    files["datasets/objects/company.yml"] = {"object": "company", "fields": {"Name": {"type": "string", "length": 300}}}
    workspace = opened(tmp_path, files)
    (action,) = ran(workspace).actions
    assert [(group.code, group.rows) for group in action.errors] == [("STRING_TOO_LONG", 1)]
    assert {group.code: group.rows for group in action.warnings}["CTA_NAME_OVER_MAX"] >= 2
    names = found(workspace, "SELECT Name FROM call_to_action ORDER BY Name")
    assert names == [("a" * 80,), ("b" * 81,), ("c" * 250,)]
