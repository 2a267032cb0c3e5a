"""`load_to_object` and `load_to_company`, row by row (actions.md §4, §5.1, §5.2)."""

from __future__ import annotations

from typing import Any

from tests.oracle.mapping import Mapper, Staged
from tests.oracle.scopes import ColumnScope
from tests.oracle.tenant import Object, Record, Tenant, utc_midnight
from tests.oracle.values import Context, RefusedError

OWN_ACTION = ("company", "gsuser", "call_to_action", "cs_task")


def load(action: dict[str, Any], rows: list[Staged], scope: ColumnScope, tenant: Tenant, context: Context) -> None:
    """Leaves in each row's codes, warnings and outcome what happened to it."""
    company = action["action"] == "load_to_company"
    target = tenant.object("company" if company else action["object"])
    if target.name in OWN_ACTION and not company:
        raise RefusedError("GS-*", f"{target.name} has an action of its own")
    Load(action, target, scope, tenant, context).run(rows)


class Load:
    def __init__(
        self, action: dict[str, Any], target: Object, scope: ColumnScope, tenant: Tenant, context: Context
    ) -> None:
        self.operation = action["operation"]
        self.object = target
        self.tenant = tenant
        self.context = context
        self.mapper = Mapper(tenant, target, scope, context)
        self.mappings = self.mapper.bind(action["fields"])
        self.identifiers = [target.find(name) for name in action.get("identifiers", [])]
        mapped = {m.target.name for m in self.mappings}
        if self.operation != "insert" and not 1 <= len(self.identifiers) <= 10:
            raise RefusedError("GS-*", "1 to 10 identifiers")
        if not {one.name for one in self.identifiers} <= mapped:
            raise RefusedError("GS-*", "an identifier is not mapped")
        if self.operation != "update":
            missing = [f.name for f in target.fields.values() if f.required and f.name not in mapped]
            if missing:
                raise RefusedError("GS-*", f"required: {missing}")

    def run(self, rows: list[Staged]) -> None:
        for staged in rows:
            self.mapper.stage(staged, self.mappings)
        good = [staged for staged in rows if not staged.codes]
        if self.operation != "insert":
            good = self.one_per_key([s for s in good if self.has_key(s)])
        before = list(self.object.records)
        for staged in good:
            if self.operation == "insert":
                self.create(staged)
            else:
                self.match(staged, before)

    # -- keys -----------------------------------------------------------------------------------------------------
    def key(self, values: Record) -> tuple[Any, ...]:
        loose = self.context.profile["load.identifier_case"] == "insensitive"

        def comparable(name: str, kind: str) -> Any:
            value = values.get(name)
            return value.lower() if isinstance(value, str) and (loose or kind == "email") else value

        return tuple(comparable(one.name, one.type) for one in self.identifiers)

    def has_key(self, staged: Staged) -> bool:
        if None in self.key(staged.values) and self.context.profile["load.match_null"] == "error":
            staged.codes.append("IDENTIFIER_NULL")
            return False
        return True

    def one_per_key(self, rows: list[Staged]) -> list[Staged]:
        """Rows of one key form a group, of which the profile keeps one row or none (step 2)."""
        rule = self.context.profile["load.duplicate_keys"]
        groups: dict[tuple[Any, ...], list[Staged]] = {}
        for staged in rows:
            groups.setdefault(self.key(staged.values), []).append(staged)
        kept = []
        for group in groups.values():
            winner = {"last": group[-1], "first": group[0], "error": None if len(group) > 1 else group[0]}[rule]
            for staged in group:
                if staged is winner:
                    kept.append(staged)
                else:
                    staged.codes.append("DUPLICATE_IN_BATCH")
                    staged.outcome = "failed" if rule == "error" else "skipped"
        return sorted(kept, key=lambda s: s.row)

    # -- writes ---------------------------------------------------------------------------------------------------
    def match(self, staged: Staged, before: list[Record]) -> None:
        found = [r for r in before if self.key(r) == self.key(staged.values)]
        rule = self.context.profile["load.multi_match"]
        if not found:
            if self.operation == "upsert":
                self.create(staged)
                return
            staged.codes.append("NO_RECORD_TO_UPDATE")
            if self.context.profile["load.update_no_match"] == "skip":
                staged.outcome = "skipped"
            return
        if len(found) > 1 and rule == "error":
            staged.codes.append("MULTIPLE_RECORDS_MATCHED")
            return
        if len(found) > 1 and rule == "first":
            found = [min(found, key=lambda r: str(r["Gsid"]))]
        elif len(found) > 1:
            staged.warnings.append("MULTI_MATCH_UPDATED")
        changed = [self.update(record, staged) for record in found]
        staged.outcome = "updated" if any(changed) else "unchanged"

    def update(self, record: Record, staged: Staged) -> bool:
        differing = {k: v for k, v in staged.values.items() if record[k] != v}
        silent = {m.target.name for m in self.mappings if "on_null" not in m.spec}
        if any(v is None and k in silent for k, v in differing.items()):
            staged.warnings.append("NULL_WRITTEN")
        if differing or self.context.profile["load.touch_unchanged"]:
            record.update(differing, ModifiedDate=utc_midnight(self.context))
        return bool(differing)

    def create(self, staged: Staged) -> None:
        defaults = {f.name: f.default for f in self.object.fields.values() if f.default is not None}
        given = {k: v for k, v in staged.values.items() if v is not None or k not in defaults}
        instant = utc_midnight(self.context)
        self.tenant.create(self.object.name, defaults | given | {"CreatedDate": instant, "ModifiedDate": instant})
        staged.outcome = "created"
