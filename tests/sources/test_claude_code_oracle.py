"""Real sessions against what ccusage 20.0.24 printed for them. Needs the folder of real data beside the checkout."""

import collections
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from llmlogs.ingest import engine
from llmlogs.store import database

pytestmark = pytest.mark.shared
AGENTS = "corpus/provider/coding_agents"
PRINTED = ("inputTokens", "cacheReadTokens", "cacheCreationTokens", "outputTokens")
SUMS = "sum(input_tokens - coalesce(cache_read_tokens, 0) - coalesce(cache_write_tokens, 0))::bigint, " + ", ".join(
    f"coalesce(sum({name}), 0)::bigint" for name in ("cache_read_tokens", "cache_write_tokens", "output_tokens")
)


def printed(path: Path) -> dict[tuple[str, str], list[int]]:
    """Tokens by month and model (month is empty in a report by session)."""
    report = json.loads(path.read_text(encoding="utf-8"))
    found: dict[tuple[str, str], list[int]] = collections.defaultdict(lambda: [0, 0, 0, 0])
    for bucket in report.get("daily") or report["sessions"]:
        for model in bucket["modelBreakdowns"]:
            cell = found[str(bucket.get("date", ""))[:7], model["modelName"]]
            cell[:] = [have + model[name] for have, name in zip(cell, PRINTED, strict=True)]
    return dict(found)


def ours(db: Path, month: str, where: str) -> dict[tuple[str, str], list[int]]:
    con = database.open_for_read(db)
    try:
        rows: list[Any] = con.execute(f"select {month}, response_model, {SUMS} from calls where input_tokens is not null and {where} group by all").fetchall()
    finally:
        con.close()
    return {(row[0], row[1]): list(row[2:]) for row in rows}


@pytest.mark.parametrize("name", ["claude_code_small", "claude_code_viewer_mock"])
def test_session_reports(name: str, shared: Path, tmp_path: Path) -> None:
    """The report by session leaves calls of sub-agents out that are told inside their parent's lines only."""
    engine.run([str(shared / AGENTS / name)], tmp_path / "d")
    want = printed(shared / AGENTS / f"expected_ccusage_20.0.24/{name}_session.json")
    nested = "agent_name is null" if name == "claude_code_small" else "true"
    assert ours(tmp_path / "d", "''", nested) == want


@pytest.mark.slow
def test_a_real_tree_of_187_sessions(shared: Path, tmp_path: Path) -> None:
    """Every month and model of the daily report, to the token."""
    with tarfile.open(shared / AGENTS / "claude_code_entire_dev.tar.gz") as archive:
        archive.extractall(tmp_path / "tree", filter="data")
    engine.run([str(tmp_path / "tree")], tmp_path / "d")
    want = printed(shared / AGENTS / "expected_ccusage_20.0.24/claude_entire_dev_daily.json")
    assert ours(tmp_path / "d", "strftime(started_at, '%Y-%m')", "true") == want
