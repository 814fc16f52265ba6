"""A home-made log with its mapping file: prompt version v4 of the review summaries carries 700 more tokens of instructions."""

from dataclasses import replace
from datetime import timedelta

from maker import truth
from maker.files import Made, Scale, lines, packed
from maker.simulate import simulate
from maker.world import EPOCH, FEATURES, Call, Plan

ADDED = 700
SAMPLE = (
    '{"id":"c-1","t":1756684799.5,"what":"search","who":"u-1","llm":{"vendor":"openai","name":"gpt-4.1"},"template":"v3"'
    ',"streamed":true,"secs":1.25,"first":0.25,"toks":{"in":20,"out":3,"cached":0},"ok":true,"ended":"stop"}'
)
MAPPING = """\
title = "The shop's own call log, as its developers wrote it"
docs = "sample_data/README.md"
tokens = "toks.in holds everything sent, toks.cached is part of it"
detect = { all = ["llm.name", "toks.in", "secs"] }

[columns]
call_id = "id"
started_at = "t"
feature = "what"
user_id = "who"
provider = "llm.vendor"
request_model = "llm.name"
prompt_version = "template"
stream = "streamed"
duration_ms = "secs"
ttft_ms = "first"
input_tokens = "toks.in"
output_tokens = "toks.out"
cache_read_tokens = "toks.cached"
status = "ok"
finish_reason = "ended"

[units]
duration_ms = "s"
ttft_ms = "s"

[[sample]]
line = '''SAMPLE'''
want = { call_id = "c-1", duration_ms = 1250.0, ttft_ms = 250.0, input_tokens = 20, output_tokens = 3, status = "ok" }
""".replace("SAMPLE", SAMPLE)


def make(scale: Scale) -> Made:
    """From the twenty-second day of twenty-eight."""
    shares = {"review_summary": 0.6, "alt_texts": 0.25, "ticket_triage": 0.15}
    features = tuple(replace(f, share=shares[f.name]) for f in FEATURES if f.name in shares)
    plan = scale.plan(Plan(seed=15, days=28, calls_per_day=250, features=features, background_errors=0.001))
    since = plan.day(plan.days * 3 // 4)
    plan.changes = [(since, "review_summary", {"prompt_version": "v4", "system_tokens": plan.feature("review_summary").system_tokens + ADDED})]
    world = simulate(plan)
    world.events, world.feedback = [], []
    first = next(call["started_at"] for call in world.calls if call["prompt_version"] == "v4")
    fault = {"start": since, "series": "review_summary on gpt-4.1: input", "first_call": first, "prompt_version": "v4", "added_tokens": ADDED}
    for call in world.calls:
        call.pop("spans")
    files = {"calls.jsonl.gz": packed(lines(map(home_made, world.calls))), ".llmlogs/sources/shop_log.toml": MAPPING.encode()}
    return Made(files, truth.of(world, "prompts that grew", ["tokens/drift"], ["cost/by_feature"], **fault))


def home_made(call: Call) -> dict[str, object]:
    """A call in the words of this shop's developers: seconds, epoch times, their own names."""
    row: dict[str, object] = {
        "id": call["call_id"],
        "t": round((call["started_at"] - EPOCH) / timedelta(seconds=1), 3),
        "what": call["feature"],
        "who": call["user_id"],
    }
    row |= {"llm": {"vendor": call["provider"], "name": call["request_model"]}, "template": call["prompt_version"], "streamed": call.get("stream")}
    row |= {"secs": round(call["duration_ms"] / 1000, 4), "first": round(call["ttft_ms"] / 1000, 4) if "ttft_ms" in call else None}
    tokens = {"in": call.get("input_tokens"), "out": call.get("output_tokens"), "cached": call.get("cache_read_tokens")}
    return row | {"toks": tokens, "ok": call["status"] == "ok", "ended": call.get("finish_reason")}
