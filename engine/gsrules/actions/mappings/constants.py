"""Constants of rule files as values of a field (actions.md §3.1, §3.4)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from sqlglot import exp

from gsrules.actions.changes.staging import fragment, text, texts
from gsrules.actions.kind import BindEnv, Findings
from gsrules.actions.mappings.conversion import FORMATS, ISO_TEXT, OFFSET_TEXT, SLASHED_TEXT
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.options import Options
from gsrules.catalogue.datatypes import DataType, Family, Kind
from gsrules.catalogue.gsids import is_gsid
from gsrules.errors import Place

Scalar = str | int | float | bool

_DATE_FORMS: Final = {
    r"\d{4}-\d{2}-\d{2}": "%Y-%m-%d",
    r"\d{2}/\d{2}/\d{4}": "%m/%d/%Y",
    r"\d{2}-\d{2}-\d{4}": "%m-%d-%Y",
}
_EXAMPLES: Final = {
    Family.NUMBER: "a number, such as 12.5",
    Family.BOOLEAN: "true or false",
    Family.DATE: "a date, such as 2026-01-31",
    Family.DATETIME: "a date-time, such as 2026-01-31T09:30:00Z",
    Family.ID: "a GSID of 36 characters",
    Family.PICKLIST: "a label of the picklist",
    Family.MULTI_PICKLIST: "labels of the picklist, joined by ;",
}


def constant(
    value: Scalar, target: DataType, options: Options | None, env: BindEnv, findings: Findings, place: Place | None
) -> exp.Expr | None:
    """`value` as a literal typed as `target`, or None after a finding that says what is wrong."""
    family = load_family(target)
    if options is not None and family in (Family.PICKLIST, Family.MULTI_PICKLIST):
        return _option_value(str(value), family, options, findings, place)
    made = _literal(value, target, env)
    if made is None:
        wanted = _EXAMPLES.get(family, f"a valid {target}")
        if target.kind in FORMATS or target.kind is Kind.JSON:
            wanted = f"a well-formed {target}"
        elif family is Family.TEXT:
            wanted = f"a text of at most {target.length} characters"
        findings.error(
            "GS-ACTION-VALUE",
            f"{value!r} is no value for a {target} field",
            place,
            value=str(value),
            hint=f"give {wanted}",
        )
    return made


def _literal(value: Scalar, target: DataType, env: BindEnv) -> exp.Expr | None:
    match load_family(target):
        case Family.TEXT:
            return _text(value, target)
        case Family.NUMBER:
            return _number(value)
        case Family.BOOLEAN:
            return exp.Boolean(this=value) if isinstance(value, bool) else None
        case Family.DATE:
            day = parse_date(str(value).strip())
            return fragment("CAST(:d AS DATE)", d=text(day.isoformat())) if day else None
        case Family.DATETIME:
            moment = parse_datetime(str(value).strip(), env.profile["tenant.timezone"])
            return timestamp(moment) if moment else None
        case _:
            return text(str(value)) if is_gsid(str(value)) else None


def timestamp(moment: datetime) -> exp.Expr:
    """An instant in UTC, given without a zone."""
    return fragment("CAST(:t AS TIMESTAMP)", t=text(moment.isoformat(sep=" ", timespec="milliseconds")))


def _text(value: Scalar, target: DataType) -> exp.Expr | None:
    words = str(value).lower() if isinstance(value, bool) else str(value)
    if target.length is not None and len(words) > target.length:
        return None
    if target.kind in FORMATS and not re.fullmatch(FORMATS[target.kind], words):
        return None
    return text(words)


def _number(value: Scalar) -> exp.Expr | None:
    if isinstance(value, bool | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if not number.is_finite() or number.copy_abs() >= Decimal(10) ** 29:
        return None
    return fragment("CAST(:n AS DECIMAL(38, 9))", n=text(format(number, "f")))


def parse_date(words: str) -> date | None:
    """The day of any of the three accepted forms (platform.md §2.4), or None."""
    for pattern, form in _DATE_FORMS.items():
        if re.fullmatch(pattern, words, re.ASCII):
            try:
                return datetime.strptime(words, form).date()
            except ValueError:
                return None
    return None


def parse_datetime(words: str, zone: str) -> datetime | None:
    """The instant in UTC, without a zone, of an accepted form; a text without offset is in `zone`."""
    found = re.fullmatch(f"({ISO_TEXT}|{SLASHED_TEXT}){OFFSET_TEXT}?", words, re.ASCII)
    if not found:
        return None
    body, offset = found.group(1), found.group(found.re.groups)
    try:
        if "/" in body:
            moment = datetime.strptime(body, "%m/%d/%Y %H:%M:%S")
        else:
            moment = datetime.fromisoformat(body.split(".")[0])
    except ValueError:
        return None
    if "." in body:
        moment += timedelta(milliseconds=int(body.split(".")[1][:3].ljust(3, "0")))
    if offset is None:
        return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
    if offset == "Z":
        return moment
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return moment - shift if offset[0] == "+" else moment + shift


def _option_value(
    words: str, family: Family, options: Options, findings: Findings, place: Place | None
) -> exp.Expr | None:
    parts = words.split(";") if family is Family.MULTI_PICKLIST else [words]
    gsids = [option_gsid(part.strip(), options, findings, place) for part in parts]
    if any(gsid is None for gsid in gsids):
        return None
    literals = [text(gsid) for gsid in dict.fromkeys(gsids) if gsid is not None]
    return texts(literals) if family is Family.MULTI_PICKLIST else literals[0]


def option_gsid(word: str, options: Options, findings: Findings, place: Place | None) -> str | None:
    """The GSID of the active option, or None after a finding (actions.md §3.1)."""
    found = options.find(word)
    if found is None:
        known = ", ".join(options.shown)
        findings.error(
            "GS-ACTION-PICKLIST",
            f"'{word}' is no option of the picklist",
            place,
            value=word,
            hint=f"options: {known}" if known else "the picklist has no active option",
            near=options.nearest(word),
        )
        return None
    option, differs = found
    if not option.active:
        hint = "Gainsight hides inactive options; choose an active one"
        findings.error("GS-ACTION-PICKLIST", f"the option '{word}' is inactive", place, value=word, hint=hint)
        return None
    if differs:
        findings.warn(
            "GS-ACTION-PICKLIST", f"'{word}' differs from the option '{option.word}' in letter case", place, value=word
        )
    return option.gsid
