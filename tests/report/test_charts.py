"""Charts: one kind a file, plain figures, gaps stay gaps, nothing of a log becomes markup."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hand_made import HOSTILE

from llmlogs.pack.load import load
from llmlogs.pack.model import Column
from llmlogs.report import charts
from llmlogs.report.charts.axes import linear_ticks, log_ticks, time_axis, value_axis
from llmlogs.report.charts.frame import ChartError, NothingToDrawError, both, runs
from llmlogs.report.model import Chart, Table

START = datetime(2026, 1, 1)
UNITS = {"at": "time", "name": "", "n": "int", "ms": "ms", "hi_ms": "ms", "usd": "usd", "share": "pct1", "bad": "bool"}


def table(rows: list[dict[str, Any]]) -> Table:
    names = list(rows[0]) if rows else ["name", "n"]
    return Table("evidence", tuple(Column(n, n.upper(), UNITS[n]) for n in names), tuple(tuple(row[n] for n in names) for row in rows), len(rows))


def draw(kind: str, rows: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    found = charts.figure(Chart(kind, "evidence", "a finding", options), table(rows))
    return dict(json.loads(json.dumps(found)))


def windows(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"at": START + timedelta(hours=i), **{k: v(i) if callable(v) else v for k, v in more.items()}} for i in range(count)]


def test_kinds_are_found_by_file() -> None:
    """A new kind is a new file with OPTIONS and figure()."""
    assert set(charts.kinds()) == {"bars", "bars-over-time", "lines-over-time", "scatter", "stacked-parts", "table-only", "waterfall"}
    assert all(meaning for options in charts.kinds().values() for meaning in options.values())


@pytest.mark.parametrize("question", load().questions, ids=lambda q: q.id)
def test_every_chart_of_the_pack_is_a_kind_with_its_options(question: Any) -> None:
    """A misspelt option would silently draw less."""
    for chart in question.charts:
        assert chart.kind in charts.kinds()
        assert set(chart.options) <= set(charts.kinds()[chart.kind])


def test_bars_take_their_roles_from_units() -> None:
    """X and y may be exchanged."""
    rows = [{"name": "a", "usd": 3.0}, {"name": "b", "usd": 1.5}]
    one, two = draw("bars", rows, x="name", y="usd"), draw("bars", rows, x="usd", y="name")
    assert one == two
    assert one["data"][0]["x"] == [3.0, 1.5]
    assert one["layout"]["yaxis"]["ticktext"] == ["a", "b"]
    assert one["layout"]["xaxis"]["range"][0] == 0


def test_a_histogram_stands() -> None:
    """Numbers as categories: y holds the values, the order is the result's, twelve is no limit."""
    drawn = draw("bars", [{"ms": 100.0 * i, "n": i % 7} for i in range(40)], x="ms", y="n")
    assert drawn["data"][0]["orientation"] == "v"
    assert drawn["data"][0]["y"] == [i % 7 for i in range(40)]
    assert drawn["layout"]["xaxis"]["ticktext"][:3] == ["0 ms", "400 ms", "800 ms"]


def test_bars_say_what_they_leave_out() -> None:
    """Twelve are drawn, and how many are not is said."""
    drawn = draw("bars", [{"name": f"n{i}", "n": 30 - i} for i in range(20)], x="n", y="name")
    assert len(drawn["data"][0]["x"]) == 12
    assert drawn["layout"]["xaxis"]["title"]["text"] == "N, and 8 more in the table"


def test_bars_with_intervals_marks_and_series() -> None:
    """Intervals become error bars, marked rows the colour of a problem, series a legend."""
    rows = [{"name": "a", "share": 0.4, "n": 5, "bad": True}, {"name": "b", "share": None, "n": 7, "bad": False}]
    drawn = draw("bars", rows, x="share", y="name", lo="n", hi="n", mark="bad")["data"][0]
    assert drawn["error_x"]["array"] == [4.6, None]
    assert drawn["marker"]["color"] == ["var(--fail)", "var(--s1)"]
    assert [t["name"] for t in draw("bars", rows, x="n", y="name", by="name")["data"]] == ["a", "b"]


def test_bars_over_time_sum_what_is_beyond_six() -> None:
    """Nothing drawn is lost: the rest is summed as other."""
    rows = [{"at": START + timedelta(hours=h), "name": f"m{i}", "n": 10 - i} for h in range(3) for i in range(9)]
    drawn = draw("bars-over-time", rows, x="at", y="n", by="name")
    assert [t["name"] for t in drawn["data"]] == ["m0", "m1", "m2", "m3", "m4", "m5", "other (3)"]
    assert sum(sum(t["y"]) for t in drawn["data"]) == sum(r["n"] for r in rows)
    assert drawn["layout"]["yaxis"]["range"][0] == 0


def test_shares_are_not_summed_as_other() -> None:
    """A sum of shares of different wholes is no number."""
    rows = [{"at": START + timedelta(hours=h), "name": f"m{i}", "share": 0.1} for i in range(9) for h in range(2)]
    with pytest.raises(ChartError, match="shares"):
        draw("bars-over-time", rows, x="at", y="share", by="name")


