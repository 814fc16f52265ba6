"""How far the fields a question needs are filled, over the rows it concerns."""

from typing import Any

import pytest

from llmlogs.pack import rows
from llmlogs.pack.model import Need
from llmlogs.pack.needs import Coverage, fields_of, said
from llmlogs.pack.parse import QuestionError

CALLS = [
    {"repeat": 10, "stream": True, "user_id": ["a", "b", "c", "d", ""], "ttft_ms": [1.0, "", "", "", "", "", "", "", "", ""]},
    {"repeat": 10, "stream": False, "session_id": "s", "status": ["ok", "error"]},
]


@pytest.mark.parametrize(
    ("need", "filled", "of", "state"),
    [
        ("calls.stream", 1.0, 20, "answered"),
        ("calls.user_id", 0.4, 20, "partly"),
        ("calls.user_id where stream", 0.8, 10, "partly"),
        ("calls.user_id | calls.session_id", 0.9, 20, "answered"),
        ("calls.ttft_ms where stream -- on streams", 0.1, 10, "missing"),
        ("calls.feature", 0.0, 20, "missing"),
        ("calls.tool_ms where user_id = 'nobody'", None, 0, "answered"),
        ("spans.kind", None, 0, "missing"),
        ("spans.kind | calls.stream", 1.0, 20, "answered"),
    ],
)
def test_fill(need: str, filled: float | None, of: int, state: Any) -> None:
    con = rows.database()
    try:
        rows.insert(con, "calls", CALLS)
        coverage = Coverage(con)
        assert coverage.of(need) == Need(need, filled, state, of)
        assert coverage.of(need) is coverage.of(need)
    finally:
        con.close()


@pytest.mark.parametrize(
    ("need", "words"),
    [
        ("calls.a | calls.b", "a or b"),
        ("spans.kind", "spans.kind"),
        ("calls.a where stream", "a (where stream)"),
        ("calls.a WHERE stream and x = 'y' -- on streams", "a on streams"),
    ],
)
def test_a_need_in_words(need: str, words: str) -> None:
    assert said(need) == words


@pytest.mark.parametrize("need", ["calls", "calls.nothing", "nowhere.status", "calls.status calls.stream", ""])
def test_a_need_must_name_the_contract(need: str) -> None:
    with pytest.raises(QuestionError):
        fields_of(need)


def test_each_source_is_asked_by_itself() -> None:
    """A field that one source logs is not logged by the other; steps are told to a source by their file, what concerns no row of a source is not missing."""
    con = rows.database()
    try:
        rows.insert(con, "calls", [{"repeat": 10, "source": ["a", "b"], "stream": [True, False], "user_id": ["u", ""]}])
        rows.insert(con, "files", [{"file_id": 1, "source": "a"}])
        rows.insert(con, "spans", [{"file_id": 1, "kind": "tool"}])
        needs = ["calls.user_id", "calls.ttft_ms where stream", "spans.kind", "spans.kind | calls.stream", "files.source"]
        told = Coverage(con).by_source(needs)
        assert {key: state for key, state in told.items() if key[0] == "a"} == {
            ("a", need): state for need, state in zip(needs, ["answered", "missing", "answered", "answered", "answered"], strict=True)
        }
        assert {key: state for key, state in told.items() if key[0] == "b"} == {
            ("b", need): state for need, state in zip(needs, ["missing", "answered", "missing", "answered", "missing"], strict=True)
        }
        assert {source for source, _ in told} == {"a", "b"}
        assert Coverage(con).by_source([]) == {}
    finally:
        con.close()
