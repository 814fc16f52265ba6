"""Whole records of the provider-response source: envelopes, streams, errors, what is no call."""

import orjson

from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.provider_responses import SOURCE


def read(*values: object) -> list[Outcome]:
    records = [Record(line, 0, 0, orjson.loads(orjson.dumps(value))) for line, value in enumerate(values, 1)]
    return list(SOURCE.read(records, Context("log.jsonl", secret=b"k")))


CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1774958400,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 17903, "completion_tokens": 20, "total_tokens": 17923, "prompt_tokens_details": {"cached_tokens": 17817}},
}


def test_a_bare_answer():
    [outcome] = read(CHAT)
    assert outcome.kind == "call"
    assert outcome.call["input_tokens"] == 17903
    assert outcome.call["cache_read_tokens"] == 17817
    assert SOURCE.detect(Head("x", "ndjson", (CHAT,))).confidence >= 0.9
