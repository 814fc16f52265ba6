"""What the request logs of all clouds have in common as sources: unpack the envelope, read each entry, one outcome for every record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Sample
from llmlogs.sources.cloud_logs.envelopes import Raw, entries_of, mapping
from llmlogs.sources.provider_responses.envelopes import parts_of
from llmlogs.sources.provider_responses.exchange import Exchange
from llmlogs.sources.provider_responses.open_streams import SURPRISES, UNREADABLE
from llmlogs.sources.provider_responses.outcomes import outcome_of

READ_MOST = ("cost/by_feature", "errors/by_class", "latency/slowest_calls", "data/coverage")


@dataclass(frozen=True)
class CloudLog:
    """A request log: `is_entry` knows its entries, `read_entry` makes an outcome of one."""

    name: str
    title: str
    docs: str
    tokens: str
    noun: str
    is_entry: Callable[[Raw], bool]
    read_entry: Callable[[Raw, int, Context], Outcome]
    samples: tuple[Sample, ...] = ()
    answers: tuple[str, ...] = READ_MOST

    def detect(self, head: Head) -> Detection | None:
        """By the share of the first records that are entries of this log."""
        records = [entries_of(value) for value in head.values if isinstance(value, dict)]
        own = sum(any(self.is_entry(mapping(entry)) for entry in entries) for entries in records)
        if not own or own * 2 < len(records):
            return None
        return Detection(0.97, f"{own} of the first {len(records)} records are {self.noun}")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every entry; an envelope of several is a record beside them."""
        for record in records:
            entries = entries_of(record.value)
            if len(entries) > 1:
                yield Outcome(record.line, "skipped", "envelope of several log entries")
            for entry in entries:
                outcome = self._one(mapping(entry), record.line, context)
                outcome.nested = len(entries) > 1
                yield outcome

    def _one(self, entry: Raw, line: int, context: Context) -> Outcome:
        try:
            if not self.is_entry(entry):
                return Outcome(line, "rejected", f"not one of {self.noun}")
            return self.read_entry(entry, line, context)
        except SURPRISES as surprise:
            return Outcome(line, "rejected", f"{UNREADABLE} ({type(surprise).__name__})")


def filled(outcome: Outcome, row: dict[str, object]) -> Outcome:
    """The outcome with the log's own columns over those of the bodies."""
    if outcome.call is not None:
        outcome.call.update({name: value for name, value in row.items() if value is not None})
    return outcome


def call_of(line: int, exchange: object, context: Context) -> Outcome:
    """The call of an exchange whose log says that there was one, whatever its bodies tell."""
    parts = parts_of(exchange)
    outcome = outcome_of(line, parts, context)
    if outcome.kind == "call":
        return outcome
    return Outcome(line, "call", call=Exchange(parts, context, None).columns())
