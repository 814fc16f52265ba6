"""Budgets, SLOs and checks of the configuration: what they may say, and how each mistake is told."""

from decimal import Decimal
from pathlib import Path

import pytest

from llmlogs import config, goals
from llmlogs.errors import UsageError

GOOD = """
timezone = "Europe/Berlin"
[[budget]]
name = "all"
amount_usd = "2000.10"

[[budget]]
name = "search"
amount_usd = 50
period = "week"
feature = "search*"
user = "u1"
timezone = "UTC"

[[slo]]
name = "chat"
metric = "ttft"
target_ms = 1500
share = 0.95

[[check]]
question = "errors/by_class"
max = 0.02
"""


def loaded(folder: Path, text: str) -> config.Config:
    (folder / "llmlogs.toml").write_text(text)
    return config.load(folder, {})


def test_what_is_left_out_has_its_default_and_amounts_are_exact(tmp_path: Path) -> None:
    made = loaded(tmp_path, GOOD)
    assert made.tables == {
        "stat_budgets": [
            ("all", Decimal("2000.10"), "month", "Europe/Berlin", None, None, None, None, None, None),
            ("search", Decimal(50), "week", "UTC", "search*", None, None, None, "u1", None),
        ],
        "stat_slos": [("chat", "ttft", Decimal(1500), Decimal("0.95"), 28, None, None, None, None, None, None)],
    }
    assert made.check[0]["column"] == "value"
    assert made.check[0]["max"] == Decimal("0.02")


def test_the_columns_are_those_of_the_rows() -> None:
    assert list(goals.columns("stat_budgets")) == ["name", "amount_usd", "period", "zone", "feature", "team", "model", "provider", "user_id", "project"]
    assert goals.columns("stat_slos")["window_days"] == "integer"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ('[[budget]]\nname = "a"', ["llmlogs.toml:1", "`amount_usd` is missing", "USD"]),
        ('[[budget]]\nname = "a"\namount_usd = 1\n\n[[budget]]\nname = "b"\namount_usd = 0', ["llmlogs.toml:7", "above 0", "found 0"]),
        ('[[budget]]\nname = "a"\namount_usd = 1\nperod = "day"', ["llmlogs.toml:4", "unknown key `perod`", "did you mean `period`?"]),
        ('[[budget]]\nname = "a"\namount_usd = 1\nzzz = 1', ["llmlogs.toml:4", "allowed: name, amount_usd"]),
        ('[[budget]]\nname = "a"\namount_usd = 1\nperiod = "year"', ["llmlogs.toml:4", "one of day, week, month, found 'year'"]),
        ('[[budget]]\nname = "a"\namount_usd = 1\ntimezone = "Mars/Olympus"', ["llmlogs.toml:4", "no time zone"]),
        ('[[budget]]\nname = "a"\namount_usd = 1\nfeature = 3', ["llmlogs.toml:4", "must be a text, found 3"]),
        ('[[budget]]\nname = "a"\namount_usd = nan', ["llmlogs.toml:3", "found nan"]),
        ('[[budget]]\nname = "a"\namount_usd = "12 USD"', ["llmlogs.toml:3", "found '12 USD'"]),
        ('[[budget]]\nname = "a"\namount_usd = true', ["found True"]),
        ('[[budget]]\nname = "a"\namount_usd = 1\n[[budget]]\nname = "a"\namount_usd = 2', ["llmlogs.toml:5", "there is a budget 'a' already"]),
        ('[budget]\nname = "a"', ["llmlogs.toml:1", "must be tables", "[[budget]]"]),
        ('title = "x"\nbudget = [{ name = "a" }]', ["llmlogs.toml:2", "`amount_usd` is missing"]),
        ('[[slo]]\nname = "a"\nmetric = "p95"\ntarget_ms = 1', ["llmlogs.toml:3", "one of ttft, duration"]),
        ('[[slo]]\nname = "a"\nmetric = "ttft"\ntarget_ms = 1\nshare = 95', ["llmlogs.toml:5", "at most 1, found 95"]),
        ('[[slo]]\nname = "a"\nmetric = "ttft"\ntarget_ms = 1\nwindow_days = 0.5', ["llmlogs.toml:5", "whole number"]),
        ("[[check]]\nmax = 1", ["llmlogs.toml:1", "one of the two"]),
        ('[[check]]\nquestion = "a/b"', ["says nothing of its question", "max = ..."]),
        ('[[check]]\nquestion = "a/b"\nsql = "select 1"\nmax = 1', ["one of the two"]),
        ('[[check]]\nsql = "select 1"\nmax = 1', ["with sql goes a name"]),
        ('[[check]]\nquestion = "a/b"\nmax = 1\nlevel = "info"', ["llmlogs.toml:4", "one of fail, warn"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_is_allowed(tmp_path: Path, text: str, pieces: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, text)
    for piece in pieces:
        assert piece in str(caught.value)
