"""Every code that a finding can have, with what it means: those of loading, of binding and running, and of advice."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.spec.codes import CODES as LOADING

_OTHERS: Final[Mapping[str, str]] = {
    "GS-NAME": "There is no object, field, dataset, function, option or rule of that name (INVALID_FIELD); as a "
    "warning, a name that is doubtful: one that nothing uses, a reserved word, another letter case.",
    "GS-AMBIGUOUS": "A name fits several things, or two columns have one name.",
    "GS-TYPE": "Values of types that do not go together (INVALID_TYPE); as a warning, types that rarely fit, such as a "
    "text and an id.",
    "GS-SYNTAX": "An expression, a logic or a group is written in a way that cannot be read (MALFORMED_QUERY).",
    "GS-OPERATOR": "An operator that a type or a task does not have (INVALID_QUERY_FILTER_OPERATOR).",
    "GS-VALUE": "A value cannot be computed or compared.",
    "GS-LIMIT": "More than Gainsight allows; with limits.strict = false a warning.",
    "GS-EXT": "The rule uses an extension: gsrules runs it, Gainsight's screens do not offer it.",
    "GS-GAP": "Values between neighbouring cases that no case takes.",
    "GS-FAN-OUT": "A run's merge gave more rows than it was given, because keys repeat.",
    "GS-ACTION-CALLOUT": "A callout that was deleted, is of another connection, or has a field without a column.",
    "GS-ACTION-CTA": "A type, reason, status, priority or playbook that does not exist, or does not go with the type.",
    "GS-ACTION-DUPLICATE": "An action names a field or an identifier twice.",
    "GS-ACTION-ENTITY": "An action that does not go with what the rule is for.",
    "GS-ACTION-HINT": "An action that is right and does not do what it looks like.",
    "GS-ACTION-IDENTIFIER": "Identifiers that are missing, not mapped, or none of the key.",
    "GS-ACTION-LOOKUP": "An import lookup that cannot be made.",
    "GS-ACTION-MAP": "A mapping of options that does not fit the field.",
    "GS-ACTION-PICKLIST": "A label that is no active option of the picklist.",
    "GS-ACTION-PERMISSION": "An object or field that the tenant's load permission list does not hold.",
    "GS-ACTION-READ-ONLY": "A field that the action may not write.",
    "GS-ACTION-REQUIRED": "A field that new records need is not mapped.",
    "GS-ACTION-TARGET": "An object or a target that the action cannot load.",
    "GS-ACTION-VALUE": "A constant that does not fit its field.",
    "GS-FILE-ARCHIVE": "A file that was read could not be moved to its archive.",
    "GS-FILE-COMPRESSION": "A file is not compressed as declared, is damaged, or is too large when unpacked.",
    "GS-FILE-DISK": "There is not enough room for the files of a task.",
    "GS-FILE-ENCODING": "A file is not in the encoding that is declared.",
    "GS-FILE-ENCRYPTED": "A file is encrypted and no key is named, or the other way round.",
    "GS-FILE-EXTENSION": "The path of a file does not end as its kind demands.",
    "GS-FILE-FORMAT": "A date format that cannot be used.",
    "GS-FILE-HEADER": "The header of a file is missing, double, or another one.",
    "GS-FILE-MISSING": "There is no file of that key or prefix in the bucket.",
    "GS-FILE-PATH": "A key that is none, or that leads out of its bucket.",
    "GS-FILE-PGP": "An encrypted file cannot be opened with the key that is named.",
    "GS-FILE-READ": "A file cannot be read.",
    "GS-FILE-ROW": "A row with too few or too many cells, or a quote that is not closed.",
    "GS-FILE-S3-BUCKET": "There is no such bucket on the S3 server.",
    "GS-FILE-S3-BUSY": "The S3 server was too busy, or had trouble of its own, each time it was asked.",
    "GS-FILE-S3-CACHE": "A file of an S3 server cannot be kept on this disk.",
    "GS-FILE-S3-CHANGED": "A file changed or went away on the S3 server while it was read or written.",
    "GS-FILE-S3-CONNECTION": "The S3 server cannot be reached, breaks off, or does not answer in time.",
    "GS-FILE-S3-CREDENTIALS": "The S3 server does not take the keys, or they have expired.",
    "GS-FILE-S3-DENIED": "The S3 server denies access to a key or to the bucket.",
    "GS-FILE-S3-ERROR": "The S3 server refuses for another reason, which is named.",
    "GS-FILE-S3-REGION": "The bucket is in another region than the settings say.",
    "GS-FILE-VALUE": "A cell that does not fit the type of its column.",
    "GS-FILE-WRITE": "A file cannot be written to its bucket.",
    "GS-PROJECT-BUCKET": "There is no bucket of that name.",
    "GS-PROJECT-CALLOUT": "A callout of callouts.yml that cannot be sent as it stands, or that is doubtful.",
    "GS-PROJECT-EMPTY": "The project has no rules.",
    "GS-PROJECT-EXISTS": "The folder is not empty.",
    "GS-PROJECT-KEY": "A key of the behaviour profile that there is not.",
    "GS-PROJECT-NONE": "There is no rules project here.",
    "GS-PROJECT-OBJECT": "An object or picklist of the project that cannot be added to the standard ones.",
    "GS-PROJECT-SCORECARD": "A scorecard or scheme of the project whose weights, groups, ranges or names do not fit.",
    "GS-PROJECT-SECRET": "A secret stands in the settings.",
    "GS-PROJECT-SETTINGS": "The settings cannot be read, or hold an unknown key.",
    "GS-PROJECT-VALUE": "A setting or a key of the behaviour profile with a value that it cannot have.",
    "GS-DELIVER": "A request of the outbox may not be sent from here, was not answered, or was refused.",
    "GS-GUARD": "A run would have done more or less than its `expect` allows; nothing was applied.",
    "GS-RUN": "A run failed.",
    "GS-RUN-ABORTED": "A run took longer than run.timeout_minutes; nothing was applied.",
    "GS-RUN-CRITERIA": "A dry run evaluated the criteria of the actions alone.",
    "GS-RUN-DEACTIVATED": "A rule was deactivated in the tenant by its failures.",
    "GS-RUN-INACTIVE": "An inactive rule was run.",
    "GS-RUN-TASK": "A task failed.",
    "GS-RECORD": "A test cannot be recorded from this run.",
    "GS-QUERY": "A query is no SQL that the tenant answers.",
    "GS-OUTPUT": "A file of results cannot be written.",
    "GS-DIFF-BASE": "The version to compare with cannot be read.",
    "GS-DIFF-GIT": "git does not give what is asked of it.",
    "GS-TEST": "A test failed, or cannot run.",
    "GS-TEST-FILE": "A file that a test gives cannot be made.",
    "GS-TEST-NONE": "No test was selected.",
    "GS-TEST-ROWS": "Rows that a test expects or gives cannot be compared.",
    "GS-TEST-TODAY": "A test has no rule date, so that its result changes from day to day.",
    "GS-TEST-WORKER": "A worker process of the tests ended.",
    "GS-TENANT-ACCESS": "The tenant's store may not be read or written.",
    "GS-TENANT-CORRUPT": "The tenant's store is damaged.",
    "GS-TENANT-FILE": "The tenant's store is no file of gsrules.",
    "GS-TENANT-FOREIGN": "The tenant's store belongs to another project.",
    "GS-TENANT-FULL": "There is no room for the tenant's store.",
    "GS-TENANT-LOCKED": "Another process uses the tenant's store.",
    "GS-TENANT-MEMORY": "There is not enough memory.",
    "GS-TENANT-NEWER": "The tenant's store was made by a newer version.",
    "GS-TENANT-READ": "Records of the project cannot be read.",
    "GS-TENANT-SALESFORCE": "A Salesforce sample cannot be read.",
    "GS-TENANT-SCHEMA": "The tenant's store does not fit the objects of the project.",
    "GS-TENANT-SEED": "Starting records that do not fit their object.",
    "GS-UNDO-DONE": "A run has been undone already.",
    "GS-UNDO-DRY-RUN": "A dry run kept nothing, so that there is nothing to undo.",
    "GS-UNDO-GONE": "What a run overwrote is no longer kept, or is on another tenant.",
    "GS-UNDO-NONE": "There is nothing to undo.",
    "GS-UNDO-UNDO": "An undo cannot be undone.",
    "GS-USAGE": "The command was called in a way that does not work.",
    "GS-SYSTEM": "A file cannot be read or written.",
    "GS-INTERNAL": "gsrules itself failed.",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A code. `title` is what it means in a sentence; the rest is there for advice only."""

    code: str
    title: str
    severity: str = ""
    explanation: str = ""
    evidence: str = ""
    bad: str = ""
    good: str = ""


def all_codes() -> Mapping[str, Explained]:
    """Every code in the order of the alphabet."""
    from gsrules.run.advice.registry import all_advice

    plain = {code: Explained(code, text) for code, text in {**LOADING, **_OTHERS}.items()}
    advice = {
        a.code: Explained(a.code, a.title, a.severity, a.explanation, a.evidence, a.bad, a.good)
        for a in all_advice().values()
    }
    return MappingProxyType(dict(sorted({**plain, **advice}.items())))


def explained(code: str) -> Explained:
    """One code in any letter case, with or without its GS-. Raises InputError GS-USAGE if there is none."""
    known = all_codes()
    wanted = code.strip().upper()
    found = known.get(wanted) or known.get(f"GS-{wanted}")
    if found is not None:
        return found
    message, hint = f"there is no code {code}", "gsrules validate --codes lists them"
    raise InputError(Problem("GS-USAGE", message, value=code, hint=hint, nearest=nearest(wanted, known)))
