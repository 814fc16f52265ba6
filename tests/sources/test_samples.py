"""Every source that ships reads its own samples as it says: a new one in the folder is tested without being named here."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from llmlogs import sources
from llmlogs.ingest import engine
from llmlogs.ingest.options import IngestOptions
from llmlogs.sources.base import Context, Record, Sample, Source
from llmlogs.sources.declared import Declared, load
from llmlogs.sources.declared import file as declared_file
from llmlogs.store import database

CODED = [(source, sample) for source in sources.coded() for sample in source.samples]


def test_every_shipped_mapping_reads_its_samples() -> None:
    folder = Path(sources.__file__).parent
    for path in sorted(folder.glob("*.toml")):
        source = load(path)
        assert source.samples, f"{path.name} has no sample"
        check(source)


@pytest.mark.parametrize(("source", "sample"), CODED, ids=[f"{source.name}: {sample.note}" for source, sample in CODED])
def test_every_coded_source_reads_its_samples(source: Source, sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the whole engine, and recognised without being named."""
    monkeypatch.setattr("llmlogs.ingest.batch.price_calls", lambda con, ingest_id, prices: None)
    path = tmp_path / "sample"
    path.write_text(sample.lines.lstrip("\n"), encoding="utf-8")
    report = engine.run([str(path)], tmp_path / "d", IngestOptions())
    assert [file.source for file in report.files] == [source.name]
    counts = report.as_json()
    assert {name: counts[name] for name in sample.counts} == sample.counts
    found = calls(tmp_path / "d")
    assert len(found) == len(sample.want)
    for want in sample.want:
        like = next((row for row in found if {name: told(row[name], value) for name, value in want.items()} == want), None)
        assert like is not None, f"{want} is none of {found}"
        found.remove(like)


def told(value: Any, wanted: Any) -> Any:
    """A value as the sample writes it: an instant may be a text there."""
    return value.isoformat() if isinstance(value, datetime) and isinstance(wanted, str) else value


def calls(path: Path) -> list[dict[str, Any]]:
    con = database.open_for_read(path)
    try:
        cursor = con.execute("select * from calls order by line, call_id")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        con.close()


def check(source: Declared) -> None:
    for sample in source.samples:
        (outcome,) = source.read([Record(1, 0, 0, orjson.loads(sample.lines))], Context(source.name))
        if sample.counts.get("skipped"):
            assert outcome.kind == "skipped", f"{source.name}: {sample.note}"
            continue
        assert sample.want[0].items() <= (outcome.call or {}).items(), f"{source.name}: {sample.note}"


def test_a_sample_that_does_not_hold_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[columns]\nrequest_model = "m"\n[[sample]]\nline = \'{"m": "a"}\'\nwant = { request_model = "b" }\n', encoding="utf-8")
    assert declared_file.read(path).samples[0].want == ({"request_model": "b"},)
    try:
        check(load(path))
    except AssertionError:
        return
    raise ValueError("the sample was taken for good")
