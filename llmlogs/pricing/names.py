"""From the names a log uses to the names the price book uses. Every step is a written rule with a name, never a guess by likeness."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Tried in order on the lower-cased provider; the first that is found anywhere in the name wins.
_PROVIDERS = (
    (r"compatible|[-_.]like\b|^custom", "?"),  # "openai-compatible" is somebody's own server that speaks OpenAI's protocol
    (r"^(azure|az[-_.])", "azure"),
    (r"bedrock|^aws\b|^amazon", "aws"),
    (r"vertex|^gcp\b|^google|^gemini", "google"),
    (r"^x[-_.]?ai\b|^grok$", "x-ai"),
    (r"^fireworks", "fireworks"),
    (r"^together", "together"),
    (r"^perplexity|^pplx", "perplexity"),
    (r"^open[-_.]?router", "openrouter"),
    (r"^deepseek", "deepseek"),
    (r"^groq", "groq"),
    (r"^zhipu", "zhipuai"),
    (r"^z[-_.]?ai$", "zai"),
    (r"^text-completion-openai$", "openai"),
)
_GATEWAYS = re.compile(r"^(litellm|portkey|helicone|langfuse|vercel|ai[-_ ]?gateway|gateway|proxy|unknown|none|n/a)?([-_ ]?(proxy|gateway|ai))?$")
# Without a provider only names that one vendor alone sells are taken; open weights (llama, deepseek ...) are sold by many, at many prices.
_ONE_VENDOR = ((r"^claude-", "anthropic"), (r"^(gpt-\d|chatgpt-|o[134](-|$)|text-embedding-)", "openai"), (r"^gemini-", "google"), (r"^grok-", "x-ai"))
_VARIANTS = ("online", "nitro", "floor", "exacto", "extended", "thinking", "beta")


def provider(logged: str | None) -> str | None:
    """The provider to ask the book for: None when the log names none or only a gateway, "?" when it cannot be one of the book's."""
    name = (logged or "").strip().lower()
    if _GATEWAYS.match(name):
        return None
    return next((known for pattern, known in _PROVIDERS if re.search(pattern, name)), name)


def provider_of_model(model: str) -> str | None:
    """Who sells the model, where only one vendor does."""
    return next((known for pattern, known in _ONE_VENDOR if re.search(pattern, model.lower())), None)


def split_prefix(model: str) -> tuple[str | None, str]:
    """`openai/gpt-4o` -> (openai, gpt-4o)."""
    head, slash, rest = model.partition("/")
    return (head, rest) if slash and head and rest else (None, model)


def spellings(provider_id: str, model: str) -> Iterator[tuple[str, str]]:
    """Names to look up in order, each with the rule that made it. A fine-tuned model keeps its name: its price is not its base model's."""
    yield model, "as logged"
    bare = re.sub(r"^.*publishers/[^/]+/models/|^models/|^accounts/[^/]+/models/", "", model)
    if bare != model:
        yield bare, "path taken off"
    head, rest = split_prefix(bare)
    if head and provider(head) == provider_id:
        bare = rest
        yield bare, "provider prefix taken off"
    if provider_id == "google" and re.search(r"-00\d$", bare):
        yield bare[:-4], "version suffix taken off"
    if provider_id == "openrouter" and bare.rpartition(":")[2] in _VARIANTS:
        yield bare.rpartition(":")[0], f"variant :{bare.rpartition(':')[2]} taken off"
