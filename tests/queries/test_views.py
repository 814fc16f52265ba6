"""The views under the questions against references that share nothing with them."""

import datetime as dt
import itertools
import math
import random
from collections import defaultdict
from typing import Any

import pytest

from llmlogs import resources
from llmlogs.pack import rows
from llmlogs.pack.load import load
from llmlogs.pack.run import run

START = dt.datetime(2026, 1, 5)
Node = tuple[str, str, float, float]  # span, parent, start and end in ms


def path_of(nodes: list[Node]) -> dict[str, float]:
    """Own time on the critical path of a trace with one root, walked backwards a millisecond window at a time."""
    children = defaultdict(list)
    for node in nodes:
        children[node[1]].append(node)
    own: dict[str, float] = defaultdict(float)

    def walk(span: str, low: float, high: float) -> None:
        inside = [(min(end, high), name, start) for name, _, start, end in children[span] if start < high and end > low]
        if not inside:
            own[span] += high - low
            return
        last = max(end for end, _, _ in inside)
        _, name, start = min((e for e in inside if e[0] == last), key=lambda e: e[1])
        own[span] += high - last
        walk(name, max(start, low), last)
        if start > low:
            walk(span, low, start)

    (root,) = children[""]
    walk(root[0], root[2], root[3])
    return dict(own)


def a_trace(dice: random.Random) -> list[Node]:
    """A tree of up to twelve spans: overlaps, spans without length, children that begin before or outlive their parent."""
    nodes: list[Node] = [("s00", "", 0.0, 1000.0)]
    for number in range(1, dice.randint(1, 12)):
        parent = dice.choice(nodes)
        start = dice.randint(int(parent[2]) - 50, int(parent[3]) + 20)
        nodes.append((f"s{number:02}", parent[0], float(start), float(start + dice.choice((0, 5, dice.randint(1, 700))))))
    return nodes


def test_the_critical_path_equals_a_walk_by_hand_for_random_traces() -> None:
    dice = random.Random(5)
    traces = {f"t{number}": a_trace(dice) for number in range(300)}
    con = rows.database()
    con.executemany(
        "insert into spans (trace_id, span_id, parent_span_id, kind, started_at, duration_ms, ingest_id) values ($1, $2, $3, 'app', $4, $5, 1)",
        [[t, name, parent or None, START + dt.timedelta(milliseconds=a), b - a] for t, nodes in traces.items() for name, parent, a, b in nodes],
    )
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for trace, span, ms in con.execute("select trace_id, span_id, sum(own_ms) from trace_path group by all").fetchall():
        found[trace][span] += ms
    con.close()
    for trace, nodes in traces.items():
        expected = {span: ms for span, ms in path_of(nodes).items() if ms}
        assert {span: ms for span, ms in found[trace].items() if ms} == pytest.approx(expected), nodes
        assert sum(found[trace].values()) == pytest.approx(1000)


def test_spans_that_name_each_other_as_parent_end() -> None:
    con = rows.database()
    pairs = [("t", "a", "b"), ("t", "b", "a"), ("u", "c", "c"), ("v", "d", None), ("v", "e", None)]
    con.executemany(
        "insert into spans (trace_id, span_id, parent_span_id, kind, started_at, duration_ms) values ($1, $2, $3, 'tool', $4, 10.0)",
        [[*pair, START] for pair in pairs],
    )
    found = con.execute("select trace_id, sum(own_ms) from trace_path group by trace_id order by 1").fetchall()
    con.close()
    assert found == [("u", 10.0), ("v", 10.0)]


def least_squares(days: list[tuple[float, float]], after: int) -> tuple[float, float]:
    """Shift and its standard error: value on (1, after, weekend), by Gauss elimination. `days` run from the latest back."""
    table = [(1.0, float(i < after), weekend) for i, (_, weekend) in enumerate(days)]
    moments = [[sum(row[i] * row[j] for row in table) for j in range(3)] for i in range(3)]
    right = [sum(row[i] * value for row, (value, _) in zip(table, days, strict=True)) for i in range(3)]
    inverse = invert(moments)
    slopes = [sum(inverse[i][j] * right[j] for j in range(3)) for i in range(3)]
    residual = sum((value - sum(b * x for b, x in zip(slopes, row, strict=True))) ** 2 for row, (value, _) in zip(table, days, strict=True))
    return slopes[1], math.sqrt(residual / (len(days) - 3) * inverse[1][1])


