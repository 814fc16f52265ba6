"""Compressed files: the whole content, or its good part and then an error; never a wrong byte, never silence."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from llmlogs.carriers import compression

BODY = b"".join(b'{"n":%d,"x":"%x"}\n' % (n, n * 7919) for n in range(4000))
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def read(path: Path) -> tuple[bytes, str]:
    parts = []
    with compression.open_plain(path) as stream:
        try:
            while part := stream.read(1000):
                parts.append(part)
        except OSError as damage:
            return b"".join(parts), str(damage)
    return b"".join(parts), ""


@pytest.mark.parametrize("how", PACK)
def test_the_whole_content_comes_back_also_from_several_members(how: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(PACK[how](BODY[:9999]) + PACK[how](BODY[9999:]))
    assert compression.kind(path) == how
    assert read(path) == (BODY, "")


@pytest.mark.parametrize("how", PACK)
def test_a_cut_file_gives_its_good_part_and_an_error(how: str, tmp_path: Path) -> None:
    packed, path = PACK[how](BODY), tmp_path / "log"
    for size in range(len(packed) // 7, len(packed), len(packed) // 7):
        path.write_bytes(packed[:size])
        content, error = read(path)
        assert BODY.startswith(content)
        assert "cut short" in error


@pytest.mark.parametrize("how", PACK)
def test_a_flipped_bit_is_never_accepted_silently(how: str, tmp_path: Path) -> None:
    packed, path = PACK[how](BODY), tmp_path / "log"
    for place in range(20, len(packed), len(packed) // 40):
        damaged = bytearray(packed)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        content, error = read(path)
        assert error or content == BODY


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_of_another_encoding_is_read_as_utf_8(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes('{"a":"é😀"}\n'.encode(encoding))
    assert read(path)[0].removeprefix(b"\xef\xbb\xbf") == '{"a":"é😀"}\n'.encode()


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "FLOOR", 1 << 20)
    monkeypatch.setattr(compression, "RATIO", 100)
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(b"\0" * (8 << 20)))
    content, error = read(path)
    assert "bomb" in error
    assert len(content) < 3 << 20


def test_padding_behind_a_member_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(BODY) + b"\0" * 512)
    assert read(path) == (BODY, "")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x89PNG\r\n", "a PNG image"),
        (b"PK\x03\x04", "a damaged zip archive"),
        (b"\0" * 257 + b"ustar", "a tar archive"),
        (b'{"a":1}', ""),
        (b"\0\0\0\x30\x0a\x2e\x0a\x1c\x0a\x1a\x0a\x0cservice.name\x12\x0a\x0a\x08lampshop", "OpenTelemetry data in binary protobuf"),
    ],
)
def test_what_is_no_log_has_a_name(head: bytes, name: str) -> None:
    assert compression.foreign(head).startswith(name)
