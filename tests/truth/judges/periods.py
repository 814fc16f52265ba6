"""compare/periods: says changed where something changed, and where only the load wandered it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.periods import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: latency said to have changed, by mean and p95 (`changed`, `changed_p95`); tokens (`tokens`); interval of the mean."""

    def measure() -> Iterator[Score]:
        times = {
            f"{name}_{end}": period[i].isoformat(" ")
            for name, period in (("before", truth.before), ("after", truth.after))
            for i, end in enumerate(("from", "to"))
        }
        rows = ask(con, "compare/periods", **times).rows(
            "metric", "before_value", "after_value", "change", "lo", "hi", "p_value", "is_change", "usual_movement"
        )
        for metric, name in (("latency_mean", "changed"), ("latency_p95", "changed_p95"), ("input_tokens", "tokens"), ("output_tokens", "tokens")):
            row = next((row for row in rows if row["metric"] == metric), None)
            yield Score(name, float(row is not None and bool(row["is_change"])))
            if name == "changed":
                yield Score("interval", float(row is not None and row["lo"] is not None and row["lo"] <= truth.change <= row["hi"]))

    yield ("changed", "changed_p95", "tokens", "interval"), measure