def invert(square: list[list[float]]) -> list[list[float]]:
    """Gauss and Jordan."""
    size = len(square)
    wide = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(square)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(wide[k][i]))
        wide[i], wide[pivot] = wide[pivot], wide[i]
        wide[i] = [x / wide[i][i] for x in wide[i]]
        for k in range(size):
            if k != i:
                wide[k] = [x - wide[k][i] * y for x, y in zip(wide[k], wide[i], strict=True)]
    return [row[size:] for row in wide]


def test_a_shift_is_the_best_least_squares_split_with_the_weekend_taken_out() -> None:
    dice = random.Random(8)
    calls: list[dict[str, Any]] = []
    daily: list[tuple[float, float]] = []
    for day in range(28):
        weekend = day % 7 in (5, 6)
        spend = round(10 * math.exp(dice.gauss(0, 0.4) - 0.7 * weekend + 1.5 * (day >= 19)), 6)
        daily.append((math.log(spend), float(weekend)))
        calls.append({"repeat": 24, "step_s": 3600, "started_at": START + dt.timedelta(days=day), "feature": "f", "cost_usd": spend / 24, "request_model": "m"})
    con = rows.database()
    rows.insert(con, "calls", calls)
    k, shift, se = con.execute("select days_after, shift, se from series_shifts where metric = 'cost'").fetchall()[0]
    con.close()
    tried = {after: least_squares(daily[::-1], after) for after in range(1, 22)}
    best = max(tried, key=lambda after: abs(tried[after][0] / tried[after][1]))
    assert (k, shift, se) == (best, pytest.approx(tried[best][0], rel=1e-6), pytest.approx(tried[best][1], rel=1e-6))
    assert best == 9


@pytest.mark.parametrize(
    ("first", "last", "days", "starts"),
    [
        ("2026-01-05 00:10:00", "2026-01-07 23:50:00", 3, "2026-01-07 00:00:00"),  # whole calendar days
        ("2026-01-05 00:10:00", "2026-01-07 22:10:00", 3, "2026-01-07 00:00:00"),  # ends less than two hours before midnight
        ("2026-01-05 00:10:00", "2026-01-07 14:20:00", 2, "2026-01-06 15:00:00"),  # counted back from the end of the last hour
        ("2026-01-05 09:00:00", "2026-01-05 17:00:00", 0, None),  # less than a day
    ],
)
def test_days_are_whole_and_counted_back_from_the_end(first: str, last: str, days: int, starts: str | None) -> None:
    con = rows.database()
    rows.insert(con, "calls", [{"started_at": dt.datetime.fromisoformat(t)} for t in (first, last)])
    span = [dt.datetime.fromisoformat(first) + dt.timedelta(minutes=m) for m in range(0, 4000, 10)]
    rows.insert(con, "calls", [{"started_at": t} for t in span if t < dt.datetime.fromisoformat(last)])
    found = con.execute("select count(distinct day_no), max(day_start) from call_days").fetchall()[0]
    con.close()
    assert found == (days, starts and dt.datetime.fromisoformat(starts))


def lookups(dice: random.Random, count: int = 400) -> list[dict[str, Any]]:
    """Lookups of a few keys under two models over two hours, lifetimes of five or ten minutes."""
    return [
        {
            "call_id": f"c-{number:04}",
            "started_at": START + dt.timedelta(seconds=dice.randint(0, 7200), microseconds=number),
            "app_cache": dice.choice(("hit", "miss", "miss")),
            "cache_key": dice.choice((None, *"abcdefgh")),
            "request_model": dice.choice(("m", "n")),
            "cache_ttl_ms": 300_000.0,
            "status": dice.choice(("ok", "ok", "ok", "error")),
        }
        for number in range(count)
    ]


def cause_of(row: dict[str, Any], before: list[dict[str, Any]]) -> str:
    """The rule of a miss's cause, read from the log backwards."""
    if row["cache_key"] is None:
        return "unknown"
    fills = [r for r in before if r["cache_key"] == row["cache_key"] and r["app_cache"] == "miss" and r["status"] == "ok"]
    mine = [r for r in fills if r["request_model"] == row["request_model"]]
    if not fills:
        return "cold"
    age = row["started_at"] - max(r["started_at"] for r in mine or fills)
    if age > dt.timedelta(milliseconds=row["cache_ttl_ms"]):
        return "ttl_lapse"
    return "cold" if mine else "model_changed"


def test_causes_of_misses_equal_a_reading_of_the_log_backwards() -> None:
    made = sorted(lookups(random.Random(8)), key=lambda row: row["started_at"])
    con = rows.database()
    rows.insert(con, "calls", made)
    found = dict(con.execute("select call_id, cause from cache_lookups where not is_hit").fetchall())
    con.close()
    expected = {row["call_id"]: cause_of(row, made[:number]) for number, row in enumerate(made) if row["app_cache"] == "miss"}
    assert found == expected
    assert set(expected.values()) == {"cold", "ttl_lapse", "model_changed", "unknown"}


