"""How fast LiteLLM's payloads are read beside a plain log: MB a second of `llmlogs ingest` for both, and their ratio.

    python -m tests.benchmarks.litellm_payloads [MB] [ROUNDS]

Both logs are made here, of the same size in bytes; both sides are processes of their own, in turn, in one run: only their ratio says something.
The payloads are as long as real ones (5-8 kB with messages and answer), the plain log is that of ingest_vs_ctas, read by the fast reader.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.ingest_vs_ctas import MAPPING, _record, measured

WORDS = ("shipping", "invoice", "please", "the", "Über", "order", "late", "customer", "policy", "token", "refund", "a", "of", "system")
MODELS = (("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5-20250929"))
PRICES = {f"cost_of_{n}": None if n % 3 else 1e-06 for n in range(60)}  # payloads carry the whole price entry of the model


def payload(rng: random.Random, n: int) -> dict[str, Any]:
    """One callback payload; of a hundred two are refused, and half of those tried again."""
    provider, model = rng.choice(MODELS)
    start = 1774958400 + n / 20
    streamed, failed = rng.random() < 0.5, rng.random() < 0.02
    call = f"{rng.getrandbits(32):08x}-0000-4000-8000-{rng.getrandbits(48):012x}"
    sent, made = 100 + rng.randrange(4000), 0 if failed else 20 + rng.randrange(500)
    usage = {
        "prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made, "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }  # fmt: skip
    answer = {
        "id": f"chatcmpl-{call}", "created": int(start), "model": model, "object": "chat.completion", "usage": usage, "service_tier": "default",
        "choices": [{"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": _text(rng, 60, 160), "tool_calls": None}}],
    }  # fmt: skip
    error = {"error_code": "429", "error_class": "RateLimitError", "llm_provider": provider, "error_message": f"Rate limit reached, {n} used"}
    headers = {f"llm_provider-x-ratelimit-{what}-{of}": "500" for what in ("limit", "remaining") for of in ("requests", "tokens")}
    return {
        "id": call if failed else answer["id"], "litellm_call_id": call, "trace_id": f"s-{n // 9}", "session_id": "", "call_type": "acompletion",
        "cache_hit": False, "stream": True if streamed and not failed else None, "status": "failure" if failed else "success",
        "custom_llm_provider": provider, "saved_cache_cost": 0.0, "startTime": start, "endTime": start + 1.5, "completionStartTime": start + 0.4,
        "response_time": 0.4, "model": f"{provider}/{model}", "model_group": model, "model_id": "9" * 64, "api_base": f"https://api.{provider}.com/v1",
        "metadata": {
            "user_api_key_hash": "a" * 64, "user_api_key_team_alias": "search", "usage_object": None if failed else usage,
            "requester_metadata": {"session_id": f"s-{n // 9}", "headers": {f"h{i}": "v" * 20 for i in range(12)}},
        },
        "cache_key": None, "response_cost": 0.0 if failed else 0.001, "cost_breakdown": {"input_cost": 0.0005, "output_cost": 0.0005, "total_cost": 0.001},
        "total_tokens": sent + made, "prompt_tokens": 0 if failed else sent, "completion_tokens": made, "end_user": f"u{rng.randrange(9000)}",
        "request_tags": [f"feature:{rng.choice('abcdef')}", "env:prod", "User-Agent: python", "User-Agent: python/3.12"],
        "messages": [{"role": "system", "content": "You answer briefly. " * 12}, {"role": "user", "content": _text(rng, 80, 300)}],
        "response": {} if failed else answer, "model_parameters": {"stream": streamed, "max_tokens": 800, "temperature": 0.2},
        "hidden_params": {"litellm_overhead_time_ms": 8.25, "additional_headers": headers | {"openai-processing-ms": "400"}},
        "model_map_information": {"model_map_key": model, "model_map_value": PRICES}, "error_str": None,
        "error_information": error if failed else {"error_code": "", "error_class": "", "llm_provider": "", "error_message": ""},
    }  # fmt: skip


def _text(rng: random.Random, least: int, most: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randrange(least, most)))


def write(path: Path, megabytes: int, make: Callable[[random.Random, int], Any]) -> None:
    """A log of that size."""
    rng = random.Random(7)
    with path.open("w", encoding="utf-8") as out:
        for line in _lines(rng, make):
            out.write(line)
            if out.tell() >= megabytes << 20:
                break


def _lines(rng: random.Random, make: Callable[[random.Random, int], Any]) -> Iterator[str]:
    n = 0
    while True:
        yield json.dumps(make(rng, n), ensure_ascii=False) + "\n"
        n += 1


def main(megabytes: int = 150, rounds: int = 3) -> None:
    """Run both sides in turn and print what they took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".llmlogs/sources").mkdir(parents=True)
        (folder / ".llmlogs/sources/benchmark.toml").write_text(MAPPING, encoding="utf-8")
        write(folder / "payloads.jsonl", megabytes, payload)
        write(folder / "plain.jsonl", megabytes, _record)
        took = {
            log: [measured([sys.executable, "-m", "llmlogs", "ingest", f"{log}.jsonl", "--db", "bench.duckdb"], folder) for _ in range(rounds)]
            for log in ("payloads", "plain")
        }
    wall = {log: statistics.median(run[1] for run in runs) for log, runs in took.items()}
    cpu = {log: statistics.median(run[0] for run in runs) for log, runs in took.items()}
    peak = max(run[2] for run in took["payloads"])
    sys.stdout.write(
        f"{megabytes} MB: payloads {megabytes / wall['payloads']:.1f} MB/s, plain log {megabytes / wall['plain']:.1f} MB/s, "
        f"ratio {wall['plain'] / wall['payloads']:.2f} of wall, {cpu['plain'] / cpu['payloads']:.2f} of cpu; peak {peak:.0f} MiB\n"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
