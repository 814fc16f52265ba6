"""SGLang's per-request metrics (`--export-metrics-to-file`): JSON Lines in files named `.log`, one finished request a line.

See `sglang.py` for what is in which unit. `request_parameters` is JSON kept as text. Health checks are not in it, failures before the scheduler neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Sample
from llmlogs.sources.model_servers import sglang
from llmlogs.sources.model_servers.values import ANSWERS, Raw, mapping, without_nulls

SIGNS = frozenset({"e2e_latency", "request_received_ts", "queue_time", "response_sent_to_client_ts", "decode_throughput", "first_token_latency"})


class SglangMetrics:
    """One line a request."""

    name = "sglang_metrics"
    title = "SGLang request metrics (--export-metrics-to-file)"
    docs = "https://docs.sglang.ai/references/production_metrics.html"
    tokens = "prompt_tokens includes cached_tokens, completion_tokens includes reasoning_tokens"
    answers = ANSWERS
    samples = (
        Sample(
            '{"request_parameters": "{\\"stream\\": true, \\"sampling_params\\": {\\"max_new_tokens\\": 64}}", "id": "rid-1",'
            ' "finish_reason": {"type": "stop"}, "prompt_tokens": 900, "completion_tokens": 50, "cached_tokens": 640, "e2e_latency": 2.5,'
            ' "queue_time": 0.4, "first_token_latency": 0.65,'
            ' "request_received_ts": 1774958400.25, "response_sent_to_client_ts": 1774958402.75, "decode_throughput": 27.0}',
            (
                {"input_tokens": 900, "cache_read_tokens": 640, "output_tokens": 50, "duration_ms": 2500.0, "queue_ms": 400.0, "prefill_ms": 250.0}
                | {"generation_ms": 1850.0, "ttft_ms": 650.0, "ttft_basis": "server", "stream": True, "max_tokens": 64},
            ),
            note="the first token's latency includes the queue",
        ),
    )

    def detect(self, head: Head) -> Detection | None:
        """By the fields of SGLang's exporter."""
        records = [value for value in head.values if isinstance(value, dict)]
        own = sum(_is_own(record) for record in records)
        return Detection(0.97, f"{own} of the first {len(records)} records are SGLang request metrics") if own and own * 2 >= len(records) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome a line."""
        for record in records:
            if not isinstance(record.value, dict) or not _is_own(record.value):
                yield Outcome(record.line, "rejected", "no SGLang request metrics")
                continue
            row = sglang.columns(record.value, mapping(record.value.get("request_parameters")))
            yield Outcome(record.line, "call", call=without_nulls(row))


def _is_own(record: Raw) -> bool:
    return ("request_parameters" in record and bool(SIGNS & record.keys())) or {"e2e_latency", "request_received_ts", "prompt_tokens"} <= record.keys()


SOURCE = SglangMetrics()
