"""`load_to_survey` and `load_to_activity` (actions.md §5.8, §5.9)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.oracle.entities import Entity, Env, resolve, rule_types, touch
from tests.oracle.loads import Load, one_per_key
from tests.oracle.mapping import Mapping, RowError, Staged, attempt
from tests.oracle.tenant import Field, Record, utc_midnight
from tests.oracle.values import RefusedError

PARAMETERS = {
    "score": "Score", "comment": "Comment", "response_date": "ResponseDate", "external_id": "ExternalId",
    "language": "Language", "channel": "Channel",
}  # fmt: skip
CONTEXTS = {"company": ("Company", "GsCompanyId"), "relationship": ("Relationship", "GsRelationshipId")}


def left_out(spec: Any) -> Any:
    """A mapping of which a null means that the action's own value stands."""
    return ({"column": spec} if isinstance(spec, str) else dict(spec)) | {"on_null": "skip"}


class Survey:
    def __init__(self, env: Env) -> None:
        action = env.action
        self.env, self.tenant, self.context = env, env.tenant, env.context
        self.entity = Entity(env)
        self.kind = action["kind"].upper()
        self.mapper = env.mapper("survey_response")
        given = {f: action[p] for p, f in PARAMETERS.items() if action.get(p) is not None}
        if "ResponseDate" in given:
            given["ResponseDate"] = left_out(given["ResponseDate"])
        self.mappings = [self.mapper.one(f, spec) for f, spec in given.items()]
        own = (*PARAMETERS.values(), "SurveyName", "Kind", "CompanyId", "RelationshipId", "PersonId")
        self.mappings += self.mapper.bind(action.get("fields", {}), own)
        person = [(f, action[p]) for p, f in (("person_email", "Email"), ("person_name", "Name")) if action.get(p)]
        if len(person) != 1:
            raise RefusedError("GS-*", "a person by e-mail or by name")
        self.person_field, self.person = person[0][0], env.column(person[0][1])

    def run(self, rows: list[Staged]) -> None:
        for staged in rows:
            self.stage(staged)
        good = [s for s in rows if not s.codes]
        for staged in one_per_key(good, lambda s: self.key(s.values), self.env.profile["load.duplicate_keys"]):
            self.write(staged)

    def stage(self, staged: Staged) -> None:
        ids: Record = {}
        try:
            ids = self.entity.ids(self.entity.of(staged.source))
        except RowError as found:
            staged.codes.append(found.code)
        self.mapper.stage(staged, self.mappings)
        try:
            person = self.respondent(staged)
            staged.values |= {"PersonId": person}
        except RowError as found:
            staged.codes.append(found.code)
        score = staged.values.get("Score")
        if score is not None and not self.valid(score):
            staged.codes.append("SCORE_OUT_OF_RANGE")
        staged.values |= ids | {"SurveyName": self.env.action["survey"], "Kind": self.kind, "IsExternal": True}
        if staged.values.get("ResponseDate") is None:
            staged.values["ResponseDate"] = self.context.rule_date
        if self.kind == "NPS" and score is not None:
            staged.values["Category"] = "Promoter" if score >= 9 else "Passive" if score >= 7 else "Detractor"

    def valid(self, score: Decimal) -> bool:
        if self.kind == "NPS":
            return 0 <= score <= 10 and score == score.to_integral_value()
        low, high = self.env.profile["score.csat_range"]
        return bool(Decimal(low) <= score <= Decimal(high))

    def respondent(self, staged: Staged) -> str | None:
        value = self.person(staged.source)
        wanted = str(value).strip().lower() if value is not None else ""
        hits = [p for p in self.tenant.records("person") if wanted and (p[self.person_field] or "").lower() == wanted]
        if hits:
            if len(hits) > 1:
                raise RowError("LOOKUP_MULTIPLE_MATCH")
            return str(hits[0]["Gsid"])
        if self.env.profile["people.survey_person"] == "error":
            raise RowError("LOOKUP_NO_MATCH")
        return None

    def key(self, values: Record) -> tuple[Any, ...]:
        if values.get("ExternalId"):
            return ("external", values["ExternalId"])
        return tuple(values.get(n) for n in ("SurveyName", "CompanyId", "RelationshipId", "PersonId", "ResponseDate"))

    def write(self, staged: Staged) -> None:
        hits = [r for r in self.tenant.records("survey_response") if self.key(r) == self.key(staged.values)]
        if any(r["IsExternal"] is False for r in hits):
            staged.fail("SURVEY_ORGANIC")
            return
        if not hits:
            staged.gsids.append(self.tenant.insert("survey_response", staged.values)["Gsid"])
            staged.outcome = "created"
            return
        self.mapper.warn_of_nulls(staged, hits[0], self.mappings)
        changed = touch(hits[0], staged.values, self.context)
        if changed:
            staged.gsids.append(hits[0]["Gsid"])
        staged.outcome = "updated" if changed else "unchanged"


