"""limits/headroom on a growing load."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.headroom import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: headroom within 3 points; the day it runs out within a third of the time left and a week; none where nothing grows."""

    def measure() -> Iterator[Score]:
        rows = ask(con, "limits/headroom").rows("series", "limit_kind", "limit_value", "peak_load", "headroom", "runs_out_at")
        row = next((row for row in rows if row["limit_kind"] == "requests"), None)
        yield Score("headroom", float(row is not None and row["headroom"] is not None and abs(row["headroom"] - truth.headroom) <= 0.03))
        when = row["runs_out_at"] if row else None
        if truth.runs_out is None:
            far = when is None or _time(when) > truth.ends + dt.timedelta(days=365)
            yield Score("no_end", float(far))
            return
        left = truth.runs_out - truth.ends
        yield Score("runs_out", float(when is not None and abs(_time(when) - truth.runs_out) <= left / 3 + dt.timedelta(days=7)))

    yield ("headroom", "runs_out", "no_end"), measure


def _time(value: dt.date) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
