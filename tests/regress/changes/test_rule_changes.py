"""What changed between two forms of a rule, in words."""

from __future__ import annotations

import pytest

from gsrules.regress.changes import rule_changes
from gsrules.regress.difference.model import StructureChange
from gsrules.run.workspace import kinds
from gsrules.spec import RuleSpec
from gsrules.spec.load import parse_rule

RULE = """\
rule: Usage drop
for: company
folder: Adoption
params: {drop: -30, note: low}
schedule:
  basic: {every: day, at: '06:00'}
tasks:
  Usage file:
    type: s3
    path: input/usage.csv
    file: {separator: comma}
    columns:
      Account ID: string
      Day: {type: date, format: MM/dd/yyyy}
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, Csm as CSM]
    where:
      - Status in ('Active')
      - ARR > 100
  Picked:
    type: fetch
    object: company
    show: [Gsid]
    where: {A: Status in ('Active'), B: ARR > 100, logic: A or B}
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Usage file, keep: common, on: ExternalId = Account ID}
    show: [Companies.*]
  Weeks:
    type: pivot
    from: Usage file
    group_by: [Account ID]
    columns:
      - {name: This Week, where: "[Day] in last 7 days", value: sum(Logins), default: 0}
  Scored:
    type: transform
    from: Both
    formulas:
      Tier: {expression: "case when ARR > 4000 then 'A' else 'B' end", type: string}
      Half: ARR / 2
actions:
  - action: load_to_object
    id: Write
    from: Scored
    object: usage__gc
    operation: upsert
    identifiers: [Company__gc]
    fields:
      Company__gc: Gsid
      Tier__gc: {column: Tier, default: B}
  - action: create_cta
    id: Open
    from: Scored
    when: ARR < :drop
    company: Gsid
    name: Low
    type: Risk
    reason: Usage Drop
    priority: High
    status: New
    due: {days: 5}
    time_frame: {days: 7}
"""

KINDS = kinds()


def parsed(text: str, file: str) -> RuleSpec:
    return parse_rule(text, file, "x", KINDS)


def changes(*edits: tuple[str, str]) -> tuple[StructureChange, ...]:
    text = RULE
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    return rule_changes(parsed(RULE, "old.yml"), parsed(text, "new.yml"))


ONE_CHANGE = [
    ("rule: Usage drop", "rule: Usage fall", "rule", "name changed from `Usage drop` to `Usage fall`"),
    ("drop: -30", "drop: -50", "rule", "parameter :drop changed from `-30` to `-50`"),
    (", note: low", "", "rule", "parameter :note removed: `low`"),
    ("note: low", "note: low, floor: 3", "rule", "parameter :floor added: `3`"),
    ("at: '06:00'", "at: '07:00'", "rule", "schedule: basic: at changed from `06:00` to `07:00`"),
    ("folder: Adoption\n", "", "rule", "folder changed from `Adoption` to `Uncategorized` (the default)"),
    (
        "folder: Adoption",
        "folder: Adoption\nactive: false",
        "rule",
        "active changed from `true` (the default) to `false`",
    ),
    ("separator: comma", "separator: tab", "task 'Usage file'", "file: separator changed from `comma` to `tab`"),
    ("input/usage.csv", "in/usage.csv", "task 'Usage file'", "path changed from `input/usage.csv` to `in/usage.csv`"),
    (
        "format: MM/dd/yyyy",
        "format: dd.MM.yyyy",
        "task 'Usage file'",
        "column 'Day': format changed from `MM/dd/yyyy` to `dd.MM.yyyy`",
    ),
    (
        "Account ID: string",
        "Account ID: number",
        "task 'Usage file'",
        "column 'Account ID' changed from `string` to `number`",
    ),
    ("Csm as CSM]", "Csm as CSM, ARR]", "task 'Companies'", "show item added: `ARR`"),
    ("Name, Csm as CSM", "Csm as CSM", "task 'Companies'", "show item removed: `Name`"),
    ("[Gsid, Name,", "[Name, Gsid,", "task 'Companies'", "order of show changed from `[Gsid, Name, Csm as CSM]` to"),
    (
        "      - ARR > 100",
        "      - ARR > 200",
        "task 'Companies'",
        "condition B changed from `ARR > 100` to `ARR > 200`",
    ),
    ("      - ARR > 100\n", "", "task 'Companies'", "condition B removed: `ARR > 100`"),
    (
        "      - ARR > 100",
        "      - ARR > 100\n      - Name is not null",
        "task 'Companies'",
        "condition C added: `Name is",
    ),
    ("B: ARR > 100", "B: ARR >= 100", "task 'Picked'", "condition B changed from `ARR > 100` to `ARR >= 100`"),
    (
        "B: ARR > 100",
        "B: {condition: ARR > 100, include_nulls: true}",
        "task 'Picked'",
        'condition B changed from `ARR > 100` to `{condition: "ARR > 100", include_nulls: true}`',
    ),
    ("logic: A or B", "logic: A and B", "task 'Picked'", "logic changed from `A or B` to `A and B`"),
    ("keep: common", "keep: left", "task 'Both'", "join with 'Usage file': keep changed from `common` to `left`"),
    ("ExternalId =", "Name =", "task 'Both'", "join with 'Usage file': on changed from `ExternalId = Account ID` to"),
    ("default: 0}", "default: 1}", "task 'Weeks'", "column 'This Week': default changed from `0` to `1`"),
    (
        "in last 7 days",
        "in last 14 days",
        "task 'Weeks'",
        "column 'This Week': condition changed from `[Day] in last 7 days` to `[Day] in last 14 days`",
    ),
    ("Half: ARR / 2", "Half: ARR / 3", "task 'Scored'", "formula 'Half' changed from `ARR / 2` to `ARR / 3`"),
    ("      Half: ARR / 2\n", "", "task 'Scored'", "formula 'Half' removed: `ARR / 2`"),
    (
        "'B' end\", type: string",
        "'B' end\", type: number",
        "task 'Scored'",
        "formula 'Tier': type changed from `string`",
    ),
    ("from: Both", "from: Companies", "task 'Scored'", "dataset changed from `Both` to `Companies`"),
    ("operation: upsert", "operation: update", "action 'Write'", "operation changed from `upsert` to `update`"),
    ("default: B}", "default: C}", "action 'Write'", "field 'Tier__gc': default changed from `B` to `C`"),
    ("Company__gc: Gsid", "Company__gc: Name", "action 'Write'", "field 'Company__gc' changed from `Gsid` to `Name`"),
    ("when: ARR < :drop", "when: ARR <= :drop", "action 'Open'", "condition changed from `ARR < :drop` to"),
    ("priority: High", "priority: Low", "action 'Open'", "priority changed from `High` to `Low`"),
    ("due: {days: 5}", "due: {days: 9}", "action 'Open'", "due: days changed from `5` to `9`"),
    ("time_frame: {days: 7}", "time_frame: false", "action 'Open'", "time frame changed from `{days: 7}` to `false`"),
    ("status: New", "status: New\n    playbook: Call", "action 'Open'", "playbook added: `Call`"),
]


