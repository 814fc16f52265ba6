"""What a source is. A carrier hands it records; it says of each record what it is. Nothing else.

A coded source is a module in `llmlogs/sources/` with a module-level `SOURCE` that satisfies `Source`; a declared one is a `.toml`
file beside it. Both are found by folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from llmlogs.carriers.base import Head, Record

__all__ = ["Context", "Detection", "Head", "Outcome", "Record", "Sample", "Source"]

Kind = Literal["call", "other", "merged", "skipped", "rejected"]
Row = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """What became of one record.

    `call` holds canonical columns (schema/calls.py) as plain Python values: times as `datetime` in UTC without tzinfo, or epoch microseconds `int`;
    durations in ms; money as `decimal.Decimal` or str. Absent means NULL. It may also hold the hidden keys of `Hidden` below.
    `rows` holds rows for other tables by table name; their `call_id` is filled in with the final id of `call` by the engine when it is absent.
    `reason` is the skip kind, the reject reason, or why it was merged. `nested` marks a call found inside another record: it counts as a record of its own.
    """

    line: int
    kind: Kind
    reason: str = ""
    call: Row | None = None
    rows: dict[str, list[Row]] = field(default_factory=dict)
    issues: list[tuple[str, str, str]] = field(default_factory=list)  # (column, reason, type of the value found)
    merged_into: str = ""  # for kind == "merged": call_id or response_id of the call it belongs to
    nested: bool = False


# Hidden keys a call row may carry for merging (ingest/merge.py says how they are used):
#   merge_try      discriminator: rows of one response_id with different non-NULL tries are different calls (Claude Code's requestId)
#   merge_copy     True: a replay of a call (sidechain); it merges into any row of the same response_id
#   merge_growing  True: counts are snapshots of one growing call; rows of the same id always merge, the row with the largest total wins
#   merge_yields   True: a failed try, a call only as long as no other row of its operation_id is known, then an attempt of that (ingest/tries.py)
#   merge_emitter  who wrote the record, where one source reads the records of several (an instrumentation scope): calls of one emitter are never twins
#   merge_version  with merge_growing: epoch microseconds of the snapshot's last update; of snapshots that tell a usage the newest wins, whatever its total
#   merge_family   names (parted by spaces) of the containers whose records a record of this one may be: rows of one id whose families have no name
#                  in common, directly or through others, are different calls. For ids made of content, which unrelated calls may share
# Where context.store_text is not none a call may also carry its texts, which the engine keeps apart: prompt_text, completion_text.
HIDDEN_KEYS = ("merge_try", "merge_copy", "merge_growing", "merge_version", "merge_yields", "merge_began", "merge_family", "merge_emitter")


@dataclass(frozen=True, slots=True)
class Detection:
    """How sure a source is that a file is its own (0..1), and why, in words a user understands."""

    confidence: float
    why: str


@dataclass(frozen=True)
class Context:
    """What a source may know while it reads one file.

    `secret` keys every hash (llmlogs.privacy.keyed_hash), `store_text` is none | redacted | full. `feature_from` names the places a feature is taken from.
    """

    path: str
    secret: bytes = b""
    store_text: str = "none"
    timezone: str = "UTC"
    feature_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """Lines that must be read as `want` (a subset of the columns of each call, in order); runs as a test."""

    lines: str
    want: tuple[Row, ...]
    note: str = ""
    counts: dict[str, int] = field(default_factory=dict)


class Source(Protocol):
    """The contract of a coded source. Keep no state on the object: `read` is called once per file and holds what it needs in local state.

    A big log is read in a process of its own (ingest/apart.py): an outcome that cannot be pickled costs a second reading of its file.

    A source whose lines build on earlier ones (cumulative counters, a session named at the top) sets `remembers = True`: when a file has grown
    since an earlier ingest it is handed the old records again, and what it says of them is dropped.
    A source that reads what many write says in `surest` the highest confidence it ever states, and is asked only where nobody is surer.
    A source of a program that keeps logs by itself says where, for `llmlogs ingest --agents`: `places`, a tuple of paths as ingest/places.py reads them.
    """

    name: str
    title: str
    docs: str
    tokens: str  # what includes what: the trap, in one line
    answers: tuple[str, ...]  # ids of the questions its fields can answer
    samples: tuple[Sample, ...]

    def detect(self, head: Head) -> Detection | None:
        """None when the file is certainly not of this source."""

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """At least one outcome for every record, never an exception for a corrupt one."""
