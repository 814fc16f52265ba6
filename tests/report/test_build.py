"""From answers to a report: what leads, what is folded, what is missing, and every count of the trust header."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hand_made import HOSTILE, NOW, START, answer, answers, database, hostile_answers, report

from llmlogs.errors import UsageError
from llmlogs.pack.model import Chart, Need, Result
from llmlogs.report import clean, layout
from llmlogs.report.build import build, card
from llmlogs.report.header import read_header
from llmlogs.report.model import Report, Trend, headline
from llmlogs.report.sparkline import draw
from llmlogs.report.trend import bucket, of_card, spread, words
from llmlogs.store.database import open_for_write


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = database(tmp_path / "a.duckdb")
    yield con
    con.close()


@pytest.fixture
def full(con: duckdb.DuckDBPyConnection) -> Report:
    return report(con, answers())


def test_the_header_counts_everything(full: Report) -> None:
    """Every record in one place, the sums agree, money and tokens with the share that is priced."""
    h = full.header
    assert (h.files, h.lines, h.records, h.calls, h.merged, h.skipped, h.rejected, h.pending_bytes) == (1, 252, 250, 240, 4, 3, 3, 17)
    assert h.balanced
    assert h.spend_usd == Decimal("0.0123") * 235
    assert h.priced_calls == h.priced_tokens == 235 / 240
    assert (h.first_at, h.last_at) == (START, START + timedelta(minutes=14 * 239))
    assert [(g.name, g.calls) for g in h.models] == [("claude-y", 120), ("gpt-x", 120)]
    assert [(r.path, r.line) for r in h.rejects] == [("logs/gpt-x.jsonl", 9), ("logs/gpt-x.jsonl", 10), ("logs/gpt-x.jsonl", 11)]
    assert h.price_book == "genai-prices 0.2.3"


def test_the_trends_add_up_to_the_totals(full: Report) -> None:
    """A sparkline holds every call and every cent."""
    calls, spend = full.header.trends
    assert sum(v or 0 for v in calls.values) == 240
    assert sum(v or 0 for v in spend.values) == pytest.approx(0.0123 * 235)
    assert calls.bucket == "1 h"


def test_accounts_that_do_not_add_up_are_said(con: duckdb.DuckDBPyConnection) -> None:
    """A lost line must not hide."""
    con.execute("update files set records = records + 1")
    assert not report(con, []).header.balanced


def test_a_sampled_log_is_weighted(con: duckdb.DuckDBPyConnection) -> None:
    """A row that stands for ten calls spends ten times its cost."""
    con.execute("alter table call_rows add column sample_weight double")
    con.execute("update call_rows set sample_weight = 10")
    from llmlogs.schema import ddl
    from llmlogs.store.database import physical_columns

    con.execute(ddl.calls_view(physical_columns(con)))
    header = report(con, []).header
    assert header.weighted_calls == 2400
    assert header.spend_usd == Decimal("0.123") * 235


def test_a_refused_call_does_not_count_as_unpriced(con: duckdb.DuckDBPyConnection) -> None:
    """What is billed nothing needs no price."""
    con.execute("update call_rows set status = 'error', input_tokens = null, output_tokens = null where cost_usd is null")
    assert report(con, []).header.priced_calls == 1


def test_nothing_priced_is_zero_and_no_tokens_are_not(con: duckdb.DuckDBPyConnection) -> None:
    """Calls without any price are 0 % priced; tokens nobody recorded have no share."""
    con.execute("update call_rows set cost_usd = null, cost_status = 'usage_missing', input_tokens = null, output_tokens = null")
    header = report(con, []).header
    assert (header.priced_calls, header.priced_tokens, header.spend_usd) == (0, None, None)
    assert header.priced == "0% of calls priced, no tokens recorded; nothing bounds 240 calls"


def test_sections_worst_first(full: Report) -> None:
    """Problems before warnings before the rest; passed and unanswered apart."""
    by_id = {s.id: s for s in full.sections}
    assert [s.id for s in full.sections] == ["latency", "limits", "cache", "errors", "streaming", "tokens", "cost", "zebra"]
    assert [c.verdict for c in by_id["latency"].cards] == ["warn", "info", "info"]
    assert [c.id for c in by_id["errors"].passed] == ["errors/by_class"]
    assert [c.id for c in by_id["streaming"].unanswered] == ["streaming/time_to_first_token", "streaming/stalls"]


def test_the_strip_speaks_of_the_worst(full: Report) -> None:
    """Six questions and cost in their order; a problem speaks before the lead question; a broken question is only mentioned."""
    assert [(i.section, i.verdict) for i in full.strip] == [
        ("latency", "warn"), ("limits", "fail"), ("cache", "warn"), ("errors", "ok"), ("streaming", "unknown"), ("tokens", "unknown"), ("cost", "info"),
    ]  # fmt: skip
    assert full.strip[-1].more == "also 1 error"
    assert full.strip[1].trend is not None


def test_more_than_one_alarm_is_counted(con: duckdb.DuckDBPyConnection) -> None:
    """The strip has room for one sentence; the others are counted."""
    given = [answer(f"errors/{n}", v, "x") for n, v in (("a", "warn"), ("b", "fail"), ("c", "warn"), ("d", "fail"))]
    found = next(i for i in report(con, given).strip if i.section == "errors")
    assert (found.verdict, found.more) == ("fail", "also 1 problem, 2 warnings")


def test_headline(con: duckdb.DuckDBPyConnection, full: Report) -> None:
    """The whole report in one line."""
    assert headline(full) == "1 problem, 2 warnings, 1 error, 5 answered without alarm, 4 not measurable"
    assert headline(report(con, [answer("errors/a", "ok", "fine")])) == "Nothing wrong found in 1 answered question"
    assert headline(report(con, [])) == "No question was run"


def test_gaps_are_grouped_by_what_is_missing(full: Report) -> None:
    """One field may answer several questions: it comes first."""
    assert [(g.fields, [q for q, _ in g.questions]) for g in full.gaps] == [
        (("ttft_ms on streamed calls",), ["streaming/time_to_first_token", "streaming/stalls"]),
        (("app_cache",), ["cache/staleness"]),
        ((), ["tokens/drift"]),
    ]
    assert full.gaps[-1].reason == "Only 6 of the 14 days that would settle it are logged."


def test_chart_titles_are_filled() -> None:
    """A title is a sentence template like the others; without one it is the finding."""
    one = card(answer("a/b", "fail", "the finding", charts=(Chart("bars", title="first {n:int}"), Chart("bars")), values={"n": 1284}))
    assert [c.title for c in one.charts] == ["first 1,284", "the finding"]


def test_an_unknown_unit_is_shown_as_it_is() -> None:
    """A user's misspelt unit costs the format, not the report."""
    one = card(answer("a/b", "ok", "x", columns={"n": ("N", "furlong")}, rows=((5,),)))
    assert one.tables[0].columns[0].unit == ""


