"""Every key of the behaviour profile decides something: under another value the same rule comes to something else."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import GsrulesError, InputError
from gsrules.profile import Profile, profile_keys
from gsrules.run.batch import run_all
from gsrules.run.check import validate_project
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.inspect import preview_query
from gsrules.run.workspace import Workspace
from tests.conftest import write_files

DATE = dt.date(2026, 11, 23)
USER = "1P0100000000LOCAL0000000000000000001"
LONG = "x" * 300
RISK = "Risk,Usage Drop,Low,Rules,2026-12-31,2026-06-01T00:00:00Z"

FILES = {
    "gsrules.toml": "",
    "datasets/objects/thing__gc.yml": """
        object: thing__gc
        label: Thing
        fields:
          Key__gc: {type: string, label: Key}
          Note__gc: {type: string, length: 5, label: Note}
          Plain__gc: {type: string, label: Plain}
          Tags__gc: {type: multi_picklist, options: [A, B], label: Tags}
          Tier__gc: {type: picklist, options: [Gold, Silver], label: Tier}
          Owner__gc: {type: lookup, to: gsuser, label: Owner}
          Code__gc: {type: string, unique: true, label: Code}
          Num__gc: {type: number, label: Num}
          Day__gc: {type: date, label: Day}
        """,
    "datasets/scorecards.yml": "scorecards: {Health: {measures: [Usage, Support]}}\n",
    "datasets/picklists.yml": """
        cta_reasons: {Risk: [Usage Drop]}
        playbooks:
          Recovery: {type: Risk, tasks: [{name: Call, days: 12}]}
        success_plan_templates: {Start: {objectives: [Go live]}}
        """,
    "datasets/records/cta_group.csv": (
        "Name,CompanyId.Name,SuccessPlanTypeId.Name,StatusId.Name\nPlan of Acme,Acme,Objectives,Draft\n"
    ),
    "datasets/records/gsuser.csv": "Name,Email\nOwner,owner@example.com\nOther,other@example.com\n",
    "datasets/records/company.csv": 'Name,Csm.Name,Industry\nAcme,Owner,""\nBeta,,B\n',
    "datasets/records/person.csv": "Email,ExternalRecordID,Name\none@example.com,K1,Acme\nk1@example.com,K9,Two\n",
    "datasets/records/relationship_type.csv": "Name,IsActive\nProduct,true\n",
    "datasets/records/relationship.csv": "Name,CompanyId.Name,TypeId.Name\nAcme East,Acme,Product\n",
    "datasets/records/thing__gc.csv": "Key__gc,Note__gc,Tags__gc\nK1,old,A\nK2,a,A\nK2,b,A\nK9,same,A\n,none,A\n",
    "datasets/records/call_to_action.csv": (
        "Name,CompanyId.Name,RelationshipId.Name,StatusId.Name,EntityType,IsClosed,ClosedDate,TypeId.Name,ReasonId.Name,"
        "PriorityId.Name,Source,DueDate,CreatedDate\n"
        f"Open one,Acme,,New,COMPANY,false,,{RISK}\n"
        f"Closed one,Acme,,Closed Success,COMPANY,true,2026-11-20T00:00:00Z,{RISK}\n"
        f"East one,Acme,Acme East,New,RELATIONSHIP,false,,{RISK}\n"
    ),
    "datasets/records/cs_task.csv": "Name,CtaId.Name\nTo do,Open one\n",
    "datasets/s3/gainsight-managed/f.csv": (
        "k,note,t,n,d,m\n"
        "K1,new,B,1,2026-11-22,2026-11-22 22:00:00\n"
        "k1,low,B,2,2026-11-15,2026-11-22 23:30:00\n"
        "K2,both,B,0,2026-11-23,2026-11-23 00:30:00\n"
        "K3,first,a.b.c,4,2026-10-01,2026-11-20 01:00:00\n"
        'K3,last,a.b.c,4,2026-10-01,2026-11-20 01:00:00\n'
        'K4,far too long,"x\\\\y",5,,\n'
        ",none,,,,\n"
        'K9,same,"",6,2026-01-01,2026-01-01 00:00:00\n'
    ),
}  # fmt: skip

F = """
  F:
    type: s3
    path: f.csv
    date_format: yyyy-MM-dd
    datetime_format: yyyy-MM-dd HH:mm:ss
    columns: {k: string, note: string, t: string, n: number, d: date, m: datetime}
