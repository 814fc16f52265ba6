from pathlib import Path

import pytest

from tests.cases.log import Logs


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    """A fresh folder with a fresh database."""
    return Logs(tmp_path)
