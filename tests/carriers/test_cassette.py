"""Cassettes of HTTP recorders: one record an interaction in one layout, whatever the recorder; no tag builds an object; damage costs only itself."""

import base64
import gzip
import io
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.carriers import all_carriers, candidates
from llmlogs.carriers.base import Position, Record
from llmlogs.carriers.yaml_values import MOST_VALUES

VCRPY = """\
interactions:
- request:
    body: '{"model": "m", "messages": []}'
    headers:
      ? !!python/object/apply:multidict._multidict.istr
      - Content-Type
      : - application/json
      accept:
      - !!binary |
        Ki8q
    method: POST
    uri: https://api.test/v1/chat/completions
  response:
    body:
      string: '{"id":"r1","note":"one - two

        three"}'
    headers:
      Date:
      - Tue, 31 Mar 2026 12:00:00 GMT
    status:
      code: 200
      message: OK
- request:
    body: null
    headers: {}
    method: GET
    uri: https://api.test/v1/models
  response:
    body:
      string: !!binary |
        BINARY
    headers:
      content-encoding:
      - gzip
    status: {code: 404, message: Not Found}
version: 1
""".replace("BINARY", base64.b64encode(gzip.compress(b'{"error": "gone"}')).decode())

PARSED = """\
interactions:
- request:
    headers: {content-type: [application/json]}
    method: POST
    parsed_body:
      model: m
      at: 12:30
      day: 2026-03-31
      answer: no
      count: 007
    uri: https://api.test/v1/chat/completions
  response:
    headers: {}
    parsed_body:
      id: r1
      usage: {total_tokens: 3, share: 1.0e-05}
    status:
      code: 200
      message: OK
version: 1
"""

RUBY = """\
---
http_interactions:
- request:
    method: post
    uri: https://api.test/v1/chat/completions
    body:
      encoding: UTF-8
      string: '{"model":"m"}'
    headers:
      Content-Type:
      - application/json
  response:
    status:
      code: 200
      message: OK
    headers: {}
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        BINARY
  recorded_at: Tue, 31 Mar 2026 12:00:00 GMT
- request:
    method: post
    uri: https://api.test/v1/chat/completions
    body: {encoding: UTF-8, string: ''}
  response:
    status: {code: 200, message: OK}
    body: {encoding: UTF-8, base64_string: BINARY}
  recorded_at: Tue, 31 Mar 2026 12:00:01 GMT
recorded_with: VCR 6.4.0
""".replace("BINARY", base64.b64encode(b'{"id":"r1"}').decode())

ARRRR = """\
http_interactions:
- request:
    method: POST
    uri: https://api.test/v1/chat/completions
    body:
      string: '{"model":"m"}'
    headers: []
  response:
    status: 200
    headers:
      Date: Tue, 31 Mar 2026 12:00:00 GMT
    body:
      string: |-
        {
          "id": "r1",

          "a": "- b"
        }
  recorded_at: 2026-03-31 12:00:00
recorded_with: VCR-vcr/2.0.0
"""

GO = """\
---
version: 2
interactions:
    - id: 0
      request:
        body: '{"model":"m"}'
        headers:
            Content-Type:
                - application/json
        url: https://api.test/v1/chat/completions
        method: POST
      response:
        body: '{"id":"r1"}'
        headers: {}
        status: 200 OK
        code: 200
        duration: 1.5s
    - id: 1
      request: {url: "https://api.test/v1/models", method: GET}
      response: {body: "", status: "", code: 503, duration: 20ms}
"""

GRPC = """\
version: 1
interactions:
- request_sample:
    json: {model: m}
    raw: !!binary AAEC
  response_sample:
    json: {id: r1, model: m, usage: {prompt_tokens: 1}}
    raw: !!binary AAEC
- request_sample:
    raw: !!binary AAEC
  response_sample:
    raw: !!binary AAEC
"""


def read(text: str | bytes, position: Position | None = None) -> list[Record]:
    content = text.encode() if isinstance(text, str) else text
    return list(all_carriers()["cassette"].records(io.BytesIO(content), position or Position()))


def values(text: str | bytes) -> list[Any]:
    records = read(text)
    assert [record.error for record in records] == [""] * len(records)
    return [record.value for record in records]


