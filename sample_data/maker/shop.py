"""The shop's side of a call: its answer cache, the provider's prefix cache, delays, failures, and what is logged around a call."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from maker.world import APP_TTL_MS, CUT_MS, PREFIX_LIFE_S, RELEASES, Call, Feature, Request, World, stamp


class Shop:
    """Answers requests in the order of their time and remembers what its caches hold."""

    def __init__(self, world: World, dice: random.Random, updates: list[tuple[datetime, int]]) -> None:
        self.world, self.plan, self.dice = world, world.plan, dice
        self.updates = list(reversed(updates))
        self.answers: dict[int, tuple[datetime, Call]] = {}
        self.prefixes: dict[str, datetime] = {}
        self.users = [math.exp(dice.gauss(0, 0.2)) for _ in range(self.plan.users)]
        self.history: dict[int, int] = {}

    def serve(self, request: Request) -> None:
        """Log what this request makes: a cache hit, a call, or a failed call and its retry."""
        self._hear_updates(request.at)
        call = self._base(request)
        kept = self.answers.get(request.key) if request.feature.app_cache else None
        if kept and self._serves(kept[0], request.at):
            call = self._hit(call, *kept, request)
        else:
            self._ask_model(call, request)
            if request.feature.app_cache and call["status"] == "ok":
                self.answers[request.key] = (request.at, call)
        self.world.calls.append(call)
        if call["status"] == "error":  # tried again once
            self.world.calls.append(self._retry(call, request))
        self._rate(call, request)

    def _hear_updates(self, now: datetime) -> None:
        while self.updates and self.updates[-1][0] <= now:
            at, key = self.updates.pop()
            if not self._forgetful(at):
                self.answers.pop(key, None)

    def _forgetful(self, at: datetime) -> bool:
        return self.plan.forgets_updates_from is not None and at >= self.plan.forgets_updates_from

    def _serves(self, made: datetime, now: datetime) -> bool:
        return self._forgetful(now) or now - made < timedelta(milliseconds=APP_TTL_MS)

    def _base(self, request: Request) -> Call:
        feature, number = request.feature, request.number
        past = (request.at - self.plan.start) / timedelta(days=self.plan.days)
        return {
            "call_id": f"c-{number:06}", "trace_id": f"t-{number:06}", "operation_id": f"o-{number:06}", "session_id": f"s-{request.session:06}",
            "user_id": f"u-{request.user:03}", "team": feature.team, "feature": feature.name, "environment": "production", "service": "shop",
            "release": [name for share, name in RELEASES if share <= past][-1], "prompt_name": feature.name, "prompt_version": feature.prompt_version,
            "operation": "chat", "provider": feature.provider, "request_model": feature.model, "started_at": request.at, "status": "ok",
        }  # fmt: skip

    def _hit(self, call: Call, made: datetime, served: Call, request: Request) -> Call:
        """An answer from the shop's own cache: no provider was asked; the tokens are those of the answer served, and cost nothing."""
        same = {name: served[name] for name in ("response_model", "input_tokens", "output_tokens", "finish_reason")}
        return call | same | {
            "duration_ms": round(self.dice.uniform(2, 9), 1), "app_cache": "hit", "cache_kind": "exact", "cache_key": f"page-{request.key}",
            "cache_age_ms": (request.at - made) // timedelta(milliseconds=1), "cache_ttl_ms": APP_TTL_MS, "cache_origin_id": served["call_id"],
        }  # fmt: skip

    def _ask_model(self, call: Call, request: Request) -> None:
        """Fill in one call to the provider."""
        feature, dice = request.feature, self.dice
        before = self.history.get(request.session, 0)
        question = round(feature.question_tokens * math.exp(dice.gauss(0, 0.3)) * self.users[request.user]) + before
        output = max(4, round(feature.output_tokens * math.exp(dice.gauss(0, 0.35))))
        if not feature.stream:
            output = min(output, 190)  # longer answers are streamed in this shop
        self.history[request.session] = question + output
        call |= {"stream": feature.stream, "response_model": feature.model, "input_tokens": feature.system_tokens + question, "output_tokens": output}
        call["cache_read_tokens"], call["cache_write_tokens"] = self._prefix(call, request)
        call["finish_reason"] = "end_turn" if feature.provider == "anthropic" else "stop"
        if feature.app_cache:
            call |= {"app_cache": "miss", "cache_kind": "exact", "cache_key": f"page-{request.key}", "cache_ttl_ms": APP_TTL_MS}
        if feature.checks_output:
            call["output_valid"] = dice.random() > 0.004
        self._time(call, feature)
        if self._is_cut(call):
            self._cut(call)
        self._around(call, request)
        if self._over_limit(call):
            self._refuse_for_rate(call)
        elif dice.random() < self.plan.background_errors:
            self._fail(call)

    def _prefix(self, call: Call, request: Request) -> tuple[int, int]:
        """Tokens the provider read from and wrote to its prefix cache; providers cache from 1,024 tokens on."""
        since = self.plan.prefix_breaks_from
        broken = since is not None and request.at >= since and request.feature.name == self.plan.prefix_breaks_for
        fixed = request.feature.system_tokens
        call["prefix_hash"] = f"{request.feature.name}-{request.feature.prompt_version}"
        if fixed < 1024:
            return 0, 0
        last = self.prefixes.get(call["prefix_hash"])
        self.prefixes[call["prefix_hash"]] = request.at
        if not broken and last and request.at - last < timedelta(seconds=PREFIX_LIFE_S):
            return fixed if request.feature.provider == "anthropic" else fixed // 128 * 128, 0
        return 0, fixed if request.feature.provider == "anthropic" else 0

    def _time(self, call: Call, feature: Feature) -> None:
        """Network, queue, reading the prompt, writing the answer; they add up."""
        dice = self.dice
        uncached = call["input_tokens"] - call["cache_read_tokens"]
        network, queue = dice.uniform(25, 55), 40 * math.exp(dice.gauss(0, 0.5))
        prefill = 60 + uncached * 0.06 * math.exp(dice.gauss(0, 0.1))
        generation = call["output_tokens"] * feature.ms_per_token * math.exp(dice.gauss(0, 0.08))
        parts = {"network_ms": network, "queue_ms": queue, "prefill_ms": prefill, "generation_ms": generation}
        call |= {name: round(value, 1) for name, value in parts.items()}
        if feature.stream:
            call["ttft_ms"] = round(sum(call[name] for name in ("network_ms", "queue_ms", "prefill_ms")), 1)
            call["max_gap_ms"] = round(feature.ms_per_token * dice.uniform(2, 6), 1)
        call["duration_ms"] = round(sum(call[name] for name in parts), 1)

    def _around(self, call: Call, request: Request) -> None:
        """The request's own span, what was looked up before the call, and the tool that the answer used."""
        dice, number = self.dice, request.number
        wait = round(dice.uniform(40, 120), 1) if request.feature.retrieval else 0.0
        begun = call["started_at"]
        call["started_at"] = begun + timedelta(milliseconds=wait + 3)
        tool = round(dice.uniform(80, 260), 1) if request.feature.tool and dice.random() < 0.4 else 0.0
        whole = round(wait + 3 + call["duration_ms"] + tool + 4, 1)
        call["span_id"], call["parent_span_id"] = f"m-{number:06}", f"r-{number:06}"
        spans = [{"span_id": f"r-{number:06}", "kind": "app", "name": request.feature.name, "started_at": begun, "duration_ms": whole, "status": "ok"}]
        if wait:
            spans.append(_span("d", number, "retrieval", "page_index", begun, wait) | {"document_count": 5})
            call["document_count"] = 5
        if tool:
            ended = call["started_at"] + timedelta(milliseconds=call["duration_ms"])
            spans.append(_span("k", number, "tool", request.feature.tool, ended, tool))
            call["tool_calls"] = 1
        call["spans"] = spans
        if request.feature.provider != "google":
            self._headers(call, request)

    def _headers(self, call: Call, request: Request) -> None:
        """Every fourth answer is logged with the provider's rate-limit headers."""
        if request.number % 4 == 0:
            limit = 400_000 if request.feature.provider == "anthropic" else 2_000_000
            left = round(limit * self.dice.uniform(0.93, 0.99), -3)
            call["rate_limits"] = [{"scope": "tokens", "limit_value": limit, "remaining": int(left), "reset_ms": round((limit - left) / limit * 60000)}]

    def _is_cut(self, call: Call) -> bool:
        since = self.plan.proxy_cuts_from
        return since is not None and call["started_at"] >= since and call["stream"] and call["duration_ms"] > CUT_MS

    def _cut(self, call: Call) -> None:
        """The proxy hangs up: the provider went on and its tokens are billed, but no one saw the end."""
        call |= {"status": "cancelled", "error_class": "client_cancel", "disconnect_ms": CUT_MS, "duration_ms": CUT_MS}
        call["generation_ms"] = round(CUT_MS - call["ttft_ms"], 1)
        call.pop("finish_reason")

    def _over_limit(self, call: Call) -> bool:
        burst = self.plan.burst
        same = burst is not None and self.plan.feature(burst.feature).model == call["request_model"]
        return burst is not None and same and self.plan.in_burst(call["started_at"]) and self.dice.random() < burst.refused

    def _refuse_for_rate(self, call: Call) -> None:
        wait = self.dice.choice((1000, 2000, 4000, 8000))
        refuse(call, 429, "rate_limit", "rate_limit_exceeded", round(call["network_ms"] + 5, 1))
        call["retry_after_ms"] = wait
        call["rate_limits"] = [{"scope": "tokens", "limit_value": 200_000, "remaining": 0, "reset_ms": wait}]

    def _fail(self, call: Call) -> None:
        """The background noise of any provider: a server error before the first token."""
        code, kind, name = self.dice.choice(((500, "server_error", "api_error"), (529, "overloaded", "overloaded_error"), (502, "server_error", "bad_gateway")))
        keep = call["network_ms"] + call["queue_ms"]
        refuse(call, code, kind, name, round(keep, 1))

    def _retry(self, failed: Call, request: Request) -> Call:
        """A second try a second later, which works: the same operation in the same trace, under the span of the request."""
        later = replace(request, at=failed["started_at"] + timedelta(milliseconds=failed["duration_ms"] + 1000))
        call = self._base(later) | {"call_id": failed["call_id"] + "-2"}
        plan, self.plan = self.plan, replace(self.plan, background_errors=0.0, burst=None)
        self._ask_model(call, later)
        self.plan = plan
        call["span_id"] += "-2"
        root, *inner = call.pop("spans")
        whole = failed["spans"][0]
        whole |= {"status": "ok", "duration_ms": round((root["started_at"] - whole["started_at"]) / timedelta(milliseconds=1) + root["duration_ms"], 1)}
        call["spans"] = [span | {"span_id": span["span_id"] + "-2"} for span in inner]
        return call

    def _rate(self, call: Call, request: Request) -> None:
        """Some people say whether an answer helped."""
        if call["status"] == "ok" and request.feature.name in ("support_chat", "product_search") and self.dice.random() < 0.1:
            at = call["started_at"] + timedelta(milliseconds=call["duration_ms"] + 8000)
            good = self.dice.random() < 0.92
            self.world.feedback.append(
                {"type": "feedback", "at": stamp(at), "call_id": call["call_id"], "name": "helpful", "value": int(good), "kind": "human"}
            )


USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "response_model", "finish_reason", "output_valid")
PARTS = ("network_ms", "queue_ms", "prefill_ms", "generation_ms", "ttft_ms", "max_gap_ms", "tool_calls")


def refuse(call: Call, code: int, kind: str, name: str, duration_ms: float) -> None:
    """Turn an answered call into a refused one: no answer, no usage."""
    for column in (*USAGE, *PARTS):
        call.pop(column, None)
    call |= {"status": "error", "status_code": code, "error_class": kind, "error_type": name, "duration_ms": duration_ms}
    call["spans"] = [span for span in call.get("spans", ()) if span["kind"] != "tool"]
    for span in call["spans"][:1]:
        span |= {"status": "error", "duration_ms": round((call["started_at"] - span["started_at"]) / timedelta(milliseconds=1) + duration_ms + 4, 1)}


def _span(prefix: str, number: int, kind: str, name: str, at: datetime, duration: float) -> dict[str, Any]:
    ids = {"span_id": f"{prefix}-{number:06}", "parent_span_id": f"r-{number:06}"}
    return ids | {"kind": kind, "name": name, "started_at": at, "duration_ms": duration, "status": "ok"}
