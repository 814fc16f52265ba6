"""Case files are read, rows made, and complaints told."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmlogs.errors import UsageError
from llmlogs.pack import cases, rows
from llmlogs.pack.load import load
from tests.pack.conftest import BODY, HEADER

KINDS = "".join(f'[[case]]\nname = "{kind}"\nwant = {{ verdict = "ok" }}\n' for kind in cases.MANDATORY)


def test_one_entry_stands_for_many_rows() -> None:
    block = {
        "repeat": 4,
        "step_s": 60,
        "started_at": "2026-01-05T00:00:00+01:00",
        "model": ["a", ""],
        "up": {"from": 1, "to": 7},
        "about": {"low": 0.0, "high": 1.0},
        "op": {"id": "o"},
    }
    made = list(rows.expand(block))
    assert [r["started_at"] for r in made] == [dt.datetime(2026, 1, 4, 23, minute) for minute in range(4)]
    assert [r.get("model") for r in made] == ["a", None, "a", None]
    assert [r["up"] for r in made] == [1, 3, 5, 7]
    assert [r["op"] for r in made] == ["o-1", "o-2", "o-3", "o-4"]
    assert all(0 <= r["about"] < 1 for r in made)
    assert len({r["about"] for r in made}) == 4
    assert list(rows.expand(block)) == made
    with pytest.raises(UsageError, match="not a value"):
        list(rows.expand({"x": {"least": 1}}))


def test_rows_must_fit_the_contract() -> None:
    con = rows.database()
    try:
        rows.insert(con, "spans", [])
        rows.insert(con, "spans", [{"kind": "tool", "started_at": dt.datetime(2026, 1, 5, tzinfo=dt.UTC)}])
        assert con.execute("select kind, started_at from spans").fetchall() == [("tool", dt.datetime(2026, 1, 5))]
        with pytest.raises(UsageError, match="no such table"):
            rows.insert(con, "span", [{"kind": "tool"}])
        with pytest.raises(UsageError, match="spans: colour"):
            rows.insert(con, "spans", [{"colour": "red"}])
    finally:
        con.close()


@pytest.mark.parametrize(
    ("value", "want", "equal"),
    [
        (None, "null", True),
        (0, "null", False),
        (1.0, 1, True),
        (Decimal("0.10"), 0.1, True),
        (0.1, 0.2, False),
        ("a", "a", True),
        (5, {"least": 5, "most": 6}, True),
        (7, {"least": 5, "most": 6}, False),
        (None, {"least": 5}, False),
        (5.1, {"about": 5, "within": 0.2}, True),
        (5.3, {"about": 5, "within": 0.2}, False),
        (dt.datetime(2026, 1, 5), dt.datetime(2026, 1, 5, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), True),
        (dt.datetime(2026, 1, 5), dt.datetime(2026, 1, 5), True),
        (dt.datetime(2026, 1, 5), dt.datetime(2026, 1, 6), False),
    ],
)
def test_same(value: Any, want: Any, equal: bool) -> None:
    assert cases.same(value, want) is equal


@pytest.mark.parametrize("want", [{}, {"about": 1}, {"within": 1}, {"more": 1}])
def test_an_unclear_wish_is_an_error(want: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="not a wanted value"):
        cases.same(1, want)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = ", "not a case file"),
        (KINDS.replace("violation", "fault"), "violation"),
        (KINDS + '[[case]]\nname = "x"', "needs a name and want.verdict"),
        (KINDS + '[[case]]\nwant = { verdict = "ok" }', "without a name"),
        (KINDS + '[[case]]\nname = "x"\nrow = 1\nwant = { verdict = "ok" }', "unknown keys: row"),
        (KINDS + '[[case]]\nname = "x"\nwant = { verdict = "ok", value = 1 }', "unknown keys: value"),
        (KINDS + '[[case]]\nname = "x"\nlike = "y"\nwant = { verdict = "ok" }', "like none there is"),
    ],
)
def test_a_broken_case_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        cases.read(path)


def test_every_complaint_is_told(tmp_path: Path) -> None:
    """A case that wants everything wrong is told everything; a question without a case file is told too."""
    for name in ("one/two", "one/three"):
        path = tmp_path / "queries" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + BODY, encoding="utf-8")
    wrong = (
        '[[case]]\nname = "all wrong"\nlike = "violation"\nwithout = ["calls.status", "spans.kind"]\n[[case.tables.calls]]\nrequest_model = "m"\n'
        '[case.want]\nverdict = "ok"\nsentence = ["never"]\nreason = "neither"\nvalues = { n = 3, colour = "red" }\n'
        'evidence = [{ model = "x" }, { model = "m" }, { model = "m" }]\n'
    )
    text = KINDS.replace('name = "violation"', 'name = "violation"\ntables = { calls = [{ status = "ok", request_model = "m" }] }')
    folder = tmp_path / "cases" / "one"
    folder.mkdir(parents=True)
    (folder / "two.toml").write_text(text + wrong, encoding="utf-8")
    outcomes = {(o.question, o.case): o.complaints for o in cases.test(load([tmp_path / "queries"]).questions, tmp_path / "cases")}
    assert "no case file" in outcomes["one/three", ""][0]
    assert outcomes["one/two", "violation"] == ()
    told = outcomes["one/two", "all wrong"]
    for piece in (
        "verdict is unknown",
        "n is 2, not 3",
        "colour is no column",
        "sentence lacks",
        "reason lacks",
        "2 rows, not at least 3",
        "row 1: model is 'm', not 'x'",
    ):
        assert any(piece in complaint for complaint in told), piece
