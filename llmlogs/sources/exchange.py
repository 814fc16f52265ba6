"""One exchange with a provider, taken apart by `envelopes`, put together as the canonical columns of a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.sources.answers import NO_OUTPUT, Answer
from llmlogs.sources.base import Context, Row
from llmlogs.sources.endpoints import Endpoint, bedrock_model, endpoint_of, guess_provider
from llmlogs.sources.envelopes import Parts
from llmlogs.sources.error_classes import Fault, fault_of
from llmlogs.sources.rate_limits import limits_of, retry_after_ms
from llmlogs.sources.server_timings import body_timings, header_timings
from llmlogs.sources.times import duration_ms, to_utc
from llmlogs.sources.usage import Usage, integer, read_usage

Issue = tuple[str, str, str]

# Columns that a fact of one of these names fills, as it stands. Names are without case and separators.
LABELS = {
    "operation_id": ("operationid",),
    "trace_id": ("traceid",),
    "span_id": ("spanid",),
    "parent_span_id": ("parentspanid", "parentid"),
    "session_id": ("sessionid", "conversationid", "session"),
    "user_id": ("userid", "enduserid", "enduser"),
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
STARTS = ("startedat", "starttime", "startedatetime", "starteddatetime", "starttimestamp", "requesttime", "requestedat", "requesttimestamp",
          "requeststart", "start", "ts", "timestamp", "@timestamp", "time", "datetime", "loggedat", "logtime", "loggingtime", "eventtime", "at", "date",
          "createdat")  # fmt: skip
ENDS = ("endedat", "endtime", "finishedat", "completedat", "endtimestamp", "responsetime", "responsetimestamp", "end")
DURATIONS = ("duration", "latency", "elapsed", "responsetime", "totaltime", "totallatency", "requestlatency", "requestduration", "took", "tooktime", "total",
             "elapsedtime", "latencytotal", "durationtotal", "walltime", "time", "e2elatency", "roundtrip")  # fmt: skip
FIRST_TOKENS = ("ttft", "timetofirsttoken", "firsttoken", "firsttokenlatency", "timetofirstchunk", "firstchunk", "timetofirsttokenlatency", "firstbyte", "ttfb")
UNITS = {"ms": "ms", "millis": "ms", "milliseconds": "ms", "msec": "ms", "s": "s", "sec": "s", "secs": "s", "seconds": "s", "us": "us", "ns": "ns",
         "nanos": "ns", "inms": "ms", "inseconds": "s"}  # fmt: skip
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

    def fact(self, *names: str, under: str = "") -> Any:
        """The outermost scalar of one of these names, the first name first; `under` asks for it inside that member."""
        for name in names:
            for path, value in self._facts.get(name, ()):
                if value not in (None, "") and (not under or any(step.startswith(under) for step in path[:-1])):
                    return value
        return None

    @cached_property
    def _facts(self) -> dict[str, list[tuple[tuple[str, ...], Any]]]:
        by_name: dict[str, list[tuple[tuple[str, ...], Any]]] = {}
        for path, value in sorted(self.parts.facts, key=lambda fact: len(fact[0])):
            by_name.setdefault(path[-1], []).append((path, value))
        return by_name

    @cached_property
    def endpoint(self) -> Endpoint:
        url = self.fact("url", "uri", "requesturl", "endpoint", "path", "requesturi", "baseurl")
        return endpoint_of(url[:2000]) if isinstance(url, str) else Endpoint()

    @cached_property
    def method(self) -> str:
        return str(self.fact("method", "httpmethod", "requestmethod") or "").upper()

    @cached_property
    def status_code(self) -> int | None:
        """The HTTP status; a code inside an error body is not one."""
        for name in ("statuscode", "httpstatus", "httpstatuscode", "responsestatus", "status", "responsecode", "httpcode", "code"):
            for path, value in self._facts.get(name, ()):
                code = integer(value)
                if code is not None and 100 <= code < 600 and (name != "code" or "status" in path or "http" in path):
                    return code
        return None

    @cached_property
    def fault(self) -> Fault | None:
        """What went wrong, if anything did."""
        failed = (self.status_code or 0) >= 400
        stated = {name: self.fact(f"error{name}", f"exception{name}") for name in ("code", "type", "class", "message")}
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
        logged = self.fact("stream", "isstream", "streaming", "streamed")
        return logged if isinstance(logged, bool) else None

    @cached_property
    def usage(self) -> Usage:
        answer = self.answer
        if answer is None or (self.status_code or 0) >= 400:
            return Usage()
        operation = answer.operation or self.endpoint.operation
        usage = read_usage(answer.usage, generates=operation not in NO_OUTPUT)
        if usage.empty and self.parts.headers:
            self._usage_from_headers(usage)
        if usage.output is None and self.fact("schematype") is not None:  # Bedrock's invocation log counts beside the bodies
            usage.output = integer(self.fact("outputtokencount"))
            usage.input = integer(self.fact("inputtokencount")) if usage.input is None else usage.input
        if answer.streamed and answer.shape == "gemini" and answer.finish is None and not usage.empty:  # counts so far: the rest was not seen
            usage.issues.append(("output_tokens", "unfinished_stream", "int"))
        self.issues += usage.issues
        return usage

    def _usage_from_headers(self, usage: Usage) -> None:
        """Bedrock says the counts in headers, for models whose bodies do not."""
        names = {
            "inputTokens": "x-amzn-bedrock-input-token-count",
            "outputTokens": "x-amzn-bedrock-output-token-count",
            "cacheReadInputTokens": "x-amzn-bedrock-cache-read-input-token-count",
            "cacheWriteInputTokens": "x-amzn-bedrock-cache-write-input-token-count",
        }
        raw = {key: self.parts.headers[header] for key, header in names.items() if header in self.parts.headers}
        if raw:
            usage.__dict__.update(read_usage(raw).__dict__)

    @cached_property
    def models(self) -> tuple[str | None, str | None]:
        """Asked for, answered."""
        asked = self.fact("requestmodel", "requestedmodel", "modelrequested") or self.fact("model", "modelid", under="req") or self.endpoint.model
        asked = asked or self.fact("model", "modelid", "modelname", "modelused")
        answered = (self.answer.model if self.answer else None) or self.fact("responsemodel", "modelversion")
        return short(asked), short(answered)

    @cached_property
    def provider(self) -> str | None:
        """Who served it: as logged, else by the URL, else by the answer itself."""
        logged = self.fact("provider", "llmprovider", "providername", "vendor", "genaiprovidername", "system")
        if logged:
            return short(logged)
        answer, (asked, answered) = self.answer, self.models
        if bedrock_model(asked) or self.fact("schematype") == "ModelInvocationLog":
            return self.endpoint.provider or "aws.bedrock"
        return self.endpoint.provider or guess_provider(answer.response_id if answer else None, answer.shape if answer else "", answered or asked)

    @cached_property
    def started_at(self) -> datetime | None:
        """The caller's start: as logged; else end minus duration; else what the answer or the headers say, to the second."""
        zone = self.context.timezone
        start = next((found for found in (to_utc(self.fact(name), zone) for name in STARTS) if found), None)
        if start is not None:
            return start
        if self.ended_at is not None and self.duration is not None:
            return self.ended_at - timedelta(milliseconds=self.duration)
        end = self.ended_at
        if self.answer is not None and self.answer.shape == "ollama":  # it says when it ended and how long it took
            done, took = to_utc(self.answer.completed), body_timings({}, self.answer.timings, False).get("server_ms")
            end = done - timedelta(milliseconds=took) if done and took else done
        created = to_utc(self.answer.created) if self.answer else None
        headers = to_utc(self.parts.headers.get("date"))
        return created or end or headers or to_utc(self.fact("recordedat"), zone)

    @cached_property
    def ended_at(self) -> datetime | None:
        return next((found for found in (to_utc(self.fact(name), self.context.timezone) for name in ENDS) if found), None)

    @cached_property
    def duration(self) -> float | None:
        """The caller's wait."""
        if self.fact("starteddatetime") is not None:  # HAR
            return duration_ms(self.fact("time"), "ms")
        return self._measured("duration_ms", DURATIONS)

    def _measured(self, column: str, names: Iterable[str]) -> float | None:
        """A duration by name and unit. Without a unit small numbers are seconds and large ones ms; between, nobody can tell: NULL and an issue."""
        for name in names:
            for key, facts in self._facts.items():
                unit = UNITS.get(key.removeprefix(name)) if key.startswith(name) and key != name else None
                for path, value in facts:
                    stated = unit or (self._unit_above(path) if key == name else None)
                    ms = duration_ms(value, stated or "") if stated or (key == name and isinstance(value, str)) else None
                    if ms is not None:
                        return ms
                    if key == name and name not in ("time", "total") and isinstance(value, (int, float)) and not isinstance(value, bool):
                        return self._without_unit(column, value)
        return None

    @staticmethod
    def _unit_above(path: tuple[str, ...]) -> str | None:
        """`latency_ms: {total: 812}`: the unit stands in the member above."""
        above = path[-2] if len(path) > 1 else ""
        return next((unit for suffix, unit in UNITS.items() if above.endswith(suffix) and above.startswith(DURATIONS)), None)

    def _without_unit(self, column: str, value: float) -> float | None:
        if 0 <= value < 50:
            return duration_ms(value, "s")
        if value >= 600:
            return duration_ms(value, "ms")
        self.issues.append((column, "unit_unknown", type(value).__name__))
        return None

    @cached_property
    def batched(self) -> bool:
        """A line of a batch's results: only the wrapping says that it is billed as one."""
        return any(path == ("customid",) for path, _ in self.parts.facts)

    def columns(self) -> Row:
        """The call."""
        row: Row = {**self.usage.columns(), **self._times(), **self._request()}
        row |= {name: value for name, value in self._identity().items() if value is not None}
        row.update(self._outcome())
        if self.usage.billed:
            row["extra"] = orjson.dumps(self.usage.billed).decode()
        return {name: value for name, value in row.items() if value is not None and value != ""}

    def _identity(self) -> Row:
        answer, (asked, answered) = self.answer, self.models
        row: Row = {column: short(self.fact(*names)) for column, names in LABELS.items()}
        row["feature_basis"] = "logged" if row["feature"] else None
        row["region"] = row["region"] or (answer.region if answer else None) or self.endpoint.region
        provider = self.provider
        if answer and answer.upstream and provider == "openrouter":
            row["gateway"] = "openrouter"
        return row | {
            "response_id": answer.response_id if answer else None,
            "operation": (answer.operation if answer else None) or self.endpoint.operation or "chat",
            "provider": provider,
            "endpoint": self.endpoint.api or None,
            "deployment": self.endpoint.deployment or short(self.fact("deployment", "deploymentname", "deploymentid")),
            "request_model": asked,
            "response_model": answered,
            "service_tier": "batch" if self.batched else (answer.service_tier if answer else None) or short(self.fact("servicetier")),
            "api_key_hash": self._key_hash(),
        }

    def _key_hash(self) -> str | None:
        sent = self.parts.sent_headers
        key = self.fact("apikey", "apikeyid", "keyalias", "apikeyalias") or next(
            (sent[name] for name in ("authorization", "x-api-key", "api-key", "x-goog-api-key") if name in sent), None
        )
        plain = str(key or "").removeprefix("Bearer ").strip()
        redacted = len(plain) < 4 or "*" in plain or "redact" in plain.lower() or plain.startswith(("<", "["))
        return None if redacted else keyed_hash(plain, self.context.secret)

    def _times(self) -> Row:
        answer = self.answer
        streamed = bool(self.streamed)
        row: Row = {"started_at": self.started_at, "ended_at": self.ended_at, "duration_ms": self.duration, "stream": self.streamed}
        headers = header_timings(self.parts.headers, streamed)
        raw = [*(answer.timings if answer else ()), *self.parts.engines]
        server: dict[str, Any] = {**headers, **body_timings(answer.usage if answer else {}, raw, streamed)}
        first = self._measured("ttft_ms", FIRST_TOKENS) if self.streamed is not False else None
        if first is not None and streamed:
            server |= {"ttft_ms": first, "ttft_basis": "client"}
        elif "ttft_ms" in server:
            server["ttft_basis"] = "server"
        return row | server | {"network_ms": self._network(headers.get("server_ms"))}

    def _network(self, server: float | None) -> float | None:
        """Connecting and sending where a HAR has them; else what is left of the wait beside the server's own time, for whole answers only."""
        steps = [duration_ms(self.fact(name, under="timings"), "ms") for name in ("blocked", "dns", "connect", "send")]
        known = [step for step in steps if step is not None]
        if known and sum(known) > 0:
            return sum(known)
        if server is None or self.duration is None or self.streamed:
            return None
        return self.duration - server if self.duration >= server else None

    def _request(self) -> Row:
        prompts = self.parts.prompts
        row: Row = {"max_tokens": next((number for number in (integer(self.fact(name)) for name in MAX_TOKENS) if number is not None), None)}
        texts = [value for name, value in prompts.items() if name not in ("tools", "functions", "toolconfig", "documents")]
        if texts:
            row["prompt_chars"] = sum(characters(text) for text in texts)
            row["prompt_hash"] = keyed_hash(canonical(texts), self.context.secret)
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
            row["web_searches"] = self.usage.web_searches if self.usage.web_searches is not None else answer.searches
        row["attempts"] = integer(self.fact("attempts"))
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
        logged = str(self.fact("status", "state", "outcome") or "").lower()
        if self.fault is not None:
            return "error"
        if self.status_code is None and self.fact("status", under="resp") == 0:  # HAR: the caller went away
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
