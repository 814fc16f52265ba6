"""Hand-written traces that must be read as stated; they run as tests."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from llmlogs.sources.base import Sample


def _attributes(**values: Any) -> dict[str, str]:
    names = {"kind": "mlflow.spanType", "inputs": "mlflow.spanInputs", "outputs": "mlflow.spanOutputs", "usage": "mlflow.chat.tokenUsage",
             "cost": "mlflow.llm.cost", "model": "mlflow.llm.model", "form": "mlflow.message.format"}  # fmt: skip
    return {names.get(name, name): json.dumps(value) for name, value in values.items()}


THREE = Sample(
    note="schema 3: base64 ids; the sum on the trace is no call; a bool judgement",
    lines=json.dumps(
        {
            "info": {
                "trace_id": "tr-00000000000000000000000000000001",
                "request_time": "2026-03-02T10:00:00Z",
                "state": "OK",
                "trace_metadata": {"mlflow.trace.user": "ann", "mlflow.trace.session": "s1", "mlflow.trace.tokenUsage": '{"input_tokens": 50}'},
                "tags": {"feature": "faq", "mlflow.traceName": "answer"},
                "assessments": [
                    {"assessment_id": "a-1", "assessment_name": "good", "source": {"source_type": "HUMAN"}, "feedback": {"value": True}, "rationale": "?"}
                ],
            },
            "data": {
                "spans": [
                    {
                        "trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAE=", "parent_span_id": None, "name": "answer",
                        "start_time_unix_nano": 1772445600000000000, "end_time_unix_nano": 1772445602000000000, "status": {"code": "STATUS_CODE_OK"},
                        "attributes": _attributes(kind="CHAIN", model="gpt-x"), "events": [],
                    },
                    {
                        "trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAI=", "parent_span_id": "AAAAAAAAAAE=", "name": "Completions",
                        "start_time_unix_nano": 1772445600500000000, "end_time_unix_nano": 1772445601500000000, "status": {"code": "STATUS_CODE_OK"},
                        "attributes": _attributes(
                            kind="CHAT_MODEL", model="gpt-x-0101", form="openai", inputs={"model": "gpt-x", "messages": [{"role": "user", "content": "?"}]},
                            usage={"input_tokens": 50, "output_tokens": 4, "total_tokens": 54, "cache_read_input_tokens": 32}, cost={"total_cost": 0.25},
                        ),
                        "events": [],
                    },
                ]
            },
        }
    ),
    want=(
        {
            "call_id": "0000000000000002", "span_id": "0000000000000002", "parent_span_id": "0000000000000001",
            "trace_id": "tr-00000000000000000000000000000001", "user_id": "ann", "session_id": "s1", "feature": "faq", "feature_basis": "tags",
            "request_model": "gpt-x", "response_model": "gpt-x-0101", "provider": "openai", "input_tokens": 50, "cache_read_tokens": 32, "output_tokens": 4,
            "duration_ms": 1000.0, "reported_usd": Decimal("0.25"), "status": "ok", "usage_status": "reported", "prompt_chars": 1,
        },
    ),
    counts={"records": 2, "calls": 1, "other": 1, "merged": 0, "skipped": 0, "rejected": 0},
)  # fmt: skip

FOUR = Sample(
    note="schema 4: hex ids; the failed call has no message, the span around it has",
    lines=json.dumps(
        {
            "info": {"trace_id": "tr-2", "request_time": "2026-03-02T10:00:00Z", "state": "ERROR", "trace_metadata": {}, "tags": {}},
            "data": {
                "spans": [
                    {
                        "trace_id": "tr-2", "span_id": "00000000000000a1", "parent_span_id": None, "name": "answer",
                        "start_time_unix_nano": 1772445600000000000, "end_time_unix_nano": 1772445602000000000,
                        "status": {"code": "ERROR", "message": "RateLimitError: Error code: 429 - slow down"},
                        "attributes": _attributes(kind="CHAIN"), "events": [],
                    },
                    {
                        "trace_id": "tr-2", "span_id": "00000000000000a2", "parent_span_id": "00000000000000a1", "name": "Messages.create",
                        "start_time_unix_nano": 1772445600000000000, "end_time_unix_nano": 1772445601000000000, "status": {"code": "ERROR", "message": ""},
                        "attributes": _attributes(kind="CHAT_MODEL", model="claude-x", form="anthropic"), "events": [],
                    },
                ]
            },
        }
    ),
    want=({"status": "error", "status_code": 429, "error_class": "rate_limit", "error_type": "RateLimitError", "provider": "anthropic", "input_tokens": None},),
    counts={"records": 2, "calls": 1, "other": 1},
)  # fmt: skip

SAMPLES = (THREE, FOUR)
