"""Five rules over a data set that others made, and every figure of theirs against plain SQL over the same files.

The SQL is written from what the rules say, without looking at how gsrules compiles them.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.report import RunReport
from gsrules.run.workspace import Workspace

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1].parent / "shared" / "data" / "ravenstack"
RULE_DATE = dt.date(2024, 11, 3)  # the day with most urgent tickets open
RULES = ("accounts", "revenue", "events", "usage", "health")

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the RavenStack files are not here: put them into {DATA} to run this test"
)

Rows = list[tuple[Any, ...]]


class Book:
    """The project after its rules have run once, its reports, and the files as SQL tables."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
        (folder / "gsrules.toml").write_text(f'[buckets.ravenstack]\npath = "{DATA}"\n', encoding="utf-8")
        self.workspace = Workspace.open(folder, folder)
        self.reports: dict[str, RunReport] = {}
        self.files = duckdb.connect()
        for name in ("accounts", "subscriptions", "feature_usage", "support_tickets"):
            self.files.execute(f"CREATE VIEW {name} AS FROM read_csv('{DATA / f'ravenstack_{name}.csv'}')")
        self.files.execute(f"CREATE MACRO rule_date() AS DATE '{RULE_DATE}'")
        self.files.execute(
            "CREATE VIEW account_usage AS FROM feature_usage JOIN subscriptions USING (subscription_id) "
            "SELECT account_id, usage_date, feature_name, usage_count, usage_duration_secs, error_count"
        )

    def run(self, rule: str) -> RunReport:
        with self.workspace.tenant(mode="live") as tenant:
            return run_rule(self.workspace, rule, RunOptions(rule_date=RULE_DATE, mode="live"), tenant).report

    def tenant(self, sql: str) -> Rows:
        with self.workspace.tenant(mode="read") as tenant:
            return tenant.con.execute(sql).fetchall()

    def sql(self, sql: str) -> Rows:
        return self.files.execute(sql).fetchall()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    book = Book(tmp_path_factory.mktemp("ravenstack"))
    for rule in RULES:
        book.reports[rule] = book.run(rule)
    yield book
    book.files.close()


def counts(report: RunReport, action: str) -> dict[str, int]:
    found = next(entry.counts for entry in report.actions if entry.id == action)
    names = ("received", "matched", "created", "updated", "closed", "unchanged", "skipped", "failed")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def test_all_rules_succeed(book: Book) -> None:
    assert {rule: report.status for rule, report in book.reports.items()} == dict.fromkeys(RULES, "SUCCESS")


def test_every_account_is_one_company(book: Book) -> None:
    assert counts(book.reports["accounts"], "Load companies") == {"received": 500, "matched": 500, "created": 500}
    assert book.tenant(
        "SELECT ExternalId, Name, Industry, Country__gc, OriginalContractDate, Plan__gc, CAST(Seats__gc AS BIGINT), "
        "Trial__gc, Status FROM company_labels ORDER BY 1"
    ) == book.sql(
        "SELECT account_id, account_name, industry, country, signup_date, plan_tier, seats, is_trial, "
        "CASE WHEN churn_flag THEN 'Churn' ELSE 'Active' END FROM accounts ORDER BY 1"
    )


def test_active_revenue_of_each_company(book: Book) -> None:
    expected = book.sql(
        "SELECT account_id, coalesce(sum(mrr_amount)::BIGINT, 0), coalesce(sum(arr_amount)::BIGINT, 0), "
        "count(subscription_id) FROM accounts LEFT JOIN (FROM subscriptions WHERE end_date IS NULL AND NOT is_trial) "
        "USING (account_id) GROUP BY ALL ORDER BY 1"
    )
    assert (
        book.tenant(
            "SELECT ExternalId, CAST(Mrr AS BIGINT), CAST(Arr AS BIGINT), CAST(Active_Subscriptions__gc AS BIGINT) "
            "FROM company ORDER BY 1"
        )
        == expected
    )
    assert counts(book.reports["revenue"], "Write revenue") == {"received": 500, "matched": 500, "updated": 500}


def test_of_two_rows_with_one_usage_id_the_last_in_order_wins(book: Book) -> None:
    assert counts(book.reports["events"], "Load usage events") == {
        "received": 25000,
        "matched": 25000,
        "created": 24979,
        "skipped": 21,
    }
    assert book.tenant(
        "SELECT Usage_ID__gc, Subscription_ID__gc, Day__gc, Feature__gc, CAST(Uses__gc AS BIGINT), "
        "CAST(Seconds__gc AS BIGINT), CAST(Errors__gc AS BIGINT), Beta__gc FROM usage_event__gc ORDER BY 1"
    ) == book.sql(
        "FROM feature_usage QUALIFY row_number() OVER (PARTITION BY usage_id ORDER BY subscription_id DESC, "
        "usage_date DESC, feature_name DESC, usage_count DESC, usage_duration_secs DESC, error_count DESC, "
        "is_beta_feature DESC) = 1 ORDER BY usage_id"
    )


