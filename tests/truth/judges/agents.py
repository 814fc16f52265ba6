"""tokens/context_growth and operations/tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.agents import TOOLS, Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: tokens a turn adds within 10 %, shape of growth; runs and errors of tools exact, alarm only where one fails."""

    def growth() -> Iterator[Score]:
        rows = {row["feature"]: row for row in ask(con, "tokens/context_growth").rows("feature", "sessions", "tokens_per_turn", "lo", "hi", "growth")}
        for shape, adds in truth.per_turn.items():
            row = rows.get(shape)
            yield Score("shape", float(row is not None and row["growth"] == shape))
            if adds is not None:
                told = row["tokens_per_turn"] if row else None
                yield Score("per_turn", float(told is not None and abs(told - adds) <= 0.1 * adds + 15))

    def tools() -> Iterator[Score]:
        said = ask(con, "operations/tools")
        rows = {row["tool"]: row for row in said.rows("tool", "runs", "errors", "error_rate", "lo", "hi")}
        for tool in TOOLS:
            row = rows.get(tool, {})
            yield Score("tools", float((row.get("runs"), row.get("errors")) == (truth.runs[tool], truth.errors[tool])))
        yield Score("tool_alarm", float(said.alarm == (truth.failing is not None)))

    yield ("per_turn", "shape"), growth
    yield ("tools", "tool_alarm"), tools
