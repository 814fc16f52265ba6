"""The fast reader says of every file exactly what the careful reader says, or leaves the file to it."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlogs.ingest import batch, fast, fast_lines
from llmlogs.ingest.engine import run
from llmlogs.store import database

MAPPING = """
title = "made up"
detect = { all = ["ts", "id"] }
[columns]
started_at = "ts"
call_id = "id"
request_model = "model"
provider = "provider"
status_code = "status"
duration_ms = "ms.total"
ttft_ms = "ms.first"
input_tokens = "usage.in + coalesce(usage.cached, 0)"
output_tokens = "usage.out"
stream = "stream"
app_cache = "cached"
error_type = "error.type"
error_template = "error.message"
reported_usd = "usd"
prompt_chars = "length(prompt)"
feature = "meta.feature"
[units]
ttft_ms = "s"
"""
EXACT = "select * exclude (ingest_id, file_id, cost_usd, list_usd, cost_status, rate_id) from calls order by all"
REJECTS = "select line, byte_offset, length, reason, shape from rejects order by all"
ISSUES = "select line, call_id, column_name, reason, value_kind from issues order by all"
COUNTS = "select records, calls, other, merged, skipped, rejected, lines, blank_lines, read_bytes, pending_bytes from files"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".llmlogs/sources").mkdir(parents=True)
    (tmp_path / ".llmlogs/sources/made_up.toml").write_text(MAPPING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fast, "FAST_FROM", 0)
    monkeypatch.setattr(batch, "price_calls", lambda *_: None)  # loading the price book takes longer than all else here
    return tmp_path


def record(n: int, **more: Any) -> dict[str, Any]:
    usage = {"in": 10 + n, "out": n, "cached": 3 if n % 2 else None}
    times = {"total": 100.5 + n, "first": 0.25}
    base = {"ts": f"2026-03-01T10:00:{n % 60:02d}.250Z", "id": f"c{n}", "model": "gpt-5-mini", "provider": "openai", "status": 200, "usd": 0.001}
    return {**base, "ms": times, "usage": usage, "stream": bool(n % 2), "cached": "miss", "error": None, "prompt": "abc é", "meta": {"feature": "chat"}, **more}


def lines(n: int) -> list[bytes]:
    return [orjson.dumps(record(i)) for i in range(n)]


def ingest(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    path = folder / name
    path.write_bytes(content)
    db = folder / f"{name}.duckdb"
    report = run([str(path)], db)
    assert report.files[0].error == ""
    con = database.open_for_read(db)
    try:
        found: dict[str, Any] = {
            key: con.execute(sql).fetchall() for key, sql in [("calls", EXACT), ("rejects", REJECTS), ("issues", ISSUES), ("counts", COUNTS)]
        }
        found["columns"] = [row[0] for row in con.execute(f"describe {EXACT}").fetchall()]
    finally:
        con.close()
    return {**found, "reader": report.files[0].reader}


def both(folder: Path, content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same bytes through the fast reader (plain) and the careful one (compressed)."""
    quick = ingest(folder, "a.jsonl", content)
    slow = ingest(folder, "b.jsonl.gz", gzip.compress(content))
    assert slow["reader"] == "careful"
    return quick, slow


def same(quick: dict[str, Any], slow: dict[str, Any]) -> None:
    for key in ("columns", "calls", "rejects", "issues", "counts"):
        assert quick[key] == slow[key], key


def test_a_clean_file_is_read_with_strict_types(project: Path) -> None:
    quick, slow = both(project, b"\n".join(lines(500)) + b"\n")
    assert quick["reader"] == "fast (strict types)"
    assert len(quick["calls"]) == 500
    same(quick, slow)


