"""load_to_user: existing users only, unique e-mails and user names (actions.md §5.5, platform.md §2.6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.actions.support import World, user

Make = Callable[..., World]


def load(fields: str, identifiers: str = "[Email]") -> str:
    return f"  - {{action: load_to_user, from: Rows, identifiers: {identifiers}, fields: {{{fields}}}}}\n"


def test_users_are_found_by_their_e_mail_and_never_created(make: Make) -> None:
    world = make()
    world.dataset(
        {"E": "text", "T": "text", "M": "id"},
        [("U1@EXAMPLE.COM", "Boss", user(2)), ("u2@example.com", "Self", user(2)), ("u77@example.com", "No", None)],
    )
    made = world.act(load("Email: E, Title: T, Manager: M"))
    assert made.outcomes == ["updated", "failed", "failed"]
    assert made.codes == [None, "VALUE_INVALID", "NO_RECORD_TO_UPDATE"]
    assert len(world.records("gsuser")) == 9
    assert (world.records("gsuser")[0]["Title"], world.records("gsuser")[0]["Manager"]) == ("Boss", user(2))


def test_a_user_name_or_e_mail_that_another_user_has_is_refused(make: Make) -> None:
    world = make()
    world.dataset(
        {"G": "id", "E": "text", "N": "text"},
        [
            (user(1), "U2@example.com", "n1"),
            (user(2), "u2@example.com", "n2"),
            (user(3), "new@example.com", "n3"),
            (user(4), "NEW@example.com", "n4"),
            (user(5), "u5@example.com", "n3"),
            (user(6), "six@example.com", "n6"),
        ],
    )
    made = world.act(load("Gsid: G, Email: E, SFDCUserName: N", "[Gsid]"))
    assert made.codes == ["DUPLICATE_VALUE", None, None, "DUPLICATE_VALUE", "DUPLICATE_VALUE", None]
    assert made.outcomes == ["failed", "updated", "updated", "failed", "failed", "updated"]
    assert "'U2@example.com' is already used" in made.effects[0]["message"]
    assert "`SFDCUserName`" in made.effects[4]["message"]


def test_a_value_that_one_row_would_give_to_several_users_is_refused(make: Make) -> None:
    world = make()
    world.dataset({"A": "boolean", "E": "text"}, [(True, "all@example.com")])
    made = world.act(load("IsActiveUser: A, Email: E", "[IsActiveUser]"))
    assert made.codes == ["DUPLICATE_VALUE"]
    assert "all@example.com" not in [r["Email"] for r in world.records("gsuser")]


@pytest.mark.parametrize("field", ["IsSuperAdmin", "SystemType", "LicenseType", "Gsid", "CreatedDate"])
def test_fields_that_no_rule_may_write(make: Make, field: str) -> None:
    world = make()
    world.dataset({"E": "text"}, [])
    assert [p.code for p in world.problems(load(f"Email: E, {field}: E"))] == ["GS-ACTION-READ-ONLY"]
