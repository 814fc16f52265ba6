"""A question file is read as it stands, and a broken one says where."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmlogs.pack.model import Chart, Column, Question
from llmlogs.pack.parse import QuestionError, body, parse
from tests.pack.conftest import BODY, HEADER

Write = Callable[..., Question]


def test_header_and_body_become_a_question(write: Write) -> None:
    chart = '[[chart]]\nkind = "bars"\nresult = "verdict"\ntitle = "{n}"\nx = "model"\n[columns]'
    question = write(("[columns]", chart), ('label = "Most", ', ""))
    assert question.needs == ("calls.status",)
    assert question.results == ("verdict", "evidence")
    assert question.section == "one"
    assert question.charts == (Chart("bars", "verdict", "{n}", {"x": "model"}),)
    assert question.columns == {"model": Column("model", "Model"), "most": Column("most", "most", "int")}
    assert [(p.name, p.default, p.meaning) for p in question.parameters] == [("most", "5", "calls that are too many")]
    assert body(question) == BODY


def test_one_chart_may_be_a_plain_table(write: Write) -> None:
    assert write(("[columns]", '[chart]\nkind = "bars"\n[columns]')).charts == (Chart("bars"),)


def test_carriage_returns_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "two.sql"
    path.write_bytes((HEADER + BODY).replace("\n", "\r\n").encode())
    assert parse(path, "one/two").passes == "{n:call|calls}."


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("/*---\n", "/*\n", 1, "no header"),
        ('question = "How many calls?"', 'question = "How', 2, "not TOML"),
        ('needs = ["calls.status"]', 'need = ["calls.status"]', 3, "unknown key"),
        ('why = "It shows."', 'why = " "', 1, "why is missing or empty"),
        ('needs = ["calls.status"]', 'needs = "calls.status"', 3, "wrong type"),
        ('needs = ["calls.status"]', "min_calls = true", 3, "wrong type"),
        ('needs = ["calls.status"]', 'min_calls = "9"', 3, "wrong type"),
        ('needs = ["calls.status"]', "engine = 1", 3, "wrong type"),
        ('needs = ["calls.status"]', "columns = 3", 3, "wrong type"),
        ("[columns]", "[chart]\nx = 1\n[columns]", 8, "wrong type"),
        ('unit = "int"', "unit = 3", 8, "wrong type"),
        ('unit = "int"', 'units = "int"', 8, "wrong type"),
    ],
)
def test_a_broken_header_names_its_line(write: Write, old: str, new: str, line: int, told: str) -> None:
    replacements = [(old, new)]
    if new.startswith("columns"):
        replacements.append(('[columns]\nmodel = { label = "Model" }\nmost = { label = "Most", unit = "int" }\n', ""))
    with pytest.raises(QuestionError) as caught:
        write(*replacements)
    assert told in str(caught.value)
    assert f"two.sql:{line}" in str(caught.value)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "two.sql").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(QuestionError, match="cannot be read"):
        parse(tmp_path / "two.sql", "one/two")
    with pytest.raises(QuestionError, match="cannot be read"):
        parse(tmp_path / "absent.sql", "one/absent")


def test_a_header_needs_no_more_than_its_texts(write: Write) -> None:
    question = write(('needs = ["calls.status"]\n', ""), ('[columns]\nmodel = { label = "Model" }\nmost = { label = "Most", unit = "int" }\n', ""))
    assert (question.needs, question.min_calls, question.columns, question.charts) == ((), 0, {}, ())
