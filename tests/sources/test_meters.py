"""What the words of clouds' meters tell."""

from __future__ import annotations

import pytest

from llmlogs.sources.common.meters import aws_model, claude, tokens_per_unit, words_of


@pytest.mark.parametrize(
    ("unit", "want"),
    [
        ("Tokens", 1), ("tokens", 1), ("1K tokens", 1000), ("1K Tokens", 1000), ("1,000 Tokens", 1000), ("1000 tokens", 1000),
        ("1M tokens", 10**6), ("Million Tokens", 10**6),
        ("1,000,000 Tokens", 10**6), ("thousand tokens", 1000),
        ("1K input tokens", 1000), ("model tokens", 1), ("1Ktokens", 1000), ("Units", None), ("Hours", None),
        ("GB-Month", None), (None, None),
    ],
)  # fmt: skip
def test_tokens_in_one_unit(unit: str | None, want: int | None) -> None:
    assert tokens_per_unit(unit) == want


@pytest.mark.parametrize(
    ("words", "kind", "tier", "window"),
    [
        ("USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global", "cache_read", None, None),
        ("USE1-Claude4.6Opus-cache-write-input-token-count", "cache_write", None, None),
        ("USE1-Claude4.6Opus-cache-write-1h-input-token-count", "cache_write_1h", None, None),
        ("USE1-Nova2.0Lite-input-tokens-flex", "input", "flex", None),
        ("USE1-NovaPro-output-tokens-batch", "output", "batch", None),
        ("USE1-MP:USE1_InputTokenCount-Units", "input", None, None),
        ("USE1-MP:USE1_OutputTokenCount_Global-Units", "output", None, None),
        ("USE1-MP:USE1_CacheReadInputTokenCount_Global-Units", "cache_read", None, None),
        ("USE1-MP:USE1_CacheWriteInputTokenCount-Units", "cache_write", None, None),
        ("USE1-MP:USE1_input_tokens_standard-Units", "input", None, None),
        ("USE1-Claude4Sonnet-input-tokens-long-context-priority", "input", "priority", "long"),
        ("gpt-4o-0806-Inp-glbl Tokens", "input", None, None),
        ("gpt-4o-0806-Outp-glbl Tokens", "output", None, None),
        ("gpt-4.1-cached-Inp-glbl Tokens", "cache_read", None, None),
        ("gpt-4.1-Batch-Outp-glbl Tokens", "output", "batch", None),
        ("Gemini 2.5 Flash Text Input - Predictions", "input", None, None),
        ("Gemini 2.5 Flash Text Output - Predictions", "output", None, None),
        ("Gemini 2.5 Flash Cached Text Input", "cache_read", None, None),
        ("Provisioned throughput hour", None, "provisioned", None),
    ],
)
def test_kind_tier_and_window(words: str, kind: str | None, tier: str | None, window: str | None) -> None:
    found = words_of([words])
    assert (found.token_kind, found.service_tier, found.context_window) == (kind, tier, window)


@pytest.mark.parametrize(
    ("usage_type", "want"),
    [
        ("USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global", "claude-opus-4-6"),
        ("APS3-Claude3.5Sonnet-output-tokens", "claude-3-5-sonnet"),
        ("USE1-NovaPro-input-tokens", "NovaPro"),
        ("USE1-openai.gpt-oss-120b-mantle-input-tokens-standard", "openai.gpt-oss-120b"),
        ("USE1-MP:USE1_InputTokenCount-Units", None),
        ("DataTransfer-Out-Bytes", None),
    ],
)
def test_models_of_bedrock(usage_type: str, want: str | None) -> None:
    assert aws_model(usage_type) == want


def test_claude_by_any_name() -> None:
    assert claude("Claude Sonnet 4.6 (Amazon Bedrock Edition)") == "claude-sonnet-4-6"
    assert claude("Claude 3 Haiku") == "claude-3-haiku"
    assert claude("Nova Pro") is None
    assert claude(None) is None
