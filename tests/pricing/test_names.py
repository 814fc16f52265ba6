"""Names as logs write them, and what they become. Only written rules: nothing is matched because it looks alike."""

import pytest

from llmlogs.pricing import book, names
from llmlogs.pricing.context import context
from llmlogs.pricing.resolve import Found, Tuple, find

PROVIDERS = [
    (None, None),
    ("", None),
    ("litellm", None),
    ("litellm_proxy", None),
    ("azure.ai.openai", "azure"),
    ("az.ai.inference", "azure"),
    ("azure_openai", "azure"),
    ("aws.bedrock", "aws"),
    ("amazon_bedrock", "aws"),
    ("gcp.vertex_ai", "google"),
    ("gcp.gen_ai", "google"),
    ("vertex_ai-anthropic_models", "google"),
    ("Gemini", "google"),
    ("xai", "x-ai"),
    ("x_ai", "x-ai"),
    ("fireworks_ai", "fireworks"),
    ("together_ai", "together"),
    ("OpenAI", "openai"),
    ("openai-compatible", "?"),
    ("openai_like", "?"),
    ("custom_openai", "?"),
    ("vllm", "vllm"),
]


@pytest.mark.parametrize(("logged", "known"), PROVIDERS)
def test_provider(logged: str | None, known: str | None) -> None:
    assert names.provider(logged) == known


FOUND = [  # provider, asked, answered, deployment -> the book's provider and model, the logged name, the rule
    ("azure", "prod-chat", "gpt-4.1-mini-2025-04-14", None, "azure/gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", "as logged"),
    ("azure.ai.openai", None, None, "gpt-4o", "azure/gpt-4o", "gpt-4o", "as logged"),
    ("gemini", "models/gemini-2.5-flash", None, None, "google/gemini-2.5-flash", "models/gemini-2.5-flash", "path taken off"),
    ("google", "projects/p/locations/us/publishers/google/models/gemini-2.5-pro", None, None, "google/gemini-2.5-pro", None, "path taken off"),
    ("google", "gemini-2.5-flash-002", None, None, "google/gemini-2.5-flash", None, "version suffix taken off"),
    ("gcp.vertex_ai", "claude-sonnet-4-5@20250929", None, None, "google/claude-sonnet-4-5", None, "as logged"),
    ("anthropic", "claude-opus-4-6@20260205", None, None, "anthropic/claude-opus-4-6", None, "as logged"),
    ("openai", "openai/gpt-4o", None, None, "openai/gpt-4o", None, "provider prefix taken off"),
    ("gemini", "gemini/gemini-2.5-pro", None, None, "google/gemini-2.5-pro", None, "provider prefix taken off"),
    ("groq", "groq/llama-3.3-70b-versatile", None, None, "groq/llama-3.3-70b-versatile", None, "provider prefix taken off"),
    ("openrouter", "openai/gpt-5:nitro", None, None, "openrouter/openai/gpt-5", None, "variant :nitro taken off"),
    ("openrouter", "anthropic/claude-haiku-4.5", "anthropic/claude-4.5-haiku-20251001", None, "openrouter/anthropic/claude-haiku-4.5", None, "as logged"),
    ("litellm", "openai/gpt-4o", None, None, "openai/gpt-4o", None, "provider read from the model's name"),
    (None, "claude-sonnet-4-5", None, None, "anthropic/claude-sonnet-4-5", None, "provider read from the model's name"),
    (None, None, "gemini-2.5-pro", None, "google/gemini-2.5-pro", None, "provider read from the model's name"),
    ("aws.bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", None,
     "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0", None, "as logged"),
    ("bedrock", "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fglobal.anthropic.claude-sonnet-4-5-20250929-v1%3A0", None, None,
     "aws/global.anthropic.claude-sonnet-4-5-20250929-v1:0", None, "as logged"),
    ("openai", "gpt-4o", "gpt-4o-2024-08-06", None, "openai/gpt-4o", "gpt-4o-2024-08-06", "as logged"),
    ("openai", "gpt-5", "gpt-5-2031-01-01", None, "openai/gpt-5", "gpt-5", "as logged"),
]  # fmt: skip