"""
G = F.replace("  F:", "  G:")


def formula(text: str, kind: str = "string") -> str:
    return F + f'  T: {{type: transform, from: F, formulas: {{x: {{expression: "{text}", type: {kind}}}}}}}\n'


def where(text: str) -> str:
    return F + f'  T: {{type: transform, from: F, where: "{text}"}}\n'


def pivot(more: str = "") -> str:
    column = "{name: hits, where: \"t = 'B'\", value: count(n)}"
    return F + f"  T: {{type: pivot, from: F, group_by: [k], columns: [{column}{more}]}}\n"


def load(fields: str, *, operation: str = "upsert", when: str = "", extra: str = "") -> str:
    condition = f'when: "{when}", ' if when else ""
    keys = "" if operation == "insert" else "identifiers: [Key__gc], "
    return (
        f"{F}{extra}actions:\n  - {{action: load_to_object, id: A, from: {'T' if extra else 'F'}, {condition}"
        f"object: thing__gc, operation: {operation}, {keys}fields: {{Key__gc: k, {fields}}}}}\n"
    )


def cta(more: str = "", name: str = "Open one", priority: str = "High") -> str:
    return (
        "  C: {type: fetch, object: company, show: [Name, Gsid as Company, Csm as CSM, Industry]}\n"
        "actions:\n"
        f"  - {{action: create_cta, id: A, from: C, company: Company, name: '{name}', type: Risk, "
        f"reason: Usage Drop, priority: {priority}, status: New, owner: {{column: CSM}}{more}}}\n"
    )


def score(value: str) -> str:
    return (
        "  C: {type: fetch, object: company, show: [Gsid as Company, CurrentScore as Score]}\n"
        "actions:\n"
        "  - {action: set_score, id: A, from: C, company: Company, measure: Usage, scorecard: Health, "
        f"score: {value}}}\n"
    )


def plan(more: str = "", name: str = "Another") -> str:
    return (
        "  C: {type: fetch, object: company, show: [Name, Gsid as Company, Csm as CSM]}\n"
        "actions:\n"
        f"  - {{action: create_success_plan, id: A, from: C, company: Company, name: 'Plan of {name}', "
        f"type: Objectives, status: Draft{more}}}\n"
    )


CLOSE = (
    "  C: {type: fetch, object: call_to_action, show: [Gsid as CTA], where: \"Name = 'Open one'\"}\n"
    "actions:\n  - {action: close_cta, id: A, from: C, cta: CTA}\n"
)
CLOSE_BY_KEY = (
    "  C: {type: fetch, object: company, show: [Gsid as Company]}\n"
    "actions:\n  - {action: close_cta, id: A, from: C, company: Company, type: Risk, reason: Usage Drop, "
    "sources: [rules], status: Closed Success}\n"
)
COMMENT = ", comments: {text: Hello, repeat: never}"
MERGE = (
    F + G + "  T: {type: merge, from: F, join: [{dataset: G, keep: left, on: k = k}], show: [F.note, G.note as o]}\n"
)
UNION = F + G + "  T: {type: union, from: [F, G], columns: {x: {F: k, G: k}}}\n"
POP = "period_over_period: {of: n, date: d, period: weeks, duration: 1, prior_periods: 3, aggregate: avg, "
WINDOW = "comparison: {a: {sum: n, window: last 7 days}, b: {sum: n, window: last 60 days}, date: d, as: actual}"
COUNTED = F + "  T: {type: transform, from: F, show: [k, d, n], formulas: {x: {%s}}}\n"

MADE = "  T: {type: transform, from: F, where: %s, formulas: {%s: {expression: %s, type: string}}}\n"
NOTHING = MADE % ("k = 'K1'", "d2", "\"case when n > 99 then 'x' end\"")
OTHER_CASE = MADE % ("n > 0", "w", "\"'OWNER'\"")
LOWERED = MADE % ("t = 'B'", "u", "lower(t)")

MAIL = (
    "  T: {type: transform, from: F, where: \"k = 'K1'\", formulas: {mail: {expression: \"lower(k) + '@example.com'\","
    " type: string}, none: {expression: \"case when n > 99 then 'x' end\", type: string}}}\n"
)


def people(more: str = "") -> str:
    return (
        f"{F}{MAIL}actions:\n  - {{action: load_to_people, id: A, from: T, operation: upsert, "
        f"person: {{Email: mail, ExternalRecordID: k, Name: note}}{more}}}\n"
    )


def survey(kind: str, score: int) -> str:
    return (
        "  C: {type: fetch, object: company, show: [Name, Gsid as Company]}\nactions:\n"
        "  - {action: load_to_survey, id: A, from: C, company: Company, survey: Yearly, "
        f"kind: {kind}, person_name: Name, score: {{value: {score}}}}}\n"
    )


KEYS: dict[str, tuple[str, object]] = {
    "engine": (UNION, "bionic"),
    "names.collision": (F + "  T: {type: transform, from: F, show: [k, note as K]}\n", "auto_suffix"),
    "tenant.timezone": (where("m = date '2026-11-22'"), "America/Los_Angeles"),
    "calendar.week_start": (where("d in this week"), "monday"),
    "calendar.fiscal_year_start_month": (formula("fiscal_year_label(d)"), 2),
    "calendar.fiscal_year_named_by": (formula("fiscal_year_label(d)"), "start"),
    "calendar.week_number": (formula("week_number(d)", "number"), "iso"),
    "calendar.day_of_week_base": (formula("day_of_week(d)", "number"), 0),
    "filter.equality_case": (where("k = 'k1'"), "insensitive"),
    "filter.text_match_case": (where("k contains 'k'"), "sensitive"),
    "filter.null_rows": (where("k != 'K1'"), "include"),
    "filter.between": (where("n between 1 and 2"), "exclude_upper"),
    "filter.datetime_vs_date": (where("m > date '2026-11-22'"), "instant"),
    "filter.last_n": (where("d in last 7 days"), "include_current"),
    "merge.key_case": (MERGE, "insensitive"),
    "merge.null_keys": (MERGE, "match"),
    "transform.allow_formula_with_group_by": (
        F + "  T: {type: transform, from: F, show: [k, sum(n) as s], formulas: {x: s + 1}}\n",
        True,
    ),
    "union.duplicates": (UNION, "remove"),
    "pivot.count_without_default": (pivot(), "null"),
    "pivot.keep_empty_groups": (pivot(), False),
    "formula.divide_by_zero": (formula("1 / n", "number"), "error"),
    "formula.math_domain": (formula("ln(n)", "number"), "error"),
    "formula.conversion_failure": (formula("to_number(k)", "number"), "error"),
    "formula.null_concat": (formula("k + t"), "as_empty"),
    "formula.text_not_found": (formula("left(k, '3')"), "whole"),
    "formula.right_occurrence": (formula("right(t, '.')"), "last"),
    "formula.datetime_diff": (formula("date_diff(m, to_datetime('2026-11-21T23:00:00Z'))", "number"), "elapsed"),
    "formula.epoch_unit": (formula("to_epoch(d)", "number"), "s"),
    "formula.random_seed": (formula("random()", "number"), 7),
    "calc.window_end": (COUNTED % WINDOW, "on_rule_date"),
    "pop.missing_grain": (COUNTED % (POP + "missing_as_zero: true, by: [k]}"), "day"),
    "pop.partition": (COUNTED % (POP + "missing_as_zero: true}"), "none"),
    "s3.escape_default": (F, "double_quote"),
    "s3.empty_string": (F, "keep_quoted"),
    "s3.on_bad_value": (F.replace("note: string", "note: number"), "null"),
    "limits.strict": (F + "".join(F.replace("  F:", f"  F{n}:") for n in range(15)), False),
    "limits.tasks": (F + G, 1),
    "limits.show_fields": (where("n > 0"), 2),
    "limits.group_by": (F + "  T: {type: transform, from: F, show: [k, note, sum(n) as s]}\n", 1),
    "limits.filters": (where("k = 'K1' and n > 0"), 1),
    "limits.pivot_columns": (pivot(", {name: more, where: \"t = 'C'\", value: count(n)}"), 1),
    "limits.pivot_conditions": (pivot(", {name: more, where: \"t = 'C'\", value: count(n)}"), 1),
    "limits.lookup_hops": ("  C: {type: fetch, object: company, show: [Csm.Manager.Name as N]}\n", 1),
    "run.criteria_case": (load("Note__gc: note", when="k = 'k3'"), "insensitive"),
    "run.strict_applicability": (
        "for: relationship\nrelationship_types: [Product]\n" + load("Note__gc: note"),
        True,
    ),
    "run.zero_rows": (load("Note__gc: note", when="k = 'nobody'"), "partial_success"),
    "load.on_null": (load("Tags__gc: t, Note__gc: {column: d2}", extra=NOTHING), "skip"),
    "load.coerce": (load("Num__gc: t"), "lenient"),
    "load.overlength": (load("Note__gc: note"), "truncate"),
    "load.multiselect": (load("Tags__gc: t"), "append"),
    "load.lookup_case": (
        load("Owner__gc: {lookup: gsuser, match: {Name: w}, multiple: error, none: error}", extra=OTHER_CASE),
        "sensitive",
    ),
    "load.identifier_case": (load("Note__gc: note"), "insensitive"),
    "load.match_null": (load("Note__gc: note"), "null_equals_null"),
    "load.duplicate_keys": (load("Note__gc: note"), "first"),
    "load.multi_match": (load("Note__gc: note"), "error"),
    "load.update_no_match": (load("Note__gc: note", operation="update"), "skip"),
    "load.touch_unchanged": (load("Note__gc: note", when="k = 'K9'"), True),
    "load.dangling_reference": (load(f"Owner__gc: {{value: {USER[:-3]}ZZZ}}"), "error"),
    "people.match_criteria": (people(), ["Name"]),
    "people.conflict": (people(), "first_key"),
    "people.company_missing": (people(", company_person: {company: none}"), "error"),
    "people.survey_person": (survey("nps", 9), "null"),
    "score.csat_range": (survey("csat", 7), [1, 9]),
    "cta.time_frame_basis": (cta(name="Closed one"), "created"),
    "cta.on_existing": (cta(), ["priority"]),
    "cta.never_includes_create": (cta(COMMENT, name="New one"), True),
    "cta.weekend_mode": (cta(", due: {days: 6, skip: weekends}", name="New one"), "shift"),
    "cta.owner_missing": (cta(name="New one"), "none"),
    "cta.null_token": (cta(name="New ${Industry}"), "error"),
    "cta.name_max": (cta(name=LONG[:90]), 100),
    "cta.name_overflow": (cta(name=LONG[:90]), "cut"),
    "cta.company_scope": (cta(name="East one"), "all"),
    "cta.close_default_status": (CLOSE, "Closed Invalid"),
    "cta.close_tasks": (CLOSE, True),
    "cta.playbook_tasks": (cta(", playbook: Recovery", name="New one"), "ignore"),
    "cta.playbook_due_date": (cta(", playbook: Recovery", name="New one"), "keep"),
    "cta.max_count": (cta(name="New one"), 1),
    "score.out_of_range": (score("{expression: 60 * 2}"), "clamp"),
    "score.null_as_na": (score("Score"), True),
    "score.rollup": (score("{value: 60}"), "off"),
    "plan.on_existing": (plan(", owner: {column: CSM}", "Acme"), ["owner"]),
    "plan.owner_missing": (plan(), "error"),
    "plan.template_objectives": (plan(", template: Start"), "ignore"),
    "tenant.id": (load("Note__gc: note"), "00000000OTHER0"),
    "tenant.run_user": (load("Note__gc: note"), USER),
    "tenant.currency": (load("Note__gc: note"), "EUR"),
    "object.gsid_suffix": (load("Note__gc: note"), "random"),
    "object.string_length_standard": (
        cta(name="New one"),
        5,
    ),
    "object.string_length_custom": (load("Plain__gc: note"), 3),
    "object.picklist_case": (load("Tags__gc: u", extra=LOWERED), "sensitive"),
    "object.unique": (load("Code__gc: t", operation="insert"), "on"),
    "run.stamp": (load("Note__gc: note"), "clock"),
    "run.inactive_run_now": ("active: false\n" + F, "refuse"),
}  # fmt: skip
BESIDES = {
    "people.conflict": {"people.match_criteria": ["Email", "ExternalRecordID"]},
    "calendar.fiscal_year_named_by": {"calendar.fiscal_year_start_month": 2},
}
REFUSED = ("names.collision", "transform.allow_formula_with_group_by", "load.coerce", "limits.strict")
"""Keys at whose default the rule is refused."""
OBJECTS = ("thing__gc", "call_to_action", "cs_task", "company")


def ran(workspace: Workspace, store: Path) -> Any:
    """All that a run comes to: what is refused, told, computed, decided and stored."""
    options = RunOptions(rule_date=DATE, mode="dry_run", keep_all_tasks=True, seen_later=True)
    try:
        with workspace.tenant("dry_run", store) as tenant:
            result = run_rule(workspace, "rule", options, tenant)
            report = result.report

            def rows(source: str) -> list[str]:
                found = tenant.con.execute(f"select * from {source}")
                names = [column[0] for column in found.description or ()]
                return [*names, *sorted(map(repr, found.fetchall()))]

            told = [(p.code, p.message) for p in (*report.warnings, *report.problems)]
            datasets = {task: rows(f'"{table}"') for task, table in result.datasets.items()}
            touched = OBJECTS if report.actions else ()
            stored = {name: rows(tenant.table(name).sql(dialect="duckdb")) for name in touched}
            stored = {name: [row.replace(report.run_id, "…") for row in found] for name, found in stored.items()}
            decided = [(each.counts, each.warnings, each.errors) for each in report.actions]
            return report.status, told, datasets, stored, decided
    except GsrulesError as error:
        return [(problem.code, problem.message) for problem in error.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path / "project", FILES)
    return tmp_path


def opened(folder: Path, body: str) -> Workspace:
    head, _, _ = body.partition("  ")
    tasks = body.removeprefix(head)
    kind = "" if head.startswith("for:") else "for: company\n"
    rule = f"rule: A rule\n{kind}{head}tasks:\n{tasks.lstrip(chr(10))}"
    path = folder / "project" / "rules" / "rule.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(rule)
    return Workspace.open(folder / "project")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the records, which takes longer to make than a run takes."""
    folder = write_files(tmp_path_factory.mktemp("seeded") / "project", FILES)
    with Workspace.open(folder).tenant("live"):
        return folder / ".gsrules" / "tenant.duckdb"


