"""What every test may ask for."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("LLMLOGS_SHARED", ROOT.parent / "shared"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the program prints now into tests/golden; read the diff")


@pytest.fixture
def shared() -> Path:
    """The folder of real data and oracles that lies beside a checkout in development; not part of the project."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared folder with real data beside this checkout")
    return SHARED


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
