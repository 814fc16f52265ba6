"""OpenAI's own reports: `/v1/organization/usage/*` and `/v1/organization/costs` as JSON pages, and the dashboard's CSV exports of both.

A page holds buckets, a bucket holds one result for each group asked for; what was not grouped by is null. Pages may stand one after the other, one a
line, or as bare buckets. Each result is a record of its own.
Traps: `input_tokens` includes cached and cache-written tokens; the parts (`input_text_tokens`, `input_audio_tokens` ...) are of the uncached ones only,
in older reports of all: parts are never added. An empty `results` is a bucket without usage. CSV counts are written `3.0`; an empty export has only
its four time columns. Usage and costs are taken at different moments and need not agree to the cent; the costs are what is invoiced.
The batch flag stands apart from the tier: here it is `service_tier` batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.buckets import NO_TIME, TABLE, Bucket, count, labels, results_of, text
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.openai_bills.costs import line_item
from llmlogs.sources.openai_bills.samples import SAMPLES

TIMES = frozenset({"start_time", "end_time", "start_time_iso", "end_time_iso"})
PREFIX = "organization."
# Counts that are no tokens: field, unit.
QUANTITIES = (
    ("images", "images"), ("characters", "characters"), ("seconds", "seconds"), ("num_sessions", "sessions"), ("usage_bytes", "bytes"),
    ("num_requests", "searches"),
)  # fmt: skip
# What tells which report a CSV is: it does not say so itself.
BY_COLUMNS = (
    ("amount_value", "costs"), ("images", "usage.images"), ("characters", "usage.audio_speeches"), ("seconds", "usage.audio_transcriptions"),
    ("num_sessions", "usage.code_interpreter_sessions"), ("usage_bytes", "usage.vector_stores"), ("output_tokens", "usage.completions"),
    ("input_tokens", "usage.embeddings"),
)  # fmt: skip


class OpenAiBills:
    """OpenAI's usage and cost reports."""

    name = "openai_bills"
    title = "OpenAI usage and costs: organization API pages and the dashboard's CSV exports"
    docs = "https://platform.openai.com/docs/api-reference/usage"
    tokens = "input_tokens includes cached and cache-written tokens, its text, audio and image parts do not; the rows made of it add up"
    answers: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """By what pages, buckets and results call themselves, or the CSV's four time columns."""
        if head.columns:
            return Detection(0.96, "its columns are those of an export of OpenAI's usage dashboard") if set(head.columns) >= TIMES else None
        known = [value for value in head.values if _is_report(value)]
        if not known or len(known) * 2 < len(head.values):
            return None
        return Detection(0.97, f"{len(known)} of the first {len(head.values)} records are pages or buckets of OpenAI's usage or costs")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every result; a page or bucket without any is skipped."""
        for record in records:
            value = record.value
            if isinstance(value, dict) and value.keys() >= TIMES and "results" not in value:
                yield _result(record.line, value, value, False, context)
                continue
            results = [(value, value)] if _is_result(value) else results_of(value)
            if not results:
                yield Outcome(record.line, *(("skipped", "page without buckets") if _is_report(value) else ("rejected", "no page, bucket or result")))
            for place, (bucket, result) in enumerate(results):
                yield _result(record.line, bucket, result, place > 0, context)


SOURCE = OpenAiBills()


def _is_result(value: Any) -> bool:
    return isinstance(value, Mapping) and str(value.get("object")).startswith(PREFIX)


def _is_bucket(value: Any) -> bool:
    return isinstance(value, Mapping) and "start_time" in value and isinstance(value.get("results"), list)


def _is_report(value: Any) -> bool:
    if _is_result(value) or _is_bucket(value):
        return True
    if not isinstance(value, Mapping) or not isinstance(value.get("data"), list):
        return False
    return any(map(_is_bucket, value["data"])) or (not value["data"] and value.get("object") == "page")


def _result(line: int, bucket: Row, result: Any, nested: bool, context: Context) -> Outcome:
    """One result; in a CSV the row is the bucket and the result."""
    start, end = (to_utc(bucket.get(name)) or to_utc(bucket.get(f"{name}_iso")) for name in ("start_time", "end_time"))
    if result is None or (result is bucket and not any(result[name] is not None for name in result.keys() - TIMES)):
        return Outcome(line, "skipped", "bucket without usage", nested=nested)
    if start is None or not isinstance(result, dict):
        return Outcome(line, "rejected", NO_TIME if start is None else "a result that is no object", nested=nested)
    report = _report(result)
    names = {"provider": "openai", "bucket_start": start, "bucket_end": end, "project": text(result.get("project_id")), "user_id": text(result.get("user_id"))}
    names["api_key"] = text(result.get("api_key_id"))
    if report == "costs":
        return _cost(names, result, context, flat=result is bucket).outcome(line, nested, "bucket without costs")
    return _usage(report, names, result, context, flat=result is bucket).outcome(line, nested)


def _report(result: Row) -> str:
    kind = str(result.get("object") or "")
    if kind.startswith(PREFIX):
        return kind.removeprefix(PREFIX).removesuffix(".result")
    return next((report for column, report in BY_COLUMNS if column in result), "usage")


def _usage(report: str, names: Row, result: Row, context: Context, *, flat: bool) -> Bucket:
    apart = str(result.get("batch")).lower() if flat else labels(result)
    batch = str(result.get("batch")).lower() == "true"
    names |= {"model": text(result.get("model")), "service_tier": "batch" if batch else text(result.get("service_tier"))}
    shown = [label for label in (text(result.get(name)) for name in ("size", "source", "context_level", "vector_store_id")) if label]
    names["description"] = ", ".join(shown) or None
    bucket = Bucket(f"openai.{report}", names, context, apart, whole=not flat)
    bucket.tokens(_tokens(result, bucket))
    for field, unit in QUANTITIES:
        bucket.quantity(result.get(field), unit)
    bucket.requests(result.get("num_model_requests"))
    return bucket


def _tokens(result: Row, bucket: Bucket) -> Row:
    """Kinds that add up to input_tokens and output_tokens. Where the uncached part that is reported contradicts that, the total counts."""
    read, written = result.get("input_cached_tokens"), result.get("input_cache_write_tokens")
    total, uncached = count(result.get("input_tokens")), count(result.get("input_uncached_tokens"))
    parts = (count(read) or 0) + (count(written) or 0)
    rest = total - parts if total is not None else None
    if rest is not None and (rest < 0 or (uncached is not None and uncached != rest)):
        bucket.issues.append((f"{TABLE}.tokens", "inconsistent", "number"))
    given = rest if rest is not None and rest >= 0 else uncached
    if rest is None and uncached is None:
        given = result.get("input_tokens")  # no number: the engine says so
    return {"input": given, "cache_read": read, "cache_write": written, "output": result.get("output_tokens")}


def _cost(names: Row, result: Row, context: Context, *, flat: bool) -> Bucket:
    apart = text(result.get("organization_id")) if flat else labels(result)
    given = result.get("amount")
    amount = given if isinstance(given, dict) else {"value": result.get("amount_value"), "currency": result.get("amount_currency")}
    item = text(result.get("line_item"))
    names |= {"description": item, **line_item(item)}
    bucket = Bucket("openai.costs", names, context, apart, whole=not flat)
    unit, quantity = text(result.get("quantity_unit")), result.get("quantity")
    more: Row = {}
    if unit in ("tokens", "1000_tokens"):
        more["tokens"] = count(quantity, 1000 if unit != "tokens" else 1)
    elif quantity is not None:
        more |= {"quantity": quantity, "unit": unit}
    if amount.get("value") is not None:
        bucket.money({"amount_usd": amount["value"]}, amount.get("currency"), **more)
    return bucket
