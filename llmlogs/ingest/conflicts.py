"""Rows that share an id and do not all agree: which of them belong together after all."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from llmlogs.store.database import Connection

FIELDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "response_id", "request_model", "response_model", "try", "started_at")
APART = timedelta(hours=1)
CHUNK = 5000
TOO_MANY = 1000  # rows of one id that all differ: a log that writes the same id everywhere


def split_conflicts(con: Connection) -> None:
    """Number the parts of every group that contradicts itself: earlier rows first, then in the order of their content."""
    names = ", ".join(f'"{name}"' for name in FIELDS)
    rows = con.execute(
        f"select row, k, anywhere, {names} from members where part is null order by k, not earlier, call_id, started_at, content, file_id, line"
    ).fetchall()
    if not rows:
        return
    numbered = [pair for _, group in groupby(rows, key=lambda row: row[1]) for pair in _parts(list(group))]
    con.execute("create or replace temp table parts (row bigint, part bigint)")
    for start in range(0, len(numbered), CHUNK):
        chunk = numbered[start : start + CHUNK]
        con.execute("insert into parts select unnest($1::bigint[]), unnest($2::bigint[])", [[r for r, _ in chunk], [p for _, p in chunk]])
    con.execute("update members set part = parts.part from parts where members.row = parts.row")
    con.execute("drop table parts")


def join_families(con: Connection) -> None:
    """Rows with a family are of the same call only where their families meet, directly or through others: the family's first name becomes the try."""
    families = [name for (name,) in con.execute("select distinct family from members where family is not null").fetchall()]
    if not families:
        return
    heads: dict[str, str] = {}
    for family in families:
        names = family.split(" ")
        joined = {_head(heads, name) for name in names}
        heads |= dict.fromkeys(joined, min(joined))
    con.execute("create or replace temp table heads as select unnest($1::varchar[]) as family, unnest($2::varchar[]) as head",
        [families, [_head(heads, family.split(" ")[0]) for family in families]])  # fmt: skip
    con.execute("update members set try = heads.head from heads where members.family = heads.family")
    con.execute("drop table heads")


def _head(heads: dict[str, str], name: str) -> str:
    """The name that stands for all that were joined with this one."""
    while heads.setdefault(name, name) != name:
        name = heads[name]
    return name


def _parts(group: list[tuple[Any, ...]]) -> list[tuple[int, int]]:
    """Each row joins the first part with none of whose rows it disagrees; equal rows are compared once."""
    parts: list[list[tuple[Any, ...]]] = []
    place: dict[tuple[Any, ...], int] = {}
    for row in group:
        if row[2:] not in place:
            fitting = (i for i, part in enumerate(parts) if all(agree(row, other) for other in part))
            place[row[2:]] = next(fitting, len(parts)) if len(parts) < TOO_MANY else len(parts)
            parts += [[]] if place[row[2:]] == len(parts) else []
            parts[place[row[2:]]].append(row)
    return [(row[0], place[row[2:]]) for row in group]


def agree(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Equal, or not recorded on one side, in everything that tells two calls apart."""
    a, b = dict(zip(FIELDS, one[3:], strict=True)), dict(zip(FIELDS, other[3:], strict=True))
    if one[2] or other[2]:
        a["try"] = None  # a replay has a request id of its own
    return all(_fits(name, a[name], b[name]) for name in FIELDS)


def _fits(name: str, a: Any, b: Any) -> bool:
    if a is None or b is None:
        return True
    if name.endswith("_model"):
        return bool(a.startswith(b) or b.startswith(a))
    return abs(a - b) <= APART if isinstance(a, datetime) else bool(a == b)
