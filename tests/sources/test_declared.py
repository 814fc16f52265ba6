"""A mapping file reads what it says, loses nothing silently, and its mistakes are told with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlogs.errors import UsageError
from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.declared import Declared, load

CONTEXT = Context("x.ndjson", secret=b"0123456789abcdef")


def mapping(folder: Path, columns: str, tail: str = "", head: str = "") -> Declared:
    path = folder / "mine.toml"
    path.write_text(f"{head}\n[columns]\n{columns}\n{tail}", encoding="utf-8")
    return load(path)


def read(source: Declared, *values: Any, context: Context = CONTEXT) -> list[Outcome]:
    return list(source.read([Record(n, 0, 0, value) for n, value in enumerate(values, 1)], context))


def one(source: Declared, value: Any) -> Outcome:
    (outcome,) = read(source, value)
    return outcome


VALUES = [
    # column, expression, record, what is stored, issue
    ("input_tokens", "u.a", {"u": {"a": 12}}, 12, None),
    ("input_tokens", "u.a", {"u": {"a": "12"}}, 12, None),
    ("input_tokens", "u.a", {"u": {"a": 12.0}}, 12, None),
    ("input_tokens", "u.a", {"u": {"a": 8.7}}, None, "not_a_number"),
    ("input_tokens", "u.a", {"u": {"a": True}}, None, "not_a_number"),
    ("input_tokens", "u.a", {"u": {"a": "n/a"}}, None, "not_a_number"),
    ("input_tokens", "u.a", {"u": {"a": ""}}, None, None),
    ("input_tokens", "u.a", {"u": {"a": None}}, None, None),
    ("input_tokens", "u.a", {"u": "n/a"}, None, "not_an_object"),
    ("input_tokens", "u.a", {"u": '{"a": 7}'}, 7, None),
    ("input_tokens", "u.a", {"u": {"a": 10**30}}, None, "not_a_number"),
    ("input_tokens", "a + coalesce(b, 0)", {"a": 1, "b": 2}, 3, None),
    ("input_tokens", "a + coalesce(b, 0)", {"a": 1}, 1, None),
    ("input_tokens", "a + coalesce(b, 0)", {"a": 1, "b": "x"}, 1, "not_a_number"),
    ("input_tokens", "case when provider = 'anthropic' then a + b else a end", {"provider": "anthropic", "a": 1, "b": 2}, 3, None),
    ("input_tokens", '"gen_ai.usage"', {"gen_ai.usage": 5}, 5, None),
    ("duration_ms", "d", {"d": "1.5"}, 1.5, None),
    ("duration_ms", "d", {"d": "inf"}, None, "not_a_number"),
    ("duration_ms", "d", {"d": "NaN"}, None, "not_a_number"),
    ("reported_usd", "c", {"c": 0.1}, "0.100000000000", None),
    ("provider", "p", {"p": "AWS-Bedrock"}, "AWS-Bedrock", None),  # the engine gives every provider its one id
    ("provider", "p", {"p": "OpenAI"}, "OpenAI", None),
    ("stream", "s", {"s": True}, True, None),
    ("stream", "s", {"s": "maybe"}, None, "not_a_boolean"),
    ("feature", "f", {"f": "chat"}, "chat", None),
    ("feature", "f", {"f": {"a": 1}}, None, "not_a_word"),
    ("feature", "f", {"f": ["a"]}, None, "not_a_word"),
    ("feature", "f", {"f": 7}, "7", None),
    ("finish_reason", "choices->0->>'finish_reason'", {"choices": [{"finish_reason": "stop"}]}, "stop", None),
    ("prompt_chars", "length(prompt)", {"prompt": "abc"}, 3, None),
    ("started_at", "t", {"t": "2025-11-01T01:00:00+01:00"}, 1761955200000000, None),
    ("started_at", "t", {"t": 1761955200}, 1761955200000000, None),
    ("started_at", "t", {"t": "1761955200123"}, 1761955200123000, None),
    ("started_at", "t", {"t": 1761955200.5}, 1761955200500000, None),
    ("started_at", "t", {"t": "Sat, 01 Nov 2025 00:00:00 GMT"}, 1761955200000000, None),
    ("started_at", "t", {"t": "yesterday"}, None, "not_a_time"),
    ("app_cache", "c", {"c": "HIT"}, "hit", None),
    ("app_cache", "c", {"c": False}, "miss", None),
    ("app_cache", "c", {"c": "perhaps"}, None, "unknown_word"),
]


@pytest.mark.parametrize(("column", "expression", "record", "stored", "issue"), VALUES)
def test_a_value_is_read_exactly_or_said_to_be_unreadable(tmp_path: Path, column: str, expression: str, record: Any, stored: Any, issue: str | None) -> None:
    source = mapping(
        tmp_path, f"request_model = 'm'\n{column} = {expression!r}" if "'" not in expression else f'request_model = "m"\n{column} = "{expression}"'
    )
    outcome = one(source, {"m": "gpt", **record})
    assert outcome.call is not None
    actual = outcome.call.get(column)
    assert (str(actual) if column == "reported_usd" else actual) == stored
    assert [found[:2] for found in outcome.issues] == ([(column, issue)] if issue else [])


STATUS = [
    ({"code": 200}, {"status": "ok", "status_code": 200}),
    ({"code": 429}, {"status": "error", "status_code": 429, "error_class": "rate_limit"}),
    ({"code": 504}, {"status": "timeout"}),
    ({"code": 499}, {"status": "cancelled"}),
    ({"status": "success"}, {"status": "ok"}),
    ({"status": True}, {"status": "ok"}),
    ({"status": False}, {"status": "error"}),
    ({"status": "503"}, {"status": "error", "status_code": 503}),
    ({"status": "error", "code": 408}, {"status": "timeout"}),
    ({"status": "ok", "code": 500}, {"status": "error"}),
    ({"err": "RateLimitError"}, {"status": "error", "error_class": "rate_limit"}),
    ({}, {"status": "unknown"}),
]


@pytest.mark.parametrize(("record", "expected"), STATUS)
def test_status_follows_from_what_the_log_has(tmp_path: Path, record: Any, expected: dict[str, Any]) -> None:
    source = mapping(
        tmp_path,
        'request_model = "m"\nstatus = "status"\nstatus_code = "code"\nerror_type = "err"'
        if "status" not in record or "code" in record
        else 'request_model = "m"\nstatus = "status"',
    )
    call = one(source, {"m": "gpt", **record}).call or {}
    assert expected == {key: call.get(key) for key in expected}


def test_times_that_follow_from_each_other_are_derived(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'ended_at = "e"\nstarted_at = "s"\nduration_ms = "d"', '[units]\nduration_ms = "s"')
    both, late = read(source, {"s": 1761955200, "e": 1761955202.5}, {"e": 1761955202, "d": 2})
    assert both.call and both.call["duration_ms"] == 2500
    assert late.call and late.call["started_at"] == 1761955200000000
    assert late.call["duration_ms"] == 2000


def test_a_record_without_time_and_model_is_rejected(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'request_model = "m"\nstarted_at = "t"')
    assert [(o.kind, o.reason) for o in read(source, {"x": 1}, {"m": "gpt"})] == [("rejected", "no time and no model"), ("call", "")]


def test_a_record_that_names_none_of_the_fields_is_no_call(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'started_at = "t"\nrequest_model = "a.m"\n[skip]\n"names no model" = "coalesce(a.m, other) is null"')
    kinds = [(o.kind, o.reason) for o in read(source, {"t": 1761955200, "a": {"m": "gpt"}}, {"t": 1761955200, "a": {"m": None}}, {"t": 1761955200})]
    assert kinds == [("call", ""), ("skipped", "names no model"), ("skipped", "names no model")]


def test_the_feature_is_taken_from_where_the_user_says(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'request_model = "m"\nfeature = "f"')
    (outcome,) = read(source, {"m": "gpt", "f": "chat", "tags": {"product": "search"}}, context=Context("x", feature_from=("no.such", "tags.product")))
    assert outcome.call
    assert (outcome.call["feature"], outcome.call["feature_basis"]) == ("search", "config")


def test_texts_that_identify_are_hashed(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'request_model = "m"\nprompt_hash = "p"\ncache_key = "k"')
    call = one(source, {"m": "gpt", "p": "my secret", "k": "my secret"}).call or {}
    assert call["prompt_hash"] == call["cache_key"]
    assert "secret" not in str(call)


WRONG = [
    ('title = "x"\n', "no [columns]", 1),
    ('[columns]\ninput_tokenz = "a"\nstarted_at = "t"', "unknown column input_tokenz", 2),
    ('[columns]\nstarted_at = "t"\n[units]\nstarted_at = "s"', "unknown unit s", 2),
    ('[columns]\nstarted_at = "t"\n[units]\nstarted_at = "ms since 2026-13-01"', "no day 2026-13-01", 2),
    ('[columns]\nfeature = "f"\nstarted_at = "t"\n[units]\nfeature = "ms since 2026-01-01"', "unknown unit ms since 2026-01-01", 2),
    ('[columns]\nstarted_at = "t"\n[skip]\n"a page" = 3', "a page is no text", 4),
    ('absent = "-"\n[columns]\nstarted_at = "t"', "absent is no list of words", 1),
    ('[columns]\nstarted_at = "t"\n[[sample]]\nline = "{}"\nwant = {}\nskipped = "a page"', "no skip rule a page", 6),
    ('[columns]\nfeature = "t"', "no time and no model", 1),
    ("[columns]\nstarted_at = 3", "started_at is no text", 2),
    ('titel = "x"\n[columns]\nstarted_at = "t"', "unknown key titel", 1),
    ("[columns]\nstarted_at = ", "not valid TOML", None),
    ('[columns]\nstarted_at = "t"\n[[sample]]\nline = "{"\nwant = {}', "a sample's line is no JSON", 4),
]


@pytest.mark.parametrize(("text", "what", "line"), WRONG)
def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path, text: str, what: str, line: int | None) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as told:
        load(path)
    assert told.value.what == what
    assert told.value.where == (f"{path}:{line}" if line else str(path))


@pytest.mark.parametrize("expression", ["a +", "(select 1)", "a; drop table x", "count(*) over ()", "$1", "x from y"])
def test_only_expressions_over_the_record_are_taken(tmp_path: Path, expression: str) -> None:
    source = mapping(tmp_path, f'started_at = "t"\nfeature = "{expression}"')
    with pytest.raises(UsageError) as told:
        _ = source.compiled
    assert str(told.value.where).endswith(":4")


def test_the_closest_name_is_offered(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[columns]\nstarted_at = "t"\noutput_token = "a"', encoding="utf-8")
    with pytest.raises(UsageError, match="did you mean output_tokens"):
        load(path)


def test_detection_says_which_keys_it_found(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'started_at = "t"', head='detect = { all = ["t", "u.a"] }')
    found = source.detect(Head("x", "ndjson", ({"t": 1, "u": {"a": 1}}, {"t": 1})))
    assert found is not None
    assert (found.confidence, found.why) == (0.45, "50% of the records have t, u.a")
    assert source.detect(Head("x", "ndjson", ({"other": 1},))) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["t", "m", "u", "a", "s", "x"]), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.dictionaries(st.sampled_from(["t", "m", "u", "s", "d"]), json_values, max_size=5), min_size=1, max_size=8))
def test_no_record_makes_it_fail_and_each_has_one_outcome(tmp_path_factory: pytest.TempPathFactory, values: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("m")
    columns = 'started_at = "t"\nrequest_model = "m"\ninput_tokens = "u.a"\nstatus = "s"\nduration_ms = "d"\nerror_template = "u.x"\nstream = "u.s"'
    outcomes = read(mapping(folder, columns), *values)
    assert [o.line for o in outcomes] == list(range(1, len(values) + 1))
    assert all(o.kind in ("call", "rejected") for o in outcomes)


def test_a_time_that_counts_from_nowhere(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'started_at = "t"\nrequest_model = "m"', '[units]\nstarted_at = "ms since 2000-01-01"')
    for value, want, issue in (
        (1500, 946684801500000, 0),
        ("1500.25", 946684801500250, 0),
        (None, None, 0),
        (-1, None, 1),
        (1e300, None, 1),
        ("soon", None, 1),
    ):
        outcome = one(source, {"m": "x", "t": value})
        assert ((outcome.call or {}).get("started_at"), len(outcome.issues)) == (want, issue), value


def test_records_that_are_no_call_are_skipped_by_kind(tmp_path: Path) -> None:
    rules = '[skip]\n"a page" = "path = \'/\'"\n"a short one" = "length(path) < 3 or n > 5"\nquiet = "quiet"'
    source = mapping(tmp_path, 'started_at = "t"\ninput_tokens = "n"', rules)
    t = {"t": "2026-01-01T00:00:00Z"}
    told = read(source, {**t, "path": "/"}, {**t, "path": "/v"}, {**t, "path": "/v1/x", "n": 9}, {**t, "path": "/v1/x", "n": 5}, {"quiet": True}, {}, t)
    kinds = [(outcome.kind, outcome.reason) for outcome in told]
    assert kinds == [("skipped", "a page"), ("skipped", "a short one"), ("skipped", "a short one"), ("call", ""), ("skipped", "quiet"),
                     ("rejected", "no time and no model"), ("call", "")]  # fmt: skip


def test_a_mistake_in_a_skip_rule_is_told_with_its_line(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'started_at = "t"', '[skip]\n"a page" = "path ="')
    with pytest.raises(UsageError) as told:
        _ = source.compiled
    assert str(told.value.where).endswith(":5")


def test_words_that_stand_for_nothing(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'started_at = "t"\ninput_tokens = "n"\nfeature = "f"', head='absent = ["-", "n/a"]')
    outcome = one(source, {"t": "2026-01-01T00:00:00Z", "n": "-", "f": "n/a"})
    assert (outcome.call or {}).keys() & {"input_tokens", "feature"} == set()
    assert outcome.issues == []
    assert len(one(source, {"t": "2026-01-01T00:00:00Z", "n": "--"}).issues) == 1


def test_one_of_several_keys_is_enough(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'started_at = "t"', head='detect = { all = ["t", "a.b | c"] }')
    told = [source.detect(Head("x", "ndjson", (value,))) for value in ({"t": 1, "c": 2}, {"t": 1, "a": {"b": 1}}, {"t": 1, "a": 1})]
    assert [detection is not None for detection in told] == [True, True, False]


def test_a_duration_no_one_waits_for_does_not_stop_the_file(tmp_path: Path) -> None:
    source = mapping(tmp_path, 'ended_at = "e"\nduration_ms = "d"\nrequest_model = "m"')
    assert "started_at" not in (one(source, {"m": "x", "e": "2026-01-01T00:00:00Z", "d": 1e306}).call or {})


def test_a_record_on_which_an_expression_fails_is_rejected_alone(tmp_path: Path) -> None:
    source = mapping(tmp_path, "started_at = 't'\nfeature = \"j ->> '$.a'\"")
    t = "2026-01-01T00:00:00Z"
    told = read(source, *[{"t": t, "j": '{"a": "chat"}'}] * 20, {"t": t, "j": "x"}, {"t": t, "j": {"a": "chat"}}, {"t": t, "j": "no json"})
    assert [outcome.kind for outcome in told] == ["call"] * 20 + ["rejected", "call", "rejected"]
    assert told[20].reason == "an expression of the mapping fails on it"
    assert [(outcome.call or {}).get("feature") for outcome in told if outcome.call] == ["chat"] * 21
