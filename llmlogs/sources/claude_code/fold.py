"""Lines of one call that follow each other are folded here already: the engine would do the same to the same row, at five times the price.

Only what is beyond doubt: the next record of the file continues the same call, its counts have not shrunk, and the earlier one has nothing of its own.
Everything else (copies, interrupted calls, sub-agents inside their parent's lines, other files) is left to the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from llmlogs.sources.base import Outcome, Row
from llmlogs.sources.claude_code.chain import LONGEST_CALL

SAME = ("response_id", "merge_try", "merge_copy")
PASSING = frozenset({"estimated_output_tokens", "estimated_output_low", "estimated_output_high", "duration_ms"})


def fold(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes, where the last line of a call stands for those right before it."""
    held: Outcome | None = None
    for outcome in outcomes:
        if held is not None:
            joined = _joined(held, outcome)
            yield held if joined is None else Outcome(held.line, "merged", "growing", merged_into=str(joined["response_id"]))
            outcome.call = outcome.call if joined is None else joined
            held = None
        if _may_go_on(outcome):
            held = outcome
        else:
            yield outcome
    if held is not None:
        yield held


def _may_go_on(outcome: Outcome) -> bool:
    """Whether a line may be followed by more of its call, and has nothing that would be lost."""
    call = outcome.call
    if call is None or outcome.nested or outcome.rows or outcome.issues:
        return False
    return "response_id" in call and "finish_reason" not in call and "completion_text" not in call


def _joined(before: Outcome, after: Outcome) -> Row | None:
    """The call of both; None when they are not certainly one, or the later does not say all that the earlier does."""
    one, two = before.call, after.call
    if one is None or two is None or after.nested or after.issues or "completion_text" in two or any(one.get(name) != two.get(name) for name in SAME):
        return None
    if _total(two) < _total(one) or one.keys() - two.keys() - PASSING:
        return None
    begun, ended = min(one["started_at"], two["started_at"]), max(one["ended_at"], two["ended_at"])
    row = two | {"started_at": begun, "ended_at": ended}
    waits = [call["duration_ms"] for call in (one, two) if "duration_ms" in call]
    if waits and ended - begun <= LONGEST_CALL:
        waits.append((ended - begun) / timedelta(milliseconds=1))
    return row | ({"duration_ms": max(waits)} if waits else {})


def _total(call: Row) -> int:
    return int(call.get("input_tokens", 0)) + int(call.get("output_tokens", 0))
