"""Every question says of its cases what they want."""

from pathlib import Path

import pytest

from llmlogs import resources
from llmlogs.pack import cases, index, rows
from llmlogs.pack.lint import lint
from llmlogs.pack.load import load
from llmlogs.pack.model import Question
from llmlogs.pack.run import run

HERE = Path(__file__).parent
PACK = load([resources.folder("queries")])
FILES = sorted(HERE.glob("*/*.toml"))
CASES = [pytest.param(path, case, id=f"{path.parent.name}/{path.stem}: {case.name}") for path in FILES for case in cases.read(path)]


@pytest.mark.parametrize(("path", "case"), CASES)
def test_case(path: Path, case: cases.Case) -> None:
    answer = cases.ask(PACK.find(f"{path.parent.name}/{path.stem}"), case)
    assert cases.complaints(answer, case.want) == []


def test_every_question_has_cases_and_every_case_file_a_question() -> None:
    assert {f"{path.parent.name}/{path.stem}" for path in FILES} == {question.id for question in PACK.questions}


def test_every_file_of_the_pack_parses() -> None:
    assert PACK.warnings == ()


@pytest.mark.parametrize("question", PACK.questions, ids=lambda question: question.id)
def test_every_question_is_sound(question: Question) -> None:
    assert lint(question) == []


@pytest.mark.parametrize("question", PACK.questions, ids=lambda question: question.id)
def test_every_file_runs_twice_in_a_plain_shell(question: Question) -> None:
    """No runner: the whole file as it stands, pasted twice into one session."""
    con = rows.database()
    try:
        for statement in [*con.extract_statements(question.sql), *con.extract_statements(question.sql)]:
            con.execute(statement).fetchall()
    finally:
        con.close()


def test_every_question_is_unknown_on_an_empty_database() -> None:
    """Never ok where nothing was seen, and never an error."""
    con = rows.database()
    try:
        answers = run(con, PACK.questions)
    finally:
        con.close()
    assert {a.question.id: a.verdict for a in answers} == {q.id: "unknown" for q in PACK.questions}


def test_the_readme_lists_every_question_as_it_is() -> None:
    """Stale: python -m llmlogs.pack.index"""
    text = (resources.folder("queries") / "README.md").read_text(encoding="utf-8")
    assert text == index.renewed(text, PACK)
