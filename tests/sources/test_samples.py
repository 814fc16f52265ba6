"""Every mapping that ships reads its own samples as it says: a new file in the folder is tested without being named here."""

from __future__ import annotations

from pathlib import Path

import orjson

from llmlogs import sources
from llmlogs.sources.base import Context, Record
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


def test_a_sample_that_does_not_hold_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[columns]\nrequest_model = "m"\n[[sample]]\nline = \'{"m": "a"}\'\nwant = { request_model = "b" }\n', encoding="utf-8")
    assert declared_file.read(path).samples[0].want == ({"request_model": "b"},)
    try:
        check(load(path))
    except AssertionError:
        return
    raise ValueError("the sample was taken for good")
