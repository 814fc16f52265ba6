"""Raw usage of any provider -> the canonical counts: input includes cache reads and writes, output includes reasoning, absent stays NULL.

Raw fields differ in what includes what. The name of a field rarely tells, the identity with the stated total does; so every family below states
its convention, and `settle` proves or repairs it against the total.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

Raw = Mapping[str, Any]
LARGEST = 10**12  # tokens of one call; above it the number is broken (int64 overflows were seen in the wild)
TICK_USD = Decimal("1e-10")  # xAI's cost_in_usd_ticks


@dataclass
class Usage:
    """Canonical counts of one call; None is "not recorded". `issues` are (column, reason, kind of the value found)."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    web_searches: int | None = None
    total: int | None = None
    reported_usd: Decimal | None = None
    service_tier: str | None = None
    billed: dict[str, int] = field(default_factory=dict)
    issues: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return self.input is None and self.output is None

    @property
    def billed_apart(self) -> bool:
        """Whether what is billed is another count than what was read."""
        return any(self.billed.get(name) not in (None, count) for name, count in (("billed_input_tokens", self.input), ("billed_output_tokens", self.output)))

    @property
    def status(self) -> str:
        """`partial` when only one side was logged or the counts had to be repaired."""
        if self.empty:
            return "missing"
        repaired = any(reason == "usage_repaired" for _, reason, _ in self.issues)
        return "partial" if self.input is None or self.output is None or repaired else "reported"

    def include_cache(self) -> None:
        """Repair an input that cannot include the cache it was read from: it is smaller than its parts, so the tool copied a provider's exclusive count."""
        cached = (self.cache_read or 0) + (self.cache_write or 0)
        if self.input is not None and cached > self.input:
            self.input += cached
            self.issues.append(("input_tokens", "cache_was_outside", "int"))

    def forget_zeros(self) -> None:
        """For a call that went well: it read something, so a zero input is the mark of a count nobody made (a stream whose usage was not asked for)."""
        if self.input != 0:
            return
        self.input = None
        for name in ("output", "cache_read", "cache_write", "cache_write_1h", "reasoning", "audio_input", "audio_output", "image_input"):
            setattr(self, name, getattr(self, name) or None)

    def fill(self, other: Usage) -> None:
        """Take the counts of another place where this one has none; money and tier stay."""
        for name in ("input", "output", "cache_read", "cache_write", "total"):
            setattr(self, name, getattr(other, name))
        self.issues += other.issues

    def columns(self) -> dict[str, Any]:
        """The columns of a call; NULLs are left out."""
        named = {
            "input_tokens": self.input,
            "output_tokens": self.output,
            "cache_read_tokens": self.cache_read,
            "cache_write_tokens": self.cache_write,
            "cache_write_1h_tokens": self.cache_write_1h,
            "reasoning_tokens": self.reasoning,
            "audio_input_tokens": self.audio_input,
            "audio_output_tokens": self.audio_output,
            "image_input_tokens": self.image_input,
            "web_searches": self.web_searches,
            "reported_usd": self.reported_usd,
            "service_tier": self.service_tier,
            "usage_status": self.status,
        }
        return {name: value for name, value in named.items() if value is not None}

    def count(self, raw: Raw, column: str, *names: str) -> int | None:
        """The largest of the named raw counts (they are spellings of one quantity); what is no count becomes None and an issue."""
        found = [self._integer(raw[name], column) for name in names if raw.get(name) is not None]
        return max((number for number in found if number is not None), default=None)

    def _integer(self, value: Any, column: str) -> int | None:
        number = integer(value)
        if number is None:
            self.issues.append((column, "not_a_number", type(value).__name__))
        return number


def integer(value: Any) -> int | None:
    """A count: a whole, non-negative, sane number, also written as text or float; else None."""
    if isinstance(value, str):
        try:
            value = float(value) if not value.strip().isdigit() else int(value[:20])
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and (not math.isfinite(value) or value != int(value)):
        return None
    return int(value) if 0 <= value <= LARGEST else None


