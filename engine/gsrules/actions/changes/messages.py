"""Row codes in words (actions.md §12)."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.staging import call, case, text

SKIPS: Final = frozenset({"CTA_RECENT", "NO_OPEN_CTA", "NOTHING_TO_DELETE", "SCORE_NULL", "SCORECARD_NOT_APPLIED"})
"""Codes of rows that deliberately do nothing; the profile makes more of them skips."""

# {field} is the field concerned, {shown} the value, {key} the row's key.
ROWS: Final[dict[str, str]] = {
    "IDENTIFIER_NULL": "the identifier {field} is null",
    "ENTITY_NOT_FOUND": "{field}: no record has the GSID '{shown}'",
    "REQUIRED_MISSING": "{field} is required, and its value is null",
    "TYPE_MISMATCH": "'{shown}' cannot be converted for {field}",
    "NUMBER_OUT_OF_RANGE": "'{shown}' has more than 29 digits before the decimal point: {field}",
    "VALUE_INVALID": "'{shown}' is not a valid value for {field}",
    "STRING_TOO_LONG": "the text is longer than {field} allows",
    "PICKLIST_UNKNOWN": "'{shown}' is no option of {field}",
    "PICKLIST_INACTIVE": "'{shown}' is an inactive option of {field}",
    "PICKLIST_UNMAPPED": "'{shown}' is not in the customise mapping of {field}",
    "LOOKUP_NO_MATCH": "the lookup for {field} finds no record for '{shown}'",
    "LOOKUP_MULTIPLE_MATCH": "the lookup for {field} finds several records for '{shown}'",
    "REFERENCE_NOT_FOUND": "{field}: no record has the GSID '{shown}'",
    "NO_RECORD_TO_UPDATE": "no record has the identifiers {key}",
    "MULTIPLE_RECORDS_MATCHED": "several records have the identifiers {key}",
    "DUPLICATE_IN_BATCH": "another row has the same identifiers {key}",
    "DUPLICATE_VALUE": "{field} must be unique, and '{shown}' is already used",
    "SURVEY_ORGANIC": "the response {key} is one to Gainsight's own survey",
    "PERSON_AMBIGUOUS": "its match criteria {key} point to several persons",
    "NOTHING_TO_DELETE": "nothing to delete: no record has the identifiers {key}",
    "CTA_OWNER_UNRESOLVED": "no owner: no user is found for '{shown}'",
    "CTA_LIMIT_REACHED": "the tenant's limit of CTAs (cta.max_count) is reached",
    "CTA_NOT_FOUND": "no CTA has the GSID '{shown}'",
    "PLAN_NOT_FOUND": "no success plan has the GSID '{shown}'",
    "CTA_RECENT": "an equal CTA falls into the time frame: {shown}",
    "SCORE_INVALID": "'{shown}' is no score",
    "SCORE_OUT_OF_RANGE": "the score {shown} is outside of the scheme",
    "SCORE_NULL": "the row has no score",
    "SCORECARD_NOT_APPLIED": "the scorecard does not apply to {key}",
    "NO_OPEN_CTA": "no open CTA of {key}",
}

WARNINGS: Final[dict[str, str]] = {
    "LOOKUP_ANY_ONE": "the lookup found several records; the one with the smallest GSID was taken",
    "MULTI_MATCH_UPDATED": "several records have the identifiers; all were updated",
    "CTA_OPEN_TWINS": "several open CTAs have the key; the newest was updated",
    "CTA_NAME_OVER_MAX": "the CTA's name is longer than Gainsight's pages show",
    "NULL_TOKEN": "a ${…} token was null",
    "NULL_WRITTEN": "a null replaced a stored value",
    "BOOLEAN_COERCED": "a text other than true and false was taken as false",
    "LABEL_CASE_DIFFERS": "a label differs from the option in letter case",
    "USER_INACTIVE": "the owner is an inactive user",
    "OWNER_UNRESOLVED": "no owner was found; the record has none",
    "REFERENCE_NOT_FOUND": "a GSID is that of no record",
    "ASSOCIATION_SKIPPED": "only the person was loaded, not the part in a company or relationship",
    "DUPLICATE_SNAPSHOT": "the company or relationship has a record of that date already; another one was made",
    "DUPLICATE_IN_BATCH": "rows were superseded by others with the same identifiers",
}


_PART: Final = re.compile(r"\{(\w+)\}")


def said(code: str | None, field: str, shown: str, words: str | None, key: str) -> str:
    """The message of one row: its own words, or else what `message` makes; nothing where `code` is null."""
    if words is not None:
        return f"{field}: {words}"
    parts = {"field": field, "shown": shown, "key": key}
    return _PART.sub(lambda part: parts[part[1]], ROWS.get(code or "", ""))


def message(code: exp.Expr, field: exp.Expr, shown: exp.Expr, key: exp.Expr) -> exp.Expr:
    """The message of a row as SQL, from parts that are never null; null where `code` is."""
    parts = {"{field}": field, "{shown}": shown, "{key}": key}
    return case([(text(name), _worded(words, parts)) for name, words in ROWS.items()], code, subject=code)


def _worded(words: str, parts: dict[str, exp.Expr]) -> exp.Expr:
    pieces: list[exp.Expr] = []
    rest = words
    while rest:
        at, mark = min((rest.find(mark), mark) if mark in rest else (len(rest), "") for mark in parts)
        if at:
            pieces.append(text(rest[:at]))
        if mark:
            pieces.append(parts[mark])
        rest = rest[at + len(mark) :]
    return call("concat", *pieces)
