"""Call External API (actions.md §9.1): one request for each row, put into the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field
from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns, Received, change_list
from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import column, fragment, named, relation, select, text, texts, typed_null
from gsrules.actions.kind import ActionKind, ActionRun, BindEnv, Findings
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.outgoing.callout import body_of, masked_headers, real_headers, url_of
from gsrules.actions.traits import Decision, Traits
from gsrules.catalogue import Catalogue
from gsrules.catalogue.callouts import CalloutDef
from gsrules.catalogue.datatypes import STRING, DataType, Family, Kind
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.expressions.show import parse_show_item
from gsrules.expressions.tree import ColumnRef, Convert, Expr
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, RuleSpec, refusal
from gsrules.spec.base import Name
from gsrules.spec.text import Text
from gsrules.tenant.changes import OUTBOX_COLUMNS, ChangeList


def _no_literals(fields: Any) -> Any:
    """A field takes a column and nothing else (actions.md §9.1)."""
    if isinstance(fields, Mapping):
        for name, value in fields.items():
            if value is not None and not isinstance(value, str):
                hint = "name a column of the dataset; a constant can be computed in a task"
                message = f"the field `{name}` is not mapped to a column; literals are not allowed"
                raise refusal("GS-SPEC-TYPE", message, hint=hint, key=name)
    return fields


class CallExternalApiSpec(ActionSpec):
    """Puts one API call for each row into the outbox."""

    action: Literal["call_external_api"] = "call_external_api"
    callout: Name = Field(description="A callout of callouts.yml: connection, method, URL, headers and body.")
    connection: Name | None = Field(None, description="The connection that the callout must have.")
    fields: Annotated[dict[Name, Name], Field(min_length=1), BeforeValidator(_no_literals)] = Field(
        description="Every field of the callout → a column."
    )


@dataclass(frozen=True, slots=True)
class BoundCall:
    """A call that passed validation: `columns` gives each field its column."""

    callout: CalloutDef
    columns: Mapping[str, ColumnRef]
    catalogue: Catalogue
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]

    @property
    def writes_to(self) -> tuple[str, ...]:
        return ()

    @property
    def traits(self) -> Traits:
        called = Decision("created", "a row for which the API is called", "every matched row makes one call")
        return Traits((called,), texts=tuple((f"field {name}", found) for name, found in self.columns.items()))

    def plan(self, run: ActionRun) -> ChangeList:
        """Makes the requests; nothing is sent."""
        return _Calling(self, run).change_list()


class _Calling:
    def __init__(self, action: BoundCall, run: ActionRun) -> None:
        self.action = action
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, action.catalogue), self.scratch, action.criteria)

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        requests = self.scratch.table("requests", self._requests)
        effects = self.scratch.view("effects", lambda: self._effects(requests).query())
        sealed = self.scratch.view("sealed", self._sealed) if self.action.callout.headers else None
        made = change_list(
            self.scratch,
            effects,
            (),
            received,
            lambda: self._effects(requests).brief(),
            records_written=0,
            outcomes={"created": received.matched},
            may_warn=False,
        )
        return replace(made, outbox=requests, sealed=sealed)

    def _values(self) -> dict[str, exp.Expr]:
        return {name: self.rows.once(self._text(found)) for name, found in self.action.columns.items()}

    def _text(self, found: ColumnRef) -> exp.Expr:
        """A value as text; null is the empty one."""
        plain = found.type.family in (Family.TEXT, Family.ID)
        return fragment("COALESCE(:v, '')", v=self.rows.spell(found if plain else Convert(found, STRING)))

    def _requests(self) -> exp.Select:
        callout, values = self.action.callout, self._values()
        parts = {
            "row": self.rows.row,
            "kind": text("api_call"),
            "connection": text(callout.connection),
            "method": text(callout.method),
            "url": url_of(callout, values),
            "headers": masked_headers(callout, values),
            "body": body_of(callout, values),
        }
        return self.rows.select([named(parts[name], name) for name in OUTBOX_COLUMNS])

    def _sealed(self) -> exp.Select:
        headers = real_headers(self.action.callout, self._values())
        return self.rows.select([named(self.rows.row, "row"), named(headers, "headers")])

    def _effects(self, requests: str) -> EffectColumns:
        nothing = typed_null("VARCHAR")
        return EffectColumns(
            source=select().from_(relation(requests, "s"), copy=False),
            row=column("row", "s"),
            outcome=text("created"),
            codes=typed_null("VARCHAR[]"),
            field=nothing,
            shown=nothing,
            words=nothing,
            key=nothing,
            object=OBJECT,
            gsid=nothing,
            gsids=texts([]),
            warnings=typed_null("VARCHAR[]"),
            before=[],
            after=[(name, column(name, "s")) for name in ("connection", "method", "url", "headers", "body")],
            has_before=exp.false(),
            has_after=exp.true(),
        )


OBJECT: Final = "outbox"


def bind(spec: CallExternalApiSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundCall:
    """Validates the call; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    callout = _callout(spec, env.catalogue, findings)
    mapped = _mapped(spec, callout, dataset, findings) if callout is not None else {}
    criteria = dataset.where(spec.when)
    if callout is not None:
        _warn_of_sources(spec, callout, mapped, env.rule, findings)
    found = findings.close()
    assert callout is not None, "without a callout there is an error"
    used = frozenset(dataset.used)
    return BoundCall(callout, mapped, env.catalogue, criteria, used, found)


