"""Claude Code sessions: `~/.claude/projects/<project>/<session>.jsonl` and the files of their sub-agents.

One call is written as several lines, one per content block, each repeating the usage so far; the same call comes again in resumed and
forked sessions, in a sub-agent's file and inside its parent's `agent_progress` lines. So every usage-carrying line is handed on as a
snapshot of a growing call, keyed by `message.id` and `requestId`, and the engine keeps the largest of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.claude_code.chain import Chain, Link, Tool, call_key
from llmlogs.sources.claude_code.fold import fold
from llmlogs.sources.claude_code.rows import attempt_row, call_row, failed_call, final_attempt, tool_span, turn_span
from llmlogs.sources.claude_code.samples import SAMPLES
from llmlogs.sources.claude_code.usage import Issues
from llmlogs.sources.common.session_lines import word
from llmlogs.sources.common.times import to_utc

SYNTHETIC = "<synthetic>"  # written by the program itself, not by a model
PLAIN = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")
BESIDE = {
    "inputTokens": "input_tokens", "outputTokens": "output_tokens", "cacheReadInputTokens": "cache_read_input_tokens",
    "cacheCreationInputTokens": "cache_creation_input_tokens",
}  # fmt: skip
SIGNS = ("parentUuid", "isSidechain", "leafUuid", "isSnapshotUpdate", "requestId", "costUSD", "toolUseID")


class Session:
    """One file while it is read."""

    def __init__(self, path: str, *, store_text: bool = False) -> None:
        self.chain = Chain()
        self.store_text = store_text
        parts = PurePosixPath(path.replace("\\", "/")).parts
        self.folders = set(parts)
        self.folder = next((word(name) for place, name in pairwise(parts[:-1]) if place == "projects"), None)
        self.projects: dict[str, str | None] = {}

    def project(self, line: dict[str, Any]) -> str | None:
        """Name of the project's folder: the part of the working directory that the session's own folder was named after."""
        cwd = line.get("cwd")
        if not isinstance(cwd, str):
            return self.folder
        if cwd not in self.projects:
            self.projects[cwd] = self._find_project(cwd)
        return self.projects[cwd]

    def _find_project(self, cwd: str) -> str | None:
        path = PureWindowsPath(cwd) if "\\" in cwd else PurePosixPath(cwd)
        for folder in (path, *path.parents):
            if re.sub(r"[^A-Za-z0-9]", "-", str(folder)) in self.folders:
                return word(folder.name)
        return word(path.name)


class ClaudeCode:
    """Sessions of Claude Code, all versions seen from 1.0 to 2.1."""

    name = "claude_code"
    title = "Claude Code sessions (JSONL)"
    docs = "https://docs.anthropic.com/en/docs/claude-code/settings"
    tokens = "input excludes cache reads and writes (added here); lines of one call repeat a growing usage; output is a placeholder without stop_reason"
    remembers = True
    places = ("$CLAUDE_CONFIG_DIR/projects", "$XDG_CONFIG_HOME/claude/projects", "~/.config/claude/projects", "~/.claude/projects")
    samples = SAMPLES
    answers = ("cost/by_feature", "cache/prefix_cache", "tokens/drift", "errors/by_class", "latency/slowest_calls", "data/coverage")

    def detect(self, head: Head) -> Detection | None:
        """Sure with the session's own keys; likely with an assistant's usage under `message` beside a time."""
        lines = [value for value in head.values if isinstance(value, dict)]
        if any("usageMetadata" in line for line in lines):  # Qwen Code and Gemini CLI write the same envelope
            return None
        own = sum(_is_own(line) for line in lines)
        if own * 2 > len(lines):
            return Detection(0.95, f"{own} of {len(lines)} first lines have the keys of a Claude Code session")
        if lines and all("message" in line for line in lines) and any(_usage(line) for line in lines):
            return Detection(0.6, "lines carry `message.usage` as Claude Code writes it")
        if lines and all(line.get("type") in ("user", "assistant", "summary") and ("message" in line or "summary" in line) for line in lines):
            return Detection(0.6, "lines are those of a Claude Code session, bare of ids and usage")
        return None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every usage-carrying line, nested ones included; spans for tools and turns; attempts for failed tries."""
        return fold(_outcomes(records, Session(context.path, store_text=context.store_text != "none")))


def _outcomes(records: Iterable[Record], session: Session) -> Iterator[Outcome]:
    for record in records:
        if isinstance(record.value, dict):
            yield from _line(record.line, record.value, session)
        else:
            yield Outcome(record.line, "rejected", "not an object")
    for number, row in session.chain.failed.items():  # no answer came before the file ended
        yield Outcome(number, "other", rows=_tries((row,)))


def _line(number: int, line: dict[str, Any], session: Session) -> Iterator[Outcome]:
    data, kind = line.get("data"), line.get("type")
    if kind == "assistant" and "outputTokens" in line:
        line = _with_usage(line)
    if _usage(line) is not None:
        yield from _answer(number, line, session, session.chain.parent(line))
    elif kind == "user":
        yield _user(number, line, session)
    elif kind == "progress" and isinstance(data, dict) and data.get("type") == "agent_progress":
        session.chain.pass_on(line)
        yield Outcome(number, "skipped", "progress/agent_progress")
        yield from _nested(number, line, data, session)
    elif kind == "system":
        yield from _system(number, line, session)
    else:
        session.chain.pass_on(line)
        yield _skip_or_reject(number, line)


