"""What holds for every trace export: read twice, in another order, or in overlapping parts, the tables are the same."""

from pathlib import Path
from typing import Any

import pytest
from trace_helpers import Db

from llmlogs import sources
from llmlogs.schema.ddl import quote

NAMES = ("braintrust", "llm_cli", "mlflow", "phoenix", "weave")
TABLES = ("calls", "spans", "feedback", "attempts")
OWN = {"ingest_id", "file_id", "line", "rate_id", "prompt_hash", "prefix_hash"}  # hashes are keyed by a secret of the database


def tables(db: Db) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for table in TABLES:
        names = [name for (name,) in db.ask(f"select column_name from duckdb_columns() where table_name = '{table}' and not internal") if name not in OWN]
        columns = ", ".join(quote(name) for name in names)
        found[table] = sorted(db.ask(f"select {columns} from {table}"), key=repr)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_twice_and_shuffled_and_in_parts(name: str, tmp_path: Path) -> None:
    lines = [line for sample in sources.get(name).samples for line in sample.lines.strip().splitlines()]
    files = {"all": lines, "reversed": lines[::-1], "again": [*lines, *lines]}
    for file, content in files.items():
        (tmp_path / f"{file}.jsonl").write_text("".join(line + "\n" for line in content), encoding="utf-8")
    once = tmp_path / "once"
    once.mkdir()
    want = tables(Db(once, tmp_path / "all.jsonl"))
    assert want["calls"]
    for number, order in enumerate((("reversed",), ("all", "reversed"), ("reversed", "again", "all"))):
        place = tmp_path / str(number)
        place.mkdir()
        for file in order:
            db = Db(place, tmp_path / f"{file}.jsonl")
            assert [each.source for each in db.report.files] == [name]
        assert tables(db) == want, order
