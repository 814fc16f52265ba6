"""OpenRouter's daily activity: the CSV export and the `/activity` API, one row for a day and model (the API: and endpoint).

Traps: completion tokens include reasoning tokens; prompt tokens include cached ones, which are not told apart; both are OpenRouter's normalised counts.
Usage is dollars taken from credits; BYOK usage is dollars paid to the provider with one's own key. The export of single generations is another format.
"""

from __future__ import annotations

from datetime import timedelta

from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.common.buckets import NO_TIME, Bucket, number, text
from llmlogs.sources.common.row_reports import RowReport
from llmlogs.sources.common.times import to_utc

CSV = frozenset({"date", "slug", "usage", "requests", "prompttokens", "completiontokens"})
API = frozenset({"date", "modelpermaslug", "usage", "requests", "prompttokens", "completiontokens"})


def plain(key: str) -> str:
    """`Prompt Tokens` and `prompt_tokens` alike."""
    return "".join(letter for letter in key.lower() if letter.isalnum())


def read_row(line: int, row: Row, nested: bool, context: Context) -> Outcome:
    """One day of one model."""
    start = to_utc(row.get("date"))
    if start is None:
        return Outcome(line, "rejected", NO_TIME, nested=nested)
    names = {
        "provider": "openrouter", "bucket_start": start, "bucket_end": start + timedelta(days=1),
        "model": text(row.get("slug")) or text(row.get("modelpermaslug")) or text(row.get("model")), "description": text(row.get("providername")),
        "api_key": text(row.get("apikeyname")), "user_id": text(row.get("user")),
    }  # fmt: skip
    bucket = Bucket("openrouter.activity", names, context, text(row.get("endpointid")))
    bucket.tokens({"input": row.get("prompttokens"), "output": row.get("completiontokens")})
    bucket.requests(row.get("requests"))
    bucket.money({"amount_usd": row.get("usage")})
    own_key = row.get("byokusage", row.get("byokusageinference"))
    if number(own_key):
        bucket.money({"list_usd": own_key}, charge="byok")
    return bucket.outcome(line, nested)


SOURCE = RowReport(
    "openrouter_activity",
    "OpenRouter daily activity (CSV export, /activity API)",
    "https://openrouter.ai/docs/api-reference/analytics/get-activity",
    "prompt tokens include cached ones, completion tokens include reasoning",
    (CSV, API),
    read_row,
    (
        Sample(
            '{"date": "2026-01-05", "model": "openai/gpt-5-mini", "model_permaslug": "openai/gpt-5-mini-2025-08-07", "endpoint_id": "e1",'
            ' "provider_name": "OpenAI", "usage": 0.02, "byok_usage_inference": 0, "requests": 4, "prompt_tokens": 90, "completion_tokens": 30}',
            (),
            "a day of the API",
            {"other": 1},
        ),
    ),
    plain,
)
