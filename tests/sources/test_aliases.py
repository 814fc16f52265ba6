"""The alias table: every name once, every column real, and the dialects people write are understood."""

from __future__ import annotations

import tomllib
from collections import Counter

import pytest

from llmlogs.schema.calls import CALLS
from llmlogs.sources.common import aliases


def test_every_name_stands_once_and_every_column_exists() -> None:
    data = tomllib.loads(aliases.TABLE.read_text(encoding="utf-8"))
    counted = Counter(name for names in data.values() for name in names.split())
    assert [name for name, n in counted.items() if n > 1] == []
    assert set(data) - set(CALLS.names) == set()


PATHS = [
    (("ts",), "started_at", ""),
    (("createdAt",), "started_at", ""),
    (("Prompt Length",), "prompt_chars", ""),
    (("usage", "prompt_tokens"), "input_tokens", ""),
    (("usage", "promptTokens"), "input_tokens", ""),
    (("usage", "cache_creation_input_tokens"), "cache_write_tokens", ""),
    (("usage", "prompt_tokens_details", "cached_tokens"), "cache_read_tokens", ""),
    (("gen_ai.usage.output_tokens",), "output_tokens", ""),
    (("latency_ms", "total"), "duration_ms", "ms"),
    (("latency_ms", "ttft"), "ttft_ms", "ms"),
    (("latency_seconds",), "duration_ms", "s"),
    (("latencyMs",), "duration_ms", "ms"),
    (("latency",), "duration_ms", ""),
    (("cache", "age_s"), "cache_age_ms", "s"),
    (("cache", "status"), "app_cache", ""),
    (("error", "type"), "error_type", ""),
    (("error", "message"), "error_template", ""),
    (("error", "code"), "status_code", ""),
    (("retry", "attempt"), "attempts", ""),
    (("metadata", "env"), "environment", ""),
    (("zork",), "", ""),
]


@pytest.mark.parametrize(("path", "column", "unit"), PATHS)
def test_a_path_means_the_column_of_its_longest_known_end(path: tuple[str, ...], column: str, unit: str) -> None:
    assert aliases.match(path)[:2] == (column, unit)
