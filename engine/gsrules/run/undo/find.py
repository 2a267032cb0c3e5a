"""Finds the run that is to be taken back, or says why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.run.kept import LAST, runs_folder
from gsrules.run.undo.report import UndoReport
from gsrules.run.workspace import Workspace
from gsrules.tenant import RunRecord, Tenant
from gsrules.tenant.journal import JournalledRun

UNDO_MODE: Final = "undo"
"""The mode of an undo's own line in the history."""
_ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """A run of the history whose journal is kept."""

    record: RunRecord
    journalled: JournalledRun


def find(workspace: Workspace, tenant: Tenant, name: str) -> Found:
    """The run of that id, of the only id that begins so, or the last one that was not undone.

    Raises InputError GS-UNDO-… with the reason where it cannot be undone, GS-RUN where there is no such run.
    """
    history = tenant.runs.latest(limit=_ALL)
    journalled = {each.run_id: each for each in tenant.journal().runs()}
    if name == LAST:
        open_ones = [r for r in history if r.run_id in journalled and journalled[r.run_id].undone_by is None]
        if not open_ones:
            raise _problem("GS-UNDO-NONE", "there is no run to undo", name, _kept(workspace))
        return Found(open_ones[0], journalled[open_ones[0].run_id])
    matching = [r for r in history if r.run_id == name] or [r for r in history if r.run_id.startswith(name)]
    if len(matching) > 1:
        shown = ", ".join(r.run_id for r in matching[:5])
        raise _problem("GS-RUN", f"{len(matching)} runs begin with '{name}'", name, f"one of: {shown}")
    if not matching:
        raise _unknown(workspace, name, history)
    (record,) = matching
    return Found(record, _journalled(workspace, record, journalled.get(record.run_id)))


def kept_undo(workspace: Workspace, name: str) -> UndoReport | None:
    """The report of an undo by its id or the only beginning of it, from the history of the project's tenant."""
    if not name or not workspace.project.store.is_file():
        return None
    with workspace.tenant("dry_run") as tenant:
        undos = [r for r in tenant.runs.latest(limit=_ALL) if r.mode == UNDO_MODE and r.run_id.startswith(name)]
    return UndoReport.read(json.loads(undos[0].report)) if len(undos) == 1 else None


def _journalled(workspace: Workspace, record: RunRecord, found: JournalledRun | None) -> JournalledRun:
    if record.mode == UNDO_MODE:
        taken = json.loads(record.report).get("undone", "")
        hint = f"run {record.rule} again to do anew what {taken} did"
        raise _problem("GS-UNDO-UNDO", f"{record.run_id} is an undo itself; it cannot be undone", record.run_id, hint)
    if found is None:
        message = f"what {record.run_id} overwrote is no longer kept"
        raise _problem("GS-UNDO-GONE", message, record.run_id, _kept(workspace))
    if found.undone_by is not None:
        message = f"{record.run_id} has been undone already, by {found.undone_by}"
        raise _problem("GS-UNDO-DONE", message, record.run_id, f"run {record.rule} again to do anew what it did")
    return found


def _unknown(workspace: Workspace, name: str, history: tuple[RunRecord, ...]) -> InputError:
    folder = _folder(runs_folder(workspace), name)
    report = _report(folder) if folder is not None else {}
    if report.get("mode") == "dry_run":
        return _problem("GS-UNDO-DRY-RUN", f"{report['run_id']} was a dry run: it kept nothing", name)
    if report.get("status") == "FAILURE":
        return _problem("GS-UNDO-NONE", f"{report['run_id']} failed and kept nothing: there is nothing to undo", name)
    if report:
        message = f"this tenant does not know the run {report['run_id']}"
        hint = "it was reset since, or the run was made on another one (--tenant names it)"
        return _problem("GS-UNDO-GONE", message, name, hint)
    if not history:
        return _problem("GS-RUN", f"there is no run '{name}': no live run was made on this tenant yet", name)
    known = [record.run_id for record in history]
    hint = f"the newest is {known[0]}; gsrules history lists them all"
    return _problem("GS-RUN", f"there is no run '{name}' on this tenant", name, hint, nearest(name, known))


def _folder(runs: Path, name: str) -> Path | None:
    found = [path for path in runs.iterdir() if path.name.startswith(name)] if runs.is_dir() and name else []
    return found[0] if len(found) == 1 else None


def _report(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _kept(workspace: Workspace) -> str:
    count = workspace.project.runs_to_undo
    if not count:
        return "the settings say [runs] undo = 0: nothing is kept to undo runs with"
    return f"it is kept for the last {count} runs since the tenant was made or reset; [runs] undo = … keeps more"


def _problem(code: str, message: str, value: str, hint: str = "", near: str = "") -> InputError:
    return InputError(Problem(code, message, value=value, hint=hint, nearest=near))
