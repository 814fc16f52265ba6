"""What every stream needs: an empty database of the product, seeded random numbers, counts of calls hour by hour."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import Any

import duckdb

from llmlogs.pack import rows
from llmlogs.store.database import ensure_columns

Connection = duckdb.DuckDBPyConnection
START = dt.datetime(2026, 1, 5)  # a Monday
MACROS = """
create macro gauss() as sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random());
create macro moment(s) as timestamp '2026-01-05' + to_microseconds(cast(1e6 * (s) as bigint));
"""


def database(seed: int) -> Connection:
    """In memory, one thread: random() is then the same in every run of a seed. Macros: gauss(), moment(seconds from START)."""
    con = rows.database()
    con.execute("set threads = 1")
    con.execute("set preserve_insertion_order = true")
    con.execute(MACROS)
    con.execute("select setseed($1)", [random.Random(seed).uniform(-1, 1)]).fetchall()
    return con


def at(seconds: float) -> dt.datetime:
    """That many seconds after START."""
    return START + dt.timedelta(seconds=round(seconds, 6))


def calls(con: Connection, select: str, parameters: list[Any] | None = None) -> None:
    """Append the rows of a select, whose columns are named as in calls, to the physical table behind calls."""
    con.execute(f"create or replace temp table fresh as {select}", parameters or [])
    names = [row[0] for row in con.execute("describe fresh").fetchall()]
    ensure_columns(con, set(names))
    listed = ", ".join(f'"{name}"' for name in names)
    con.execute(f"insert into call_rows ({listed}, source, ingest_id, file_id, line) select {listed}, 'truth', 1, 1, row_number() over () from fresh")
    con.execute("drop table fresh")


def table(con: Connection, name: str, columns: dict[str, list[Any]]) -> None:
    """A temporary table from columns of Python values."""
    if not next(iter(columns.values())):
        raise ValueError(f"{name}: no rows")
    parts = ", ".join(f'unnest(${i}) as "{column}"' for i, column in enumerate(columns, 1))
    con.execute(f"create or replace temp table {name} as select {parts}", list(columns.values()))


def insert(con: Connection, name: str, many: list[dict[str, Any]]) -> None:
    """Rows of Python values into a table of the contract (some ten thousand at most)."""
    rows.insert(con, name, many)


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson number: Knuth below 30, rounded normal above."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, k, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        k += 1
        product *= rng.random()
    return k


def is_weekend(hour: int) -> bool:
    """START is a Monday."""
    return hour // 24 % 7 >= 5


def hours(rng: random.Random, count: int, per_day: float, *, diurnal: float = 0.6, weekend: float = 1.0, noise: float = 0.1, growth: float = 0.0) -> list[int]:
    """Calls of each hour. `diurnal` is the swing of the day, `weekend` the volume on Saturday and Sunday, `noise` the CV of whole days, `growth` a week."""
    day_level = [math.exp(rng.gauss(0, noise)) for _ in range(count // 24 + 1)]
    phase = rng.uniform(12, 16)
    result = []
    for hour in range(count):
        swing = 1 + diurnal * math.cos(2 * math.pi * (hour % 24 - phase) / 24)
        result.append(poisson(rng, per_day / 24 * swing * (weekend if is_weekend(hour) else 1) * day_level[hour // 24] * (1 + growth) ** (hour / 168)))
    return result


def ar1(rng: random.Random, count: int, sd: float, phi: float) -> list[float]:
    """A stationary AR(1) walk of standard deviation sd."""
    value, result = rng.gauss(0, sd), []
    for _ in range(count):
        result.append(value)
        value = phi * value + rng.gauss(0, sd * math.sqrt(1 - phi * phi))
    return result


def moments(con: Connection, counts: list[int], name: str = "moments") -> None:
    """A temporary table `name` (s = seconds from START, hour): one row a call, uniform within its hour, in order."""
    table(con, "cells", {"hour": list(range(len(counts))), "n": counts})
    con.execute(f"create or replace temp table {name} as select * from (select hour, (hour + random()) * 3600 as s from cells, range(n)) order by s")
