"""Every source that ships reads its own samples as it says: a new one in the folder is tested without being named here."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from llmlogs import sources
from llmlogs.sources.base import Context, Record, Sample, Source
from llmlogs.sources.declared import Declared, load
from llmlogs.sources.declared import file as declared_file


def test_every_shipped_mapping_reads_its_samples() -> None:
    folder = Path(sources.__file__).parent
    for path in sorted(folder.glob("*.toml")):
        source = load(path)
        assert source.samples, f"{path.name} has no sample"
        check(source)


def check(source: Declared) -> None:
    for sample in source.samples:
        (outcome,) = source.read([Record(1, 0, 0, orjson.loads(sample.lines))], Context(source.name))
        if sample.counts.get("skipped"):
            assert outcome.kind == "skipped", f"{source.name}: {sample.note}"
            continue
        assert sample.want[0].items() <= (outcome.call or {}).items(), f"{source.name}: {sample.note}"


CODED = [(source, sample) for source in sources.coded() for sample in source.samples]


@pytest.mark.parametrize(("source", "sample"), CODED, ids=[f"{source.name}: {sample.note}"[:80] for source, sample in CODED])
def test_every_coded_source_reads_its_samples(source: Source, sample: Sample) -> None:
    records = [Record(number, 0, 0, orjson.loads(line)) for number, line in enumerate(filter(str.strip, sample.lines.splitlines()), 1)]
    outcomes = list(source.read(records, Context(source.name, secret=b"k")))
    calls = [outcome.call or {} for outcome in outcomes if outcome.kind == "call"]
    assert len(outcomes) >= len(records)
    if not any("merge_growing" in call and call.get("status") == "ok" for call in calls):  # snapshots of one call are folded by the engine
        assert len(calls) == len(sample.want)
    for want in sample.want:
        assert any(want.items() <= call.items() for call in calls), f"{source.name}: {sample.note}: {calls}"


def test_a_sample_that_does_not_hold_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[columns]\nrequest_model = "m"\n[[sample]]\nline = \'{"m": "a"}\'\nwant = { request_model = "b" }\n', encoding="utf-8")
    assert declared_file.read(path).samples[0].want == ({"request_model": "b"},)
    try:
        check(load(path))
    except AssertionError:
        return
    raise ValueError("the sample was taken for good")
