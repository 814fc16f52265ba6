"""The two sides a person names."""

from datetime import datetime
from typing import Any

import pytest

from llmlogs.compare import sides
from llmlogs.errors import UsageError


@pytest.mark.parametrize(
    ("before", "after", "want"),
    [
        (None, None, {}),
        ("2026-10-01..2026-10-07", None, {"before_from": datetime(2026, 10, 1), "before_to": datetime(2026, 10, 8)}),
        (None, "2026-10-08T06:00..", {"after_from": datetime(2026, 10, 8, 6)}),
        (None, "..2026-10-08T06:00+02:00", {"after_to": datetime(2026, 10, 8, 4)}),
        ("release=411", "release=412", {"by_column": "release", "before_is": "411", "after_is": "412"}),
        ("prompt_version=a=b", "prompt_version= v2 ", {"by_column": "prompt_version", "before_is": "a=b", "after_is": "v2"}),
    ],
)
def test_what_is_meant(before: str | None, after: str | None, want: dict[str, Any]) -> None:
    assert sides(before, after) == want


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("2026-10-01", None, "not a period"),
        ("..", None, "not a period"),
        ("2026-10-32..", None, "not a date or time"),
        ("2026-10-07..2026-10-01", None, "ends before it begins"),
        ("user=ann", "user=bob", "nothing to compare by"),
        ("release=", "release=2", "nothing to compare by"),
        ("release=1", None, "different kinds"),
        ("release=1", "model=2", "different kinds"),
        ("release=1", "2026-10-01..", "different kinds"),
    ],
)
def test_what_is_not(before: str | None, after: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        sides(before, after)
