"""The codes of the problems that loading a file can find, with what each means."""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    "GS-YAML-READ": "The file cannot be read, or is larger than any file of a project should be.",
    "GS-YAML-ENCODING": "The file is not UTF-8, or holds a character that YAML does not allow.",
    "GS-YAML-SYNTAX": "The file is not YAML.",
    "GS-YAML-EMPTY": "The file holds nothing.",
    "GS-YAML-DOCUMENTS": "The file holds several documents (a line '---').",
    "GS-YAML-DUPLICATE": "Two equal keys stand in one mapping.",
    "GS-YAML-KEY": "A key is a list or a mapping.",
    "GS-YAML-NUMBER": "A number is written badly.",
    "GS-YAML-TAG": "A value has a tag (!name).",
    "GS-YAML-ALIAS": "An alias (*name) names no anchor, holds itself, or multiplies the file.",
    "GS-YAML-MERGE": "A merge key (<<).",
    "GS-YAML-DEPTH": "Lists and mappings are nested too deeply.",
    "GS-SPEC-KEY": "A key that is not known here.",
    "GS-SPEC-MISSING": "A key is missing.",
    "GS-SPEC-TYPE": "A value of the wrong sort: a text where a list is needed, and so on.",
    "GS-SPEC-VALUE": "A value that is not one of those allowed, or out of range.",
    "GS-SPEC-EMPTY": "A key without a value, an empty text, an empty list.",
    "GS-SPEC-NAME": "A name that Gainsight does not allow.",
    "GS-SPEC-DUPLICATE": "Two things of one name.",
    "GS-SPEC-ONE-OF": "Keys that exclude each other, or none of those of which one is needed.",
    "GS-SPEC-KIND": "An unknown type of task or kind of action.",
    "GS-SPEC-LENGTH": "A text that is too long.",
    "GS-SPEC-PATTERN": "The date pattern of an S3 path and its ${pattern} do not fit together.",
    "GS-SPEC-SCHEDULE": "A schedule that contradicts itself.",
    "GS-NOT-YET": "Known to Gainsight, not run by this version.",
}
