"""The wheel carries what the program needs, and works in a fresh environment without any development package."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


def run(*command: str | Path, cwd: Path | None = None) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "LLMLOGS_DB", "LLMLOGS_CONFIG"}}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_its_plain_files_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tracked = run("git", "ls-files", "llmlogs", "queries", "reports", cwd=ROOT).split() if (ROOT / ".git").exists() else []
    expected = {name if name.startswith("llmlogs/") else f"llmlogs/_data/{name}" for name in tracked}
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed - expected == set() or not tracked
    assert expected <= packed
    assert any(name.startswith("llmlogs/_data/queries/") and name.endswith(".sql") for name in packed)
    assert any(name.startswith("llmlogs/_data/reports/default/") for name in packed)
    assert any(name.startswith("llmlogs/schema/views/") for name in packed)


def test_a_fresh_environment_ingests_and_reports(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    run(python, "-m", "pip", "--disable-pip-version-check", "-q", "install", "-c", ROOT / "constraints.txt", wheel)
    work = tmp_path / "work"
    work.mkdir()
    log = work / "app.jsonl"
    row = {"format": "llmlogs/1", "timestamp": "2026-11-01T09:00:00Z", "model": "gpt-4o", "provider": "openai", "duration_ms": 812}
    log.write_text("".join(json.dumps(row | {"call_id": str(n), "input_tokens": n, "output_tokens": 1}) + "\n" for n in range(150)))
    program = home / "bin" / "llmlogs"
    counted = json.loads(run(program, "ingest", log, "--json", cwd=work))
    assert (counted["records"], counted["calls"]) == (150, 150)
    run(program, "report", "-o", "r.html", "-o", "r.json", cwd=work)
    assert json.loads((work / "r.json").read_text())
    assert (work / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert run(program, "sql", "select count(*) from calls", cwd=work) == "count_star()\n150\n"
