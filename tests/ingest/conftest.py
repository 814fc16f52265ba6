"""Every test of the engine reads with the tests' own source."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import Log, TinySource

from llmlogs import sources


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the tiny source is known, so that no real format takes the tests' files."""
    known = {"tiny": TinySource()}
    monkeypatch.setattr(sources, "all_sources", lambda: known)
    monkeypatch.setattr("llmlogs.ingest.batch.price_calls", lambda con, ingest_id, prices: None)  # loading the price book takes longer than all else here


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


@pytest.fixture
def logs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Log]:
    """As many fresh databases as a test needs."""
    return lambda: Log(tmp_path_factory.mktemp("log"))
