"""`llmlogs what-if` on a log a user has just read."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CALL = (
    '{"format": "llmlogs/1", "timestamp": "2026-02-01T09:%02d:00Z", "model": "gpt-4o", "provider": "openai", "feature": "%s", "call_id": "c%d", '
    '"input_tokens": 2000, "output_tokens": 500, "cache_read_tokens": 0, "stream": false}\n'
)


def test_a_model_a_tier_and_every_mistake_a_user_makes(llmlogs: Run, tmp_path: Path) -> None:
    """One database for all: a call costs 2,000 * 2.5 + 500 * 10 = 10,000 millionths of a dollar; at gpt-4o-mini 600, as a batch half."""
    (tmp_path / "app.jsonl").write_text("".join(CALL % (n, ("chat", "search")[n % 2], n) for n in range(40)))
    assert llmlogs("ingest", "app.jsonl").code == 0
    small = llmlogs("what-if", "--to", "openai/gpt-4o-mini", "--feature", "chat", "--json")
    assert small.code == 0, small.err
    card = json.loads(small.out)
    assert card["results"]["evidence"][0] | {"change": 0} == card["results"]["evidence"][0] | {
        "change": 0,
        "feature": "chat",
        "to_model": "gpt-4o-mini",
        "n_calls": 20,
    }
    assert card["results"]["evidence"][0]["base_usd"] == pytest.approx(0.012)
    shorter = llmlogs("what-if", "--tier", "batch", "--output", "-20%")
    assert "40 calls that cost $0.40 would cost $0.18 ($0.18 to $0.18), 55% less" in shorter.out
    range_told = llmlogs("what-if", "--model", "gpt-4o=anthropic/claude-sonnet-4-5", "--reasoning", "1..1", "--json")
    values = json.loads(range_told.out)["results"]["evidence"][0]
    assert values["low_usd"] < values["base_usd"] < values["high_usd"]
    for arguments, said in (
        ((), "nothing is asked"),
        (("--to", "openai/gpt-99"), "no price for that model"),
        (("--model", "gpt-4o"), "not a swap of models"),
        (("--output", "0.8"), "not a change in percent"),
        (("--cache", "more", "--tier", "flex"), "no such cache policy"),
        (("--chunks", "5=10"), "not a number of chunks"),
        (("--to", "openai/gpt-4o-mini", "--reasoning", "2"), "not a range"),
    ):
        done = llmlogs("what-if", *arguments)
        assert (done.code, done.out) == (2, ""), done.err
        assert said in done.err
        assert "Traceback" not in done.err
