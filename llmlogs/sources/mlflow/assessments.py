"""Assessments of an MLflow trace as rows of feedback."""

from __future__ import annotations

from collections.abc import Mapping

from llmlogs.sources.base import Row
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.mlflow.shapes import Trace, hex_id

JUDGES = {"HUMAN": "human", "LLM_JUDGE": "judge", "AI_JUDGE": "judge", "CODE": "code"}


MOST_SEEN = 200_000


def once(trace: Trace, seen: set[str]) -> None:
    """Leave out assessments that an earlier record of the file told."""
    fresh = [raw for raw in trace.assessments if str(raw.get("assessment_id")) not in seen]
    if len(seen) < MOST_SEEN:
        seen.update(str(raw["assessment_id"]) for raw in fresh if isinstance(raw.get("assessment_id"), str))
    trace.assessments = fresh


def feedback(trace: Trace) -> list[Row]:
    """Judgements that hold; expectations are none, and of prose only short words are kept. `span` names the span judged, "" for none."""
    found = []
    for raw in trace.assessments:
        given, source = raw.get("feedback"), raw.get("source")
        value = given.get("value") if isinstance(given, Mapping) else None
        if value is None or raw.get("valid") is False:
            continue
        row: Row = {"name": label(raw.get("assessment_name") or raw.get("name")), "trace_id": trace.id, "source": "mlflow"}
        row["kind"] = JUDGES.get(str(source.get("source_type")).upper()) if isinstance(source, Mapping) else None
        row["at"] = to_utc(raw.get("create_time") or raw.get("create_time_ms"))
        if isinstance(value, (bool, int, float)):
            row["value"] = value if not isinstance(value, bool) else float(value)
        elif isinstance(value, str) and len(value) <= 40 and value.count(" ") <= 2:
            row["label"] = value
        found.append({name: item for name, item in row.items() if item is not None} | {"span": hex_id(raw.get("span_id")) or ""})
    return found
