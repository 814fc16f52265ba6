"""Tokens told as buckets under free keys, and which of them are inside which: Langfuse's `usageDetails`, LangChain's `usage_metadata`.

Buckets beside each other (`input`, `input_cached_tokens`, `input_cache_creation`, `output_reasoning` ...): input is the sum of all that name it. Keys named as
details (`prompt_details.cache_read`, `completion_details.reasoning`, `input_token_details.cache_read`) are parts of `input` and `output`. Programs mix both
up; a stated total tells, except where Langfuse made it up as the sum of all buckets because none was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmlogs.sources.common.usage import Usage, integer

INPUT = frozenset({"input", "input_tokens", "prompt_tokens", "prompt", "inputtokens", "prompttokens"})
OUTPUT = frozenset({"output", "output_tokens", "completion_tokens", "completion", "outputtokens", "completiontokens"})
TOTAL = frozenset({"total", "total_tokens", "totaltokens"})
PART_OF = re.compile(r"details?\b|details_|\.|^(?:cache_read|cache_write|cache_creation|reasoning|cached|thoughts)_tokens$")  # named as a detail: inside
KINDS = (
    ("cache_write_1h", re.compile(r"(?=.*(?:cache|ephemeral))(?=.*1h)")),
    ("cache_write", re.compile(r"cache_?(?:creation|write)|ephemeral|cachewrite|cachecreation")),
    ("cache_read", re.compile(r"cache")),
    ("reasoning", re.compile(r"reasoning|thought|thinking")),
    ("audio", re.compile(r"audio")),
    ("image", re.compile(r"image")),
)


@dataclass(frozen=True)
class Bucket:
    """One key beside the two main ones: which side it is on, what it counts, and whether its name says that the main key includes it."""

    key: str
    side: str
    kind: str
    inside: bool
    count: int


def read(details: Any, generates: bool, failed: bool) -> Usage:
    """The canonical counts; empty when there are none. Zeros of a call that answered are no counts: nobody measured."""
    usage = Usage()
    flat = dict(_flat(details))
    sent, made = _main(flat, INPUT, "input_tokens", usage), _main(flat, OUTPUT, "output_tokens", usage)
    usage.total = _main(flat, TOTAL, "total_tokens", usage)
    buckets = _once([bucket for key, value in flat.items() if (bucket := _bucket(key, value))])
    if not failed and not any((sent, made, usage.total, *(bucket.count for bucket in buckets))):
        return Usage(issues=usage.issues)
    usage.input, usage.output = _reading(sent, made, buckets, usage)
    if not generates:
        usage.input = usage.total if usage.input is None else usage.input
        usage.output = 0 if usage.output is None and usage.input is not None else usage.output
    elif not usage.input and not failed:  # nothing is answered without a prompt
        usage.input = None
    _details(buckets, usage)
    return usage


def _flat(details: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(details, Mapping):
        for key, value in list(details.items())[:100]:
            name = f"{prefix}{key}".lower()
            if isinstance(value, Mapping):
                yield from _flat(value, f"{name}.")
            else:
                yield name, value


def _main(flat: dict[str, Any], names: frozenset[str], column: str, usage: Usage) -> int | None:
    found = [flat[name] for name in names if flat.get(name) is not None]
    counts = [count for value in found if (count := integer(value)) is not None]
    if found and not counts:
        usage.issues.append((column, "not_a_number", type(found[0]).__name__))
    return max(counts, default=None)


def _bucket(key: str, value: Any) -> Bucket | None:
    """What a key counts; None for the main keys, for money, and for what is no count."""
    count = integer(value)
    if key in INPUT | OUTPUT | TOTAL or count is None or "cost" in key or "price" in key:
        return None
    kind = next((name for name, pattern in KINDS if pattern.search(key)), "other")
    made = bool(re.search(r"output|completion", key)) or kind == "reasoning"
    sent = not made and (bool(re.search(r"input|prompt", key)) or kind.startswith("cache"))
    if not made and not sent:
        return None
    return Bucket(key, "input" if sent else "output", kind, bool(PART_OF.search(key)), count)


def _once(buckets: list[Bucket]) -> list[Bucket]:
    """Cache writes told whole and once more by lifetime are one amount. (Langfuse's own reader leaves only the remainder in the whole.)"""
    writes = [bucket for bucket in buckets if bucket.kind in ("cache_write", "cache_write_1h")]
    split = [bucket for bucket in writes if re.search(r"ephemeral|_(?:5m|1h)", bucket.key)]
    whole = [bucket for bucket in writes if bucket not in split]
    if whole and split and sum(bucket.count for bucket in whole) == sum(bucket.count for bucket in split):
        return [bucket for bucket in buckets if bucket not in whole]
    return buckets


def _reading(sent: int | None, made: int | None, buckets: list[Bucket], usage: Usage) -> tuple[int | None, int | None]:
    """Input and output under the reading that the names suggest, or else under the one with which they add up to the total."""
    given, gained = [bucket for bucket in buckets if bucket.side == "input"], [bucket for bucket in buckets if bucket.side == "output"]
    ins, outs = _ways(sent, given), _ways(made, gained)
    everything = (sent or 0) + (made or 0) + sum(bucket.count for bucket in buckets)
    made_up = usage.total in (None, everything)
    if made_up and sent is not None and _repeats(sent, given):
        usage.issues.append(("input_tokens", "usage_repaired", "int"))
        return sent, outs[0]
    if usage.total is None or ins[0] is None or outs[0] is None:
        return ins[0], outs[0]
    fitting = ((one, other) for one in ins for other in outs if (one or 0) + (other or 0) == usage.total)
    found = next(fitting, None)
    if found is not None or made_up:
        return found or (ins[0], outs[0])
    return _repaired(ins[0], outs[0], given, usage)


def _repaired(sent: int, made: int, given: list[Bucket], usage: Usage) -> tuple[int, int]:
    """No reading adds up. Parts that overlap (cached text is text too): what the total leaves was sent. More than all parts: generated, never itemised."""
    total = usage.total or 0
    if sent > total - made >= max((bucket.count for bucket in given), default=total + 1):
        usage.issues.append(("input_tokens", "usage_repaired", "int"))
        return total - made, made
    if total > sent + made:
        usage.issues.append(("output_tokens", "usage_repaired", "int"))
        return sent, total - sent
    usage.issues.append(("input_tokens", "inconsistent", "int"))
    return sent, made


def _repeats(sent: int, given: list[Bucket]) -> bool:
    """An input just above the sum of the cache buckets beside it: the program sent the whole prompt, and the cached part of it once more."""
    cached = sum(bucket.count for bucket in given if bucket.kind.startswith("cache") and not bucket.inside)
    return cached >= 1000 and cached <= sent <= cached * 1.02


def _ways(main: int | None, buckets: list[Bucket]) -> list[int | None]:
    """Possible sums of one side, the likeliest first. A main count smaller than its parts cannot include them."""
    every = sum(bucket.count for bucket in buckets)
    within = sum(bucket.count for bucket in buckets if bucket.inside)
    if main is None:
        return [every or None]
    likely = main + every - (within if within <= main else 0)
    return list(dict.fromkeys([likely, main, main + every] if main >= every else [likely, main + every]))


def _details(buckets: list[Bucket], usage: Usage) -> None:
    def add(side: str, *kinds: str) -> int | None:
        counts = [bucket.count for bucket in buckets if bucket.side == side and bucket.kind in kinds]
        return sum(counts) if counts else None

    usage.cache_read = add("input", "cache_read")
    usage.cache_write = add("input", "cache_write", "cache_write_1h")
    usage.cache_write_1h = add("input", "cache_write_1h")
    usage.audio_input, usage.image_input = add("input", "audio"), add("input", "image")
    usage.reasoning, usage.audio_output = add("output", "reasoning"), add("output", "audio")
