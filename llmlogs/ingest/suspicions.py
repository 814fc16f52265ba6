"""Units that cannot be what they seem: durations in seconds read as ms, cents read as dollars. Reported for the file, never scaled in silence.

A file is suspected where at least five of its calls can be compared and most of them say the same; one issue stands for the file (its line is NULL).
"""

from __future__ import annotations

from llmlogs.schema.ddl import literal
from llmlogs.store.database import Connection, physical_columns

LEAST = 5  # calls of a file that can be compared
MOST_SAY = 0.8
FASTEST = 3000  # output tokens a second; the fastest hardware served some 2,000 in 2026
SLOWEST = 0.02
SHORT_MS = 50  # below, a difference between two clocks says nothing
Suspicion = tuple[str, set[str], str, str, str]  # (column, columns it needs, rows that can be compared, what is odd about them, what it would be)

TOOK = "(epoch_us(ended_at) - epoch_us(started_at)) / 1000.0"
PACE = "output_tokens * 1000.0 / duration_ms"
SUSPICIONS: tuple[Suspicion, ...] = (
    ("duration_ms", {"duration_ms", "ended_at"}, f"duration_ms > 0 and {TOOK} > {SHORT_MS}", f"{TOOK} / duration_ms between 900 and 1100", "seconds"),
    ("duration_ms", {"duration_ms", "ended_at"}, f"duration_ms > {SHORT_MS} and {TOOK} > 0", f"duration_ms / ({TOOK}) between 900 and 1100", "microseconds"),
    ("duration_ms", {"duration_ms", "output_tokens"}, "duration_ms > 0 and output_tokens >= 20", f"{PACE} > {FASTEST}", "seconds"),
    ("duration_ms", {"duration_ms", "output_tokens"}, "duration_ms > 0 and output_tokens >= 20", f"{PACE} < {SLOWEST}", "microseconds"),
    ("ttft_ms", {"duration_ms", "ttft_ms"}, f"ttft_ms > 0 and duration_ms > {SHORT_MS}", "ttft_ms / duration_ms > 10", "microseconds"),
    ("ttft_ms", {"duration_ms", "ttft_ms"}, "ttft_ms > 0 and duration_ms > 1000", "duration_ms / ttft_ms > 900 and ttft_ms < 30", "seconds"),
    ("reported_usd", {"reported_usd", "cost_usd"}, "reported_usd > 0 and cost_usd > 0", "reported_usd / cost_usd between 50 and 200", "cents"),
    (
        "reported_usd",
        {"reported_usd", "cost_usd"},
        "reported_usd > 0 and cost_usd > 0",
        "cost_usd / reported_usd between 500000 and 2000000",
        "millions of dollars",
    ),
)


def suspect(con: Connection, ingest_id: int) -> None:
    """Note the suspicious units of the fresh rows, after pricing, in the temp table found_issues; one scan."""
    columns = physical_columns(con)
    known = [suspicion for suspicion in SUSPICIONS if suspicion[1] <= columns]
    if not known:
        return
    counts = ", ".join(f"count_if({rows}) as n{i}, count_if({rows} and {odd}) as odd{i}" for i, (_, _, rows, odd, _) in enumerate(known))
    cells = ", ".join(
        f"case when n{i} >= {LEAST} and odd{i} >= {MOST_SAY} * n{i} then {{'c': {literal(column)}, 'r': {literal(f'unit_suspicious: {unit}?')}}} end"
        for i, (column, _, _, _, unit) in enumerate(known)
    )
    con.execute(
        f"insert into found_issues (file_id, column_name, reason) select distinct file_id, cell.c, cell.r from (select file_id, unnest([{cells}]) as cell "
        f"from (select file_id, {counts} from call_rows where ingest_id = {ingest_id} group by file_id)) where cell is not null"
    )
