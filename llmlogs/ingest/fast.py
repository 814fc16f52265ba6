"""The fast reader: DuckDB reads a big NDJSON file in parallel straight into call_rows; what it cannot be trusted with is read again with care.

First with strict types, where a surprise is an error and leaves nothing. Then forgivingly: fields that nearly every record has stay typed, and a
NULL there is a doubt; all others are texts whose failed casts are. Doubtful records are taken out and handed back with their line, so that the
careful reader says of them what it always says. The result stands only when the accounts close: rows that came out = lines that are not blank,
counted apart. Otherwise `load` gives None and nothing stays.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Protocol, cast

import duckdb
import orjson

from llmlogs.ingest import fast_lines, fast_sql
from llmlogs.ingest.fast_result import FAST_FROM, FastResult
from llmlogs.ingest.load import add_columns
from llmlogs.schema.ddl import RANDOM, literal
from llmlogs.sources.common.error_classes import classify
from llmlogs.sources.declared.sql import HASHED, SAID, STRUCTURED, Compiled
from llmlogs.store.database import Connection

SAMPLE = 250
MOST_FLAGGED = 0.05  # of the rows; beyond, the careful reader is as quick
IDS = ("call_id", "response_id")
# An address or a key in a label: the careful reader passes it through privacy.label. Only what is cheap to see in every row of a column:
# ranges are what starts with sk- or with Bearer and a blank, told by zone maps.
HIDDEN_WORDS = ("contains({0}, '@')", "{0} >= 'sk-' and {0} < 'sk.'", "{0} >= 'Bearer ' and {0} < 'Bearer!'")
TREE = 256  # blank lines numbered in one statement
ERROR_KEYS: tuple[str, ...] = ("status_code", "error_type", "error_template")


class Mapped(Protocol):
    """A source that can be read fast: a mapping (sources/declared.py)."""

    name: str
    columns: dict[str, str]

    @property
    def compiled(self) -> Compiled: ...


def suits(path: Path, source: object) -> bool:
    """Whether the fast reader may try: a big plain file of a mapping whose records have ids and nothing to hash or to skip."""
    columns = getattr(source, "columns", None)
    if not isinstance(columns, dict) or not set(IDS) & set(columns) or HASHED & set(columns) or cast(Mapped, source).compiled.skips:
        return False
    return path.stat().st_size >= FAST_FROM and fast_lines.plain_start(path)


def load(con: Connection, ingest_id: int, file_id: int, path: Path, source: Mapped, timezone: str = "UTC") -> FastResult | None:
    """Rows of the file into call_rows, in autocommit and hidden until the ingest is finished; None when it cannot be proved right."""
    counted = fast_lines.count(path)
    if counted.pending:
        return None
    shape = fast_sql.look(source.compiled, sample(path))
    constants = {"source": literal(source.name), "ingest_id": f"{ingest_id}::integer", "file_id": f"{file_id}::integer"}
    where = f"ingest_id = {ingest_id} and file_id = {file_id}"
    for strict in (True, False):
        reading = fast_sql.Reading(source.compiled, shape, timezone, strict)
        columns, query = fast_sql.insert(reading, str(path), constants)
        try:
            add_columns(con, columns)
            con.execute(query)
            result = _settle(con, path, where, columns, counted, reading)
        except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException):
            raise
        except duckdb.Error:
            result = None
        if result:
            return result
        con.execute(f"delete from call_rows where {where}")
    return None


def _settle(con: Connection, path: Path, where: str, columns: set[str], counted: fast_lines.Counted, reading: fast_sql.Reading) -> FastResult | None:
    """Number the rows by their lines, take out what must be read again, name errors; None when something does not add up."""
    rows, first, last = con.execute(f"select count(*), min(rowid), max(rowid) from call_rows where {where}").fetchall()[0]
    if not rows or last - first + 1 != rows:
        return None
    wanted = _doubtful(con, where, first, columns, reading)
    if len(wanted) > MOST_FLAGGED * rows:
        return None
    blanks = fast_lines.blanks(path, counted) if rows != counted.lines else []
    if rows + len(blanks) != counted.lines:
        return None
    lines = fast_lines.fetch(path, counted, fast_lines.numbers(wanted, blanks))
    _number(con, first, rows, blanks)
    guilty = [(place, line) for (place, sure), line in zip(wanted.items(), lines, strict=True) if sure or not _innocent(reading, line)]
    again = [line for _, line in guilty]
    if guilty:
        con.execute("delete from call_rows where rowid in (select unnest($1::bigint[]))", [[first + place for place, _ in guilty]])
    _name_errors(con, where, columns)
    mode = "fast (strict types)" if reading.strict else "fast (every value checked)"
    return FastResult(rows - len(again), counted.lines, len(blanks), counted.bytes, counted.unterminated, mode, again)


def _doubtful(con: Connection, where: str, first: int, columns: set[str], reading: fast_sql.Reading) -> dict[int, bool]:
    """Places of the rows to look at again, in order: True where the row must be read again, False where a look at the line may clear it."""
    con.execute("create or replace temp table doubtful (row bigint, sure boolean)")
    for condition in [f"{fast_sql.anchors(columns)} or {reading.doubts()}", *_odd_values(con, columns)]:
        con.execute(f"insert into doubtful select rowid, true from call_rows where {where} and ({condition})")
    con.execute(f"insert into doubtful select rowid, false from call_rows where {where} and ({reading.suspects()})")
    found = con.execute(f"select row - {first} as place, bool_or(sure) from doubtful group by place order by place").fetchall()
    con.execute("drop table doubtful")
    return dict(found)


def _innocent(reading: fast_sql.Reading, line: fast_lines.Line) -> bool:
    try:
        return reading.innocent(orjson.loads(line.text))
    except orjson.JSONDecodeError:
        return False


def _odd_values(con: Connection, columns: set[str]) -> list[str]:
    """What typing lets through: structures and empty texts in a text column, NaN, times out of this century. Apart, zone maps make each nearly free."""
    types = dict(con.execute("select name, type from pragma_table_info('call_rows')").fetchall())
    odd = {
        "VARCHAR": ("{0} = ''", "{0} >= '[' and {0} < '\\'", "{0} >= '{{' and {0} < '|'"),
        "DOUBLE": ("{0} >= 'inf'::double", "{0} <= '-inf'::double"),
        "TIMESTAMP": ("{0} < timestamp '2000-01-01'", "{0} >= timestamp '2100-01-01'"),
    }
    told = sorted(columns - STRUCTURED - {"source", "error_template", "status", "app_cache", "bad_values"})
    labels = [name for name in sorted(columns - {"source", "error_template", "bad_values", "status"} - RANDOM - SAID.keys()) if types[name] == "VARCHAR"]
    conditions = [condition.format(name) for name in told for condition in odd.get(types[name], ())]
    return conditions + [condition.format(name) for name in labels for condition in HIDDEN_WORDS]


def _number(con: Connection, first: int, rows: int, blanks: list[int]) -> None:
    """The line is the place in the file; blank lines made no row, so every blank shifts what follows."""
    starts = [first, *(first + line - 1 - n for n, line in enumerate(blanks)), first + rows]
    con.execute("begin")
    for n in range(0, len(starts) - 1, TREE):
        part = starts[n : n + TREE + 1]
        if part[-1] > part[0]:
            con.execute(f"update call_rows set line = rowid - {first - 1} + {_shift(part[:-1], n)} where rowid >= {part[0]} and rowid < {part[-1]}")
    con.execute("commit")


def _shift(starts: list[int], shift: int) -> str:
    """How many blank lines came before a row: a tree of comparisons. `shift`: how many before the first start."""
    half = len(starts) // 2
    return f"case when rowid < {starts[half]} then {_shift(starts[:half], shift)} else {_shift(starts[half:], shift + half)} end" if half else str(shift)


def _name_errors(con: Connection, where: str, columns: set[str]) -> None:
    """One error class for each distinct (code, type, template)."""
    keys = [name for name in ERROR_KEYS if name in columns] or ["status"]
    unnamed = " and error_class is null" if "error_class" in columns else ""  # a mapping may name some of them itself
    failed = f"{where} and status not in ('ok', 'unknown'){unnamed}"
    found = con.execute(f"select distinct {', '.join(keys)} from call_rows where {failed}").fetchall()
    if not found:
        return
    add_columns(con, {"error_class"})
    con.execute(f"create or replace temp table error_names as select {', '.join(keys)}, null::varchar as name from call_rows limit 0")
    for values in found:
        given = dict(zip(keys, values, strict=False))
        name = classify(given.get("status_code"), given.get("error_type") or "", given.get("error_template") or "")
        slots = ", ".join(f"${n + 1}" for n in range(len(values) + 1))
        con.execute(f"insert into error_names values ({slots})", [*values, name])
    same = " and ".join(f"call_rows.{key} is not distinct from e.{key}" for key in keys)
    con.execute(f"update call_rows set error_class = e.name from error_names e where {failed} and {same}")
    con.execute("drop table error_names")


def sample(path: Path) -> list[dict[str, object]]:
    """The first records that can be read."""
    found = []
    with path.open("rb") as file:
        for line in islice(file, SAMPLE):
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(value, dict):
                found.append(value)
    return found
