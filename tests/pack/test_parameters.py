"""Variables of a question: found, typed, set on its own cursor."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb
import pytest

from llmlogs.errors import UsageError
from llmlogs.pack import parameters
from llmlogs.pack.model import Question

Write = Callable[..., Question]


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("0.5", 0.5), ("1e3", 1000.0), ("true", True), ("False", False), ("2026-01-31", datetime(2026, 1, 31)), ("gpt-4o", "gpt-4o"), ("", "")],
)
def test_text_becomes_the_value_a_person_means(text: str, value: Any) -> None:
    typed = parameters.typed(text)
    assert (typed, type(typed)) == (value, type(value))


def test_assignments_are_read(write: Write) -> None:
    assert parameters.parse(["most = 3", "who=a=b"]) == {"most": 3, "who": "a=b"}
    for wrong in ("most", "=3", "mo st=3"):
        with pytest.raises(UsageError, match="name=value"):
            parameters.parse([wrong])


def test_declared_parameters_keep_default_and_meaning() -> None:
    body = (
        "select coalesce(getvariable('a'), timestamp '2026-01-01') as a, -- since\n"
        "coalesce( getvariable('b') , greatest(1, 2))::int as b -- most\n getvariable('c')"
    )
    assert [(p.name, p.default, p.meaning) for p in parameters.declared(body)] == [("a", "timestamp '2026-01-01'", "since"), ("b", "greatest(1, 2)", "most")]
    assert parameters.used(body) == {"a", "b", "c"}


def test_unknown_names_are_refused(write: Write) -> None:
    question = write()
    parameters.check({"most": 1}, [question])
    with pytest.raises(UsageError, match="known here: most"):
        parameters.check({"moot": 1}, [question])
    with pytest.raises(UsageError, match="known here: none"):
        parameters.check({"moot": 1}, [])


def test_only_what_the_question_reads_is_set(write: Write) -> None:
    with duckdb.connect() as con:
        assert parameters.settle(con, write(), {"most": 9, "other": 1}) == {"most": 9}
        assert con.execute("select getvariable('most'), getvariable('other')").fetchall() == [(9, None)]
