"""Runs the command line as a user does: a process of its own, bytes in and out."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def llmlogs(tmp_path: Path) -> Run:
    """`llmlogs("ingest", path)` in a folder of its own."""

    def run(*arguments: object, stdin: str = "", **environment: str) -> Done:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LLMLOGS_")} | environment
        command = [sys.executable, "-m", "llmlogs", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=clean, input=stdin, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    return run
