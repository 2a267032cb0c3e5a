"""The page of the behaviour profile, and what it is made of."""

from __future__ import annotations

from pathlib import Path

from gsrules.profile import Profile, profile_keys, word_of
from gsrules.run.behaviours.guide import guides
from gsrules.views.profile import AREAS, as_json, chosen, settings
from gsrules.views.profile_page import choices, profile_page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "behaviour-profile.md"
RENEW = "gsrules profile --format markdown > docs/behaviour-profile.md"


def test_the_page_is_fresh() -> None:
    fresh = PAGE.read_text(encoding="utf-8") == profile_page()
    assert fresh, f"docs/behaviour-profile.md is stale; renew it with: {RENEW}"


def test_every_key_is_explained_with_each_of_its_values() -> None:
    """A new key needs an entry in profile_guide.json, in the same order."""
    assert [guide.name for guide in guides()] == list(profile_keys())
    for guide, key in zip(guides(), profile_keys().values(), strict=True):
        assert set(guide.values) == {word_of(value) for value in key.values} or key.name.startswith("limits."), key.name
        assert guide.verify, key.name
        assert guide.section, key.name
        assert guide.kind in ("behaviour", "setting", "limit"), key.name
        assert bool(guide.when) == bool(guide.look), key.name
        assert key.name.partition(".")[0] in AREAS, key.name


def test_every_behaviour_that_a_run_looks_for_has_words_for_its_rows() -> None:
    for guide in guides():
        if guide.look:
            assert guide.when.format(rows="2 rows", where="x"), guide.name
            assert set(guide.look) <= {"data", "action", "run"}, guide.name


def test_fixed_choices_name_keys_and_cases_that_there_are() -> None:
    found = choices()
    assert len(found) > 150
    for each in found:
        assert each["decision"].endswith("."), each
        assert each.get("key", "engine") in profile_keys(), each
        assert "case" not in each or (ROOT / "tests" / "conformance" / each["case"]).is_dir(), each
    texts = [(each["section"], each["decision"]) for each in found]
    assert len(set(texts)) == len(texts)


def test_values_tell_where_they_are_set() -> None:
    project = Profile.default().overlaid({"filter.between": "exclude_upper"})
    rule = project.overlaid({"filter.last_n": "include_current"})
    found = {each["key"]: (each["value"], each["set"]) for each in as_json(chosen(settings(rule, project), "filter"))}
    assert found["filter.between"] == ("exclude_upper", "project")
    assert found["filter.last_n"] == ("include_current", "rule")
    assert found["filter.null_rows"] == ("exclude", "default")
