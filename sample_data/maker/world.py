"""A small company that sells lamps online and uses language models in five features. Its load, caches and delays are simulated call by call."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

Call = dict[str, Any]
PREFIX_LIFE_S = 300  # how long a provider keeps a prompt prefix
APP_TTL_MS = 6 * 3600 * 1000  # how long the shop's own cache keeps an answer


@dataclass(frozen=True)
class Feature:
    """What one product feature asks of a model. Token figures are medians."""

    name: str
    team: str
    provider: str
    model: str
    share: float  # of all conversations
    system_tokens: int  # the fixed front of the prompt
    question_tokens: int
    output_tokens: int
    ms_per_token: float
    stream: bool = False
    turns: float = 1.0  # calls in a conversation, on average
    retrieval: bool = False
    tool: str = ""
    app_cache: bool = False
    checks_output: bool = False
    prompt_version: str = "v3"


FEATURES = (
    Feature("support_chat", "care", "anthropic", "claude-sonnet-4-5", 0.18, 2400, 90, 210, 15, stream=True, turns=4, tool="order_status"),
    Feature("product_search", "web", "openai", "gpt-4.1-mini", 0.40, 1300, 900, 140, 8, stream=True, retrieval=True, app_cache=True),
    Feature("review_summary", "web", "openai", "gpt-4.1", 0.12, 1100, 1900, 160, 12, stream=True),
    Feature("ticket_triage", "care", "google", "gemini-2.5-flash", 0.20, 500, 260, 24, 6, checks_output=True),
    Feature("alt_texts", "catalog", "openai", "gpt-4o-mini", 0.10, 250, 180, 45, 9),
)
RELEASES = ((0.0, "2026.34.0"), (0.45, "2026.36.1"))  # share of the period at which each went live


@dataclass
class Plan:
    """How much to simulate, and which part of the product is broken."""

    seed: int = 7
    start: datetime = datetime(2026, 8, 31)  # a Monday; all times here are UTC
    days: int = 35
    calls_per_day: float = 160
    features: tuple[Feature, ...] = FEATURES
    background_errors: float = 0.002
    users: int = 60
    forgets_updates_from: datetime | None = None  # the answer cache neither hears of updates nor expires from here on
    prefix_breaks_from: datetime | None = None  # a changing text stands in front of the prompt from here on


@dataclass(frozen=True, order=True)
class Request:
    """One thing a user asked for, before anything answered it."""

    at: datetime
    number: int
    feature: Feature = field(compare=False)
    user: int = field(compare=False)
    session: int = field(compare=False)
    turn: int = field(compare=False)
    key: int = field(compare=False)  # which product or page it is about


@dataclass
class World:
    """What came out: calls in order of their start, and everything logged beside them."""

    plan: Plan
    calls: list[Call] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    feedback: list[dict[str, Any]] = field(default_factory=list)

    @property
    def end(self) -> datetime:
        return self.plan.start + timedelta(days=self.plan.days)

    def moment(self, share: float) -> datetime:
        """A point of the period, on a whole hour."""
        return self.plan.start + timedelta(hours=round(self.plan.days * 24 * share))


def simulate(plan: Plan) -> World:
    """Run the whole period."""
    dice = random.Random(plan.seed)
    world = World(plan)
    updates = _updates(plan, dice)
    world.events = [{"type": "event", "at": stamp(at), "kind": "source_update", "subject": f"page-{key}"} for at, key in updates]
    world.events += [{"type": "event", "at": stamp(world.moment(share)), "kind": "deploy", "subject": "shop", "value": name} for share, name in RELEASES]
    world.events.sort(key=lambda event: event["at"])
    shop = Shop(world, dice, updates)
    for request in sorted(_requests(plan, dice)):
        shop.serve(request)
    world.calls.sort(key=lambda call: (call["started_at"], call["call_id"]))
    return world


def _requests(plan: Plan, dice: random.Random) -> list[Request]:
    """Conversations over the day, each a few turns about a minute apart."""
    mean_turns = sum(f.share * f.turns for f in plan.features) / sum(f.share for f in plan.features)
    mood = [math.exp(dice.gauss(0, 0.5)) for _ in range(plan.users)]
    found: list[Request] = []
    for day in range(plan.days):
        weekday = (plan.start + timedelta(days=day)).weekday()
        busy = (1.12, 1.16, 1.15, 1.12, 1.06, 0.68, 0.71)[weekday] * math.exp(dice.gauss(0, 0.03))
        for _ in range(round(plan.calls_per_day * busy / mean_turns)):
            at = plan.start + timedelta(days=day, seconds=_second_of_day(dice))
            feature = dice.choices(plan.features, [f.share for f in plan.features])[0]
            user = dice.choices(range(plan.users), mood)[0]
            session = len(found)
            for turn in range(1 + (_poisson(dice, feature.turns - 1) if feature.turns > 1 else 0)):
                found.append(Request(at, len(found), feature, user, session, turn, _popular(dice)))
                at += timedelta(seconds=20 + dice.expovariate(1 / 45))
    return found


def _second_of_day(dice: random.Random) -> float:
    """Quiet at four in the morning, busiest in the afternoon."""
    while True:
        second = dice.random() * 86400
        if dice.random() < 0.55 - 0.45 * math.cos((second / 3600 - 3.5) / 24 * 2 * math.pi):
            return second


def _popular(dice: random.Random) -> int:
    """Few pages are asked for often."""
    return min(int(dice.paretovariate(0.9)), 90)


def _updates(plan: Plan, dice: random.Random) -> list[tuple[datetime, int]]:
    """When the page behind a cached answer changed: each about twice a week."""
    seconds = plan.days * 86400
    return sorted((plan.start + timedelta(seconds=round(dice.random() * seconds)), key) for key in range(1, 91) for _ in range(_poisson(dice, plan.days / 3.5)))


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
        if call["status"] == "error":
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
        self._around(call, request)
        if dice.random() < self.plan.background_errors:
            self._fail(call)

    def _prefix(self, call: Call, request: Request) -> tuple[int, int]:
        """Tokens the provider read from and wrote to its prefix cache; providers cache from 1,024 tokens on."""
        broken = self.plan.prefix_breaks_from is not None and request.at >= self.plan.prefix_breaks_from
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

    def _fail(self, call: Call) -> None:
        """The background noise of any provider: a server error before the first token."""
        code, kind, name = self.dice.choice(((500, "server_error", "api_error"), (529, "overloaded", "overloaded_error"), (502, "server_error", "bad_gateway")))
        keep = call["network_ms"] + call["queue_ms"]
        refuse(call, code, kind, name, round(keep, 1))

    def _retry(self, failed: Call, request: Request) -> Call:
        """A second try a second later, which works: the same operation in the same trace, under the span of the request."""
        later = replace(request, at=failed["started_at"] + timedelta(milliseconds=failed["duration_ms"] + 1000))
        call = self._base(later) | {"call_id": failed["call_id"] + "-2"}
        calm, self.plan.background_errors = self.plan.background_errors, 0
        self._ask_model(call, later)
        self.plan.background_errors = calm
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


def stamp(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return at.isoformat(timespec="milliseconds") + "Z"


def _span(prefix: str, number: int, kind: str, name: str, at: datetime, duration: float) -> dict[str, Any]:
    ids = {"span_id": f"{prefix}-{number:06}", "parent_span_id": f"r-{number:06}"}
    return ids | {"kind": kind, "name": name, "started_at": at, "duration_ms": duration, "status": "ok"}


def _poisson(dice: random.Random, mean: float) -> int:
    """Knuth's method; means here are small."""
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count += 1
        product *= dice.random()
    return count
