"""Money of a bill against the tokens it is for: an amount in cents that is read as dollars is a hundred times the price. Told for the file, never scaled.

The tokens stand beside the money, in the rows of the same bucket, or in the usage report of the same provider, day, model and kind. What is compared is the
price by the book; batches, tiers and discounts move that by far less than the factor that is looked for.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from llmlogs.pricing.unit_price import unit_price
from llmlogs.store.database import Connection

MOST = 2000  # the dearest sums tell enough
LEAST_USD = 0.5  # below, rounding to cents is all there is to see
MOST_SAY = 0.8
SCALES = (  # (column, how many times the price, what it would be)
    ("usage_buckets.amount_usd", (50, 200), "cents"),
    ("usage_buckets.amount_usd", (1 / 200, 1 / 50), "dollars that were read as cents"),
    ("usage_buckets.tokens", (500, 2000), "thousands of tokens"),
    ("usage_buckets.tokens", (1 / 2000, 1 / 500), "tokens that were read as thousands"),
)
SUMS = f"""
with rows as (select *, date_trunc('day', bucket_start) as day, regexp_replace(model, '[-@]20[0-9]{{6}}$', '') as base, coalesce(amount_usd, list_usd) as usd
    from usage_buckets where model is not null and coalesce(charge, 'usage') in ('usage', 'included')),
counted as (select provider, base, day, token_kind, max(n) as n from (
    select report, bucket_end - bucket_start as width, provider, base, day, token_kind, sum(tokens)::double as n from rows where kind = 'usage' group by all)
    group by all),
by_kind as (select file_id, provider, base, max(model) as model, day, token_kind, sum(usd)::double as usd, sum(tokens)::double as own
    from rows where kind = 'cost' and token_kind is not null and usd > 0 group by all),
whole as (select file_id, bucket_id, provider, max(model) as model, day, sum(usd)::double as usd from rows
    where kind = 'cost' and token_kind is null and usd > 0 group by all),
parts as (select file_id, bucket_id, list({{'kind': token_kind, 'n': tokens::double}}) as parts from rows where kind = 'usage' and tokens > 0 group by all)
select file_id, provider, model, day, usd, [{{'kind': token_kind, 'n': coalesce(own, n)}}] as parts
from by_kind left join counted using (provider, base, day, token_kind) where coalesce(own, n) > 0
union all
select file_id, provider, model, day, usd, parts from whole join parts using (file_id, bucket_id)
order by usd desc limit {MOST}
"""


def suspect(con: Connection, ingest_id: int) -> None:
    """Note the bills whose amounts are a hundred or a thousand times too much or too little in the temp table found_issues."""
    if not con.execute(f"select exists (select 1 from usage_buckets where ingest_id = {ingest_id})").fetchall()[0][0]:
        return
    ratios: dict[int, list[float]] = defaultdict(list)
    for file_id, provider, model, day, usd, parts in con.execute(SUMS).fetchall():
        expected = _price(provider, model, day, parts)
        if expected and max(usd, expected) >= LEAST_USD:
            ratios[file_id].append(usd / expected)
    for file_id, found in ratios.items():
        for column, (low, high), unit in SCALES:
            if sum(low <= ratio <= high for ratio in found) >= MOST_SAY * len(found):
                _note(con, file_id, column, f"unit_suspicious: {unit}?")


def _price(provider: str, model: str, day: datetime, parts: list[dict[str, Any]]) -> float | None:
    """What the tokens cost by the book; None where a kind has no price."""
    prices = [unit_price(provider, model, part["kind"], day) for part in parts if part["kind"]]
    if None in prices or len(prices) < len(parts):
        return None
    total: float = sum(float(price) * part["n"] for price, part in zip(prices, parts, strict=True) if price is not None)
    return total


def _note(con: Connection, file_id: int, column: str, reason: str) -> None:
    """Once for a file: an ingest that brings the usage later compares the same bill again."""
    con.execute(
        "insert into found_issues (file_id, column_name, reason) select $1, $2, $3 where not exists "
        "(select 1 from issues where file_id = $1 and column_name = $2 and reason = $3)",
        [file_id, column, reason],
    )