@pytest.mark.once
@pytest.mark.parametrize("key", KEYS)
def test_both_values_of_a_key_give_different_results(key: str, folder: Path, seeded: Path) -> None:
    body, other = KEYS[key]
    workspace = opened(folder, body).under(BESIDES.get(key, {}))
    # What may decide how records are seeded is tried on records of its own.
    store = folder / "none.duckdb" if key.startswith(("tenant.", "object.", "score.")) else seeded
    one = ran(workspace, store)
    assert one != ran(workspace.under({**workspace.told, key: other}), store)
    assert isinstance(one, tuple) or key in REFUSED, one


def test_the_same_values_give_the_same(folder: Path, seeded: Path) -> None:
    workspace = opened(folder, load("Note__gc: note"))
    assert ran(workspace, seeded) == ran(workspace, seeded)


def preview(folder: Path) -> tuple[Any, Any]:
    workspace = opened(folder, F)

    def rows(ws: Workspace) -> int:
        with preview_query(ws, "rule", "T", None, DATE, {}, None) as found, found.batches() as (_, batches):
            return sum(map(len, batches))

    workspace = opened(folder, where("n >= 0"))
    return rows(workspace), rows(workspace.under({"preview.rows": 2}))


def chained(folder: Path) -> Workspace:
    workspace = opened(
        folder, "schedule: {basic: {every: day, at: '06:00', start: 2026-01-01}}\n" + load("Note__gc: note")
    )
    rules = workspace.project.rules_dir
    shutil.copyfile(rules / "rule.yml", rules / "after.yml")
    (rules / "all.chain.yml").write_text("chain: All\nrules:\n  - rule: [after]\n")
    return workspace


