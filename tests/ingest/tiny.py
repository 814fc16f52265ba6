"""A source of the tests' own, so that the engine is tested apart from any real format."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from llmlogs.ingest.engine import run
from llmlogs.ingest.merge import SIDES
from llmlogs.ingest.options import IngestOptions
from llmlogs.ingest.report import IngestReport
from llmlogs.sources.base import Context, Detection, Head, Outcome, Record

COLUMNS = {"id": "response_id", "call": "call_id", "t": "started_at", "end": "ended_at", "in": "input_tokens", "out": "output_tokens", "ms": "duration_ms"}
COLUMNS |= {"model": "request_model", "read": "cache_read_tokens", "status": "status", "try": "merge_try", "copy": "merge_copy", "growing": "merge_growing"}
COLUMNS |= {"user": "user_id", "usd": "reported_usd", "trace": "trace_id", "feature": "feature", "basis": "feature_basis", "version": "merge_version"}
COLUMNS |= {"yields": "merge_yields", "op": "operation_id", "code": "status_code", "first": "first_token_at", "ttft": "ttft_ms"}
COLUMNS |= {"kin": "merge_family", "who": "provider"}


class TinySource:
    """`{"model": ...}` is a call, `span` another row, `part` a part of the call it names, `skip` no call, `boom` a fault of the source itself."""

    name, title, docs, tokens = "tiny", "A source of the tests", "", ""
    answers: tuple[str, ...] = ()
    samples = ()
    remembers = True

    def detect(self, head: Head) -> Detection | None:
        return Detection(0.9, "it has a model") if any("model" in value for value in head.values) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        model = None
        for record in records:
            if record.value.get("model") == "same":  # builds on an earlier line
                record.value["model"] = model
            model = record.value.get("model", model)
            yield from self._one(record)

    def _one(self, record: Record) -> Iterator[Outcome]:
        value, line = record.value, record.line
        if "boom" in value:
            raise ZeroDivisionError
        if "silent" in value:
            return
        if "span" in value:
            yield Outcome(line, "other", rows={"spans": [{"span_id": value["span"], "kind": "tool"}]})
        elif "facts" in value:
            yield Outcome(
                line, "other", rows={"trace_facts": [value["facts"] | ({"updated_at": value["at"]} if "at" in value else {}) | {"source": self.name}]}
            )
        elif "part" in value:
            yield Outcome(line, "merged", "part", merged_into=value["part"])
        elif "skip" in value:
            yield Outcome(line, "skipped", "a greeting")
        elif "model" in value:
            yield Outcome(line, "call", call=_call(value), rows={"attempts": value["tries"]} if "tries" in value else {})
            for inner in value.get("inner", ()):
                yield Outcome(line, "call", call=_call(inner), nested=True)
        else:
            yield Outcome(line, "rejected", "no model")


def _call(value: dict[str, Any]) -> dict[str, Any]:
    return {COLUMNS[key]: item for key, item in value.items() if key in COLUMNS}


class Log:
    """A folder with a database: ingest into it, ask it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.db = folder, folder / "out.duckdb"

    def write(self, name: str, content: bytes | str) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def ingest(self, *paths: str, **options: Any) -> IngestReport:
        report = run(list(paths), self.db, IngestOptions(**options))
        self.check_ids()
        return report

    def check_ids(self) -> None:
        """Whatever was merged into what: each row beside the calls names a call that there is. Feedback, and a part, may name one that nobody logged."""
        if not self.db.exists():
            return
        named = {table: "why <> 'part'" if table == "merged" else "true" for table in SIDES if table != "feedback"}
        rows = (f"select '{table}', call_id from {table} where {where} and call_id is not null" for table, where in named.items())
        assert self.ask(f"from ({' union all '.join(rows)}) where call_id not in (select call_id from calls)") == []

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.db), read_only=True) as con:
            return con.execute(sql).fetchall()
