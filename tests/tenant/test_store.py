"""The store: made, grown, locked, refused; dry runs; resets; views; history."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.errors import InputError, RunError
from gsrules.tenant import RunRecord, Tenant, TenantMode
from gsrules.tenant.changes import Write
from tests.tenant.support import Place, insert, rows, stage

ENGINE = Path(__file__).parents[2] / "engine"


def code_of(error: pytest.ExceptionInfo[RunError]) -> str:
    return error.value.problems[0].code


def test_first_opening_makes_and_seeds_the_store_and_later_ones_keep_it(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name\nAcme\n")
    with place.open() as tenant:
        assert {name: n for name, n in tenant.summary().items() if n} == {
            "company": 1, "cockpit_picklist": 21, "scorecard_scheme_definition": 11,
        }  # fmt: skip
        insert(tenant, "company", {"Name": ("VARCHAR", ["Beta"])})
    with place.open() as tenant:
        assert [row["Name"] for row in rows(tenant, "company")] == ["Acme", "Beta"]
        assert tenant.seeds_changed is False
    place.write("datasets/records/company.csv", "Name\nAcme\nGamma\n")
    with place.open() as tenant:
        assert [row["Name"] for row in rows(tenant, "company")] == ["Acme", "Beta"]
        assert tenant.seeds_changed is True
        tenant.reset()
        assert [row["Name"] for row in rows(tenant, "company")] == ["Acme", "Gamma"]
        assert tenant.seeds_changed is False


def test_a_reset_with_bad_seeds_changes_nothing(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name\nAcme\n")
    with place.open() as tenant:
        insert(tenant, "company", {"Name": ("VARCHAR", ["Beta"])})
        place.write("datasets/records/company.csv", "Name,ARR\nAcme,x\n")
        with pytest.raises(InputError):
            tenant.reset()
        assert [row["Name"] for row in rows(tenant, "company")] == ["Acme", "Beta"]


def test_rollback_takes_records_counters_and_new_tables_back(place: Place) -> None:
    for tenant in (place.open(), place.memory()):
        with tenant:
            (first,) = insert(tenant, "company", {"Name": ("VARCHAR", ["Acme"])})
            tenant.begin()
            insert(tenant, "company", {"Name": ("VARCHAR", ["Beta"])})
            insert(tenant, "person", {"Name": ("VARCHAR", ["Jo"])})
            tenant.rollback()
            assert [row["Name"] for row in rows(tenant, "company")] == ["Acme"]
            assert rows(tenant, "person") == []
            tenant.begin()
            (second,) = insert(tenant, "company", {"Name": ("VARCHAR", ["Gamma"])})
            tenant.commit()
            assert (first[-2:], second[-2:]) == ("01", "02")
            assert [row["gs_sequence"] for row in rows(tenant, "company")] == [1, 2]


def test_a_dry_run_sees_its_own_writes_and_leaves_the_store_alone(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name,Industry\nAcme,A\nBeta,B\n")
    place.open().close()
    before = place.store.read_bytes()
    with place.open("dry_run") as tenant:
        acme, beta = (row["Gsid"] for row in rows(tenant, "company"))
        tenant.begin()
        staged = stage(tenant, "s", {"Gsid": ("VARCHAR", [beta]), "Industry": ("VARCHAR", ["C"])})
        assert tenant.apply(Write("company", "update", staged, ("Industry",))) == 1
        (gamma,) = insert(tenant, "company", {"Name": ("VARCHAR", ["Gamma"])})
        staged = stage(tenant, "s2", {"Gsid": ("VARCHAR", [gamma, acme]), "Industry": ("VARCHAR", ["D", "E"])})
        assert tenant.apply(Write("company", "update", staged, ("Industry",))) == 2
        tenant.append_internal("gs_cta_comment_log", stage(tenant, "l", {
            "cta": ("VARCHAR", ["1"]), "rule": ("VARCHAR", ["r"]), "action": ("VARCHAR", ["a"])}))  # fmt: skip
        tenant.commit()
        assert [row["Industry"] for row in rows(tenant, "company")] == ["E", "C", "D"]
    assert place.store.read_bytes() == before
    with place.open("read") as tenant:
        assert [row["Industry"] for row in rows(tenant, "company")] == ["A", "B"]


def test_a_dry_run_without_a_store_seeds_one_in_memory(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name\nAcme\n")
    with place.open("dry_run") as tenant:
        insert(tenant, "company", {"Name": ("VARCHAR", ["Beta"])})
        assert len(rows(tenant, "company")) == 2
    assert not place.store.exists()


def test_reading_refuses_writes(place: Place) -> None:
    with place.open("read") as tenant:
        staged = stage(tenant, "s", {"Gsid": ("VARCHAR", ["x"]), "Name": ("VARCHAR", ["y"])})
        with pytest.raises(RunError) as caught:
            tenant.apply(Write("company", "insert", staged, ("Name",)))
        assert code_of(caught) == "GS-TENANT-READ"
        with pytest.raises(RunError):
            tenant.reset()


def test_the_store_grows_with_the_catalogue(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name\nAcme\n")
    place.open().close()
    place.write("datasets/objects/company.yml", "object: company\nfields:\n  'Reg\"ion__gc': string\n")
    place.write("datasets/objects/usage__gc.yml", "object: usage__gc\nfields:\n  Name: string\n")
    place.write("datasets/picklists.yml", "cta_types: [Advocacy]\nplaybooks: {P: {}}\n")
    place.write("datasets/records/usage__gc.csv", "Name\nU\n")
    for mode in ("dry_run", "read", "live", "read"):
        with place.open(mode) as tenant:  # type: ignore[arg-type]
            (acme,) = rows(tenant, "company")
            assert (acme["Name"], acme['Reg"ion__gc']) == ("Acme", None)
            assert [row["Name"] for row in rows(tenant, "usage__gc")] == ["U"]
            assert "Advocacy" in [row["Name"] for row in rows(tenant, "cockpit_picklist")]
            assert [row["Name"] for row in rows(tenant, "playbook")] == ["P"]


def test_a_field_of_another_type_than_stored_is_refused(place: Place) -> None:
    text = "object: company\nfields:\n  Size__gc: {}\n"
    place.write("datasets/objects/company.yml", text.format("{type: string}"))
    place.open().close()
    place.write("datasets/objects/company.yml", "object: company\nfields:\n  Size__gc: {type: number}\n")
    for mode in ("live", "dry_run", "read"):
        with pytest.raises(RunError) as caught, place.open(mode) as tenant:  # type: ignore[arg-type]
            rows(tenant, "company")
        assert code_of(caught) == "GS-TENANT-SCHEMA"
        assert "company.Size__gc" in caught.value.problems[0].message


def test_a_new_store_has_a_format_that_older_duckdb_versions_read(place: Place) -> None:
    place.open().close()
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{place.store}' AS t (READ_ONLY)")
        (tags,) = con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 't'").fetchone() or ({},)
    assert tags["storage_version"].startswith("v1.4.0")


def test_a_store_of_a_newer_version_is_refused(place: Place) -> None:
    place.open().close()
    with duckdb.connect(str(place.store)) as con:
        con.execute("UPDATE gs_store SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(RunError) as caught:
        place.open()
    assert code_of(caught) == "GS-TENANT-NEWER"


def test_a_foreign_file_and_a_broken_one_are_refused_and_can_be_started_over(place: Place) -> None:
    place.store.parent.mkdir()
    with duckdb.connect(str(place.store)) as con:
        con.execute("CREATE TABLE mine AS SELECT 1 AS a")
    with pytest.raises(RunError) as caught:
        place.open()
    assert code_of(caught) == "GS-TENANT-FOREIGN"
    place.store.write_bytes(b"no database at all" * 1000)
    for mode in ("live", "dry_run", "read"):
        with pytest.raises(RunError) as caught:
            place.open(mode)  # type: ignore[arg-type]
        assert code_of(caught) == "GS-TENANT-CORRUPT"
        assert "gsrules reset" in caught.value.problems[0].hint
    with Tenant.start_over(place.store, Catalogue.load(place.project), place.project) as tenant:
        assert tenant.summary()["company"] == 0


def test_a_truncated_store_is_refused(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name\n" + "".join(f"C{n}\n" for n in range(5000)))
    place.open().close()
    content = place.store.read_bytes()
    place.store.write_bytes(content[: len(content) // 3])
    with pytest.raises(RunError) as caught, place.open() as tenant:
        rows(tenant, "company")
    assert code_of(caught) == "GS-TENANT-CORRUPT"


def test_a_folder_in_place_of_the_store_is_refused(place: Place) -> None:
    place.store.mkdir(parents=True)
    with pytest.raises(RunError) as caught:
        place.open()
    assert code_of(caught) == "GS-TENANT-ACCESS"


@pytest.mark.parametrize("folder", ["what?", "back\\slash"])
@pytest.mark.parametrize("mode", ["live", "read"])
def test_a_store_path_that_duckdb_rewrites_is_refused_before_anything_is_made(
    place: Place, folder: str, mode: TenantMode
) -> None:
    store = place.root / folder / "tenant.duckdb"
    place.write(f"{folder}/tenant.duckdb", "")
    with pytest.raises(RunError) as caught:
        Tenant.open(store, Catalogue.load(place.project), place.project, mode)
    (problem,) = caught.value.problems
    assert (problem.code, problem.value) == ("GS-TENANT-ACCESS", str(store))
    assert "set `store` to another place" in problem.hint
    assert [path.name for path in store.parent.iterdir()] == ["tenant.duckdb"]


def test_a_second_opening_waits_and_then_says_that_the_store_is_locked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GSRULES_LOCK_SECONDS", "0.3")
    holder = child(place, "tenant = open_live()\nprint('ready', flush=True)\nimport sys\nsys.stdin.readline()")
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        for mode in ("live", "dry_run", "read"):
            start = time.monotonic()
            with pytest.raises(RunError) as caught:
                place.open(mode)  # type: ignore[arg-type]
            assert time.monotonic() - start >= 0.3
            assert code_of(caught) == "GS-TENANT-LOCKED"
            assert "GSRULES_LOCK_SECONDS" in caught.value.problems[0].hint
        monkeypatch.setenv("GSRULES_LOCK_SECONDS", "30")
        assert holder.stdin is not None
        holder.stdin.write("go\n")
        holder.stdin.flush()
        place.open().close()
    finally:
        end(holder)


def test_one_process_does_not_open_the_store_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GSRULES_LOCK_SECONDS", "0")
    with place.open(), pytest.raises(RunError) as caught:
        place.open()
    assert code_of(caught) == "GS-TENANT-LOCKED"


WRITER = """
import sys
from sqlglot import exp
tenant = open_live()
print('ready', flush=True)
for n in range(1000000):
    tenant.begin()
    tenant.con.execute(
        "CREATE OR REPLACE TEMP TABLE s AS SELECT Gsid, 'run %d' AS Industry FROM "
        % n + tenant.table('company').sql('duckdb'))
    tenant.apply(Write('company', 'update', 's', ('Industry',)))
    first = tenant.allocate('person', 50)
    gsid = tenant.gsid('person', exp.column('n')).sql('duckdb')
    tenant.con.execute("CREATE OR REPLACE TEMP TABLE p AS SELECT " + gsid
        + " AS Gsid, 'run %d' AS Name FROM range(%d, %d) AS r(n)" % (n, first, first + 50))
    tenant.apply(Write('person', 'insert', 'p', ('Name',)))
    tenant.commit()
