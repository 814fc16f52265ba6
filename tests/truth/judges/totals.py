"""latency/estimated_parts: right where it says it knows, silent where it cannot know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.totals import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures, for generation and prefill: identified and more than a fifth wrong (`..._false`), identified (`..._told`), `..._interval` among those."""

    def measure() -> Iterator[Score]:
        said = ask(con, "latency/estimated_parts")
        rows: dict[str, dict[str, Any]] = {row["part"]: row for row in said.rows("part", "share", "lo", "hi", "identified", "basis")}
        for part, true in (("generation", truth.generation), ("prefill", truth.prefill)):
            row = rows.get(part)
            told = row is not None and bool(row["identified"]) and row["basis"] != "bounded"
            yield Score(f"{part}_told", float(told))
            yield Score(f"{part}_false", float(told and row is not None and abs(row["share"] / true - 1) > 0.2))
            if told and row is not None:
                yield Score(f"{part}_interval", float(row["lo"] <= true <= row["hi"]))
            if row is not None and row["basis"] == "bounded":
                yield Score(f"{part}_bound", float(row["hi"] >= true))

    yield tuple(f"{part}_{what}" for part in ("generation", "prefill") for what in ("told", "false", "interval", "bound")), measure