SURPRISES: list[tuple[str, bytes]] = [
    ("truncated", orjson.dumps(record(900))[:60]),
    ("not JSON", b"INFO worker started pid=3"),
    ("blank", b""),
    ("spaces", b"   "),
    ("carriage return", b"\r"),
    ("NUL bytes", b"\0\0\0"),
    ("two objects", orjson.dumps(record(900)) * 2),
    ("an array", b"[1,2,3]"),
    ("a number", b"42"),
    ("no anchors", b'{"x": 1}'),
    ("no fields at all", b"{}"),
    ("invalid UTF-8", orjson.dumps(record(900)).replace(b"abc", b"\xff\xfe")),
    ("BOM inside", b"\xef\xbb\xbf" + orjson.dumps(record(900))),
    ("lone surrogate", orjson.dumps(record(900)).replace(b"abc", b"\\ud800")),
    ("a text for a number", orjson.dumps(record(900, usage={"in": "n/a", "out": 1}))),
    ("a fraction of a token", orjson.dumps(record(900, usage={"in": 8.7, "out": 1}))),
    ("a whole float", orjson.dumps(record(900, usage={"in": 8.0, "out": 1}))),
    ("a number as text", orjson.dumps(record(900, usage={"in": "8", "out": "1"}))),
    ("2^70", json.dumps(record(900, usage={"in": 2**70, "out": 1})).encode()),
    ("NaN", orjson.dumps(record(900, usage={"in": 1, "out": 1})).replace(b'"out":1', b'"out":NaN')),
    ("1e400", orjson.dumps(record(900)).replace(b"1000.5", b"1e400")),
    ("an object that is a text", orjson.dumps(record(900, usage="n/a"))),
    ("an object that is null", orjson.dumps(record(900, usage=None))),
    ("an object that is missing", orjson.dumps({k: v for k, v in record(900).items() if k != "usage"})),
    ("an object as JSON text", orjson.dumps(record(900, usage='{"in": 7}'))),
    ("an error that is a text", orjson.dumps(record(900, error="it broke"))),
    ("an error", orjson.dumps(record(900, status=429, error={"type": "rate_limit_error", "message": "limit of 30 for org-a1b2c3, \"quoted\""}))),
    ("yesterday", orjson.dumps(record(900, ts="yesterday"))),
    ("an offset", orjson.dumps(record(900, ts="2026-03-01T12:00:00+02:00"))),
    ("no zone", orjson.dumps(record(900, ts="2026-03-01 12:00:00"))),
    ("an epoch", orjson.dumps(record(900, ts=1772359200))),
    ("an epoch in ms as text", orjson.dumps(record(900, ts="1772359200123"))),
    ("RFC 1123", orjson.dumps(record(900, ts="Sun, 01 Mar 2026 10:00:00 GMT"))),
    ("comma decimals", orjson.dumps(record(900, ts="2026-03-01T12:00:00,5Z"))),
    ("the year 9999", orjson.dumps(record(900, ts="9999-03-01T12:00:00Z"))),
    ("no time", orjson.dumps(record(900, ts=None))),
    ("no id", orjson.dumps(record(900, id=None))),
    ("an empty id", orjson.dumps(record(900, id=""))),
    ("a feature that is an object", orjson.dumps(record(900, meta={"feature": {"a": 1}}))),
    ("an empty feature", orjson.dumps(record(900, meta={"feature": ""}))),
    ("an unknown word", orjson.dumps(record(900, cached="perhaps"))),
    ("a word in capitals", orjson.dumps(record(900, cached="HIT"))),
    ("a boolean as text", orjson.dumps(record(900, stream="yes"))),
    ("no boolean", orjson.dumps(record(900, stream="maybe"))),
    ("true for a duration", orjson.dumps(record(900, ms={"total": True, "first": 1}))),
    ("false for a duration", orjson.dumps(record(900, ms={"total": False, "first": 1}))),
    ("false for tokens", orjson.dumps(record(900, usage={"in": False, "out": 1}))),
    ("true for tokens", orjson.dumps(record(900, usage={"in": True, "out": 1}))),
    ("money as text", orjson.dumps(record(900, usd="0.000001"))),
    ("no money", orjson.dumps(record(900, usd="free"))),
    ("a repeat", orjson.dumps(record(3))),
    ("deep", b'{"id":"deep","model":"m","x":' + b"[" * 300 + b"]" * 300 + b"}"),
    ("a duplicate key", b'{"ts":"2026-03-01T10:00:00Z","id":"dup","id":"dup2","model":"m"}'),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("place", [30, fast.SAMPLE + 30])  # inside and behind what the reader looks at before it chooses types
@pytest.mark.parametrize("name", [name for name, _ in SURPRISES])
def test_a_surprise_is_told_as_the_careful_reader_tells_it(project: Path, name: str, place: int) -> None:
    content = lines(place + 30)
    content.insert(place, dict(SURPRISES)[name])
    same(*both(project, b"\n".join(content) + b"\n"))


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n", b"\r\n", b'\n{"ts": "2026-03-', b"\n  "])
def test_the_end_of_a_file_is_no_special_case(project: Path, end: bytes) -> None:
    same(*both(project, b"\n".join(lines(60)) + end))


def test_line_ends_of_windows(project: Path) -> None:
    same(*both(project, b"\r\n".join(lines(60)) + b"\r\n"))


def test_any_mixture_of_surprises(project: Path) -> None:
    chosen = random.Random(4)
    content = lines(2000)
    for n, line in enumerate(line for name, line in SURPRISES if name != "NUL bytes"):  # those the careful reader takes
        content.insert(chosen.randrange(len(content)), line.replace(b'"c900"', b'"s%d"' % n))
    quick, slow = both(project, b"\n".join(content) + b"\n")
    assert quick["reader"] == "fast (every value checked)"
    assert len(quick["rejects"]) > 5
    same(quick, slow)


NO_NUMBERS: list[Any] = [True, False, "1", "0.0", "", " ", "n/a", "true", [1], {"a": 1}, 0.5, -0.0, 1e300, 2**63, None]


def test_what_stands_where_numbers_are_mostly_none_or_one_is_not_taken_for_one(project: Path) -> None:
    def few(n: int) -> dict[str, Any]:
        return record(n, usage={"in": 0, "out": n % 2, "cached": 0}, ms={"total": float(n % 2), "first": 0.0})

    content = [orjson.dumps(few(n)) for n in range(900)]
    quick, slow = both(project, b"\n".join(content) + b"\n")
    assert quick["reader"] == "fast (strict types)"
    same(quick, slow)
    for n, odd in enumerate(NO_NUMBERS):
        for m, more in enumerate(({"in": odd}, {"out": odd}, {"cached": odd})):
            content.insert(300 + 7 * n + m, orjson.dumps({**few(2), "id": f"odd{n}.{m}", "usage": {**few(2)["usage"], **more}}))
        content.insert(500 + n, orjson.dumps({**few(2), "id": f"late{n}", "ms": {"total": odd, "first": odd}}))
    (project / "b.jsonl.gz.duckdb").unlink()
    (project / "a.jsonl.duckdb").unlink()
    content += [orjson.dumps(few(n)) for n in range(900, 1500)]
    quick, slow = both(project, b"\n".join(content) + b"\n")
    assert quick["reader"] == "fast (every value checked)"
    same(quick, slow)


def test_many_blank_lines_shift_what_follows(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "TREE", 4)
    content = [b"", b"", *lines(300)]
    for place in (5, 5, 5, 8, 90, 91, 200, 201, 299):
        content.insert(place, b" ")
    quick, slow = both(project, b"\n".join(content) + b"\n\n\n")
    assert quick["reader"].startswith("fast")
    same(quick, slow)


def test_a_file_it_cannot_trust_goes_to_the_careful_reader(project: Path) -> None:
    quick, slow = both(project, b"\n".join([*lines(20), *[b"not JSON"] * 20]) + b"\n")
    assert quick["reader"] == "careful"
    same(quick, slow)


RELATIVE = """
title = "counts from nowhere"
absent = ["-", "n/a"]
detect = { all = ["at", "key"] }
[columns]
started_at = "at"
call_id = "key"
input_tokens = "usage.in"
output_tokens = "out"
feature = "feature"
provider = "meta.provider"
[units]
started_at = "ms since 2000-01-01"
"""


def test_relative_times_and_words_for_nothing_are_read_alike(project: Path) -> None:
    (project / ".llmlogs/sources/made_up.toml").write_text(RELATIVE, encoding="utf-8")
    odd: list[dict[str, Any]] = [{"at": "-"}, {"at": -5}, {"at": 1e300}, {"at": "soon"}, {"at": 5e15},
                                 {"at": "1500.5"}, {"at": True}, {"out": "-"}, {"out": "--"},
                                 {"feature": "-"}, {"feature": "n/a"}, {"usage": {"in": "-"}}, {"usage": "-"},
                                 {"meta": {"provider": "n/a"}}, {"meta": None}]  # fmt: skip
    plain = [{"at": n * 10, "key": f"k{n}", "usage": {"in": n}, "out": n, "feature": "chat", "meta": {"provider": "openai"}} for n in range(600)]
    content = [orjson.dumps(line) for line in plain]
    quick, slow = both(project, b"\n".join(content) + b"\n")
    assert quick["reader"].startswith("fast")
    same(quick, slow)
    content[300:300] = [orjson.dumps({**plain[0], "key": f"odd{n}", **more}) for n, more in enumerate(odd)]
    quick, slow = both(project, b"\n".join(content) + b"\n\n")
    assert quick["reader"].startswith("fast")
    same(quick, slow)


def test_a_mapping_that_skips_goes_to_the_careful_reader(project: Path) -> None:
    (project / ".llmlogs/sources/made_up.toml").write_text(MAPPING + '[skip]\n"odd" = "id like \'%3\'"\n', encoding="utf-8")
    quick, slow = both(project, b"\n".join(lines(40)) + b"\n")
    assert (quick["reader"], quick["counts"][0][4]) == ("careful", 4)
    same(quick, slow)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b'{"a":1}', b"", b" \t", b"x" * 30, b"\r"]), max_size=60), st.booleans(), st.integers(1, 90))
