"""Codex CLI sessions: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl` and `archived_sessions/`. Lines are `{timestamp, type, payload}`.

Traps: `total_token_usage` is cumulative, `last_token_usage` is one call's; a line is repeated without new usage (its gauge or its context
estimate changed), with another `last`; the counters begin anew. `info` may be null beside a quota gauge. A fork, and a sub-agent that inherits
the conversation, copy the parent's lines under new times: a call's id is made of the counters, which copies share, and `merge_family` says
which sessions may copy each other, so that equal first calls of unrelated sessions stay two. Sessions before September 2025 have no usage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record
from llmlogs.sources.codex.calls import count, failure, with_tries
from llmlogs.sources.codex.rows import attempt, tool_status, turn_span
from llmlogs.sources.codex.samples import SAMPLES
from llmlogs.sources.codex.session import Session, Tool
from llmlogs.sources.common.session_lines import kind_of, part, wait_ms, word
from llmlogs.sources.common.times import to_utc

LINES = ("session_meta", "turn_context", "event_msg", "response_item", "compacted")
OLD_LINES = ("message", "reasoning", "function_call", "function_call_output", "local_shell_call", "custom_tool_call", "custom_tool_call_output")
EXEC_LINES = ("thread.started", "turn.started", "turn.completed", "turn.failed", "item.started", "item.updated", "item.completed")
CALLED = ("function_call", "custom_tool_call", "local_shell_call", "tool_search_call")
ANSWERED = ("function_call_output", "custom_tool_call_output", "tool_search_output")
NO_USAGE = "session without token counts (before September 2025, or none was answered)"


class Codex:
    """Rollout files of Codex CLI, its desktop and editor programs."""

    name = "codex"
    title = "Codex CLI sessions (rollout JSONL)"
    docs = "https://github.com/openai/codex/blob/main/codex-rs/protocol/src/protocol.rs"
    tokens = "input includes cached reads and writes, output includes reasoning; totals are cumulative, lines repeat, forks copy their parent's lines"
    remembers = True
    places = ("$CODEX_HOME/sessions", "$CODEX_HOME/archived_sessions", "~/.codex/sessions", "~/.codex/archived_sessions")
    samples = SAMPLES
    answers = ("cost/by_feature", "cache/prefix_cache", "limits/rate_limit_bursts", "latency/slowest_calls", "errors/by_class", "data/coverage")

    def detect(self, head: Head) -> Detection | None:
        """Sure with the envelope of a rollout; sure with the first lines of an old one, and of what `codex exec --json` prints."""
        lines = [value for value in head.values if isinstance(value, dict)]
        if not lines:
            return None
        own = sum(line.get("type") in LINES and isinstance(line.get("payload"), dict) for line in lines)
        if own * 2 > len(lines):
            return Detection(0.97, f"{own} of {len(lines)} first lines have the envelope of a Codex session")
        if isinstance(lines[0].get("timestamp"), str) and "instructions" in lines[0] and "id" in lines[0] and all(_is_old(line) for line in lines[1:]):
            return Detection(0.95, "begins as a Codex session of before September 2025")
        if all(line.get("type") in EXEC_LINES for line in lines):
            return Detection(0.95, "lines are what `codex exec --json` prints")
        return None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every line that adds usage; spans for tools and turns; attempts for broken streams; gauges of the quota."""
        session = Session(context.path)
        first: Outcome | None = None
        for record in records:
            if not isinstance(record.value, dict):
                yield Outcome(record.line, "rejected", "not an object")
                continue
            for outcome in _line(record.line, record.value, session):
                if first is None and outcome.reason == "session_meta":
                    first = outcome  # told at the end, when it is known whether the session counts tokens at all
                else:
                    yield outcome
        for number, row in session.failed.items():  # no answer came before the file ended
            yield Outcome(number, "other", rows={"attempts": [row]})
        if first is not None:
            first.reason = first.reason if session.call_id or not session.answers else NO_USAGE
            yield first


def _line(number: int, line: dict[str, Any], session: Session) -> Iterator[Outcome]:
    kind, payload, at = line.get("type"), part(line, "payload"), to_utc(line.get("timestamp"))
    session.tick(at)
    if kind == "event_msg":
        yield from _event(number, payload, at, session)
    elif kind == "response_item":
        yield _item(number, payload, at, session)
    elif kind in ("session_meta", "turn_context"):
        if kind == "turn_context":
            session.settle(payload)
        elif payload:
            session.meet(payload)
        yield Outcome(number, "skipped", str(kind))
    else:
        yield _other_line(number, line)


