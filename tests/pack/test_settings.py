"""Budgets and SLOs reach the questions that read them, and no other; a file must declare them as the runner does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmlogs import goals
from llmlogs.errors import UsageError
from llmlogs.pack import cases, rows
from llmlogs.pack.lint import lint
from llmlogs.pack.model import Question
from llmlogs.pack.run import run
from llmlogs.pack.settings import declaration

ROWS = goals.tables({"slo": goals.read("slo", [{"name": "a", "metric": "ttft", "target_ms": 7}])}, "UTC")


def asking(write: Callable[..., Question]) -> Question:
    """A question that says the target of the SLO there is."""
    return write(
        ("with params", f"{declaration('stat_slos')};\nwith params"),
        ("'ok' end as verdict", "'ok' end as verdict, (select max(target_ms) from stat_slos) as target"),
    )


def test_a_question_that_names_the_table_finds_the_rows(write: Callable[..., Question]) -> None:
    question, con = asking(write), rows.database()
    try:
        assert lint(question) == []
        assert run(con, [question], tables=ROWS)[0].values["target"] == 7
        assert run(con, [question])[0].values["target"] is None
    finally:
        con.close()


def test_a_declaration_of_its_own_is_a_complaint(write: Callable[..., Question]) -> None:
    question = write(
        ("with params", "create temp table if not exists stat_slos (target_ms double);\nwith params"),
        ("'ok' end as verdict", "'ok' end as verdict, (select max(target_ms) from stat_slos) as target"),
    )
    assert ["stat_slos is not the runner's" in complaint for complaint in lint(question)] == [True]


def test_a_case_sets_them(write: Callable[..., Question], tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    kinds = "".join(f'[[case]]\nname = "{kind}"\nlike = "healthy"\nwant = {{ verdict = "unknown" }}\n' for kind in cases.MANDATORY[1:])
    first = '[[case]]\nname = "healthy"\nwant = { verdict = "unknown" }\nsettings.slo = [{ name = "a", metric = "ttft", target_ms = %s }]\n'
    path.write_text(first % "7" + kinds)
    for case in cases.read(path):
        assert cases.ask(asking(write), case).values["target"] == 7
    path.write_text(first % '"x"' + kinds)
    with pytest.raises(UsageError, match=r"x\.toml: healthy"):
        cases.read(path)
