"""How a call ended, from its HTTP status and what was said of its error."""

from __future__ import annotations

from typing import Any

from llmlogs.sources.common.error_classes import Fault

BY_CLASS = {"timeout": "timeout", "client_cancel": "cancelled"}


def outcome(code: int | None, failed: bool | None = None, fault: Fault | None = None) -> dict[str, Any]:
    """status, status_code and the error columns. `failed` is what the log says itself; without it and without a code the status is unknown."""
    known = code if code is not None and 100 <= code < 600 else None
    wrong = failed if failed is not None else None if known is None else known >= 400
    if known is not None and known >= 400:
        wrong = True
    if not wrong:
        return {"status": "unknown" if wrong is None else "ok", "status_code": known}
    row: dict[str, Any] = {"status_code": known} | (fault or Fault()).columns(known)
    return row | {"status": BY_CLASS.get(row["error_class"], "error")}
