"""A database that holds only a provider's reports says so, and says that questions are asked of calls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmlogs.cli import app

PAGE = {
    "object": "page",
    "data": [
        {"object": "bucket", "start_time": 1767225600, "end_time": 1767312000,
         "results": [{"object": "organization.costs.result", "amount": {"value": 12.5, "currency": "usd"}}]}
    ],
}  # fmt: skip


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert app(arguments, prog_name="llmlogs", standalone_mode=False) in (0, None)
    return capsys.readouterr().out


def test_only_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "costs.json").write_text(json.dumps(PAGE), encoding="utf-8")
    db = str(tmp_path / "out.duckdb")
    out = told(["ingest", str(tmp_path / "costs.json"), "--db", db], capsys)
    assert "openai.costs 2026-01-01 to 2026-01-02 $12.50" in out
    assert "usage_buckets" in out.splitlines()[-1]
    files = {kind: tmp_path / f"report.{kind}" for kind in ("md", "html", "json")}
    told(["report", "--db", db, *(part for path in files.values() for part in ("-o", str(path)))], capsys)
    for kind, path in files.items():
        text = path.read_text(encoding="utf-8")
        assert "usage_buckets" in text or kind == "json"
        assert "openai.costs" in text
        assert "12.5" in text
