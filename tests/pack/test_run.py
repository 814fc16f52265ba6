"""Each question runs on its own cursor; one that fails leaves the others alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from llmlogs.errors import StorageError, UsageError
from llmlogs.pack import rows
from llmlogs.pack.model import Answer, Question
from llmlogs.pack.run import Connection, run
from llmlogs.store.database import open_for_write

Write = Callable[..., Question]
SLOW = "select count(*) as model from range(100000000000) a where range % 7 = 3;"


@pytest.fixture
def con() -> Iterator[Connection]:
    """Ten calls with a status and a model."""
    con = rows.database()
    rows.insert(con, "calls", [{"repeat": 10, "status": "ok", "request_model": ["b", "a"]}])
    yield con
    con.close()


def _one(con: Connection, question: Question, **options: object) -> Answer:
    return run(con, [question], **options)[0]  # type: ignore[arg-type]


def test_results_come_by_name_in_order(con: Connection, write: Write) -> None:
    answer = _one(con, write())
    assert (answer.verdict, answer.sentence) == ("fail", "10 calls are more than 5.")
    assert list(answer.results) == ["verdict", "evidence"]
    assert answer.results["evidence"].rows == (("a",),) * 5 + (("b",),) * 5
    assert answer.needs[0].state == "answered"
    assert answer.seconds > 0


def test_a_parameter_changes_the_answer_and_is_kept(con: Connection, write: Write) -> None:
    answer = run(con, [write()], {"most": 10})[0]
    assert (answer.verdict, answer.parameters) == ("ok", {"most": 10})
    with pytest.raises(UsageError, match="moot"):
        run(con, [write()], {"moot": 10})


def test_a_question_sees_nothing_of_another(con: Connection, write: Write) -> None:
    leaves = write(("with params as (", "create temp table left_over as select 1 as x;\nwith params as ("))
    peeks = write(("select request_model as model from calls order by 1", "select x as model from left_over"))
    first, second, third = run(con, [leaves, peeks, leaves], {"most": 10})
    assert (first.verdict, second.verdict, third.verdict) == ("ok", "error", "ok")
    assert "left_over" in second.reason
    assert con.execute("select count(*) from duckdb_tables() where table_name = 'left_over'").fetchall() == [(0,)]


def test_rows_beyond_the_limit_are_counted(con: Connection, write: Write) -> None:
    evidence = _one(con, write(), max_rows=3).results["evidence"]
    assert (len(evidence.rows), evidence.total_rows) == (3, 10)


@pytest.mark.parametrize(
    "statement", ["delete from call_rows", "create table x as select 1", "attach ':memory:' as other", "copy calls to '/dev/null'", "set threads = 1"]
)
def test_a_question_only_reads(con: Connection, write: Write, statement: str) -> None:
    answer = _one(con, write(("with params as (", f"{statement};\nwith params as (")))
    assert answer.verdict == "error"
    assert "only reads" in answer.reason
    assert con.execute("select count(*) from calls").fetchall() == [(10,)]


def test_results_must_be_those_it_names(con: Connection, write: Write) -> None:
    answer = _one(con, write(('needs = ["calls.status"]', 'results = ["verdict"]')))
    assert (answer.verdict, "2 selects" in answer.reason) == ("error", True)


def test_a_question_that_takes_too_long_is_stopped(con: Connection, write: Write) -> None:
    slow, quick = write(("select request_model as model from calls order by 1;", SLOW)), write()
    first, second = run(con, [slow, quick], timeout_s=0.3)
    assert (first.verdict, first.reason) == ("error", "it took longer than 0.3 seconds")
    assert second.verdict == "fail"


def test_the_users_interrupt_is_no_answer(con: Connection, write: Write) -> None:
    """Ctrl-C ends the command; without a time limit an interrupt can be nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("llmlogs.pack.run.results", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(con, [write()])


def _interrupted(*_: object) -> None:
    raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")


def test_an_unsound_need_breaks_its_own_card_only(con: Connection, write: Write) -> None:
    broken = write(("calls.status", "calls.status where no_such_column"))
    coverage = write(("needs = ", 'method = "stats.needs"\nneeds = '))
    first, second, third = run(con, [broken, coverage, write(("needs = ", 'method = "stats.nothing"\nneeds = '))])
    assert (first.verdict, second.verdict, third.verdict) == ("error", "fail", "error")
    assert "no such method" in third.reason


def test_a_file_is_opened_read_only_and_closed(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "x.duckdb"
    open_for_write(path).close()
    assert run(path, [write()])[0].values["n"] == 1  # the question itself counts the one row of its left join
    open_for_write(path).close()
    with pytest.raises(StorageError):
        run(tmp_path / "absent.duckdb", [])
