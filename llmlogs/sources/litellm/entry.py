"""One request as LiteLLM logged it, whichever of its records it came in: a callback's payload, a row of SpendLogs, a row of ErrorLogs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from llmlogs.sources.base import Context
from llmlogs.sources.common.labels import first_word, listed, mapping, split_tags, word
from llmlogs.sources.common.once import once
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import integer
from llmlogs.sources.litellm import names

Raw = Mapping[str, Any]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
HIT = re.compile(r"(.+)_cache_hit[\d.]*\Z")
CACHE_OFF = "Cache OFF"
AGENT_TAG = "User-Agent"  # LiteLLM adds the client's program to the client's own tags
HEALTH = "litellm-internal-health-check"


@dataclass
class Entry:
    """What every kind of record has, by one name each. Absent is None or empty."""

    raw: Raw
    context: Context
    id: str | None
    meta: Raw
    hidden: Raw = field(default_factory=dict)
    failed: bool = False
    cost: Any = None
    spend_row: bool = False

    @once
    def litellm_id(self) -> str | None:
        """The id LiteLLM gave the client's request: its tries and its fallback share it. A failed call and an embedding have no other."""
        named = first_word(self.raw.get("litellm_call_id"), self.meta.get("litellm_call_id"))
        return named or (self.id if self.id and UUID.match(self.id) else None)

    @once
    def hit(self) -> bool:
        """Served by the proxy's own cache. SpendLogs says it as a word."""
        return str(self.raw.get("cache_hit")).lower() == "true"

    @once
    def origin(self) -> str | None:
        """The response a hit repeats."""
        found = HIT.match(self.id or "")
        return found.group(1) if found else None

    @once
    def response_id(self) -> str | None:
        """The provider's id. A hit has none of its own: it would be taken for the call it repeats."""
        own = self.id is None or self.id == self.litellm_id
        return None if own or self.hit or self.failed or self.origin else self.id

    @once
    def operation_id(self) -> str | None:
        """What the tries of one request share. Before `litellm_call_id` was logged that was the trace id, unless the client chose it."""
        named = first_word(self.raw.get("litellm_call_id"), self.meta.get("litellm_call_id"))
        trace = first_word(self.raw.get("trace_id"))
        if named or self.spend_row or not trace or not UUID.match(trace) or trace in (self.session, self.requester.get("trace_id")):
            return named or self.litellm_id
        return trace

    @once
    def requester(self) -> Raw:
        return mapping(self.meta.get("requester_metadata"))

    @once
    def spend_meta(self) -> Raw:
        return mapping(self.meta.get("spend_logs_metadata"))

    @once
    def session(self) -> str | None:
        return first_word(self.raw.get("session_id"), self.requester.get("session_id"))

    @once
    def trace(self) -> str | None:
        """The trace id; it equals the session's where the client sent one."""
        found = first_word(self.raw.get("trace_id"))
        return None if found == self.session else found

    @once
    def call_type(self) -> str | None:
        return word(self.raw.get("call_type"))

    @once
    def operation(self) -> str:
        return names.operation(self.call_type)

    @once
    def served_by(self) -> str | None:
        """LiteLLM's name of the provider."""
        asked = word(self.raw.get("model")) or word(self.raw.get("litellm_model_name")) or ""
        return first_word(self.raw.get("custom_llm_provider"), self.error.get("llm_provider")) or (asked.partition("/")[0] if "/" in asked else None)

    @once
    def model(self) -> str | None:
        """The model that was asked; None where the proxy knew no such model."""
        asked = word(self.raw.get("model")) or word(self.raw.get("litellm_model_name"))
        unknown = asked == "unknown-model" or (self.failed and not self.group and "ModelNotFound" in str(self.error.get("error_class")))
        return None if unknown else names.plain_model(asked, self.served_by)

    @once
    def group(self) -> str | None:
        """The public name the client asked for."""
        return word(self.raw.get("model_group"))

    @once
    def tags(self) -> dict[str, Any]:
        return {name: value for name, value in split_tags(listed(self.raw.get("request_tags"))).items() if name != AGENT_TAG}

    @once
    def error(self) -> Raw:
        return mapping(self.raw.get("error_information")) or mapping(self.meta.get("error_information"))

    @once
    def usage(self) -> Raw:
        return mapping(self.meta.get("usage_object")) or mapping(self.hidden.get("usage_object"))

    @once
    def headers(self) -> dict[str, str]:
        """Response headers in lower case. LiteLLM prefixes the provider's own, and writes the quotas a second time with underscores."""
        found: dict[str, str] = {}
        for name, value in mapping(self.hidden.get("additional_headers")).items():
            plain = str(name).lower().replace("_", "-").removeprefix("llm-provider-")
            if isinstance(value, (str, int, float)) and (plain not in found or str(name).lower().startswith("llm_provider")):
                found[plain] = str(value)[:500]
        return found

    @once
    def retries(self) -> int | None:
        return self._counted("attempted_retries", "x-litellm-attempted-retries")

    @once
    def fallbacks(self) -> int | None:
        return self._counted("attempted_fallbacks", "x-litellm-attempted-fallbacks")

    def _counted(self, name: str, header: str) -> int | None:
        number = integer(self.meta.get(name))
        return integer(self.headers.get(header)) if number is None else number

    @once
    def started(self) -> datetime | None:
        return to_utc(self.raw.get("startTime"), self.context.timezone)

    @once
    def ended(self) -> datetime | None:
        return to_utc(self.raw.get("endTime"), self.context.timezone)

    @once
    def first_token(self) -> datetime | None:
        """When the first chunk came; LiteLLM writes the end where it does not know or nothing was streamed."""
        found = to_utc(self.raw.get("completionStartTime"), self.context.timezone)
        inside = found is not None and self.started is not None and self.ended is not None and self.started <= found < self.ended
        return found if inside else None

    @once
    def parameters(self) -> Raw:
        return mapping(self.raw.get("model_parameters")) or mapping(self.raw.get("proxy_server_request"))

    @once
    def streamed(self) -> bool | None:
        """`stream` is null for answers in one piece and for failures; SpendLogs has only the time of the first chunk."""
        logged = self.raw.get("stream")
        if isinstance(logged, bool):
            return logged
        asked = self.parameters.get("stream")
        if isinstance(asked, bool):
            return asked
        if self.spend_row:
            known = self.raw.get("completionStartTime") is not None and not self.failed and not self.hit
            return self.first_token is not None if known else None
        return None if self.failed else False
