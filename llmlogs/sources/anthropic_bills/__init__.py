"""Anthropic's own reports: usage_report/messages, usage_report/claude_code and cost_report of the Admin API, and the console's two CSV exports.

Traps: input is uncached only; cache writes come by lifetime; there are no request counts. `amount` of the cost report is a text of CENTS ("123.45" is
$1.23), and so is the number in the Claude Code report, which is an estimate and covers subscriptions that pay no tokens. The priority tier is absent
from the cost report. The console's tokens CSV names models by id and hours as `YYYY-MM-DD HH:MM`, its cost CSV names them for people ("Claude Opus
4.6") and is in dollars; exports of 2025 lack window, region and speed. A null workspace is the default one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmlogs.sources.anthropic_bills import console, reports
from llmlogs.sources.anthropic_bills.samples import SAMPLES
from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Sample
from llmlogs.sources.common.buckets import results_of


class AnthropicBills:
    """Anthropic's usage and cost reports."""

    name = "anthropic_bills"
    title = "Anthropic usage and costs: Admin API reports (messages, Claude Code, cost) and the console's CSV exports"
    docs = "https://docs.anthropic.com/en/api/usage-cost-api"
    tokens = "input is uncached only, cache reads and writes stand apart: the kinds add up"
    answers: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """By the fields of buckets, or the CSV's columns."""
        if head.columns:
            kind = console.kind_of(set(head.columns))
            return Detection(0.96, f"its columns are those of the console's {kind} export") if kind else None
        known = [value for value in head.values if _is_report(value)]
        if not known or len(known) * 2 < len(head.values):
            return None
        return Detection(0.97, f"{len(known)} of the first {len(head.values)} records are pages or buckets of Anthropic's usage or cost reports")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every result; a page or bucket without any is skipped."""
        for record in records:
            value, line = record.value, record.line
            if isinstance(value, dict) and "usage_date_utc" in value:
                yield console.read(line, value, context)
                continue
            days = _days(value)
            found = [reports.claude_code(line, day, place > 0, context) for place, day in enumerate(days)]
            found += [reports.result(line, bucket, result, place > 0, context) for place, (bucket, result) in enumerate(results_of(value)) if not days]
            if not found:
                found = [Outcome(line, *(("skipped", "page without buckets") if isinstance(value, dict) else ("rejected", "no page, bucket or result")))]
            yield from found


SOURCE = AnthropicBills()


def _is_bucket(value: Any) -> bool:
    return isinstance(value, Mapping) and "starting_at" in value and isinstance(value.get("results"), list)


def _is_day(value: Any) -> bool:
    return (
        isinstance(value, Mapping) and isinstance(value.get("actor"), Mapping) and "date" in value and ("model_breakdown" in value or "core_metrics" in value)
    )


def _days(value: Any) -> list[Any]:
    """The days of a page of the Claude Code report, or the one day that stands alone."""
    if _is_day(value):
        return [value]
    data = value.get("data") if isinstance(value, Mapping) else None
    return [day for day in data if isinstance(day, Mapping)] if isinstance(data, list) and any(map(_is_day, data)) else []


def _is_report(value: Any) -> bool:
    if _is_bucket(value) or _is_day(value):
        return True
    data = value.get("data") if isinstance(value, Mapping) else None
    return isinstance(data, list) and any(_is_bucket(item) or _is_day(item) for item in data)