def test_vcrpy_with_python_tags_binary_values_and_compressed_bodies() -> None:
    first, second = values(VCRPY)
    assert first["request"]["headers"] == {"Content-Type": ["application/json"], "accept": ["*/*"]}
    assert (first["request"]["method"], first["request"]["uri"]) == ("POST", "https://api.test/v1/chat/completions")
    assert json.loads(first["response"]["body"].replace("\n", " ")) == {"id": "r1", "note": "one - two three"}
    assert (second["response"]["status"], second["response"]["body"]) == ({"code": 404}, '{"error": "gone"}')


def test_bodies_that_are_yaml_themselves_keep_what_json_would_keep() -> None:
    [value] = values(PARSED)
    assert value["request"]["body"] == {"model": "m", "at": "12:30", "day": "2026-03-31", "answer": "no", "count": "007"}
    assert value["response"]["body"] == {"id": "r1", "usage": {"total_tokens": 3, "share": 1e-05}}


def test_ruby_tells_when_it_was_recorded() -> None:
    first, second = values(RUBY)
    assert [value["recorded_at"] for value in (first, second)] == ["Tue, 31 Mar 2026 12:00:00 GMT", "Tue, 31 Mar 2026 12:00:01 GMT"]
    assert first["response"]["body"] == second["response"]["body"] == '{"id":"r1"}'


def test_r_writes_a_bare_status_and_single_headers() -> None:
    [value] = values(ARRRR)
    assert value["response"]["status"] == {"code": 200}
    assert value["response"]["headers"] == {"Date": "Tue, 31 Mar 2026 12:00:00 GMT"}
    assert json.loads(value["response"]["body"]) == {"id": "r1", "a": "- b"}
    assert value["recorded_at"] == "2026-03-31 12:00:00"


def test_go_tells_how_long_it_took() -> None:
    first, second = values(GO)
    assert (first["response"]["status"], first["duration"]) == ({"code": 200}, "1.5s")
    assert (second["response"]["status"], second["duration"]) == ({"code": 503}, "20ms")


def test_protobuf_is_read_through_the_json_beside_it_or_told() -> None:
    first, second = values(GRPC)
    assert first["response"]["body"]["id"] == "r1"
    assert second == {"protobuf_recording": True}


@pytest.mark.parametrize("name", ["interactions", "http_interactions"])
def test_cassettes_in_json(name: str) -> None:
    one = {"request": {"uri": "https://api.test", "method": "POST"}, "response": {"status": {"code": 200}, "body": {"string": '{"id":"r1"}'}}}
    content = json.dumps({"version": 1, name: [one, one], "recorded_with": "x"}, indent=2)
    assert candidates(content.encode(), "x.json")[0].name == "cassette"
    assert [value["response"]["body"] for value in values(content)] == ['{"id":"r1"}'] * 2


SINGLE = """\
request:
  method: POST
  uri: https://api.test/a
response:
  status: {code: 200}
"""


def test_one_interaction_a_document_and_several_documents_of_lists() -> None:
    assert [value["request"]["uri"] for value in values(f"---\n{SINGLE}---\n{SINGLE}...\n")] == ["https://api.test/a"] * 2
    assert len(values(VCRPY + "---\n" + RUBY.removeprefix("---\n"))) == 4
    listed = "".join(f"- {SINGLE}".replace("\n", "\n  ").rstrip() + "\n" for _ in range(3))
    assert len(values(listed)) == 3


def test_a_list_in_flow_style() -> None:
    assert len(values("interactions: []\nversion: 1\n")) == 0
    one = "{request: {method: GET, uri: u}, response: {status: {code: 200}}}"
    assert [value["request"]["uri"] for value in values(f"interactions: [{one}, {one}]\nversion: 1\n")] == ["u", "u"]


@pytest.mark.parametrize("text", [VCRPY, PARSED, RUBY, ARRRR, GO, GRPC])
def test_offsets_lines_and_bytes_close(text: str) -> None:
    position = Position()
    records = read("# größe\n" + text if not text.startswith("---") else text, position)
    assert [record.line for record in records] == list(range(1, len(records) + 1))
    assert position.pending == 0
    content = ("# größe\n" + text if not text.startswith("---") else text).encode()
    assert position.offset == len(content)
    for record in records:
        assert content[record.offset : record.offset + record.length].lstrip().startswith(b"- ")


