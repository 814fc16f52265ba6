"""Files inside .zip and .tar archives, unpacked into a temporary folder and read as if they lay in a folder of the archive's name."""

from __future__ import annotations

import lzma
import os
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from llmlogs.carriers.compression import BLOCK, FLOOR, RATIO
from llmlogs.ingest.report import FileReport

MOST_FILES = 100_000
NAMES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
DAMAGE = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)
Found = tuple[Path, str]  # (where the content lies, what the user calls it)


@dataclass
class _Member:
    """A regular file of an archive."""

    name: str
    modified: float
    content: BinaryIO


def unpack(files: Iterable[Path], folder: Path) -> tuple[list[Found], list[FileReport]]:
    """All files, the members of archives in place of these; and a report for every archive or member that cannot be used."""
    found: list[Found] = []
    failed: list[FileReport] = []
    for number, path in enumerate(files):
        if not is_archive(path):
            found.append((path, str(path)))
            continue
        members: list[Found] = []
        try:
            _unpack_one(path, folder / str(number), members, failed)
        except DAMAGE as failure:
            failed.append(FileReport(str(path), error=f"damaged archive, {len(members)} of its files were read: {failure}"))
        if not members and not any(report.path.startswith(str(path)) for report in failed):
            failed.append(FileReport(str(path), error="no files in this archive"))
        found += members
    return found, failed


def is_archive(path: Path) -> bool:
    """By its first bytes for a zip, by its name and content for a tar."""
    if path.name.lower().endswith(NAMES):
        try:
            return tarfile.is_tarfile(path)
        except OSError:
            return False
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06") and zipfile.is_zipfile(path)


def _unpack_one(path: Path, folder: Path, members: list[Found], failed: list[FileReport]) -> None:
    """Copy the members out, up to the size a log can have been packed from."""
    room = max(FLOOR, path.stat().st_size * RATIO)
    for member in _members(path):
        shown = f"{path}/{member.name}"
        parts = _safe(member.name)
        if not parts:
            failed.append(FileReport(shown, error="names a place outside the archive; it was left out"))
            continue
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        room -= _copy(member.content, target, room)
        os.utime(target, (member.modified, member.modified))
        members.append((target, shown))
        if len(members) >= MOST_FILES:
            raise ValueError(f"more than {MOST_FILES} files")


def _copy(content: BinaryIO, target: Path, room: int) -> int:
    size = 0
    with target.open("wb") as out:
        while part := content.read(BLOCK):
            size += out.write(part)
            if size > room:
                raise ValueError("stopped: a decompression bomb")
    return size


def _safe(name: str) -> tuple[str, ...]:
    """The parts of a relative path; none when it leads elsewhere."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    bad = not parts or parts[0] in ("/", "") or ".." in parts or any(":" in part[:2] for part in parts[:1])
    return () if bad else parts


def _members(path: Path) -> Iterator[_Member]:
    """Regular files, hidden ones left out, in the archive's order."""
    if path.name.lower().endswith(NAMES):
        with tarfile.open(path) as tar:
            for item in tar:
                content = tar.extractfile(item) if item.isreg() and not _hidden(item.name) else None
                if content is not None:
                    yield _Member(item.name, item.mtime, content)  # type: ignore[arg-type] # an IO[bytes]; only read is used
        return
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and not _hidden(info.filename):
                with archive.open(info) as content:
                    yield _Member(info.filename, _instant(info), content)  # type: ignore[arg-type] # likewise


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in PurePosixPath(name).parts)


def _instant(info: zipfile.ZipInfo) -> float:
    """A zip tells local time without a zone; here it only has to be the same next time."""
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (OverflowError, ValueError):
        return 0.0
