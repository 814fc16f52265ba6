"""OpenAI's usage and cost reports: kinds that add up, requests once, no call from a sum."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bills import Bills, broken, by_kind, outcomes, rows

from llmlogs import sources
from llmlogs.sources.base import Head
from llmlogs.sources.openai_bills import SOURCE
from llmlogs.sources.openai_bills.costs import line_item

DAY1, DAY2, DAY3 = 1767225600, 1767312000, 1767398400
COMPLETIONS: dict[str, Any] = {
    "object": "organization.usage.completions.result", "input_tokens": 1000, "input_cached_tokens": 400, "input_cache_write_tokens": 100,
    "input_uncached_tokens": 500, "output_tokens": 300, "input_text_tokens": 450, "input_audio_tokens": 50, "output_text_tokens": 260,
    "num_model_requests": 7, "project_id": "proj_made_up", "user_id": None, "api_key_id": "key_made_up", "model": "gpt-5-mini", "batch": False,
    "service_tier": "default",
}  # fmt: skip


def bucket(*results: Any, start: int = DAY1, end: int = DAY2) -> dict[str, Any]:
    return {"object": "bucket", "start_time": start, "end_time": end, "results": list(results)}


def page(*buckets: Any) -> dict[str, Any]:
    return {"object": "page", "data": list(buckets), "has_more": False, "next_page": None}


def test_t1_kinds_add_up_to_the_total_and_parts_are_not_added() -> None:
    found = rows(SOURCE, page(bucket(COMPLETIONS)))
    assert by_kind(found) == {"input": 500, "cache_read": 400, "cache_write": 100, "output": 300}
    assert by_kind(found, "requests") == {None: 7}
    assert {(row["bucket_start"], row["bucket_end"]) for row in found} == {(datetime(2026, 1, 1), datetime(2026, 1, 2))}
    assert {(row["report"], row["model"], row["service_tier"], row["project"]) for row in found} == {
        ("openai.usage.completions", "gpt-5-mini", "default", "proj_made_up")
    }
    assert all("key_made_up" not in str(row) for row in found)


@pytest.mark.parametrize(
    ("change", "want", "issues"),
    [
        (
            {"input_uncached_tokens": None, "input_cache_write_tokens": None},
            {"input": 600, "cache_read": 400, "output": 300},
            0,
        ),  # before cache writes were told
        ({"input_cached_tokens": None, "input_cache_write_tokens": None, "input_uncached_tokens": None}, {"input": 1000, "output": 300}, 0),
        (
            {"input_cached_tokens": 0, "input_cache_write_tokens": 0, "input_uncached_tokens": 1000},
            {"input": 1000, "cache_read": 0, "cache_write": 0, "output": 300},
            0,
        ),
        ({"input_uncached_tokens": 900}, {"input": 500, "cache_read": 400, "cache_write": 100, "output": 300}, 1),  # contradicts the total
        ({"input_tokens": 300}, {"input": 500, "cache_read": 400, "cache_write": 100, "output": 300}, 1),  # more cached than sent
        ({"input_tokens": None}, {"input": 500, "cache_read": 400, "cache_write": 100, "output": 300}, 0),
        ({"input_tokens": "many", "input_uncached_tokens": None}, {"cache_read": 400, "cache_write": 100, "output": 300}, 1),
    ],
)
def test_older_and_damaged_results(change: dict[str, Any], want: dict[str, int], issues: int) -> None:
    (outcome,) = outcomes(SOURCE, [page(bucket(COMPLETIONS | change))])
    assert by_kind(outcome.rows["usage_buckets"]) == want
    assert len(outcome.issues) == issues


@pytest.mark.parametrize(
    ("result", "want"),
    [
        ({"object": "organization.usage.embeddings.result", "input_tokens": 16, "num_model_requests": 2}, [("input", 16, None, None), (None, None, 2, None)]),
        ({"object": "organization.usage.moderations.result", "input_tokens": 9, "num_model_requests": 1}, [("input", 9, None, None), (None, None, 1, None)]),
        (
            {"object": "organization.usage.images.result", "images": 2, "num_model_requests": 1, "size": "1024x1024"},
            [(None, None, None, "images"), (None, None, 1, None)],
        ),
        (
            {"object": "organization.usage.audio_speeches.result", "characters": 45, "num_model_requests": 1},
            [(None, None, None, "characters"), (None, None, 1, None)],
        ),
        (
            {"object": "organization.usage.audio_transcriptions.result", "seconds": 20, "num_model_requests": 1},
            [(None, None, None, "seconds"), (None, None, 1, None)],
        ),
        ({"object": "organization.usage.vector_stores.result", "usage_bytes": 1024}, [(None, None, None, "bytes")]),
        ({"object": "organization.usage.code_interpreter_sessions.result", "num_sessions": 1}, [(None, None, None, "sessions")]),
        (
            {"object": "organization.usage.web_searches.result", "num_requests": 3, "num_model_requests": 2},
            [(None, None, None, "searches"), (None, None, 2, None)],
        ),
    ],
)
def test_every_usage_report(result: dict[str, Any], want: list[Any]) -> None:
    found = rows(SOURCE, page(bucket(result)))
    assert [(row.get("token_kind"), row.get("tokens"), row.get("requests"), row.get("unit")) for row in found] == want


def test_batch_is_a_tier_and_apart_from_the_same_without() -> None:
    batch, plain = rows(SOURCE, page(bucket(COMPLETIONS | {"batch": True, "service_tier": None}, COMPLETIONS)))[::5]
    assert (batch["service_tier"], plain["service_tier"]) == ("batch", "default")
    assert batch["bucket_id"] != plain["bucket_id"]


def test_costs_are_dollars_and_line_items_are_taken_apart() -> None:
    cost = {"object": "organization.costs.result", "amount": {"value": 0.06, "currency": "usd"}, "line_item": "gpt-5-mini-2025-08-07, cached input",
            "project_id": None, "quantity": 12.5, "quantity_unit": "1000_tokens"}  # fmt: skip
    (row,) = rows(SOURCE, page(bucket(cost)))
    assert (row["kind"], row["amount_usd"], row["tokens"], row["token_kind"], row["model"]) == (
        "cost",
        Decimal("0.06"),
        12500,
        "cache_read",
        "gpt-5-mini-2025-08-07",
    )
    (euro,) = rows(SOURCE, page(bucket(cost | {"amount": {"value": 0.06, "currency": "eur"}})))
    assert (euro["amount"], euro["currency"], euro.get("amount_usd")) == (Decimal("0.06"), "EUR", None)


@pytest.mark.parametrize(
    ("item", "want"),
    [
        ("gpt-5, input", ("gpt-5", "input", None)),
        ("gpt-5, batch output", ("gpt-5", "output", "batch")),
        ("gpt-5, cache write", ("gpt-5", "cache_write", None)),
        ("web search tool calls", (None, "other", None)),
        ("assistants api | file search", (None, "other", None)),
        (None, (None, None, None)),
    ],
)
def test_line_items(item: str | None, want: tuple[Any, ...]) -> None:
    found = line_item(item)
    assert (found.get("model"), found.get("token_kind"), found.get("service_tier")) == want


CSV_HEAD = "start_time,end_time,start_time_iso,end_time_iso"
USAGE_CSV = (
    f"{CSV_HEAD},project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens\n"
    f"{DAY1},{DAY1 + 60},2026-01-01T00:00:00+00:00,2026-01-01T00:01:00+00:00,proj_x,3.0,,key_x,gpt-5,False,default,120.0,30.0,20.0\n"
    f"{DAY1 + 60},{DAY1 + 120},2026-01-01T00:01:00+00:00,2026-01-01T00:02:00+00:00,,,,,,,,,,\n"
)
COST_CSV = (
    f"{CSV_HEAD},amount_value,amount_currency,quantity,quantity_unit,line_item,project_id,organization_id\n"
    f'{DAY1},{DAY2},2026-01-01T00:00:00,2026-01-02T00:00:00,0.003835980000000000000000000000,usd,1200,tokens,"gpt-5, output",proj_x,org-x\n'
    f'{DAY1},{DAY2},2026-01-01T00:00:00,2026-01-02T00:00:00,0E-6176,usd,,,"gpt-5, input",proj_x,org-x\n'
    f"{DAY2},{DAY3},2026-01-02T00:00:00,2026-01-03T00:00:00,,,,,,,\n"
)


def test_dashboard_exports(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    report = bills.ingest(
        bills.write("completions_usage_2026-01-01.csv", USAGE_CSV),
        bills.write("cost_2026-01-01.csv", COST_CSV),
        bills.write("completions_usage_empty.csv", f"{CSV_HEAD}\n{DAY1},{DAY2},2026-01-01T00:00:00,2026-01-02T00:00:00\n"),
    )
    assert {file.source for file in report.files} == {"openai_bills"}
    assert (report.total.records, report.total.other, report.total.skipped) == (6, 3, 3)
    told = bills.ask("select report, token_kind, tokens, requests, amount_usd from usage_buckets order by all")
    assert told == [
        ("openai.costs", "input", None, None, Decimal(0)),
        ("openai.costs", "output", 1200, None, Decimal("0.003835980000")),
        ("openai.usage.completions", "cache_read", 20, None, None),
        ("openai.usage.completions", "input", 100, None, None),
        ("openai.usage.completions", "output", 30, None, None),
        ("openai.usage.completions", None, None, 3, None),
    ]
    assert bills.ask("select count(*) from issues") == [(0,)]


ONE_BUCKET = bucket(COMPLETIONS)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(page(ONE_BUCKET, bucket(COMPLETIONS, start=DAY2, end=DAY3)), indent=2),
        json.dumps(page(ONE_BUCKET), indent=2) + "\n" + json.dumps(page(bucket(COMPLETIONS, start=DAY2, end=DAY3)), indent=2),
        json.dumps(page(ONE_BUCKET)) + "\n" + json.dumps(page(bucket(COMPLETIONS, start=DAY2, end=DAY3))) + "\n",
        json.dumps([ONE_BUCKET, bucket(COMPLETIONS, start=DAY2, end=DAY3)]),
        json.dumps(ONE_BUCKET) + "\n" + json.dumps(bucket(COMPLETIONS, start=DAY2, end=DAY3)) + "\n",
        json.dumps({"data": [ONE_BUCKET, bucket(COMPLETIONS, start=DAY2, end=DAY3)]}),
        json.dumps([page(ONE_BUCKET), page(bucket(COMPLETIONS, start=DAY2, end=DAY3))]),
    ],
    ids=["a page", "pages one after the other", "pages, one a line", "an array of buckets", "buckets, one a line", "bare data", "an array of pages"],
)
def test_however_the_pages_are_kept(content: str, tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    report = bills.ingest(bills.write("usage.json", content))
    assert (report.files[0].source, report.total.records, report.total.other) == ("openai_bills", 2, 2)
    assert bills.ask("select sum(tokens)::int, sum(requests)::int, count(distinct bucket_id) from usage_buckets") == [(2600, 14, 2)]


def test_empty_pages_and_buckets_are_understood(tmp_path: Path) -> None:
    assert [outcome.kind for outcome in outcomes(SOURCE, [page(), page(bucket(), bucket())])] == ["skipped", "skipped", "skipped"]
    bills = Bills(tmp_path)
    assert bills.ingest(bills.write("empty.json", page())).files[0].source == "openai_bills"


def test_nonsense_never_stops_the_file() -> None:
    cost = {
        "object": "organization.costs.result",
        "amount": {"value": 0.06, "currency": "usd"},
        "line_item": "gpt-5, input",
        "quantity": 1,
        "quantity_unit": "tokens",
    }
    outcomes(SOURCE, broken(page(bucket(COMPLETIONS))))
    outcomes(SOURCE, broken(page(bucket(cost))))
    outcomes(SOURCE, [None, 3, "x", [], {}, {"data": None}, {"data": [None, 3]}])


@pytest.mark.parametrize(
    "value",
    [
        {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-5", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}},
        {"object": "list", "data": [{"id": "gpt-5", "object": "model"}]},
        {"data": [{"starting_at": "2026-01-01T00:00:00Z", "ending_at": "2026-01-02T00:00:00Z", "results": []}]},
        {"data": [], "has_more": False},
    ],
)
def test_neighbours_are_not_taken(value: dict[str, Any]) -> None:
    assert SOURCE.detect(Head("x.json", "json_stream", (value,))) is None


def test_the_surest_of_all_sources() -> None:
    assert sources.find(Head("x.json", "json_stream", (page(bucket(COMPLETIONS)),)))[0][0] is SOURCE


def test_t25_a_sum_of_forty_requests_is_no_call_and_reaches_no_long_context_price(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    forty = {"object": "organization.usage.completions.result", "input_tokens": 2_000_000, "output_tokens": 4000, "num_model_requests": 40, "model": "gpt-5"}
    bills.ingest(bills.write("usage.json", page(bucket(forty))))
    assert bills.ask("select count(*) from calls") == [(0,)]
    assert bills.ask("select sum(tokens)::int, sum(requests)::int, count(amount_usd) from usage_buckets") == [(2_004_000, 40, 0)]


def test_t36_days_of_a_report_are_utc_days_wherever_it_is_read(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    bills.ingest(bills.write("usage.json", page(bucket(COMPLETIONS))), bills.write("usage.csv", USAGE_CSV), timezone="Asia/Kolkata")
    assert bills.ask("select distinct bucket_start from usage_buckets") == [(datetime(2026, 1, 1),)]


@pytest.mark.shared
def test_the_documented_examples(shared: Path, tmp_path: Path) -> None:
    folder = shared / "corpus/provider/billing"
    usage = json.loads((folder / "openai_usage_completions_page.json").read_text())["data"][0]["results"][0]
    costs = json.loads((folder / "openai_costs_page.json").read_text())["data"][0]["results"][0]
    bills = Bills(tmp_path)
    bills.ingest(str(folder / "openai_usage_completions_page.json"), str(folder / "openai_costs_page.json"))
    assert bills.ask(
        "select sum(tokens) filter (token_kind <> 'output')::int, sum(tokens) filter (token_kind = 'output')::int, sum(requests)::int, sum(amount_usd)::double "
        "from usage_buckets"
    ) == [(usage["input_tokens"], usage["output_tokens"], usage["num_model_requests"], costs["amount"]["value"])]