@pytest.mark.parametrize("text", [VCRPY, RUBY, ARRRR, PARSED])
def test_a_cassette_that_is_cut_short_gives_its_complete_interactions_and_goes_on_when_it_grows(text: str) -> None:
    content = text.encode()
    whole = read(content)
    for cut in range(len(content)):
        if content[cut - 1 : cut] == b"\n":  # half a block that ends with a line is YAML, too
            continue
        position = Position()
        first = read(content[:cut], position)
        assert position.offset + position.pending == cut
        assert first + read(content, position) == whole


def test_a_broken_interaction_is_rejected_alone() -> None:
    records = read(VCRPY.replace("status: {code: 404", "status: {code: [404", 1))
    assert [bool(record.error) for record in records] == [False, True]
    assert records[1].error.startswith("invalid YAML")
    records = read(VCRPY.replace("    method: POST\n", "   method: POST\n", 1))
    assert [bool(record.error) for record in records] == [True, False]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("- 5\n", "not an interaction"),
        ("- request: 5\n", "not an interaction"),
        ("- response: {}\n", "not an interaction"),
        ("- request: &a {x: *a}\n", "an alias refers to itself"),
        ("- request: " + "[" * 2000 + "]" * 2000 + "\n", "nested too deeply"),
        ("- request: {}\n  response: {body: {string: !!binary '%%%'}}\n", "a binary value is not base64"),
        ("- request: *nowhere\n", "invalid YAML"),
    ],
)
def test_what_cannot_be_read_is_told(item: str, reason: str) -> None:
    assert reason in read("interactions:\n" + item + "version: 1\n")[0].error


def test_aliases_that_stand_for_billions_are_refused_quickly() -> None:
    levels = "".join(f"    a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    started = time.perf_counter()
    [record] = read(f"interactions:\n- request:\n    a0: &a0 [x, x]\n{levels}  response: {{}}\nversion: 1\n")
    assert "aliases stand for more than" in record.error
    assert time.perf_counter() - started < 2
    assert MOST_VALUES < 10**11


def test_an_anchor_may_stand_in_an_earlier_interaction() -> None:
    text = "interactions:\n- request: {method: GET, uri: u, headers: &h {a: [b]}}\n  response: {status: {code: 200}}\n"
    text += "- request: {method: GET, uri: u, headers: *h}\n  response: {status: {code: 200}}\nversion: 1\n"
    assert [value["request"]["headers"] for value in values(text)] == [{"a": ["b"]}] * 2


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!python/object/new:subprocess.Popen", "!!python/name:os.system", "!ruby/object:Gem::Installer", "!own"]
)
def test_no_tag_builds_anything(tag: str) -> None:
    request = f"{{method: {tag} 'echo', uri: {tag} ['touch x'], headers: {tag} {{a: b}}}}"
    [value] = values(f"interactions:\n- request: {request}\n  response: {{status: {{code: 200}}}}\nversion: 1\n")
    assert value["request"] == {"method": "echo", "uri": "touch x", "headers": {"a": "b"}}


@pytest.mark.parametrize(
    ("content", "path", "name"),
    [
        (VCRPY, "x.yaml", "cassette"),
        (PARSED, "x", "cassette"),
        (RUBY, "x.yml", "cassette"),
        (ARRRR, "x.yml", "cassette"),
        (GO, "x.yaml", "cassette"),
        (GRPC, "x.yaml", "cassette"),
        (f"---\n{SINGLE}", "x.yaml", "cassette"),
        ('{"interactions": 5}', "x.json", "ndjson"),
    ],
)
def test_a_cassette_is_told_from_its_bytes(content: str, path: str, name: str) -> None:
    assert candidates(content.encode(), path)[0].name == name


@pytest.mark.parametrize("content", ["key: value\nother:\n- a\n", "---\na: 1\n", "interactions are good: yes\n", "services:\n  web:\n    image: x\n"])
def test_other_yaml_is_no_cassette(content: str) -> None:
    assert "cassette" not in [carrier.name for carrier in candidates(content.encode(), "x.yaml")]


LINES = [
    "interactions:",
    "- request:",
    "    method: GET",
    "  response:",
    "    status: {code: 200}",
    "version: 1",
    "---",
    "...",
    "\t",
    "- ",
    "'",
    '"',
    "? a",
    "%Y",
    "\x00",
]


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=6), max_size=12))
def test_no_lines_upset_it_and_none_are_lost(lines: list[str]) -> None:
    content = "\n".join(lines).encode("utf-8", "replace")
    position = Position()
    records = read(content, position)
    assert position.offset + position.pending == len(content)
    assert all(record.error or isinstance(record.value, dict) for record in records)
