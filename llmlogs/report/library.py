"""The chart library: plotly.js out of the plotly wheel, found without importing plotly, which would cost a second."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from llmlogs.errors import StorageError


@dataclass(frozen=True)
class Library:
    """The bundle as the page carries it, and the hash under which the page may run it."""

    packed: str  # gzip in base64
    hash: str  # sha256 of the text, for the content security policy


@cache
def load() -> Library:
    """The installed bundle, packed once a process."""
    text = bundle().read_bytes()
    return Library(pack(text), sha256(text))


def bundle() -> Path:
    """Where plotly.min.js lies."""
    spec = find_spec("plotly")
    places = list(spec.submodule_search_locations or []) if spec else []
    path = next((p for p in (Path(place, "package_data", "plotly.min.js") for place in places) if p.is_file()), None)
    if path is None:
        raise StorageError("the chart library is missing", "plotly/package_data/plotly.min.js", next_step="reinstall llmlogs, or write .md or .json")
    return path


def pack(data: bytes) -> str:
    """Gzip in base64; the same bytes every time."""
    return base64.b64encode(gzip.compress(data, 8, mtime=0)).decode("ascii")


def sha256(data: bytes) -> str:
    """A source expression of a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode('ascii')}'"
