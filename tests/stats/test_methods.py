"""Methods are found by folder."""

import json

import pytest

from llmlogs import stats
from llmlogs.errors import UsageError
from llmlogs.schema.ddl import TABLES
from llmlogs.stats import needs


def test_a_method_is_a_module_of_the_folder() -> None:
    assert stats.find("stats.needs") is needs.compute
    with pytest.raises(UsageError, match="no such method"):
        stats.find("stats.os")


@pytest.mark.parametrize(
    ("need", "line"),
    [
        ("calls.ttft_ms | calls.duration_ms where stream", {"ttft_ms": 412.5}),
        ("calls.status", {"status": "ok"}),
        ("calls.cost_usd", {"model": "<model as asked for>", "input_tokens": 1200, "output_tokens": 1200}),
        ("calls.started_at", {"timestamp": "2026-01-31T12:00:00.250Z"}),
        ("calls.reported_usd", {"reported_usd": "0.0042"}),
        ("calls.status_code", {"status_code": 200}),
        ("calls.user_id", {"user_id": "<the end user>"}),
        ("rate_limits.remaining", {"rate_limits": [{"remaining": 412.5}]}),
    ],
)
def test_a_line_that_would_log_it(need: str, line: dict[str, object]) -> None:
    assert json.loads(needs.log_line(need)) == line


def test_every_column_of_the_contract_has_an_example() -> None:
    for table in TABLES:
        for column in table.columns:
            assert needs.example(column) is not None
    assert needs.log_line("") == ""