@pytest.mark.parametrize("case", FOUND, ids=[f"{case[0]} {case[2] or case[1] or case[3]}"[:60] for case in FOUND])
def test_found(case: tuple[str | None, ...]) -> None:
    provider, asked, answered, deployment, entry, raw, rule = case
    found = find(Tuple(provider, asked, answered, deployment))
    assert isinstance(found, Found)
    assert f"{found.entry.provider.id}/{found.entry.model.id}" == entry
    assert found.rule == rule
    assert raw is None or found.model_raw == raw


LOST = [
    (Tuple("aws.bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abcd"), "unknown_model"),
    (Tuple("aws.bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abcd", "claude-sonnet-4-5-20250929"), "unknown_model"),
    (Tuple("fireworks", "accounts/fireworks/models/never-heard"), "unknown_model"),
    (Tuple("openai", "gpt-5", "somebody-elses-model"), "unknown_model"),
    (Tuple("openai", "gpt-5", "gpt-5-unheard-of"), "unknown_model"),
    (Tuple("litellm", "vllm/gpt-5"), "unknown_provider"),
    (Tuple("litellm", "openai-compatible/gpt-5"), "unknown_provider"),
    (Tuple("ollama", "gpt-oss:20b"), "unknown_provider"),
    (Tuple(None, "gpt-oss-20b"), "unknown_provider"),
    (Tuple(None, "claude-9-novella"), "unknown_provider"),
    (Tuple(), "unknown_model"),
]


@pytest.mark.parametrize(("key", "status"), LOST)
def test_not_found(key: Tuple, status: str) -> None:
    assert find(key) == status


TIERS = [
    (None, {}, "", False),
    ("auto", {}, "", False),
    ("ON_DEMAND", {}, "", False),
    ("SERVICE_TIER_STANDARD", {}, "", False),
    ("default", {"service_tier": "default"}, "", False),
    ("Batch", {"processing": "batch"}, "batch", False),
    ("SERVICE_TIER_FLEX", {"service_tier": "flex"}, "flex", False),
    ("ON_DEMAND_PRIORITY", {"service_tier": "priority"}, "priority", False),
    ("fast", {"service_tier": "fast", "speed": "fast"}, "fast", False),
    ("standard+fast", {"service_tier": "fast", "speed": "fast"}, "fast", False),
    ("batch, flex", {"processing": "batch", "service_tier": "flex"}, "batch+flex", False),
    ("PROVISIONED_THROUGHPUT", {}, "provisioned_throughput", True),
    ("scale", {}, "scale", True),
]


@pytest.mark.parametrize(("tier", "ask", "named", "capacity"), TIERS)
def test_context(tier: str | None, ask: dict[str, str], named: str, capacity: bool) -> None:
    found = context(tier)
    assert (found.ask, found.named, found.capacity) == (ask, named, capacity)


def test_what_the_book_prices_apart_is_counted_or_known_not_to_be() -> None:
    """A new unit in a new book must be looked at before it may count as nothing."""
    from genai_prices.types import ModelPrice

    from llmlogs.pricing.units import BY_KEY, OVERLAPS, UNSEEN_OUTPUT

    not_logged = {"input_video_mtok", "output_citation_mtok", "audio_hours", "input_audio_hours", "input_document_kpages", "input_annotated_document_kpages"}
    not_logged |= {"input_mchars", "input_text_messages_kcount", "storage_searches_kcount"}
    priced: set[str] = set()
    for provider in book._providers():
        for model in provider.models:
            plain = [model.prices] if isinstance(model.prices, ModelPrice) else [row.prices for row in model.prices]
            priced |= {key for price in (*plain, *(v.prices for v in model.price_variants or ())) for key in price.__dict__}
    assert priced <= BY_KEY.keys() | OVERLAPS.keys() | set(UNSEEN_OUTPUT) | not_logged
