"""From what judges measured to promises kept or missed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Score:
    """`hit` of `of` under the name of a measure; `missing` says what was not there to be measured."""

    measure: str
    hit: float = 0.0
    of: float = 1.0
    missing: str = ""


@dataclass(frozen=True)
class Promise:
    """What is promised of a measure: at least, at most, or between two shares; `count` = events a stream, which may pass 1;
    `if_any`: of what a question claims, which may be nothing."""

    id: str
    says: str
    measure: str
    least: float | None = None
    most: float | None = None
    count: bool = False
    if_any: bool = False

    @property
    def bar(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"


@dataclass(frozen=True)
class Waived:
    """pending.toml. `not_built`: what is missing (a question's id, or id, result and columns) to the reason; `missed`: promise id to the reason."""

    not_built: dict[str, str]
    missed: dict[str, str]

    def missing(self, told: str) -> str:
        """Why what is missing may be, or nothing."""
        return self.not_built.get(told.removeprefix("not built: "), "")


@dataclass
class Row:
    """A line of the table."""

    promise: Promise
    streams: int
    hit: float = 0.0
    of: float = 0.0
    missing: str = ""
    waived: Waived = field(default_factory=lambda: Waived({}, {}))
    lenient: bool = False  # few streams: only what chance cannot explain is a miss

    @property
    def measured(self) -> float | None:
        return None if self.missing or not self.of else self.hit / self.of

    @property
    def interval(self) -> tuple[float, float]:
        return byar(self.hit, self.of) if self.promise.count else wilson(self.hit, self.of)

    @property
    def beyond_chance(self) -> tuple[float, float]:
        """What chance cannot explain where some 150 promises are judged at once: 99.9 %, not 95 %, of which seven would miss by luck."""
        return byar(self.hit, self.of, z=3.29) if self.promise.count else wilson(self.hit, self.of, z=3.29)

    @property
    def verdict(self) -> str:
        if self.measured is None:
            if self.missing:
                return "pending" if self.waived.missing(self.missing) else "not built"
            return "none claimed" if self.promise.if_any else "not measured"
        low, high = self.beyond_chance if self.lenient else (self.measured, self.measured)
        bar = self.promise
        missed = (bar.least is not None and high < bar.least - 1e-12) or (bar.most is not None and low > bar.most + 1e-12)
        if not missed:
            return "ok"
        return "missed" if self.lenient and self.promise.id in self.waived.missed else "MISSED"

    @property
    def told(self) -> str:
        """One line, as soon as it is known."""
        return f"{self.promise.id}: {self.verdict} {self.shown} ({self.promise.bar})"

    @property
    def shown(self) -> str:
        """What was measured, with its interval."""
        if self.measured is None:
            return self.missing
        low, high = self.interval
        return f"{self.measured:.3f} ({low:.3f} to {high:.3f}) of {self.of:g}"

    @property
    def fails(self) -> bool:
        return self.verdict not in ("ok", "pending", "missed", "none claimed")


def wilson(hit: float, of: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson 1927: a 95 % interval of a share."""
    share = min(max(hit / of, 0.0), 1.0)
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def byar(count: float, of: float, z: float = 1.96) -> tuple[float, float]:
    """Byar's approximation to the exact interval of a Poisson count, a stream (Breslow and Day 1987)."""
    low = count * (1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3 if count else 0.0
    up = count + 1
    return low / of, up * (1 - 1 / (9 * up) + z / (3 * math.sqrt(up))) ** 3 / of


def collect(promises: Iterable[Promise], scores: Iterable[Score], streams: int, waived: Waived, *, lenient: bool) -> list[Row]:
    """The lines of one entry of bars.toml from all scores of its streams."""
    rows = {promise.measure: Row(promise, streams, waived=waived, lenient=lenient) for promise in promises}
    for score in scores:
        row = rows.get(score.measure)
        if row is not None:
            row.hit, row.of, row.missing = row.hit + score.hit, row.of + score.of, row.missing or score.missing
    return list(rows.values())


def as_text(rows: list[Row]) -> str:
    """The table people read."""
    lines = [("promise", "streams", "measured (95 % interval)", "bar", "")]
    for row in rows:
        lines.append((f"{row.promise.id}: {row.promise.says}", str(row.streams), row.shown, row.promise.bar, row.verdict))
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    return "\n".join(" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "id": row.promise.id,
            "says": row.promise.says,
            "streams": row.streams,
            "measured": row.measured,
            "interval": None if row.measured is None else row.interval,
            "of": row.of,
            "bar": row.promise.bar,
            "verdict": row.verdict,
            "missing": row.missing,
            "pending": row.waived.missing(row.missing),
        }
        for row in rows
    ]
