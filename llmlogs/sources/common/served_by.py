"""Who served a model, by the words that tracing libraries use for it."""

from __future__ import annotations

import re
from typing import Any

from llmlogs.sources.common.endpoints import guess_provider
from llmlogs.sources.common.providers import known

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
    first = word.split(".")[0]  # openai.chat, anthropic.messages
    return known(word) or (word if first in ("aws", "gcp", "azure", "ibm") else known(first) or first)
