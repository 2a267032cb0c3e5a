"""Makes the example company's book: datasets/records/*.csv and datasets/s3/gainsight-managed/input/*.csv.

    python datasets/make_example.py

Standard library only and a fixed seed: every run writes the same bytes. All names are made up of word lists.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

HERE = Path(__file__).resolve().parent
RECORDS = HERE / "records"
INPUT = HERE / "s3" / "gainsight-managed" / "input"

TODAY = date(2026, 11, 23)  # a Monday; the last file is yesterday's
DAYS = [TODAY - timedelta(days=n) for n in range(14, 0, -1)]  # 2026-11-09 … 2026-11-22, two whole weeks
COMPANIES = 500
NEWCOMERS = 40  # every so-manieth company has just become a customer
USERS = 25
CONTACTS = 1500


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words("""
    Amber Alder Birch Cedar Cobalt Copper Coral Crimson Elm Fern Flint Granite Hazel Indigo Iron Ivory Juniper Larch
    Maple Marble Olive Pewter Quartz Saffron Slate Willow
""")
SECOND = _words("""
    Anchor Arbor Bay Bridge Brook Canyon Cove Delta Field Ford Gate Grove Harbor Haven Hill Island Lake Meadow Mesa
    Mill Orchard Pier Point Ridge River Shore Spring Summit Valley Wharf
""")
INDUSTRIES = {
    "Logistics": "Transport",
    "Freight": "Transport",
    "Foods": "Consumer Goods",
    "Textiles": "Consumer Goods",
    "Clinics": "Healthcare",
    "Diagnostics": "Healthcare",
    "Insurance": "Financial Services",
    "Credit": "Financial Services",
    "Software": "Technology",
    "Networks": "Technology",
    "Energy": "Utilities",
    "Water": "Utilities",
}

# Feature → how often it is used, relative to the others.
FEATURES = {
    "Dashboards": 1.0,
    "Reports": 0.8,
    "Workflows": 0.6,
    "Alerts": 0.5,
    "Mobile App": 0.4,
    "API": 0.4,
    "Exports": 0.25,
    "Imports": 0.2,
    "Integrations": 0.15,
    "Admin Console": 0.1,
}
SUMMARY_FEATURES = ["Dashboards", "Reports", "Workflows", "Alerts", "Mobile App", "API"]

# How a company's usage moves: share of the book, factor of the first week, factor of the second.
TRENDS = [
    ("steady", 0.70, 1.0, 1.0),
    ("falling", 0.11, 1.0, 0.45),
    ("recovering", 0.06, 0.4, 1.0),
    ("silent", 0.02, 1.0, 0.0),
    ("growing", 0.07, 1.0, 1.35),
    ("unused", 0.04, 0.0, 0.0),
]

GOOD_COMMENTS = ["Does what we need.", "The team likes the new reports.", "Fast answers from support.", ""]
MIXED_COMMENTS = ["Fine, but exports are slow.", "We miss a few integrations.", "", "Setup took a while."]
BAD_COMMENTS = [
    "Too many clicks for a simple report.",
    'We were promised "soon" three times.',
    "Alerts arrive late, we stopped trusting them.",
    "Our sponsor left; nobody here knows why we have it.",
    "",
]
SUBJECTS = [
    "Report does not load",
    "Export is cut off",
    "Cannot add a user",
    "Alert fires twice",
    "API answers 500",
    "Question about roles",
    "Numbers differ from last month",
    "Mobile app signs me out",
]


class Dice:
    """Random choices built on `random()` alone, the one method whose stream never changes."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def below(self, limit: int) -> int:
        return int(self._random() * limit)

    def between(self, low: float, high: float) -> float:
        return low + self._random() * (high - low)

    def chance(self, share: float) -> bool:
        return self._random() < share

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]


@dataclass(frozen=True, slots=True)
class Company:
    number: int
    name: str
    industry: str
    status: str
    stage: str
    arr: int
    employees: int
    customer_since: date
    renewal: date
    csm: str
    trend: str
    first_week: float
    second_week: float
    logins: float  # of its best feature on a weekday
    features: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"A-{self.number:04d}"


@dataclass(frozen=True, slots=True)
class Usage:
    account: str
    day: date
    feature: str
    logins: int
    minutes: int | None


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(["" if value is None else value for value in row] for row in rows)


def user_email(number: int) -> str:
    return f"csm.{number:02d}@example.com"


def company_names(dice: Dice) -> list[tuple[str, str]]:
    """`COMPANIES` different names, each with its industry."""
    names: dict[str, str] = {}
    while len(names) < COMPANIES:
        trade = dice.pick(list(INDUSTRIES))
        names.setdefault(f"{dice.pick(FIRST)} {dice.pick(SECOND)} {trade}", INDUSTRIES[trade])
    return list(names.items())


