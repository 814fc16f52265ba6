"""How long a call takes for what it reads and writes: a robust regression per provider, model and kind of answer.

    duration = overhead + prefill * uncached input + generation * output, and what is left: excess

Iteratively reweighted least squares with Huber's weights (Huber 1964, Robust estimation of a location parameter, Ann. Math. Stat. 35; k = 1.345) on
residuals relative to the fitted time, because slow calls scatter more. Intervals: delete-a-block jackknife over 20 stretches of time with the weights
held (Künsch 1989), Student's t with 19 degrees of freedom. The scans are SQL; only three by three systems are solved here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from llmlogs.stats import Inputs

if TYPE_CHECKING:
    import duckdb

HUBER = 1.345
ROUNDS = 8
BLOCKS = 20
T_19 = 2.093  # 97.5 % of Student's t with 19 degrees of freedom
LEAST_CALLS = 200
MOST_GROUPS = 200  # providers and models that are fitted, the busiest
# What must hold before a part is believed; each is a trap that was measured (constant tokens, hidden reasoning, changing speed, unlogged caches).
MOST_HALF_WIDTH = 0.30  # of the part itself
LEAST_VARIATION = 0.15  # standard deviation over mean of the tokens
MOST_SPREAD, MOST_PREFILL_SPREAD = 0.45, 0.35  # robust relative scatter of what is left
MOST_EXCESS = 0.15  # of the mean wait
LEAST_OVERHEAD = -0.02
SMALL = 0.05  # a prefill whose upper limit is below is told as "at most"

CALLS = """
create or replace temp table stat_timed as
with timed as (
    select call_id, provider, coalesce(response_model, request_model) as model, coalesce(stream, false) as is_stream, started_at, sample_weight as w,
        duration_ms as y, case when input_tokens is not null then greatest(input_tokens - coalesce(cache_read_tokens, 0), 0)::double end as x1,
        output_tokens::double as x2, cache_read_tokens is not null as tells_cache,
        coalesce(status, 'ok') = 'ok' and coalesce(attempts, 1) = 1 as is_plain
    from calls
    where duration_ms > 0 and output_tokens is not null and app_cache is distinct from 'hit' and coalesce(status, 'ok') not in ('error', 'blocked', 'shed')
        and coalesce(usage_status, '') <> 'partial'
),
groups as (
    select provider, model, is_stream, row_number() over (order by count(*) desc, provider, model, is_stream)::integer as grp, avg(y) as y0,
        nullif(avg(x1), 0) as s1, nullif(avg(x2), 0) as s2
    from timed where is_plain group by provider, model, is_stream having count(*) >= {least} qualify grp <= {groups}
)
select t.*, g.grp, g.y0, g.s1, g.s2, ntile({blocks}) over (partition by g.grp, is_plain order by started_at, call_id) as block
from timed t join groups g on t.provider is not distinct from g.provider and t.model is not distinct from g.model and t.is_stream = g.is_stream
"""
# Tokens are divided by their mean, so that the systems are well conditioned. f = fitted time; r = residual relative to it.
SUMS = """
with fitted as (
    select t.grp, {block} as block, t.w, y, coalesce(x1 / s1, 0) as u, coalesce(x2 / s2, 0) as v, f.s,
        greatest(f.a + f.b * coalesce(x1 / s1, 0) + f.c * coalesce(x2 / s2, 0), 0.05 * y0) as f
    from stat_timed t join stat_fit f using (grp) where is_plain
),
weighed as (
    select *, (y - f) / f as r, w / (f * f) * case when s is null or abs((y - f) / f) <= {huber} * s then 1 else {huber} * s / abs((y - f) / f) end as h
    from fitted
)
select grp, block, count(*), 1.4826 * median(abs(r)), sum(w), sum(w * y), sum(w * u), sum(w * v),
    coalesce(sum(w * (y - f)) filter (abs(r) <= 4 * s), 0), coalesce(sum(w * f) filter (abs(r) <= 4 * s), 0),
    sum(h), sum(h * u), sum(h * v), sum(h * u * u), sum(h * u * v), sum(h * v * v), sum(h * y), sum(h * u * y), sum(h * v * y)
from weighed group by grp, block
"""
SPREADS = """
select grp, any_value(provider), any_value(model), any_value(is_stream), count(*), any_value(s1), any_value(s2),
    coalesce(stddev_pop(x1) / nullif(avg(x1), 0), 0), coalesce(stddev_pop(x2) / nullif(avg(x2), 0), 0),
    count(x1) = count(*), bool_or(tells_cache) or quantile_cont(x1, 0.95) < 1024
