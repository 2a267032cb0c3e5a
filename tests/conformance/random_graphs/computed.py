"""Both sides of a comparison: one world after the other in one process, many graphs on each."""

from __future__ import annotations

import copy
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.conformance.random_graphs import pools
from tests.conformance.random_graphs.graph import Graph
from tests.conformance.random_graphs.world import FIELDS, LOOKUPS, World
from tests.oracle import standard
from tests.oracle.tasks import Data
from tests.oracle.tenant import Tenant as OracleTenant
from tests.oracle.values import Context, FailedError, RefusedError, canonical


@dataclass
class Computed:
    """`status` is SUCCESS, FAILURE or REFUSED; the rows of `ordered` tasks are in canonical order."""

    status: str
    why: str = ""
    tasks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ordered: bool = False


def rule_text(graph: Graph) -> str:
    rule = {"rule": "A random graph", "for": "company", "params": graph.params, "tasks": graph.tasks}
    return yaml.safe_dump(rule, sort_keys=False, allow_unicode=True, width=1000)


def write_project(root: Path) -> None:
    (root / "datasets/objects").mkdir(parents=True)
    (root / "datasets/s3/gainsight-managed").mkdir(parents=True)
    (root / "rules").mkdir()
    (root / "gsrules.toml").write_text("", encoding="utf-8")
    for name, lookups in LOOKUPS.items():
        fields: dict[str, Any] = {}
        for one, (_, type_) in FIELDS[name].items():
            fields[one] = {"type": type_} | ({"options": pools.ITEMS} if "picklist" in type_ else {})
        fields |= {one: {"type": "lookup", "to": target} for one, target in lookups.items()}
        page = yaml.safe_dump({"object": name, "label": name.title(), "fields": fields})
        (root / f"datasets/objects/{name}.yml").write_text(page, encoding="utf-8")


