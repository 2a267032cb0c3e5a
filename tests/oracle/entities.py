"""What actions share: the entity of a row, its owner, texts with tokens, stamps, statuses (actions.md §1, §6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.oracle.binding import Compute, bind_text
from tests.oracle.mapping import Mapper, RowError, Staged
from tests.oracle.scopes import ColumnScope
from tests.oracle.shows import plain
from tests.oracle.tenant import GSID, Record, Tenant, utc_midnight
from tests.oracle.values import Context, RefusedError, Row, text_of

Action = dict[str, Any]


@dataclass
class Env:
    """What an action of a rule is bound against."""

    action: Action
    rule: dict[str, Any]
    scope: ColumnScope
    tenant: Tenant
    context: Context

    @property
    def profile(self) -> dict[str, Any]:
        return self.context.profile

    def column(self, text: str) -> Compute:
        return plain(text, self.scope)[2].compute

    def mapper(self, object_name: str) -> Mapper:
        return Mapper(self.tenant, self.tenant.object(object_name), self.scope, self.context)


class Entity:
    """The company or the relationship that a row is about (§1.2, §1.11)."""

    def __init__(self, env: Env, given: Action | None = None) -> None:
        given = env.action if given is None else given
        self.tenant = env.tenant
        self.types = rule_types(env)
        self.kind = env.rule.get("for", "company")
        if (given.get("company") and given.get("relationship")) or not given.get(self.kind):
            raise RefusedError("GS-*", f"the action names no {self.kind}")
        self.compute = env.column(given[self.kind])

    @property
    def upper(self) -> str:
        return str(self.kind).upper()

    def of(self, row: Row) -> Record:
        return resolve(self.tenant, self.kind, self.compute(row), self.types)

    def ids(self, entity: Record) -> Record:
        """CompanyId and RelationshipId as a record of that entity bears them."""
        if self.kind == "company":
            return {"CompanyId": entity["Gsid"], "RelationshipId": None}
        return {"CompanyId": entity["CompanyId"], "RelationshipId": entity["Gsid"]}


def relationship_type(tenant: Tenant, name: str) -> Record:
    hits = [r for r in tenant.records("relationship_type") if name in (r["Name"], r["Gsid"])]
    if not hits:
        raise RefusedError("GS-*", f"no relationship type {name}")
    return hits[0]


def rule_types(env: Env) -> set[str]:
    """The relationship types of the rule; none stands for all."""
    named = env.rule.get("relationship_types")
    return {relationship_type(env.tenant, n)["Gsid"] for n in ([named] if isinstance(named, str) else named or [])}


def resolve(tenant: Tenant, kind: str, value: Any, types: set[str]) -> Record:
    if value is None or value == "":
        raise RowError("IDENTIFIER_NULL")
    if not GSID.fullmatch(value):
        raise RowError("VALUE_INVALID")
    found = tenant.by_gsid(kind, value)
    if found is None or (kind == "relationship" and types and found["TypeId"] not in types):
        raise RowError("ENTITY_NOT_FOUND")
    return found


class Owner:
    """§6.5: the column, else the default, else nobody."""

    def __init__(self, env: Env, given: Any) -> None:
        self.tenant = env.tenant
        spec = given if isinstance(given, dict) else {"column": given} if given else {}
        self.column = env.column(spec["column"]) if spec.get("column") else None
        self.default = spec.get("default")

    @property
    def stated(self) -> bool:
        return self.column is not None or self.default is not None

    def of(self, staged: Staged) -> str | None:
        for value in (self.column(staged.source) if self.column else None, self.default):
            if value is None or value == "":
                continue
            user = self.user(str(value).strip())
            if user is None:
                staged.warnings.append("REFERENCE_NOT_FOUND")
                continue
            if user["IsActiveUser"] is False:
                staged.warnings.append("USER_INACTIVE")
            return str(user["Gsid"])
        return None

    def user(self, value: str) -> Record | None:
        name = "Email" if "@" in value else "Gsid"
        value = value.lower() if name == "Email" else value
        for user in self.tenant.records("gsuser"):
            if (user[name] or "") == value or (name == "Email" and (user[name] or "").lower() == value):
                return user
        return None


class Tokens:
    """A text with `${…}`; a null token becomes an empty text and warns (§6.2)."""

    def __init__(self, env: Env, text: str, escape: Callable[[str], str] = str) -> None:
        self.env, self.escape = env, escape
        self.pieces: list[str | Compute] = []
        rest = text
        while "${" in rest:
            before, _, rest = rest.partition("${")
            inner, _, rest = rest.partition("}")
            self.pieces += [before, self._token(inner)]
        self.pieces.append(rest)

    def _token(self, inner: str) -> Compute:
        try:
            return self.env.scope.find((inner.strip().strip("[]"),)).compute
        except RefusedError:
            return bind_text(inner, self.env.scope, self.env.context).compute

    def of(self, staged: Staged) -> str:
        shown = ""
        for piece in self.pieces:
            if isinstance(piece, str):
                shown += piece
                continue
            text = text_of(piece(staged.source), self.env.context)
            if text is None:
                if self.env.profile["cta.null_token"] == "error":
                    raise RowError("REQUIRED_MISSING")
                staged.warnings.append("NULL_TOKEN")
            shown += self.escape(text or "")
        return shown


def touch(record: Record, changes: Record, context: Context) -> bool:
    """Writes what differs and stamps the record; whether anything did."""
    differing = {k: v for k, v in changes.items() if record.get(k) != v}
    if differing:
        record.update(differing, ModifiedDate=utc_midnight(context))
    return bool(differing)


def status_class(record: Record, status: Record, context: Context, source: bool) -> Record:
    """What a change of the status class writes beside the status (§6.6, §8)."""
    if status["OpenStatusType"] is False and not record["IsClosed"]:
        closed: Record = {"IsClosed": True, "ClosedDate": utc_midnight(context)}
        return closed | ({"CloseSource": "Rules"} if source else {})
    if status["OpenStatusType"] is not False and record["IsClosed"]:
        opened: Record = {"IsClosed": False, "ClosedDate": None}
        return opened | ({"CloseSource": None} if source else {})
    return {}
