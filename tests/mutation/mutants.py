"""Sixty-five small changes to the example's rules, one to each a person could make by mistake.

`old` stands in the rule file exactly once (or `count` names which one is meant) and is replaced by `new`. Each must
still be a rule that loads. `EQUIVALENT` holds changes that no test can tell from the original, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DROP, RECOVERY, ROLLUP = "adoption/usage_drop", "adoption/usage_recovery", "adoption/usage_rollup"
HEALTH, RENEWAL, TICKETS, NPS = (
    "health/company_health",
    "renewals/renewal_90_days",
    "support/ticket_load",
    "voice/nps_detractor",
)
SCORES, ALERT, PLAN, CONTACTS, TIMELINE = (
    "health/scores",
    "health/churn_alert",
    "success/onboarding_plan",
    "people/contacts_load",
    "support/ticket_timeline",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `occurrence` counts from 1 where `old` stands several times in the file."""

    rule: str
    kind: str
    old: str
    new: str
    occurrence: int = 1
    reason: str = ""

    def applied(self, text: str) -> str:
        """The rule file with the change; a change that does not fit the file is a mistake in this list."""
        parts = text.split(self.old)
        assert len(parts) > self.occurrence, f"{self.rule} has no {self.occurrence}. {self.old!r}"
        return self.old.join(parts[: self.occurrence]) + self.new + self.old.join(parts[self.occurrence :])

    def __str__(self) -> str:
        return f"{self.rule}: {self.old} → {self.new or '(nothing)'}"


def rule_file(rules: Path, rule: str) -> Path:
    return rules / f"{rule}.yml"


