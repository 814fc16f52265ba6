"""What a URL, a host, an answer's shape and a model's name tell of who served a call and what was asked. The tables are data: endpoints.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

TABLE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Endpoint:
    """What a URL tells; empty text where it does not. `skip` names what it is when it is no model call."""

    provider: str = ""
    operation: str = ""
    api: str = ""
    model: str = ""
    deployment: str = ""
    skip: str = ""
    region: str = ""

    @property
    def known(self) -> bool:
        return bool(self.api)


@cache
def _operations() -> dict[str, str]:
    return dict(tomllib.loads(TABLE.read_text(encoding="utf-8"))["operations"])


def endpoint_of_operation(name: str) -> Endpoint:
    """What the name of an operation in Azure's own logs tells, such as `ChatCompletions_Create`."""
    path = _operations().get("".join(letter for letter in name.lower() if letter.isalnum()))
    return replace(endpoint_of(path), provider="azure") if path else Endpoint()


@cache
def _tables() -> tuple[list[tuple[re.Pattern[str], str]], list[tuple[re.Pattern[str], dict[str, str]]]]:
    data = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    hosts = [(re.compile(pattern, re.IGNORECASE), provider) for pattern, provider in data["hosts"].items()]
    return hosts, [(re.compile(entry.pop("match")), entry) for entry in data["path"]]


@lru_cache(maxsize=4096)
def endpoint_of(url: str) -> Endpoint:
    """What a URL or a bare path tells."""
    try:
        parts = urlsplit(url if "://" in url or url.startswith("/") else f"https://{url}")
        host = parts.hostname or ""
    except ValueError:
        return Endpoint()
    path = "/" + unquote(parts.path).strip("/")
    hosts, paths = _tables()
    provider = next((name for pattern, name in hosts if pattern.search(host)), "")
    if not provider and parts.netloc.endswith(":11434"):
        provider = "ollama"
    for pattern, entry in paths:
        found = pattern.search(path)
        if found:
            named = {key: value[:300] for key, value in found.groupdict().items() if value}
            return Endpoint(provider=provider, region=_region(host, path), **{**entry, **named})
    return Endpoint(provider=provider, region=_region(host, path))


_REGION = re.compile(r"\b(?:us|eu|ap|ca|sa|me|af|il|mx|us-gov|asia|europe|northamerica|southamerica|australia)-[a-z]+\d{0,2}(?:-\d)?\b")


def _region(host: str, path: str) -> str:
    located = re.search(r"/locations/([a-z0-9-]+)/", path)
    if located:
        return located.group(1)
    found = _REGION.search(host) if "amazonaws" in host or "aiplatform" in host else None
    return found.group(0) if found else ""


_BEDROCK = re.compile(r"(?:(?:us|eu|apac|global|us-gov)\.)?(?:anthropic|amazon|meta|cohere|mistral|ai21|deepseek|openai|qwen)\.[a-z].*|arn:aws:bedrock:.*")


def bedrock_model(model: str | None) -> bool:
    """Whether a model id is Bedrock's own notation: `us.anthropic.claude-...-v1:0`, or an ARN."""
    return _BEDROCK.fullmatch(model or "") is not None


_BY_ID = (("msg_bdrk_", "aws.bedrock"), ("msg_vrtx_", "gcp.vertex_ai"), ("msg_", "anthropic"), ("gen-", "openrouter"))
_BY_SHAPE = {"anthropic": "anthropic", "anthropic_event": "anthropic", "gemini": "gcp.gemini", "interaction": "gcp.gemini", "interaction_event": "gcp.gemini",
             "converse": "aws.bedrock", "converse_event": "aws.bedrock", "titan": "aws.bedrock", "titan_event": "aws.bedrock",
             "llama": "aws.bedrock", "mistral_bedrock": "aws.bedrock",
             "cohere": "cohere", "cohere_event": "cohere", "ollama": "ollama", "watsonx": "ibm.watsonx.ai",
             "xai": "x-ai"}  # fmt: skip
_BY_MODEL = (
    (re.compile(r"(?:gpt-\d|chatgpt|o[134](?:-|$)|text-embedding-(?:3|ada)|davinci|dall-e|whisper|codex)"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "gcp.gemini"),
    (re.compile(r"grok-"), "x-ai"),
    (re.compile(r"deepseek-(?:chat|reasoner|v\d)"), "deepseek"),
    (re.compile(r"(?:mistral|ministral|codestral|magistral|pixtral|voxtral|devstral)-[a-z]+-(?:latest|\d{4})"), "mistral"),
    (re.compile(r"command-[ar]"), "cohere"),
    (re.compile(r"sonar(?:-|$)"), "perplexity"),
    (re.compile(r"voyage-"), "voyageai"),
)


def guess_provider(response_id: str | None, shape: str, model: str | None) -> str | None:
    """Who served an answer that came without a URL: by the form of its id, its shape, its model's name; None when these do not tell."""
    by_id = next((name for prefix, name in _BY_ID if (response_id or "").startswith(prefix)), None)
    by_model = next((name for pattern, name in _BY_MODEL if pattern.match(model or "")), None)
    return by_id or _BY_SHAPE.get(shape) or by_model
