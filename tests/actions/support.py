"""A small world for action tests: a catalogue with objects of its own, a tenant in memory, a dataset, one action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from sqlglot import exp

from gsrules.actions.changes.staging import relation, spelled
from gsrules.actions.kind import ActionRun, BindEnv, BoundAction
from gsrules.actions.registry import action_models, bind_action
from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import BOOLEAN, DATE, DATETIME, GSID, NUMBER, STRING, WHOLE, DataType
from gsrules.errors import InputError, Problem
from gsrules.expressions.scope import Context
from gsrules.plan.nodes import Column
from gsrules.project import Project
from gsrules.spec import Kinds, RuleSpec, parse_rule
from gsrules.tenant import Tenant
from gsrules.tenant.applying import ORDER_COLUMN
from gsrules.tenant.changes import ChangeList, Write

OBJECTS = {
    "usage__gc": """
object: usage__gc
fields:
  Key__gc:     {type: string, length: 50}
  Company__gc: {type: lookup, to: company, required: true}
  Month__gc:   {type: date}
  Logins__gc:  {type: number, decimals: 0}
  Tier__gc:    {type: picklist, options: [Platinum, Gold, Silver]}
  Tags__gc:    {type: multi_picklist, options: [Red, Green, Blue]}
  Note__gc:    {type: string, length: 10}
  Owner__gc:   {type: lookup, to: gsuser}
  Mail__gc:    {type: email}
  Site__gc:    {type: url}
  Sfdc__gc:    {type: sfdc_id}
  Extra__gc:   {type: json}
  Flag__gc:    {type: boolean}
  Seen__gc:    {type: datetime}
  Money__gc:   {type: currency}
""",
    "plain__gc": """
object: plain__gc
fields:
  K__gc: {type: string, length: 50}
  M__gc: {type: email}
  V__gc: {type: string, length: 50}
  N__gc: {type: number}
  U__gc: {type: string, unique: true}
""",
    "call_to_action": """
object: call_to_action
fields:
  Note__gc: {type: string, length: 20}
  Tags__gc: {type: multi_picklist, options: [Red, Green, Blue]}
""",
}

PICKLISTS = """
cta_reasons: {Risk: [Usage Drop], Lifecycle: [Renewal]}
playbooks:
  Recovery: {type: Risk, tasks: [{name: Call, days: 2}, {name: Meet, days: 8, priority: Low}]}
  Nurture: {type: Lifecycle}
  Kick: {tasks: [{name: Agenda, days: 10, priority: Low}]}
success_plan_templates:
  Onboarding:
    type: Objectives
    objectives:
      - {name: Go live, days: 2, playbook: Kick, priority: High}
      - First value
  Rescue: {type: Retention Plan}
  Any: {objectives: [{name: Save it, type: Risk, reason: Usage Drop, days: 0, status: Work In Progress}]}
