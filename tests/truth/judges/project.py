"""tokens/drift on a project in which nothing changes, asked every day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.project import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: alarms a project and month; days with a standing alarm."""

    def alarms() -> Iterator[Score]:
        days = [_alarmed(con, truth.ends - dt.timedelta(days=back)) for back in range(truth.watched_days)][::-1]  # from the end: rows are only taken away
        new = sum(len(today - yesterday) for yesterday, today in zip([set(), *days], days, strict=False))
        yield Score("alarms", new)
        yield Score("alarm_days", sum(bool(today) for today in days), len(days))

    yield ("alarms", "alarm_days"), alarms


def _alarmed(con: Connection, until: dt.datetime) -> set[tuple[str, str]]:
    con.execute("delete from call_rows where started_at >= $1", [until])
    said = ask(con, "tokens/drift")
    return {(row["feature"], row["direction"]) for row in said.rows("feature", "direction", "is_change") if row["is_change"] and said.alarm}
