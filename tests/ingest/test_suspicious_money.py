"""Cents that are read as dollars show beside the price book."""

import json
from pathlib import Path

import duckdb
import pytest

from llmlogs.ingest import engine


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real sources and the real price book here."""


@pytest.mark.parametrize(("usd", "expected"), [(0.0125, []), (1.25, ["unit_suspicious: cents?"]), (0.02, []), (12_500.0, [])])
def test_reported_money(tmp_path: Path, usd: float, expected: list[str]) -> None:
    """1,000 tokens in and 1,000 out of gpt-4o cost $0.0025 + $0.01."""
    call = {"format": "llmlogs/1", "model": "gpt-4o", "provider": "openai", "input_tokens": 1000, "output_tokens": 1000, "reported_usd": usd}
    log = tmp_path / "a.jsonl"
    log.write_text("".join(json.dumps(call | {"timestamp": f"2026-11-01T09:0{n}:00Z"}) + "\n" for n in range(6)), encoding="utf-8")
    engine.run([str(log)], tmp_path / "d")
    with duckdb.connect(str(tmp_path / "d"), read_only=True) as con:
        assert [row[0] for row in con.execute("select reason from issues").fetchall()] == expected
        assert con.execute("select distinct reported_usd::double from calls").fetchall() == [(usd,)]
