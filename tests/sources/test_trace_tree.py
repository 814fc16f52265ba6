"""Which spans are calls: leaves only, a wrapper of one call merged into it, a roll-up counted once at most."""

from typing import Any

import pytest

from llmlogs.sources.base import Outcome
from llmlogs.sources.common import trace_tree
from llmlogs.sources.common.trace_tree import Forest, Node, Tree


def node(line: int, name: str, parent: str | None = None, tokens: int | None = None, call: bool = True, **more: Any) -> Node:
    row = {"call_id": name, "status": "ok"} | ({} if tokens is None else {"input_tokens": tokens, "output_tokens": 1})
    return Node(line, name, parent, {"span_id": name, "kind": "chain"}, row if call else None, **more)


def by_line(outcomes: list[Outcome]) -> dict[int, tuple[str, Any]]:
    return {outcome.line: (outcome.kind, (outcome.call or {}).get("input_tokens")) for outcome in outcomes}


def tree(*nodes: Node) -> dict[int, tuple[str, Any]]:
    return by_line(list(Tree(nodes).outcomes()))


def test_t22_a_roll_up_is_no_call_even_when_its_parts_are_not_its_children() -> None:
    found = tree(node(1, "agent", None, 30), node(2, "step", "agent", call=False), node(3, "a", "step", 10), node(4, "b", "step", 20))
    assert found == {1: ("other", None), 2: ("other", None), 3: ("call", 10), 4: ("call", 20)}


def test_a_wrapper_of_one_call_is_merged_into_it_and_completes_it() -> None:
    outer, inner = node(1, "outer", "app", 10), node(2, "inner", "outer", 10)
    assert outer.call is not None
    outer.call |= {"ttft_ms": 5.0, "cache_read_tokens": 4, "span_id": "outer"}
    outcomes = list(Tree([outer, inner]).outcomes())
    assert by_line(outcomes) == {1: ("merged", None), 2: ("call", 10)}
    assert outcomes[0].merged_into == "inner"
    call = outcomes[1].call or {}
    assert (call["ttft_ms"], call["cache_read_tokens"], call["parent_span_id"]) == (5.0, 4, "app")
    assert "span_id" not in call


def test_a_wrapper_with_other_counts_does_not_lend_its_details() -> None:
    outer, inner = node(1, "outer", None, 99), node(2, "inner", "outer", 10)
    assert outer.call is not None
    outer.call["cache_read_tokens"] = 50
    (call,) = [outcome.call for outcome in Tree([outer, inner]).outcomes() if outcome.call]
    assert call["input_tokens"] == 10
    assert "cache_read_tokens" not in call


def test_t23_usage_on_the_wrapper_and_the_model_on_the_call() -> None:
    """Tokens and price come together on one row, whichever of the two spans told them."""
    outer, inner = node(1, "outer", None, 10), node(2, "inner", "outer")
    assert inner.call is not None
    inner.call["request_model"] = "m"
    (call,) = [outcome.call for outcome in Tree([outer, inner]).outcomes() if outcome.call]
    assert (call["request_model"], call["input_tokens"]) == ("m", 10)


def test_t22_a_sum_over_calls_that_told_nothing_is_counted_once() -> None:
    outer, one, two = node(1, "outer", None, 30), node(2, "a", "outer"), node(3, "b", "outer")
    for inner in (one, two):
        assert inner.call is not None
        inner.call["request_model"] = "m"
    outcomes = list(Tree([outer, one, two]).outcomes())
    assert by_line(outcomes) == {1: ("call", 30), 2: ("other", None), 3: ("other", None)}
    assert (outcomes[0].call or {})["request_model"] == "m"
    assert ("usage_status", "sum_of_calls", "int") in outcomes[0].issues


def test_a_step_with_usage_stays_a_step_above_one_call_and_is_a_call_alone() -> None:
    assert tree(node(1, "app", None, 10, weak=True), node(2, "c", "app", 10)) == {1: ("other", None), 2: ("call", 10)}
    assert tree(node(1, "app", None, 10, weak=True)) == {1: ("call", 10)}


def test_a_failed_try_beside_the_call_keeps_both() -> None:
    failed = node(2, "try1", "agent")
    assert failed.call is not None
    failed.call["status"] = "error"
    assert tree(node(1, "agent", None, 10), failed, node(3, "try2", "agent", 10)) == {1: ("other", None), 2: ("call", None), 3: ("call", 10)}


def test_labels_come_from_the_nearest_span_that_states_them() -> None:
    top = node(1, "top", None, call=False, labels={"feature": "a", "feature_basis": "logged", "user_id": "u"})
    mid = node(2, "mid", "top", call=False, labels={"feature": "b", "feature_basis": "tags"})
    own = node(3, "own", "mid", 1, labels={"session_id": "s"})
    (call,) = [outcome.call for outcome in Tree([own, mid, top]).outcomes() if outcome.call]
    assert (call["feature"], call["feature_basis"], call["user_id"], call["session_id"]) == ("b", "tags", "u", "s")