class Activity(Load):
    """Timeline activities: matched on `ExternalId`, which nobody else may bear."""

    def __init__(self, env: Env) -> None:
        self.author: Mapping | None = None
        self.attendees: list[Mapping] = []
        super().__init__(env, env.tenant.object("activity_timeline"))

    def stated_operation(self) -> str:
        return str(self.action.get("operation", "insert"))

    def stated_identifiers(self) -> list[str]:
        return ["ExternalId"] if self.operation == "upsert" else []

    def given(self) -> set[str]:
        return {"ActivityDate", "AuthorId", "ContextName", "TypeName"}

    def bound_mappings(self) -> list[Mapping]:
        fields = {self.object.find(name).name: spec for name, spec in self.action["fields"].items()}
        if "AuthorId" not in fields or not {"GsCompanyId", "GsRelationshipId"} & set(fields):
            raise RefusedError("GS-*", "author and entity are required")
        text = Field("AuthorId", "string", "Author")
        author = fields.pop("AuthorId")
        is_lookup = isinstance(author, dict) and "lookup" in author
        self.author = self.mapper.mapping(self.object.fields["AuthorId"] if is_lookup else text, author)
        kind = fields.pop("TypeName", None)
        if kind is None:
            raise RefusedError("GS-*", "a type is required")
        picklist = Field("TypeName", "picklist", "Type Name", required=True)
        self.type = self.mapper.mapping(picklist, kind)
        if "ActivityDate" in fields:
            fields["ActivityDate"] = left_out(fields["ActivityDate"])
        mappings = self.mapper.bind(fields)
        for mapping in mappings:
            if mapping.target.name == "ActivityDate":  # a null is the run instant
                mapping.target = replace(mapping.target, required=False)
        return mappings

    def check(self, staged: Staged) -> None:
        self.mapper.stage(staged, [self.type])
        attempt(staged, self.written_by, staged)
        for kind, (name, field) in CONTEXTS.items():
            value = staged.values.get(field)
            if value is not None:
                attempt(staged, resolve, self.tenant, kind, value, rule_types(self.env))
            if value is not None and "ContextName" not in staged.values:
                staged.values |= {"ContextName": name, "ContextId": value}
        if not any(self.is_given(staged, field) for _, field in CONTEXTS.values()):
            staged.codes.append("IDENTIFIER_NULL")
        mapped = any(m.target.name == "ActivityDate" for m in self.mappings)
        if mapped and staged.values.get("ActivityDate") is None and "TYPE_MISMATCH" not in staged.codes:
            staged.values["ActivityDate"] = utc_midnight(self.context)
        relationship = self.tenant.by_gsid("relationship", staged.values.get("GsRelationshipId"))
        if relationship is not None and staged.values.get("GsCompanyId") is None:
            staged.values["GsCompanyId"] = relationship["CompanyId"]
        for name in ("InternalAttendees", "ExternalAttendees"):
            if isinstance(staged.values.get(name), str):
                self.attend(staged, name)

    def is_given(self, staged: Staged, field: str) -> bool:
        """Whether the row names an entity, be it one that is none."""
        mapping = next((m for m in self.mappings if m.target.name == field), None)
        if mapping is None:
            return False
        try:
            return self.mapper.value(Staged(staged.row, staged.source), mapping) is not None
        except RowError:
            return True

    def create(self, staged: Staged) -> None:
        staged.values.setdefault("ActivityDate", utc_midnight(self.context))
        super().create(staged)

    def written_by(self, staged: Staged) -> None:
        """The author; a null fails, unless the mapping leaves a stored author alone (§3.2 steps 5 and 6)."""
        assert self.author is not None
        value = self.mapper.value(staged, self.author)
        if value is None or value == "":
            on_null = self.author.spec.get("on_null", self.context.profile["load.on_null"])
            if on_null == "skip" and self.operation == "upsert":
                return
            raise RowError("REQUIRED_MISSING")
        staged.values["AuthorId"] = self.user(value)

    def user(self, value: str) -> str:
        for user in self.tenant.records("gsuser"):
            if value == user["Gsid"] or ("@" in value and (user["Email"] or "").lower() == value.strip().lower()):
                return str(user["Gsid"])
        raise RowError("LOOKUP_NO_MATCH")

    def attend(self, staged: Staged, name: str) -> None:
        """Users or people, by GSID or e-mail; unknown ones are left out."""
        target = "gsuser" if name == "InternalAttendees" else "person"
        kept = []
        for part in (p.strip() for p in staged.values[name].split(";")):
            field = "Email" if "@" in part else "Gsid"
            hits = [r for r in self.tenant.records(target) if (r[field] or "").lower() == part.lower()]
            if part and not hits:
                staged.warnings.append("REFERENCE_NOT_FOUND")
            kept += [r["Gsid"] for r in hits]
        staged.values[name] = ";".join(kept) or None

    def taken(self, staged: Staged, mine: Record | None) -> str:
        external = staged.values.get("ExternalId")
        others = [r for r in self.object.records if external and r["ExternalId"] == external and r is not mine]
        return "DUPLICATE_VALUE" if others else ""