def chain_stops(folder: Path) -> tuple[Any, Any]:
    workspace = chained(folder)

    def reports(ws: Workspace, store: str) -> list[str]:
        done = run_all(ws, ["all"], RunOptions(rule_date=DATE), folder / store)
        return [report.rule for report in done.reports]

    return reports(workspace, "1.duckdb"), reports(workspace.under({"chain.stop_on": "partial"}), "2.duckdb")


def chain_schedules(folder: Path) -> tuple[Any, Any]:
    workspace = chained(folder)
    found = [
        validate_project(ws, ["all"]).errors for ws in (workspace, workspace.under({"chain.own_schedule": "ignore"}))
    ]
    return len(found[0]), len(found[1])


SPECIAL: dict[str, Callable[[Path], tuple[Any, Any]]] = {
    "preview.rows": preview,
    "chain.stop_on": chain_stops,
    "chain.own_schedule": chain_schedules,
}  # fmt: skip
ELSEWHERE = {
    "limits.s3_uncompressed_gb": "tests/sources/test_packed.py",
    "limits.s3_uncompressed_ratio": "tests/sources/test_packed.py",
    "values.blank_is_null": "tests/plan/test_fetch.py",
    "run.export_on_exists": "tests/actions/test_export_to_s3.py",
    "run.action_visibility": "tests/run/test_run_keys.py",
    "run.test_run": "tests/run/test_run_keys.py",
    "run.auto_deactivate": "tests/run/test_run_keys.py",
    "run.disable_after_failures": "tests/run/test_run_keys.py",
    "run.timeout_minutes": "tests/run/test_run_keys.py",
    "load.require_sfdc_permission": "tests/actions/test_load_to_salesforce.py",
    "object.lead_sync": "tests/actions/test_load_outbox.py",
    "object.opportunity_sync": "tests/actions/test_load_outbox.py",
}


@pytest.mark.once
@pytest.mark.parametrize("key", SPECIAL)
def test_both_values_of_a_key_beside_rules_give_different_results(key: str, folder: Path) -> None:
    one, two = SPECIAL[key](folder)
    assert one != two


def test_every_key_is_proven_or_refused() -> None:
    """A new key needs an entry above; one that is not ready has only its default."""
    proven = {*KEYS, *SPECIAL, *ELSEWHERE}
    root = Path(__file__).parents[1]
    assert all(key in (root / path).read_text(encoding="utf-8") for key, path in ELSEWHERE.items())
    missing = []
    for name, key in profile_keys().items():
        if key.ready:
            missing += [] if name in proven else [name]
            continue
        with pytest.raises(InputError, match="GS-NOT-YET"):
            Profile.default().overlaid({name: _another(key)})
    assert missing == []


def _another(key: Any) -> object:
    if key.values:
        return next(value for value in key.values if value != key.default)
    samples = {"integer": 1, "list": [*key.members][:1] or ["Name"], "number_pair": [1, 9]}
    return samples[key.type]
