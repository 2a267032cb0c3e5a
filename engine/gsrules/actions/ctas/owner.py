"""The owner of a CTA: a user by GSID or e-mail address (actions.md §6.5)."""

from __future__ import annotations

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import column, fragment, named, select, text, typed_null
from gsrules.actions.kind import Findings
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.conversion import trimmed
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.values import CodeEntry
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr
from gsrules.spec import OwnerSpec


@dataclass(frozen=True, slots=True)
class BoundOwner:
    source: Expr | None
    default: str | None


@dataclass(frozen=True, slots=True)
class StagedOwner:
    """The GSID of the resolved user or null, what the column held (and the default if none was found), the warnings."""

    gsid: exp.Expr
    shown: exp.Expr
    warnings: tuple[CodeEntry, ...] = ()


def bind_owner(spec: OwnerSpec | None, dataset: Columns, findings: Findings) -> BoundOwner | None:
    """The owner, or None if none is stated or after a finding."""
    if spec is None:
        return None
    source = dataset.column(spec.column) if spec.column is not None else None
    if source is not None and load_family(source.type) not in (Family.ID, Family.TEXT):
        message = f"`{spec.column}` is a {source.type} column and cannot name a user (INVALID_TYPE)"
        place = spec.column.place if spec.column else None
        findings.error("GS-TYPE", message, place, value=str(spec.column), hint="show the user's GSID or e-mail address")
    return BoundOwner(source, str(spec.default).strip() if spec.default is not None else None)


def stage_owner(owner: BoundOwner | None, rows: Matched) -> StagedOwner:
    """Column first, then default; each by GSID, or by e-mail where the text has an `@`."""
    none = typed_null("VARCHAR")
    if owner is None:
        return StagedOwner(none, none)
    gsid, active, shown = none, fragment("TRUE"), none
    warnings: list[CodeEntry] = []
    if owner.default is not None:
        gsid, active = _user(text(owner.default), rows)
    if owner.source is not None:
        word = rows.once(trimmed(rows.spell(owner.source)))
        found, is_active = _user(word, rows)
        unknown = fragment("NOT :w IS NULL AND :g IS NULL", w=word, g=found)
        warnings.append((unknown, "REFERENCE_NOT_FOUND"))
        active = fragment("CASE WHEN :f IS NULL THEN :d ELSE :a END", f=found, d=active, a=is_active)
        gsid = fragment("COALESCE(:f, :d)", f=found, d=gsid)
        shown = word
    if owner.default is not None:
        missing = fragment(":g IS NULL", g=gsid)
        warnings.append((missing, "REFERENCE_NOT_FOUND"))
        both = fragment("CONCAT_WS(', ', :s, :d)", s=shown, d=text(owner.default))
        shown = fragment("CASE WHEN :g IS NULL THEN :b ELSE :s END", g=gsid, b=both, s=shown)
    inactive = fragment("NOT :g IS NULL AND NOT :a", g=gsid, a=active)
    return StagedOwner(gsid, shown, (*warnings, (inactive, "USER_INACTIVE")))


def _user(word: exp.Expr, rows: Matched) -> tuple[exp.Expr, exp.Expr]:
    """The user's GSID and whether active; a user without that flag counts as active."""
    users = rows.run.tenant.table("gsuser")
    flag = named(fragment("COALESCE(:a, TRUE)", a=column("IsActiveUser")), "a")
    by_id = rows.join(select(named(column("Gsid"), "k"), flag).from_(users, copy=False), [("k", word)])
    mail = fragment("LOWER(TRIM(:e))", e=column("Email"))
    first = select(
        named(mail, "k"),
        named(fragment("MIN(:g)", g=column("Gsid")), "g"),
        named(fragment("ARG_MIN(COALESCE(:a, TRUE), :g)", a=column("IsActiveUser"), g=column("Gsid")), "a"),
    ).from_(users.copy(), copy=False)
    first = first.where(fragment("NOT :m IS NULL", m=mail), copy=False).group_by(mail.copy(), copy=False)
    address = fragment("CASE WHEN CONTAINS(:w, '@') THEN LOWER(:w) END", w=word)
    by_mail = rows.join(first, [("k", address)])
    return (
        fragment("COALESCE(:i, :m)", i=column("k", by_id), m=column("g", by_mail)),
        fragment("COALESCE(:i, :m)", i=column("a", by_id), m=column("a", by_mail)),
    )