class Both:
    """Computes graphs with the engine and with the oracle, in one project."""

    def __init__(self) -> None:
        from gsrules.run.workspace import Workspace

        self._folder = tempfile.TemporaryDirectory(prefix="gsrules-graphs-")
        self.root = Path(self._folder.name)
        write_project(self.root)
        self.workspace = Workspace.open(self.root)
        self.tenant: Any = None
        self.oracle_tenant = OracleTenant(self.root, Context(date(2024, 5, 15), dict(standard.PROFILE)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    @contextmanager
    def world(self, world: World) -> Iterator[None]:
        """The world's records and files, on both sides, for as long as it lasts."""
        from gsrules.tenant import Tenant

        bucket = self.root / "datasets/s3/gainsight-managed"
        for file in world.files:
            file.write(bucket)
        for name, records in world.records.items():
            found = self.oracle_tenant.object(name)
            found.records = [dict.fromkeys(found.fields) | record for record in records]
        with Tenant.open(None, self.workspace.catalogue, self.workspace.project, "live") as tenant:
            tenant.con.execute("set threads = 1")
            self.tenant = tenant
            for name, records in world.records.items():
                self._insert(name, records)
            try:
                yield
            finally:
                for file in world.files:
                    (bucket / file.path).unlink()

    def _insert(self, name: str, records: list[dict[str, Any]]) -> None:
        table = self.tenant.table(name).sql(dialect="duckdb")
        for number, record in enumerate(records, 1):
            values = {field: self._stored(name, field, value) for field, value in record.items()}
            values["gs_sequence"] = number
            names = ", ".join(f'"{field}"' for field in values)
            marks = ", ".join("?" for _ in values)
            self.tenant.con.execute(f"insert into {table} ({names}) values ({marks})", list(values.values()))

    def _stored(self, name: str, field: str, value: Any) -> Any:
        if value is None or field not in ("Pick__gc", "Multi__gc"):
            return value
        gsids = {label: gsid for gsid, label in self._labels(name, field).items()}
        return gsids[value] if isinstance(value, str) else [gsids[one] for one in value]

    def _labels(self, name: str, field: str) -> dict[str, str]:
        (found,) = self.workspace.catalogue.object(name).find(field)  # type: ignore[union-attr]
        category = self.workspace.catalogue.category(found.type.category)
        return {item.gsid: item.name for item in category.items}  # type: ignore[union-attr]

    # -- the oracle -----------------------------------------------------------------------------------------------
    def oracle(self, graph: Graph) -> Computed:
        profile = standard.PROFILE | graph.profile
        context = Context(date.fromisoformat(graph.rule_date), profile, _exact(graph.params), self.oracle_tenant)
        context.rule_id = "random"
        self.oracle_tenant.context = context
        tasks = _exact(graph.tasks)
        try:
            with localcontext() as exact:
                exact.prec = 80
                tables = Data(self.root / "datasets", self.oracle_tenant, context).run(tasks)
                ends = graph.tasks if graph.keep else graph.ends()
                ordered = not graph.keep
                rows = {name: canonical(tables[name]) if ordered and self._sortable(tables[name]) else tables[name].rows
                        for name in ends}  # fmt: skip
                return Computed("SUCCESS", "", rows, ordered)
        except RefusedError as found:
            return Computed("REFUSED", str(found))
        except FailedError as found:
            return Computed("FAILURE", str(found))

    @staticmethod
    def _sortable(table: Any) -> bool:
        return not any(column.family in ("picklist", "multi") for column in table.columns)

    # -- the engine -----------------------------------------------------------------------------------------------
    def engine(self, graph: Graph) -> Computed:
        from gsrules.errors import GsrulesError, InputError
        from gsrules.spec.load import parse_rule

        before = {
            name
            for (name,) in self.tenant.con.execute("select table_name from duckdb_tables() where temporary").fetchall()
        }
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                profile = self.workspace.project.profile.overlaid(graph.profile)
                workspace = replace(self.workspace, project=replace(self.workspace.project, profile=profile))
                rule = parse_rule(rule_text(graph), "random.yml", "random", self.workspace.kinds)
                return self._computed(workspace, rule, graph)
        except GsrulesError as wrong:
            why = "; ".join(f"{p.code} {p.message} {p.where} {p.value}" for p in wrong.problems)
            return Computed("REFUSED" if isinstance(wrong, InputError) else "FAILURE", why)
        finally:
            after = self.tenant.con.execute("select table_name from duckdb_tables() where temporary").fetchall()
            for (name,) in after:
                if name not in before:
                    self.tenant.con.execute(f'drop table "{name}"')

    def _computed(self, workspace: Any, rule: Any, graph: Graph) -> Computed:
        from gsrules.run.datasets import ExactNeeded, compute
        from gsrules.run.prepare import RuleFiles, bind_rule

        rule_date = date.fromisoformat(graph.rule_date)
        profile = workspace.project.profile
        ends = graph.ends()
        for exact in (False, True):
            with tempfile.TemporaryDirectory() as scratch:
                files = RuleFiles(workspace, self.tenant, profile, rule_date, Path(scratch), exact)
                try:
                    bound = bind_rule(workspace, rule, profile, rule_date, {}, files, exact=exact)
                    sources = files.open_all(rule)
                    outputs = dict.fromkeys(bound.plan.tasks, False) if graph.keep else dict.fromkeys(ends, True)
                    found = compute(bound, outputs, sources, self.tenant, exact=exact)
                except ExactNeeded:
                    continue
                rows = {
                    name: self._rows(table, not graph.keep) for name, table in found.tables.items() if name in outputs
                }
                return Computed("SUCCESS", "", rows, not graph.keep)
        raise AssertionError("the exact form did not do")

    def _rows(self, table: str, ordered: bool) -> list[dict[str, Any]]:
        cursor = self.tenant.con.execute(f'select * from "{table}"' + (" order by __row" if ordered else ""))
        names = [column[0] for column in cursor.description]
        labels = self._labels("alpha__gc", "Pick__gc") | self._labels("alpha__gc", "Multi__gc")
        labels |= self._labels("beta__gc", "Pick__gc") | self._labels("beta__gc", "Multi__gc")

        def shown(value: Any) -> Any:
            if isinstance(value, str):
                return labels.get(value, value)
            return [labels[one] for one in value] if isinstance(value, list) else value

        return [{n: shown(v) for n, v in zip(names, row, strict=True) if n != "__row"} for row in cursor.fetchall()]


def _exact(given: Any) -> Any:
    """Numbers as the oracle reads them from a file."""
    if isinstance(given, dict):
        return {key: _exact(value) for key, value in given.items()}
    if isinstance(given, list):
        return [_exact(value) for value in given]
    if isinstance(given, int) and not isinstance(given, bool):
        return Decimal(given)
    return copy.copy(given)
