"""`llmlogs prices`: a database keeps the prices it has until it is told otherwise, and every step can be looked at first."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

NOW = {"format": "llmlogs/1", "provider": "openai", "input_tokens": 1000, "output_tokens": 100}
OLD, NEW = "0.00225", "0.0035"  # gpt-5 by the installed book, and by the one below
BOOK = [
    {
        "id": "openai",
        "name": "OpenAI",
        "api_pattern": "https://api\\.openai\\.com",
        "models": [
            {"id": "gpt-5", "match": {"equals": "gpt-5"}, "prices": {"input_mtok": 2.5, "output_mtok": 10, "web_searches_kcount": 10}},
            {
                "id": "gpt-4o-mini",
                "match": {"equals": "gpt-4o-mini"},
                "prices": {"input_mtok": 0.15, "cache_read_mtok": 0.075, "output_mtok": 0.6, "web_searches_kcount": 10},
            },
        ],
    }
]


def call(day: str, model: str = "gpt-5", **more: Any) -> str:
    return json.dumps(NOW | {"timestamp": f"{day}T10:00:00Z", "model": model, "call_id": f"{model}-{day}"} | more) + "\n"


def costs(llmlogs: Run) -> dict[str, str]:
    rows = json.loads(llmlogs("sql", "select call_id, cost_usd::varchar as usd from calls order by 1", "--format", "json").out)
    return {row["call_id"]: (row["usd"] or "").rstrip("0") for row in rows}


@pytest.fixture
def logs(llmlogs: Run, tmp_path: Path) -> Run:
    """A database of two months, and beside it a book of other prices."""
    (tmp_path / "a.jsonl").write_text(call("2026-05-10") + call("2026-06-10") + call("2026-06-11", "gpt-4o-mini"))
    (tmp_path / "book.json").write_text(json.dumps(BOOK))
    assert llmlogs("ingest", "a.jsonl").code == 0
    return llmlogs


def test_another_book_is_compared_before_it_is_taken(logs: Run) -> None:
    told = logs("prices", "diff", "--from", "book.json", "--json")
    (row,) = json.loads(told.out)
    assert (row["model"], row["calls"], float(row["cost_usd"])) == ("gpt-5", 2, 0.0045)
    assert row["change"] == "input 1.25 -> 2.5, cache read 0.125 -> none"
    assert "1 of 2 names change with 95." in told.err
    assert logs("prices", "diff", "--json").out.strip() == "[\n]"


def test_a_book_of_ones_own_is_for_calls_to_come_and_repricing_is_looked_at_first(logs: Run, tmp_path: Path) -> None:
    told = logs("prices", "update", "--from", "book.json")
    assert told.code == 0
    assert "kept in the database" in told.out
    (tmp_path / "b.jsonl").write_text(call("2026-07-01") + call("2026-07-01", "gpt-4o"))
    (tmp_path / "book.json").unlink()
    logs("ingest", "b.jsonl")
    found = costs(logs)
    assert {day: found[f"gpt-5-{day}"] for day in ("2026-05-10", "2026-06-10", "2026-07-01")} == dict.fromkeys(("2026-05-10", "2026-06-10", "2026-07-01"), OLD)
    assert json.loads(logs("sql", "select cost_status from calls where request_model = 'gpt-4o'", "--format", "json").out) == [{"cost_status": "unknown_model"}]
    assert "more than one price book priced these calls" in logs("prices", "show").err
    assert "priced by 2 books" in logs("report", "-o", "-", "--only", "cost/by_model").out

    preview = logs("prices", "reprice", "--diff", "--since", "2026-06-01", "--model", "gpt-5", "--json")
    rows = sorted(json.loads(preview.out), key=lambda row: row["month"])
    assert [(row["month"], row["changed_calls"], float(row["old_usd"]), float(row["new_usd"])) for row in rows] == [
        ("2026-06", 1, float(OLD), float(NEW)),
        ("2026-07", 1, float(OLD), float(NEW)),
    ]
    assert "2 of 2 calls would change" in preview.err
    assert costs(logs) == found

    assert "2 of 2 calls changed" in logs("prices", "reprice", "--since", "2026-06-01", "--model", "gpt-5").err
    after = costs(logs)
    assert [after[f"gpt-5-{day}"] for day in ("2026-05-10", "2026-06-10", "2026-07-01")] == [OLD, NEW, NEW]
    assert "calls to come are priced by another plan" in logs("prices", "explain", "gpt-5-2026-05-10").out
    (tmp_path / "c.jsonl").write_text(call("2026-08-01"))
    logs("ingest", "c.jsonl")
    assert costs(logs)["gpt-5-2026-08-01"] == NEW  # the name was looked up again
    runs = json.loads(logs("prices", "show", "--runs", "--json").out)
    assert [(run["command"], run["calls"], run["changed_calls"]) for run in runs] == [("ingest", 1, 0), ("reprice", 2, 2), ("ingest", 2, 0), ("ingest", 3, 0)]
    assert runs[1]["scope"] == "from 2026-06-01, model gpt-5"

    assert "the installed package" in logs("prices", "update", "--installed").out
    logs("prices", "reprice")
    assert {usd for call_id, usd in costs(logs).items() if call_id.startswith("gpt-5")} == {OLD}
    assert json.loads(logs("sql", "select count(*) as n from price_plans where superseded_at is not null", "--format", "json").out) == [{"n": 0}]


@pytest.mark.parametrize(
    ("content", "told"), [("{", "not a price book"), ("[1]", "not a price book"), ('[{"id": "x"}]', "not a price book"), (None, "cannot read the price book")]
)
def test_what_is_no_price_book_is_told_and_changes_nothing(logs: Run, tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "bad.json").write_text(content)
    for command in ("diff", "update"):
        done = logs("prices", command, "--from", "bad.json")
        assert (done.code, told in done.err, "Traceback" in done.err) == (2, True, False)
    assert "the installed package" in logs("prices", "update").out


def test_a_new_price_file_is_valid_with_and_without_its_comments(llmlogs: Run, tmp_path: Path) -> None:
    assert llmlogs("prices", "new").code == 0
    assert llmlogs("prices", "check").out == f"{tmp_path / 'llmlogs.prices.toml'}: nothing in it\n"
    assert llmlogs("prices", "new").code == 2
    lines = (tmp_path / "llmlogs.prices.toml").read_text().splitlines()
    tables = [line[2:] for line in lines if line.startswith(("# [[", "# ")) and ("=" in line or "[[" in line) and not line.endswith((":", ","))]
    (tmp_path / "full.toml").write_text("\n".join(line for line in tables if line.startswith("[[") or line.split(" = ")[0].isidentifier()))
    assert llmlogs("prices", "check", "full.toml").out.endswith("1 alias, 1 price, 1 free, 2 discount, 1 uplift, 1 allowance, 2 capacity, 1 fx\n")
    (tmp_path / "full.toml").write_text("[[discount]]\nprovider = 'x'\npercnt = 5\n")
    done = llmlogs("prices", "check", "full.toml")
    assert done.code == 2
    assert "full.toml:3" in done.err
    assert "did you mean `percent`?" in done.err


def test_strict_ends_with_1_where_too_little_is_priced_and_still_answers(llmlogs: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(call(f"2026-05-{day:02d}") for day in range(1, 20)) + call("2026-05-20", "nobody-knows"))
    llmlogs("ingest", "a.jsonl")
    for command in (("query", "cost/by_model"), ("report", "-o", "-", "--only", "cost/by_model")):
        assert llmlogs(*command, "--strict").code == 0
        done = llmlogs(*command, "--min-priced", "0.99")
        assert done.code == 1
        assert "gpt-5" in done.out
        assert "only 95.0% of calls and 95.0% of tokens are priced, 99.0% are asked for" in done.err


def test_money_is_shown_in_another_currency_and_the_header_says_by_which_rate(llmlogs: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(call("2026-05-10", input_tokens=8 * 10**6, output_tokens=0))  # 10 USD
    llmlogs("ingest", "a.jsonl")
    assert llmlogs("query", "cost/by_model", "--currency", "EUR").code == 2
    rates = [("2026-01-01", "2"), ("2026-05-01", "1.25"), ("2026-06-01", "4")]
    fx = "".join(f'[[fx]]\ncurrency = "eur"\nusd_per_unit = "{usd}"\nvalid_from = {day}\n' for day, usd in rates)
    (tmp_path / "llmlogs.prices.toml").write_text(fx)
    told = llmlogs("report", "-o", "-", "--only", "cost/by_model", "--currency", "eur").out
    assert "EUR 8.00" in told
    assert "$" not in told
    assert "1 EUR = 1.25 USD on 2026-05-10, the last day of the log" in " ".join(told.split())
    assert "$10.00" in llmlogs("query", "cost/by_model").out
    (tmp_path / "llmlogs.toml").write_text('currency = "EUR"\n')
    assert "EUR 8.00 over 1 models" in llmlogs("query", "cost/by_model").out
    assert json.loads(llmlogs("query", "cost/by_model", "--json").out)
