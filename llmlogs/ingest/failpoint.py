"""Named places where a test can make an ingest die: LLMLOGS_FAIL=name:n kills the process (or, name:n:raise, raises) the n-th time it passes."""

from __future__ import annotations

import os
import signal
from collections import Counter

passed: Counter[str] = Counter()


class Failpoint(Exception):  # noqa: N818 # it is a place, not an error of the user
    """Raised at the place a test named."""


def reach(name: str) -> None:
    """Say that the step `name` begins now."""
    wanted = os.environ.get("LLMLOGS_FAIL", "")
    if not wanted:
        return
    place, count, *how = wanted.split(":")
    passed[name] += 1
    if place != name or passed[name] != int(count or 1):
        return
    if how == ["raise"]:
        raise Failpoint(name)
    os.kill(os.getpid(), signal.SIGKILL)
