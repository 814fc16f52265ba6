"""Labels are read safely: prose, structures and damage are none."""

from __future__ import annotations

from typing import Any

import pytest

from llmlogs.sources.common.labels import feature, find_feature, first_word, label, labels_json, listed, mapping, named, opened, split_tags, tags, word
from llmlogs.sources.common.once import once
from llmlogs.sources.common.outcomes import outcome
from llmlogs.sources.common.providers import PROVIDERS, provider_id


@pytest.mark.parametrize(
    ("value", "want"),
    [("a", "a"), (7, "7"), (0, "0"), ("", None), (None, None), (True, None), (1.5, None), ("a\nb", None), ("x" * 301, None), ({}, None), (["a"], None)],
)
def test_a_label_is_a_short_printable_text_or_a_whole_number(value: Any, want: str | None) -> None:
    assert word(value) == want


def test_the_first_label_wins() -> None:
    assert first_word(None, "", {}, "b", "c") == "b"
    assert first_word(None) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [('{"a": 1}', {"a": 1}), ('"{\\"a\\": 1}"', {"a": 1}), ("[1]", [1]), ("{broken", "{broken"), ("plain", "plain"), (5, 5), (None, None)],
)
def test_json_in_a_text_is_opened(value: Any, found: Any) -> None:
    assert opened(value) == found


def test_what_is_no_object_or_list_is_empty() -> None:
    assert (mapping("[1]"), mapping(None), mapping("x"), listed("{}"), listed(3)) == ({}, {}, {}, [], [])
    assert (mapping({"a": 1}), mapping('{"a": 1}'), listed([1]), listed("[1]")) == ({"a": 1}, {"a": 1}, [1], [1])


def test_tags_are_split_at_their_first_mark() -> None:
    given = ["feature:chat", "a=b", "beta", "url:http://x", 5, "x" * 201, ""]
    assert split_tags(given) == {"feature": "chat", "a": "b", "beta": True, "url": "http://x"}


def test_labels_are_kept_as_short_scalars() -> None:
    assert labels_json({"a": "b", "n": 5, "yes": True, "prose": "x" * 201, "deep": {"a": 1}, "none": None}) == '{"a":"b","n":5,"yes":true}'
    assert labels_json({"deep": {}}) is None


@pytest.mark.parametrize(
    ("places", "wanted", "found"),
    [
        ({"tags": {"feature": "chat"}}, (), ("chat", "tags")),
        ({"metadata": {"Use-Case": "faq"}}, (), ("faq", "logged")),
        ({"tags": {"feature": "chat"}, "metadata": {"tier": "gold"}}, ("metadata.tier",), ("gold", "config")),
        ({"tags": {"feature": "chat", "tier": "gold"}}, ("tier",), ("gold", "config")),
        ({"tags": {"feature": "chat"}}, ("metadata.tier",), ("chat", "tags")),
        ({"tags": {"feature": {"a": 1}}}, (), (None, None)),
    ],
)
def test_the_feature_is_where_the_user_says_or_what_is_called_so(places: Any, wanted: tuple[str, ...], found: Any) -> None:
    assert find_feature(places, wanted) == found


@pytest.mark.parametrize(
    ("code", "failed", "status"),
    [(200, None, "ok"), (429, None, "error"), (408, None, "timeout"), (499, None, "cancelled"), (None, None, "unknown"), (None, True, "error"),
     (None, False, "ok"), (7, None, "unknown"), (500, False, "error"), (200, True, "error")],
)  # fmt: skip
def test_a_call_ended_as_its_status_or_the_log_says(code: int | None, failed: bool | None, status: str) -> None:
    assert outcome(code, failed)["status"] == status


def test_providers_have_one_id_each() -> None:
    assert (provider_id("AZURE-OpenAI"), provider_id("Nobody"), provider_id(""), provider_id(None)) == ("azure", "nobody", None, None)
    assert all(provider_id(known) == known or known in ("cohere", "ollama") for known in PROVIDERS.values())


def test_a_value_is_worked_out_once() -> None:
    class Counter:
        made = 0

        @once
        def value(self) -> int:
            self.made += 1
            return self.made

    counter = Counter()
    assert (counter.value, counter.value) == (1, 1)
    assert isinstance(Counter.value, once)


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
