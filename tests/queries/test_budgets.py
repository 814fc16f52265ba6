"""cost/budgets against plain Python: periods of the calendar in any time zone, windows, filters."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from llmlogs import goals, resources
from llmlogs.pack import rows
from llmlogs.pack.load import load
from llmlogs.pack.run import run

QUESTION = load([resources.folder("queries")]).find("cost/budgets")
BUDGETS: list[dict[str, Any]] = [
    {"name": "month", "amount_usd": 700},
    {"name": "new york", "amount_usd": 90, "timezone": "America/New_York", "feature": "s*"},
    {"name": "berlin week", "amount_usd": 60, "period": "week", "timezone": "Europe/Berlin", "team": "a"},
    {"name": "kathmandu day", "amount_usd": 9, "period": "day", "timezone": "Asia/Kathmandu", "provider": "openai", "model": "gpt*"},
    {"name": "project", "amount_usd": 50, "period": "week", "project": "p1", "user": "u*"},
]
FIELD = {"user": "user_id", "model": "request_model"}


def _calls() -> list[dict[str, Any]]:
    """Six weeks around both changes of the clock."""
    draw = random.Random(11)
    start = datetime(2026, 10, 1, tzinfo=UTC)
    return [
        {
            "started_at": start + timedelta(seconds=draw.randrange(42 * 86400)), "feature": draw.choice(["search", "summary", "chat", None]),
            "team": draw.choice(["a", "b", None]), "provider": draw.choice(["openai", "anthropic"]), "request_model": draw.choice(["gpt-5", "claude"]),
            "user_id": draw.choice(["u1", "x2"]), "tags": draw.choice(['{"project": "p1"}', '{"project": "p2"}', None]),
            "cost_usd": str(Decimal(draw.randrange(1, 4000)) / 10000), "sample_weight": draw.choice([1.0, 1.0, 2.0]),
        }
        for _ in range(3000)
    ]  # fmt: skip


CALLS = _calls()


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    made = rows.database()
    rows.insert(made, "calls", [call | {"started_at": call["started_at"].replace(tzinfo=None).isoformat()} for call in CALLS])
    yield made
    made.close()


def _fits(call: dict[str, Any], budget: dict[str, Any]) -> bool:
    for name in ("feature", "team", "provider", "model", "user"):
        if name in budget and not fnmatchcase(str(call[FIELD.get(name, name)] or ""), budget[name]):
            return False
    return "project" not in budget or f'"{budget["project"]}"' in (call["tags"] or "")


def _period(budget: dict[str, Any], as_of: datetime) -> tuple[datetime, datetime]:
    """Midnight to midnight where the budget lives."""
    zone = ZoneInfo(budget.get("timezone", "UTC"))
    today = as_of.astimezone(zone).date()
    kind = budget.get("period", "month")
    first = today if kind == "day" else today - timedelta(days=today.weekday()) if kind == "week" else today.replace(day=1)
    last = first + timedelta(days=1 if kind == "day" else 7) if kind != "month" else (first + timedelta(days=32)).replace(day=1)
    return tuple(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in (first, last))  # type: ignore[return-value]


def _wanted(budget: dict[str, Any], as_of: datetime) -> dict[str, float]:
    start, end = _period(budget, as_of)
    spent = [(call["started_at"], float(call["cost_usd"]) * call["sample_weight"]) for call in CALLS if _fits(call, budget) and call["started_at"] <= as_of]
    pace = float(budget["amount_usd"]) / ((end - start) / timedelta(hours=1))

    def burn(hours: float) -> float:
        return sum(usd for at, usd in spent if as_of - at < timedelta(hours=hours)) / hours / pace

    return {
        "spent": sum(usd for at, usd in spent if at >= start), "expected_share": (as_of - start) / (end - start),
        "burn_1h": burn(1), "burn_6h": burn(6), "burn_3d": burn(72),
    }  # fmt: skip


@pytest.mark.parametrize(
    "as_of",
    ["2026-10-24T21:59:59+00:00", "2026-10-25T12:30:00+00:00", "2026-11-01T03:59:00+00:00", "2026-11-01T04:00:01+00:00", "2026-11-05T18:15:00+00:00"],
)
def test_every_number_is_that_of_plain_python(con: duckdb.DuckDBPyConnection, as_of: str) -> None:
    at = datetime.fromisoformat(as_of)
    tables = goals.tables({"budget": goals.read("budget", BUDGETS)}, "UTC")
    answer = run(con, [QUESTION], {"as_of": at.replace(tzinfo=None)}, tables=tables)[0]
    result = answer.results["evidence"]
    found = {row["budget"]: row for row in (dict(zip(result.columns, values, strict=True)) for values in result.rows)}
    for budget in BUDGETS:
        wanted = _wanted(budget, at)
        assert {name: float(found[budget["name"]][name]) for name in wanted} == pytest.approx(wanted, rel=1e-9), budget["name"]
    over = {budget["name"] for budget in BUDGETS if _wanted(budget, at)["spent"] >= budget["amount_usd"]}
    assert {name for name, row in found.items() if row["state"] == "over"} == over
