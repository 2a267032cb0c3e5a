from __future__ import annotations

from tests.plan.support import Lab


def test_declared_columns_need_no_file_and_as_renames() -> None:
    lab = Lab("F: {type: s3, path: in/f.csv, columns: {A b: {type: number, decimals: 0, as: Count}, C: date}}")
    columns = lab.plan().tasks["F"].columns
    assert [(c.name, c.type.storage) for c in columns] == [("Count", "BIGINT"), ("C", "DATE")]
    assert columns[0].origin == ("gainsight-managed/in/f.csv#A b",)
    assert [c.type.storage for c in lab.plan(exact=True).tasks["F"].columns] == ["DECIMAL(38,9)", "DATE"]


def test_columns_that_are_not_declared_are_looked_for_in_the_file() -> None:
    assert [code for code, _ in Lab("F: {type: s3, path: f.csv}").problems()] == ["GS-FILE-MISSING"]
    partly = "F: {type: s3, path: f.csv, columns: {a: {as: b}}}"
    assert [code for code, _ in Lab(partly).problems()] == ["GS-FILE-MISSING"]


def test_more_columns_than_gainsight_shows_draw_a_warning_only() -> None:
    columns = ", ".join(f"c{n}: string" for n in range(51))
    lab = Lab(f"F: {{type: s3, path: f.csv, columns: {{{columns}}}}}")
    assert [code for code, _ in lab.findings()] == ["GS-LIMIT"]


def test_renamed_columns_may_collide() -> None:
    lab = Lab("F: {type: s3, path: f.csv, columns: {a: string, B: {type: string, as: A}}}")
    assert [code for code, _ in lab.problems()] == ["GS-AMBIGUOUS"]