def test_what_a_lifetime_buys_lies_between_its_bounds() -> None:
    """An entry that dies its lifetime after it was made serves no more than one renewed by use, and no less than a cache emptied at every multiple of it."""
    dice = random.Random(9)
    times = {key: sorted(dice.sample(range(20_000), 200)) for key in "ab"}
    con = rows.database()
    rows.insert(con, "calls", [{"started_at": START + dt.timedelta(seconds=t), "app_cache": "miss", "cache_key": key} for key, ts in times.items() for t in ts])
    pack = load([resources.folder("queries")]).questions
    answer = run(con, [q for q in pack if q.id == "cache/misses"], known=pack)[0].results["lifetimes"]
    con.close()
    told = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    assert [row["lifetime_ms"] for row in told] == [60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000]
    for row in told:
        seconds = row["lifetime_ms"] // 1000
        renewed = sum(b - a <= seconds for ts in times.values() for a, b in itertools.pairwise(ts))
        slots = len({(key, t // seconds) for key, ts in times.items() for t in ts})
        assert row["hit_share"] == pytest.approx(renewed / 400)
        assert row["least_share"] == pytest.approx(1 - slots / 400)
        assert row["least_share"] <= walked(times, seconds) / 400 <= row["hit_share"]


def walked(times: dict[str, list[int]], seconds: int) -> int:
    """Hits of entries that die so long after they were made, key by key."""
    hits = 0
    for ts in times.values():
        made = None
        for t in ts:
            if made is not None and t - made <= seconds:
                hits += 1
            else:
                made = t
    return hits


def recent_shift(days: list[tuple[float, float, float]], after: int) -> tuple[float, float]:
    """Shift and t of the last `after` days against the 28 before: `days` are (value, weekend share, noise), from the latest back."""
    new, old = days[:after], days[after : after + 28]
    n = len(old)
    mean_y, mean_w = sum(d[0] for d in old) / n, sum(d[1] for d in old) / n
    sww = sum((d[1] - mean_w) ** 2 for d in old)
    slope = sum((d[1] - mean_w) * (d[0] - mean_y) for d in old) / sww
    spread = sum((d[0] - mean_y - slope * (d[1] - mean_w)) ** 2 for d in old) / (n - 2) / sww
    share = slope * slope / (slope * slope + spread)
    left = sum((d[0] - mean_y - share * slope * (d[1] - mean_w)) ** 2 for d in old) / (n - 2)
    noise_new, noise_old = sum(d[2] for d in new) / after, sum(d[2] for d in old) / n
    own = max(left - noise_old, 0)
    apart = sum(d[1] for d in new) / after - mean_w
    shift = sum(d[0] for d in new) / after - mean_y - share * slope * apart
    return shift, shift / math.sqrt((own + noise_new) / after + (own + noise_old) / n + share * spread * apart * apart)


def test_recent_shifts_of_tokens_have_the_weekend_taken_out_and_a_bar_by_what_is_known() -> None:
    dice = random.Random(3)
    calls: list[dict[str, Any]] = []
    for day, number in itertools.product(range(33), range(24)):
        tokens = round(1000 * math.exp(dice.gauss(0, 0.3) - 0.2 * (day % 7 > 4) + 0.4 * (day >= 31)))
        row = {"started_at": START + dt.timedelta(days=day, minutes=60 * number), "request_model": "m", "input_tokens": tokens}
        named = {"feature": "named", "user_id": "u", "prompt_version": "v2" if day >= 31 else "v1"}
        calls += [row | named, row | {"feature": "nameless", "release": "r2" if day >= 31 else "r1"}]
    con = rows.database()
    rows.insert(con, "calls", calls)
    days = con.execute("select value, weekend_share, noise from day_tokens where feature = 'named' order by day_no").fetchall()
    found = con.execute("select feature, days_after, shift, t, needed from token_shifts where days_after <= 3 order by feature, days_after").fetchall()
    events = con.execute("select feature, attribute, said, began_at, share from token_events").fetchall()
    con.close()
    assert len(days) == 33
    assert [row[:4] for row in found[:3]] == [("named", k, *map(pytest.approx, recent_shift(days, k))) for k in (1, 2, 3)]
    assert [row[4] for row in found] == [3.8, 3.0, 3.8, 4.5, 3.0, 4.5]
    assert sorted(events) == [
        (f, kind, said, START + dt.timedelta(days=31), 1.0) for f, kind, said in (("named", "prompt_version", "v2"), ("nameless", "release", "r2"))
    ]
