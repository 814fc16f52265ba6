"""The committed sample logs are what the generator makes, and their truth adds up."""

import gzip
import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "sample_data"
LARGEST = 3_000_000


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_data_generate", FOLDER / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GENERATE = _generator()


def _plain(name: str, data: bytes) -> bytes:
    """Without gzip: another zlib may pack the same content into other bytes."""
    return gzip.decompress(data) if name.endswith(".gz") else data


@pytest.mark.parametrize("name", GENERATE.names())
def test_the_committed_set_is_what_the_generator_makes(name: str) -> None:
    """Nothing was edited by hand and nothing depends on the clock or the machine."""
    made = GENERATE.made(name)
    for file, data in made.files.items():
        assert _plain(file, data) == _plain(file, (FOLDER / name / file).read_bytes()), f"run: python sample_data/generate.py --set {name}"
    committed = {path.relative_to(FOLDER / name).as_posix() for path in (FOLDER / name).rglob("*") if path.is_file()}
    assert committed == {*made.files, "truth.toml"}
    assert tomllib.loads((FOLDER / name / "truth.toml").read_text(encoding="utf-8"))["about"] == made.truth["about"]


def test_every_folder_belongs_to_a_set() -> None:
    """A set that was renamed leaves nothing behind."""
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir() and path.name not in ("maker", "__pycache__")}
    assert folders == set(GENERATE.names())


def test_the_readme_lists_every_set() -> None:
    """In the words of the set's own file."""
    assert GENERATE.fill_readme() == (FOLDER / "README.md").read_text(encoding="utf-8"), "run: python sample_data/generate.py"


def test_the_folder_stays_small() -> None:
    """It is cloned by everybody."""
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts) <= LARGEST


def test_any_size_can_be_made() -> None:
    """The wishes of the command line reach the simulation."""
    made = GENERATE.made("healthy", GENERATE.Scale(days=2, calls_per_day=300))
    assert 300 < made.truth["totals"]["calls"] < 1000
    assert len(gzip.decompress(made.files["calls.jsonl.gz"]).splitlines()) == made.truth["totals"]["calls"]
