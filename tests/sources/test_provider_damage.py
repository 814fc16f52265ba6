"""No record raises, none is lost, whatever is broken; and what was recorded in the wild is read as two other readers read it."""

import copy
import json
import os
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from provider_helpers import read, table

from llmlogs.schema.calls import CALLS, HIDDEN
from llmlogs.schema.ddl import TABLES
from llmlogs.sources import provider_responses
from llmlogs.sources.base import Context, Record
from llmlogs.sources.provider_responses import SOURCE
from llmlogs.sources.provider_responses.open_streams import UNREADABLE

SHARED = Path(os.environ.get("LLMLOGS_SHARED") or Path(__file__).parents[2].parent / "shared")
RESPONSES = SHARED / "corpus/provider/vcr_responses/vcr_responses_dev.jsonl"
EXPECTED = SHARED / "oracle/expected_usage_dev.jsonl"
COLUMNS = {column.name for column in CALLS.columns} | set(HIDDEN)
LIMITS = {column.name for each in TABLES if each.name == "rate_limits" for column in each.columns}
SEEDS = [case["record"] for name in ("bodies", "envelopes", "errors", "no_calls") for case in table(f"provider_{name}").values()]
SEEDS += [event for case in table("provider_streams").values() for event in case["events"]]
SEEDS += [{"events": case["events"]} for case in table("provider_streams").values()]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.text(max_size=8))
JUNK = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)))


def check(outcomes, lines):
    """What holds for every reading of so many records."""
    assert {outcome.line for outcome in outcomes} == set(range(1, lines + 1))
    for outcome in outcomes:
        assert outcome.kind in ("call", "merged", "skipped", "rejected")
        assert (outcome.call is not None) == (outcome.kind == "call")
        assert outcome.reason or outcome.kind == "call"
        assert set(outcome.call or {}) <= COLUMNS
        assert all(value is not None for value in (outcome.call or {}).values())
        assert all(set(row) <= LIMITS for row in outcome.rows.get("rate_limits", ()))


@st.composite
def broken(draw):
    """A good record with some of its members replaced."""
    value = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        node = value
        while isinstance(node, (dict, list)) and node:
            key = draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
            if draw(st.booleans()) or not isinstance(node[key], (dict, list)):
                node[key] = draw(JUNK)
                break
            node = node[key]
    return value


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.one_of(broken(), JUNK), max_size=5))
def test_no_record_raises_and_each_has_its_outcome(values):
    outcomes = read(*values)
    check(outcomes, len(values))
    assert not [outcome for outcome in outcomes if outcome.reason.startswith(UNREADABLE)]
    assert outcomes == read(*values)


def test_a_bottomless_record_has_an_outcome():
    deep: object = SEEDS[0]
    for _ in range(400):
        deep = [deep]
    text = "[" * 900 + "]" * 900
    check(read({"response": deep}, {"body": text}, {"a": json.loads(text)}), 3)


def test_a_surprise_rejects_its_record_only(monkeypatch):
    """The last resort: a mistake of ours in one record must not cost the file."""
    whole = provider_responses.parts_of

    def surprise(value):
        if value == "poison":
            raise KeyError(value)
        return whole(value)

    monkeypatch.setattr(provider_responses, "parts_of", surprise)
    outcomes = read(SEEDS[0], "poison", SEEDS[0])
    assert [outcome.kind for outcome in outcomes] == ["call", "rejected", "call"]
    assert outcomes[1].reason.startswith(UNREADABLE)


def test_a_surprise_in_a_stream_rejects_its_lines_only(monkeypatch):
    monkeypatch.setattr("llmlogs.sources.provider_responses.open_streams.assemble", lambda events: {}["no such"])
    events = table("provider_streams")["openai"]["events"]
    outcomes = read(*events, SEEDS[0])
    assert sorted((outcome.line, outcome.kind) for outcome in outcomes) == [*((line, "rejected") for line in (1, 2, 3, 4)), (5, "call")]


def recorded():
    if not RESPONSES.exists():
        pytest.skip(f"{RESPONSES} is absent")
    return [Record(line, 0, 0, orjson.loads(text)) for line, text in enumerate(RESPONSES.read_bytes().splitlines(), 1)]


@pytest.mark.shared
def test_every_recorded_response_finds_its_place():
    """4,731 recorded exchanges: none raises, none is rejected."""
    records = recorded()
    outcomes = list(SOURCE.read(records, Context("x")))
    check(outcomes, len(records))
    assert not [outcome.line for outcome in outcomes if outcome.kind == "rejected"]
    assert len([outcome for outcome in outcomes if outcome.kind == "call"]) > 0.98 * len(records)


# Where two independent readers agree and are wrong together: the total proves audio beside the prompt (Mistral) and thinking that is not itemised
# (Gemini's OpenAI-compatible URL); see `usage.settle`.
PROVED_BY_TOTAL = {("mistral", "audio"), ("mistral", "chat.completions"), ("gemini", "chat.completions")}


@pytest.mark.shared
def test_recorded_usage_is_what_two_other_readers_read():
    calls = {outcome.line: outcome.call for outcome in SOURCE.read(recorded(), Context("x")) if outcome.kind == "call"}
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    wanted = [row for row in map(json.loads, EXPECTED.read_text().splitlines()) if row["basis"] == "two_agree"]
    wrong = [row for row in wanted if [calls[row["line"]].get(name) or 0 for name in names] != [row[name] for name in names]]
    assert len(wanted) > 4000
    assert {(row["provider"], row["api_flavor"]) for row in wrong} <= PROVED_BY_TOTAL
    assert len(wrong) < 10
