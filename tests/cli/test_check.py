"""`llmlogs check` as cron and CI meet it: exit codes, streams, settings."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Run
from tests.cli.test_manners import check, log


@pytest.fixture
def read(llmlogs: Run, tmp_path: Path) -> Run:
    llmlogs("ingest", log(tmp_path, 200))
    return llmlogs


def test_clean_is_one_line_or_none(read: Run) -> None:
    done = read("check", "--max", "errors/by_class=0.5")
    assert (done.code, done.out, done.err) == (0, "clean: 1 threshold\n", "")
    assert read("check", "--max", "errors/by_class=0.5", "--quiet").out == ""


def test_an_alarm_is_exit_code_one_in_every_output(read: Run, tmp_path: Path) -> None:
    (tmp_path / "llmlogs.toml").write_text('[[budget]]\nname = "cents"\namount_usd = 0.001\nperiod = "day"\n')
    text = read("check", "cost/budgets")
    check(text, 1)
    assert text.out.startswith("FAIL    cost/budgets: Budget cents is spent")
    body = read("check", "cost/budgets", "--json", "--junit", "out.xml")
    assert (body.code, json.loads(body.out)["alarms"]) == (1, 1)
    assert ElementTree.parse(tmp_path / "out.xml").getroot().get("failures") == "1"  # noqa: S314 - our own output
    assert "### ❌" in read("check", "cost/budgets", "--markdown").out


def test_a_day_of_the_log_can_be_looked_at_again(read: Run) -> None:
    check(read("check", "cost/budgets", "--param", "as_of=2026-11-01T09:00:00"), 0)


def test_wrong_usage_is_exit_code_two(read: Run, tmp_path: Path) -> None:
    check(read("check", "--json", "--markdown"), 2, "at once")
    check(read("check", "cost/budgts"), 2, "did you mean cost/budgets")
    check(read("check", "zz*"), 2, "no question goes by this pattern")
    check(read("check", "--max", "cost=1"), 2, "not a bound for --max")
    check(read("check", "--param", "zz=1"), 2, "no such parameter")
    check(read("check", "--fail-on", "all"), 2, "--fail-on")
    check(read("check", "cost/budgets", "--junit", "no/out.xml"), 5, "no/out.xml")
    (tmp_path / "llmlogs.toml").write_text('\n[[check]]\nquestion = "cost/budgets"\nmx = 1\n')
    check(read("check"), 2, "llmlogs.toml:4", "did you mean `max`?")


def test_no_database_yet(llmlogs: Run) -> None:
    check(llmlogs("check"), 5, "no database")
