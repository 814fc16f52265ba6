"""A small company that sells lamps online and uses language models in five features. Its load, caches and delays are simulated call by call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Call = dict[str, Any]
EPOCH = datetime(1970, 1, 1)
PREFIX_LIFE_S = 300  # how long a provider keeps a prompt prefix
CUT_MS = 3000.0  # what a proxy with the wrong setting allows a stream
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


@dataclass(frozen=True)
class Burst:
    """A job that asks far more than usual for some minutes, until the provider refuses."""

    feature: str
    day: int
    hour: int
    minutes: int
    per_minute: int
    refused: float


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
    prefix_breaks_for: str = ""  # the feature whose prompt that is
    proxy_cuts_from: datetime | None = None  # a proxy closes every stream that is longer than CUT_MS from here on
    burst: Burst | None = None
    changes: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)  # from when, which feature, what is new about it

    def day(self, number: int) -> datetime:
        """Midnight before that day, counted from 0."""
        return self.start + timedelta(days=number)

    def feature(self, name: str) -> Feature:
        """The feature of that name."""
        return next(feature for feature in self.features if feature.name == name)

    def window(self) -> tuple[datetime, datetime]:
        """Start and end of the burst; of nothing when there is none."""
        if self.burst is None:
            return self.start, self.start
        at = self.day(self.burst.day) + timedelta(hours=self.burst.hour)
        return at, at + timedelta(minutes=self.burst.minutes)

    def in_burst(self, at: datetime) -> bool:
        """Whether the burst is on."""
        return self.window()[0] <= at < self.window()[1]


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


def stamp(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return at.isoformat(timespec="milliseconds") + "Z"