def test_nothing_hostile_is_left(con: duckdb.DuckDBPyConnection) -> None:
    """Every text of the model is printable, short and can be written as UTF-8."""
    built = report(con, hostile_answers())
    texts = [
        t for s in built.sections for c in (*s.cards, *s.passed) for t in (c.sentence, c.reason, *(str(v) for table in c.tables for r in table.rows for v in r))
    ]
    assert all(t.isprintable() and len(t) <= 1200 for t in texts)
    assert max(len(g.reason) for g in built.gaps) <= 1200


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(2**70, float(2**70)), (float("nan"), None), (Decimal("Infinity"), None), ([1, "a\x00"], "1, a\\x00"), (True, True), (None, None), ({"a": 1}, "{'a': 1}")],
)
def test_clean_value(raw: object, expected: object) -> None:
    """Whatever SQL returns, JSON can carry."""
    assert clean.value(raw) == expected


def test_own_text_keeps_its_lines() -> None:
    """SQL must stay runnable."""
    assert clean.own("select 1;\n\tselect '\ud800\u202e\x1b'") == "select 1;\n\tselect '?'"


def test_layout_overlay(tmp_path: Path) -> None:
    """A user's folder overrides file by file; an unknown name lists the known; a broken file says where."""
    folder = tmp_path / "default"
    folder.mkdir()
    assert layout.load(places=(tmp_path,)).title == "LLM call report"
    (folder / "report.toml").write_text('title = "Mine"\n[[section]]\nid = "cost"\ntitle = "Money"\n', encoding="utf-8")
    mine = layout.load(places=(tmp_path,))
    assert (mine.title, mine.topics[0].title, mine.topic("odd").title) == ("Mine", "Money", "Odd")
    with pytest.raises(UsageError, match="default"):
        layout.load("nothing")
    (folder / "report.toml").write_text("title = ", encoding="utf-8")
    with pytest.raises(UsageError, match=r"report\.toml"):
        layout.load(places=(tmp_path,))
    (folder / "report.toml").write_text("[[section]]\ntitle = 'no id'", encoding="utf-8")
    with pytest.raises(UsageError, match="id"):
        layout.load(places=(tmp_path,))


