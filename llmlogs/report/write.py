"""A report into a file, in the form its name asks for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from llmlogs.errors import StorageError, UsageError
from llmlogs.report import layout
from llmlogs.report.model import Report

FORMS = {".html": "html", ".htm": "html", ".json": "json", ".md": "md", ".txt": "term"}


def check(path: Path) -> None:
    """UsageError, before anything is computed, when no form goes by that name."""
    if path.suffix.lower() not in FORMS:
        raise UsageError("no report is written in this form", str(path), next_step=f"end the name in {', '.join(FORMS)}")


def write(report: Report, path: Path, order: layout.Layout | None = None) -> None:
    """The whole file or none: a reader never meets half a report."""
    check(path)
    form = FORMS[path.suffix.lower()]
    render: Callable[..., str] = import_module(f"llmlogs.report.render_{form}").render
    text = render(report, order) if form == "html" else render(report)
    try:
        _replace(path, text)
    except OSError as error:
        raise StorageError(
            "the report cannot be written", str(path), error.strerror or str(error), "name another file with -o, in a folder that is there"
        ) from error


def _replace(path: Path, text: str) -> None:
    """Written beside the target and moved over it; a device such as /dev/stdout is written as it is."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path.resolve())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process' mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
