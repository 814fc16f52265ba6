"""A CSV export with its mapping file: ticket triage moves from a small model to a large one and costs many times as much."""

import csv
import io
from dataclasses import replace

from maker import truth
from maker.files import Made, Scale, packed
from maker.simulate import simulate
from maker.world import FEATURES, Call, Plan, stamp

SAMPLE = (
    '{"id":"c-1","at":"2026-08-31T00:00:00.000Z","feature":"search","cost_center":"web","customer":"u-1"'
    ',"vendor":"openai","model":"gpt-4.1","milliseconds":"12.5","tokens_in":"20","tokens_out":"3","tokens_cached":"0","http":"200"}'
)
MAPPING = """\
title = "Export of the shop's billing table (CSV)"
docs = "sample_data/README.md"
tokens = "tokens_in holds everything sent, tokens_cached is part of it"
detect = { all = ["tokens_in", "tokens_out", "cost_center"] }

[columns]
call_id = "id"
started_at = "at"
feature = "feature"
team = "cost_center"
user_id = "customer"
provider = "vendor"
request_model = "model"
duration_ms = "milliseconds"
input_tokens = "tokens_in"
output_tokens = "tokens_out"
cache_read_tokens = "tokens_cached"
status_code = "http"

[[sample]]
line = '''SAMPLE'''
want = { call_id = "c-1", duration_ms = 12.5, input_tokens = 20, output_tokens = 3, status = "ok" }
""".replace("SAMPLE", SAMPLE)
COLUMNS = {
    "id": "call_id", "at": "started_at", "feature": "feature", "cost_center": "team", "customer": "user_id", "vendor": "provider", "model": "request_model",
    "milliseconds": "duration_ms", "tokens_in": "input_tokens", "tokens_out": "output_tokens", "tokens_cached": "cache_read_tokens", "http": "status_code",
}  # fmt: skip


def make(scale: Scale) -> Made:
    """From the twenty-second day of twenty-eight."""
    shares = {"ticket_triage": 0.55, "alt_texts": 0.2, "review_summary": 0.25}
    features = tuple(replace(f, share=shares[f.name]) for f in FEATURES if f.name in shares)
    plan = scale.plan(Plan(seed=16, days=28, calls_per_day=180, features=features, background_errors=0.001))
    since = plan.day(plan.days * 3 // 4)
    plan.changes = [(since, "ticket_triage", {"provider": "openai", "model": "gpt-4.1"})]
    world = simulate(plan)
    world.events, world.feedback = [], []
    for call in world.calls:
        call.pop("spans")
        call.pop("ttft_ms", None)  # not in the export
        call.setdefault("status_code", 200)
    files = {"export.csv.gz": packed(table(world.calls)), ".llmlogs/sources/billing_export.toml": MAPPING.encode()}
    fault = {"start": since, "feature": "ticket_triage", "model_before": "gemini-2.5-flash", "model_after": "gpt-4.1"}
    return Made(files, truth.of(world, "a feature that moved to a dear model", ["cost/by_feature"], ["tokens/drift"], **fault))


def table(calls: list[Call]) -> bytes:
    """The export; what was not recorded is an empty cell."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(COLUMNS)
    for call in calls:
        row = call | {"started_at": stamp(call["started_at"])}
        out.writerow([row.get(name, "") for name in COLUMNS.values()])
    return text.getvalue().encode()