from stat_timed where is_plain group by grp order by grp
"""
FIT = "create or replace temp table stat_fit (grp integer, a double, b double, c double, s double)"
RESULT = """
create or replace temp table stat_latency_parts (grp integer, provider varchar, model varchar, is_stream boolean, n bigint, mean_ms double, part varchar,
    share double, lo double, hi double, is_identified boolean, basis varchar, per_token_ms double, spread double, reason varchar)
"""
PARTS = ("generation", "prefill", "overhead", "excess")


class Sums(NamedTuple):
    """Weighted sums of one stretch of calls: plain ones of calls, waits and tokens, then the normal equations."""

    w: float
    y: float
    u: float
    v: float
    rest: float  # of calls that are not far off the line: time beyond it
    fit: float  # and time on it
    h: float
    hu: float
    hv: float
    huu: float
    huv: float
    hvv: float
    hy: float
    huy: float
    hvy: float

    def without(self, other: Sums) -> Sums:
        """The sums of all other stretches."""
        return Sums(*(a - b for a, b in zip(self, other, strict=True)))


class Line(NamedTuple):
    """overhead, prefill and generation in ms, for calls of mean tokens."""

    a: float
    b: float
    c: float


@dataclass(frozen=True)
class Group:
    """Calls of one provider and model, streamed or not."""

    grp: int
    provider: str | None
    model: str | None
    is_stream: bool
    n: int
    s1: float | None
    s2: float | None
    input_variation: float
    output_variation: float
    has_input: bool
    tells_cache: bool  # or has prompts too short to be cached

    @property
    def uses_input(self) -> bool:
        """Constant or unlogged prompts cannot tell reading from the fixed part."""
        return self.has_input and self.input_variation >= LEAST_VARIATION


def mean_line(sums: Sums, uses_input: bool) -> Line | None:
    """The line of the mean call: ordinary scatter is skewed, so that its mean lies above the typical time; what is far off the line is left to `excess`."""
    line, lift = solve(sums, uses_input), 1 + (sums.rest / sums.fit if sums.fit else 0.0)
    return Line(*(part * lift for part in line)) if line else None


def solve(sums: Sums, uses_input: bool) -> Line | None:
    """The line of least squares; None where the tokens do not vary enough to tell its parts."""
    if not uses_input:
        determinant = sums.h * sums.hvv - sums.hv**2
        if determinant <= 1e-9 * sums.h * sums.hvv:
            return None
        c = (sums.h * sums.hvy - sums.hv * sums.hy) / determinant
        return Line((sums.hy - c * sums.hv) / sums.h, 0.0, c)
    matrix = ((sums.h, sums.hu, sums.hv), (sums.hu, sums.huu, sums.huv), (sums.hv, sums.huv, sums.hvv))
    right = (sums.hy, sums.huy, sums.hvy)
    whole = _determinant(matrix)
    if whole <= 1e-9 * sums.h * sums.huu * sums.hvv:
        return None
    return Line(*(_determinant(tuple(tuple(right[i] if j == column else matrix[i][j] for j in range(3)) for i in range(3))) / whole for column in range(3)))


def _determinant(m: Sequence[Sequence[float]]) -> float:
    return sum(m[0][i] * (m[1][(i + 1) % 3] * m[2][(i + 2) % 3] - m[1][(i + 2) % 3] * m[2][(i + 1) % 3]) for i in range(3))


def shares(line: Line, sums: Sums) -> dict[str, float]:
    """Parts of the mean wait; they add up to one."""
    parts = {"generation": line.c * sums.v / sums.y, "prefill": line.b * sums.u / sums.y, "overhead": line.a * sums.w / sums.y}
    return parts | {"excess": 1 - sum(parts.values())}


def intervals(blocks: Sequence[Sums], total: Sums, uses_input: bool) -> dict[str, float] | None:
    """Half of each part's 95 % interval, by leaving out one stretch of time after the other."""
    lines = [(mean_line(rest, uses_input), rest) for rest in map(total.without, blocks)]
    if len(blocks) < BLOCKS or any(line is None for line, _ in lines):
        return None
    told = [shares(line, rest) for line, rest in lines if line]
    means = {part: fmean(one[part] for one in told) for part in PARTS}
    return {part: T_19 * math.sqrt((BLOCKS - 1) / BLOCKS * sum((one[part] - means[part]) ** 2 for one in told)) for part in PARTS}


