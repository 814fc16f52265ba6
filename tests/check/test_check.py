"""The gate: which findings there are, which of them alarm, and how each output tells it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from llmlogs import api, goals
from llmlogs.check import outputs
from llmlogs.check.model import Finding, Outcome, Wanted, of_options
from llmlogs.check.run import check
from llmlogs.errors import NoInputError, UsageError
from llmlogs.pack.load import load

BROKEN = "/*---\nquestion='x'\npasses='x'\nfails='x'\nwhy='x'\nfix='x'\nneeds=['calls.status']\n---*/\nselect nonsense;\nselect 1;\n"


def _line(number: int) -> str:
    row: dict[str, Any] = {
        "format": "llmlogs/1", "timestamp": f"2026-11-0{1 + number % 3}T09:{number % 60:02}:00Z", "call_id": f"c{number}", "provider": "openai",
        "model": "gpt-4o-mini" if number < 195 else "no-such-model", "feature": "=chat" if number % 2 else "search",
        "status": "error" if number % 20 == 0 else "ok",
        "status_code": 500 if number % 20 == 0 else 200, "input_tokens": 1000, "output_tokens": 1000,
    }  # fmt: skip
    return json.dumps(row) + "\n"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 calls, 10 of them failed, 5 of a model without a price; each other costs 0.00075 USD."""
    folder = tmp_path_factory.mktemp("check")
    (folder / "app.jsonl").write_text("".join(map(_line, range(200))))
    api.ingest(folder / "app.jsonl", db=folder / "x.duckdb")
    return folder / "x.duckdb"


@pytest.fixture
def verdicts(db: Path) -> Callable[..., dict[str, tuple[str, bool]]]:
    """A function that checks and gives (verdict, alarm) of each finding by its name."""

    def made(*names: str, entries: tuple[dict[str, Any], ...] = (), **options: Any) -> dict[str, tuple[str, bool]]:
        wanted = Wanted(names, goals.read("check", list(entries)), **options)
        return {f.name: (f.verdict, f.alarm) for f in check(db, load(), wanted).findings}

    return made


def test_everything_is_asked_where_nothing_is_named(verdicts: Any) -> None:
    found = verdicts(entries=({"question": "errors/by_class", "max": 0.5}, {"name": "none", "sql": "from calls where false"}))
    assert set(found) == {q.id for q in load().questions} | {"errors/by_class.value", "none"}
    assert found["errors/by_class"][1] == (found["errors/by_class"][0] == "fail")


def test_questions_are_named_by_id_section_glob_and_checks_by_their_name(verdicts: Any) -> None:
    entries = ({"question": "errors/by_class", "max": 0.5}, {"name": "none", "sql": "from calls where false"})
    assert set(verdicts("cost/by_model", entries=entries)) == {"cost/by_model"}
    assert set(verdicts("errors", entries=entries)) == {q.id for q in load().questions if q.section == "errors"} | {"errors/by_class.value"}
    assert set(verdicts("cost/by_*", "cost/by_user")) == {q.id for q in load().questions if q.id.startswith("cost/by_")}
    assert set(verdicts("no*", entries=entries)) == {"none"}


@pytest.mark.parametrize(("gate", "alarming"), [("fail", set()), ("warn", {"warn"}), ("unknown", {"warn", "unknown"})])
def test_each_gate_takes_in_what_is_before_it(verdicts: Any, gate: Any, alarming: set[str]) -> None:
    found = verdicts("errors/by_class", "cost/unpriced", "cache/prefix_cache", fail_on=gate)
    assert {name: verdict for name, (verdict, _) in found.items()} == {"errors/by_class": "warn", "cost/unpriced": "warn", "cache/prefix_cache": "unknown"}
    assert {verdict for verdict, alarm in found.values() if alarm} == alarming


