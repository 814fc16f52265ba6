"""Annotations of spans, traces and sessions, and evaluations that stand in columns of a frame."""

from __future__ import annotations

from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.literals import value_of
from llmlogs.sources.common.times import to_utc

KINDS = {"HUMAN": "human", "LLM": "judge", "CODE": "code"}
SUBJECTS = ("span_id", "trace_id", "session_id")
EVALUATION = "eval."


def is_annotation(value: Any) -> bool:
    """A row of a frame of annotations, or an annotation as the REST API returns it."""
    if not isinstance(value, dict) or "annotator_kind" not in value:
        return False
    return ("annotation_name" in value or "name" in value) and any(name in value for name in (*SUBJECTS, "result", "result.label", "result.score", "label"))


def annotation(value: Row) -> Row | None:
    """The judgement; None without a number or a word. Explanations are prose and stay out."""
    result = value_of(value.get("result"))
    told = (
        result if isinstance(result, dict) else {"label": value.get("result.label", value.get("label")), "score": value.get("result.score", value.get("score"))}
    )
    row = _judged(label(value.get("annotation_name")) or label(value.get("name")), told.get("score"), told.get("label"))
    if row is None:
        return None
    row |= {name: found for name in SUBJECTS if (found := label(value.get(name)))}
    kind = KINDS.get(str(value.get("annotator_kind")).upper())
    at = to_utc(value.get("updated_at")) or to_utc(value.get("created_at"))
    return row | ({"kind": kind} if kind else {}) | ({"at": at} if at else {})


def evaluations(value: Row) -> list[Row]:
    """`eval.<name>.label` and `eval.<name>.score` of Arize's exports."""
    names = dict.fromkeys(name[len(EVALUATION) :].rpartition(".")[0] for name in value if name.startswith(EVALUATION))
    rows = (_judged(label(name), value.get(f"eval.{name}.score"), value.get(f"eval.{name}.label")) for name in names if name)
    return [row for row in rows if row is not None]


def _judged(name: str | None, score: Any, word: Any) -> Row | None:
    row: Row = {"name": name, "source": "phoenix"}
    number = value_of(score)
    if isinstance(number, bool):
        row["value"] = float(number)
    elif isinstance(number, (int, float)) or (isinstance(number, str) and number.strip()):
        row["value"] = number
    text = label(value_of(word))
    if text and len(text) <= 60 and text.count(" ") <= 3:
        row["label"] = text
    return row if name and len(row) > 2 else None
