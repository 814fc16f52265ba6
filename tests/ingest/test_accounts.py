"""Whatever the bytes: nothing raises, every record is in one place, and reading again adds nothing."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import Log

from llmlogs.ingest.accounts import mismatch
from llmlogs.ingest.report import Counts

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.lists(st.integers(), max_size=2) | st.just({"x": 1})
KEYS = st.sampled_from(
    ["model", "id", "call", "t", "end", "in", "out", "read", "ms", "usd", "status", "try", "copy", "growing", "span", "part", "skip", "user"]
)
RECORD = st.dictionaries(KEYS, VALUES, max_size=7).map(lambda value: json.dumps(value).encode())
LINE = RECORD | st.binary(max_size=30) | RECORD.map(lambda line: line[:-3]) | RECORD.map(lambda line: line * 2)
CONTENT = st.lists(LINE, max_size=12).map(b"\n".join)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(content=CONTENT, tail=st.binary(max_size=20))
def test_any_bytes_are_accounted_for(content: bytes, tail: bytes, logs: Callable[[], Log]) -> None:
    log = logs()
    path = log.write("a.jsonl", b'{"model":"m","id":"first"}\n' * 20 + content + tail)
    report = log.ingest(path)
    assert (report.errors, report.unknown) == ([], [])
    counts = report.total
    assert counts.balanced
    assert log.ask("select sum(records - calls - other - merged - skipped - rejected), sum(read_bytes + pending_bytes - bytes) from files") == [(0, 0)]
    assert log.ask("select count(*), count(distinct call_id) from calls") == [(counts.calls, counts.calls)]
    assert log.ask("select count(*) from rejects") == [(counts.rejected,)]
    assert log.ask("select sum(lines - blank_lines) from files") == [(counts.records,)]
    assert log.ask("select count(*) from calls where isnan(duration_ms) or input_tokens < 0") == [(0,)]
    before = log.ask("select * from calls order by all")
    assert log.ingest(path).already_ingested == 1
    log.ingest(log.write("copy.jsonl", b"\n" + (log.folder / "a.jsonl").read_bytes()))
    assert log.ask("select * from calls order by all") == before


def test_accounts_that_do_not_close_are_told() -> None:
    good = Counts(records=5, calls=1, other=1, merged=1, skipped=1, rejected=1)
    assert mismatch(good, 5, 5) == ""
    assert mismatch(good, 5, 4) == "5 records were read and 4 were answered for"
    assert "differ" in mismatch(Counts(records=5, calls=1), 5, 5)


def test_the_report_adds_up_over_files(log: Log) -> None:
    paths = [log.write(name, '{"model":"a"}\n{"skip":1}\nnope\n') for name in ("a", "b")]
    report: dict[str, Any] = log.ingest(*paths, str(log.folder / "absent")).as_json()
    assert {key: report[key] for key in ("records", "calls", "skipped", "rejected", "files", "already_ingested")} == {
        "records": 3,
        "calls": 1,
        "skipped": 1,
        "rejected": 1,
        "files": 3,
        "already_ingested": 1,
    }
    assert set(report["per_file"]) == {*paths, str(log.folder / "absent")}
    assert report["errors"][0]["error"].startswith("cannot be read")
