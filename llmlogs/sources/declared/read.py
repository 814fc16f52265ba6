"""The careful reader of a declared source: fields are picked out of each record in Python, the mapping's SQL runs over batches of them."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.schema.ddl import literal, quote
from llmlogs.sources.base import Context, Outcome, Record
from llmlogs.sources.common.error_classes import classify
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.declared import row
from llmlogs.sources.declared.sql import HASHED, Compiled, Leaf, cast_leaf

BATCH = 4096
FAILS = "an expression of the mapping fails on it"
NO_ANCHOR = "no time and no model"
Issue = tuple[str, str, str]


def read(plan: Plan, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
    """One outcome for every record, in order."""
    records = iter(records)
    while batch := list(islice(records, BATCH)):
        yield from plan.batch(batch, context)


class Plan:
    """What is the same for every batch of every file of a mapping: who reads which field, and the query, prepared once in a database of its own."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.readers_of = [[e.column for e in compiled.expressions if i in e.leaves] for i in range(len(compiled.leaves))]
        found = row.row_sql(compiled, _cast, row.values(compiled, _cast))
        flags = row.bad_columns(compiled, _text, _cast)
        self.checked = tuple(flags)
        self.columns = found.columns
        self.types = {e.column: e.type for e in compiled.expressions} | {"started_at": "TIMESTAMP"}
        bad = ", ".join(f"case when {flag} then '{i} ' end" for i, flag in enumerate(flags.values()))
        outer = ", ".join(f"epoch_us({quote(c)})" if self.types.get(c) == "TIMESTAMP" else quote(c) for c in self.columns)
        fields = ", ".join(f"l{i}: 'VARCHAR'" for i in range(len(compiled.leaves)))
        casts = ", ".join(f"{_cast_sql(leaf, i)} as c{i}" for i, leaf in enumerate(compiled.leaves))
        self.fields = f"columns = {{n: 'BIGINT', {fields}}}"
        inner = f"(select {found.inner}, n, concat({bad}) as bad, {compiled.skip_sql(_cast)} as skip from (select *, {casts} from {{relation}}))"
        self.query = f"select {outer}, bad, skip from (select {found.outer}, n, bad, skip from {inner}) order by n"

    @cached_property
    def path(self) -> Path:
        """The file each batch is handed over in; it goes when the plan does."""
        folder = tempfile.mkdtemp(prefix="llmlogs-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder) / "batch.ndjson"

    @cached_property
    def con(self) -> Any:
        """A connection with the query as `batch`. Small files spend their time on planning: it happens once, and DuckDB's optimizer finds nothing to gain."""
        import duckdb

        con = duckdb.connect()
        con.execute("set TimeZone = 'UTC'; set enable_external_file_cache = false; pragma disable_optimizer")
        relation = f"read_json({literal(str(self.path))}, format = 'newline_delimited', {self.fields}, maximum_object_size = 134217728)"
        con.execute(f"prepare batch as {self.query.replace('{relation}', relation)}")
        return con

    def batch(self, records: list[Record], context: Context) -> Iterator[Outcome]:
        """Outcomes of one batch."""
        issues: list[list[Issue]] = [[] for _ in records]
        lines = [orjson.dumps(self._fields(n, record, issues[n], context.timezone), option=orjson.OPT_APPEND_NEWLINE) for n, record in enumerate(records)]
        for record, found, bad in zip(records, self._rows(lines), issues, strict=True):
            yield self._outcome(record, found, bad, context) if found else Outcome(record.line, "rejected", FAILS)

    def _rows(self, lines: list[bytes]) -> list[tuple[Any, ...] | None]:
        """What the query makes of each line; None where an expression fails, as a function may on a text it was not meant for."""
        import duckdb

        self.path.write_bytes(b"".join(lines))
        try:
            return list(self.con.execute("execute batch").fetchall())
        except (duckdb.DataError, duckdb.InvalidInputException):
            if len(lines) == 1:
                return [None]
            middle = len(lines) // 2
            return self._rows(lines[:middle]) + self._rows(lines[middle:])

    def _fields(self, n: int, record: Record, issues: list[Issue], timezone: str) -> dict[str, Any]:
        """The flat texts the query reads; what the path to a field or a time does not yield is an issue here already."""
        flat: dict[str, Any] = {"n": n}
        for i, leaf in enumerate(self.compiled.leaves):
            found, blocked = self._pick(record.value, leaf.path)
            if blocked:
                issues += [(column, "not_an_object", blocked) for column in self.readers_of[i]]
            elif found is not None and leaf.kind == "time":
                instant = to_utc(found, timezone)
                flat[f"l{i}"] = instant.isoformat(" ") if instant else None
                if instant is None and found != "":
                    issues += [(column, "not_a_time", kind_of(found)) for column in self.readers_of[i]]
            elif found is not None:
                flat[f"l{i}"] = as_text(found)
        return flat

    def _outcome(self, record: Record, found: tuple[Any, ...], issues: list[Issue], context: Context) -> Outcome:
        if found[-1] is not None:
            return Outcome(record.line, "skipped", self.compiled.skips[found[-1]][0])
        call = {name: value for name, value in zip(self.columns, found, strict=False) if value is not None}
        issues += [self._issue(record, self.checked[int(i)]) for i in found[-2].split()]
        if not any(name in call for name in ("started_at", "request_model", "response_model")):
            return Outcome(record.line, "rejected", NO_ANCHOR)
        for name in HASHED & call.keys():
            call[name] = keyed_hash(call[name], context.secret)
        name_error(call)
        name_feature(call, record.value, context.feature_from)
        return Outcome(record.line, "call", call=call, issues=list(dict.fromkeys(issues)))

    def _pick(self, value: Any, path: tuple[str, ...]) -> tuple[Any, str]:
        found, blocked = pick(value, path)
        return (None if isinstance(found, str) and found in self.compiled.absent else found), blocked

    def _issue(self, record: Record, column: str) -> Issue:
        expression = next(e for e in self.compiled.expressions if e.column == column)
        values = [self._pick(record.value, self.compiled.leaves[i].path)[0] for i in expression.leaves]
        present = next((value for value in values if value is not None), None)
        reason = row.REASONS[expression.kind] if column not in ("status", "app_cache") else "unknown_word"
        return column, reason, kind_of(present)


def name_feature(call: dict[str, Any], value: Any, wanted: tuple[str, ...]) -> None:
    """The feature from where the user says, if the record has a label there."""
    found = next((text for place in wanted if (text := label(value_at(value, place)))), None)
    if found:
        call |= {"feature": found, "feature_basis": "config"}


def value_at(value: Any, dotted: str) -> Any:
    """The field written with dots for what is nested, or as one key that has dots itself."""
    if isinstance(value, dict) and dotted in value:
        return value[dotted]
    return pick(value, tuple(dotted.split(".")))[0]


def name_error(call: dict[str, Any]) -> None:
    """The error class of a call that has none and did not go well, from its code, type and message template."""
    if call.get("status") not in ("ok", "unknown", None) and "error_class" not in call:
        call["error_class"] = classify(call.get("status_code"), call.get("error_type", ""), call.get("error_template", ""))


def pick(value: Any, path: tuple[str, ...]) -> tuple[Any, str]:
    """The field at `path`, and the type of what stands in the way when something does. A JSON object kept as text is opened."""
    for part in path:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _opened(value)
        if value is None or value == "":
            return None, ""
        if not isinstance(value, dict):
            return None, kind_of(value)
        value = value.get(part)
    return value, ""


def _opened(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    names = ((dict, "object"), (list, "array"), (str, "string"), (bool, "boolean"), ((int, float), "number"), (type(None), "null"))
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)


def as_text(value: Any) -> str:
    """A value as DuckDB's JSON reader gives it to a VARCHAR."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate is no UTF-8
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(leaf: Leaf, place: int) -> str:
    return f"l{place}"


def _cast(leaf: Leaf, place: int) -> str:
    return f"c{place}"


def _cast_sql(leaf: Leaf, place: int) -> str:
    """Made once and used by name: planning the query takes longer than running it, and grows with its length."""
    return f"try_cast(l{place} as timestamp)" if leaf.kind == "time" else cast_leaf(f"l{place}", leaf.kind)