@pytest.mark.parametrize(("old", "new", "subject", "words"), ONE_CHANGE, ids=[each[3][:50] for each in ONE_CHANGE])
def test_one_change_is_one_sentence(old: str, new: str, subject: str, words: str) -> None:
    [change] = changes((old, new))
    assert change.subject == subject
    assert change.text.startswith(words)


def test_every_change_has_its_places_in_both_files() -> None:
    [change] = changes(("priority: High", "description: x\n    priority: Low"), ("description: x\n    ", ""))
    assert str(change.place_before) == f"old.yml:{RULE[: RULE.index('High')].count(chr(10)) + 1}:15"
    assert str(change.place_after) == f"new.yml:{RULE[: RULE.index('High')].count(chr(10)) + 1}:15"


def test_a_renamed_task_is_told_once_and_its_readers_have_not_changed() -> None:
    [change] = changes(
        ("  Both:\n", "  Joined rows:\n"),
        ("from: Both", "from: Joined rows"),
    )
    assert (change.kind, change.subject, change.text) == ("renamed", "task 'Joined rows'", "renamed from 'Both'")


def test_names_of_renamed_tasks_inside_show_items_are_references() -> None:
    found = changes(("Usage file", "File of usage"))
    assert [each.kind for each in found] == ["renamed"]


def test_a_new_task_and_a_lost_one_are_told_with_what_they_are() -> None:
    picked = RULE[RULE.index("  Picked:") : RULE.index("  Both:")]
    other = "  Users:\n    type: fetch\n    object: gsuser\n    show: [Email]\n"
    found = {each.kind: each for each in changes((picked, other))}
    assert (found["added"].subject, found["added"].text) == ("task 'Users'", "added: fetch of gsuser")
    assert (found["removed"].subject, found["removed"].text) == ("task 'Picked'", "removed: fetch of company")


def test_another_order_of_actions_is_one_move() -> None:
    start, end = RULE.index("  - action: load"), RULE.index("  - action: create")
    load = RULE[start:end]
    [change] = rule_changes(parsed(RULE, "a.yml"), parsed(RULE.replace(load, "") + load, "b.yml"))
    assert (change.kind, change.subject) == ("moved", "action 'Write'")
    assert change.text == "moved from place 1 to place 2 of the actions"


def test_actions_without_a_title_are_matched_by_content() -> None:
    plain = RULE.replace("    id: Write\n", "").replace("    id: Open\n", "")
    first = plain.index("  - action: create")
    added = plain.replace("actions:\n", "actions:\n" + plain[first:].replace("Low", "Other").replace("Risk", "Event"))
    [change] = rule_changes(parsed(plain, "a.yml"), parsed(added, "b.yml"))
    assert (change.kind, change.subject) == ("added", "action '1 create_cta'")


def test_a_renamed_action_keeps_its_content() -> None:
    [change] = changes(("id: Open", "id: Open a CTA"))
    assert (change.kind, change.subject, change.text) == ("renamed", "action 'Open a CTA'", "renamed from 'Open'")


SAME_MEANING = [
    [
        (
            "type: fetch\n    object: company\n    show: [Gsid, Name",
            "object: company\n    type: fetch\n    show: [Gsid, Name",
        )
    ],
    [("Account ID: string", "Account ID: {type: string}")],
    [("Half: ARR / 2", "Half: {expression: ARR / 2}")],
    [("keep: common, on: ExternalId = Account ID", "on: ExternalId = Account ID, keep: common")],
    [("status: New", "status: New\n    check_open: true")],
    [("folder: Adoption", "# a comment\nfolder: 'Adoption'")],
    [("Company__gc: Gsid", "Company__gc: {column: Gsid}")],
]


@pytest.mark.parametrize("edits", SAME_MEANING, ids=lambda edits: edits[0][1][:30])
def test_what_means_the_same_is_no_change(edits: list[tuple[str, str]]) -> None:
    assert changes(*edits) == ()


def test_a_task_of_another_type_says_so() -> None:
    picked = RULE[RULE.index("  Picked:") : RULE.index("  Both:")]
    other = "  Picked:\n    type: transform\n    from: Companies\n    show: [Gsid]\n"
    texts = [each.text for each in changes((picked, other))]
    assert "type changed from `fetch` to `transform`" in texts
    assert "dataset added: `Companies`" in texts