def test_lines_are_found_where_they_are(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], ended: bool, chunk: int) -> None:
    path = tmp_path_factory.mktemp("l") / "x"
    content = b"\n".join(parts) + (b"\n" if ended and parts else b"")
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_lines, "STEP", chunk)
        counted = fast_lines.count(path)
        whole = content.split(b"\n")
        whole = whole[:-1] if not whole[-1] else whole
        full = [(n, line) for n, line in enumerate(whole, 1) if line.strip(b" \t\r")]
        wanted = list(range(0, len(full), 2))
        blank = fast_lines.blanks(path, counted)
        found = fast_lines.fetch(path, counted, fast_lines.numbers(wanted, blank))
    assert counted.lines == len(whole)
    assert blank == [n for n, line in enumerate(whole, 1) if not line.strip(b" \t\r")]
    assert [(line.number, line.text) for line in found] == [full[i] for i in wanted]
    assert all(content[line.offset : line.offset + len(line.text)] == line.text for line in found)


def test_a_class_that_the_mapping_names_is_kept_and_the_others_are_found(project: Path) -> None:
    own = MAPPING.replace("[units]", "error_class = \"case when status = 424 then 'content_filter' end\"\n[units]")
    (project / ".llmlogs/sources/made_up.toml").write_text(own, encoding="utf-8")
    told = [record(n, status=code, provider="AWS-Bedrock") for n, code in enumerate([200, 424, 429, 500] * 100)]
    quick, slow = both(project, b"\n".join(map(orjson.dumps, told)) + b"\n")
    assert quick["reader"] == "fast (strict types)"
    same(quick, slow)
    where = quick["columns"].index("error_class"), quick["columns"].index("provider")
    assert {tuple(row[i] for i in where) for row in quick["calls"]} == {
        (name, "aws.bedrock") for name in (None, "content_filter", "rate_limit", "server_error")
    }


@pytest.mark.parametrize(("every", "reader"), [(50, "fast"), (1, "careful")])
def test_an_address_in_a_label_is_hashed_however_it_is_read(project: Path, every: int, reader: str) -> None:
    """A few are read again with care, and where they are usual the whole file is."""
    content = [orjson.dumps(record(n, meta={"feature": "ann@example.com" if n % every == 0 else "chat"})) for n in range(20_000)]
    path = project / "big.jsonl"
    path.write_bytes(b"\n".join(content) + b"\n")
    report = run([str(path)], project / "labels.duckdb")
    assert report.files[0].reader.startswith(reader)
    with duckdb.connect(str(project / "labels.duckdb"), read_only=True) as con:
        found = con.execute(
            "select count(*) filter (feature like '%@%'), count(*) filter (feature like 'email-%'), count(distinct feature) from calls"
        ).fetchall()
    assert found == [(0, 20_000 // every, 1 + (every > 1))]
