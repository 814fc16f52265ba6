"""The few methods SQL cannot carry, each named after its textbook method. A module with a `compute` is one; found by folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmlogs.errors import UsageError

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Inputs:
    """What a method may know beside the tables: for every question its needs as found, (question, need, in words, filled share, rows concerned, state),
    and on demand the state of every (source, need)."""

    needs: tuple[tuple[str, str, str, float | None, int, str], ...] = ()
    by_source: Callable[[], Mapping[tuple[str, str], str]] = dict


Method = Callable[["duckdb.DuckDBPyConnection", Inputs], None]


def find(name: str) -> Method:
    """The `compute` of `stats.<module>`: it fills a temp table `stat_*` on the cursor before the question runs."""
    module = name.removeprefix("stats.")
    if module not in {found.name for found in pkgutil.iter_modules(__path__)}:
        raise UsageError("no such method", name[:80])
    compute: Method = importlib.import_module(f"{__name__}.{module}").compute
    return compute
