"""Plain and compressed files, and those in UTF-16 or UTF-32, as one stream of bytes in UTF-8."""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, cast

KINDS = {
    b"\x1f\x8b": "gz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
OTHERS = {
    b"PK\x03\x04": "a damaged zip archive",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
}
BLOCK = 1 << 20
STEP = 16 << 10  # decoded at once; a bomb cannot make more than some 100 MB of it
FLOOR = 1 << 30  # below this much output no ratio is a bomb
RATIO = 1000  # log text compresses 5 to 50 times; zeros compress 1,000 times


def kind(path: Path) -> str:
    """'' for plain bytes, else how they are packed or encoded; by the first bytes and not by the name."""
    with path.open("rb") as file:
        head = file.read(6)
    known = next((name for magic, name in KINDS.items() if head.startswith(magic)), "")
    return known or _unmarked_utf16(head)


def _unmarked_utf16(head: bytes) -> str:
    """UTF-16 without a mark shows by the NUL beside the first bracket or quote."""
    if head[1:2] == b"\0" and head[3:4] == b"\0" and head[:1] in (b"{", b"["):
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" and head[2:3] == b"\0" and head[1:2] in (b"{", b"[") else ""


def foreign(head: bytes) -> str:
    """What a file is that no carrier reads, in words; '' when nothing is known of it."""
    known = next((name for magic, name in OTHERS.items() if head.startswith(magic)), "")
    if head[257:262] == b"ustar":
        return "a tar archive without .tar in its name"
    if head[4:5] == b"\x0a" and b"\x0cservice.name\x12" in head[:4096]:
        return "OpenTelemetry data in binary protobuf (the collector's file exporter writes JSON with `format: json`)"
    return known or ("a DuckDB database" if head[8:12] == b"DUCK" else "")


def open_plain(path: Path) -> BinaryIO:
    """The decompressed content from byte 0, buffered. Reading a damaged archive raises OSError after its good part."""
    how = kind(path)
    if not how:
        return path.open("rb", buffering=BLOCK)
    return cast(BinaryIO, io.BufferedReader(_Guarded(path, how), BLOCK))


def consumed(stream: BinaryIO) -> int:
    """Bytes of the file on disk that a stream of `open_plain` has taken so far."""
    if stream.closed:
        return 0
    raw = getattr(stream, "raw", stream)
    return raw.taken() if isinstance(raw, _Guarded) else int(raw.tell())


def first_bytes(path: Path, size: int) -> bytes:
    """The first bytes of the content, as far as a damaged file gives them."""
    parts: list[bytes] = []
    with open_plain(path) as stream:
        try:
            while size > 0 and (part := cast(io.BufferedReader, stream).read1(size)):
                parts.append(part)
                size -= len(part)
        except OSError:
            if not parts:
                raise
    return b"".join(parts)


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
            part = self._inner.read(len(buffer))
        except Exception as failure:  # zstandard has an error class of its own, and loading it here for that alone is not worth it
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

    def taken(self) -> int:
        """Bytes taken from the file on disk."""
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


class _Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Decoder(Protocol):
    """What zlib, bz2, lzma and zstandard have in common."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, /) -> bytes: ...


class _Frames:
    """Members one after the other. All that can be decoded comes out before the damage is told: a cut file ends in the middle of a member."""

    def __init__(self, file: BinaryIO, make: Callable[[], _Decoder]) -> None:
        self._file, self._make, self._decoder = file, make, make()
        self._out = b""
        self._begun = False

    def read(self, size: int = -1, /) -> bytes:
        while not self._out and self._more():
            pass
        part, self._out = self._out[:size], self._out[size:]
        return part

    def _more(self) -> bool:
        """Decode the next few bytes; False at the end of the file."""
        block = self._decoder.unused_data if self._decoder.eof else b""
        if self._decoder.eof:
            block = (block or self._file.read(STEP)).lstrip(b"\0")  # some writers pad with NUL bytes
            self._decoder, self._begun = self._make(), False
        block = block or self._file.read(STEP)
        if not block and self._begun:
            raise EOFError("it is cut short")
        self._begun = self._begun or bool(block)
        self._out = self._decoder.decompress(block) if block else b""
        return bool(block)


class _Recoded:
    """Text of another encoding as UTF-8; what cannot be decoded becomes a replacement character."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder(encoding)("replace").decode
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        while not self._rest and (block := self._file.read(BLOCK)):
            self._rest = self._decode(block).encode("utf-8", "replace")
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


def _gzip() -> _Decoder:
    return cast(_Decoder, zlib.decompressobj(wbits=31))  # 31: a gzip member, its checksum verified


def _zstd() -> _Decoder:
    import zstandard

    return cast(_Decoder, zstandard.ZstdDecompressor().decompressobj())


def _bz2() -> _Decoder:
    return cast(_Decoder, bz2.BZ2Decompressor())


def _xz() -> _Decoder:
    return cast(_Decoder, lzma.LZMADecompressor())


MAKERS = {"gz": _gzip, "zst": _zstd, "bz2": _bz2, "xz": _xz}


def _decompressor(file: BinaryIO, how: str) -> _Reader:
    return _Frames(file, MAKERS[how]) if how in MAKERS else _Recoded(file, how)
