"""Model servers: the parts of a wait sum to the whole, whatever clock and unit each server has for them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider_helpers import read as read_responses
from provider_helpers import subset

from llmlogs import sources
from llmlogs.carriers.base import Head, Record
from llmlogs.ingest import engine
from llmlogs.sources.base import Context
from llmlogs.sources.common.server_timings import body_timings, header_timings
from llmlogs.sources.model_servers import SOURCES

BY_NAME = {source.name: source for source in SOURCES}


def read(name: str, *values: Any, path: str = "x.log", zone: str = "UTC") -> list[Any]:
    records = [Record(line, 0, 0, value) for line, value in enumerate(values, 1)]
    return list(BY_NAME[name].read(records, Context(path, b"k", timezone=zone)))


def calls(name: str, *values: Any, **more: Any) -> list[dict[str, Any]]:
    return [outcome.call for outcome in read(name, *values, **more) if outcome.kind == "call"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_samples(source: Any) -> None:
    for sample in source.samples:
        values = [json.loads(line) for line in sample.lines.splitlines()]
        got = calls(source.name, *values)
        assert len(got) == len(sample.want)
        for row, want in zip(got, sample.want, strict=True):
            assert subset(row, want) == want, sample.note


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_each_is_known_among_all_sources(source: Any) -> None:
    values = tuple(json.loads(line) for sample in source.samples for line in sample.lines.splitlines())
    assert sources.find(Head("x.log", "ndjson", values))[0][0].name == source.name


# SGLang

META = {"id": "r", "finish_reason": {"type": "stop"}, "prompt_tokens": 90, "completion_tokens": 5, "cached_tokens": 60, "e2e_latency": 2.5, "queue_time": 0.4}


@pytest.mark.parametrize(
    ("more", "want"),
    [
        ({"first_token_latency": 0.65}, {"queue_ms": 400.0, "prefill_ms": 250.0, "generation_ms": 1850.0, "ttft_ms": None}),
        ({"forward_entry_time": 10.0, "prefill_finished_time": 10.3}, {"queue_ms": 400.0, "prefill_ms": 300.0, "generation_ms": 1800.0}),
        ({"first_token_latency": 0.3}, {"prefill_ms": None, "generation_ms": 2200.0}),  # before the queue ended: it cannot be
        ({"first_token_latency": None, "queue_time": None}, {"queue_ms": None, "prefill_ms": None, "generation_ms": None, "duration_ms": 2500.0}),
        ({"reasoning_tokens": 3}, {"reasoning_tokens": 3, "output_tokens": 5, "input_tokens": 90, "cache_read_tokens": 60}),
        ({"finish_reason": {"type": "abort", "message": "gone"}}, {"status": "cancelled", "finish_reason": "abort"}),
        ({"finish_reason": {"type": "abort", "message": "no", "status_code": 400}}, {"status": "error", "status_code": 400, "error_class": "bad_request"}),
        ({"finish_reason": {"type": "length"}}, {"finish_reason": "length"}),
        ({"request_received_ts": 1774958400.25}, {"started_at": "2026-03-31T12:00:00.250000"}),
    ],
)
def test_sglang_metrics(more: dict[str, Any], want: dict[str, Any]) -> None:
    [row] = calls("sglang_metrics", {"request_parameters": "{}", **META, **more})
    assert subset(row, want) == want


def test_sglang_embeddings_have_no_output() -> None:
    [row] = calls("sglang_metrics", {"request_parameters": "{}", "id": "r", "prompt_tokens": 8, "e2e_latency": 0.1, "request_received_ts": 1774958400})
    assert subset(row, {"operation": None, "input_tokens": None, "output_tokens": None}) == {"operation": "embeddings", "input_tokens": 8, "output_tokens": 0}


def event(name: str, rid: str, at: str = "2026-03-31T14:00:00.100000", **more: Any) -> dict[str, Any]:
    return {"timestamp": at, "event": f"request.{name}", "rid": rid, "obj": {"stream": False}, **more}


DONE = event("finished", "a", "2026-03-31T14:00:02.600000", out={"text": "", "meta_info": META | {"id": "a"}})


def test_sglangs_local_times_are_read_in_the_zone_of_the_server() -> None:
    [row] = calls("sglang_requests", event("received", "a"), DONE, zone="Europe/Berlin")
    assert subset(row, {"started_at": 0, "ended_at": 0}) == {"started_at": "2026-03-31T12:00:00.100000", "ended_at": "2026-03-31T12:00:02.600000"}


def test_events_of_requests_are_paired_whatever_stands_between() -> None:
    outcomes = read(
        "sglang_requests", event("received", "b"), event("received", "a"), {"x": 1}, DONE, event("finished", "c", out={"meta_info": META | {"id": "c"}})
    )
    assert sorted((outcome.line, outcome.kind, outcome.merged_into) for outcome in outcomes) == [
        (1, "call", ""), (2, "merged", "a"), (3, "rejected", ""), (4, "call", ""), (5, "call", ""),
    ]  # fmt: skip
    assert {outcome.call["response_id"]: outcome.call["status"] for outcome in outcomes if outcome.call} == {"a": "ok", "b": "unknown", "c": "ok"}


def test_a_request_received_in_one_ingest_and_finished_in_the_next_is_one_call(tmp_path: Path) -> None:
    path = tmp_path / "s.log"
    path.write_text(json.dumps(event("received", "a")) + "\n", encoding="utf-8")
    engine.run([str(path)], tmp_path / "t.duckdb")
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(DONE) + "\n")
    engine.run([str(path)], tmp_path / "t.duckdb")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        assert con.execute("select status, input_tokens, duration_ms from calls").fetchall() == [("ok", 90, 2500.0)]


# Text Generation Inference


def line(message: str = "Success", level: str = "INFO", **span: Any) -> dict[str, Any]:
    times = {
        "name": "generate",
        "total_time": "1.5s",
        "validation_time": "90ns",
        "queue_time": "833.4µs",
        "inference_time": "1.4991665s",
        "time_per_token": "24ms",
    }
    return {"timestamp": "2026-03-31T12:00:02Z", "level": level, "message": message, "target": "text_generation_router::server", "span": times | span}


START = {"timestamp": "2026-03-31T11:00:00Z", "level": "INFO", "message": 'Args {\n    model_id: "acme/llama-x",\n', "target": "text_generation_launcher"}


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (line(), {"duration_ms": 1500.0, "queue_ms": 0.8334, "started_at": "2026-03-31T12:00:00.500000", "stream": False, "status": "ok"}),
        (line(total_time="1m30.5s"), {"duration_ms": 90500.0}),
        (line(total_time="90ns"), {"duration_ms": 0.00009}),
        (line("Request failed during generation: timed out", "ERROR"), {"status": "error", "error_class": "timeout"}),
        (line(name="generate_stream", total_time=None, queue_time=5), {"duration_ms": None, "queue_ms": None, "stream": True}),
    ],
)
def test_tgi(value: Any, want: dict[str, Any]) -> None:
    [row] = calls("tgi", START, value)
    assert subset(row, want) == want
    assert row["request_model"] == "acme/llama-x"
    assert not {"input_tokens", "output_tokens"} & row.keys()


def test_the_servers_own_lines_are_skipped() -> None:
    assert [outcome.kind for outcome in read("tgi", START, {"message": "Connected", "target": "text_generation_router"}, line())] == [
        "skipped",
        "skipped",
        "call",
    ]


# vLLM

RUN = {
    "request_id": "run-0",
    "input_toks": 12,
    "output_toks": 3,
    "arrival_time": 1774958400.5,
    "queued_ts": 1.0,
    "scheduled_ts": 4.0,
    "first_token_ts": 4.5,
    "last_token_ts": 5.0,
}


def test_ids_of_two_runs_do_not_meet() -> None:
    first, second = calls("vllm_run", RUN, RUN | {"arrival_time": 1774962000.5})
    assert first["call_id"] != second["call_id"]


@pytest.mark.parametrize(
    ("more", "want"),
    [
        ({"scheduled_ts": 0.5}, {"queue_ms": None, "duration_ms": 4000.0}),  # a clock that ran backwards
        ({"last_token_ts": None}, {"status": "unknown", "duration_ms": None, "generation_ms": None}),
        ({"input_toks": "n/a"}, {"input_tokens": None, "output_tokens": 3, "usage_status": "partial"}),
    ],
)
def test_what_a_run_did_not_record_is_unknown(more: dict[str, Any], want: dict[str, Any]) -> None:
    [row] = calls("vllm_run", RUN | more)
    assert subset(row, want) == want


def test_the_runs_description_and_load_are_understood_and_name_the_model(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text(json.dumps({"model": "acme/llama-x", "vllm_version": "0.19", "engine_kwargs": {}}, indent=1), encoding="utf-8")
    (tmp_path / "timeseries.csv").write_text("t,prompt_throughput,gen_throughput,running,waiting,kv_cache_pct\n1.0,5.0,2.0,5,2,13.2\n", encoding="utf-8")
    (tmp_path / "requests.jsonl").write_text(json.dumps(RUN) + "\n", encoding="utf-8")
    report = engine.run([str(tmp_path)], tmp_path / "t.duckdb")
    assert not report.unknown
    assert (report.total.records, report.total.calls, report.total.skipped) == (3, 1, 2)
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        assert con.execute("select request_model, queue_ms + prefill_ms + generation_ms = duration_ms from calls").fetchall() == [("acme/llama-x", True)]


METRICS = {"time_to_first_token_ms": 85.2, "generation_time_ms": 1240.5, "queue_time_ms": 12.3, "mean_itl_ms": 9.1, "tokens_per_second": 103.2}


@pytest.mark.parametrize(
    ("metrics", "streamed", "want"),
    [
        (METRICS, False, {"queue_ms": 12.3, "prefill_ms": 85.2, "generation_ms": 1240.5, "server_ms": 1338.0}),
        (METRICS, True, {"queue_ms": 12.3, "prefill_ms": 85.2, "generation_ms": 1240.5, "server_ms": 1338.0, "ttft_ms": 97.5}),  # counted from scheduling
        (METRICS | {"queue_time_ms": None}, True, {"prefill_ms": 85.2, "generation_ms": 1240.5}),
        (dict.fromkeys(METRICS), True, {}),
    ],
)
def test_vllms_metrics_in_its_answers(metrics: Any, streamed: bool, want: dict[str, float]) -> None:
    assert body_timings({}, [metrics], streamed) == want


def test_vllms_metrics_in_a_whole_answer() -> None:
    choices = [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}]
    body = {"id": "chatcmpl-v", "object": "chat.completion", "created": 1774958400, "model": "m", "choices": choices, "metrics": METRICS}
    [outcome] = read_responses({"request": {"body": {"model": "m"}}, "response": {"body": body}})
    assert subset(outcome.call, {"queue_ms": 0, "server_ms": 0}) == {"queue_ms": 12.3, "server_ms": 1338.0}


def test_tgis_headers() -> None:
    assert header_timings({"x-total-time": "150", "x-queue-time": "20", "x-inference-time": "120"}, False) == {"queue_ms": 20.0, "server_ms": 120.0}


# all of them

FLAT = st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | st.text(max_size=6)
JSON = FLAT | st.lists(FLAT, max_size=2) | st.dictionaries(st.text(max_size=4), FLAT, max_size=2)
WHOLE = {"sglang_metrics": {"request_parameters": "{}", **META, "first_token_latency": 1}, "sglang_requests": DONE, "tgi": line(), "vllm_run": RUN}


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_wrong_types_anywhere_upset_nothing(name: str, data: Any) -> None:
    value = json.loads(json.dumps(WHOLE[name]))
    key = data.draw(st.sampled_from(sorted(value)))
    if isinstance(value[key], dict) and data.draw(st.booleans()):
        value[key][data.draw(st.sampled_from(sorted(value[key])))] = data.draw(JSON)
    else:
        value[key] = data.draw(JSON)
    assert [outcome.line for outcome in read(name, value)] == [1]


PARTS = "queue_ms", "prefill_ms", "generation_ms"


def near(parts: float, whole: float, slack_ms: float, slack: float) -> bool:
    return abs(parts - whole) <= slack_ms + slack * whole


@pytest.mark.shared
def test_the_parts_that_real_servers_state_sum_to_their_totals(shared: Path) -> None:
    """Groq: to 10 us; Cerebras: the rest is 1 to 53 ms; Ollama: loading the model is the rest."""
    seen: dict[str, int] = {}
    for text in (shared / "corpus/provider/vcr_responses/vcr_responses_dev.jsonl").read_bytes().splitlines():
        record = json.loads(text)
        if record["provider"] not in ("groq", "cerebras", "ollama"):
            continue
        rows = [outcome.call for outcome in read_responses(record) if outcome.call]
        whole = [row for row in rows if all(name in row for name in PARTS) and "server_ms" in row] if record["provider"] != "ollama" else [
            row for row in rows if {"prefill_ms", "generation_ms", "server_ms"} <= row.keys()
        ]  # fmt: skip
        for row in whole:
            parts = sum(row.get(name, 0.0) for name in PARTS)
            if record["provider"] == "groq":
                assert near(parts, row["server_ms"], 0.01, 0), row
            elif record["provider"] == "cerebras":
                assert 0 <= row["server_ms"] - parts <= 60, row
            else:
                loaded = _loaded(record)
                assert near(parts + loaded, row["server_ms"], 5, 0.02), row
            seen[record["provider"]] = seen.get(record["provider"], 0) + 1
    assert seen["groq"] > 50
    assert seen["cerebras"] > 3
    assert seen["ollama"] > 3


def _loaded(record: dict[str, Any]) -> float:
    found = [node for node in _objects(record) if "load_duration" in node]
    return float(found[-1]["load_duration"]) / 1e6 if found else 0.0


def _objects(value: Any) -> list[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict) else []), *(found for item in inner for found in _objects(item))]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("run", "top", "queue"),
    [("RTX4090/Llama-3.1-8B", "The provider's queue", 0.75), ("RTXPRO6000/Qwen3-30B-A3B-Instruct-2507", "Writing the answer", 0.03)],
)
def test_where_the_time_goes_tells_a_queue_from_a_slow_model(run: str, top: str, queue: float, shared: Path, tmp_path: Path) -> None:
    """The two runs have opposite causes; the shares are computed here from the raw time stamps."""
    folder = shared / "corpus/provider/traces_vllm_llmservingsim" / run
    requests = [json.loads(line) for line in (folder / "requests.jsonl").read_bytes().splitlines()]
    waited = sum(request["scheduled_ts"] - request["queued_ts"] for request in requests)
    whole = sum(request["last_token_ts"] - request["queued_ts"] for request in requests)
    assert waited / whole == pytest.approx(queue, abs=0.01)
    assert not engine.run([str(folder)], tmp_path / "t.duckdb").unknown
    told = _query(tmp_path / "t.duckdb")
    assert (told["values"]["top_part"], told["values"]["n"]) == (top, len(requests))
    shares = {row[0]: row[2] for row in told["tables"][0]["rows"]}
    assert shares["The provider's queue"] == pytest.approx(waited / whole, rel=1e-6)


def _query(db: Path) -> Any:
    program = [sys.executable, "-m", "llmlogs", "query", "latency/where_time_goes", "--db", str(db), "--json"]
    return json.loads(subprocess.run(program, capture_output=True, check=True).stdout)