"""

TYPES: Mapping[str, DataType] = {
    "id": GSID,
    "text": STRING,
    "number": NUMBER,
    "whole": WHOLE,
    "boolean": BOOLEAN,
    "date": DATE,
    "datetime": DATETIME,
}


def company(number: int) -> str:
    """The GSID of the company of that number; 1 to 9 exist."""
    return f"1P0200000000LOCAL0{number:018d}"


def user(number: int) -> str:
    """The GSID of the user of that number; 1 to 9 exist, their e-mail addresses are u1@example.com …; 9 is inactive."""
    return f"1P0100000000LOCAL0{number:018d}"


@dataclass(frozen=True)
class Outcome:
    """What an action planned, with its effects as dictionaries in row order."""

    changes: ChangeList
    effects: Sequence[Mapping[str, Any]]
    action: BoundAction

    @property
    def outcomes(self) -> list[str]:
        return [effect["outcome"] for effect in self.effects]

    @property
    def codes(self) -> list[str | None]:
        return [effect["code"] for effect in self.effects]

    @property
    def warned(self) -> dict[str, int]:
        return {group.code: group.rows for group in self.changes.warnings}


class World:
    """A tenant with nine companies and nine users."""

    def __init__(self, folder: Path, settings: Mapping[str, object], files: Mapping[str, str] | None = None) -> None:
        (folder / "rules").mkdir(parents=True)
        (folder / "datasets" / "objects").mkdir(parents=True)
        for name, text in OBJECTS.items():
            (folder / "datasets" / "objects" / f"{name}.yml").write_text(text)
        (folder / "datasets" / "picklists.yml").write_text(PICKLISTS)
        for name, text in (files or {}).items():
            (folder / "datasets" / name).parent.mkdir(exist_ok=True)
            (folder / "datasets" / name).write_text(text)
        self.base = Project.find(folder, folder)
        self.profile = self.base.profile.overlaid(dict(settings))
        self.catalogue = Catalogue.load(self.base)
        self.tenant = Tenant.open(None, self.catalogue, self.base, "live")
        self.run_number = 0
        self.columns: tuple[Column, ...] = ()
        self.seed("company", [{"Gsid": company(n), "Name": f"C{n}"} for n in range(1, 10)])
        users = [
            {"Gsid": user(n), "Name": f"U{n}", "Email": f"u{n}@example.com", "IsActiveUser": n != 9}
            for n in range(1, 10)
        ]
        self.seed("gsuser", users)

    def seed(self, name: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Puts rows into an object as they are; columns are typed as the object's."""
        for names, alike in groupby(rows, key=tuple):
            columns = [exp.column(column, quoted=True) for column in names]
            order = exp.alias_(exp.cast(exp.Literal.number(0), "BIGINT"), ORDER_COLUMN)
            empty = exp.select(*columns, order).from_(self.tenant.table(name)).limit(0)
            self.tenant.con.execute(f"CREATE OR REPLACE TEMP TABLE seed AS {spelled(empty)}")
            values = [(*row.values(), number) for number, row in enumerate(alike)]
            marks = [exp.Tuple(expressions=[exp.Placeholder() for _ in value]) for value in values]
            insert = exp.Insert(this=relation("seed"), expression=exp.Values(expressions=marks))
            self.tenant.con.execute(spelled(insert), list(chain.from_iterable(values)))
            fields = tuple(column for column in names if column != "Gsid")
            self.tenant.apply(Write(name, "insert", "seed", fields))

    def query(self, tree: exp.Query) -> list[dict[str, Any]]:
        cursor = self.tenant.con.execute(spelled(tree))
        names = [entry[0] for entry in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def records(self, name: str) -> list[dict[str, Any]]:
        """All records of an object in the order of their insertion."""
        order = exp.column("gs_sequence", quoted=True)
        return self.query(exp.select("*").from_(self.tenant.table(name)).order_by(order))

    def dataset(self, columns: Mapping[str, str | DataType], rows: Sequence[Sequence[object]]) -> None:
        """The rows that the action gets, numbered in the given order; columns by name with their types."""
        types = {name: TYPES[kind] if isinstance(kind, str) else kind for name, kind in columns.items()}
        con = self.tenant.con
        con.execute('DROP TABLE IF EXISTS temp."dataset"')
        definitions = [
            exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=exp.DataType.build(storage, dialect="duckdb"))
            for name, storage in [*((n, t.storage) for n, t in types.items()), ("__row", "BIGINT")]
        ]
        create = exp.Create(
            this=exp.Schema(this=relation("dataset"), expressions=definitions),
            kind="TABLE",
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        )
        con.execute(spelled(create))
        if rows:
            marks = exp.Values(expressions=[exp.Tuple(expressions=[exp.Placeholder() for _ in range(len(types) + 1)])])
            insert = spelled(exp.Insert(this=relation("dataset"), expression=marks))
            con.executemany(insert, [[*row, number] for number, row in enumerate(rows, 1)])
        self.columns = tuple(Column(name, name.replace("_", " "), kind) for name, kind in types.items())

    def rule(self, action: str, kind: str = "company", head: str = "") -> RuleSpec:
        return parse_rule(
            f"rule: A rule\nfor: {kind}\n{head}tasks:\n  Rows: {{type: fetch, object: company, show: [Name]}}\n"
            f"actions:\n{action}",
            "rule.yml",
            "rule",
            Kinds(actions=action_models()),
        )

    def bind(self, action: str, kind: str = "company", head: str = "", day: date = date(2026, 11, 23)) -> BoundAction:
        rule = self.rule(action, kind, head)
        env = BindEnv(self.catalogue, Context(day, {}, self.profile, self.catalogue), rule)
        return bind_action(rule.actions[0], self.columns, env)

    def problems(self, action: str, kind: str = "company", head: str = "") -> list[Problem]:
        """What is wrong with the action; nothing if it binds."""
        try:
            self.bind(action, kind, head)
        except InputError as error:
            return list(error.problems)
        return []

    def act(
        self,
        action: str,
        kind: str = "company",
        head: str = "",
        day: date = date(2026, 11, 23),
        instant: datetime | None = None,
    ) -> Outcome:
        """Binds, plans and applies."""
        bound = self.bind(action, kind, head, day)
        self.run_number += 1
        run = ActionRun(
            self.tenant,
            "dataset",
            day,
            instant or datetime(day.year, day.month, day.day),
            f"run-{self.run_number}",
            "rule",
            1,
            self.profile,
        )
        self.tenant.begin()
        changes = bound.plan(run)
        effects = self.query(exp.select("*").from_(relation(changes.effects)).order_by(exp.column("row", quoted=True)))
        for write in changes.writes:
            self.tenant.apply(write)
        self.tenant.commit()
        return Outcome(changes, effects, bound)


@contextmanager
def world(folder: Path, files: Mapping[str, str] | None = None, **settings: object) -> Iterator[World]:
    """`settings` are profile keys with `__` for the dot: load__on_null; `files` those of datasets/ by name."""
    made = World(folder, {key.replace("__", ".", 1): value for key, value in settings.items()}, files)
    try:
        yield made
    finally:
        made.tenant.close()
