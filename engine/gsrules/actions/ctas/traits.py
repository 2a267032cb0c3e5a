"""What actions on CTAs tell about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gsrules.actions.traits import FAILED, Decision, Search, Traits, listed, owner_traits

if TYPE_CHECKING:
    from gsrules.actions.close_cta import BoundClose
    from gsrules.actions.ctas.decision import BoundCta
    from gsrules.actions.ctas.update import BoundUpdate
    from gsrules.actions.mappings.entity import BoundEntity
    from gsrules.actions.mappings.record_id import BoundId

CTA: Final = "call_to_action"
_FIELDS: Final = (
    "Name",
    "CompanyId",
    "TypeId",
    "ReasonId",
    "StatusId",
    "PriorityId",
    "OwnerId",
    "PlaybookId",
    "DueDate",
    "EntityType",
    "Source",
    "IsClosed",
    "ClosedDate",
    "CreatedDate",
    "Comments",
)
"""What these actions look at, or change, in a CTA that they meet (actions.md §6.3, §6.7)."""


def traits_of_create(action: BoundCta) -> Traits:
    """Those of create_cta."""
    choices, searches, users = owner_traits(action.owner)
    texts = (("name", action.name), ("comments", action.comments))
    return Traits(
        _create(action),
        target=CTA,
        mappings=action.mappings,
        texts=tuple((name, expr) for name, expr in texts if expr is not None),
        entity=action.entity,
        choices=choices,
        searches=searches,
        meets=cta_fields(action.entity) | users,
        composed={(CTA, "Name"): ()} if "name" in action.identifiers else {},
    )


def _create(action: BoundCta) -> tuple[Decision, ...]:
    parts = listed(
        [action.entity.kind, *(part for part in ("type", "reason", "name", "priority") if part in action.identifiers)]
    )
    missing = f"no open CTA has the same {parts}" if action.check_open else "open CTAs are not looked for"
    if action.time_frame_days is not None:
        missing += f", and none was closed in the last {action.time_frame_days} days"
    made = [Decision("created", "a row without an open CTA of its key", missing)]
    if action.check_open:
        comments = action.comments is not None and action.repeat != "never"
        found = f"an open CTA has the same {parts}"
        adds = comments or action.playbook is not None
        made.append(
            Decision("updated", "a row with an open CTA of its key, to which there is something to add", found, adds)
        )
        same = not comments or action.repeat == "once"
        why = f"{found}, and there is nothing to add"
        made.append(
            Decision("unchanged", "a row with an open CTA of its key, to which there is nothing to add", why, same)
        )
    if action.time_frame_days is not None:
        need = f"a row whose CTA was closed within the time frame of {action.time_frame_days} days"
        made.append(Decision("skipped", need))
    return (*made, FAILED)


def traits_of_close(action: BoundClose) -> Traits:
    """Those of close_cta."""
    if action.cta is None:
        closed = "an open CTA has the type, the reason and one of the sources"
        other = Decision("skipped", "a row without an open CTA to close")
    else:
        closed = "the CTA of the row is open"
        other = Decision("unchanged", "a row whose CTA is closed already", "the CTA of the row is closed already")
    return Traits(
        (Decision("closed", "a row with an open CTA to close", closed), other, FAILED),
        target=CTA,
        entity=action.entity,
        texts=(("comments", action.comments),) if action.comments is not None else (),
        meets=cta_fields(action.entity),
    )


def traits_of_update(action: BoundUpdate) -> Traits:
    """Those of update_cta."""
    choices, searches, users = owner_traits(action.owner)
    found = "the CTA of the row is there"
    updated = Decision("updated", "a row whose CTA gets other values", f"{found}, and the row changes it")
    unchanged = Decision(
        "unchanged",
        "a row whose CTA has all values already",
        f"{found}, and has all values already",
        not action.appends,
    )
    return Traits(
        (updated, unchanged, FAILED),
        target=CTA,
        mappings=action.mappings,
        texts=(("comments", action.comments),) if action.comments is not None else (),
        choices=choices,
        searches=(*searches, *found_by(action.cta)),
        words=tuple(option.source for option in action.options.values() if option.source is not None),
        meets=cta_fields(None) | users,
    )


def found_by(record: BoundId) -> tuple[Search, ...]:
    """How the record is found that a parameter names."""
    lookup = record.lookup.lookup if record.lookup is not None else None
    pairs = lookup.pairs if lookup is not None else ()
    by_value = tuple(Search(record.object, (pair.field.name,), pair.source) for pair in pairs)
    return by_value if record.source is None else (Search(record.object, ("Gsid",), record.source), *by_value)


def cta_fields(entity: BoundEntity | None) -> dict[str, tuple[str, ...]]:
    """The fields of CTAs that an action on an entity meets."""
    more = ("RelationshipId",) if entity is not None and entity.kind == "relationship" else ()
    return {CTA: (*_FIELDS, *more)}