def test_bars_over_time_with_columns_mark_and_threshold() -> None:
    """Several columns stack, a marked window has its own colour, the threshold lies within the axis."""
    drawn = draw("bars-over-time", windows(4, n=lambda i: i or None, bad=lambda i: i == 2), x="at", y=["n"], mark="bad", threshold=50)
    assert drawn["data"][0]["y"] == [1.0, 2.0, 3.0]
    assert drawn["data"][0]["marker"]["color"] == ["var(--s1)", "var(--fail)", "var(--s1)"]
    assert drawn["layout"]["yaxis"]["range"][1] > 50
    assert drawn["layout"]["shapes"][0]["y0"] == 50


def test_gaps_stay_gaps() -> None:
    """A hole in the windows breaks line and band; nothing is drawn across it."""
    rows = [row for i, row in enumerate(windows(10, ms=lambda i: 100.0 + i, hi_ms=lambda i: 200.0 + i, n=5)) if i not in (4, 5)]
    drawn = draw("lines-over-time", rows, x="at", p50="ms", p95="hi_ms", n="n")
    band, line, counts = drawn["data"]
    assert line["y"] == [100, 101, 102, 103, None, 106, 107, 108, 109]
    assert band["y"].count(None) == 1
    assert counts["yaxis"] == "y2"
    assert drawn["layout"]["yaxis"]["type"] == "log"


def test_a_null_breaks_the_band() -> None:
    """Where p95 is not given (too few calls) there is no band."""
    drawn = draw("lines-over-time", windows(5, ms=50.0, hi_ms=lambda i: None if i == 2 else 90.0), x="at", p50="ms", p95="hi_ms")
    assert drawn["data"][0]["y"] == [90, 90, 50, 50, None, 90, 90, 50, 50]


def test_lines_of_series_name_what_they_leave_out() -> None:
    """Six lines; percentiles are never averaged into an other."""
    rows = [{"at": START + timedelta(hours=h), "name": f"m{i}", "ms": 5.0 + i} for h in range(3) for i in range(8)]
    drawn = draw("lines-over-time", rows, x="at", y="ms", by="name", threshold=7)
    assert len(drawn["data"]) == 6
    assert drawn["layout"]["xaxis"]["title"]["text"].endswith("and 2 more in the table")


def test_a_series_without_a_value_is_no_line() -> None:
    """A model with too few calls for a percentile is in the table, not in the legend."""
    rows = [{"at": START + timedelta(hours=h), "name": name, "ms": 5.0 if name == "a" else None} for h in range(3) for name in "ab"]
    assert [t["name"] for t in draw("lines-over-time", rows, x="at", y="ms", by="name")["data"]] == ["a"]


def test_small_multiples_share_their_axes() -> None:
    """At most twelve panels with the same range."""
    rows = [{"at": START.date() + timedelta(days=d), "name": f"m{i}", "ms": 10.0 * (i + 1), "hi_ms": 30.0 * (i + 1)} for d in range(4) for i in range(14)]
    layout = draw("lines-over-time", rows, x="at", p50="ms", p95="hi_ms", by="name")["layout"]
    axes = [layout[f"yaxis{k}"]["range"] for k in range(1, 13)]
    assert "yaxis13" not in layout
    assert axes.count(axes[0]) == 12
    assert "and 2 more" in layout["xaxis12"]["title"]["text"]


def test_stacked_parts_long_and_wide_are_the_same() -> None:
    """A part is a row or a column."""
    wide = draw("stacked-parts", [{"name": "median", "ms": 10.0, "hi_ms": 30.0}], x="name", y=["ms", "hi_ms"])
    rows = [{"name": "median", "bad": "MS", "ms": 10.0}, {"name": "median", "bad": "HI_MS", "ms": 30.0}]
    long = draw("stacked-parts", rows, x="name", part="bad", y="ms")
    assert wide == long
    assert wide["data"][1]["customdata"] == ["30 ms, 75% of the bar"]


def test_unexplained_time_is_grey() -> None:
    """What nobody can attribute does not look like a finding."""
    rows = [{"name": "median", "bad": part, "ms": 10.0} for part in ("queue", "Unexplained")]
    assert [t["marker"]["color"] for t in draw("stacked-parts", rows, x="name", part="bad", y="ms")["data"]] == ["var(--s1)", "var(--other)"]


