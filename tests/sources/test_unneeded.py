"""Bad cells fail the task whatever is done with the rows: also of columns and in rows that nobody needs (§6.3)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gsrules.errors import GsrulesError, RunError
from gsrules.profile import Profile
from gsrules.sources import OpenSource, SourceFile, open_source
from gsrules.sources.formats import Format
from gsrules.sources.sql import execute
from gsrules.spec.tasks import S3Task

from .conftest import Desk

GSID = "1P02" + "A" * 32

# Type of the column, a good text, a text that does not fit.
FALLIBLE = [
    pytest.param("number", "5", "five", id="number that the reader types"),
    pytest.param({"type": "number", "decimals": 0}, "5", "1.5.0", id="whole number"),
    pytest.param({"type": "number", "decimals": 2}, "5.25", "5,25", id="number with decimals"),
    pytest.param("number", "", "$5", id="number with empty cells"),
    pytest.param("date", "01/31/2026", "2026-01-31", id="date of the usual format"),
    pytest.param({"type": "date", "format": "yyyy-MM-dd"}, "2026-01-31", "2026-02-29", id="ISO date"),
    pytest.param({"type": "date", "format": "d MMM yyyy"}, "5 Jan 2026", "5 Jan", id="date without a fixed width"),
    pytest.param("datetime", "01/31/2026 23:59:59", "01/31/2026", id="date-time"),
    pytest.param("gsid", GSID, GSID[1:], id="GSID"),
]

# What later steps do with the rows of the first column; none needs the second one, or the row with the bad cell.
STEPS = {
    "all": "SELECT k FROM files",
    "equal": "SELECT k FROM files WHERE k = 'x'",
    "one of": "SELECT k FROM files WHERE k IN ('x', 'z', 'q')",
    "like": "SELECT k FROM files WHERE k LIKE 'x%'",
    "or": "SELECT k FROM files WHERE k = 'x' OR lower(k) = 'z'",
    "no row": "SELECT k FROM files WHERE k = 'nothing'",
    "null": "SELECT k FROM files WHERE k IS NULL",
    "count": "SELECT count(*) FROM files",
    "group": "SELECT k, count(*) FROM files GROUP BY k",
    "join": "SELECT k FROM files JOIN (VALUES ('x')) AS other(o) ON k = o",
    "join without rows": "SELECT k FROM files JOIN (SELECT 'x' AS o WHERE random() > 2) AS other ON k = o",
    "CTE": "WITH t AS MATERIALIZED (SELECT * FROM files) SELECT k FROM t WHERE k IN ('x', 'z', 'q')",
}


def after(desk: Desk, source: OpenSource, needed: list[str], step: str) -> list[Any]:
    """The rows of the step, which reads the relation under the name files."""
    relation = source.relation(needed).sql(dialect="duckdb")
    return desk.con.execute(f"WITH files AS ({relation}) SELECT * FROM ({STEPS[step]})").fetchall()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("column", "good", "bad"), FALLIBLE)
@pytest.mark.parametrize("needed", [["k"], ["k", "v"]], ids=["unneeded", "needed"])
def test_a_bad_cell_fails_the_fast_form_whatever_is_read(
    desk: Desk, needed: list[str], column: Any, good: str, bad: str, step: str
) -> None:
    columns = {"k": "string", "v": column}
    fine = desk.open(f'k,v\nx,"{good}"\ny,"{good}"\n'.encode(), columns, exact=False)
    exact = desk.open(f'k,v\nx,"{good}"\ny,"{good}"\n'.encode(), columns, exact=True)
    assert sorted(after(desk, fine, needed, step)) == sorted(after(desk, exact, needed, step))
    broken = desk.open(f'k,v\nx,"{good}"\ny,"{bad}"\n'.encode(), columns, exact=False)
    with pytest.raises(duckdb.Error):
        after(desk, broken, needed, step)


@pytest.mark.parametrize(("column", "good", "bad"), FALLIBLE)
def test_a_bad_cell_of_a_column_that_is_not_needed_is_told(desk: Desk, column: Any, good: str, bad: str) -> None:
    content = f'k,v\nx,"{good}"\ny,"{bad}"\n'.encode()
    with pytest.raises(RunError) as caught:
        desk.open(content, {"k": "string", "v": column}, exact=True)
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.place), problem.value) == ("GS-FILE-VALUE", "bucket/in/0.csv:3:1", bad)
    assert "“v”" in problem.message


@pytest.mark.parametrize(("column", "good", "bad"), FALLIBLE)
def test_a_bad_cell_that_becomes_null_asks_for_the_exact_form_and_is_counted(
    desk: Desk, column: Any, good: str, bad: str
) -> None:
    content, columns = f'k,v\nx,"{good}"\ny,"{bad}"\n'.encode(), {"k": "string", "v": column}
    lenient = {"s3.on_bad_value": "null"}
    with pytest.raises(duckdb.Error):
        desk.rows(desk.open(content, columns, exact=False, profile=lenient), ["k"])
    source = desk.open(content, columns, exact=True, profile=lenient)
    assert desk.rows(source, ["k"]) == [("x",), ("y",)]
    assert [(cells.column, cells.rows) for cells in source.bad_cells] == [("v", 1)]


def test_a_column_that_is_not_configured_may_hold_anything(desk: Desk) -> None:
    source = desk.open(b"k,n,other\nx,1,?\n", {"k": "string", "n": "number"}, exact=False)
    assert desk.rows(source, ["k"]) == [("x",)]


def test_a_whole_number_beyond_64_bits_fits_where_nobody_needs_it(desk: Desk) -> None:
    columns = {"k": "string", "n": {"type": "number", "decimals": 0}}
    content = f"k,n\nx,{'9' * 25}\ny,\n".encode()
    assert desk.rows(desk.open(content, columns, exact=False), ["k"]) == [("x",), ("y",)]


def test_every_part_of_the_files_is_checked(desk: Desk) -> None:
    contents = [b"k,n\nx,1\n", b'n,k\r\n"bad",y\r\n']
    source = desk.open(contents, {"k": "string", "n": "number"}, exact=False)
    with pytest.raises(duckdb.Error):
        after(desk, source, ["k"], "equal")


def test_files_written_down_by_the_exact_reader_are_checked(desk: Desk) -> None:
    content = b'k,n\n"\\\\",1\nx,five\n'
    source = desk.open(content, {"k": "string", "n": "number"}, exact=False)
    assert source.parts[0].tells_empty
    with pytest.raises(duckdb.Error):
        after(desk, source, ["k"], "one of")


@pytest.mark.parametrize(
    "text", ["yyyy-MM-dd", "MM/dd/yyyy", "dd.MM.yyyy", "yyyyMMdd", "MM/dd/yyyy HH:mm:ss", "yyyy-MM-dd'T'HH:mm"]
)
def test_the_sure_pattern_lets_nothing_through_that_is_no_value(desk: Desk, text: str) -> None:
    found = Format.parse(text)
    # Every month 00–13 with every day 00–32, of leap years and others, with hours and minutes at the ends.
    parts = {"yyyy": "y", "MM": "printf('%02d', m)", "dd": "printf('%02d', d)", "HH": "h", "mm": "s", "ss": "s"}
    made = "'" + text.replace("'T'", "T") + "'"
    for token, value in parts.items():
        made = f"replace({made}, '{token}', {value})"
    desk.con.execute(
        f"CREATE TABLE texts AS SELECT {made} AS t FROM range(14) AS a(m), range(33) AS b(d),"
        " unnest(['2023', '2024', '1900', '0000', '9999']) AS c(y), unnest(['00', '23', '24']) AS e(h),"
        " unnest(['00', '59', '60']) AS f(s)"
    )
    assert found.sure_pattern is not None
    sure = exp.Anonymous(
        this="regexp_full_match", expressions=[exp.column("t"), exp.Literal.string(found.sure_pattern)]
    )
    fits = exp.Not(this=exp.Is(this=exp.paren(found.read(exp.column("t"))), expression=exp.Null()))
    query = exp.select(sure.as_("sure"), fits.as_("fits"), "t").from_("texts").subquery("each_text")
    wrong, missed = "count_if(sure AND NOT fits)", "count_if(fits AND NOT sure AND t NOT LIKE '%29%')"
    assert execute(desk.con, exp.select(wrong, missed).from_(query)).fetchall() == [(0, 0)]


@pytest.mark.parametrize("text", ["d/M/yyyy", "MM/dd/yy", "MMM dd yyyy", "yyyy-MM-dd HH:mm:ssXXX"])
def test_formats_without_a_fixed_width_have_no_sure_pattern(text: str) -> None:
    assert Format.parse(text).sure_pattern is None


TASK = S3Task.model_validate({
    "path": "in/file.csv",
    "columns": {
        "K": "string", "W": {"type": "number", "decimals": 0}, "N": "number", "M": {"type": "number", "decimals": 2},
        "D": {"type": "date", "format": "yyyy-MM-dd"}, "U": "date", "T": "datetime", "G": "gsid", "B": "boolean",
    },
})  # fmt: skip
NUMBERS = st.sampled_from(["1", "1", "1", "2.5", "", " 5 ", "1e3", "x", "1_0", "inf", "nan", "9" * 40, "-0.5"])
CELLS = {
    "K": st.sampled_from(["x", "y", ""]),
    "W": NUMBERS,
    "N": NUMBERS,
    "M": NUMBERS,
    "D": st.sampled_from(["2026-01-31"] * 3 + ["", " ", "2024-02-29", " 2026-01-31", "2026-02-29", "2026-1-05 "]),
    "U": st.sampled_from(["01/31/2026"] * 3 + ["", "02/29/2024", "02/29/2026", "1/31/2026", "01/31/0026"]),
    "T": st.sampled_from(["01/31/2026 23:59:59"] * 3 + ["", "01/31/2026", "01/31/2026 24:00:00"]),
    "G": st.sampled_from([GSID] * 3 + ["", f" {GSID}", GSID[1:], GSID + "A", GSID[1:] + "é"]),
    "B": st.sampled_from(["true", "", "?"]),
}
ROWS = st.lists(st.tuples(*CELLS.values()), min_size=1, max_size=3)
CON = duckdb.connect()


def outcome(content: bytes, profile: Profile, needed: list[str], *, exact: bool) -> list[Any] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.csv")
        path.write_bytes(content)
        file = SourceFile("bucket", "in/file.csv", path)
        try:
            source = open_source(CON, TASK, [file], profile, exact=exact, workdir=Path(folder))
            query = source.relation(needed).subquery("files")
            return execute(CON, exp.select("*").from_(query).where("K IN ('x', 'z', 'q')")).fetchall()
        except (GsrulesError, duckdb.Error):
            return None


@given(ROWS, st.lists(st.sampled_from([*CELLS]), unique=True), st.sampled_from(["fail", "null"]))
@settings(max_examples=80, deadline=None)
def test_the_fast_form_of_some_columns_fails_where_the_exact_form_finds_a_bad_cell_in_any(
    rows: list[tuple[str, ...]], some: list[str], on_bad: str
) -> None:
    needed = ["K", *(name for name in some if name != "K")]
    content = "\n".join(",".join(row) for row in [tuple(CELLS), *rows]).encode()
    fast = outcome(content, Profile.default().overlaid({"s3.on_bad_value": on_bad}), needed, exact=False)
    if fast is not None:
        # The strict form, since the lenient one must have been told to count.
        assert fast == outcome(content, Profile.default(), needed, exact=True)


@pytest.mark.parametrize("row", ["x,1,2.5,0.25,2026-01-31,01/31/2026,01/31/2026 23:59:59," + GSID + ",true"])
def test_good_cells_of_every_type_do_not_fail_the_fast_form(row: str) -> None:
    content = (",".join(CELLS) + "\n" + row + "\n").encode()
    for needed in (["K"], list(CELLS)):
        fast = outcome(content, Profile.default(), needed, exact=False)
        assert fast is not None
        assert fast == outcome(content, Profile.default(), needed, exact=True)
