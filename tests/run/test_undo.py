"""A run taken back: the tenant is what it was, and nothing that later runs did is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from gsrules.errors import InputError
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.undo.report import Refusal, UndoReport
from gsrules.run.undo.undo import UndoOptions, undo_run
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.changes import Write
from tests.conftest import write_files
from tests.tenant.support import stage

FILES = {
    "gsrules.toml": "[runs]\nundo = 6\n",
    "datasets/objects/usage__gc.yml": """
        object: usage__gc
        fields:
          Company__gc: {type: lookup, to: company}
          Key__gc: {type: string, length: 50}
          Logins__gc: {type: number, decimals: 2}
          Note__gc: {type: string, length: 50}
          Tags__gc: {type: multi_picklist, options: [Red, Blue]}
        """,
    "datasets/picklists.yml": """
        cta_reasons: {Risk: [Usage Drop]}
        playbooks:
          Rescue:
            type: Risk
            tasks:
              - {name: Call, days: 1}
              - {name: Write, days: 2}
        """,
    "datasets/records/company.csv": """
        Name,ExternalId,Arr
        Alpha,A-1,1000
        Beta,B-1,2000
        Gamma,C-1,3000
        """,
    "datasets/records/gsuser.csv": """
        Name,Email
        Owner,owner@example.com
        """,
    "datasets/records/usage__gc.csv": """
        Key__gc,Logins__gc,Note__gc
        a,1,first
        b,2,second
        """,
    "rules/load.yml": """
        rule: Load
        tasks:
          File:
            type: s3
            path: input/usage.csv
            columns:
              Key: string
              Logins: {type: number, decimals: 2}
              Note: string
        actions:
          - action: load_to_object
            id: Write
            from: File
            object: usage__gc
            operation: upsert
            identifiers: [Key__gc]
            fields: {Key__gc: Key, Logins__gc: Logins, Note__gc: Note}
        """,
    "rules/notes.yml": """
        rule: Notes
        tasks:
          Usage: {type: fetch, object: usage__gc, show: [Gsid, Key__gc, Note__gc]}
        actions:
          - action: load_to_object
            id: Notes
            from: Usage
            object: usage__gc
            operation: update
            identifiers: [Key__gc]
            fields: {Key__gc: Key__gc, Note__gc: {value: noted}}
        """,
    "rules/ctas.yml": """
        rule: CTAs
        tasks:
          Companies: {type: fetch, object: company, show: [Gsid, Name]}
        actions:
          - action: create_cta
            id: Open
            from: Companies
            company: Gsid
            name: Usage fell at ${Name}
            type: Risk
            reason: Usage Drop
            priority: High
            status: New
            playbook: Rescue
            owner: {default: owner@example.com}
            comments: {text: "${Name}", repeat: once}
        """,
    "rules/close.yml": """
        rule: Close
        tasks:
          Companies: {type: fetch, object: company, show: [Gsid, Name], where: Name = 'Alpha'}
        actions:
          - action: close_cta
            id: Close
            from: Companies
            company: Gsid
            type: Risk
            reason: Usage Drop
            sources: [Rules]
            status: Closed Success
            comments: {text: done}
        """,
}
USAGE = "datasets/s3/gainsight-managed/input/usage.csv"


class Site:
    """A project with an open tenant in memory."""

    def __init__(self, root: Path, tenant: Tenant, workspace: Workspace) -> None:
        self.root, self.tenant, self.workspace = root, tenant, workspace

    def run(self, rule: str, usage: str = "") -> str:
        if usage:
            (self.root / USAGE).write_text("Key,Logins,Note\n" + usage, encoding="utf-8")
        report = run_rule(self.workspace, rule, RunOptions(), self.tenant).report
        assert report.status == "SUCCESS", report.as_json()
        return report.run_id

    def undo(self, run: str = "last", **options: bool) -> UndoReport:
        return undo_run(self.workspace, self.tenant, run, UndoOptions(**options))

    def dump(self) -> Mapping[str, list[tuple[Any, ...]]]:
        """Every table that a run may write, with insertion numbers, but for the history and the journal."""
        names = [*self.workspace.catalogue.objects, "gs_picklist_item", "gs_cta_comment_log", "outbox"]
        catalogue = self.workspace.catalogue.objects
        found: dict[str, list[tuple[Any, ...]]] = {}
        for name in names:
            table = self.tenant.table(name) if name in catalogue else self.tenant.internal(name)
            rows = self.tenant.con.execute(f"SELECT * FROM {table.sql('duckdb')}").fetchall()
            found[name] = sorted(rows, key=repr)
        return found

    def value(self, key: str, field: str) -> Any:
        table = self.tenant.table("usage__gc").sql("duckdb")
        row = self.tenant.con.execute(f"SELECT {field} FROM {table} WHERE Key__gc = ?", [key]).fetchone()
        return row and row[0]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Workspace]:
    root = write_files(tmp_path_factory.mktemp("undo") / "project", FILES)
    (root / USAGE).parent.mkdir(parents=True)
    return root, Workspace.open(root, root)


@pytest.fixture
def site(project: tuple[Path, Workspace]) -> Iterator[Site]:
    root, workspace = project
    with Tenant.open(None, workspace.catalogue, workspace.project, "live") as tenant:
        tenant.seed()
        yield Site(root, tenant, workspace)


def outcome(report: UndoReport) -> dict[str, dict[str, int]]:
    return {
        each.object: {name: count for name, count in each.as_json().items() if isinstance(count, int) and count}
        for each in report.objects
    }


def test_the_last_run_is_taken_back_byte_for_byte_one_run_after_the_other(site: Site) -> None:
    states = [site.dump()]
    runs = []
    steps = [
        ("load", "a,1,first\nb,5,changed\nc,7,new\n"),
        ("ctas", ""),
        ("notes", ""),
        ("load", "d,1,\n"),
        ("close", ""),
    ]
    for rule, usage in steps:
        runs.append(site.run(rule, usage))
        states.append(site.dump())
        assert states[-1] != states[-2]
    for run in reversed(runs):
        states.pop()
        report = site.undo(run)
        assert report.status == "SUCCESS", report.as_json()
        assert site.dump() == states[-1]
    assert [each.mode for each in site.tenant.runs.latest()].count("undo") == 5


def test_an_undo_counts_what_it_did_by_object(site: Site) -> None:
    site.run("load", "a,9,first\nc,7,new\n")
    assert outcome(site.undo()) == {"usage__gc": {"restored": 1, "removed": 1}}
    site.run("ctas")
    site.run("close")
    assert outcome(site.undo(dry_run=True)) == {"call_to_action": {"reopened": 1}}
    assert outcome(site.undo()) == {"call_to_action": {"reopened": 1}}
    assert outcome(site.undo()) == {"call_to_action": {"removed": 3}, "cs_task": {"removed": 6}}


def test_a_dry_run_of_an_undo_changes_nothing_and_may_be_followed_by_it(site: Site) -> None:
    site.run("load", "a,9,first\n")
    before = site.dump(), site.tenant.runs.latest()
    report = site.undo(dry_run=True, rows=True)
    assert (report.status, report.mode) == ("SUCCESS", "dry_run")
    assert (site.dump(), site.tenant.runs.latest()) == before
    rows = site.tenant.con.execute('SELECT does, field, now, "then" FROM gs_undo_said').fetchall()
    assert rows == [("restored", "Logins__gc", "9", "1")]
    assert site.undo().status == "SUCCESS"
    assert site.value("a", "Logins__gc") == 1


def test_a_field_that_a_later_run_changed_is_refused_with_both_values(site: Site) -> None:
    first = site.run("load", "a,9,first\nb,9,second\n")
    later = site.run("load", "a,11.5,first\n")
    before = site.dump()
    report = site.undo(first)
    assert (report.status, outcome(report)) == ("FAILURE", {"usage__gc": {"restored": 1, "refused": 1}})
    assert site.dump() == before
    (refusal,) = report.examples
    assert (refusal.code, refusal.run, refusal.field) == ("CHANGED_SINCE", later, "Logins__gc")
    assert (refusal.was, refusal.now) == ("9", "11.5")
    assert (
        refusal.sentence == f"Logins__gc was set to 9 by this run; the later run {later} has changed it, it is 11.5 now"
    )


def test_partial_takes_back_what_can_be_and_only_once(site: Site) -> None:
    first = site.run("load", "a,9,first\nb,9,second\nc,7,new\n")
    site.run("load", "a,11.5,first\n")
    report = site.undo(first, partial=True)
    assert (report.status, outcome(report)) == (
        "PARTIAL_SUCCESS",
        {"usage__gc": {"restored": 1, "removed": 1, "refused": 1}},
    )
    assert [site.value(key, "Logins__gc") for key in "abc"] == [11.5, 2, None]
    with pytest.raises(InputError) as refused:
        site.undo(first)
    assert refused.value.problems[0].code == "GS-UNDO-DONE"


def test_partial_changes_nothing_where_nothing_can_be_taken_back_and_may_be_asked_again(site: Site) -> None:
    first = site.run("load", "a,9,first\n")
    site.run("load", "a,11.5,first\n")
    before = site.dump(), site.tenant.runs.latest()
    assert site.undo(first, partial=True).status == "FAILURE"
    assert (site.dump(), site.tenant.runs.latest()) == before
    assert (site.undo().status, site.undo(first).status) == ("SUCCESS", "SUCCESS")


def test_a_refusal_tells_labels_and_names_for_gsids(site: Site) -> None:
    site.run("ctas")
    opening = site.tenant.runs.latest()[0].run_id
    site.run("close")
    report = site.undo(opening)
    changed = next(each for each in report.examples if each.code == "RECORD_CHANGED")
    together = next(each for each in report.examples if each.code == "STAYS_TOGETHER")
    assert (changed.field, changed.was, changed.now) == ("StatusId", "New", "Closed Success")
    assert f"call_to_action {changed.name}, which this run had created and stays" in together.sentence


def test_long_values_are_left_out_of_the_sentence_of_a_refusal() -> None:
    refusal = Refusal("x", "1X", "", "CHANGED_SINCE", "r2", "Comments", "a" * 61, "b", "", "")
    assert refusal.sentence == "Comments was set by this run; the later run r2 has changed it"
    assert replace(refusal, was="").sentence.startswith("Comments was set to null by this run; ")


def test_what_remains_of_a_partial_undo_still_stands_in_the_way_of_older_runs(site: Site) -> None:
    oldest = site.run("load", "a,5,first\nb,5,second\n")
    middle = site.run("load", "a,9,first\nb,9,second\n")
    site.run("load", "a,11,first\n")
    site.undo(middle, partial=True)
    report = site.undo(oldest, partial=True)
    assert outcome(report) == {"usage__gc": {"restored": 1, "refused": 1}}
    assert [site.value(key, "Logins__gc") for key in "ab"] == [11, 2]


def test_runs_that_changed_other_fields_of_a_record_do_not_stand_in_the_way(site: Site) -> None:
    start = site.dump()
    first = site.run("load", "a,9,first\nb,9,second\n")
    later = site.run("notes")
    assert site.undo(first).status == "SUCCESS"
    assert (site.value("a", "Logins__gc"), site.value("a", "Note__gc")) == (1, "noted")
    assert site.value("a", "GsExecutionId") == later
    assert site.undo(later).status == "SUCCESS"
    assert site.dump() == start


def test_a_created_record_that_a_later_run_changed_is_refused(site: Site) -> None:
    first = site.run("load", "c,7,new\n")
    later = site.run("notes")
    (refusal,) = site.undo(first).examples
    assert (refusal.code, refusal.run, refusal.field, refusal.was, refusal.now) == (
        "RECORD_CHANGED", later, "Note__gc", "new", "noted",
    )  # fmt: skip


def test_a_created_record_to_which_others_refer_is_refused_and_what_was_made_with_it_stays(site: Site) -> None:
    site.run("ctas")
    created = site.tenant.con.execute(
        f"SELECT Gsid FROM {site.tenant.table('call_to_action').sql('duckdb')} ORDER BY gs_sequence"
    ).fetchall()
    run = site.run("close")  # closes Alpha's CTA: the first
    opening = next(r.run_id for r in site.tenant.runs.latest() if r.rule == "ctas")
    report = site.undo(opening, partial=True, rows=True)
    assert outcome(report) == {"call_to_action": {"removed": 2, "refused": 1}, "cs_task": {"removed": 4, "refused": 2}}
    assert report.refusals == {"RECORD_CHANGED": 1, "STAYS_TOGETHER": 2}
    changed = next(each for each in report.examples if each.code == "RECORD_CHANGED")
    assert (changed.gsid, changed.run, changed.name) == (created[0][0], run, "Usage fell at Alpha")
    tasks = site.tenant.con.execute(
        f"SELECT DISTINCT CtaId FROM {site.tenant.table('cs_task').sql('duckdb')}"
    ).fetchall()
    assert tasks == [(created[0][0],)]


def test_a_record_stays_while_a_record_of_another_run_refers_to_it(site: Site) -> None:
    run = site.run("load", "c,7,new\n")
    company = site.tenant.table("company").sql("duckdb")
    site.tenant.begin()
    site.tenant.keep_journal("made", "made")
    first = site.tenant.allocate("company", 1)
    gsid = site.tenant.con.execute(
        f"SELECT {site.tenant.gsid('company', exp.Literal.number(first)).sql('duckdb')}"
    ).fetchone()
    assert gsid is not None
    site.tenant.apply(
        Write(
            "company",
            "insert",
            stage(site.tenant, "c", {"Gsid": ("VARCHAR", [gsid[0]]), "Name": ("VARCHAR", ["New"])}),
            ("Name",),
        )
    )
    site.tenant.commit()
    usage = site.tenant.con.execute(
        f"SELECT Gsid FROM {site.tenant.table('usage__gc').sql('duckdb')} WHERE Key__gc = 'c'"
    ).fetchone()
    assert usage is not None
    site.tenant.begin()
    site.tenant.keep_journal("refers", "refers")
    staged = stage(site.tenant, "u", {"Gsid": ("VARCHAR", [usage[0]]), "Company__gc": ("VARCHAR", [gsid[0]])})
    site.tenant.apply(Write("usage__gc", "update", staged, ("Company__gc",)))
    site.tenant.commit()
    history = site.tenant.runs.latest()[0]
    site.tenant.runs.add(replace(history, run_id="made"))
    (refusal,) = site.undo("made").examples
    assert (refusal.code, refusal.run, refusal.other, refusal.other_gsid) == (
        "RECORD_REFERRED",
        "refers",
        "usage__gc",
        usage[0],
    )
    assert site.tenant.con.execute(f"SELECT count(*) FROM {company} WHERE Name = 'New'").fetchone() == (1,)
    assert run


def test_deleted_records_are_put_back_with_their_numbers(site: Site) -> None:
    before = site.dump()
    site.run("load", "a,1,first\n")
    site.tenant.begin()
    site.tenant.keep_journal("deletes", "deletes")
    gsid = site.value("a", "Gsid")
    site.tenant.apply(Write("usage__gc", "delete", stage(site.tenant, "gone", {"Gsid": ("VARCHAR", [gsid])}), ()))
    site.tenant.runs.add(replace(site.tenant.runs.latest()[0], run_id="deletes"))
    site.tenant.commit()
    assert site.value("a", "Gsid") is None
    assert outcome(site.undo("deletes")) == {"usage__gc": {"put_back": 1}}
    assert site.dump() == before


def test_two_actions_of_one_run_are_taken_back_in_reverse(site: Site) -> None:
    start = site.dump()
    first = stage(site.tenant, "one", {"Gsid": ("VARCHAR", [site.value("a", "Gsid")]), "Logins__gc": ("DOUBLE", [5.0])})
    second = stage(
        site.tenant, "two", {"Gsid": ("VARCHAR", [site.value("a", "Gsid")]), "Logins__gc": ("DOUBLE", [6.0])}
    )
    run = site.run("load", "b,2,second\n")
    site.tenant.begin()
    site.tenant.keep_journal("twice", "twice")
    site.tenant.apply(Write("usage__gc", "update", first, ("Logins__gc",)))
    site.tenant.apply(Write("usage__gc", "update", second, ("Logins__gc",)))
    site.tenant.runs.add(replace(site.tenant.runs.latest()[0], run_id="twice"))
    site.tenant.commit()
    report = site.undo("twice", rows=True)
    assert outcome(report) == {"usage__gc": {"restored": 1}}
    rows = site.tenant.con.execute('SELECT field, now, "then" FROM gs_undo_said').fetchall()
    assert rows == [("Logins__gc", "6", "1")]
    assert site.dump() == start
    assert run


def test_a_run_that_cannot_be_undone_is_named_with_the_reason(site: Site) -> None:
    runs = [site.run("load", f"a,{n},first\n") for n in range(7)]
    undone = site.undo().undo_id
    reasons = {"20261123-nobody": "GS-RUN", "": "GS-RUN", undone: "GS-UNDO-UNDO", runs[0]: "GS-UNDO-GONE"}
    for asked, code in {**reasons, runs[-1]: "GS-UNDO-DONE"}.items():
        with pytest.raises(InputError) as refused:
            site.undo(asked)
        assert refused.value.problems[0].code == code


def test_an_unknown_run_names_the_nearest(site: Site) -> None:
    run = site.run("load", "a,9,first\n")
    with pytest.raises(InputError) as refused:
        site.undo(run[:-1] + ("0" if run[-1] != "0" else "1"))
    assert refused.value.problems[0].nearest == run


def test_last_is_the_newest_run_that_is_not_undone(site: Site) -> None:
    runs = [site.run("load", f"a,{n},first\n") for n in (7, 8)]
    assert [site.undo().undone, site.undo().undone] == runs[::-1]
    with pytest.raises(InputError) as refused:
        site.undo()
    assert refused.value.problems[0].code == "GS-UNDO-NONE"


def test_the_history_keeps_the_undo_with_its_report(site: Site) -> None:
    run = site.run("load", "a,9,first\n")
    report = site.undo()
    line = site.tenant.runs.latest()[0]
    assert (line.run_id, line.rule, line.mode, line.status) == (report.undo_id, "load", "undo", "SUCCESS")
    assert json.loads(line.report) == report.as_json()
    assert json.loads(line.report)["undone"] == run


def test_the_journals_of_older_runs_are_dropped(site: Site) -> None:
    for n in range(9):
        site.run("load", f"a,{n + 3},first\n")
    tables = site.tenant.con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database()"
        " AND starts_with(table_name, 'gs_journal_') AND table_name <> 'gs_journal_run'"
    ).fetchone()
    assert tables == (6,)
    assert len(site.tenant.journal().runs()) == 6


def test_a_run_on_an_object_that_is_no_longer_defined_cannot_be_undone(tmp_path: Path) -> None:
    root = write_files(tmp_path / "project", FILES)
    (root / USAGE).parent.mkdir(parents=True)
    workspace = Workspace.open(root, root)
    with workspace.tenant("live") as tenant:
        Site(root, tenant, workspace).run("load", "a,9,first\n")
    (root / "datasets/objects/usage__gc.yml").unlink()
    (root / "datasets/records/usage__gc.csv").unlink()
    later = Workspace.open(root, root)
    with later.tenant("live") as tenant, pytest.raises(InputError) as refused:
        Site(root, tenant, later).undo()
    assert (refused.value.problems[0].code, "usage__gc" in refused.value.problems[0].message) == ("GS-UNDO-GONE", True)


def test_after_a_reset_no_run_can_be_undone(tmp_path: Path) -> None:
    root = write_files(tmp_path / "project", FILES)
    (root / USAGE).parent.mkdir(parents=True)
    workspace = Workspace.open(root, root)
    with workspace.tenant("live") as tenant:
        site = Site(root, tenant, workspace)
        run = site.run("load", "a,9,first\n")
        tenant.reset()
        with pytest.raises(InputError) as refused:
            site.undo(run)
    assert refused.value.problems[0].code == "GS-RUN"
    assert "no live run was made" in refused.value.problems[0].message


def test_nothing_is_kept_where_the_settings_say_so(project: tuple[Path, Workspace]) -> None:
    root, workspace = project
    quiet = replace(workspace, project=replace(workspace.project, runs_to_undo=0))
    with Tenant.open(None, quiet.catalogue, quiet.project, "live") as tenant:
        tenant.seed()
        site = Site(root, tenant, quiet)
        run = site.run("load", "a,9,first\n")
        with pytest.raises(InputError) as refused:
            site.undo(run)
    assert refused.value.problems[0].code == "GS-UNDO-GONE"
    assert "[runs] undo = 0" in refused.value.problems[0].hint
