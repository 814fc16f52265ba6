"""Scalars written around an exchange, looked up by name. Names are lower case without separators; the outermost value of a name wins."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from llmlogs.sources.common.times import duration_ms, to_utc

Path = tuple[str, ...]

STARTS = ("startedat", "starttime", "startedatetime", "starteddatetime", "starttimestamp", "requesttime", "requestedat", "requesttimestamp",
          "requeststart", "start", "ts", "timestamp", "@timestamp", "time", "datetime", "loggedat", "logtime", "loggingtime", "eventtime", "at", "date",
          "createdat")  # fmt: skip
ENDS = ("endedat", "endtime", "finishedat", "completedat", "endtimestamp", "responsetime", "responsetimestamp", "end")
DURATIONS = ("duration", "latency", "elapsed", "responsetime", "totaltime", "totallatency", "requestlatency", "requestduration", "took", "tooktime", "total",
             "elapsedtime", "latencytotal", "durationtotal", "walltime", "time", "e2elatency", "roundtrip")  # fmt: skip
FIRST_TOKENS = ("ttft", "timetofirsttoken", "firsttoken", "firsttokenlatency", "timetofirstchunk", "firstchunk", "timetofirsttokenlatency", "firstbyte", "ttfb")
AMBIGUOUS = frozenset({"time", "total", "end"})  # durations only with a unit
UNITS = {"ms": "ms", "millis": "ms", "milliseconds": "ms", "msec": "ms", "s": "s", "sec": "s", "secs": "s", "seconds": "s", "us": "us", "ns": "ns",
         "nanos": "ns", "inms": "ms", "inseconds": "s"}  # fmt: skip


class Facts:
    """Facts of one exchange by their last name."""

    def __init__(self, facts: Iterable[tuple[Path, Any]]) -> None:
        self._by_name: dict[str, list[tuple[Path, Any]]] = {}
        for path, value in sorted(facts, key=lambda fact: len(fact[0])):
            self._by_name.setdefault(path[-1], []).append((path, value))

    def all(self, name: str) -> list[tuple[Path, Any]]:
        """Every fact of that name, the outermost first."""
        return self._by_name.get(name, [])

    def first(self, *names: str, under: str = "") -> Any:
        """The outermost value of one of these names, the first name first; `under` asks for it inside a member whose name begins so."""
        for name in names:
            for path, value in self.all(name):
                if value not in (None, "") and (not under or any(step.startswith(under) for step in path[:-1])):
                    return value
        return None

    def instant(self, names: Iterable[str], zone: str) -> datetime | None:
        """The first of these names that holds an instant."""
        for name in names:
            for _, value in self.all(name):
                found = to_utc(value, zone)
                if found is not None:
                    return found
        return None

    def duration(self, names: tuple[str, ...]) -> tuple[float | None, str]:
        """A duration in ms by name and unit, and the type of a number whose unit nobody can tell.

        The unit stands behind the name (`latency_ms`), above it (`latency_ms: {total: 812}`) or in the text (`1.2s`). Without one a number below 50 is
        seconds and one from 600 up is ms, because a model call takes between 50 ms and some minutes.
        """
        for name in names:
            for suffix, unit in UNITS.items():
                for _, value in self.all(name + suffix):
                    ms = duration_ms(value, unit)
                    if ms is not None:
                        return ms, ""
            for path, value in self.all(name):
                ms = duration_ms(value, _unit_above(path))
                if ms is not None:
                    return ms, ""
                if name not in AMBIGUOUS and isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
                    return _guess(value)
        return self._in_parts(names), ""

    def _in_parts(self, names: tuple[str, ...]) -> float | None:
        """`duration: {seconds: 2}`."""
        inside = [(unit, value) for suffix, unit in UNITS.items() for path, value in self.all(suffix) if len(path) > 1 and path[-2] in names]
        return next((ms for ms in (duration_ms(value, unit) for unit, value in inside) if ms is not None), None)


def _unit_above(path: Path) -> str:
    above = path[-2] if len(path) > 1 else ""
    return next((unit for suffix, unit in UNITS.items() if above.endswith(suffix) and above.startswith(DURATIONS)), "")


def _guess(value: float) -> tuple[float | None, str]:
    unit = "s" if value < 50 else "ms" if value >= 600 else ""
    return duration_ms(value, unit), "" if unit else type(value).__name__
