"""View spend_days against medians by hand, and how often cost/anomalies cries on clean months."""

import datetime as dt
import math
import random
from statistics import fmean, median

import duckdb
import pytest

from llmlogs import resources
from llmlogs.pack import rows
from llmlogs.pack.load import load
from llmlogs.pack.model import Answer
from llmlogs.pack.run import run

QUESTION = load([resources.folder("queries")]).find("cost/anomalies")
START = dt.datetime(2026, 1, 5)
Plan = list[tuple[str, int, int]]  # feature, day, calls of a cent, more or less


def project(dice: random.Random, features: int, calls: int, noise: float, memory: float, days: int = 58) -> Plan:
    """Clean months: lognormal days with a memory, weekends of their own, some growth."""
    plan = []
    for feature in range(features):
        drag, base, weekend, growth = 0.0, dice.uniform(-1, 1), dice.choice((0.0, -0.3, -1.0)), dice.choice((0.0, 0.0, 0.01))
        for day in range(days):
            drag = memory * drag + dice.gauss(0, noise) * math.sqrt(1 - memory**2)
            level = base + drag + growth * day + (weekend if day % 7 > 4 else 0)
            plan.append((f"f{feature}", day, max(1, round(calls * math.exp(level)))))
    return plan


def database(plan: Plan) -> duckdb.DuckDBPyConnection:
    con = rows.database()
    con.execute("create temp table plan (feature varchar, day integer, calls integer)")
    con.execute("insert into plan select unnest($1, max_depth := 2)", [[{"feature": f, "day": d, "calls": n} for f, d, n in plan]])
    rows.ensure_columns(con, {"call_id", "source", "ingest_id", "file_id", "line", "feature", "cost_usd", "request_model"})
    con.execute(
        "insert into call_rows by name select 'c' as call_id, 's' as source, 1 as ingest_id, 1 as file_id, 1 as line, feature, 'm' as request_model,"
        " 0.01 * (0.5 + hash(day, i, feature) % 1000 / 1000.0) as cost_usd, $1::timestamp + to_days(day)"
        " + to_seconds(86399 * (2 * i + 1) // (2 * calls)) as started_at from plan, unnest(range(calls)) u(i)",
        [START],
    )
    return con


def ask(plan: Plan) -> Answer:
    con = database(plan)
    answer = run(con, [QUESTION])[0]
    con.close()
    return answer


def outliers(answer: Answer) -> int:
    return answer.results["evidence"].total_rows


def test_usual_and_scale_are_medians_of_the_days_before() -> None:
    plan = project(random.Random(4), features=1, calls=60, noise=0.3, memory=0.0)
    con = database(plan)
    calls = con.execute("select day_no, cost_usd::double from call_days").fetchall()
    found = con.execute("select day_no, usual_usd, scale, spend from spend_days where kind = 'feature' and usual_usd is not null").fetchall()
    con.close()
    costs = {no: [usd for day, usd in calls if day == no] for no in {day for day, _ in calls}}
    spent = {no: math.log(sum(usd)) for no, usd in costs.items()}
    noise = {no: sum(x * x for x in usd) / sum(usd) ** 2 for no, usd in costs.items()}
    dow = {no: (START + dt.timedelta(days=57 - no)).weekday() for no in spent}
    effect = {d: 0.8 * (median([x for no, x in spent.items() if dow[no] == d]) - median(spent.values())) for d in range(7)}
    plain = {no: x - effect[dow[no]] for no, x in spent.items()}
    assert len(found) == 58 - 14
    for no, usual_usd, scale, spend in found:
        before = [plain[k] for k in range(no + 1, no + 29) if k in plain]
        near = [median([plain[k] for k in range(a, b) if k in plain]) for a, b in ((no + 1, no + 4), (max(no - 3, 0), no)) if b > a]
        usual = max(median(before), *near)
        assert math.log(usual_usd) - effect[dow[no]] == pytest.approx(usual), no
        spread, least = median([abs(x - median(before)) for x in before]), fmean([noise[k] for k in range(no + 1, no + 29) if k in plain])
        assert scale == pytest.approx(max(1.4826 * spread, math.sqrt(least), 0.05)), no
        assert spend == pytest.approx(math.exp(spent[no]))


def test_clean_months_raise_no_alarm_and_a_bad_day_one() -> None:
    plan = project(random.Random(17), features=8, calls=60, noise=0.15, memory=0.3)
    assert outliers(ask(plan)) == 0
    bad = [(f, day, n * 6 if (f, day) == ("f2", 44) else n) for f, day, n in plan]
    answer = ask(bad)
    assert answer.verdict in ("warn", "fail")
    assert answer.values["worst_name"] == "feature f2"
    assert answer.values["worst_at"] == START + dt.timedelta(days=44)


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "memory"), [(0.05, 0.3), (0.15, 0.3), (0.3, 0.6), (0.5, 0.6)])
def test_twenty_series_raise_at_most_one_false_alarm_in_thirty_clean_days(noise: float, memory: float) -> None:
    """The bar is one a month; Bonferroni over all days and series leaves about one in twenty months."""
    months = 20
    alarms = [outliers(ask(project(random.Random(f"{noise}/{seed}"), features=20, calls=100, noise=noise, memory=memory))) for seed in range(months)]
    assert sum(alarms) <= 0.25 * months
