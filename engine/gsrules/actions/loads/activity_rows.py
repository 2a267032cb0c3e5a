"""The staged rows of load_to_activity: author, type, context, attendees (actions.md §5.8)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from gsrules.actions.changes.staging import (
    any_of,
    case,
    column,
    fragment,
    left_join,
    named,
    select,
    sub,
    text,
    typed_null,
)
from gsrules.actions.kind import ActionRun
from gsrules.actions.loads.stage import LoadStage
from gsrules.actions.mappings.constants import timestamp
from gsrules.actions.mappings.conversion import as_text, length_words, longer_than, not_null, trimmed
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.values import StagedValue, stage

if TYPE_CHECKING:
    from gsrules.actions.loads.load import BoundLoad

_CONTEXTS: Final = {"CTA": ("call_to_action", "CTA_NOT_FOUND"), "SuccessPlan": ("cta_group", "PLAN_NOT_FOUND")}
_ATTENDEES: Final = {"InternalAttendees": "gsuser", "ExternalAttendees": "person"}


class ActivityStage(LoadStage):
    """As for any load, but for the fields that the action resolves itself."""

    def __init__(self, load: BoundLoad, run: ActionRun, author: BoundMapping) -> None:
        super().__init__(load, run)
        self._author = author
        self._known: dict[str, StagedValue] = {}

    def on_creation(self, mapping: BoundMapping, value: exp.Expr) -> exp.Expr:
        if mapping.field.name == "ActivityDate":
            return fragment("COALESCE(:v, :i)", v=value, i=timestamp(self.run.instant))
        return super().on_creation(mapping, value)

    def _staged(self, mapping: BoundMapping) -> StagedValue:
        name = mapping.field.name
        if name not in self._known:
            self._known[name] = self._resolved(mapping)
        return self._known[name]

    def _resolved(self, mapping: BoundMapping) -> StagedValue:
        name = mapping.field.name
        made_here = mapping.constant is not None and mapping.on_null == "skip" and mapping.states_on_null
        if name == "AuthorId":
            return self._by(mapping)
        if name == "TypeName":
            return self._required(mapping, self._type(mapping))
        if name in _ATTENDEES:
            return self._attendees(mapping, _ATTENDEES[name])
        if name in ("ContextName", "ContextId"):
            return self._context(mapping)
        if name == "ActivityDate":
            found = stage(mapping, self.rows)
            given = any(value.field.name == name and value.source is not None for value in self.load.mappings)
            value = fragment("COALESCE(:v, :i)", v=found.value, i=timestamp(self.run.instant)) if given else found.value
            return replace(found, value=value)
        if name == "GsCompanyId" and made_here:
            return self._company(mapping)
        plain = super()._staged(mapping)
        if name == "GsRelationshipId" and self._place("GsCompanyId").source is not None:
            return self._with_entity(plain)
        return plain

    def _place(self, name: str) -> BoundMapping:
        return next(mapping for mapping in self.load.mappings if mapping.field.name == name)

    def _has(self, name: str) -> bool:
        return any(mapping.field.name == name for mapping in self.load.mappings)

    def _value(self, name: str) -> exp.Expr:
        return self._staged(self._place(name)).value

    # The entity

    def _company(self, mapping: BoundMapping) -> StagedValue:
        """The company of the relationship."""
        value: exp.Expr = typed_null("VARCHAR")
        if self._has("GsRelationshipId"):
            stored = select(named(column("Gsid"), "k"), named(column("CompanyId"), "c"))
            stored = stored.from_(self.run.tenant.table("relationship"), copy=False)
            value = column("c", self.rows.join(stored, [("k", self._value("GsRelationshipId"))]))
        return StagedValue(_label(mapping), value, value)

    def _with_entity(self, value: StagedValue) -> StagedValue:
        """Of a company and a relationship, both mapped, one must be there."""
        company = self._staged(self._place("GsCompanyId"))
        bad = any_of(condition for found in (company, value) for condition, _ in found.failures)
        neither = fragment(
            "NOT COALESCE(:bad, FALSE) AND :c IS NULL AND :r IS NULL", bad=bad, c=company.value, r=value.value
        )
        return value.with_failure(neither, "IDENTIFIER_NULL")

    def _context(self, mapping: BoundMapping) -> StagedValue:
        """The mapped context where the row has one, else the relationship or company."""
        by_name = mapping.field.name == "ContextName"
        related = self._value("GsRelationshipId") if self._has("GsRelationshipId") else typed_null("VARCHAR")
        company = self._value("GsCompanyId")
        sides = [text("Relationship"), text("Company")] if by_name else [related, company]
        own = case([(not_null(related), sides[0]), (not_null(company), sides[1])])
        found = stage(mapping, self.rows)
        if self._place("ContextName").source is None and self._place("ContextName").states_on_null:
            return replace(found, value=own)
        return self._stated_context(mapping, found, own)

    def _stated_context(self, mapping: BoundMapping, found: StagedValue, own: exp.Expr) -> StagedValue:
        names, ids = (stage(self._place(name), self.rows) for name in ("ContextName", "ContextId"))
        both = fragment("NOT :n IS NULL AND NOT :i IS NULL", n=names.value, i=ids.value)
        value = fragment("CASE WHEN :b THEN :v ELSE :o END", b=both, v=found.value, o=own)
        made = replace(found, value=value)
        if mapping.field.name == "ContextName":
            return made
        for word, (object, code) in _CONTEXTS.items():
            stored = select(named(column("Gsid"), "k")).from_(self.run.tenant.table(object), copy=False)
            alias = self.rows.join(stored, [("k", ids.value)])
            missing = fragment(
                ":n = :w AND NOT :i IS NULL AND :k IS NULL", n=names.value, w=text(word), i=ids.value,
                k=column("k", alias),
            )  # fmt: skip
            made = made.with_failure(missing, code)
        return made

    # Author, type, attendees

    def _by(self, mapping: BoundMapping) -> StagedValue:
        """The user of that GSID, or of that e-mail address; the default serves where the value finds nobody."""
        label = _label(mapping)
        author = self._author
        if author.lookup is not None:
            return self._required(mapping, replace(stage(author, self.rows), label=label))
        word = self.rows.once(trimmed(stage(replace(author, default=None), self.rows).value))
        gsid, count = self._user(word)
        tries = [word]
        if author.default is not None:
            second, more = self._user(author.default)
            gsid, count = fragment("COALESCE(:a, :b)", a=gsid, b=second), fragment("COALESCE(:a, :b)", a=count, b=more)
            tries.append(author.default)
        nothing = fragment("COALESCE(:t) IS NULL", t=tries[0]) if len(tries) == 1 else exp.false()
        none = fragment(":g IS NULL", g=gsid)
        failures = (
            (fragment("NOT :n AND :g", n=nothing, g=none), "LOOKUP_NO_MATCH"),
            (fragment(":c > 1", c=count), "LOOKUP_MULTIPLE_MATCH"),
        )
        return self._required(mapping, StagedValue(label, gsid, word, failures))

    def _user(self, word: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
        """The user's GSID, and how many users have it or the address."""
        table = self.run.tenant.table("gsuser")
        ids = self.rows.join(select(named(column("Gsid"), "k")).from_(table, copy=False), [("k", word)])
        mail = fragment("LOWER(TRIM(:e))", e=column("Email"))
        found = select(
            named(mail, "k"),
            named(fragment("MIN(:g)", g=column("Gsid")), "g"),
            named(exp.Count(this=exp.Star()), "n"),
        ).from_(table.copy(), copy=False)
        found = found.where(not_null(mail), copy=False).group_by(mail.copy(), copy=False)
        address = fragment("CASE WHEN CONTAINS(:w, '@') THEN LOWER(:w) END", w=word)
        alias = self.rows.join(found, [("k", address)])
        gsid = fragment("COALESCE(:i, :m)", i=column("k", ids), m=column("g", alias))
        return gsid, fragment("CASE WHEN NOT :i IS NULL THEN 1 ELSE :n END", i=column("k", ids), n=column("n", alias))

    def _type(self, mapping: BoundMapping) -> StagedValue:
        """One of the types of activities, as the tenant spells it."""
        types = mapping.field.values
        plain = replace(mapping, field=replace(mapping.field, values=()), default=None)
        found = stage(plain, self.rows)
        word = self.rows.once(trimmed(found.value))
        same = exp.In(this=word.copy(), expressions=[text(each) for each in types])
        folded = case([(text(each.lower()), text(each)) for each in types], subject=fragment("LOWER(:w)", w=word))
        insensitive = self.run.profile["object.picklist_case"] == "insensitive"
        value = fragment("CASE WHEN :s THEN :w ELSE :f END", s=same, w=word, f=folded if insensitive else exp.Null())
        unknown = fragment("NOT :w IS NULL AND :v IS NULL", w=word, v=value)
        differs = fragment("NOT :v IS NULL AND :v <> :w", v=value, w=word)
        if mapping.default is not None:
            value = fragment("COALESCE(:v, :d)", v=value, d=mapping.default)
            return StagedValue(found.label, value, found.shown, (), ((differs, "LABEL_CASE_DIFFERS"),))
        return StagedValue(
            found.label, value, found.shown, ((unknown, "PICKLIST_UNKNOWN"),), ((differs, "LABEL_CASE_DIFFERS"),)
        )

    def _attendees(self, mapping: BoundMapping, object: str) -> StagedValue:
        """GSIDs or e-mail addresses joined by `;`: the GSIDs of those who are known."""
        raw = mapping.constant if mapping.constant is not None else typed_null("VARCHAR")
        if mapping.source is not None:
            raw = as_text(mapping.source, self.rows)
        if mapping.default is not None:
            raw = fragment("COALESCE(:r, :d)", r=raw, d=mapping.default)
        split = select(
            column("t"),
            named(fragment("UNNEST(STRING_SPLIT(:t, ';'))", t=column("t")), "w"),
            named(fragment("GENERATE_SUBSCRIPTS(STRING_SPLIT(:t, ';'), 1)", t=column("t")), "n"),
        ).from_(sub(self.rows.distinct(raw, "t"), "s"), copy=False)
        words = select(column("t"), named(trimmed(column("w")), "w"), column("n")).from_(sub(split, "u"), copy=False)
        words = words.where(not_null(trimmed(column("w"))), copy=False)
        mails = fragment("CASE WHEN NOT :e IS NULL THEN [:g, LOWER(TRIM(:e))] ELSE [:g] END",
                         e=column("Email"), g=column("Gsid"))  # fmt: skip
        known = select(named(column("Gsid"), "g"), named(fragment("UNNEST(:m)", m=mails), "k"))
        known = known.from_(self.run.tenant.table(object), copy=False)
        key = fragment("CASE WHEN CONTAINS(:w, '@') THEN LOWER(:w) ELSE :w END", w=column("w", "p"))
        met = select(column("t", "p"), column("n", "p"), column("g", "k")).from_(sub(words, "p"), copy=False)
        met = met.join(left_join(sub(known, "k"), on=exp.EQ(this=column("k", "k"), expression=key)), copy=False)
        order = "STRING_AGG(:g, ';' ORDER BY :n, :g)"
        whole = select(
            column("t"),
            named(fragment(order, g=column("g"), n=column("n")), "g"),
            named(fragment("BOOL_OR(:g IS NULL)", g=column("g")), "unknown"),
        ).from_(sub(met, "m"), copy=False)
        alias = self.rows.join(whole.group_by(column("t"), copy=False), [("t", raw)])
        failures: tuple[tuple[exp.Expr, str], ...] = ()
        said: dict[str, exp.Expr] = {}
        length = mapping.field.type.length
        if length is not None:
            failures = ((longer_than(length, raw), "STRING_TOO_LONG"),)
            said = {"STRING_TOO_LONG": length_words(length, raw)}
        warnings = ((column("unknown", alias), "REFERENCE_NOT_FOUND"),)
        return StagedValue(_label(mapping), column("g", alias), raw, failures, warnings, said)


def _label(mapping: BoundMapping) -> str:
    return f"`{mapping.field.name}` ({mapping.field.type})"
