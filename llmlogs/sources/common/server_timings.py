"""Times the server states, in its body or headers -> queue, prefill, generation, server and first-token columns.

The trap: on a stream, a header is written before the answer is. `openai-processing-ms` of a stream is the time to the headers, about the first token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llmlogs.sources.common.times import duration_ms

Raw = Mapping[str, Any]
Columns = dict[str, float]

_SECONDS = {"queue_ms": "queue_time", "prefill_ms": "prompt_time", "generation_ms": "completion_time"}
_NANOSECONDS = {"prefill_ms": "prompt_eval_duration", "generation_ms": "eval_duration", "server_ms": "total_duration"}
_HEADERS = (
    "x-amzn-bedrock-invocation-latency", "openai-processing-ms", "x-metrics-e2e-ms", "x-inference-time", "x-kong-upstream-latency",
    "x-envoy-upstream-service-time",
)  # fmt: skip
_SERVER_TIMING = re.compile(r"(?:gfet4t7|x-originResponse|total|app)\s*;\s*dur=([\d.]+)")


def body_timings(usage: Raw, others: list[Raw], streamed: bool) -> Columns:
    """Times in the body: Groq's usage, Cerebras' time_info, Azure's latency_checkpoint, Ollama's nanoseconds, Bedrock's and vLLM's metrics."""
    found: Columns = {}
    for raw in (usage, *others):
        for read in (_seconds, _ollama, _bedrock, _azure, _vllm):
            found.update({name: value for name, value in read(raw).items() if value is not None})
    if not streamed:
        found.pop("ttft_ms", None)
    return found


def _seconds(raw: Raw) -> dict[str, float | None]:
    """Groq and Cerebras. Groq's total excludes the queue, Cerebras' (which has `created`) includes it."""
    if "queue_time" not in raw or "total_time" not in raw:
        return {}
    found = {name: duration_ms(raw.get(key), "s") for name, key in _SECONDS.items()}
    total, queue = duration_ms(raw["total_time"], "s"), found["queue_ms"]
    if total is not None:
        found["server_ms"] = total if "created" in raw else round(total + (queue or 0.0), 6)
    return found


def _ollama(raw: Raw) -> dict[str, float | None]:
    return {name: duration_ms(raw.get(key), "ns") for name, key in _NANOSECONDS.items()} if "total_duration" in raw else {}


def _bedrock(raw: Raw) -> dict[str, float | None]:
    """Converse's `latencyMs`; the metrics at the end of a stream have the real time to first byte."""
    return {
        "server_ms": duration_ms(raw.get("latencyMs", raw.get("invocationLatency")), "ms"),
        "ttft_ms": duration_ms(raw.get("firstByteLatency"), "ms"),
    }


def _azure(raw: Raw) -> dict[str, float | None]:
    point = raw.get("latency_checkpoint")
    if not isinstance(point, Mapping):
        return {}
    first, last = duration_ms(point.get("engine_ttft_ms"), "ms"), duration_ms(point.get("engine_ttlt_ms"), "ms")
    return {
        "queue_ms": duration_ms(point.get("pre_inference_ms"), "ms"),
        "ttft_ms": duration_ms(point.get("service_ttft_ms"), "ms"),
        "generation_ms": last - first if first is not None and last is not None and last >= first else None,
        "server_ms": duration_ms(point.get("total_duration_ms"), "ms"),
    }


def _vllm(raw: Raw) -> dict[str, float | None]:
    """Instants of the engine's own clock, of which only the differences mean anything; or the metrics in its answers, whose first token is counted from
    when the request was scheduled, the queue excluded."""
    if "queue_time_ms" in raw or "generation_time_ms" in raw:
        return _vllm_metrics(raw)
    queued, scheduled, first, last = (raw.get(f"{name}_ts") for name in ("queued", "scheduled", "first_token", "last_token"))
    return {"queue_ms": _between(queued, scheduled), "prefill_ms": _between(scheduled, first), "generation_ms": _between(first, last)}


def _vllm_metrics(raw: Raw) -> dict[str, float | None]:
    queue, prefill, generation = (duration_ms(raw.get(name), "ms") for name in ("queue_time_ms", "time_to_first_token_ms", "generation_time_ms"))
    parts = [part for part in (queue, prefill, generation) if part is not None]
    return {
        "queue_ms": queue,
        "prefill_ms": prefill,
        "generation_ms": generation,
        "ttft_ms": round(prefill + queue, 6) if prefill is not None and queue is not None else None,
        "server_ms": round(sum(parts), 6) if len(parts) == 3 else None,
    }


def _between(start: Any, end: Any) -> float | None:
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (start, end))
    return duration_ms(end - start, "s") if numbers else None


def header_timings(headers: Mapping[str, str], streamed: bool) -> Columns:
    """Times in the headers, in ms. On a stream they tell the first token, not the whole."""
    stated = next((ms for ms in (duration_ms(headers.get(name), "ms") for name in _HEADERS) if ms is not None), None)
    if stated is None:
        timing = _SERVER_TIMING.search(headers.get("server-timing", ""))
        stated = duration_ms(timing.group(1), "ms") if timing else None
    first = duration_ms(headers.get("x-metrics-ttft-ms"), "ms")
    queue = duration_ms(headers.get("x-queue-time"), "ms")  # Text Generation Inference
    found = {"queue_ms": queue} if queue is not None else {}
    if streamed:
        first = first if first is not None else stated
        return found if first is None else found | {"ttft_ms": first}
    return found if stated is None else found | {"server_ms": stated}
