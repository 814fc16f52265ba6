"""The short form of the planted-cause benchmark, and that its own arithmetic and its guards can be relied on."""

import random
from collections.abc import Iterator

import pytest

from tests.truth import bench, scores, world
from tests.truth.ask import NotBuiltError, ask
from tests.truth.scores import Promise, Row, Score, Waived
from tests.truth.streams import traces
from tests.truth.streams.gates import KINDS


def test_every_promise_that_few_streams_can_judge_is_kept() -> None:
    """Not built and not pending counts as broken; a miss is what chance cannot explain."""
    rows = [row for lines in bench.run(bench.read(), short=True) for row in lines]
    assert rows
    assert [f"{row.promise.id}: {row.verdict} {row.missing}" for row in rows if row.fails] == []


def test_every_promise_is_measured_by_its_judge_and_has_a_bar() -> None:
    entries = bench.read()
    assert len({entry.name for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.promises, entry.name
        assert all(p.least is not None or p.most is not None for p in entry.promises), entry.name
        assert (bench.HERE / "streams" / f"{entry.kind}.py").is_file()
        assert (bench.HERE / "judges" / f"{entry.kind}.py").is_file()


def test_a_question_that_is_not_there_is_not_built_and_never_passes() -> None:
    con = world.database(1)
    try:
        with pytest.raises(NotBuiltError):
            ask(con, "tokens/no_such_question")
        with pytest.raises(NotBuiltError):
            ask(con, "tokens/drift").value("no_such_column")
        with pytest.raises(NotBuiltError):
            ask(con, "tokens/drift").rows("no_such_column")
    finally:
        con.close()
    promise = Promise("x/found", "", "found", least=0.5)
    (row,) = scores.collect([promise], [Score("found"), Score("found", of=0, missing="not built: x")], 2, Waived({}, {}), lenient=True)
    assert (row.verdict, row.fails) == ("not built", True)
    (row,) = scores.collect([promise], [Score("other")], 1, Waived({}, {"x/found": "why"}), lenient=True)
    assert (row.verdict, row.fails) == ("not measured", True)


@pytest.mark.parametrize(
    ("hit", "of", "lenient", "verdict"),
    [(19, 20, False, "ok"), (18, 20, False, "MISSED"), (18, 20, True, "ok"), (10, 20, True, "MISSED"), (6, 8, True, "ok"), (3, 8, True, "MISSED")],
)
def test_a_bar_is_held_by_the_number_itself_and_in_the_short_form_by_what_chance_allows(hit: int, of: int, lenient: bool, verdict: str) -> None:
    assert Row(Promise("x/found", "", "found", least=0.95), of, hit, of, lenient=lenient).verdict == verdict


def test_wilson_and_byar_agree_with_tables() -> None:
    assert scores.wilson(8, 10) == pytest.approx((0.490, 0.943), abs=1e-3)  # Newcombe 1998
    assert scores.byar(10, 1) == pytest.approx((4.79, 18.39), abs=0.02)  # exact Poisson: 4.795 to 18.39


def test_a_stream_is_the_same_in_every_run_of_its_seed() -> None:
    entry = next(entry for entry in bench.read() if entry.kind == "outliers")

    def rows(seed: int) -> Iterator[tuple[object, ...]]:
        con = world.database(seed)
        make = __import__(f"tests.truth.streams.{entry.kind}", fromlist=["make"]).make
        make(con, random.Random(seed), **entry.of_seed(seed))
        yield from con.execute("select count(*), sum(duration_ms), min(user_id), sum(output_tokens) from calls").fetchall()
        con.close()

    assert list(rows(7)) == list(rows(7))
    assert list(rows(7)) != list(rows(8))


def test_the_walk_gives_every_moment_of_a_trace_to_one_step() -> None:
    rng = random.Random(3)
    for number in range(200):
        root = traces._messy(rng, f"t{number}")
        assert sum(traces.walk(root, 1).values()) == root.t1 - root.t0


@pytest.mark.parametrize("kind", KINDS)
def test_a_limiter_admits_its_limit_and_no_more(kind: str) -> None:
    """An hour of twice the limit: 60 minutes' worth passes, give or take the first."""
    gate, admitted = KINDS[kind](100.0), 0
    for tick in range(60 * 200):
        now = tick * 0.3
        if not gate.wait(now, 1):
            gate.take(now, 1)
            admitted += 1
    assert 5900 <= admitted <= 6110
