"""A judge may withhold or soften a verdict; it never changes a number."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from llmlogs.pack.judge import FIXED_COLUMNS, broken, correct, judge
from llmlogs.pack.model import Answer, Need, Question, Result
from llmlogs.pack.parse import QuestionError

Write = Callable[..., Question]
ROW = {"verdict": "ok", "n": 1000, "value": 0.1, "lo": 0.0, "hi": 0.2, "basis": "measured", "min_effect": 0.1, "p_value": None, "most": 5, "who": None}


def _answer(question: Question, needs: tuple[Need, ...] = (), **changes: Any) -> Answer:
    row = ROW | changes
    return judge(question, {"verdict": Result("verdict", tuple(row), (tuple(row.values()),), 1)}, needs)


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("ok", "1,000 calls."),
        ("info", "1,000 calls."),
        ("warn", "1,000 calls are more than 5."),
        ("fail", "1,000 calls are more than 5."),
        ("unknown", "Cannot tell: these rows do not settle it."),
    ],
)
def test_each_verdict_has_its_sentence(write: Write, verdict: str, sentence: str) -> None:
    answer = _answer(write(), verdict=verdict)
    assert (answer.verdict, answer.sentence) == (verdict, sentence)
    assert answer.values == ROW | {"verdict": verdict}


def test_own_sentences_for_info_and_unknown(write: Write) -> None:
    question = replace(write(), info="so {n}", unknown="why: {reason}")
    assert _answer(question, verdict="info").sentence == "so 1,000"
    assert _answer(question, verdict="unknown", reason="no clue").sentence == "why: no clue"


def test_a_missing_field_withholds_the_verdict_and_is_named(write: Write) -> None:
    answer = _answer(write(), (Need("calls.a | calls.b", 0.1, "missing", 9), Need("spans.kind", None, "missing", 0)), verdict="fail")
    assert (answer.verdict, answer.reason) == ("unknown", "log a or b and spans.kind")
    assert answer.values["verdict"] == "fail"


def test_without_any_call_no_field_is_blamed(write: Write) -> None:
    question = replace(write(), min_calls=10)
    answer = _answer(question, (Need("calls.a", None, "missing", 0),), n=0)
    assert answer.reason == "0 of the 10 calls it takes to judge"


def test_too_few_calls_withhold_the_verdict(write: Write) -> None:
    answer = _answer(replace(write(), min_calls=1001), verdict="fail")
    assert (answer.verdict, answer.reason) == ("unknown", "1,000 of the 1,001 calls it takes to judge")
    assert _answer(replace(write(), min_calls=1), n=None).verdict == "unknown"
    assert _answer(replace(write(), min_calls=1000), verdict="fail").verdict == "fail"


def test_a_partly_filled_field_is_said(write: Write) -> None:
    answer = _answer(write(), (Need("calls.a where b -- on bees", 0.5, "partly", 9), Need("calls.c", 1.0, "answered", 9)))
    assert answer.sentence == "1,000 calls. Told by a part of the log: a on bees is logged on 50% of the rows that need it."


@pytest.mark.parametrize(("rows", "told"), [((), "one row"), ((tuple(ROW.values()),) * 2, "one row")])
def test_a_verdict_is_one_row(write: Write, rows: tuple[Any, ...], told: str) -> None:
    with pytest.raises(QuestionError, match=told):
        judge(write(), {"verdict": Result("verdict", tuple(ROW), rows, len(rows))}, ())


def test_a_verdict_row_must_be_whole(write: Write) -> None:
    with pytest.raises(QuestionError, match="no verdict among its results: facts"):
        judge(write(), {"facts": Result("facts", (), (), 0)}, ())
    with pytest.raises(QuestionError, match="not a verdict"):
        _answer(write(), verdict="fine")
    with pytest.raises(QuestionError, match=", ".join(FIXED_COLUMNS[1:])):
        judge(write(), {"verdict": Result("verdict", ("verdict",), (("ok",),), 1)}, ())


def test_what_chance_explains_is_softened(write: Write) -> None:
    """Four tests at p = 0.03: each adjusted to 0.04 or 0.06 by their number."""
    question = write()
    p_values = {"one/a": 0.001, "one/b": 0.04, "one/c": 0.9, "two/d": 0.04}
    answers = [_answer(replace(question, id=name), verdict="fail", p_value=p) for name, p in p_values.items()]
    answers.append(_answer(replace(question, id="one/e"), verdict="fail"))
    found = {a.question.id: a for a in correct(answers)}
    assert {name: a.verdict for name, a in found.items()} == {"one/a": "fail", "one/b": "info", "one/c": "info", "two/d": "fail", "one/e": "fail"}
    assert found["one/b"].adjusted_p == pytest.approx(0.06)
    assert found["one/b"].sentence.endswith("This may be chance: p = 0.06 after correcting for every test of this section.")
    assert found["one/e"].adjusted_p is None
    assert [a.values for a in correct(answers)] == [a.values for a in answers]


def test_what_broke_is_one_short_line(write: Write) -> None:
    answer = broken(write(), "first line\nsecond " + "x" * 500)
    assert (answer.verdict, answer.reason) == ("error", "first line")
    assert len(broken(write(), "x" * 500).reason) == 200