def _callout(spec: CallExternalApiSpec, catalogue: Catalogue, findings: Findings) -> CalloutDef | None:
    known = catalogue.callouts
    found = known.get(str(spec.callout))
    if found is None:
        hint = f"callouts: {', '.join(known)}" if known else "define it in datasets/callouts.yml"
        near = nearest(spec.callout, known)
        message = f"there is no callout `{spec.callout}`"
        findings.error("GS-NAME", message, spec.callout.place, value=spec.callout, hint=hint, near=near)
        return None
    if not found.active:
        hint = "set active: true in callouts.yml, or use another callout"
        message = f"the callout `{found.name}` was deleted"
        findings.error("GS-ACTION-CALLOUT", message, spec.callout.place, value=found.name, hint=hint)
    if spec.connection is not None and spec.connection != found.connection:
        message = f"the callout `{found.name}` belongs to the connection `{found.connection}`"
        place = spec.connection.place
        findings.error("GS-ACTION-CALLOUT", message, place, value=spec.connection, hint=f"write {found.connection}")
    return found


def _mapped(
    spec: CallExternalApiSpec, callout: CalloutDef, dataset: Columns, findings: Findings
) -> dict[str, ColumnRef]:
    """The column of each field of the callout (actions.md §9.1)."""
    by_lower = {name.lower(): name for name in callout.fields}
    found: dict[str, ColumnRef] = {}
    named_before: set[str] = set()
    for name, item in spec.fields.items():
        target = by_lower.get(name.lower())
        ref = dataset.column(item)
        if target is None:
            hint = "its fields: " + ", ".join(callout.fields) if callout.fields else "it has none"
            near = nearest(name, callout.fields)
            message = f"the callout `{callout.name}` has no field `{name}`"
            findings.error("GS-NAME", message, name.place, value=name, hint=hint, near=near)
        elif target in named_before:
            findings.error("GS-ACTION-DUPLICATE", f"the field `{target}` is mapped twice", name.place, value=name)
        else:
            named_before.add(target)
            if ref is not None:
                found[target] = ref
    missing = [name for name in callout.fields if name not in named_before]
    if missing:
        message = f"no column for the fields {', '.join(missing)} of the callout `{callout.name}`"
        hint = "every field is mapped: " + ", ".join(f"{name}: Column" for name in missing)
        findings.error("GS-ACTION-CALLOUT", message, spec.place_of("fields"), value=", ".join(missing), hint=hint)
    return {name: found[name] for name in callout.fields if name in found}


def _warn_of_sources(
    spec: CallExternalApiSpec,
    callout: CalloutDef,
    mapped: Mapping[str, ColumnRef],
    rule: RuleSpec,
    findings: Findings,
) -> None:
    """Doubtful types, aggregates and formulas as sources (actions.md §9.1)."""
    computed = _computed(rule, spec.from_)
    places = {name.lower(): item.place for name, item in spec.fields.items()}
    for name, found in mapped.items():
        place, kind = places[name.lower()], callout.fields[name]
        if _is_doubtful(found.type, kind):
            words = f"the field `{name}` is a {kind}, the column `{found.name}` a {found.type}"
            findings.warn("GS-ACTION-HINT", words, place, value=found.name, hint="map a column of its type")
        if found.name in computed:
            words = f"the column `{found.name}` of the field `{name}` is {computed[found.name]}"
            hint = "Gainsight warns of such sources; look at a request in the outbox"
            findings.warn("GS-ACTION-HINT", words, place, value=found.name, hint=hint)


def _is_doubtful(source: DataType, target: str) -> bool:
    if source.family is Family.ID or source.kind is Kind.LOOKUP:
        return target in ("number", "boolean")
    return source.family is Family.BOOLEAN and target in ("number", "date", "datetime")


def _computed(rule: RuleSpec, dataset: Text) -> dict[str, str]:
    """The columns of a dataset that its task computes, with what they are."""
    task = next((each for name, each in rule.tasks.items() if name.lower() == dataset.lower()), None)
    made = {str(name): "a formula" for name in getattr(task, "formulas", ())}
    for item in getattr(task, "show", None) or ():
        try:
            shown = parse_show_item(item)
        except InputError:
            continue
        if shown.kind in ("aggregate", "count_all"):
            made[str(shown.alias or shown.default_alias)] = "an aggregate"
    return made


KIND = ActionKind(
    name="call_external_api",
    title="Call External API",
    model=CallExternalApiSpec,
    description="Puts one API call for each row into the outbox; nothing leaves the machine.",
    evidence="actions.md §9.1 [doc] [cli] [choice]",
    example="- action: call_external_api\n  from: Rows\n  callout: Notify\n  fields: {name: Name}\n",
    bind=bind,
)
