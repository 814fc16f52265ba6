"""Plain, gzip and zstd files as one seekable stream of decompressed bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, cast

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
OTHERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "a zip archive",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"SQLite format 3\0": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"\x7fELF": "a program",
}
BLOCK = 1 << 20
FLOOR = 1 << 30  # below this much output no ratio is a bomb
RATIO = 1000  # log text compresses 5 to 50 times; zeros compress 1,000 times


def kind(path: Path) -> str:
    """'' for plain, 'gz' or 'zst', by the first bytes and not by the name."""
    with path.open("rb") as file:
        head = file.read(4)
    return "gz" if head.startswith(GZIP) else "zst" if head == ZSTD else ""


def foreign(head: bytes) -> str:
    """What a file is that no carrier reads, in words; '' when nothing is known of it."""
    known = next((name for magic, name in OTHERS.items() if head.startswith(magic)), "")
    return known or ("a DuckDB database" if head[8:12] == b"DUCK" else "")


def open_plain(path: Path) -> BinaryIO:
    """The decompressed content from byte 0, buffered. Reading a damaged archive raises OSError after its good part."""
    how = kind(path)
    if not how:
        return path.open("rb", buffering=BLOCK)
    return cast(BinaryIO, io.BufferedReader(_Guarded(path, how), BLOCK))


class _Guarded(io.RawIOBase):
    """A decompressor that gives the good part of a damaged file first, then one OSError, and stops at a bomb. Seeks forward only."""

    def __init__(self, path: Path, how: str) -> None:
        self._file = path.open("rb")
        self._inner = _decompressor(self._file, how)
        self._how, self._at, self._size = how, 0, path.stat().st_size
        self._failure = ""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # io's stub wants the wider WriteableBuffer
        if self._failure:
            raise OSError(self._failure)
        try:
            part = self._inner.read1(len(buffer)) if self._how == "gz" else self._inner.read(len(buffer))
        except (EOFError, OSError, zlib.error, ValueError) as failure:
            self._failure = f"damaged {self._how} file: {failure}"
            raise OSError(self._failure) from failure
        buffer[: len(part)] = part
        self._at += len(part)
        if self._at > FLOOR and self._at > self._size * RATIO:
            raise OSError(f"stopped after {self._at} bytes from a file of {self._size}: a decompression bomb")
        return len(part)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = self._at + offset if whence == io.SEEK_CUR else offset
        if target < self._at:
            raise OSError("a compressed file is read forward only")
        while self._at < target and self.readinto(memoryview(bytearray(min(BLOCK, target - self._at)))):
            pass
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        self._inner.close()
        self._file.close()
        super().close()


def _decompressor(file: BinaryIO, how: str) -> gzip.GzipFile:
    if how == "gz":
        return gzip.GzipFile(fileobj=file, mode="rb")
    import zstandard

    return cast(gzip.GzipFile, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False))
