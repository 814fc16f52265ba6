"""LiteLLM's daily sums (`LiteLLM_DailyUserSpend`, `...TeamSpend`, `...TagSpend` and the like), exported from its database as CSV or JSON.

Traps: the tables tell of the same calls once a user, once a team, once a tag: add up within one `report` only. Prompt tokens include cache reads and writes.
`spend` is LiteLLM's own price in dollars. Calls in LiteLLM's spend logs are the same calls again, one by one.
"""

from __future__ import annotations

from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.common.buckets import DAY, NO_TIME, TABLE, Bucket, count, text
from llmlogs.sources.common.row_reports import RowReport
from llmlogs.sources.common.times import to_utc

WHOSE = ("team_id", "tag", "organization_id", "end_user_id", "agent_id", "user_id")  # the column that tells whose sums a table holds


def read_row(line: int, row: Row, nested: bool, context: Context) -> Outcome:
    """One day of one owner, model and key."""
    start = to_utc(row.get("date"))
    if start is None:
        return Outcome(line, "rejected", NO_TIME, nested=nested)
    whose = next((name for name in WHOSE if name in row), "user_id")
    names = {
        "provider": text(row.get("custom_llm_provider")) or "litellm", "bucket_start": start, "bucket_end": start + DAY,
        "model": text(row.get("model")) or text(row.get("model_group")), "api_key": text(row.get("api_key")),
        "user_id": text(row.get("user_id")) or text(row.get("end_user_id")), "project": text(row.get("team_id")) or text(row.get("organization_id")),
        "description": text(row.get("tag")) or text(row.get("mcp_namespaced_tool_name")) or None,
    }  # fmt: skip
    bucket = Bucket(f"litellm.daily_{whose.removesuffix('_id')}_spend", names, context, [text(row.get("model_group")), text(row.get("endpoint"))])
    bucket.tokens(_tokens(row, bucket))
    bucket.requests(row.get("api_requests"))
    bucket.money({"amount_usd": row.get("spend")})
    return bucket.outcome(line, nested)


def _tokens(row: Row, bucket: Bucket) -> Row:
    read, written = row.get("cache_read_input_tokens"), row.get("cache_creation_input_tokens")
    total = count(row.get("prompt_tokens"))
    if total is None:
        fresh = row.get("prompt_tokens")
    else:
        fresh = total - (count(read) or 0) - (count(written) or 0)
        if fresh < 0:
            bucket.issues.append((f"{TABLE}.tokens", "inconsistent", "number"))
            fresh = total
    return {"input": fresh, "cache_read": read, "cache_write": written, "output": row.get("completion_tokens")}


SOURCE = RowReport(
    "litellm_daily",
    "LiteLLM daily spend tables (user, team, tag; CSV or JSON)",
    "https://docs.litellm.ai/docs/proxy/cost_tracking",
    "prompt tokens include cache reads and writes; the rows made of them add up",
    (frozenset({"date", "custom_llm_provider", "api_requests", "spend", "prompt_tokens"}),),
    read_row,
    (
        Sample(
            '{"id": "1", "user_id": "u", "date": "2026-01-05", "api_key": "k", "model": "gpt-5-mini", "model_group": "chat", "custom_llm_provider": "openai",'
            ' "prompt_tokens": 90, "completion_tokens": 10, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 0, "spend": 0.01, "api_requests": 3}',
            (),
            "a day of a user",
            {"other": 1},
        ),
    ),
)