def test_scatter() -> None:
    """A dot a row, never joined, a colour a series."""
    rows = [{"name": f"m{i % 8}", "n": i, "ms": 5.0 * i} for i in range(1, 20)]
    drawn = draw("scatter", rows, x="n", y="ms", by="name", name="name", log_x=True)
    assert {t["mode"] for t in drawn["data"]} == {"markers"}
    assert sum(len(t["x"]) for t in drawn["data"]) == 19
    assert drawn["layout"]["xaxis"]["type"] == "log"
    assert len(draw("scatter", rows, x="n", y="ms")["data"]) == 1


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("pie", {}, "no kind of chart"),
        ("frame", {}, "no kind of chart"),
        ("table-only", {}, "no kind of chart"),
        ("bars", {"x": "n", "y": "name", "colour": "red"}, "no option colour"),
        ("bars", {"x": "n"}, "needs the option y"),
        ("lines-over-time", {"x": "n"}, "needs|not an instant"),
        ("bars", {"x": "n", "y": "nothing"}, "no column nothing"),
        ("bars", {"x": "name", "y": "name"}, "number's unit"),
        ("scatter", {"x": "name", "y": "n"}, "not a number"),
        ("lines-over-time", {"x": "n", "y": "n"}, "not an instant"),
    ],
)
def test_what_cannot_be_drawn_says_why(kind: str, options: dict[str, Any], message: str) -> None:
    """For the author of a question, in words."""
    with pytest.raises(ChartError, match=message):
        draw(kind, [{"name": "a", "n": 1}], **options)


def test_nothing_to_draw() -> None:
    """An empty result is no chart."""
    with pytest.raises(NothingToDrawError):
        draw("bars", [], x="n", y="name")


@pytest.mark.parametrize(
    ("kind", "options"), [("bars-over-time", {"y": "ms"}), ("lines-over-time", {"y": "ms"}), ("lines-over-time", {"p50": "ms", "p95": "hi_ms"})]
)
def test_one_window_is_no_chart(kind: str, options: dict[str, str]) -> None:
    """A ten-minute log gets no daily chart, with a day before it of which nothing is known neither."""
    rows = windows(2, ms=lambda i: i or None, hi_ms=5.0)
    with pytest.raises(NothingToDrawError):
        draw(kind, rows, x="at", **options)


def test_a_waterfall_begins_each_step_where_the_last_ended() -> None:
    """Totals stand on zero; every step carries its sign, so that colour says nothing alone."""
    steps = (("before", 10.0, True), ("more calls", 4.0, False), ("shorter prompts", -6.0, False), ("after", 8.0, True), ("gone", None, False))
    drawn = draw("waterfall", [{"name": name, "usd": usd, "bad": total} for name, usd, total in steps], x="name", y="usd", total="bad")["data"][0]
    assert drawn["base"] == [0.0, 10.0, 14.0, 0.0, 8.0]
    assert drawn["x"] == [10.0, 4.0, -6.0, 8.0, 0.0]
    assert drawn["text"] == ["$10.00", "+$4.00", "-$6.00", "$8.00", "–"]
    assert drawn["marker"]["color"] == ["var(--s1)", "var(--s2)", "var(--s3)", "var(--s1)", "var(--s3)"]


@pytest.mark.parametrize("kind", ["bars", "scatter", "stacked-parts", "waterfall"])
def test_no_markup_reaches_plotly(kind: str) -> None:
    """Plotly renders pseudo-HTML in labels; only our own line break may stand in them."""
    rows = [{"name": text[:3000], "n": i + 1, "ms": 1.0} for i, text in enumerate(HOSTILE)]
    options = {
        "bars": {"x": "n", "y": "name"},
        "scatter": {"x": "n", "y": "ms", "by": "name", "name": "name"},
        "stacked-parts": {"x": "name", "y": "n"},
        "waterfall": {"x": "name", "y": "n", "total": "ms"},
    }[kind]
    text = json.dumps(draw(kind, rows, **options)).replace("<br>", "").replace("<extra>", "").replace("</extra>", "")
    assert "<" not in text


def test_ticks_are_round_and_inside() -> None:
    """1-2-5 steps, zero among them."""
    assert linear_ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert linear_ticks(-3, 7) == [-2, 0, 2, 4, 6]
    assert log_ticks(30, 900) == [50, 100, 200, 500]
    assert log_ticks(1, 1e6) == [1, 10, 100, 1000, 10000, 100000, 1000000]


def test_axes() -> None:
    """Ticks read like the rest of the page; a log axis says so and never meets a zero; shares end at 100 %."""
    assert value_axis([0, 4200], "ms")["ticktext"] == ["0", "1 s", "2 s", "3 s", "4 s"]
    assert value_axis([10, 400], "ms", log=True, title="Wait")["title"]["text"] == "Wait (log scale)"
    assert "type" not in value_axis([0, 400], "ms", log=True)
    assert value_axis([0.7], "pct0")["ticktext"][-1] == "100%"
    assert value_axis([], "int")["range"] == [0, 1.05]
    assert time_axis([START])["ticktext"] == ["2026-01-01 00:00Z"]
    assert time_axis([START, START + timedelta(minutes=5)])["title"]["text"] == "UTC, windows of 5 min"
    assert time_axis([START, START + timedelta(days=1)], says="Day")["title"]["text"] == "Day, windows of 1 day"


def test_runs_and_hover() -> None:
    """One instant is one run; a value is followed by its exact form where that says more."""
    assert runs([START]) == [range(1)]
    assert both(4812.5, "ms") == "4.81 s (4,812.5 ms)"
    assert both(None, "ms") == "–"
    assert both(date(2026, 1, 1), "date") == "2026-01-01"
