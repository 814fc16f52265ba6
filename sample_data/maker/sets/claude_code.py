"""Sessions of Claude Code as it writes them: several lines a call, sub-agents told twice, a resumed session that repeats, refused tries, placeholders."""

import random
from datetime import datetime, timedelta
from typing import Any

from maker.files import Made, Scale, lines
from maker.world import Plan, stamp

Line = dict[str, Any]
OPUS, HAIKU = "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001"
FOLDER = "projects/-home-ann-lampshop"
TOOLS = ("Read", "Edit", "Bash", "Grep")


class Session:
    """Writes the lines of one session and counts its calls as the API billed them."""

    def __init__(self, name: str, at: datetime, dice: random.Random, agent: str = "", sure: bool = True) -> None:
        self.name, self.at, self.dice, self.agent, self.sure = name, at, dice, agent, sure
        self.lines: list[Line] = []
        self.calls: list[Line] = []
        self.context = 12_000

    def write(self, line: Line, seconds: float) -> Line:
        """One line that much later, hung under the one before."""
        self.at += timedelta(seconds=seconds)
        parent = self.lines[-1]["uuid"] if self.lines else None
        head = {"parentUuid": parent, "isSidechain": bool(self.agent), "userType": "external", "cwd": "/home/ann/lampshop", "sessionId": self.name}
        head |= {"version": "2.1.42" if self.sure else "2.1.20", "gitBranch": "main"} | ({"agentId": self.agent} if self.agent else {})
        self.lines.append(head | line | {"uuid": f"{self.name}-{self.agent}{len(self.lines):04}", "timestamp": stamp(self.at)})
        return self.lines[-1]

    def prompt(self) -> None:
        """What the person asked."""
        self.write({"type": "user", "message": {"role": "user", "content": "..."}}, self.dice.uniform(20, 200))

    def refuse(self, times: int) -> None:
        """The API is overloaded; the program waits longer each time."""
        for attempt in range(1, times + 1):
            body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
            wait = round(500 * 2 ** (attempt - 1) * self.dice.uniform(1, 1.2), 3)
            told = {"type": "system", "subtype": "api_error", "level": "error", "error": {"status": 529, "headers": {}, "error": body}}
            self.write(told | {"retryInMs": wait, "retryAttempt": attempt, "maxRetries": 10}, 1 + wait / 1000)

    def call(self, model: str, tool: str = "") -> None:
        """One model call in one line a content block, each with the usage so far; then the tool's result."""
        number = f"{self.name[-2:]}{self.agent}{len(self.calls):03}"
        new, output = self.dice.randint(200, 3000), self.dice.randint(60, 900)
        usage = {"input_tokens": self.dice.randint(1, 9), "cache_read_input_tokens": self.context if self.calls else 0}
        usage["cache_creation_input_tokens"] = new if self.calls else self.context + new
        usage["cache_creation"] = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": usage["cache_creation_input_tokens"]}
        self.context += new + output
        blocks: list[Line] = [{"type": "thinking", "thinking": "..."}]
        blocks.append({"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": {}} if tool else {"type": "text", "text": "..."})
        seen = (2, output) if self.sure else (2, 2)  # some versions wrote only the count of the stream's beginning
        for block, count in zip(blocks, seen, strict=True):
            stop = ("tool_use" if tool else "end_turn") if self.sure and block is blocks[-1] else None
            message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": model, "content": [block], "stop_reason": stop}
            message["usage"] = usage | {"output_tokens": count, "service_tier": "standard"}
            self.write({"type": "assistant", "requestId": f"req_{number}", "message": message}, self.dice.uniform(1.5, 6))
        self.calls.append(usage | {"model": model, "output_tokens": seen[-1], "sure": self.sure})
        if tool:
            result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "..."}
            self.write({"type": "user", "message": {"role": "user", "content": [result]}}, self.dice.uniform(0.1, 8))

    def turn(self, calls: int, model: str = OPUS) -> None:
        """A prompt, work with tools, an answer."""
        begun = self.at
        for _ in range(calls - 1):
            self.call(model, self.dice.choice(TOOLS))
        self.call(model)
        self.write({"type": "system", "subtype": "turn_duration", "durationMs": (self.at - begun) // timedelta(milliseconds=1)}, 0.01)


def make(scale: Scale) -> Made:
    """Four sessions; the fourth resumes the first."""
    plan = scale.plan(Plan(seed=20, days=4))
    dice = random.Random(plan.seed)
    sessions = [Session(f"5e551017-0000-4000-8000-0000000000{n:02}", plan.day(n) + timedelta(hours=9), dice, sure=n != 1) for n in range(3)]
    for session in sessions:
        for _ in range(6):
            session.prompt()
            if dice.random() < 0.3:
                session.refuse(dice.randint(1, 4))
            session.turn(dice.randint(1, 6))
    agent = Session(sessions[0].name, sessions[0].at, dice, agent="ab12cd")
    agent.prompt()
    agent.turn(4, HAIKU)
    sessions[0].at = agent.at
    for line in agent.lines:
        if line["type"] != "system":
            inner = {name: line[name] for name in ("type", "message", "uuid", "timestamp", "requestId") if name in line}
            sessions[0].write({"type": "progress", "data": {"type": "agent_progress", "agentId": agent.agent, "message": inner}}, 0)
    resumed = Session("5e551017-0000-4000-8000-000000000099", plan.day(3), dice)
    resumed.lines = [line | {"sessionId": resumed.name} for line in sessions[0].lines]
    resumed.prompt()
    resumed.context = sessions[0].context
    resumed.turn(3)
    files = {f"{FOLDER}/{s.name}.jsonl": lines(s.lines) for s in (*sessions, resumed)}
    files[f"{FOLDER}/{agent.name}/subagents/agent-{agent.agent}.jsonl"] = lines(agent.lines)
    return Made(files, _truth([call for s in (*sessions, agent, resumed) for call in s.calls]))


def _truth(calls: list[Line]) -> dict[str, Any]:
    read, write = (sum(call[f"cache_{name}_input_tokens"] for call in calls) for name in ("read", "creation"))
    fresh, output = (sum(call[name] for call in calls) for name in ("input_tokens", "output_tokens"))
    totals = {"calls": len(calls), "input_tokens": fresh + read + write, "cache_read_tokens": read, "cache_write_tokens": write, "output_tokens": output}
    totals["partial_usage"] = sum(not call["sure"] for call in calls)
    models = {model: sum(call["model"] == model for call in calls) for model in (HAIKU, OPUS)}
    told = {"about": "Claude Code sessions", "must_warn": [], "may_warn": ["data/coverage"]}
    return told | {"totals": totals, "calls_by_feature": {"lampshop": len(calls)}, "calls_by_response_model": models}