"""


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.11, 0.23, 0.4])
def test_a_killed_process_leaves_all_or_nothing(place: Place, wait: float) -> None:
    place.write("datasets/records/company.csv", "Name\n" + "".join(f"C{n}\n" for n in range(2000)))
    place.open().close()
    writer = child(place, WRITER)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(wait)
    end(writer)
    with place.open() as tenant:
        industries = {row["Industry"] for row in rows(tenant, "company", "Industry")}
        runs = [row["Name"] for row in rows(tenant, "person", "Name")]
    assert len(industries) == 1
    (last,) = industries
    done = -1 if last is None else int(last.split()[1])
    assert runs == [f"run {n}" for n in range(done + 1) for _ in range(50)]


def test_a_process_killed_while_making_the_store_leaves_one_that_opens(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name\n" + "".join(f"C{n}\n" for n in range(500)))
    for wait in (0.0, 0.02, 0.06):
        maker = child(place, "print('ready', flush=True)\nopen_live()\nprint('made', flush=True)")
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
        time.sleep(wait)
        end(maker)
        with place.open() as tenant:
            assert tenant.summary()["company"] == 500
        place.store.unlink()


def test_a_full_disk_is_a_problem_and_changes_nothing(place: Place) -> None:
    place.write("datasets/records/company.csv", "Name\nAcme\n")
    place.open().close()
    program = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
tenant = open_live()
size = STORE.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100000, size + 100000))
tenant.begin()
first = tenant.allocate('company', 200000)
from sqlglot import exp
tenant.con.execute("CREATE TEMP TABLE s AS SELECT " + tenant.gsid('company', exp.column('n')).sql('duckdb')
    + " AS Gsid, 'name ' || hash(n) AS Name FROM range(%d, %d) AS r(n)" % (first, first + 200000))
try:
    tenant.apply(Write('company', 'insert', 's', ('Name',)))
    tenant.commit()
    print('no error')
except GsrulesError as error:
    print(error.problems[0].code)
import os; os._exit(0)
"""
    found = child(place, program)
    out, _ = found.communicate(timeout=60)
    assert out == "GS-TENANT-FULL\n"
    with place.open() as tenant:
        assert [row["Name"] for row in rows(tenant, "company")] == ["Acme"]


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def child(place: Place, program: str) -> subprocess.Popen[str]:
    prelude = f"""
from pathlib import Path
from gsrules.catalogue import Catalogue
from gsrules.errors import GsrulesError
from gsrules.project import Project
from gsrules.tenant import Tenant
from gsrules.tenant.changes import Write
ROOT = Path({str(place.root)!r})
PROJECT = Project.find(ROOT, ROOT)
STORE = PROJECT.store
def open_live():
    return Tenant.open(STORE, Catalogue.load(PROJECT), PROJECT, 'live')
"""
    env = {**os.environ, "PYTHONPATH": str(ENGINE)}
    return subprocess.Popen(
        [sys.executable, "-c", prelude + program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )


def test_gsids_count_up_in_base_36_and_survive_reopening(place: Place) -> None:
    with place.open() as tenant:
        made = insert(tenant, "company", {"Name": ("VARCHAR", [str(n) for n in range(40)])})
    assert [made[0][-3:], made[9][-3:], made[34][-3:], made[35][-3:], made[39][-3:]] == [
        "001",
        "00A",
        "00Z",
        "010",
        "014",
    ]
    assert all(len(one) == 36 and one.startswith("1P0200000000LOCAL0") for one in made)
    with place.open() as tenant:
        assert insert(tenant, "company", {"Name": ("VARCHAR", ["x"])})[0][-3:] == "015"


def test_random_suffixes_differ_and_keep_the_form(place: Place) -> None:
    place.write("gsrules.toml", '[profile]\n"object.gsid_suffix" = "random"\n"tenant.id" = "ABCDEFGHIJKLMN"\n')
    with place.memory() as tenant:
        made = insert(tenant, "company", {"Name": ("VARCHAR", [str(n) for n in range(500)])})
    assert len(set(made)) == 500
    assert all(len(one) == 36 and one.startswith("1P02ABCDEFGHIJKLMN") for one in made)
    assert made[0][18:24] != "000000"


def test_label_views_show_labels_and_names(place: Place) -> None:
    place.write(
        "datasets/objects/company.yml",
        "object: company\nfields:\n  Colours__gc: {type: multi_picklist, options: [Red, Green]}\n",
    )
    place.write("datasets/records/gsuser.csv", "Name,Email\nJane,jane@example.com\n")
    place.write(
        "datasets/records/company.csv", "Name,Status,Csm.Name,Colours__gc\nAcme,Active,Jane,Green;Red\nBeta,,,\n"
    )
    place.open().close()
    with place.open("read") as tenant:
        found = tenant.con.execute("SELECT Name, Status, Csm, Colours__gc FROM company_labels ORDER BY Name").fetchall()
        assert found == [("Acme", "Active", "Jane", "Green; Red"), ("Beta", None, None, None)]
        assert tenant.con.execute("SELECT count(*) FROM company").fetchall() == [(2,)]
        names = tenant.con.execute(
            "SELECT name FROM gs_picklist_item WHERE category = 'company.Colours__gc'"
        ).fetchall()
        assert names == [("Red",), ("Green",)]


def test_history_keeps_runs_with_their_transaction(place: Place) -> None:
    def record(number: int) -> RunRecord:
        started = dt.datetime(2026, 1, number, 6)
        return RunRecord(
            f"run-{number}", f"rule/{number % 2}", "SUCCESS", "live", dt.date(2026, 1, number), started, "{}"
        )

    with place.open() as tenant:
        for number in (1, 2, 3):
            tenant.begin()
            tenant.runs.add(record(number))
            tenant.commit()
        tenant.begin()
        tenant.runs.add(record(4))
        tenant.rollback()
    with place.open("read") as tenant:
        assert tenant.runs.latest() == (record(3), record(2), record(1))
        assert tenant.runs.latest("rule/1", limit=1) == (record(3),)


def test_internal_rows_are_appended_and_read(place: Place) -> None:
    with place.open() as tenant:
        columns = {"action": ("VARCHAR", ["a", "b"]), "cta": ("VARCHAR", ["1", "2"]), "rule": ("VARCHAR", ["r", "r"])}
        assert tenant.append_internal("gs_cta_comment_log", stage(tenant, "log", columns)) == 2
    with place.open("read") as tenant:
        select = exp.select("cta", "rule", "action").from_(tenant.internal("gs_cta_comment_log")).order_by("cta")
        assert tenant.con.execute(select.sql("duckdb")).fetchall() == [("1", "r", "a"), ("2", "r", "b")]


def test_salesforce_samples_are_typed_tables(place: Place) -> None:
    place.write("datasets/salesforce/Account.csv", "Id,Name,Amount,Opened\n0012F000000AAAA,Acme,12.5,2026-01-31\n")
    with place.open() as tenant:
        select = exp.select("*").from_(tenant.salesforce("account"))
        assert tenant.con.execute(select.sql("duckdb")).fetchall() == [
            ("0012F000000AAAA", "Acme", 12.5, dt.date(2026, 1, 31))
        ]
        with pytest.raises(RunError) as caught:
            tenant.salesforce("Contact")
        assert code_of(caught) == "GS-TENANT-SALESFORCE"


def test_a_sample_without_ids_is_read_alike_in_every_mode(place: Place) -> None:
    place.write("datasets/salesforce/Account.csv", "Name,Amount\nAcme,12.5\n")
    for opened in (place.open, lambda: place.open("dry_run"), lambda: place.open("read"), place.memory):
        with opened() as tenant:
            select = exp.select("Name", "Amount").from_(tenant.salesforce("Account"))
            assert tenant.con.execute(select.sql("duckdb")).fetchall() == [("Acme", 12.5)]