def pick_trend(dice: Dice) -> tuple[str, float, float]:
    place = dice.between(0, 1)
    for name, share, first, second in TRENDS:
        if place < share:
            return name, first, second
        place -= share
    name, _, first, second = TRENDS[0]
    return name, first, second


def customer_since(number: int, days: int) -> date:
    """Most have been customers for long; some signed within the last weeks, one today and one thirty days ago."""
    if number % NEWCOMERS:
        return TODAY - timedelta(days=200 + days)
    return TODAY - timedelta(days=3 * (number // NEWCOMERS - 1))


def make_companies() -> list[Company]:
    dice = Dice("companies")
    companies = []
    for number, (name, industry) in enumerate(company_names(dice), start=1):
        status = "Active" if dice.chance(0.9) else dice.pick(["Inactive", "Churn"])
        trend, first, second = pick_trend(dice) if status == "Active" else ("unused", 0.0, 0.0)
        stage = "Churn" if status == "Churn" else dice.pick(["Launched", "Adopting", "Adopting", "Kicked Off"])
        breadth = 4 + dice.below(7)
        companies.append(
            Company(
                number=number,
                name=name,
                industry=industry,
                status=status,
                stage=stage,
                arr=500 * (8 + dice.below(40) * (1 + dice.below(10))),
                employees=10 + dice.below(60) * (1 + dice.below(50)),
                customer_since=customer_since(number, dice.below(1800)),
                renewal=TODAY + timedelta(days=dice.below(400) - 20),
                csm=user_email(1 + dice.below(USERS - 1)),
                trend=trend,
                first_week=first * dice.between(0.97, 1.03),
                second_week=second * dice.between(0.9, 1.1),
                logins=dice.between(4, 30),
                features=tuple(FEATURES)[:breadth],
            )
        )
    return companies


def make_usage(companies: Sequence[Company]) -> list[Usage]:
    dice = Dice("usage")
    rows = []
    for day in DAYS:
        weekday = 0.3 if day.weekday() >= 5 else 1.0
        for company in companies:
            factor = company.first_week if day < DAYS[7] else company.second_week
            for feature in company.features:
                expected = company.logins * FEATURES[feature] * weekday * factor
                logins = round(expected * dice.between(0.8, 1.2))
                minutes = round(logins * dice.between(3, 14))
                unknown = dice.chance(0.004)  # the export loses a figure now and then
                if logins:
                    rows.append(Usage(company.id, day, feature, logins, None if unknown else minutes))
        for trial in range(1, 11):  # accounts of people who only try the product: not in Gainsight
            rows.append(Usage(f"T-{trial:04d}", day, "Dashboards", 1 + dice.below(5), dice.below(60)))
    return rows


def write_usage(companies: Sequence[Company]) -> None:
    """The daily files, and the summaries that the nights before the last have loaded."""
    usage = make_usage(companies)
    by_day: dict[date, list[Usage]] = defaultdict(list)
    for row in usage:
        by_day[row.day].append(row)
    for day, rows in by_day.items():
        header = ["Account ID", "Data Date", "Feature", "Logins", "Minutes"]
        lines = [(r.account, r.day, r.feature, r.logins, r.minutes) for r in rows]
        write(INPUT / f"usage-{day}.csv", header, lines)

    known = {company.id for company in companies}
    groups: dict[tuple[date, str], list[Usage]] = defaultdict(list)
    for row in usage:
        if row.account in known and row.day != DAYS[-1]:
            groups[row.day, row.account].append(row)
    header = ["Company_ID__gc.ExternalId", "Day__gc", "Logins__gc", "Minutes__gc", "Features_Used__gc"]
    header += [f"{feature.replace(' ', '_')}__gc" for feature in SUMMARY_FEATURES]
    summaries: list[Sequence[object]] = []
    for (day, account), rows in groups.items():
        minutes = [row.minutes for row in rows if row.minutes is not None]
        logins = {feature: sum(r.logins for r in rows if r.feature == feature) for feature in SUMMARY_FEATURES}
        total = sum(row.logins for row in rows)
        features = len({row.feature for row in rows})
        summaries.append([account, day, total, sum(minutes) if minutes else None, features, *logins.values()])
    write(RECORDS / "usage_summary__gc.csv", header, summaries)


def write_users() -> None:
    header = ["Name", "FirstName", "LastName", "Email", "Title", "LicenseType", "IsActiveUser", "Manager.Email"]
    rows: list[Sequence[object]] = [
        ["Csm Lead", "Csm", "Lead", "csm.lead@example.com", "Head of Customer Success", "Full", "true", None]
    ]
    for number in range(1, USERS):
        active = "false" if number == USERS - 1 else "true"  # one has left and still owns companies
        name = f"Csm {number:02d}"
        manager = "csm.lead@example.com"
        rows.append([name, "Csm", f"{number:02d}", user_email(number), "CSM", "Full", active, manager])
    write(RECORDS / "gsuser.csv", header, rows)


def write_companies(companies: Sequence[Company]) -> None:
    header = ["Name", "ExternalId", "Industry", "Status", "Stage", "Arr", "Employees", "OriginalContractDate"]
    header += ["RenewalDate", "Csm.Email"]
    write(
        RECORDS / "company.csv",
        header,
        [
            [c.name, c.id, c.industry, c.status, c.stage, c.arr, c.employees, c.customer_since, c.renewal, c.csm]
            for c in companies
        ],
    )


def make_contacts(companies: Sequence[Company]) -> list[tuple[str, Company]]:
    dice = Dice("contacts")
    return [
        (f"contact.{number:04d}@example.com", companies[number - 1] if number <= COMPANIES else dice.pick(companies))
        for number in range(1, CONTACTS + 1)
    ]


def write_contacts(contacts: Sequence[tuple[str, Company]]) -> None:
    dice = Dice("titles")
    titles = ["Administrator", "Head of Operations", "Analyst", "Team Lead", "Project Manager"]
    people, members = [], []
    for number, (email, company) in enumerate(contacts, start=1):
        people.append([f"Contact {number:04d}", "Contact", f"{number:04d}", email])
        role = "Sponsor" if number <= COMPANIES else dice.pick(["User", "User", "Champion"])
        members.append([email, company.id, role, dice.pick(titles), "true", "true"])
    write(RECORDS / "person.csv", ["Name", "FirstName", "LastName", "Email"], people)
    header = ["Person_ID.Email", "Company_ID.ExternalId", "Role", "Title", "IsPrimaryCompany", "Active"]
    write(RECORDS / "company_person.csv", header, members)


def write_contact_file(contacts: Sequence[tuple[str, Company]]) -> None:
    """What the CRM sends each night: some contacts as they are, some with another title, some who are new."""
    dice = Dice("contact file")
    header = ["Email", "First Name", "Last Name", "Account ID", "Role", "Title"]
    rows: list[Sequence[object]] = []
    for number, (email, company) in enumerate(contacts, start=1):
        if dice.chance(0.08):
            title = dice.pick(["Head of Operations", "Analyst", "Team Lead", None])  # None: not known to the CRM
            rows.append([email, "Contact", f"{number:04d}", company.id, dice.pick(["User", "Champion"]), title])
    for number in range(CONTACTS + 1, CONTACTS + 41):
        company = contacts[number * 7 % CONTACTS][1]
        account = "T-0001" if number % 20 == 0 else company.id  # of a trial account: no company of ours
        email = None if number % 25 == 0 else f"contact.{number:04d}@example.com"
        rows.append([email, "Contact", f"{number:04d}", account, "User", "Administrator"])
    write(INPUT / f"contacts-{DAYS[-1]}.csv", header, rows)


def write_contracts(companies: Sequence[Company]) -> None:
    dice = Dice("contracts")
    header = ["Name", "Contract_ID__gc", "Company_ID__gc.ExternalId", "Start_Date__gc", "End_Date__gc"]
    header += ["Value__gc", "Auto_Renew__gc", "Status__gc"]
    rows: list[Sequence[object]] = []

    def add(company: Company, ends: date, value: int, automatic: bool, status: str) -> None:
        contract = f"C-{len(rows) + 1:05d}"
        starts = ends - timedelta(days=365)
        rows.append(
            [f"{company.name} {contract}", contract, company.id, starts, ends, value, str(automatic).lower(), status]
        )

    for company in companies:
        automatic = dice.chance(0.3)
        running = "Active" if company.status == "Active" else "Expired"
        add(company, company.renewal, company.arr, automatic, running)
        if dice.chance(0.25):  # an add-on that ends with the main contract
            add(company, company.renewal, 500 * (1 + dice.below(20)), automatic, running)
        if dice.chance(0.2):
            add(company, company.renewal - timedelta(days=365), company.arr, automatic, "Expired")
    write(RECORDS / "contract__gc.csv", header, rows)


def write_ctas(companies: Sequence[Company]) -> None:
    """What earlier nights and people have opened: open and closed, by rules and by hand."""
    header = ["Name", "CompanyId.ExternalId", "TypeId.Name", "ReasonId.Name", "StatusId.Name", "PriorityId.Name"]
    header += ["OwnerId.Email", "DueDate", "OriginalDueDate", "EntityType", "Source", "IsClosed", "ClosedDate"]
    header += ["CreatedDate", "Comments"]
    rows: list[Sequence[object]] = []

    def add(
        company: Company,
        name: str,
        kind: tuple[str, str],
        created: date,
        closed: date | None = None,
        source: str = "Rules",
    ) -> None:
        due = created + timedelta(days=7)
        closed_at = f"{closed} 00:00:00" if closed else None
        status = "Closed Success" if closed else "New"
        row = [name, company.id, *kind, status, "Medium", company.csm, due, due, "COMPANY", source]
        rows.append([*row, "true" if closed else "false", closed_at, f"{created} 00:00:00", f"Opened on {created}."])

    drop = ("Risk", "Usage Drop")
    recovering = [c for c in companies if c.trend == "recovering"]
    for company in recovering:
        add(company, "Usage fell", drop, date(2026, 11, 16))
    for place, company in enumerate(c for c in companies if c.trend == "falling"):
        if place % 6 == 0:  # still open: the rule will update it
            add(company, "Usage fell", drop, date(2026, 11, 17))
        elif place % 6 == 1:  # closed last Wednesday: within the seven days that the rule waits
            add(company, "Usage fell", drop, date(2026, 11, 2), closed=date(2026, 11, 18))
        elif place % 6 == 2:  # closed long ago: the rule may open another
            add(company, "Usage fell", drop, date(2026, 9, 1), closed=date(2026, 9, 20))
    for company in recovering[:4]:  # opened by a person: the recovery rule leaves it alone
        add(company, "Sponsor changed jobs", ("Risk", "Sponsor Left"), date(2026, 11, 12), source="Manual")
    soon = [c for c in companies if c.status == "Active" and 0 < (c.renewal - TODAY).days <= 30]
    for company in soon[:15]:
        add(company, f"Renewal due {company.renewal}", ("Lifecycle", "Renewal Due"), date(2026, 10, 5))
    write(RECORDS / "call_to_action.csv", header, rows)


def write_nps(contacts: Sequence[tuple[str, Company]]) -> None:
    dice = Dice("nps")
    header = ["Response ID", "Email", "Score", "Comment", "Responded At"]
    rows: list[Sequence[object]] = []
    for email, company in contacts:
        if company.status != "Active" or not dice.chance(0.14):
            continue
        high = 8 if company.trend in ("falling", "silent") else 11
        score = dice.below(high) if dice.chance(0.3) else min(10, 7 + dice.below(4))
        comments = BAD_COMMENTS if score <= 6 else MIXED_COMMENTS if score <= 8 else GOOD_COMMENTS
        moment = datetime(2026, 11, 22, 6) + timedelta(minutes=dice.below(14 * 60))
        sent_as = email.upper() if dice.chance(0.05) else email  # survey tools keep what people type
        rows.append([f"R-{len(rows) + 1:05d}", sent_as, score, dice.pick(comments), moment])
    rows.append([f"R-{len(rows) + 1:05d}", "somebody@example.com", 2, "Who are you?", datetime(2026, 11, 22, 9)])
    write(INPUT / f"nps-{DAYS[-1]}.csv", header, rows)


def write_tickets(companies: Sequence[Company]) -> None:
    dice = Dice("tickets")
    header = ["Ticket ID", "Account ID", "Subject", "Severity", "Opened At", "Closed At"]
    rows: list[Sequence[object]] = []
    for company in companies:
        if company.status != "Active":
            continue
        trouble = 4 if company.trend in ("falling", "silent") else 2
        for _ in range(dice.below(trouble + 1)):
            opened = datetime(2026, 11, 22, 20) - timedelta(minutes=dice.below(60 * 24 * 60))
            closed = opened + timedelta(minutes=30 + dice.below(14 * 24 * 60))
            closed_at = None if closed > datetime(2026, 11, 22, 23) else closed
            severity = dice.pick(["P1", "P2", "P2", "P3", "P3", "P3", "P4"])
            rows.append([f"S-{len(rows) + 1:05d}", company.id, dice.pick(SUBJECTS), severity, opened, closed_at])
    write(INPUT / f"tickets-{DAYS[-1]}.csv", header, rows)


def main() -> None:
    companies = make_companies()
    contacts = make_contacts(companies)
    write_users()
    write_companies(companies)
    write_contacts(contacts)
    write_contact_file(contacts)
    write_contracts(companies)
    write_ctas(companies)
    write_usage(companies)
    write_nps(contacts)
    write_tickets(companies)


if __name__ == "__main__":
    main()
