"""A first log as a beginner writes it, a hundred calls: model, start, end, length of prompt and answer, success; once as CSV, once as JSONL."""

import csv
import io
from datetime import timedelta

from maker import truth
from maker.files import Made, Scale, lines
from maker.simulate import simulate
from maker.world import Plan, stamp


def make(scale: Scale) -> Made:
    """The same calls in both files: read one of them."""
    plan = scale.plan(Plan(seed=18, days=2, calls_per_day=75, background_errors=0.03))
    calls = [call for call in simulate(plan).calls if call.get("app_cache") != "hit"][:100]
    rows = [
        {
            "model": call["request_model"],
            "start": stamp(call["started_at"])[:-5].replace("T", " "),
            "end": stamp(call["started_at"] + timedelta(milliseconds=call["duration_ms"]))[:-5].replace("T", " "),
            "prompt_length": 4 * call.get("input_tokens", 500),
            "completion_length": 4 * call.get("output_tokens", 0),
            "success": call["status"] == "ok",
        }
        for call in calls
    ]
    known = {"calls": len(rows), "errors": sum(not row["success"] for row in rows), "prompt_chars": sum(row["prompt_length"] for row in rows)}
    known["completion_chars"] = sum(row["completion_length"] for row in rows)
    files = {"calls.jsonl": lines(rows), "calls.csv": table(rows)}
    told = {"about": "a beginner's log; each file alone holds all of it", "must_warn": [], "may_warn": ["data/coverage", "errors/by_class"], "totals": known}
    return Made(files, told | {"calls_by_model": truth.count(row["model"] for row in rows)})


def table(rows: list[dict[str, object]]) -> bytes:
    """The same as CSV, with Python's True and False as they come."""
    text = io.StringIO()
    out = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    out.writeheader()
    out.writerows(rows)
    return text.getvalue().encode()