def test_usage_of_each_company(book: Book) -> None:
    features = ", ".join(
        f"coalesce(sum(usage_count) FILTER (feature_name = 'feature_{n}'), 0)::BIGINT" for n in range(1, 6)
    )
    expected = book.sql(
        "SELECT account_id, sum(usage_count)::BIGINT AS uses, sum(usage_duration_secs)::BIGINT AS seconds, "
        "sum(error_count)::BIGINT AS errors, count(DISTINCT feature_name), min(usage_date), max(usage_date), "
        "round((errors / uses)::DECIMAL(38, 12), 4)::DECIMAL(38, 9), "
        f"round((seconds / 60 / uses)::DECIMAL(38, 12), 2)::DECIMAL(38, 9), {features} "
        "FROM account_usage GROUP BY account_id ORDER BY 1"
    )
    columns = ", ".join(f"CAST(Feature_{n}__gc AS BIGINT)" for n in range(1, 6))
    actual = book.tenant(
        "SELECT c.ExternalId, CAST(Uses__gc AS BIGINT), CAST(Seconds__gc AS BIGINT), CAST(Errors__gc AS BIGINT), "
        f"CAST(Features__gc AS BIGINT), First_Day__gc, Last_Day__gc, Error_Rate__gc, Minutes_a_Use__gc, {columns} "
        "FROM account_usage__gc JOIN company AS c ON c.Gsid = Company_ID__gc ORDER BY 1"
    )
    assert actual == expected
    assert counts(book.reports["usage"], "Write usage")["created"] == len(expected)


HEALTH = """
WITH quarters AS (
  SELECT account_id,
         coalesce(sum(usage_count) FILTER (usage_date >= rule_date() - 90), 0)::BIGINT AS now,
         coalesce(sum(usage_count) FILTER (usage_date < rule_date() - 90), 0)::BIGINT AS before
  FROM account_usage
  WHERE usage_date BETWEEN rule_date() - 180 AND rule_date() - 1
  GROUP BY account_id
),
urgent AS (
  SELECT account_id, count(*) AS urgent
  FROM support_tickets
  WHERE priority = 'urgent' AND submitted_at <= rule_date()
    AND (closed_at IS NULL OR closed_at >= rule_date()::TIMESTAMP)
  GROUP BY account_id
),
resolved AS (
  SELECT account_id, round(avg(resolution_time_hours)::DECIMAL(38, 12), 9)::DECIMAL(38, 9) AS hours
  FROM support_tickets
  WHERE closed_at::DATE BETWEEN rule_date() - 90 AND rule_date() - 1
  GROUP BY account_id
),
signals AS (
  SELECT account_id, account_name, now, before, urgent, hours,
         CASE WHEN before > 0 THEN round(((now - before) / before * 100)::DECIMAL(38, 12), 2)::DECIMAL(38, 9) END
           AS change
  FROM accounts LEFT JOIN quarters USING (account_id) LEFT JOIN urgent USING (account_id)
    LEFT JOIN resolved USING (account_id)
  WHERE NOT churn_flag
)
SELECT *, CASE WHEN urgent >= 1 OR now IS NULL OR change < -60 THEN 'Red'
               WHEN change < -20 OR hours > 48 THEN 'Yellow' ELSE 'Green' END AS health
FROM signals
"""


def test_health_fields_of_each_company(book: Book) -> None:
    expected = book.sql(
        f"SELECT account_id, coalesce(now, 0), change, coalesce(urgent, 0), hours, health FROM ({HEALTH}) ORDER BY 1"
    )
    assert len({row[-1] for row in expected}) == 3  # the data tells all three colours apart
    assert (
        book.tenant(
            "SELECT ExternalId, CAST(Usage_90_Days__gc AS BIGINT), Usage_Change__gc, "
            "CAST(Urgent_Tickets__gc AS BIGINT), Hours_to_Resolve__gc, Health__gc "
            "FROM company_labels WHERE Status = 'Active' ORDER BY 1"
        )
        == expected
    )


def test_churned_companies_get_no_health(book: Book) -> None:
    assert book.tenant("SELECT count(*) FROM company_labels WHERE Status = 'Churn' AND Health__gc IS NOT NULL") == [
        (0,)
    ]


def test_urgent_tickets_and_usage_drops_open_ctas(book: Book) -> None:
    expected = book.sql(f"""
        SELECT 'Urgent Tickets', account_id, urgent || ' urgent ticket(s) at ' || account_name, 'High',
               DATE '2024-11-08'
        FROM ({HEALTH}) WHERE urgent >= 1
        UNION ALL
        SELECT 'Usage Drop', account_id,
               'Usage fell ' || rtrim(rtrim(abs(change)::VARCHAR, '0'), '.') || ' % at ' || account_name, 'Medium',
               DATE '2024-11-15'
        FROM ({HEALTH}) WHERE change <= -60 AND before >= 40
        ORDER BY 1, 2""")
    actual = book.tenant("""
        SELECT reason.Name, c.ExternalId, cta.Name, priority.Name, cta.DueDate
        FROM call_to_action AS cta JOIN company AS c ON c.Gsid = cta.CompanyId
          JOIN cockpit_picklist AS reason ON reason.Gsid = cta.ReasonId
          JOIN cockpit_picklist AS priority ON priority.Gsid = cta.PriorityId
        ORDER BY 1, 2""")
    assert {row[0] for row in expected} == {"Urgent Tickets", "Usage Drop"}
    assert actual == expected


def test_a_second_run_changes_nothing(book: Book) -> None:
    written = ("created", "updated", "closed", "failed")
    for rule in RULES:
        for action in book.run(rule).actions:
            assert {name: getattr(action.counts, name) for name in written} == dict.fromkeys(written, 0), action.id
