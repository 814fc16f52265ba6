"""Labels are short words; what is prose or a structure is none."""

from typing import Any

import pytest

from llmlogs.sources.common.labels import feature, label, named, tags


@pytest.mark.parametrize(("value", "want"), [("a", "a"), (7, "7"), (True, None), ("", None), ("x" * 201, None), ("a\nb", None), ({"a": 1}, None), (1.5, None)])
def test_label(value: Any, want: str | None) -> None:
    assert label(value) == want


def test_named_takes_the_first_name_that_holds_a_label() -> None:
    assert named({"feature": "", "use_case": "faq", "user": {"id": 1}, "user_id": "ann", "env": "prod"}) == {
        "feature": "faq", "user_id": "ann", "environment": "prod", "feature_basis": "logged",
    }  # fmt: skip
    assert named("x") == named(None) == named({}) == {}


def test_tags_are_short_scalars_without_a_column_of_their_own() -> None:
    assert tags({"tier": "gold", "n": 3, "ok": True, "user_id": "ann", "long": "x" * 65, "deep": {}, "": 1}, ["a:b", "c", 4]) == (
        '{"tier":"gold","n":3,"ok":true,"a":"b","c":"true"}'
    )
    assert tags({"big": 2**60, "half": "\ud83d"}) is None
    assert tags(None, "x", 3) is None


@pytest.mark.parametrize(
    ("record", "place", "want"),
    [
        ({"tags": {"product": "shop"}}, "tags.product", "shop"),
        ({"tags": ["product:shop", "beta"]}, "tags.product", "shop"),
        ({"a.b": {"c": "shop"}}, "a.b.c", "shop"),
        ({"attributes": {"app.feature": "shop"}}, "attributes.app.feature", "shop"),
        ({"tags": {"product": {"deep": 1}}}, "tags.product", None),
        ({"tags": 3}, "tags.product", None),
    ],
)
def test_feature_from_the_place_the_config_names(record: dict[str, Any], place: str, want: str | None) -> None:
    assert feature(record, (place,)) == ({"feature": want, "feature_basis": "config"} if want else {})
