"""What fewer chunks and shorter answers save, against the planted times of calls that scatter."""

import datetime as dt
import random
from statistics import fmean

import pytest

from llmlogs import resources
from llmlogs.pack import rows
from llmlogs.pack.load import load
from llmlogs.pack.run import run

QUESTION = load([resources.folder("queries")]).find("latency/what_lengths_cost")
START = dt.datetime(2026, 1, 5)
CHUNK = 180


def answers(seed: int, read_ms: float) -> tuple[dict[str, dict[str, object]], dict[str, float]]:
    """Savings as told by kind of change, and the true ones."""
    dice = random.Random(seed)
    made: list[dict[str, object]] = []
    for i in range(1500):
        chunks, written = dice.randint(1, 12), max(1, int(dice.lognormvariate(5, 0.6)))
        read = 400 + int(dice.gauss(0, 80)) + sum(int(dice.gauss(CHUNK, 40)) for _ in range(chunks))
        took = (300 + read_ms * read + 9 * written) * dice.lognormvariate(0, 0.15)
        entry = {"document_count": chunks, "input_tokens": read, "output_tokens": written, "duration_ms": took, "cache_read_tokens": 0}
        made.append(entry | {"started_at": START + dt.timedelta(minutes=20 * i), "feature": "search", "request_model": "m"})
    con = rows.database()
    rows.insert(con, "calls", made)
    answer = run(con, [QUESTION])[0]
    con.close()
    found = answer.results["evidence"]
    told = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    lift = fmean(dice.lognormvariate(0, 0.15) for _ in range(20000))
    truth = {
        "answers": 0.1 * 9 * fmean(float(str(entry["output_tokens"])) for entry in made) * lift,
        "retrieved": 0.5 * read_ms * CHUNK * fmean(float(str(entry["document_count"])) for entry in made) * lift,
    }
    return {str(row["change"]).split()[0]: row for row in told}, truth


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_holds_what_would_be_saved(seed: int) -> None:
    told, truth = answers(seed, 0.6)
    for kind, saved in truth.items():
        assert told[kind]["reliable"]
        assert told[kind]["lo"] <= saved <= told[kind]["hi"]  # type: ignore[operator]
        assert told[kind]["saved_ms"] == pytest.approx(saved, rel=0.1)


def test_where_reading_is_next_to_nothing_chunks_are_only_bounded() -> None:
    told, truth = answers(9, 0.01)
    assert told["retrieved"]["basis"] == "bounded"
    assert told["retrieved"]["saved_ms"] is None
    assert truth["retrieved"] <= told["retrieved"]["hi"] <= 0.05 * told["retrieved"]["mean_ms"]  # type: ignore[operator]
