"""The trust header, counted by SQL from the database."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import duckdb

from llmlogs.report.model import Bill, Coverage, Group, Header, Reject, Trend
from llmlogs.text import clip, money, plain

TOTALS = """
select count(*), min(started_at), max(started_at), count(*) filter (started_at is null),
       case when count(*) filter (sample_weight <> 1) > 0 then sum(sample_weight) end
from calls
"""
MONEY = """
select spend, priced_share, priced_token_share, lower_bound_calls / nullif(priced_calls, 0), {bound},
       (select sum(coalesce(idle_usd, cost_usd)) from capacity_hours)
from spend_coverage
"""
BOUND, UNBOUND = "spend_high, unbounded_calls", "null, 0"
ACCOUNTS = """
select count(*), coalesce(sum(lines), 0)::bigint, coalesce(sum(records), 0)::bigint, coalesce(sum(calls), 0)::bigint, coalesce(sum(other), 0)::bigint,
       coalesce(sum(merged), 0)::bigint, coalesce(sum(skipped), 0)::bigint, coalesce(sum(rejected), 0)::bigint, coalesce(sum(pending_bytes), 0)::bigint
from files
"""
SOURCES = "select coalesce(source, 'unknown'), count(*), sum(spend) from call_costs group by 1 order by 2 desc, 1"
MODELS = """
select coalesce(model, 'not recorded'), count(*), sum(spend)
from call_costs group by 1 order by 2 desc, 1
"""
REJECTS = """
select coalesce(f.path, '?'), r.line, r.reason from rejects r left join files f using (file_id) order by f.path, r.line limit $1
"""
BOOKS = "select b.source, b.version, coalesce(u.calls, 0) from price_books b left join priced_by u on u.book_id = b.book_id order by b.book_id"
BILLS = """
select coalesce(report, 'unknown'), count(*), min(bucket_start), max(bucket_end), sum(amount_usd) from usage_buckets group by 1 order by 1
"""
COVERAGE = """
select source, table_name, column_name, filled, of, coalesce("condition", '') from field_coverage
where of > 0 order by source, table_name, filled * 1.0 / of desc, column_name
"""
TREND = """
select floor(epoch(started_at - $1::timestamp) / $2)::bigint as slot, count(*), sum(spend)::double
from call_costs where started_at is not null group by 1 order by 1
"""
REJECT_PAGE = 50
# Widths a person thinks in; the first that gives at most 60 buckets.
WIDTHS = ((60, "1 min"), (300, "5 min"), (900, "15 min"), (3600, "1 h"), (21_600, "6 h"), (86_400, "1 day"), (604_800, "1 week"), (2_592_000, "30 days"))
MOST_BUCKETS = 60
EPOCH = datetime(1970, 1, 1)


def read_header(con: duckdb.DuckDBPyConnection, version: str, *, bounded: bool = True) -> Header:
    """All counts of the trust header; the upper bound of money only where it is shown: it costs as much as all the others."""
    calls, first, last, untimed, weighted = _one(con, TOTALS)
    spend, priced, priced_tokens, bounds, high, unbounded, idle = _one(con, MONEY.format(bound=BOUND if bounded else UNBOUND))
    files, lines, records, call_records, other, merged, skipped, rejected, pending = _one(con, ACCOUNTS)
    models = _groups(con, MODELS)
    return Header(
        llmlogs_version=version,
        files=files,
        lines=lines,
        records=records,
        calls=calls,
        call_records=call_records,
        other=other,
        merged=merged,
        skipped=skipped,
        rejected=rejected,
        pending_bytes=pending,
        weighted_calls=weighted,
        first_at=first,
        last_at=last,
        untimed=untimed,
        sources=_groups(con, SOURCES),
        models=models[:12],
        models_total=len(models),
        spend_usd=spend,
        priced_calls=priced,
        priced_tokens=priced_tokens,
        lower_bounds=bounds,
        spend_high=high,
        unbounded=unbounded or None,
        idle_usd=idle,
        price_book=_price_book(con),
        rejects=tuple(Reject(_word(p), line, _word(r)) for p, line, r in con.execute(REJECTS, [REJECT_PAGE]).fetchall()),
        trends=_trends(con, first, last),
        bills=tuple(Bill(_word(report), *told) for report, *told in con.execute(BILLS).fetchall()),
    )


def read_coverage(con: duckdb.DuckDBPyConnection) -> tuple[Coverage, ...]:
    """The coverage rows ingest wrote."""
    return tuple(Coverage(_word(s), t, c, filled, of, _word(why)) for s, t, c, filled, of, why in con.execute(COVERAGE).fetchall())


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    return tuple(con.execute(sql).fetchall()[0])


def _word(text: str | None) -> str:
    return plain(clip(text or "", 300))


def _groups(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Group, ...]:
    return tuple(Group(_word(name), calls, cost) for name, calls, cost in con.execute(sql).fetchall())


def _price_book(con: duckdb.DuckDBPyConnection) -> str:
    """The books that priced the calls there are; more than one is said: prices of two books are not one list."""
    found = [(f"{_word(source)} {_word(version)}".strip(), source == "own file", calls) for source, version, calls in con.execute(BOOKS).fetchall()]
    idle = not any(calls for *_, calls in found)
    books = [name for name, own, calls in found if calls or (idle and not own)]
    mixed = f" (calls are priced by {len(books)} books, see `llmlogs prices show`)" if len(books) > 1 and not idle else ""
    told = ", ".join([*books, *(name for name, own, _ in found if own)]) + mixed
    return "; ".join(filter(None, [told, money().note]))


def _trends(con: duckdb.DuckDBPyConnection, first: datetime | None, last: datetime | None) -> tuple[Trend, ...]:
    """Calls and spend over the span, for the masthead; none for a span shorter than two buckets."""
    if first is None or last is None or (last - first).total_seconds() < 2 * WIDTHS[0][0]:
        return ()
    span = (last - first).total_seconds()
    width, words = next(((w, name) for w, name in WIDTHS if span / w <= MOST_BUCKETS), WIDTHS[-1])
    start = EPOCH + timedelta(seconds=math.floor((first - EPOCH).total_seconds() / width) * width)
    rows = {slot: (calls, cost) for slot, calls, cost in con.execute(TREND, [start, width]).fetchall()}
    slots = range(int((last - start).total_seconds() // width) + 1)
    calls = tuple(float(rows.get(slot, (0, 0))[0]) for slot in slots)
    spend = tuple(rows.get(slot, (0, 0.0))[1] for slot in slots)
    trends = (Trend("calls", words, "int", calls),)
    return (*trends, Trend("spend", words, "usd", spend)) if any(spend) else trends
