"""Files in archives are read as if they lay in a folder; again adds nothing; what leads outside is left out and said."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from llmlogs.ingest import archives, engine
from llmlogs.ingest.report import IngestReport

LINE = '{"id": "r%d", "model": "m", "in": %d}\n'


def zipped(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content.encode()))
    return path


def ingest(path: Path, db: Path) -> IngestReport:
    return engine.run([str(path)], db)


@pytest.mark.parametrize(("pack", "name"), [(zipped, "logs.zip"), (tarred, "logs.tar.gz"), (tarred, "logs.tgz")])
def test_members_are_files_of_a_folder(tmp_path: Path, pack: object, name: str) -> None:
    path = pack(tmp_path / name, {"a/one.jsonl": LINE % (1, 5), "two.jsonl": LINE % (2, 7), ".hidden": "x", "__MACOSX/two.jsonl": "x"})  # type: ignore[operator]
    first = ingest(path, tmp_path / "d")
    assert [(file.path, file.counts.calls) for file in first.files] == [(f"{path}/a/one.jsonl", 1), (f"{path}/two.jsonl", 1)]
    again = ingest(path, tmp_path / "d")
    assert all(file.already_ingested for file in again.files)


def test_a_file_and_its_copy_in_an_archive_count_once(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(LINE % (1, 5), encoding="utf-8")
    ingest(tmp_path / "one.jsonl", tmp_path / "d")
    report = ingest(zipped(tmp_path / "z.zip", {"one.jsonl": LINE % (1, 5)}), tmp_path / "d")
    assert report.files[0].already_ingested


@pytest.mark.parametrize("name", ["../evil.jsonl", "/etc/evil.jsonl", "a/../../evil.jsonl", "c:\\evil.jsonl"])
def test_a_name_that_leads_outside_is_left_out_and_said(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "z.zip", {name: LINE % (1, 5), "good.jsonl": LINE % (2, 5)})
    found, failed = archives.unpack([path], tmp_path / "out")
    assert [shown for _, shown in found] == [f"{path}/good.jsonl"]
    assert "outside the archive" in failed[0].error
    assert not list(tmp_path.rglob("evil*"))


def test_a_damaged_archive_gives_its_good_part_and_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "z.zip", {"one.jsonl": LINE % (1, 5), "two.jsonl": LINE % (2, 5) * 2000})
    content = bytearray(path.read_bytes())
    content[content.index(b"two.jsonl") + 30] ^= 0xFF
    path.write_bytes(content)
    report = ingest(path, tmp_path / "d")
    assert sum(file.counts.calls for file in report.files) == 1
    assert any("damaged archive" in file.error for file in report.files)


def test_an_empty_archive_is_said(tmp_path: Path) -> None:
    assert "no files" in ingest(zipped(tmp_path / "z.zip", {}), tmp_path / "d").files[0].error


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FLOOR", 1 << 20)
    monkeypatch.setattr(archives, "RATIO", 10)
    _, failed = archives.unpack([zipped(tmp_path / "z.zip", {"zeros": "0" * (2 << 20)})], tmp_path / "out")
    assert "bomb" in failed[0].error
