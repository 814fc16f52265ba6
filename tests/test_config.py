"""The configuration file: what it may say and how it says no."""

from pathlib import Path

import pytest

from llmlogs import config
from llmlogs.errors import UsageError

NOWHERE: dict[str, str] = {}


def write(folder: Path, text: str) -> Path:
    (folder / "llmlogs.toml").write_text(text)
    return folder


def test_without_a_file_the_database_lies_here(tmp_path: Path) -> None:
    loaded = config.load(tmp_path, NOWHERE)
    assert loaded.database == tmp_path / "llmlogs.duckdb"
    assert loaded.file is None


def test_every_setting_is_read_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = """
database = "db/x.duckdb"
paths = ["logs", "more/*.jsonl"]
timezone = "Europe/Berlin"
store_text = "redacted"
sample_rate = 0.1
feature_from = "tags.product"
prices = "p.toml"
queries = "q"
title = "Ours"
[parameters]
window_minutes = 10
"""
    assert config.load(write(tmp_path, text), NOWHERE) == config.Config(
        database=tmp_path / "db/x.duckdb",
        paths=(str(tmp_path / "logs"), str(tmp_path / "more/*.jsonl")),
        timezone="Europe/Berlin",
        store_text="redacted",
        sample_rate=0.1,
        feature_from=("tags.product",),
        prices=tmp_path / "p.toml",
        queries=tmp_path / "q",
        title="Ours",
        parameters={"window_minutes": 10},
        file=tmp_path / "llmlogs.toml",
    )


def test_questions_hear_of_the_zone_of_days_unless_a_parameter_says_otherwise(tmp_path: Path) -> None:
    assert config.Config().question_values == {"timezone": "UTC"}
    text = 'timezone = "Europe/Berlin"\n[parameters]\nwindow_minutes = 10\n'
    assert config.load(write(tmp_path, text), NOWHERE).question_values == {"timezone": "Europe/Berlin", "window_minutes": 10}
    assert config.Config(timezone="Asia/Tokyo", parameters={"timezone": "UTC"}).question_values == {"timezone": "UTC"}


def test_the_environment_names_the_database(tmp_path: Path) -> None:
    assert config.load(write(tmp_path, 'database = "a"'), {"LLMLOGS_DB": "/x/y.duckdb"}).database == Path("/x/y.duckdb")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("\ntimezon = 'UTC'", ["unknown setting `timezon`", "llmlogs.toml:2", "did you mean `timezone`?"]),
        ("zzz = 1", ["unknown setting `zzz`", "allowed: database"]),
        ("timezone = 'Mars/Olympus'", ["bad value for `timezone`", "no time zone 'Mars/Olympus'"]),
        ("store_text = 'all'", ["must be one of none, redacted, full, found 'all'"]),
        ("sample_rate = 0", ["above 0 and at most 1, found 0"]),
        ("sample_rate = true", ["found True"]),
        ("paths = [1]", ["must be a list of texts"]),
        ("title = 3", ["must be a text, found 3"]),
        ("parameters = 3", ["must be a table"]),
        ("a = = 1", ["the configuration is not TOML", "line 1"]),
    ],
)
def test_a_wrong_file_is_told_with_its_line_and_what_is_allowed(tmp_path: Path, text: str, pieces: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        config.load(write(tmp_path, text), NOWHERE)
    for piece in pieces:
        assert piece in str(caught.value)


def test_a_configuration_that_is_named_but_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such configuration file"):
        config.load(tmp_path, {"LLMLOGS_CONFIG": str(tmp_path / "gone.toml")})


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "llmlogs.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(UsageError, match="cannot read the configuration"):
        config.load(tmp_path, NOWHERE)
