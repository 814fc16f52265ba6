"""Planted reasons are found under their own names: at least 95 % of what was planted, in tokens and in money, day by day."""

from __future__ import annotations

import itertools
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import scoring
from bill_maker import PLANTS, make

ENOUGH = 0.95
SURE = ("missing_hour", "duplicated_file", "wrong_tier", "cached_twice", "shifted_days", "discount", "another_client")
EVERY = (*((name,) for name in PLANTS), *itertools.combinations(PLANTS, 2))


def _scores(seed: int, causes: tuple[str, ...], folder: Path, form: str = "") -> tuple[scoring.Score, scoring.Score]:
    world = make(seed, causes, form)
    con = scoring.load(world, folder)
    try:
        return scoring.tokens(world, con), scoring.money(world, con)
    finally:
        con.close()


@pytest.mark.parametrize(
    ("causes", "form"), [((), "api"), *zip(((name,) for name in SURE), itertools.cycle(("api", "litellm", "focus", "api-hourly")), strict=False)]
)
def test_a_cause_alone_is_found(causes: tuple[str, ...], form: str, tmp_path: Path) -> None:
    for score in _scores(len(form) + 7, causes, tmp_path, form):
        assert score.share >= ENOUGH, score
        assert sum(score.wrong.values()) <= 0.05 * max(sum(score.planted.values()), 1e-6), score


def test_money_alone_names_what_changed_the_quantities(tmp_path: Path) -> None:
    _, money = _scores(3, ("missing_hour", "another_project"), tmp_path, "costs")
    assert money.share >= ENOUGH, money


def test_tokens_alone_are_compared(tmp_path: Path) -> None:
    tokens, money = _scores(4, ("duplicated_file",), tmp_path, "usage")
    assert tokens.share >= ENOUGH, tokens
    assert not sum(money.found.values())


@pytest.mark.slow
@pytest.mark.parametrize("base", [90_000, 91_000])
def test_every_cause_and_every_two(base: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seeds that the method was never tuned on. Prints the share of each cause."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    weak, said = [], []
    for number, causes in enumerate(EVERY):
        folder = tmp_path / str(number)
        folder.mkdir()
        for unit, score in zip(("tokens", "usd"), _scores(base + number, causes, folder), strict=True):
            whole = sum(score.planted.values()) or 1.0
            for cause, planted in score.planted.items():  # each world weighs the same
                for place, amount in enumerate((planted, score.found[cause], score.wrong[cause])):
                    sums[unit, cause][place] += amount / whole
            if score.share < ENOUGH:
                weak.append((base + number, causes, unit, round(score.share, 3)))
    for (unit, cause), (planted, found, wrong) in sorted(sums.items()):
        said.append(f"{unit:6} {cause:18} {found / planted if planted else float('nan'):7.2%} found, {wrong:.3f} said beyond it in {len(EVERY)} worlds")
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *said, "below:", *map(str, weak), ""]))
    for unit in ("tokens", "usd"):
        mine = [row for (of, _), row in sums.items() if of == unit]
        assert sum(row[1] for row in mine) >= ENOUGH * sum(row[0] for row in mine)
    assert len(weak) <= 0.05 * 2 * len(EVERY), weak