def test_a_question_may_have_a_gate_of_its_own(verdicts: Any) -> None:
    found = verdicts("errors/by_class", "cost/unpriced", entries=({"question": "errors/by_class", "fail_on": "warn"},))
    assert found == {"errors/by_class": ("warn", True), "cost/unpriced": ("warn", False)}


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({"most": ["errors/by_class=0.05"]}, "ok"),  # 10 of 200 are not above it
        ({"most": ["errors/by_class=0.0499"]}, "fail"),
        ({"least": ["errors/by_class.n=200"]}, "ok"),
        ({"least": ["errors/by_class.n=201"]}, "fail"),
        ({"most": ["cost/by_feature.evidence.n_calls=100"]}, "ok"),
        ({"most": ["cost/by_feature.evidence.n_calls=99.5"]}, "fail"),
        ({"most": ["cache/prefix_cache=1"]}, "unknown"),  # no bound is kept by what nobody can tell
    ],
)
def test_a_bound_on_the_command_line_runs_alone(verdicts: Any, options: dict[str, list[str]], verdict: str) -> None:
    found = verdicts(bounds=of_options(options.get("most", []), options.get("least", [])))
    assert list(found.values()) == [(verdict, verdict == "fail")]


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        ({"sql": "select count(*) from calls", "max": 200}, "ok"),
        ({"sql": "select count(*) from calls", "max": 199}, "fail"),
        ({"sql": "select count(*) from calls", "min": 201, "level": "warn"}, "warn"),
        ({"sql": "select null::int", "max": 1}, "unknown"),
        ({"sql": "select 'nan'::double", "max": 1}, "unknown"),
        ({"sql": "select feature, count(*) as n from calls group by 1"}, "fail"),
        ({"question": "errors/by_class", "max": 0.01, "min_calls": 201}, "unknown"),
        ({"question": "errors/by_class", "max": 0.01, "min_calls": 200}, "fail"),
    ],
)
def test_a_check_of_the_configuration(verdicts: Any, entry: dict[str, Any], verdict: str) -> None:
    found = verdicts("mine", entries=({"name": "mine"} | entry,))
    assert found == {"mine": (verdict, verdict == "fail")}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"sql": "select 1, 2", "max": 1}, "selects one number"),
        ({"sql": "select 'x'", "max": 1}, "a bound is on a number"),
        ({"sql": "select nonsense"}, "the check 'mine' cannot be made"),
        ({"sql": "copy calls to '/tmp/never.csv'"}, "the check 'mine' cannot be made"),
        ({"sql": "from read_csv('/etc/passwd')"}, "the check 'mine' cannot be made"),
        ({"question": "errors/by_class", "column": "nope", "max": 1}, "no such column"),
        ({"question": "errors/by_class", "result": "nope", "max": 1}, "no such result"),
        ({"question": "errors/nope", "max": 1}, "no such question"),
    ],
)
def test_a_check_that_cannot_be_made_is_told(verdicts: Any, entry: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        verdicts("mine", entries=({"name": "mine"} | entry,))


@pytest.mark.parametrize("text", ["errors=1", "errors/by_class", "errors/by_class=x", "errors/by_class=nan", "errors/by_class.a.b.c=1", ""])
def test_what_is_no_bound(text: str) -> None:
    with pytest.raises(UsageError, match="not a bound for --max"):
        of_options([text], [])


def test_the_lower_of_the_priced_shares_must_reach_the_floor(verdicts: Any) -> None:
    assert verdicts(bounds=of_options(["errors/by_class=1"], []), priced_floor=0.975)["price coverage"] == ("ok", False)  # 195 of 200
    assert verdicts(bounds=of_options(["errors/by_class=1"], []), priced_floor=0.976)["price coverage"] == ("fail", True)


def test_a_question_that_breaks_is_not_clean(db: Path, tmp_path: Path) -> None:
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "mine.sql").write_text(BROKEN)
    outcome = check(db, load([tmp_path]), Wanted(("errors/mine",)))
    assert (outcome.findings[0].verdict, outcome.code) == ("error", 1)
    outcome = check(db, load([tmp_path]), Wanted(bounds=of_options(["errors/mine=1"], [])))
    assert (outcome.findings[0].verdict, outcome.code) == ("error", 1)


def test_nothing_seen_is_not_clean(tmp_path: Path) -> None:
    (tmp_path / "app.jsonl").write_text('{"format": "llmlogs/1", "type": "event", "at": "2026-11-01T09:00:00Z", "kind": "deploy"}\n')
    api.ingest(tmp_path / "app.jsonl", db=tmp_path / "x.duckdb")
    with pytest.raises(NoInputError, match="holds no call"):
        check(tmp_path / "x.duckdb", load(), Wanted())


HOSTILE = Outcome(
    (
        Finding("a/b", "verdict", "fail", True, "x | <script> \x1b[31m\x00]]> &", "do | it", n=3, seconds=0.25),
        Finding("c/d", "verdict", "unknown", False, "log it"),
        Finding("e/f", "verdict", "error", True, "broke"),
        Finding("g", "sql", "ok", False, "fine", value=0.5, bound="at most 1"),
        Finding("h", "threshold", "warn", False, "nearly"),
    )
)


def test_text_tells_the_alarms_and_one_line_when_clean() -> None:
    assert outputs.lines(HOSTILE) == [
        "FAIL    a/b: x | <script> \\x00]]> &",
        "        fix: do | it",
        "ERROR   e/f: broke",
        "2 alarms in 3 questions, 1 threshold, 1 SQL check; 1 warn, 1 unknown",
    ]
    assert len(outputs.lines(HOSTILE, verbose=True)) == 7
    assert outputs.lines(Outcome((HOSTILE.findings[1],))) == ["clean: 1 question; 1 unknown"]


def test_json_holds_everything() -> None:
    body = json.loads(outputs.as_json(HOSTILE))
    assert {key: body[key] for key in ("clean", "exit_code", "alarms", "counts")} == {
        "clean": False, "exit_code": 1, "alarms": 2, "counts": {"fail": 1, "warn": 1, "error": 1, "unknown": 1, "info": 0, "ok": 1},
    }  # fmt: skip
    assert body["findings"][3] == {
        "name": "g", "kind": "sql", "verdict": "ok", "alarm": False, "sentence": "fine", "fix": "",
        "value": 0.5, "bound": "at most 1", "n": None, "seconds": 0.0,
    }  # fmt: skip


def test_junit_is_xml_whatever_a_log_holds() -> None:
    suite = ElementTree.fromstring(outputs.as_junit(HOSTILE))[0]  # noqa: S314 - our own output
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "5", "failures": "1", "errors": "1", "skipped": "1", "time": "0.250",
    }  # fmt: skip
    assert [[part.tag for part in case] for case in suite] == [["failure"], ["skipped"], ["error"], ["system-out"], ["system-out"]]
    failure = suite[0][0]
    assert (failure.get("message"), failure.text) == ("x | <script> \\x00]]> &", "do | it")


def test_markdown_is_a_table_whatever_a_log_holds() -> None:
    lines = outputs.as_markdown(HOSTILE).splitlines()
    assert lines[0] == "### ❌ llmlogs check: 2 alarms in 3 questions, 1 threshold, 1 SQL check; 1 warn, 1 unknown"
    assert lines[4] == "| fail | a/b | x \\| &lt;script&gt; \\\\x00\\]\\]&gt; &amp;<br>do \\| it |"
    assert outputs.as_markdown(Outcome((HOSTILE.findings[3],))).startswith("### ✅ llmlogs check: clean")
