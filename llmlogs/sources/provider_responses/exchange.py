"""One exchange with a provider, taken apart by `envelopes`, put together as the canonical columns of a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Row
from llmlogs.sources.common.endpoints import Endpoint, bedrock_model, endpoint_of, endpoint_of_operation, guess_provider
from llmlogs.sources.common.error_classes import Fault, fault_of
from llmlogs.sources.common.rate_limits import limits_of, retry_after_ms
from llmlogs.sources.common.server_timings import body_timings, header_timings
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, read_usage
from llmlogs.sources.provider_responses.answers import NO_OUTPUT, Answer
from llmlogs.sources.provider_responses.envelopes import Parts
from llmlogs.sources.provider_responses.facts import DURATIONS, ENDS, FIRST_TOKENS, STARTS, Facts
from llmlogs.sources.provider_responses.waits import event_times, first_byte, network

Issue = tuple[str, str, str]

# Columns that a fact of one of these names fills, as it stands. Names are without case and separators.
LABELS = {
    "operation_id": ("operationid",),
    "trace_id": ("traceid",),
    "span_id": ("spanid",),
    "parent_span_id": ("parentspanid", "parentid"),
    "session_id": ("sessionid", "conversationid", "session"),
    "user_id": ("userid", "enduserid", "enduser", "user"),
    "team": ("team", "teamid", "teamname"),
    "feature": ("feature", "featurename", "usecase"),
    "environment": ("environment", "env", "deploymentenvironment", "stage"),
    "service": ("service", "servicename", "app", "application"),
    "release": ("release", "appversion", "serviceversion"),
    "region": ("region", "awsregion", "location"),
    "prompt_name": ("promptname", "prompttemplate", "promptid"),
    "prompt_version": ("promptversion",),
    "agent_name": ("agentname", "agent"),
    "gateway": ("gateway", "proxy"),
    "priority": ("priority",),
}
NO_PROVIDER = re.compile(r"[\w.-]+:\d+|[\w.-]*gateway", re.IGNORECASE)  # an address, a gateway: who stands in between, not who serves
MAX_TOKENS = ("maxtokens", "maxcompletiontokens", "maxoutputtokens", "maxnewtokens", "numpredict")
WAITING = frozenset({"queued", "in_progress", "requires_action", "cancelling", "pending", "processing"})
STATES = {
    "failed": "error",
    "error": "error",
    "expired": "error",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "timeout": "timeout",
    "timed_out": "timeout",
}


@dataclass
class Exchange:
    """One request with its answer, error or both. `answer` is None when the log has none."""

    parts: Parts
    context: Context
    answer: Answer | None
    issues: list[Issue] = field(default_factory=list)

    @cached_property
    def facts(self) -> Facts:
        return Facts(self.parts.facts)

    @cached_property
    def url(self) -> str:
        url = self.facts.first("url", "uri", "requesturl", "endpoint", "path", "requesturi", "backendurl", "targeturl", "upstreamurl", "baseurl")
        return url[:2000] if isinstance(url, str) else ""

    @cached_property
    def endpoint(self) -> Endpoint:
        told = endpoint_of(self.url) if self.url else Endpoint()
        operation = self.facts.first("operationname")
        return told if told.known or told.skip or not isinstance(operation, str) else endpoint_of_operation(operation[:100])

    @cached_property
    def method(self) -> str:
        return str(self.facts.first("method", "httpmethod", "requestmethod") or "").upper()

    @property
    def retrieved(self) -> bool:
        """An answer fetched later: the times of fetching it are not the call's."""
        return self.method == "GET" and self.answer is not None

    @cached_property
    def status_code(self) -> int | None:
        """The HTTP status; a code inside an error body is not one."""
        for name in ("statuscode", "httpstatus", "httpstatuscode", "responsestatus", "status", "responsecode", "resultsignature", "httpcode", "code"):
            for path, value in self.facts.all(name):
                code = integer(value)
                if code is not None and 100 <= code < 600 and (name != "code" or "status" in path or "http" in path):
                    return code
        return None

    @cached_property
    def aborted(self) -> bool:
        """A HAR's status 0: the caller went away before an answer came."""
        return self.status_code is None and self.answer is None and self.facts.first("status", under="resp") == 0

    @cached_property
    def fault(self) -> Fault | None:
        """What went wrong, if anything did."""
        failed = (self.status_code or 0) >= 400
        stated = {name: self.facts.first(f"error{name}", f"exception{name}") for name in ("code", "type", "class", "message")}
        bodies = [*([{"error": self.answer.error}] if self.answer and self.answer.error else []), *self.parts.errors, *(self.parts.unknown if failed else ())]
        if any(stated.values()):
            bodies.append(stated)
        if not bodies and not failed:
            return None
        fault = fault_of(bodies[0] if bodies else None)
        header = self.parts.headers.get("x-amzn-errortype")
        if header:
            fault.codes.insert(0, header)
        return fault

    @cached_property
    def streamed(self) -> bool | None:
        if self.answer is not None and self.answer.streamed:
            return True
        if "event-stream" in self.parts.headers.get("content-type", ""):
            return True
        logged = self.facts.first("stream", "isstream", "streaming", "streamed", "streamtype")
        return {"Streaming": True, "Non-Streaming": False}.get(logged) if isinstance(logged, str) else logged if isinstance(logged, bool) else None

    @cached_property
    def usage(self) -> Usage:
        answer = self.answer
        if answer is None or (self.status_code or 0) >= 400:
            return Usage()
        operation = answer.operation or self.endpoint.operation
        usage = read_usage(answer.usage, generates=operation not in NO_OUTPUT)
        if usage.empty and self.parts.headers:
            usage.fill(self._usage_from_headers())
        if usage.empty:
            usage.fill(self._usage_beside())
        if usage.output is None and self.facts.first("schematype") is not None:  # Bedrock's invocation log counts beside the bodies
            usage.output = integer(self.facts.first("outputtokencount"))
            usage.input = integer(self.facts.first("inputtokencount")) if usage.input is None else usage.input
        if answer.streamed and answer.shape == "gemini" and answer.finish is None and not usage.empty:  # counts so far: the rest was not seen
            usage.issues.append(("output_tokens", "unfinished_stream", "int"))
        self.issues += usage.issues
        return usage

    def _usage_from_headers(self) -> Usage:
        """Bedrock says the counts in headers, for models whose bodies do not."""
        names = {
            "inputTokens": "x-amzn-bedrock-input-token-count",
            "outputTokens": "x-amzn-bedrock-output-token-count",
            "cacheReadInputTokens": "x-amzn-bedrock-cache-read-input-token-count",
            "cacheWriteInputTokens": "x-amzn-bedrock-cache-write-input-token-count",
        }
        raw = {key: self.parts.headers[header] for key, header in names.items() if header in self.parts.headers}
        return read_usage(raw)

    def _usage_beside(self) -> Usage:
        """Counts that the application wrote beside a body without any, in OpenAI's words and so in its sense."""
        sent, made = self.facts.first("prompttokens", "inputtokens"), self.facts.first("completiontokens", "outputtokens")
        raw = {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": self.facts.first("totaltokens")}
        return read_usage({name: count for name, count in raw.items() if count is not None})

    @cached_property
    def models(self) -> tuple[str | None, str | None]:
        """Asked for, answered."""
        asked = self.facts.first("requestmodel", "requestedmodel", "modelrequested") or self.facts.first("model", "modelid", under="req") or self.endpoint.model
        asked = asked or self.facts.first("model", "modelid", "modelname", "modelused")
        answered = (self.answer.model if self.answer else None) or self.facts.first("responsemodel")
        return short(asked), short(answered)

    @cached_property
    def provider(self) -> str | None:
        """Who served it: as logged, else by the URL, else by the answer itself."""
        logged = self.facts.first("provider", "llmprovider", "providername", "vendor", "genaiprovidername")
        if logged and not NO_PROVIDER.fullmatch(str(logged)):
            return short(logged)
        answer, (asked, answered) = self.answer, self.models
        if bedrock_model(asked) or self.facts.first("schematype") == "ModelInvocationLog":
            return self.endpoint.provider or "aws.bedrock"
        return self.endpoint.provider or guess_provider(answer.response_id if answer else None, answer.shape if answer else "", answered or asked)

    def _between(self) -> str | None:
        """A gateway that was logged as the provider."""
        logged = short(self.facts.first("provider", "llmprovider", "providername", "vendor", "genaiprovidername"))
        return logged if logged and logged.lower().endswith("gateway") else None

    @cached_property
    def started_at(self) -> datetime | None:
        """The caller's start: as logged; else end minus duration; else what the answer or the headers say, to the second."""
        zone = self.context.timezone
        start = self.facts.instant(STARTS, zone)
        if start is not None and not (self.retrieved and self.answer and self.answer.created):
            return start
        if self.ended_at is not None and self.duration is not None:
            return self.ended_at - timedelta(milliseconds=self.duration)
        end = self.ended_at
        if self.answer is not None and self.answer.shape == "ollama":  # it says when it ended and how long it took
            done, took = to_utc(self.answer.completed), body_timings({}, self.answer.timings, False).get("server_ms")
            end = done - timedelta(milliseconds=took) if done and took else done
        created = to_utc(self.answer.created) if self.answer else None
        headers = to_utc(self.parts.headers.get("date"))
        return created or end or headers or to_utc(self.facts.first("recordedat"), zone)

    @cached_property
    def ended_at(self) -> datetime | None:
        return self.facts.instant(ENDS, self.context.timezone)

    @cached_property
    def duration(self) -> float | None:
        """The caller's wait."""
        if self.retrieved:
            return None
        if self.facts.first("starteddatetime") is not None:  # HAR
            return duration_ms(self.facts.first("time"), "ms")
        return self._measured("duration_ms", DURATIONS)

    def _measured(self, column: str, names: tuple[str, ...]) -> float | None:
        ms, guessed = self.facts.duration(names)
        if guessed:
            self.issues.append((column, "unit_unknown", guessed))
        return ms

    def columns(self) -> Row:
        """The call."""
        row: Row = {**self.usage.columns(), **self._times(), **self._request()}
        row |= {name: value for name, value in self._identity().items() if value is not None}
        row.update(self._outcome())
        row |= self._billed()
        return {name: value for name, value in row.items() if value is not None and value != ""}

    def _billed(self) -> Row:
        """Units of the bill where they are others than the tokens (Cohere)."""
        billed = dict(self.usage.billed)
        tokens: Row = {name: billed.pop(name) for name in ("billed_input_tokens", "billed_output_tokens") if name in billed}
        row = tokens if self.usage.billed_apart else {}
        return row | ({"extra": orjson.dumps(billed).decode()} if billed else {})

    def _identity(self) -> Row:
        answer, (asked, answered) = self.answer, self.models
        row: Row = {column: short(self.facts.first(*names)) for column, names in LABELS.items()}
        row["feature_basis"] = "logged" if row["feature"] else None
        row["region"] = row["region"] or (answer.region if answer else None) or self.endpoint.region
        provider = self.provider
        if answer and answer.upstream and provider == "openrouter":
            row["gateway"] = "openrouter"
        row["gateway"] = row["gateway"] or self._between()
        return row | {
            "response_id": answer.response_id if answer else None,
            "operation": (answer.operation if answer else None) or self.endpoint.operation or "chat",
            "provider": provider,
            "endpoint": self.endpoint.api or None,
            "deployment": self.endpoint.deployment or short(self.facts.first("deployment", "deploymentname", "deploymentid", "modeldeploymentname")),
            "request_model": asked,
            "response_model": answered,
            "service_tier": self._tier(),
            "api_key_hash": self._key_hash(),
        }

    def _tier(self) -> str | None:
        """The answer's before the request's. Capacity that a router has bought is none of the caller's: it bills by tokens."""
        tier = (self.answer.service_tier if self.answer else None) or short(self.facts.first("servicetier"))
        return "batch" if self.parts.batched else None if self.provider == "openrouter" and tier == "provisioned" else tier

    def _key_hash(self) -> str | None:
        sent = self.parts.sent_headers
        key = self.facts.first("apikey", "apikeyid", "keyalias", "apikeyalias") or next(
            (sent[name] for name in ("authorization", "x-api-key", "api-key", "x-goog-api-key") if name in sent), None
        )
        plain = str(key or "").removeprefix("Bearer ").strip()
        redacted = len(plain) < 4 or "*" in plain or "redact" in plain.lower() or plain.startswith(("<", "["))
        return None if redacted else keyed_hash(plain, self.context.secret)

    def _times(self) -> Row:
        answer = self.answer
        streamed = bool(self.streamed)
        row: Row = {"started_at": self.started_at, "ended_at": self.ended_at, "duration_ms": self.duration, "stream": self.streamed}
        early = answer is not None and answer.shape == "responses_event"  # its headers come with response.created, long before a token
        headers = {} if self.retrieved or early else header_timings(self.parts.headers, streamed)
        raw = [*(answer.timings if answer else ()), *self.parts.engines]
        server: dict[str, Any] = {**headers, **body_timings(answer.usage if answer else {}, raw, streamed)}
        first = self._measured("ttft_ms", FIRST_TOKENS) if self.streamed is not False else None
        if first is None and streamed and not early:
            first = first_byte(self.facts)
        if first is not None and streamed:
            server |= {"ttft_ms": first, "ttft_basis": "client"}
        elif "ttft_ms" in server:
            server["ttft_basis"] = "server"
        if answer is not None and answer.event_times:
            seen = event_times(answer, self.facts.instant(STARTS, self.context.timezone))
            server = seen | server if server.get("ttft_basis") == "client" else server | seen
        return row | server | {"network_ms": network(self.facts, self.duration, headers.get("server_ms"), streamed)}

    def _request(self) -> Row:
        prompts = self.parts.prompts
        row: Row = {"max_tokens": next((number for number in (integer(self.facts.first(name)) for name in MAX_TOKENS) if number is not None), None)}
        texts = [value for name, value in prompts.items() if name not in ("tools", "functions", "toolconfig", "documents")]
        if texts:
            row["prompt_chars"] = sum(characters(text) for text in texts)
            row["prompt_hash"] = keyed_hash(canonical(texts), self.context.secret)
            if self.context.store_text != "none":
                row["prompt_text"] = canonical(texts)
        prefix = [prompts.get(name) for name in ("tools", "functions", "system", "systeminstruction", "instructions")]
        first = prompts.get("messages")
        if isinstance(first, list) and first and isinstance(first[0], Mapping) and first[0].get("role") in ("system", "developer"):
            prefix.append(first[0])
        if any(prefix):
            row["prefix_hash"] = keyed_hash(canonical(prefix), self.context.secret)
        return row

    def _outcome(self) -> Row:
        answer, fault, code = self.answer, self.fault, self.status_code
        row: Row = {"status_code": code, "retry_after_ms": retry_after_ms(self.parts.headers, to_utc(self.parts.headers.get("date")))}
        if answer is not None:
            row |= {"finish_reason": answer.finish, "tool_calls": answer.tool_calls, "completion_chars": answer.chars}
            if self.context.store_text != "none":
                row["completion_text"] = "".join(answer.pieces)
            row["web_searches"] = self.usage.web_searches if self.usage.web_searches is not None else answer.searches
        row["attempts"] = integer(self.facts.first("attempts"))
        row["status"] = self._status()
        if fault is not None or row["status"] in ("error", "timeout"):
            fault = fault or Fault()
            row |= fault.columns(code)
            row["retry_after_ms"] = row["retry_after_ms"] if row["retry_after_ms"] is not None else duration_ms(fault.retry_after)
            row["status"] = {"client_cancel": "cancelled"}.get(row["error_class"], row["status"])
            if row["error_class"] == "timeout" and code is None:
                row["status"] = "timeout"
        return row

    def _status(self) -> str:
        answer, state = self.answer, (self.answer.state if self.answer else None)
        logged = str(self.facts.first("status", "state", "outcome") or "").lower()
        if self.fault is not None:
            return "error"
        if self.aborted:
            return "cancelled"
        if (state or logged) in STATES:
            return STATES[state or logged]
        if state in WAITING:
            return "unknown"
        if answer is not None and answer.shape == "gemini" and answer.finish in BLOCKS and not answer.chars:
            return "blocked"
        if answer is not None and answer.streamed and answer.finish is None and state is None and self.usage.empty and answer.operation != "audio":
            return "unknown"  # nobody saw it end
        return "ok"

    def limits(self) -> list[Row]:
        """Rows of rate_limits."""
        at = self.started_at
        headers = self.parts.headers
        common = {"at": at, "provider": self.provider, "model": self.models[0] or self.models[1], "origin": "provider"}
        return [common | row for row in limits_of(headers, to_utc(headers.get("date")) or at, self.provider)]


BLOCKS = frozenset({"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "IMAGE_SAFETY"})


def short(value: Any) -> str | None:
    """A label: a short text or number; nothing else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value)[:200] or None


def characters(value: Any) -> int:
    """Characters of all texts in a prompt."""
    pending, total = [value], 0
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            total += len(item)
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, Mapping):
            pending += [inner for key, inner in item.items() if key not in ("role", "type", "id", "name")]
    return total


def canonical(value: Any) -> str:
    """One text for equal values, whatever the order of their members."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode("utf-8", "replace")
