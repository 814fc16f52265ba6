"""`llmlogs reconcile`: what it prints, what it returns."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CALL = {"format": "llmlogs/1", "provider": "openai", "model": "gpt-4.1", "input_tokens": 1000, "output_tokens": 100, "status": "ok"}
DAY = 1793664000  # 2026-11-03


def write(folder: Path, output: int) -> None:
    """Two days of a log, and the bill for them with so much output."""
    lines = [CALL | {"timestamp": f"2026-11-0{day}T{hour:02}:30:00Z"} for day in (3, 4) for hour in range(24)]
    (folder / "calls.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = {"object": "organization.usage.completions.result", "input_tokens": 24_000, "input_cached_tokens": 0, "model": "gpt-4.1-2025-04-14"}
    usage = [
        {"object": "bucket", "start_time": DAY + i * 86400, "end_time": DAY + (i + 1) * 86400, "results": [result | {"output_tokens": 2400 if i else output}]}
        for i in range(2)
    ]
    costs = [
        {
            "object": "bucket", "start_time": DAY + i * 86400, "end_time": DAY + (i + 1) * 86400,
            "results": [
                {"object": "organization.costs.result", "amount": {"value": value, "currency": "usd"}, "line_item": f"gpt-4.1-2025-04-14, {kind}"}
                for kind, value in (("input", 0.048), ("output", (2400 if i else output) * 8e-6))
            ],
        }
        for i in range(2)
    ]  # fmt: skip
    for name, data in (("usage.json", usage), ("costs.json", costs)):
        (folder / name).write_text(json.dumps({"object": "page", "data": data, "has_more": False}))


def test_a_bill_that_agrees(llmlogs: Run, tmp_path: Path) -> None:
    write(tmp_path, 2400)
    assert llmlogs("ingest", "calls.jsonl").code == 0
    done = llmlogs("reconcile", "usage.json", "costs.json")
    assert done.code == 0, done.out + done.err
    assert "OK: Over 2 days $0.1344 billed and $0.1344 logged, 52.8k tokens billed and 52.8k logged agree" in done.out
    again = llmlogs("reconcile")  # the reports stay in the database
    assert (again.code, again.out) == (0, done.out)


def test_what_nothing_explains(llmlogs: Run, tmp_path: Path) -> None:
    write(tmp_path, 4800)
    done = llmlogs("reconcile", "calls.jsonl", "usage.json", "costs.json", "--json")
    assert done.code == 1, done.out + done.err
    told = json.loads(done.out)
    assert told["verdict"] == "fail"
    (row,) = told["results"]["evidence"]
    assert (row["cause"], row["tokens"]) == ("unexplained", 2400)
    assert row["usd"] == pytest.approx(0.0192)
    assert llmlogs("reconcile", "--max-unexplained", "0.2").code == 0
    page = llmlogs("reconcile", "--markdown")
    assert page.code == 1
    assert page.out.startswith("### ")
    assert "| openai | unexplained |" in page.out


def test_nothing_to_compare(llmlogs: Run, tmp_path: Path) -> None:
    write(tmp_path, 2400)
    done = llmlogs("reconcile", "usage.json")
    assert done.code == 3
    assert "the bill and the log share no day: the log has no call of openai" in done.out
    assert "nothing was compared" in done.err
    bare = llmlogs("reconcile", "calls.jsonl", "--db", "other.duckdb")
    assert bare.code == 3
    assert "no usage or cost report of a provider was read" in bare.out


def test_mistakes(llmlogs: Run) -> None:
    for arguments, words in (
        (("--db", "gone.duckdb"), "gone.duckdb"),
        (("gone.json",), "gone.json"),
        (("--max-unexplained", "7"), "7 is not between 0 and 1"),
        (("--json", "--markdown"), "--json and --markdown at once"),
    ):
        done = llmlogs("reconcile", *arguments)
        assert done.code in (2, 3, 5), done.out + done.err
        assert words in done.err
        assert "Traceback" not in done.err
