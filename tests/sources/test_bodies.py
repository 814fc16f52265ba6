"""What is kept of prompts and answers: lengths, hashes, ids."""

from typing import Any

import pytest

from llmlogs.sources.base import Context
from llmlogs.sources.common.bodies import canonical, characters, prompt_columns, told_by

CONTEXT = Context("x", secret=b"k")


def test_equal_prompts_have_equal_hashes_whatever_the_order_of_their_members() -> None:
    one, two = [{"role": "user", "content": "?"}], [{"content": "?", "role": "user"}]
    assert prompt_columns(one, CONTEXT) == prompt_columns({"messages": two}, CONTEXT)
    assert prompt_columns("?", CONTEXT)["prompt_chars"] == 1
    assert prompt_columns(None, CONTEXT) == prompt_columns({"q": 1}, CONTEXT) == {}


def test_tools_and_instructions_are_the_prefix() -> None:
    system = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "?"}]
    hashes = [prompt_columns({"messages": system, "tools": tools}, CONTEXT)["prefix_hash"] for tools in (None, [{"name": "a"}])]
    assert len(set(hashes)) == 2
    assert "prefix_hash" not in prompt_columns([{"role": "user", "content": "?"}], CONTEXT)


@pytest.mark.parametrize("value", [10**400, {"a": "\ud83d"}, {1: 2}, None])
def test_every_value_has_one_text(value: Any) -> None:
    assert canonical(value) == canonical(value)


def test_characters_are_counted_wherever_texts_stand_and_depth_is_bounded() -> None:
    assert characters([{"role": "user", "content": [{"type": "text", "text": "abc"}]}, "de"]) == 5
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    assert characters(deep) == 0


def test_answers_of_known_and_unknown_apis() -> None:
    row, usage = told_by([{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}], CONTEXT)
    assert (row["finish_reason"], row["completion_chars"], usage.empty) == ("stop", 2, True)
    row, usage = told_by({"model": "m", "answer": "hello", "usage": {"prompt_tokens": 2, "completion_tokens": 1}}, CONTEXT)
    assert (row, usage.input) == ({"response_model": "m", "completion_chars": 5}, 2)
    assert told_by({"delta": {"content": "x"}, "choices": [{"delta": {}}]}, CONTEXT)[1].empty
    assert told_by(None, CONTEXT)[0] == {}
    assert told_by("text", Context("x", store_text="full"))[0] == {"completion_chars": 4, "completion_text": "text"}