def test_a_project_has_a_report_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """./.llmlogs/reports is looked at first, then the user's folder, then the built-in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    for place, title in ((tmp_path / "config" / "llmlogs", "user"), (tmp_path / ".llmlogs", "project")):
        (place / "reports" / "default").mkdir(parents=True)
        (place / "reports" / "default" / "report.toml").write_text(f"title = '{title}'", encoding="utf-8")
        assert layout.load().title == title


def test_a_section_nobody_asked_is_not_in_the_strip(con: duckdb.DuckDBPyConnection) -> None:
    """With --only there is no row of unknowns."""
    assert [i.section for i in report(con, [answer("cost/a", "ok", "x")]).strip] == ["cost"]


def test_the_same_input_gives_the_same_report(con: duckdb.DuckDBPyConnection) -> None:
    """Only the clock differs."""
    one, two = report(con, answers()), build(con, answers(), now=NOW, version="9.9.9")
    assert one == two


def test_an_empty_database(tmp_path: Path) -> None:
    """Nothing is NULL that should be zero, and nothing is zero that was not recorded."""
    con = database(tmp_path / "e.duckdb", calls=0)
    con.execute("delete from files")
    h = report(con, []).header
    con.close()
    assert (h.files, h.calls, h.records, h.spend_usd, h.priced_calls, h.first_at, h.trends) == (0, 0, 0, None, None, None, ())


# --- trends ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"minutes": 5}, "5 min"),
        ({"hours": 1}, "1 h"),
        ({"days": 1}, "1 day"),
        ({"days": 7}, "7 days"),
        ({"seconds": 90}, "90 s"),
        ({"milliseconds": 1500}, "1.50 s"),
    ],
)
def test_words_of_a_bucket(step: dict[str, float], expected: str) -> None:
    """As a person says it."""
    assert words(timedelta(**step)) == expected


def test_spread_adds_and_keeps_gaps() -> None:
    """Rows of one window add up; a window without a row is a gap, or empty where bars stand."""
    hour = timedelta(hours=1)
    points = [(START, 1.0), (START, 2.0), (START + 2 * hour, None)]
    assert spread(points, hour) == (3.0, None, None)
    assert spread(points, hour, empty=0.0) == (3.0, 0.0, None)
    assert spread([(START, 1.0), (START + 9000 * hour, 1.0)], hour) == ()
    assert bucket([START]) is None


def test_only_additive_series_become_one_line() -> None:
    """Shares of different wholes do not add up to a trend."""
    for unit, has in (("int", True), ("pct1", False)):
        rows = tuple((START + timedelta(hours=h), name, 0.1) for h in range(3) for name in "ab")
        given = answer(
            "a/b",
            "ok",
            "x",
            results={"t": Result("t", ("at", "name", "y"), rows, 6)},
            charts=(Chart("bars-over-time", "t", options={"x": "at", "y": "y", "by": "name"}),),
            columns={"at": ("At", "time"), "name": ("Name", ""), "y": ("Y", unit)},
        )
        assert (of_card(card(given)) is not None) == has
    assert of_card(card(answer("a/b", "ok", "x", charts=(Chart("bars-over-time", options={"x": "at", "y": "none"}),), columns={"at": ("At", "time")}))) is None


def test_several_columns_are_no_trend() -> None:
    """The small line beside a verdict must not be the wrong one of two."""
    columns = {"at": ("At", "time"), "a": ("A", "int"), "b": ("B", "int")}
    rows = tuple((START + timedelta(hours=h), 1, 2) for h in range(3))
    for y, has in ((["a", "b"], False), (["b"], True), ("b", True)):
        chart = Chart("bars-over-time", options={"x": "at", "y": y})
        assert (of_card(card(answer("a/b", "ok", "x", columns=columns, rows=rows, charts=(chart,)))) is not None) == has


def test_sparkline() -> None:
    """Two stretches for a line with a gap, a dot for a lone value, and the same in words."""
    line = draw(Trend("calls", "1 h", "int", (1.0, 2.0, None, 4.0)))
    assert line.line == "M0.0 20.0 L40.0 14.0 M120.0 2.0 L120.0 2.0"
    assert line.words == "calls per 1 h: highest 4, last 4"
    assert draw(Trend("calls", "1 h", "int", (None,))).words.endswith("highest –, last –")


def test_partly_answered_needs_are_no_gap(con: duckdb.DuckDBPyConnection) -> None:
    """A field that is there in part is not missing."""
    assert report(con, [answer("a/b", "ok", "x", needs=(Need("calls.x", 0.5, "partly"),))]).gaps == ()


def test_hostile_names_survive_as_text(tmp_path: Path) -> None:
    """A model called like a script is a model with that name."""
    con = database(tmp_path / "h.duckdb", names=HOSTILE[:1])
    names = [g.name for g in report(con, []).header.models]
    con.close()
    assert names == [HOSTILE[0]]
    assert datetime(2026, 1, 1) < NOW


def test_a_price_that_is_only_a_lower_bound_is_said(tmp_path: Path) -> None:
    con = open_for_write(tmp_path / "x.duckdb")
    con.execute("insert into ingests (ingest_id, finished_at) values (1, now()::timestamp)")
    con.execute("insert into call_rows (call_id, ingest_id, cost_usd, cost_status) values ('a', 1, 1, null), ('b', 1, 1, 'lower_bound')")
    header = read_header(con, "0")
    con.close()
    assert header.lower_bounds == 0.5
    assert "a lower bound for 50.0% of them" in header.priced