def _answer(number: int, line: dict[str, Any], session: Session, before: Link, nested: bool = False) -> Iterator[Outcome]:
    message = line["message"]
    if message.get("model") == SYNTHETIC and not _gave_up(line):
        session.chain.pass_on(line)
        yield Outcome(number, "skipped", "synthetic", nested=nested)
        return
    link = session.chain.answer(line, before)
    issues: Issues = []
    if message.get("model") == SYNTHETIC:
        call = failed_call(line, link, session.project(line))
    else:
        call = call_row(line, link, session.project(line), session.chain.written(line, link.call), issues)
        if session.store_text:
            call["completion_text"] = "\n".join(str(block["text"]) for block in _blocks(line) if isinstance(block.get("text"), str))
        _remember_tools(line, link, session)
    rows = _tries(link.retries)
    if link.retries:
        call["attempts"] = len(link.retries) + 1
        rows["attempts"].append(final_attempt(link.retries, call["status"]))
    yield from (Outcome(row["line"], "other") for row in link.retries)
    yield Outcome(number, "call", call=call, rows=rows, issues=issues, nested=nested)


def _nested(number: int, outer: dict[str, Any], data: dict[str, Any], session: Session) -> Iterator[Outcome]:
    """A sub-agent's message inside its parent's line. It names no parent line: the agent's last question began the call."""
    inner, agent = data.get("message"), data.get("agentId")
    if not isinstance(inner, dict):
        return
    agents = session.chain.agents
    name = agent if isinstance(agent, str) else ""
    shared = {key: outer[key] for key in ("sessionId", "version", "cwd") if key in outer}
    line = shared | inner | {"agentId": agent, "isSidechain": True}  # a copy of what the sub-agent's own file has
    if _usage(line) is not None:
        before = agents.get(name, Link())
        agents[name] = Link(before.sent, before.turn, call_key(line))
        yield from _answer(number, line, session, before, nested=True)
    elif inner.get("type") == "user":
        agents[name] = Link(to_utc(inner.get("timestamp")))


def _user(number: int, line: dict[str, Any], session: Session) -> Outcome:
    """A prompt, or results of tools: each result closes the span its tool opened."""
    results = [block for block in _blocks(line) if block.get("type") == "tool_result"]
    session.chain.ask(line, is_result=bool(results))
    spans = []
    for block in results:
        identity = block.get("tool_use_id")
        tool = session.chain.tools.pop(identity, None) if isinstance(identity, str) else None
        if tool is not None:
            spans.append(tool_span(str(identity), tool, block, line))
    return Outcome(number, "other", rows={"spans": spans}) if spans else Outcome(number, "skipped", "user")


def _system(number: int, line: dict[str, Any], session: Session) -> Iterator[Outcome]:
    if line.get("subtype") == "api_error":
        session.chain.fail(line, number, attempt_row(line))
        return  # told when the call it belongs to is known
    span = None
    if line.get("subtype") == "turn_duration":
        span = turn_span(line, session.chain.end_turn(line))
    else:
        session.chain.pass_on(line)
    yield Outcome(number, "other", rows={"spans": [span]}) if span else _skip_or_reject(number, line)


def _skip_or_reject(number: int, line: dict[str, Any]) -> Outcome:
    """A line without usage is no call, whatever its type; a line without a type is not Claude Code's."""
    data = line.get("data")
    names = [line.get("type"), line.get("subtype") or (data.get("type") if isinstance(data, dict) else None)]
    if not isinstance(names[0], str):
        return Outcome(number, "rejected", "neither a type nor a usage")
    if names[0] == "assistant":
        return Outcome(number, "skipped", "assistant/without_usage")
    kinds = [name if PLAIN.match(name) else "unnamed" for name in names if isinstance(name, str)]
    return Outcome(number, "skipped", "/".join(kinds))


def _remember_tools(line: dict[str, Any], link: Link, session: Session) -> None:
    for block in _blocks(line):
        if block.get("type") == "tool_use" and isinstance(block.get("id"), str):
            name = word(block.get("name")) or "unnamed"
            session.chain.tools[block["id"]] = Tool(name, to_utc(line.get("timestamp")), word(line["message"].get("id")), link.turn)


def _blocks(line: dict[str, Any]) -> list[dict[str, Any]]:
    message = line.get("message")
    content: Any = message.get("content") if isinstance(message, dict) else None
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _with_usage(line: dict[str, Any]) -> dict[str, Any]:
    """Some tools keep the counts of a line beside its message, in words of their own."""
    message = line.get("message")
    if not isinstance(message, dict) or "usage" in message:
        return line
    return {**line, "message": {**message, "usage": {ours: line[theirs] for theirs, ours in BESIDE.items() if theirs in line}}}


def _usage(line: dict[str, Any]) -> dict[str, Any] | None:
    message = line.get("message")
    usage = message.get("usage") if isinstance(message, dict) else None
    return usage if isinstance(usage, dict) and usage else None


def _gave_up(line: dict[str, Any]) -> bool:
    """A failed request told to the user. An answer cut at its token limit is told the same way, and is a call of its own already."""
    return line.get("isApiErrorMessage") is True and line.get("error") != "max_output_tokens"


def _is_own(line: dict[str, Any]) -> bool:
    return isinstance(line.get("type"), str) and ("sessionId" in line or any(sign in line for sign in SIGNS))


def _tries(failed: tuple[Row, ...]) -> dict[str, list[Row]]:
    """Failed tries as rows of attempts, and of rate_limits where their headers told any; without what only the chain needs."""
    attempts = [{name: value for name, value in row.items() if name not in ("ended", "waits", "error", "limits")} for row in failed]
    limits = [limit | {"line": row["line"]} for row in failed for limit in row["limits"]]
    return {table: rows for table, rows in (("attempts", attempts), ("rate_limits", limits)) if rows}


SOURCE = ClaudeCode()