def money(value: Any) -> Decimal | None:
    """USD with the database's twelve decimals; None for what is no amount."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        amount = Decimal(str(value))
        return amount.quantize(Decimal("1e-12")) if amount.is_finite() and 0 <= amount < 10**6 else None
    except InvalidOperation:
        return None


def read_usage(raw: Any, generates: bool = True) -> Usage:
    """The canonical counts of a raw usage object of any family; empty when it carries none. `generates=False`: an embedding or rerank has no output."""
    usage = Usage()
    if not isinstance(raw, Mapping):
        return usage
    for fits, read in FAMILIES:
        if fits(raw):
            read(raw, usage)
            break
    if not generates:
        usage.input = usage.total if usage.input is None else usage.input
        usage.output = 0 if usage.output is None and usage.input is not None else usage.output
    _cost(raw, usage)
    return usage


def sub(raw: Raw, *names: str) -> Raw:
    """The first of the named members that is an object; empty if none is."""
    return next((raw[name] for name in names if isinstance(raw.get(name), Mapping)), {})


def has(*names: str) -> Callable[[Raw], bool]:
    """A test for any of these keys."""
    keys = frozenset(names)
    return lambda raw: not keys.isdisjoint(raw)


def _openai(raw: Raw, usage: Usage) -> None:
    """OpenAI's chat, completions, responses, embeddings and all who copy them. Inclusive on both sides, unless the total says otherwise."""
    sent = sub(raw, "prompt_tokens_details", "prompt_token_details", "input_tokens_details", "input_token_details")
    made = sub(raw, "completion_tokens_details", "completion_token_details", "output_tokens_details", "output_token_details")
    both = {**raw, **{f"sent.{key}": value for key, value in sent.items()}, **{f"made.{key}": value for key, value in made.items()}}
    usage.input = usage.count(both, "input_tokens", "prompt_tokens", "input_tokens")
    usage.output = usage.count(both, "output_tokens", "completion_tokens", "output_tokens")
    usage.total = usage.count(both, "total_tokens", "total_tokens")
    usage.cache_read = usage.count(
        both, "cache_read_tokens", "sent.cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens", "cache_read_input_tokens"
    )
    usage.cache_write = usage.count(both, "cache_write_tokens", "sent.cache_write_tokens", "sent.cache_creation_tokens", "cache_creation_input_tokens")
    usage.reasoning = usage.count(both, "reasoning_tokens", "made.reasoning_tokens", "made.thinking_tokens", "reasoning_tokens")
    usage.audio_input = usage.count(both, "audio_input_tokens", "sent.audio_tokens")
    usage.audio_output = usage.count(both, "audio_output_tokens", "made.audio_tokens")
    usage.image_input = usage.count(both, "image_input_tokens", "sent.image_tokens")
    _searches(raw, usage)
    settle(usage)


def settle(usage: Usage) -> None:
    """Make the counts agree with the stated total.

    What the total has beyond prompt and completion is whatever detail explains it exactly: reasoning (xAI), audio (Mistral), cache (proxies in front of
    Anthropic). Unexplained, it was generated and never itemised (Gemini behind the OpenAI-compatible URL): output becomes the rest, marked as repaired.
    """
    total, sent, made = usage.total, usage.input, usage.output
    if total is None or sent is None:
        return
    excess = total - sent - (made or 0)
    if excess == 0:
        usage.output = made or 0
    elif excess < 0:
        usage.issues.append(("output_tokens", "inconsistent", "int"))
    elif excess == usage.reasoning and made is not None:
        usage.output = made + excess
    elif excess in (usage.audio_input, (usage.cache_read or 0) + (usage.cache_write or 0)) and made is not None:
        usage.input = sent + excess
    else:
        usage.output = total - sent
        if made is not None:
            usage.issues.append(("output_tokens", "usage_repaired", "int"))


def _anthropic(raw: Raw, usage: Usage) -> None:
    """Anthropic Messages on any host: input_tokens excludes cache reads and writes; output includes thinking; there is no total."""
    usage.output = usage.count(raw, "output_tokens", "output_tokens")
    usage.cache_read = usage.count(raw, "cache_read_tokens", "cache_read_input_tokens")
    written = sub(raw, "cache_creation")
    hour = usage.count(written, "cache_write_1h_tokens", "ephemeral_1h_input_tokens")
    five = usage.count(written, "cache_write_tokens", "ephemeral_5m_input_tokens")
    stated = usage.count(raw, "cache_write_tokens", "cache_creation_input_tokens")
    split = None if hour is None and five is None else (hour or 0) + (five or 0)
    usage.cache_write = max((number for number in (stated, split) if number is not None), default=None)
    usage.cache_write_1h = hour
    if stated is not None and split is not None and split not in (0, stated):
        usage.issues.append(("cache_write_tokens", "inconsistent", "int"))
    usage.reasoning = usage.count(sub(raw, "output_tokens_details"), "reasoning_tokens", "thinking_tokens", "reasoning_tokens")
    _exclusive(usage, usage.count(raw, "input_tokens", "input_tokens"), usage.count(raw, "total_tokens", "total_tokens"))
    if isinstance(raw.get("iterations"), list) and len(raw["iterations"]) > 1:  # sub-calls of other models: the top level may not be their sum
        usage.issues.append(("input_tokens", "multi_iteration", "list"))
    _searches(raw, usage)


