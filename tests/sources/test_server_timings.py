"""Times the server states, and the trap of streams."""

import pytest

from llmlogs.sources.common.server_timings import body_timings, header_timings


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        (
            {"queue_time": 0.02, "prompt_time": 0.005, "completion_time": 0.02, "total_time": 0.025},
            {"queue_ms": 20, "prefill_ms": 5, "generation_ms": 20, "server_ms": 45},
        ),  # Groq
        (
            {"queue_time": 0.02, "prompt_time": 0.005, "completion_time": 0.02, "total_time": 0.05, "created": 1.0},
            {"queue_ms": 20, "prefill_ms": 5, "generation_ms": 20, "server_ms": 50},
        ),  # Cerebras
        (
            {"total_duration": 2_685_412_125, "prompt_eval_duration": 149_512_000, "eval_duration": 2_530_305_000},
            {"server_ms": 2685.412125, "prefill_ms": 149.512, "generation_ms": 2530.305},
        ),
        ({"latencyMs": 189}, {"server_ms": 189}),
        ({"invocationLatency": 2481, "firstByteLatency": 1736}, {"server_ms": 2481, "ttft_ms": 1736}),
        (
            {"latency_checkpoint": {"pre_inference_ms": 135, "engine_ttft_ms": 25, "engine_ttlt_ms": 1719, "service_ttft_ms": 396, "total_duration_ms": 1960}},
            {"queue_ms": 135, "ttft_ms": 396, "generation_ms": 1694, "server_ms": 1960},
        ),
        ({"queued_ts": 10.0, "scheduled_ts": 10.5, "first_token_ts": 11.0, "last_token_ts": 13.0}, {"queue_ms": 500, "prefill_ms": 500, "generation_ms": 2000}),
        ({"queue_time": "soon", "total_time": None}, {}),
        ({}, {}),
    ],
)
def test_body(raw, want):
    assert body_timings({}, [raw], streamed=True) == pytest.approx(want)
    assert "ttft_ms" not in body_timings(raw, [], streamed=False)


@pytest.mark.parametrize(
    ("headers", "whole", "stream"),
    [
        ({"openai-processing-ms": "570"}, {"server_ms": 570}, {"ttft_ms": 570}),
        ({"x-envoy-upstream-service-time": "43"}, {"server_ms": 43}, {"ttft_ms": 43}),
        ({"x-metrics-e2e-ms": "5186.6", "x-metrics-ttft-ms": "300.0"}, {"server_ms": 5186.6}, {"ttft_ms": 300}),
        ({"server-timing": "gfet4t7; dur=1284"}, {"server_ms": 1284}, {"ttft_ms": 1284}),
        ({"server-timing": "x-originResponse;dur=1684"}, {"server_ms": 1684}, {"ttft_ms": 1684}),
        ({"server-timing": "cdn-cache; desc=HIT"}, {}, {}),
    ],
)
def test_headers(headers, whole, stream):
    assert header_timings(headers, streamed=False) == whole
    assert header_timings(headers, streamed=True) == stream
