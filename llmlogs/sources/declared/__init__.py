"""A source written as a mapping file: canonical column = DuckDB expression over the raw record. A stateless format needs no Python.

title  = "Our gateway's access log"
detect = { all = ["ts", "usage.input_tokens"] }
[columns]
started_at    = "ts"
request_model = "model"
input_tokens  = "usage.input_tokens + usage.cache_read"
[units]
duration_ms = "s"                      # a time that counts from nowhere: "ms since 2000-01-01"
[skip]
"health check" = "path = '/healthz'"   # records that are no call, and their kind

`absent = ["-"]` names words that stand for nothing. `detect` takes a key, or several of which one is enough: "uri | request_uri".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record
from llmlogs.sources.common.heads import objects
from llmlogs.sources.declared import file as declared_file
from llmlogs.sources.declared import read as declared_read
from llmlogs.sources.declared.file import ANCHORS
from llmlogs.sources.declared.sql import Compiled

SURE = 0.9  # all keys of `detect` in every record seen; a coded source that recognises a version marker may say more


def load(path: Path) -> Declared:
    """The source a mapping file declares; UsageError with the line of what is wrong in it."""
    return Declared(declared_file.read(path))


class Declared:
    """A mapping file as a Source."""

    def __init__(self, mapping: declared_file.Mapping) -> None:
        self.mapping = mapping
        self.name = mapping.name
        self.title = mapping.title
        self.docs = mapping.docs
        self.tokens = mapping.tokens
        self.answers = mapping.answers
        self.samples = mapping.samples
        self.columns = mapping.columns

    @cached_property
    def compiled(self) -> Compiled:
        """The mapping's expressions as SQL."""
        return self.mapping.compile()

    @cached_property
    def _plan(self) -> declared_read.Plan:
        return declared_read.Plan(self.compiled)

    def detect(self, head: Head) -> Detection | None:
        """Sure when every record has all keys that the mapping names; without `detect`, never."""
        rules = self.mapping.detect
        records = objects(head)
        if not records or not (rules.get("all") or rules.get("any")):
            return None
        share = sum(_holds(rules, record) for record in records) / len(records)
        shown = ", ".join(key.split("|")[0].strip() for key in (rules.get("all") or rules.get("any", ()))[:4])
        return Detection(SURE * share, f"{share:.0%} of the records have {shown}") if share else None

    def understands(self, values: Iterable[object]) -> bool:
        """Whether one of the records has a field that a time or a model is taken from. Reading them to find out costs as much as a small file."""
        anchors = [e for e in self.compiled.expressions if e.column in ANCHORS]
        paths = [".".join(self.compiled.leaves[place].path) for e in anchors for place in e.leaves]
        return any(has(value, path) for value in values for path in paths)

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every record."""
        return declared_read.read(self._plan, records, context)


def _either(record: dict[str, object], keys: str) -> bool:
    """Whether a record has the key, or one of those that `|` stands between."""
    return any(has(record, key.strip()) for key in keys.split("|"))


def _holds(rules: dict[str, tuple[str, ...]], record: dict[str, object]) -> bool:
    every, some, none = (rules.get(rule, ()) for rule in ("all", "any", "none"))
    return all(_either(record, key) for key in every) and (not some or any(has(record, key) for key in some)) and not any(has(record, key) for key in none)


def has(record: object, dotted: str) -> bool:
    """Whether a record has a key, written with dots for what is nested (or as one key that has dots itself)."""
    if not isinstance(record, dict):
        return False
    if dotted in record:
        return True
    first, _, rest = dotted.partition(".")
    return bool(rest) and has(record.get(first), rest)
