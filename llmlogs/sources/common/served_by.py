"""Who served a model, by the words that tracing libraries use for it."""

from __future__ import annotations

import re
from typing import Any

from llmlogs.sources.common.endpoints import guess_provider

# What LangChain (`ls_provider`), OpenInference, the AI SDK and older OpenTelemetry say -> OpenTelemetry's or genai-prices' id.
SAID = {
    "azure_openai": "azure", "azureopenai": "azure", "azure_ai_openai": "azure", "az_ai_openai": "azure", "azure_ai_inference": "azure",
    "google_vertexai": "gcp.vertex_ai", "vertexai": "gcp.vertex_ai", "vertex_ai": "gcp.vertex_ai", "google_vertex": "gcp.vertex_ai",
    "google_anthropic_vertex": "gcp.vertex_ai", "gcp_vertex_ai": "gcp.vertex_ai",
    "google_genai": "gcp.gemini", "google_ai_studio": "gcp.gemini", "gemini": "gcp.gemini", "google": "gcp.gemini", "google_generative_ai": "gcp.gemini",
    "gcp_gemini": "gcp.gemini", "gcp_gen_ai": "gcp.gemini", "google_gla": "gcp.gemini",
    "gcp_vertex_agent": "gcp.vertex_ai", "google_cloud_vertex": "gcp.vertex_ai",
    "amazon_bedrock": "aws.bedrock", "bedrock": "aws.bedrock", "aws_bedrock": "aws.bedrock", "aws": "aws.bedrock", "bedrock_converse": "aws.bedrock",
    "mistralai": "mistral", "mistral_ai": "mistral", "xai": "x-ai", "x_ai": "x-ai", "together_ai": "together", "togetherai": "together",
    "fireworks_ai": "fireworks", "cohere_chat": "cohere",
}  # fmt: skip


_VERTEX = re.compile(r"projects/[^/]+/locations/([^/]+)/publishers/[^/]+/models/([^/]+)\Z")


def plain_model(model: str | None) -> tuple[str | None, str | None, str | None]:
    """(model, provider, region) of a name that is a resource's path on Vertex; any other name as it is."""
    found = _VERTEX.match(model or "")
    return (found.group(2), "gcp.vertex_ai", found.group(1)) if found else (model, None, None)


def provider_of(said: Any, model: str | None) -> str | None:
    """The provider's id from the word a log has for it (`google_vertexai`, `openai.chat`), else from the model's name."""
    if not isinstance(said, str) or not said.strip() or len(said) > 60 or said.strip().lower() in ("unknown", "langchain", "none", "null"):
        return guess_provider(None, "", model)
    word = said.strip().lower()
    plain = word.replace(".", "_").replace("-", "_").replace(" ", "_")
    first = word.split(".")[0]  # openai.chat, anthropic.messages
    return SAID.get(plain) or (word if first in ("aws", "gcp", "azure", "ibm") else SAID.get(first, first))
