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
