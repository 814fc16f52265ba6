"""Files that lie beside a coding agent's sessions and hold no calls: prompts, conversations without usage, state, terminal recordings, quota samples.

They are named for what they are, so that a folder can be read whole; nothing of them is counted. CodexBar's quota samples become rows of rate_limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Sample
from llmlogs.sources.common.session_lines import word
from llmlogs.sources.common.times import to_utc

QUOTA = "CodexBar quota sample"
# What it is: the keys every line has, or the values of one key.
SHAPES: dict[str, tuple[frozenset[str], dict[str, tuple[str, ...]]]] = {
    QUOTA: (frozenset({"accountKey", "usedPercent", "windowMinutes", "sampledAt"}), {}),
    "Kimi Code session state": (frozenset({"custom_title", "title_generated", "wire_mtime"}), {}),
    "Kimi Code conversation, without usage": (
        frozenset({"role"}),
        {"role": ("_system_prompt", "_checkpoint", "_usage", "user", "assistant", "tool")},
    ),
    "recording of a terminal": (frozenset({"ts", "event", "data"}), {"event": ("ux.terminal.write", "ux.terminal.resize", "ux.tui.frame")}),
    "Claude Code prompt history": (frozenset({"display", "pastedContents", "timestamp", "project"}), {}),
    "Claude Code status line, sums of a session": (frozenset({"session_id", "transcript_path", "workspace"}), {}),
    "Codex prompt history": (frozenset({"session_id", "ts", "text"}), {}),
}  # fmt: skip
OWN_ROLES = ("_system_prompt", "_checkpoint", "_usage")


class AgentFiles:
    """Companions of sessions."""

    name = "agent_files"
    title = "Files beside coding agents' sessions, without calls"
    docs = "https://github.com/ryoppippi/ccusage"
    tokens = "none: a context size that a conversation notes is no usage"
    answers: tuple[str, ...] = ()
    samples = (
        Sample(
            note="a conversation of Kimi Code: its _usage lines tell how full the context is, not what was used",
            lines='{"role":"_system_prompt","content":"?"}\n{"role":"user","content":"?"}\n{"role":"_usage","token_count":12}\n',
            want=(),
            counts={"records": 3, "calls": 0, "other": 0, "merged": 0, "skipped": 3, "rejected": 0},
        ),
        Sample(
            note="a sample of a quota in per cent",
            lines='{"v":1,"provider":"codex","accountKey":"ab","windowKind":"secondary","windowMinutes":10080,"usedPercent":16,'
            '"sampledAt":"2026-03-02T10:00:00Z","resetsAt":"2026-03-02T11:00:00Z","source":"live"}\n',
            want=(),
            counts={"records": 1, "calls": 0, "other": 1, "merged": 0, "skipped": 0, "rejected": 0},
        ),
    )

    def detect(self, head: Head) -> Detection | None:
        """By the keys that every line of a kind has."""
        lines = [value for value in head.values if isinstance(value, dict)]
        kinds = {kind_of_line(line) for line in lines}
        if len(kinds) != 1 or None in kinds or not _told(lines):
            return None
        return Detection(0.93, f"{kinds.pop()}: no calls in it")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """Skipped by what they are; a quota sample is a row of rate_limits."""
        for record in records:
            kind = kind_of_line(record.value) if isinstance(record.value, dict) else None
            row = _quota(record.value) if kind == QUOTA else None
            if row is not None:
                yield Outcome(record.line, "other", rows={"rate_limits": [row]})
            else:
                yield Outcome(record.line, "skipped", kind) if kind else Outcome(record.line, "rejected", "none of the known companions of a session")


def kind_of_line(line: dict[str, Any]) -> str | None:
    """What a line is of; None for none of them."""
    for kind, (keys, values) in SHAPES.items():
        if keys <= line.keys() and all(isinstance(line[key], str) and line[key] in allowed for key, allowed in values.items()):
            return kind
    return None


def _told(lines: list[dict[str, Any]]) -> bool:
    """Roles alone are everybody's: a conversation of Kimi Code has one of its own."""
    return "role" not in lines[0] or any(line.get("role") in OWN_ROLES for line in lines)


def _quota(line: dict[str, Any]) -> dict[str, Any] | None:
    used, at, reset, minutes = line["usedPercent"], to_utc(line["sampledAt"]), to_utc(line.get("resetsAt")), line["windowMinutes"]
    if isinstance(used, bool) or not isinstance(used, (int, float)) or at is None:
        return None
    left = max(0.0, (reset - at) / timedelta(milliseconds=1)) if reset is not None else None
    scope = f"percent of {minutes // 60}h" if type(minutes) is int and minutes > 0 else "percent"
    return {
        "at": at, "provider": {"codex": "openai", "claude": "anthropic"}.get(str(line.get("provider")), word(line.get("provider"))), "scope": scope,
        "limit_value": 100, "remaining": 100 - used, "reset_ms": left, "origin": "provider",
    }  # fmt: skip


SOURCE = AgentFiles()