def _other_line(number: int, line: dict[str, Any]) -> Outcome:
    kind = line.get("type")
    if kind in EXEC_LINES:  # sums of a turn without a time or a model; its calls stand in the session's own file
        return Outcome(number, "skipped", f"codex exec/{kind}")
    if "payload" not in line and (_is_old(line) or ("instructions" in line and "id" in line)):
        return Outcome(number, "skipped", NO_USAGE)
    return Outcome(number, "skipped", kind_of(kind)) if isinstance(kind, str) else Outcome(number, "rejected", "no type")


def _event(number: int, payload: dict[str, Any], at: Any, session: Session) -> Iterator[Outcome]:
    kind = payload.get("type")
    if kind == "token_count":
        yield from count(number, payload, at, session)
        return
    if kind == "user_message":
        session.ask(at)
    elif kind in ("task_started", "turn_started"):
        session.turn, session.turn_at = word(payload.get("turn_id")) or session.turn, at
    elif kind == "thread_settings_applied":
        session.settle(part(payload, "thread_settings") or payload)
    elif kind in ("agent_message", "agent_reasoning"):
        session.answer(at)
    if session.replaying:  # times and failures of a copied history are the parent's
        yield Outcome(number, "skipped", kind_of("event_msg", kind))
    elif kind == "stream_error":
        session.failed[number] = attempt(payload, len(session.failed) + 1, at, session.asked, session.model)
    elif kind in ("error", "turn_aborted") and (session.answering or session.asked):
        yield from with_tries(failure(number, payload, at, session), session)
    else:
        yield _told(number, payload, at, session)


def _told(number: int, payload: dict[str, Any], at: Any, session: Session) -> Outcome:
    """The end of a turn where no request was open."""
    kind = payload.get("type")
    if kind in ("task_complete", "turn_complete", "turn_aborted"):
        turn = word(payload.get("turn_id")) or session.turn
        span = turn_span(payload, turn, at, session.turn_at, "cancelled" if kind == "turn_aborted" else "ok")
        session.turn_at = None
        if span:
            return Outcome(number, "other", rows={"spans": [span]})
    return Outcome(number, "skipped", kind_of("event_msg", kind))


def _item(number: int, payload: dict[str, Any], at: Any, session: Session) -> Outcome:
    """An item of the conversation: what the model said, what it was told, tools in between."""
    kind, key = payload.get("type"), payload.get("call_id")
    if kind in ANSWERED:
        session.ask(at)
        return _tool_done(number, payload, at, session)
    if payload.get("role") in ("user", "developer", "system"):
        if not _is_marker(payload):
            session.ask(at)
    else:
        session.answer(at)
    if kind == "web_search_call":
        session.searches += part(payload, "action").get("type") in (None, "search")
    if kind in CALLED:
        session.tool_calls += 1
        if isinstance(key, str) and not session.replaying:
            name = word(payload.get("name")) or str(kind).removesuffix("_call")
            session.tools[key] = Tool(name, at, session.call_id)
    return Outcome(number, "skipped", kind_of("response_item", kind or "message"))


def _is_marker(payload: dict[str, Any]) -> bool:
    """The note that a turn was broken off stands where a prompt would."""
    content = payload.get("content")
    text = part(content[0]).get("text") if isinstance(content, list) and content else None
    return isinstance(text, str) and text.startswith("<turn_aborted>")


def _tool_done(number: int, payload: dict[str, Any], at: Any, session: Session) -> Outcome:
    tool = session.tools.pop(payload["call_id"], None) if isinstance(payload.get("call_id"), str) else None
    if tool is None:
        return Outcome(number, "skipped", kind_of("response_item", payload.get("type")))
    span = {
        "span_id": word(payload["call_id"]), "trace_id": session.turn, "parent_span_id": session.turn, "kind": "tool", "name": tool.name,
        "started_at": tool.at, "ended_at": at, "duration_ms": wait_ms(tool.at, at) if tool.at != at else 0.0, "status": tool_status(payload),
    }  # fmt: skip
    return Outcome(number, "other", rows={"spans": [span]})


def _is_old(line: dict[str, Any]) -> bool:
    return line.get("record_type") == "state" or (line.get("type") in OLD_LINES and "payload" not in line)


SOURCE = Codex()
