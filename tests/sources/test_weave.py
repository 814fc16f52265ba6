"""Weave calls: the innermost op alone, usage per model, costs, reactions, every form of export."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from trace_helpers import Db, calls, closes, damaged, read, records_of, rows

from llmlogs.sources.base import Context, Head
from llmlogs.sources.weave import SOURCE

GOOD = records_of(*(sample.lines for sample in SOURCE.samples))
CREATE = "openai.chat.completions.create"


def op(own: str, name: str = CREATE, parent: str | None = None, usage: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    weave = more.pop("weave", {})
    return {
        "id": own, "project_id": "a/b", "op_name": f"weave:///a/b/op/{name}:x1", "trace_id": "t", "parent_id": parent, "started_at": "2026-03-02T10:00:00Z",
        "ended_at": "2026-03-02T10:00:01Z", "attributes": {}, "inputs": {"model": "m"}, "output": None, "exception": None,
        "summary": {"usage": usage or {}, "weave": {"status": "success"} | weave},
    } | more  # fmt: skip


def count(sent: int, made: int, requests: int = 1) -> dict[str, int]:
    return {"requests": requests, "prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made}


def test_t22_sums_on_ancestors_are_no_calls() -> None:
    """Also where steps without a model stand between, and whatever the order of the lines."""
    lines = [
        op("root", "answer", usage={"m": count(30, 3, 2)}),
        op("step", "plan", "root", {"m": count(30, 3, 2)}),
        op("a", parent="step", usage={"m": count(10, 1)}),
        op("b", parent="step", usage={"m": count(20, 2)}),
    ]
    for order in (lines, lines[::-1]):
        outcomes = read(SOURCE, *order)
        closes(outcomes, 4)
        assert sorted((o.call or {}).get("input_tokens") for o in outcomes if o.kind == "call") == [10, 20]
        assert sorted(row["name"] for o in outcomes for row in o.rows.get("spans", [])) == ["answer", "plan"]


def test_an_export_of_roots_counts_the_sum_once_and_says_so() -> None:
    (outcome,) = read(SOURCE, op("root", "answer", usage={"m": count(30, 3, 2)}))
    call = outcome.call or {}
    assert (call["input_tokens"], call["usage_status"]) == (30, "partial")
    assert ("usage_status", "sum_of_calls", "int") in outcome.issues


def test_a_framework_op_around_an_sdk_op_is_one_call() -> None:
    usage = {"m": count(10, 1)}
    outcomes = read(SOURCE, op("outer", "langchain.Llm.ChatOpenAI", usage=usage), op("inner", parent="outer", usage=usage))
    assert [o.kind for o in outcomes] == ["merged", "call"]


def test_several_models_at_a_leaf_are_several_calls() -> None:
    usage = {"a": count(10, 1), "b": {"requests": 1, "input_tokens": 5, "output_tokens": 2}}
    costs = {"a": {"prompt_tokens_total_cost": 1, "completion_tokens_total_cost": 0.5}, "b": {"prompt_tokens_total_cost": 2}}
    outcomes = read(SOURCE, op("x", "compare", usage=usage, weave={"costs": costs}, inputs={}))
    got = [((o.call or {})["request_model"], (o.call or {})["input_tokens"], str((o.call or {})["reported_usd"].normalize()), o.nested) for o in outcomes]
    assert got == [("a", 10, "1.5", False), ("b", 5, "2", True)]
    assert len({(o.call or {})["call_id"] for o in outcomes}) == 2


USAGES = {
    "openai with details": (
        {"prompt_tokens": 17903, "completion_tokens": 4, "total_tokens": 17907, "prompt_tokens_details": {"cached_tokens": 17817}},
        (17903, 17817, None, 4),
    ),
    "t2 anthropic, cache outside": (
        {"input_tokens": 5, "output_tokens": 4, "cache_read_input_tokens": 128955, "cache_creation_input_tokens": 1253},
        (130213, 128955, 1253, 4),
    ),
    "t4 an input smaller than its cache": ({"prompt_tokens": 3, "completion_tokens": 12, "cache_read_input_tokens": 13216}, (13219, 13216, None, 12)),
    "t19 zero is a count": ({"prompt_tokens": 9, "completion_tokens": 0}, (9, None, None, 0)),
    "t20 nothing told": ({}, (None, None, None, None)),
    "t20 a zero input is none": ({"prompt_tokens": 0, "completion_tokens": 0}, (None, None, None, None)),
}


@pytest.mark.parametrize(("usage", "want"), USAGES.values(), ids=USAGES)
def test_counts(usage: dict[str, Any], want: tuple[Any, ...]) -> None:
    (call,) = calls(SOURCE, op("c", usage={"m": usage}))
    assert tuple(call.get(f"{name}_tokens") for name in ("input", "cache_read", "cache_write", "output")) == want


def test_details_come_from_the_answer_unless_it_contradicts() -> None:
    output = {"model": "m-1", "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11, "prompt_tokens_details": {"cached_tokens": 8}}}
    assert calls(SOURCE, op("c", usage={"m": count(10, 1)}, output=output))[0]["cache_read_tokens"] == 8
    (call,) = calls(SOURCE, op("c", usage={"m": count(99, 1)}, output=output))
    assert (call["input_tokens"], call.get("cache_read_tokens")) == (99, None)


@pytest.mark.parametrize(
    ("name", "is_call", "provider"),
    [
        (CREATE, True, "openai"), ("openai.responses.create", True, "openai"), ("openai.embeddings.create", True, "openai"),
        ("anthropic.AsyncMessages.create", True, "anthropic"), ("google.genai.models.Models.generate_content", True, "gcp.gemini"),
        ("litellm.acompletion", True, None), ("mistralai.chat.complete", True, "mistral"), ("BedrockRuntime.converse", True, "aws.bedrock"),
        ("answer", False, None), ("completions.review", False, None), ("my_messages_create", False, None),
    ],
)  # fmt: skip
def test_a_failed_op_is_a_call_only_if_it_asks_a_model(name: str, is_call: bool, provider: str | None) -> None:
    (outcome,) = read(SOURCE, op("c", name, exception="APITimeoutError: Request timed out.", output=None))
    assert (outcome.kind == "call") is is_call
    if is_call:
        call = outcome.call or {}
        assert (call["status"], call["error_class"], call.get("provider")) == ("timeout", "timeout", provider)


def test_an_op_that_says_it_is_a_model_is_one() -> None:
    (call,) = calls(SOURCE, op("c", "my_llm", attributes={"weave": {"kind": "llm"}}, exception="boom"))
    assert call["status"] == "error"


@pytest.mark.parametrize(
    ("feedback", "want"),
    [
        ({"feedback_type": "wandb.reaction.1", "payload": {"alias": ":thumbs_down:"}}, [("reaction", 0.0, "thumbs_down", "human")]),
        ({"feedback_type": "wandb.reaction.1", "payload": {"alias": ":tada:"}}, [("reaction", None, "tada", "human")]),
        ({"feedback_type": "wandb.note.1", "payload": {"note": "private words"}}, []),
        ({"feedback_type": "wandb.annotation.tone", "payload": {"value": "rude"}}, [("tone", None, "rude", "human")]),
        ({"feedback_type": "wandb.annotation.tone", "payload": {"value": "a long private story it is"}}, []),
        ({"feedback_type": "wandb.runnable.judge", "payload": {"output": {"ok": True, "why": "a long private story"}}}, [("judge.ok", 1.0, None, "judge")]),
        ({"feedback_type": "wandb.runnable.judge", "payload": {"output": 0.5}}, [("judge", 0.5, None, "judge")]),
        ({"feedback_type": None, "payload": 3}, []),
    ],
)
def test_feedback(feedback: dict[str, Any], want: list[Any]) -> None:
    found = rows(SOURCE, "feedback", op("c", usage={"m": count(1, 1)}, weave={"feedback": [feedback]}))
    assert [(row["name"], row.get("value"), row.get("label"), row["kind"]) for row in found] == want


def test_feedback_goes_with_its_call(tmp_path: Path) -> None:
    told = [{"feedback_type": "wandb.reaction.1", "payload": {"alias": ":thumbs_up:"}}]
    (tmp_path / "w.jsonl").write_text(json.dumps(op("c", usage={"m": count(1, 1)}, weave={"feedback": told})), encoding="utf-8")
    db = Db(tmp_path, tmp_path / "w.jsonl")
    assert db.one("select c.span_id, f.value, f.trace_id from feedback f join calls c using (call_id)") == ("c", 1.0, "t")


def test_labels_and_what_is_no_label() -> None:
    root = op("root", "answer", attributes={"feature": "faq", "env": "prod", "tier": "gold"}, thread_id="th", wb_user_id="u1")
    (call,) = calls(SOURCE, root, op("c", parent="root", usage={"m": count(1, 1)}, wb_user_id="u1"))
    assert (call["feature"], call["environment"], call["session_id"], call["tags"], call.get("user_id")) == ("faq", "prod", "th", '{"tier":"gold"}', None)
    (call,) = calls(SOURCE, root, op("c", parent="root"), context=Context("x", feature_from=("attributes.tier",)))
    assert (call["feature"], call["feature_basis"]) == ("gold", "config")


def test_judges_are_internal_and_an_error_without_words_is_one() -> None:
    scorer = op("s", "Judge.score")
    assert [call.get("is_internal") for call in calls(SOURCE, scorer, op("j", parent="s", usage={"m": count(1, 1)}), op("x", usage={"m": count(1, 1)}))] == [
        True,
        None,
    ]
    (call,) = calls(SOURCE, op("c", weave={"status": "error"}))
    assert (call["status"], call["error_class"]) == ("error", "unknown")
    assert rows(SOURCE, "feedback", op("c", weave={"feedback": ["junk", None]})) == []


def test_deleted_and_running_calls() -> None:
    assert [(o.kind, o.reason) for o in read(SOURCE, op("c", deleted_at="2026-03-02T10:00:00Z"))] == [("skipped", "deleted")]
    (call,) = calls(SOURCE, op("c", ended_at=None, weave={"status": "running"}))
    assert (call["status"], call.get("duration_ms")) == ("unknown", None)


def test_no_text_is_kept() -> None:
    made = op("c", usage={"m": count(1, 1)}, inputs={"model": "m", "messages": [{"role": "user", "content": "my secret"}]}, output={"content": "a secret"})
    assert "secret" not in str(read(SOURCE, made))
    (call,) = calls(SOURCE, made)
    assert (call["prompt_chars"], call["completion_chars"]) == (9, 8)


def test_a_csv_with_dotted_columns_reads_as_the_json_does(tmp_path: Path) -> None:
    made = op("c", usage={"gpt-4.1": count(10, 2)}, attributes={"feature": "faq"}, weave={"latency_ms": 1000})
    flat = {key: value for key, value in made.items() if key not in ("attributes", "summary", "inputs")}
    flat |= {f"summary.usage.gpt-4.1.{key}": value for key, value in count(10, 2).items()}
    flat |= {"attributes.feature": "faq", "summary.weave.status": "success", "inputs.model": "m"}
    with (tmp_path / "w.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(flat), list(flat.values())])
    (tmp_path / "w.jsonl").write_text(json.dumps(made), encoding="utf-8")
    got = []
    for name in ("w.csv", "w.jsonl"):
        place = tmp_path / name[2:]
        place.mkdir()
        db = Db(place, tmp_path / name)
        assert db.report.files[0].source == "weave"
        got.append(db.ask("select call_id, feature, input_tokens, output_tokens, duration_ms, request_model, response_model, status from calls"))
    assert got[0] == got[1] == [("c", "faq", 10, 2, 1000.0, "m", "gpt-4.1", "ok")]


def test_detection() -> None:
    def sure(*values: Any) -> float:
        found = SOURCE.detect(Head("x", "ndjson", values))
        return found.confidence if found else 0.0

    assert sure(op("c")) > 0.95
    assert sure(op("c") | {"op_name": "answer"}) > 0.9
    assert sure({"op_name": "answer", "id": 1}) == 0
    assert sure({"name": "x", "trace_id": "t", "inputs": {}, "outputs": {}, "run_type": "llm"}) == 0
    assert sure("x", None) == 0


@given(damaged(GOOD))
def test_damaged_records_never_raise_and_are_all_accounted_for(values: list[Any]) -> None:
    closes(read(SOURCE, *values), len(values))


@pytest.mark.shared
def test_synthetic_calls_equal_the_truth(shared: Path, tmp_path: Path) -> None:
    """truth.json is the key the file was made from: 49 requests, their tokens and outcomes."""
    truth = json.loads((shared / "corpus/app/synthetic/truth.json").read_text(encoding="utf-8"))
    path = shared / "corpus/app/synthetic/weave_calls.jsonl"
    good = [one for one in truth if one["ok"]]
    db = Db(tmp_path, path)
    assert db.report.files[0].source == "weave"
    got = db.one(
        "select count(*), count(*) filter (status = 'ok'), sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cache_read_tokens)::bigint, "
        "count(*) filter (error_class = 'rate_limit'), count(feature) from calls"
    )
    limited = sum(one["code"] in (429, "429") for one in truth if not one["ok"])
    want = (len(truth), len(good), *(sum(one[name] or 0 for one in good) for name in ("inp", "out", "cr")), limited, sum(bool(one["feat"]) for one in truth))
    assert len(truth) == 49
    assert got == want
    starts = {one["st"].rstrip("Z").replace("T", " ") for one in truth}
    assert {str(at)[:23].ljust(23, "0") if "." in str(at) else f"{at}.000" for (at,) in db.ask("select started_at from calls")} == starts
