"""What cannot be true becomes NULL and a counted issue, for every reader alike: set operations over the fresh rows."""

from __future__ import annotations

from llmlogs.schema.calls import CALLS
from llmlogs.schema.ddl import literal, quote
from llmlogs.sources.common.providers import spelling
from llmlogs.store.database import Connection, physical_columns

DAY_MS = 24 * 3600 * 1000
MOST_INPUT = 100_000_000
MOST_OUTPUT = 10_000_000
INPUT_SIDE = {"input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "audio_input_tokens", "image_input_tokens"}
Check = tuple[str, str, str, bool]  # (column, reason, condition, becomes NULL)

PARTS = (
    ("cache_read_tokens", "input_tokens"),
    ("cache_write_tokens", "input_tokens"),
    ("cache_write_1h_tokens", "cache_write_tokens"),
    ("audio_input_tokens", "input_tokens"),
    ("image_input_tokens", "input_tokens"),
    ("reasoning_tokens", "output_tokens"),
    ("audio_output_tokens", "output_tokens"),
)


def checks(columns: set[str]) -> list[Check]:
    """Every check that the columns there are allow."""
    return [*_ranges(columns), *_clocks(columns), *_parts(columns)]


def _ranges(columns: set[str]) -> list[Check]:
    found: list[Check] = []
    for column in (c for c in CALLS.columns if c.name in columns):
        most = _most(column.name, column.unit)
        if most:
            name = quote(column.name)
            found.append((column.name, "out_of_range", f"{name} < 0 or {name} > {most}", True))
    if "sample_weight" in columns:
        found.append(("sample_weight", "out_of_range", "sample_weight <= 0 or sample_weight > 1e9", True))
    if "status_code" in columns:
        found.append(("status_code", "out_of_range", "status_code not between 0 and 999", True))
    return found


def _most(name: str, unit: str) -> str:
    """The largest value that can be true, by unit."""
    if name in ("cache_age_ms", "cache_ttl_ms", "retry_after_ms"):
        return "1e13"
    largest = {"ms": str(DAY_MS), "count": "1e9", "characters": "1e10", "USD": "100000"}
    if unit == "tokens":
        return str(MOST_INPUT if name in INPUT_SIDE or name == "max_tokens" else MOST_OUTPUT)
    return largest.get(unit, "")


def _clocks(columns: set[str]) -> list[Check]:
    """Times outside 2015 to tomorrow, and ends before their start."""
    found: list[Check] = []
    for name in ("started_at", "ended_at", "first_token_at"):
        if name in columns:
            condition = f"{name} < timestamp '2015-01-01' or {name} > (now() at time zone 'UTC') + interval 1 day"
            found.append((name, "clock", condition, False))
    if "ended_at" in columns:
        found.append(("ended_at", "clock", "ended_at < started_at", True))
    if "first_token_at" in columns:
        found.append(("first_token_at", "clock", "first_token_at < started_at", True))
    if {"ttft_ms", "duration_ms"} <= columns:
        found.append(("ttft_ms", "inconsistent", "ttft_ms > duration_ms * 1.001 + 1", False))
    return found


def _parts(columns: set[str]) -> list[Check]:
    """A part larger than its whole: kept and counted; pricing uses the smaller."""
    known = [(part, whole) for part, whole in PARTS if {part, whole} <= columns]
    found = [(part, "inconsistent", f"{quote(part)} > {quote(whole)}", False) for part, whole in known]
    if {"cache_read_tokens", "cache_write_tokens", "input_tokens"} <= columns:
        both = "cache_read_tokens <= input_tokens and cache_write_tokens <= input_tokens and cache_read_tokens + cache_write_tokens > input_tokens"
        found.append(("input_tokens", "inconsistent", both, False))
    return found


def check(con: Connection, ingest_id: int) -> None:
    """Run all checks over the fresh rows in one scan; only what is found costs more. Issues wait in the temp table found_issues."""
    con.execute("create or replace temp table found_issues (file_id integer, line bigint, call_id varchar, column_name varchar, reason varchar)")
    todo = checks(physical_columns(con))
    if not todo:
        return
    counts = ", ".join(f"count_if({condition})" for _, _, condition, _ in todo)
    hits = con.execute(f"select {counts} from call_rows where ingest_id = {ingest_id}").fetchall()[0]
    for (column, reason, condition, to_null), hit in zip(todo, hits, strict=True):
        if hit:
            _apply(con, ingest_id, column, reason, condition, to_null)


def name_providers(con: Connection, ingest_id: int) -> None:
    """One id a provider, however a mapping or a gateway spells it: a look at the few distinct names, and an update only where one has another id."""
    if "provider" not in physical_columns(con):
        return
    found = con.execute(f"select distinct provider from call_rows where ingest_id = {ingest_id} and provider is not null").fetchall()
    for (name,) in found:
        if spelling(name) != name:
            con.execute(f"update call_rows set provider = {literal(spelling(name))} where ingest_id = {ingest_id} and provider = {literal(name)}")


def _apply(con: Connection, ingest_id: int, column: str, reason: str, condition: str, to_null: bool) -> None:
    where = f"ingest_id = {ingest_id} and ({condition})"
    con.execute(f"insert into found_issues select file_id, line, call_id, {literal(column)}, {literal(reason)} from call_rows where {where}")
    if to_null:
        con.execute(f"update call_rows set {quote(column)} = null where {where}")


def keep_issues(con: Connection, ingest_id: int) -> dict[tuple[int, str], int]:
    """Found issues into the table, with the final ids of their calls; how many by file and what."""
    con.execute(
        f"insert into issues by name select {ingest_id}::integer as ingest_id, f.file_id, f.line, "
        "coalesce(m.new_id, f.call_id) as call_id, column_name, reason "
        "from found_issues f left join id_map m on m.file_id = f.file_id and m.line = f.line and m.old_id = f.call_id"
    )
    rows = con.execute("select file_id, column_name || ': ' || reason, count(*) from found_issues group by all").fetchall()
    return {(file_id, what): count for file_id, what, count in rows}