def doubts(group: Group, found: Mapping[str, float], half: Mapping[str, float], spread: float) -> dict[str, str]:
    """Per part why it is not believed; '' where it is. What speaks against the whole fit speaks against every part."""
    shared = ""
    if spread > MOST_SPREAD:
        shared = "calls of equal tokens take too different times (hidden reasoning, queues?)"
    elif found["excess"] > MOST_EXCESS:
        shared = "too much of the wait follows no tokens"
    elif found["overhead"] < LEAST_OVERHEAD:
        shared = "the fit asks for less than no overhead"
    return {
        "generation": shared or _doubt(found["generation"], half["generation"], group.output_variation),
        "prefill": shared or _prefill(group, spread) or _doubt(found["prefill"], half["prefill"], group.input_variation),
        "overhead": shared or ("" if group.uses_input else "without the prompt's part it holds that, too"),
        "excess": shared,
    }


def _doubt(share: float, half: float, variation: float) -> str:
    if variation < LEAST_VARIATION:
        return "its tokens hardly vary"
    return "" if share > 0 and half <= MOST_HALF_WIDTH * share else "its interval is too wide"


def _prefill(group: Group, spread: float) -> str:
    if not group.has_input:
        return "log input_tokens"
    if not group.tells_cache:
        return "log cache_read_tokens: cached prompts are not read"
    return "the speed varies too much" if spread > MOST_PREFILL_SPREAD else ""


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_latency_parts`, a row a (provider, model, streamed or not, part); `stat_timed` and `stat_fit` (the line of each group) stay for others."""
    con.execute(CALLS.format(least=LEAST_CALLS, groups=MOST_GROUPS, blocks=BLOCKS))
    con.execute(RESULT)
    groups = [Group(*row) for row in con.execute(SPREADS).fetchall()]
    _fit(con, groups)
    blocks: dict[int, list[Sums]] = defaultdict(list)
    for grp, _, _, _, *sums in con.execute(SUMS.format(block="block", huber=HUBER) + " order by grp, block").fetchall():
        blocks[grp].append(Sums(*sums))
    spreads = dict(con.execute("select grp, s from stat_fit").fetchall())
    rows = [row for group in groups for row in _told(group, blocks.get(group.grp, []), spreads.get(group.grp))]
    if rows:
        con.executemany(f"insert into stat_latency_parts values ({', '.join(['?'] * 15)})", rows)


def _fit(con: duckdb.DuckDBPyConnection, groups: Sequence[Group]) -> None:
    """Leave the fitted lines in `stat_fit`; a group that has none is left out."""
    lines: dict[int, tuple[Line, float | None]] = {group.grp: (Line(1.0, 0.0, 0.0), None) for group in groups}
    uses = {group.grp: group.uses_input for group in groups}
    for number in range(ROUNDS + 1):
        con.execute(FIT)
        if not lines:
            return
        con.executemany("insert into stat_fit values (?, ?, ?, ?, ?)", [(grp, *line, s) for grp, (line, s) in lines.items()])
        found = {row[0]: (row[3], Sums(*row[4:])) for row in con.execute(SUMS.format(block="0", huber=HUBER)).fetchall()}
        solved = {grp: (solve(sums, uses[grp]), spread) for grp, (spread, sums) in found.items()}
        lines = {grp: (line, max(spread or 0.0, 1e-3) if number else None) for grp, (line, spread) in solved.items() if line}
    con.execute("delete from stat_fit where grp not in (select unnest($1))", [list(lines)])


def _told(group: Group, blocks: Sequence[Sums], spread: float | None) -> list[tuple[object, ...]]:
    who = (group.grp, group.provider, group.model, group.is_stream, group.n)
    total = Sums(*(sum(values) for values in zip(*blocks, strict=True))) if blocks else None
    line, half = (mean_line(total, group.uses_input), intervals(blocks, total, group.uses_input)) if total else (None, None)
    if total is None or line is None or half is None or spread is None:
        return [(*who, None, part, None, None, None, False, None, None, spread, "its tokens hardly vary") for part in PARTS]
    found = shares(line, total)
    why = doubts(group, found, half, spread)
    rates = {"generation": line.c / group.s2 if group.s2 else None, "prefill": line.b / group.s1 if group.s1 else None}
    rows: list[tuple[object, ...]] = []
    for part in PARTS:
        small = part == "prefill" and why[part].startswith("its interval") and found[part] + half[part] <= SMALL
        is_identified = not why[part] or small
        basis = "bounded" if small else "estimated" if is_identified else None
        told = _range(found[part], half[part], small) if group.uses_input or part != "prefill" else (None, None, None)
        rows.append((*who, total.y / total.w, part, *told, is_identified, basis, rates.get(part), spread, why[part]))
    return rows


def _range(share: float, half: float, is_bound: bool) -> tuple[float, float, float]:
    """Share and interval; of what is only known to be small the upper end counts."""
    return (max(share, 0.0), 0.0, share + half) if is_bound else (share, share - half, share + half)
