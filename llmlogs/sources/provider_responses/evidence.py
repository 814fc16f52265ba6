"""Whether a file's first records are exchanges with providers, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmlogs.sources.base import Context, Detection, Head
from llmlogs.sources.common.usage import read_usage
from llmlogs.sources.provider_responses.batches import is_result, results_in
from llmlogs.sources.provider_responses.envelopes import Parts, parts_of
from llmlogs.sources.provider_responses.exchange import Exchange
from llmlogs.sources.provider_responses.response_shapes import plain_key, shape_of

# Keys of tracing systems: their records hold bodies too, but nested in span trees and repeated upwards; reading those here would count calls twice.
FOREIGN = frozenset(
    {"runtype", "dottedorder", "parentrunid", "observations", "resourcespans", "scopespans", "resourcelogs", "resourcemetrics", "spans", "spankind", "opname",
     "parentobservationid", "spanattributes", "parentspanid", "rootspanid", "isroot", "tracedata", "traceinfo", "standardloggingobject", "litellmcallid"}
)  # fmt: skip
SESSION = frozenset({"sessionid", "costusd", "cwd", "uuid", "parentuuid", "gitbranch"})  # a coding agent's session line
WEAK = frozenset({"usage", "request", "error object"})  # home-grown logs have these too
COUNTS = frozenset(
    {"prompttokens", "completiontokens", "inputtokens", "outputtokens", "totaltokens", "tokensprompt", "tokenscompletion", "tokensin", "tokensout"}
)
SAMPLE = 20
RECORDINGS = {"har": "an HTTP archive (HAR)", "cassette": "a recording of HTTP calls (VCR cassette)"}  # carriers of exchanges, whoever answered


def detect(head: Head) -> Detection | None:
    """By the share of the first records that hold an answer or an error of a known API; recordings of HTTP traffic by what they are."""
    if head.carrier in RECORDINGS:
        return _recording(head)
    records = [value for value in head.values[:SAMPLE] if isinstance(value, (dict, list))]
    if any(_foreign(record) for record in records):
        return None
    seen = ["batch result" if is_result(record) or results_in(record) else evidence(parts_of(record)) for record in records]
    known = [what for what in seen if what]
    if not known or len(known) * 2 < len(seen):
        return None
    sure = 0.9 if len(known) == len(seen) else 0.75
    answers = [what for what in known if what not in WEAK and what != "error"]
    if not (answers or all(what == "error" for what in known)) or any(_session(record) or _own_counts(record) for record in records):
        sure = 0.52  # so little is said that every other source goes first
    shapes = ", ".join(sorted(set(known)))[:120]
    return Detection(sure, f"{len(known)} of the first {len(seen)} records hold an answer of a provider's API ({shapes})")


def _recording(head: Head) -> Detection | None:
    """Other traffic stands beside the models' calls: it is skipped and counted, so that it does not speak against the file."""
    if not head.values:
        return None
    known = sum(bool(evidence(parts_of(value))) for value in head.values)
    return Detection(0.96 if known else 0.6, f"{RECORDINGS[head.carrier]}; {known} of the first {len(head.values)} exchanges are with a model's API")


def _foreign(record: Any) -> bool:
    """Keys of a tracing system, at the top or one level down."""
    nodes = [record, *(record if isinstance(record, list) else record.values())][:100]
    nodes += [value[0] for value in nodes if isinstance(value, list) and value]
    return any(plain_key(key) in FOREIGN for node in nodes if isinstance(node, Mapping) for key in node)


def _session(record: Any) -> bool:
    return isinstance(record, Mapping) and isinstance(record.get("message"), Mapping) and any(plain_key(key) in SESSION for key in record)


def _own_counts(record: Any) -> bool:
    return isinstance(record, Mapping) and any(plain_key(key) in COUNTS for key in record)


def evidence(parts: Parts) -> str:
    """What in a record speaks for a provider's response; "" for nothing."""
    if parts.streams or parts.chunks:
        return "stream"
    shape = next((shape for shape in map(shape_of, parts.answers) if not shape.startswith("no_call:")), "")
    if shape:
        return shape
    exchange = Exchange(parts, Context(""), None)
    if not parts.usages and any(path[-1] in COUNTS for path, _ in parts.facts):
        return ""  # somebody else's columns: their tokens would be lost here
    if exchange.fault is not None and (exchange.endpoint.known or is_api_error(parts)):
        return "error" if exchange.endpoint.known or _bare(parts) else "error object"
    if exchange.endpoint.known and exchange.status_code is not None:
        return "request"
    last = parts.usages[-1] if parts.usages else {}
    return "usage" if last and not read_usage(last["usage"]).empty and isinstance(last.get("model", exchange.models[0]), str) else ""


def _bare(parts: Parts) -> bool:
    """Whether an error stands alone, as an API answers it, and not beside the fields of somebody's own log."""
    return len(parts.facts) <= 2 or bool(parts.headers)


def is_api_error(parts: Parts) -> bool:
    """Whether an error is written the way an API writes it: an object with a message and a type or code."""
    bodies = [error.get("error", error) if isinstance(error, Mapping) else None for error in parts.errors]
    inner = [body.get("error", body) if isinstance(body, Mapping) else None for body in bodies]
    return any(isinstance(body, Mapping) and "message" in body and not {"type", "code", "status"}.isdisjoint(body) for body in inner)
