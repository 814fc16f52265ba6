"""Weighted intervals against the log they were sampled from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.sampled import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: 95 % intervals that hold the truth, and `bias`: point estimates within 10 % of it."""

    def holds(name: str, question: str, low: str, high: str, value: float) -> Iterator[Score]:
        said = ask(con, question)
        lo, hi = said.value(low), said.value(high)
        yield Score(name, float(lo is not None and float(lo) <= value <= float(hi)))

    def tokens() -> Iterator[Score]:
        row = ask(con, "tokens/averages").rows("mean_in", "in_lo", "in_hi", "mean_out", "out_lo", "out_hi")[0]
        yield Score("mean_input", float(row["in_lo"] <= truth.mean_input <= row["in_hi"]))
        yield Score("mean_output", float(row["out_lo"] <= truth.mean_output <= row["out_hi"]))

    def bias() -> Iterator[Score]:
        yield Score("bias", float(abs(ask(con, "errors/by_class").value("value") / truth.error_rate - 1) <= 0.1))
        yield Score("bias", float(abs(ask(con, "streaming/time_to_first_token").value("value") / truth.ttft_p95 - 1) <= 0.1))
        yield Score("bias", float(abs(float(ask(con, "cost/by_feature").value("spend")) / (truth.spend or 1) - 1) <= 0.1))

    yield ("bias",), bias
    yield ("error_rate",), lambda: holds("error_rate", "errors/by_class", "lo", "hi", truth.error_rate)
    yield ("ttft_p95",), lambda: holds("ttft_p95", "streaming/time_to_first_token", "lo", "hi", truth.ttft_p95)
    yield ("mean_input", "mean_output"), tokens
    yield ("calls",), lambda: holds("calls", "operations/throughput", "calls_lo", "calls_hi", truth.calls)
    yield ("spend",), lambda: holds("spend", "cost/by_feature", "spend_lo", "spend_hi", truth.spend or 0)
