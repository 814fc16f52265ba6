"""HTTP archives: every entry in its place, bodies as text, what is cut short waits."""

import base64
import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.carriers import all_carriers, candidates, inner_lists, scan
from llmlogs.carriers.base import Position, Record

BODY = '{"id": "r", "note": "[{]}"}'
HAR = {"log": {"version": "1.2", "pages": [{"id": "p", "entries": [{"not": "one"}]}], "creator": {"name": "t"}, "entries": []}}


def entry(text: str = BODY, **content: Any) -> dict[str, Any]:
    headers = [{"name": "Content-Encoding", "value": content.pop("how", "identity")}]
    return {
        "_initiator": {"url": "https://scripts.test/app.js"},
        "startedDateTime": "2026-03-31T12:00:00Z",
        "time": 10,
        "request": {"method": "POST", "url": "https://api.test/v1/chat/completions", "headers": []},
        "response": {"status": 200, "headers": headers, "content": {"mimeType": "application/json", "text": text, **content}},
    }


def archive(*entries: Any, indent: int | None = 1, **more: Any) -> bytes:
    return json.dumps({"log": HAR["log"] | {"entries": list(entries)} | more}, indent=indent).encode()


def read(content: bytes, position: Position | None = None, name: str = "har") -> list[Record]:
    return list(all_carriers()[name].records(io.BytesIO(content), position or Position()))


def text(record: Record) -> Any:
    return record.value["response"]["content"]["text"]


@pytest.mark.parametrize("indent", [None, 2])
def test_every_entry_is_a_record_and_the_rest_of_the_document_none(indent: int | None) -> None:
    position = Position()
    content = archive(entry(), entry("{}"), indent=indent)
    assert [text(record) for record in read(content, position)] == [BODY, "{}"]
    assert (position.offset, position.pending, position.line) == (len(content), 0, 2)


def test_members_of_a_tools_own_are_left_out() -> None:
    assert "_initiator" not in read(archive(entry()))[0].value


def test_offsets_point_at_the_entries() -> None:
    content = archive(entry(), entry("ü"))
    for record in read(content):
        assert json.loads(content[record.offset : record.offset + record.length])["time"] == 10


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_no_cut_between_two_reads_matters(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content = archive(entry(), entry('"}]\\'))
    expected = read(content)
    monkeypatch.setattr(inner_lists, "BLOCK", size)
    assert read(content) == expected


@given(st.integers(0, 2000))
def test_an_archive_that_is_cut_short_gives_its_complete_entries_and_goes_on_when_it_grows(cut: int) -> None:
    content = archive(entry(), entry("{}"), {"request": 5}, entry())
    position = Position()
    first = read(content[:cut], position)
    assert position.offset + position.pending == len(content[:cut])
    again = read(content, position)
    assert first + again == read(content)
    assert (position.offset, position.pending) == (len(content), 0)


def test_what_is_no_entry_is_rejected_alone() -> None:
    records = read(archive(entry(), {"response": {}}, 5, "x", entry()))
    assert [record.error for record in records] == ["", "a HAR entry without a request", "not an object: number", "not an object: string", ""]


def test_archives_one_after_the_other_and_text_behind_them() -> None:
    content = archive(entry()) + b"\n" + archive(entry()) + b" tail"
    assert [record.error for record in read(content)] == ["", "", "not JSON"]


def test_an_entry_beyond_the_limit_is_stepped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MAX_RECORD", 900)
    records = read(archive(entry(), entry("x" * 2000), entry()))
    assert [bool(record.error) for record in records] == [False, True, False]


@given(st.binary(max_size=120))
def test_no_bytes_upset_it_and_none_are_lost(content: bytes) -> None:
    position = Position()
    begun = b'{"log":{"entries":[' + content
    records = read(begun, position)
    assert position.offset + position.pending == len(begun)
    assert all(record.error or isinstance(record.value, dict) for record in records)


PACKED = gzip.compress(BODY.encode())
HALVES = [PACKED[:11], PACKED[11:]]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (entry(base64.b64encode(BODY.encode()).decode(), encoding="base64"), BODY),
        (entry(base64.b64encode(PACKED).decode(), encoding="base64", how="gzip"), BODY),
        (entry(json.dumps([part.hex() for part in HALVES]), _isBinary=True, how="gzip"), BODY),
        (entry(json.dumps([part.hex() for part in HALVES]), how="gzip"), BODY),
        (entry(json.dumps([base64.b64encode(part).decode() for part in HALVES]), encoding="base64", how="gzip"), BODY),
        (entry(json.dumps([base64.b64encode(part).decode() for part in HALVES]), how="gzip"), BODY),
        (entry(BODY, how="gzip"), BODY),  # the header stays when the tool has decompressed
        (entry(BODY, how="br"), BODY),
        (entry('["abcd", "efgh"]', how="gzip"), '["abcd", "efgh"]'),
        (entry(base64.b64encode(b"\xff\xd8\xff\xe0" * 50).decode(), encoding="base64"), ""),
        (entry(base64.b64encode(PACKED[:-12]).decode(), encoding="base64"), BODY[: len(BODY) - 4]),
    ],
)
def test_bodies_become_text(content: dict[str, Any], expected: str) -> None:
    got = text(read(archive(content))[0])
    assert got == expected or (expected and BODY.startswith(got) and got)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (entry(base64.b64encode(b"\x8b\x0d\x80\xff\xfe" * 9).decode(), encoding="base64", how="br"), "br (Brotli)"),
        (entry(base64.b64encode(b"\x1f\x8b\x08\x00garbage-garbage").decode(), encoding="base64"), "damaged"),
        (entry("nothing of that kind!", encoding="hex"), "not the hex"),
    ],
)
def test_a_body_that_cannot_be_read_is_told(content: dict[str, Any], reason: str) -> None:
    [record] = read(archive(content))
    assert reason in record.error


def test_a_small_body_that_unpacks_to_more_than_the_limit_is_refused() -> None:
    bomb = gzip.compress(b"\0" * (40 << 20))
    [record] = read(archive(entry(base64.b64encode(bomb).decode(), encoding="base64")))
    assert "larger than" in record.error


@pytest.mark.parametrize(
    ("content", "path", "name"),
    [
        (archive(entry()), "x.har", "har"),
        (archive(entry(), indent=None), "x", "har"),
        (b"\xef\xbb\xbf" + archive(entry()), "x.json", "har"),
        (b'{"log": {"entries": []}}', "x.har", "har"),
        (b'{"log": {"level": "info"}}', "x.json", "ndjson"),
        (b'{"log": "text", "entries": []}', "x.json", "ndjson"),
    ],
)
def test_an_archive_is_told_from_its_bytes(content: bytes, path: str, name: str) -> None:
    assert candidates(content, path)[0].name == name
