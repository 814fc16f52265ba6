"""Bursts of failures: outages of a provider or model. The scan of negative_binomial_scan over calls and how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlogs.stats import Inputs
from llmlogs.stats.negative_binomial_scan import fill

if TYPE_CHECKING:
    import duckdb


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_bursts` and `stat_burst_scan` from `call_outcomes`."""
    fill(con, "select series, started_at, is_failure as is_hit from call_outcomes")