def test_a_silent_call_failed_with_what_stands_above_it() -> None:
    top = node(1, "top", None, call=False, error={"status": "error", "status_code": 429})
    (call,) = [outcome.call for outcome in Tree([top, node(2, "c", "top", silent=True)]).outcomes() if outcome.call]
    assert (call["status"], call["status_code"]) == ("error", 429)


def test_a_span_that_comes_twice_is_read_once() -> None:
    """Overlapping pages in one file: neither the roll-up nor the call may be counted again."""
    judged = {"feedback": [{"name": "good", "value": 1}]}
    nodes = [node(1, "app", None, 10, weak=True), node(2, "c", "app", 10, **judged), node(3, "app", None, 10, weak=True), node(4, "c", "app", 10, **judged)]
    outcomes = list(Tree(nodes).outcomes())
    assert by_line(outcomes) == {1: ("other", None), 2: ("call", 10), 3: ("skipped", None), 4: ("merged", None)}
    assert [outcome.merged_into for outcome in outcomes if outcome.kind == "merged"] == ["c"]
    assert sum(len(outcome.rows.get("feedback", [])) for outcome in outcomes) == 1
    running = node(1, "c", None)
    assert by_line(list(Tree([running, node(2, "c", None, 10)]).outcomes())) == {1: ("merged", None), 2: ("call", 10)}


def test_circles_and_long_chains_end() -> None:
    assert tree(node(1, "a", "b", 1), node(2, "b", "a", 1)) in ({1: ("merged", None), 2: ("call", 1)}, {1: ("call", 1), 2: ("merged", None)})
    assert tree(node(1, "a", "a", 1)) == {1: ("call", 1)}
    chain = [node(i, f"n{i}", f"n{i + 1}", call=i == 1) for i in range(1, 2000)]
    assert len(tree(*chain)) == 1999


def test_memory_is_bounded_and_a_roll_up_that_comes_late_is_still_none() -> None:
    """Newest first: the calls of a trace have made room before the span above them is read."""
    forest = Forest[Node](lambda items: items, limit=2)
    outcomes = [*forest.add("t", node(1, "c", "mid", 10)), *forest.add("u", node(2, "x", None, 1)), *forest.add("v", node(3, "y", None, 1))]
    assert by_line(outcomes) == {1: ("call", 10)}
    outcomes = [
        *forest.add("t", node(4, "mid", "top", 10)),
        *forest.add("w", node(5, "z")),
        *forest.add("w", node(6, "zz")),
        *forest.add("t", node(7, "top", None, 10)),
    ]
    outcomes += forest.rest()
    kinds = by_line(outcomes)
    assert (kinds[4][0], kinds[7][0]) == ("other", "other")
    assert sorted(kinds) == [2, 3, 4, 5, 6, 7]


def test_a_sum_over_calls_of_two_models_names_none_of_them() -> None:
    outer, one, two = node(1, "outer", None, 30), node(2, "a", "outer"), node(3, "b", "outer")
    for inner, model in ((one, "m"), (two, "n")):
        assert inner.call is not None
        inner.call["request_model"] = model
    (call,) = [outcome.call for outcome in Tree([outer, one, two]).outcomes() if outcome.call]
    assert "request_model" not in call


def test_a_wrapper_tells_the_outcome_that_its_call_does_not() -> None:
    outer, inner = node(1, "outer", None, 10), node(2, "inner", "outer", 10)
    assert outer.call is not None
    assert inner.call is not None
    outer.call |= {"status": "error", "error_class": "timeout"}
    inner.call["status"] = "unknown"
    (call,) = [outcome.call for outcome in Tree([outer, inner]).outcomes() if outcome.call]
    assert (call["status"], call["error_class"]) == ("error", "timeout")


def test_a_step_without_a_row_is_skipped_and_parents_skip_merged_wrappers() -> None:
    silent = Node(1, "s", None, None)
    assert tree(silent) == {1: ("skipped", None)}
    first = node(1, "o1", "root", 5)
    outcomes = list(Tree([first, node(2, "o2", "o1", 5), node(3, "c", "o2", 5), node(4, "tool", "o2", call=False)]).outcomes())
    assert by_line(outcomes) == {1: ("merged", None), 2: ("merged", None), 3: ("call", 5), 4: ("other", None)}
    assert (outcomes[2].call or {})["parent_span_id"] == "root"
    assert outcomes[3].rows["spans"][0]["parent_span_id"] == "root"


def test_what_is_remembered_of_roll_ups_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_tree, "MOST_ROLLUPS", 1)
    forest = Forest[Node](lambda items: items, limit=1)
    outcomes = [
        outcome
        for number, trace in enumerate("abcde", 1)
        for outcome in forest.add(trace, node(number, f"c{number}", f"p{number}" if number != 2 else None, 1, call=number != 3))
    ]
    assert [outcome.kind for outcome in (*outcomes, *forest.rest())] == ["call", "call", "other", "call", "call"]
