"""The behaviour profile: keys, defaults, allowed values, overlays."""

from __future__ import annotations

import pytest

from gsrules.errors import InputError, Place
from gsrules.profile import Profile, profile_keys


def problems_of(settings: dict[str, object]) -> list[tuple[str, str, str, str]]:
    with pytest.raises(InputError) as caught:
        Profile.default().overlaid(settings)
    return [(p.code, p.value, p.nearest, p.hint) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("engine", "horizon"),
        ("values.blank_is_null", False),
        ("calendar.day_of_week_base", 1),
        ("formula.divide_by_zero", "null"),
        ("limits.tasks", 15),
        ("limits.show_fields", 50),
        ("limits.group_by", 10),
        ("limits.filters", 26),
        ("limits.pivot_columns", 50),
        ("limits.pivot_conditions", 200),
        ("limits.lookup_hops", 3),
        ("people.match_criteria", ("Email",)),
        ("cta.on_existing", ("comments", "playbook", "fields")),
        ("cta.max_count", None),
        ("cta.owner_missing", "error"),
        ("plan.owner_missing", "none"),
        ("score.rollup", "on"),
        ("score.csat_range", (1, 5)),
        ("object.string_length_standard", 250),
        ("object.string_length_custom", 500),
        ("object.unique", "off"),
        ("run.timeout_minutes", None),
        ("chain.stop_on", "failure"),
        ("tenant.id", "00000000LOCAL0"),
        ("tenant.timezone", "UTC"),
    ],
)
def test_defaults_are_those_of_the_reference(key: str, value: object) -> None:
    found = Profile.default()[key]
    assert found == value
    assert type(found) is type(value)


def test_every_key_says_what_it_decides_and_how_that_is_known() -> None:
    for key in profile_keys().values():
        assert key.decides
        assert key.evidence
        assert set(key.evidence) <= {"doc", "cli", "obs", "choice"}
        assert key.allowed


def test_every_default_is_allowed() -> None:
    for key in profile_keys().values():
        assert key.read(key.default) == key.default


def test_overlay_sets_a_key_and_leaves_the_rest() -> None:
    profile = Profile.default().overlaid({"filter.between": "exclude_upper"})
    assert profile["filter.between"] == "exclude_upper"
    assert profile["filter.last_n"] == "exclude_current"
    assert Profile.default()["filter.between"] == "inclusive"
    assert profile.settings == {"filter.between": "exclude_upper"}


def test_later_overlay_wins() -> None:
    profile = Profile.default().overlaid({"limits.tasks": 20}).overlaid({"limits.tasks": 30})
    assert profile["limits.tasks"] == 30


def test_nested_settings_are_dotted_keys() -> None:
    assert Profile.default().overlaid({"load": {"coerce": "lenient"}})["load.coerce"] == "lenient"


def test_bionic_changes_what_stops_a_chain_unless_stated() -> None:
    assert Profile.default().overlaid({"engine": "bionic"})["chain.stop_on"] == "partial"
    assert Profile.default().overlaid({"engine": "bionic", "chain.stop_on": "failure"})["chain.stop_on"] == "failure"


def test_words_null_none_on_off_come_as_yaml_and_toml_give_them() -> None:
    profile = Profile.default().overlaid(
        {"formula.divide_by_zero": None, "score.rollup": True, "cta.max_count": "none", "object.unique": "on"}
    )
    assert profile["formula.divide_by_zero"] == "null"
    assert profile["score.rollup"] == "on"
    assert profile["cta.max_count"] is None
    assert profile["object.unique"] == "on"


def test_a_behaviour_that_this_version_does_not_have_is_refused_and_its_default_is_not() -> None:
    key = "api.date_format"
    default = Profile.default()[key]
    other = next(value for value in profile_keys()[key].values if value != default)
    assert [code for code, *_ in problems_of({key: other})] == ["GS-NOT-YET"]
    assert Profile.default().overlaid({key: default})[key] == default


def test_unknown_key_names_the_nearest() -> None:
    assert problems_of({"filter.betwen": "inclusive"}) == [("GS-NAME", "filter.betwen", "filter.between", "")]


def test_bad_values_show_what_is_allowed_all_at_once() -> None:
    found = problems_of(
        {
            "filter.between": "inclusiv",
            "limits.filters": 27,
            "limits.tasks": True,
            "values.blank_is_null": 1,
            "cta.on_existing": ["comments", "colour"],
            "score.csat_range": [5, 1],
            "tenant.timezone": "Mars/Olympus",
            "tenant.id": "short",
            "cta.max_count": -1,
            "cta.close_default_status": " ",
        }
    )
    assert [value for _, value, _, _ in found] == [
        "inclusiv", "27", "true", "1", "comments, colour", "5, 1", "Mars/Olympus", "short", "-1", " ",
    ]  # fmt: skip
    assert {code for code, *_ in found} == {"GS-PROJECT-VALUE"}
    assert found[0][2] == "inclusive"
    assert found[0][3] == "allowed: inclusive, exclude_upper; the default is inclusive"
    assert "from 1 to 26" in found[1][3]
    assert found[8][3] == "allowed: a whole number of at least 0, or none; the default is none"


def test_problems_carry_the_place_of_the_key() -> None:
    place = Place("gsrules.toml", 7, 1)
    with pytest.raises(InputError) as caught:
        Profile.default().overlaid({"nonsense": 1}, lambda key: place if key == "nonsense" else None)
    assert caught.value.problems[0].place == place


def test_profile_is_immutable_and_hashable() -> None:
    profile = Profile.default()
    assert hash(profile) == hash(Profile({}))
    assert profile == Profile({})
    with pytest.raises(TypeError):
        profile["engine"] = "bionic"  # type: ignore[index]