MUTANTS: tuple[Mutant, ...] = (
    # thresholds
    Mutant(DROP, "threshold", "drop: -30", "drop: -31"),
    Mutant(DROP, "threshold", "min_logins: 20", "min_logins: 21"),
    Mutant(RECOVERY, "threshold", "back: 0", "back: 1"),
    Mutant(HEALTH, "threshold", "green: 70", "green: 71"),
    Mutant(HEALTH, "threshold", "yellow: 40", "yellow: 41"),
    Mutant(RENEWAL, "threshold", "large: 50000", "large: 50001"),
    Mutant(NPS, "threshold", "when: Score <= 6", "when: Score <= 7"),
    # operators
    Mutant(DROP, "operator", "[Last Week] >= :min_logins", "[Last Week] > :min_logins"),
    Mutant(RECOVERY, "operator", "Change >= :back", "Change > :back"),
    Mutant(RECOVERY, "operator", "A and B and C", "A and (B or C)"),
    Mutant(HEALTH, "operator", "(A or B) and C", "A and C"),
    Mutant(HEALTH, "operator", "[Closed At] > rule_date", "[Closed At] >= rule_date"),
    Mutant(NPS, "operator", "Email ~ Contact Email", "Email = Contact Email"),
    # criteria and filters
    Mutant(DROP, "criteria", "Status in ('Active')", "Status in ('Active', 'Churn')"),
    Mutant(RECOVERY, "criteria", "ReasonId.Name = 'Usage Drop'", "ReasonId.Name != 'Usage Drop'"),
    Mutant(HEALTH, "criteria", "Severity in ('Critical', 'High')", "Severity in ('Critical')"),
    Mutant(RENEWAL, "criteria", "Value < :large or Value is null", "Value < :large"),
    Mutant(RENEWAL, "criteria", '- "[Auto Renew] = false"', '- "[Auto Renew] = false or [Auto Renew] is null"'),
    Mutant(NPS, "criteria", "IsPrimaryCompany = true", "IsPrimaryCompany = true or IsPrimaryCompany = false"),
    # join kinds
    Mutant(DROP, "join kind", "dataset: Weeks, keep: common", "dataset: Weeks, keep: right"),
    Mutant(ROLLUP, "join kind", "By feature, keep: common", "By feature, keep: right"),
    Mutant(HEALTH, "join kind", "dataset: NPS, keep: left", "dataset: NPS, keep: common"),
    Mutant(RENEWAL, "join kind", "keep: common", "keep: left"),
    Mutant(NPS, "join kind", "keep: common", "keep: left"),
    # identifiers
    Mutant(DROP, "identifiers", "identifiers: [type, reason]", "identifiers: [type, reason, name]"),
    Mutant(ROLLUP, "identifiers", "identifiers: [Company_ID__gc, Day__gc]", "identifiers: [Company_ID__gc]"),
    Mutant(TICKETS, "identifiers", "[Ticket_ID__gc]", "[Ticket_ID__gc, Subject__gc]"),
    Mutant(TICKETS, "identifiers", "operation: upsert", "operation: insert"),
    # tokens
    Mutant(DROP, "token", "${[This Week]} logins", "${[Last Week]} logins"),
    Mutant(RENEWAL, "token", 'name: "Renewal due ${Renews}"', 'name: "Renewal due ${Name}"'),
    Mutant(NPS, "token", "NPS ${Score} from", "NPS from"),
    # dates
    Mutant(DROP, "date", "in last 14 days", "in last 13 days"),
    Mutant(DROP, "date", "[Day] < rule_date - 7 days", "[Day] <= rule_date - 7 days"),
    Mutant(ROLLUP, "date", "subtract_days: 1", "subtract_days: 2"),
    Mutant(HEALTH, "date", "in last 90 days", "in last 91 days"),
    Mutant(RENEWAL, "date", "rule_date + 90 days", "rule_date + 89 days"),
    Mutant(NPS, "date", "due: {days: 2,", "due: {days: 3,"),
    # case arms
    Mutant(HEALTH, "case arm", "Logins >= 150 then 50", "Logins > 150 then 50"),
    Mutant(HEALTH, "case arm", "when Logins > 0 then 15 else 0", "when Logins > 0 then 15 else 15"),
    Mutant(HEALTH, "case arm", "Tickets = 1 then 5", "Tickets <= 2 then 5"),
    Mutant(HEALTH, "case arm", "when NPS >= 7 then 10", "when NPS > 7 then 10"),
    # on_null, default, map
    Mutant(ROLLUP, "default", "default: 0", "default: 1"),
    Mutant(HEALTH, "on_null", "on_null: write", "on_null: skip"),
    Mutant(TICKETS, "default", "default: (no subject)", "default: (none)"),
    Mutant(TICKETS, "map", "P2: High", "P2: Normal"),
    Mutant(TICKETS, "lookup", "multiple: error", "multiple: any_one"),
    # owner, status, and what else a CTA gets
    Mutant(DROP, "owner", "owner: {column: CSM, default: csm.lead@example.com}", "owner: {column: CSM}"),
    Mutant(RECOVERY, "status", "status: Closed Success", "status: Closed No Action"),
    Mutant(RENEWAL, "playbook", "    playbook: Renewal\n", ""),
    Mutant(RECOVERY, "sources", "sources: [Rules]", "sources: [Rules, Manual]"),
    # scores, success plans, people, the timeline, calls
    Mutant(SCORES, "threshold", "Logins >= 200", "Logins >= 190"),
    Mutant(SCORES, "operator", "Tickets * 25", "Tickets * 20"),
    Mutant(SCORES, "measure", "measure: Support", "measure: Product Usage"),
    Mutant(ALERT, "threshold", "large: 20000", "large: 20001"),
    Mutant(ALERT, "operator", "Health in ('Red')", "Health in ('Red', 'Yellow')"),
    Mutant(ALERT, "token", "renews: Renewal Date", "renews: CSM"),
    Mutant(PLAN, "threshold", "rule_date - 30 days", "rule_date - 29 days"),
    Mutant(PLAN, "identifiers", "identifiers: [type, name]", "identifiers: [type, name, status]"),
    Mutant(PLAN, "due date", "days: 90, skip: nothing", "days: 90, skip: weekends"),
    Mutant(CONTACTS, "join kind", "keep: left", "keep: common"),
    Mutant(CONTACTS, "nulls", "Title: {column: Title, on_null: skip}", "Title: Title"),
    Mutant(CONTACTS, "criteria", "when: Email is not null", "when: '[Account ID] is not null'"),
    Mutant(TIMELINE, "period", "in last 7 days", "in last 6 days"),
    Mutant(TIMELINE, "operation", "operation: upsert", "operation: insert"),
    Mutant(TIMELINE, "owner", "csm.lead@example.com", "csm.01@example.com"),
)

EQUIVALENT: tuple[Mutant, ...] = (
    Mutant(
        HEALTH, "threshold", "yellow: 40", "yellow: 39",
        reason="all points are multiples of five: nobody can have 39",
    ),
    Mutant(
        ROLLUP, "join kind", "By account, keep: common", "By account, keep: right",
        reason="the next merge keeps only rows with an External ID, which the rows alone on the right have not",
    ),
    Mutant(
        RECOVERY, "operator", "IsClosed = false", "IsClosed != true",
        reason="a CTA is open or closed: IsClosed is never null, and of two values not one means the other",
    ),
    Mutant(
        RENEWAL, "operator", "[Auto Renew] = false", "[Auto Renew] != true",
        reason="a null is neither equal nor unequal to anything, so both leave it out",
    ),
    Mutant(
        DROP, "aggregate", "show: [Company ID as Company GSID, Day, Logins]",
        "show: [Company ID as Company GSID, Day, Logins, Minutes]",
        reason="the column is not used by any later dataset",
    ),
    Mutant(
        ROLLUP, "join kind", "{dataset: By feature, keep: common", "{dataset: By feature, keep: left",
        reason="both datasets come from the same rows, so an account that is in one is in the other",
    ),
)  # fmt: skip