def _exclusive(usage: Usage, uncached: int | None, total: int | None) -> None:
    """Input from a count that leaves the cache out, unless the total proves that it does not."""
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    included = cached > 0 and total is not None and uncached is not None and uncached >= cached and total == uncached + (usage.output or 0)
    usage.input = uncached if uncached is None or included else uncached + cached


def _converse(raw: Raw, usage: Usage) -> None:
    """Bedrock Converse, Nova, and the metrics at the end of a Bedrock stream: input excludes the cache, the total includes it."""
    usage.output = usage.count(raw, "output_tokens", "outputTokens", "outputTokenCount")
    usage.cache_read = usage.count(raw, "cache_read_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount")
    usage.cache_write = usage.count(raw, "cache_write_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    details = [item for item in raw.get("cacheDetails") or () if isinstance(item, Mapping)] if isinstance(raw.get("cacheDetails"), list) else []
    if details:
        usage.cache_write_1h = sum(usage.count(item, "cache_write_1h_tokens", "inputTokens") or 0 for item in details if item.get("ttl") == "1h")
    usage.total = usage.count(raw, "total_tokens", "totalTokens")
    _exclusive(usage, usage.count(raw, "input_tokens", "inputTokens", "inputTokenCount"), usage.total)


def _gemini(raw: Raw, usage: Usage) -> None:
    """Gemini and Vertex: prompt includes cached content but not the tools' prompt; candidates exclude thoughts; the total has them all."""
    plain = {_camel(key): value for key, value in raw.items()}
    prompt = usage.count(plain, "input_tokens", "promptTokenCount")
    tools = usage.count(plain, "input_tokens", "toolUsePromptTokenCount")
    answer = usage.count(plain, "output_tokens", "candidatesTokenCount", "responseTokenCount")
    usage.reasoning = usage.count(plain, "reasoning_tokens", "thoughtsTokenCount")
    usage.cache_read = usage.count(plain, "cache_read_tokens", "cachedContentTokenCount")
    usage.total = usage.count(plain, "total_tokens", "totalTokenCount")
    usage.input = None if prompt is None else prompt + (tools or 0)
    usage.output = None if answer is None and usage.reasoning is None else (answer or 0) + (usage.reasoning or 0)
    sent = [*_modalities(plain.get("promptTokensDetails")), *_modalities(plain.get("toolUsePromptTokensDetails"))]
    usage.audio_input = _sum(number for kind, number in sent if kind == "AUDIO")
    usage.image_input = _sum(number for kind, number in sent if kind == "IMAGE")
    usage.audio_output = _sum(number for kind, number in _modalities(plain.get("candidatesTokensDetails")) if kind == "AUDIO")
    tier = plain.get("serviceTier") or plain.get("trafficType")
    usage.service_tier = tier.lower() if isinstance(tier, str) and tier.isascii() and len(tier) <= 40 else None
    _settle_gemini(usage)


def _settle_gemini(usage: Usage) -> None:
    if usage.total is None or usage.input is None:
        return
    excess = usage.total - usage.input - (usage.output or 0)
    if excess < 0:
        usage.issues.append(("output_tokens", "inconsistent", "int"))
    else:
        if excess and usage.output is not None:
            usage.issues.append(("output_tokens", "usage_repaired", "int"))
        usage.output = (usage.output or 0) + excess


def _interactions(raw: Raw, usage: Usage) -> None:
    """Gemini Interactions: as Gemini, in other words."""
    sent, tools = usage.count(raw, "input_tokens", "total_input_tokens"), usage.count(raw, "input_tokens", "total_tool_use_tokens")
    made, usage.reasoning = usage.count(raw, "output_tokens", "total_output_tokens"), usage.count(raw, "reasoning_tokens", "total_thought_tokens")
    usage.cache_read = usage.count(raw, "cache_read_tokens", "total_cached_tokens")
    usage.total = usage.count(raw, "total_tokens", "total_tokens")
    usage.input = None if sent is None else sent + (tools or 0)
    usage.output = None if made is None else made + (usage.reasoning or 0)
    _settle_gemini(usage)


def _cohere(raw: Raw, usage: Usage) -> None:
    """Cohere v1 (`meta`) and v2 (`usage`): `tokens` are real and inclusive; `billed_units` are what is paid, kept beside, and used only when alone."""
    real, billed = sub(raw, "tokens"), sub(raw, "billed_units")
    usage.input = usage.count(real, "input_tokens", "input_tokens")
    usage.output = usage.count(real, "output_tokens", "output_tokens")
    usage.reasoning = usage.count(real, "reasoning_tokens", "reasoning_tokens")
    usage.image_input = usage.count(real, "image_input_tokens", "image_tokens")
    usage.cache_read = usage.count(raw, "cache_read_tokens", "cached_tokens")
    for name in ("input_tokens", "output_tokens", "search_units", "image_tokens"):
        number = usage.count(billed, name, name)
        if number is not None:
            usage.billed[f"billed_{name}"] = number
    if usage.empty:
        usage.input, usage.output = usage.billed.get("billed_input_tokens"), usage.billed.get("billed_output_tokens")


def _counters(raw: Raw, usage: Usage) -> None:
    """Ollama, and Llama, Titan and watsonx bodies: two counters beside the answer. Ollama's is absent, not 0, when the whole prompt was cached."""
    usage.input = usage.count(raw, "input_tokens", "prompt_eval_count", "prompt_token_count", "inputTextTokenCount", "input_token_count")
    usage.output = usage.count(
        raw, "output_tokens", "eval_count", "generation_token_count", "totalOutputTextTokenCount", "generated_token_count", "generated_tokens"
    )


FAMILIES: tuple[tuple[Callable[[Raw], bool], Callable[[Raw, Usage], None]], ...] = (
    (has("total_input_tokens", "total_output_tokens"), _interactions),
    (has("promptTokenCount", "candidatesTokenCount", "totalTokenCount", "candidates_token_count", "total_token_count"), _gemini),
    (has("inputTokens", "outputTokens", "inputTokenCount", "outputTokenCount"), _converse),
    (has("billed_units", "tokens"), _cohere),
    (
        lambda raw: (
            has("input_tokens", "output_tokens")(raw)
            and not has("input_tokens_details", "prompt_tokens", "input_token_details")(raw)
            and (has("cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation", "server_tool_use")(raw) or "total_tokens" not in raw)
        ),
        _anthropic,
    ),
    (has("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens"), _openai),
    (
        has(
            "prompt_eval_count", "eval_count", "prompt_token_count", "generation_token_count", "inputTextTokenCount", "totalOutputTextTokenCount",
            "input_token_count", "generated_token_count", "generated_tokens",
        ),
        _counters,
    ),
)  # fmt: skip


def _searches(raw: Raw, usage: Usage) -> None:
    used = sub(raw, "server_tool_use", "server_tool_use_details", "server_side_tool_usage_details")
    usage.web_searches = usage.count(used, "web_searches", "web_search_requests", "web_search_calls")
    if usage.web_searches is None:
        usage.web_searches = usage.count(raw, "web_searches", "num_search_queries")


def _cost(raw: Raw, usage: Usage) -> None:
    """Money the provider or gateway states: OpenRouter's `cost` (its own fee only under BYOK, the upstream's is added), xAI's ticks, Perplexity."""
    cost = raw.get("cost")
    ticks = integer(raw.get("cost_in_usd_ticks"))
    if isinstance(cost, Mapping):
        usage.reported_usd = money(cost.get("total_cost"))
    elif cost is not None:
        upstream = money(sub(raw, "cost_details").get("upstream_inference_cost")) if raw.get("is_byok") is True else None
        own = money(cost)
        usage.reported_usd = own if own is None or upstream is None else own + upstream
    elif ticks:  # 0 through Azure: not billed by xAI
        usage.reported_usd = money(ticks * TICK_USD)
    else:
        usage.reported_usd = money(next((sub(raw, key).get("cost_estimate") for key in raw if key.endswith("_gateway")), None))


def _modalities(details: Any) -> list[tuple[str, int | None]]:
    pairs = [item for item in details if isinstance(item, Mapping)] if isinstance(details, list) else []
    return [(str(item.get("modality")).upper(), integer(item.get("tokenCount", item.get("token_count")))) for item in pairs]


def _sum(numbers: Iterable[int | None]) -> int | None:
    """The sum; None when there is none or one of them was not said."""
    listed = list(numbers)
    known = [number for number in listed if number is not None]
    return sum(known) if known and len(known) == len(listed) else None


def _camel(name: str) -> str:
    head, *rest = str(name).split("_")
    return head + "".join(word.capitalize() for word in rest)
