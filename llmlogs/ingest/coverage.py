"""How many rows have each column, among those it concerns: what a question may and may not say rests on this."""

from __future__ import annotations

from llmlogs.schema.calls import CALLS
from llmlogs.schema.ddl import literal, quote
from llmlogs.schema.others import ATTEMPTS, EVENTS, FEEDBACK, RATE_LIMITS, SPANS, USAGE_BUCKETS
from llmlogs.store.database import Connection, physical_columns

# (the rows it concerns in words, the same in SQL, the columns): all other columns concern every call.
ANSWERED = ("output_tokens", "finish_reason", "completion_chars", "cache_read_tokens", "cache_write_tokens", "usage_status")
CONDITIONS = (
    ("stream", "stream", ("ttft_ms", "ttft_basis", "first_token_at", "max_gap_ms", "prefill_ms", "generation_ms")),
    ("status is not ok", "status not in ('ok', 'unknown')", ("error_class", "error_type", "error_template", "retry_after_ms")),
    ("status = ok", "coalesce(status, 'ok') = 'ok'", ANSWERED),
    ("status = cancelled", "status = 'cancelled'", ("disconnect_ms",)),
    ("app_cache = hit", "app_cache = 'hit'", ("cache_age_ms", "cache_ttl_ms", "cache_similarity", "cache_origin_id")),
)  # fmt: skip
SIDE = (SPANS, ATTEMPTS, RATE_LIMITS, FEEDBACK, EVENTS, USAGE_BUCKETS)
BOOKKEEPING = {"call_id", "source", "ingest_id", "file_id", "line", "cost_usd", "list_usd", "rate_id", "cost_status", "extra"}


def cover(con: Connection, ingest_id: int) -> None:
    """Count again for every source this ingest touched, over all their finished rows and the fresh ones: one scan of calls."""
    touched = "(select distinct source from call_rows where ingest_id = $1 union select source from files where ingest_id = $1)"
    con.execute(f"delete from field_coverage where source in {touched}", [ingest_id])
    columns = physical_columns(con)
    names = [c.name for c in CALLS.columns if c.name in columns and c.name not in BOOKKEEPING]
    if names:
        _cover_calls(con, ingest_id, touched, names, columns)
    for table in SIDE:
        _cover_side(con, ingest_id, touched, table.name, [c.name for c in table.columns if c.name not in ("ingest_id", "file_id", "line")])


def _condition(name: str, columns: set[str]) -> tuple[str, str]:
    needs = {"stream": "stream", "app_cache = hit": "app_cache"}
    for words, sql, concerned in CONDITIONS:
        if name in concerned and needs.get(words, "status") in columns:
            return words, sql
    return "", "true"


def _cover_calls(con: Connection, ingest_id: int, touched: str, names: list[str], columns: set[str]) -> None:
    conditions = [_condition(name, columns) for name in names]
    counts = [_counts(quote(name), sql, i) for i, (name, (_, sql)) in enumerate(zip(names, conditions, strict=True))]
    rows = [
        f"{{'column_name': {literal(name)}, 'filled': c{i}, 'of': o{i}, 'condition': {literal(words)}}}"
        for i, (name, (words, _)) in enumerate(zip(names, conditions, strict=True))
    ]
    con.execute(
        f"insert into field_coverage by name with counted as (select source, {', '.join(counts)} from call_rows where source in {touched} group by source) "
        f"select source, 'calls' as table_name, unnest([{', '.join(rows)}], recursive := true) from counted",
        [ingest_id],
    )


def _counts(column: str, condition: str, i: int) -> str:
    """Without a condition no filter: a plain count reads no values, only which are NULL."""
    if condition == "true":
        return f"count({column}) as c{i}, count(*) as o{i}"
    return f"count({column}) filter ({condition}) as c{i}, count_if({condition}) as o{i}"


def _cover_side(con: Connection, ingest_id: int, touched: str, table: str, names: list[str]) -> None:
    """Side tables know their source through their file."""
    counts = ", ".join(f"{{'column_name': {literal(name)}, 'filled': count(t.{quote(name)}), 'of': count(*), 'condition': ''}}" for name in names)
    con.execute(
        f"insert into field_coverage by name select source, {literal(table)} as table_name, unnest(cells, recursive := true) from ("
        f"select f.source, [{counts}] as cells from {quote(table)} t join files f using (file_id) where f.source in {touched} group by f.source)",
        [ingest_id],
    )
