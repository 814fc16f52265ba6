"""Errors of every provider, SDK and gateway in one vocabulary. The rules are data: error_classes.toml beside this file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from llmlogs.privacy import template

RULES = Path(__file__).with_suffix(".toml")
LONGEST_MESSAGE = 2000  # a body may echo a whole prompt; what went wrong stands in front
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{1,63}\Z")
_EXCEPTION_IN_TEXT = re.compile(r"\A\s*((?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout))\b")  # `litellm.RateLimitError: ...`
_CODE_IN_TEXT = re.compile(r"(?:error|status)[\s_]*code:?\s*(\d{3})\b|\bHTTP(?:/\d(?:\.\d)?)?\s+(\d{3})\b|\A(\d{3})(?:\s*[:{\-]|\s+(?-i:[A-Z]))", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """One row of the table: its class holds when its status holds and one of its codes or messages does."""

    name: str
    status: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    message: re.Pattern[str] | None = None

    def holds(self, status: int | None, codes: frozenset[str], message: str) -> bool:
        """Whether it describes an error of that status, of any of those codes, with that message."""
        if self.status and not {str(status), f"{(status or 0) // 100}xx"} & set(self.status):
            return False
        if not self.codes and self.message is None:
            return True
        return bool(self.codes & codes) or bool(self.message and self.message.search(message))


@cache
def rules() -> tuple[Rule, ...]:
    """The table in its order."""
    return tuple(_rule(entry) for entry in tomllib.loads(RULES.read_text(encoding="utf-8"))["rule"])


def _rule(entry: Mapping[str, Any]) -> Rule:
    words = entry.get("message", ())
    return Rule(
        name=entry["class"],
        status=tuple(str(code) for code in entry.get("status", ())),
        codes=frozenset(plain(code) for code in entry.get("code", ())),
        message=re.compile("|".join(f"(?:{word})" for word in words), re.IGNORECASE) if words else None,
    )


def classes() -> tuple[str, ...]:
    """Every word there is, in the order of the table."""
    return (*dict.fromkeys(rule.name for rule in rules()), "unknown")


def plain(code: object) -> str:
    """A code without case, punctuation, module path and AWS's `:http://...` tail: `openai.RateLimitError` and `rate_limit_error` are one."""
    last = str(code)[:200].split(":")[0].rsplit(".", 1)[-1]
    return "".join(letter for letter in last.lower() if letter.isalnum())


def classify(status: int | None = None, code: str = "", message: str = "", *more_codes: str) -> str:
    """The class of an error known by its HTTP status, its type, code or exception name, and its message; any of them may be missing.

    A status that only the message has (`Error code: 429 - ...`) counts. 2xx is no status of an error: it says that the error came in the body.
    """
    message = message[:LONGEST_MESSAGE]
    if status is None or status < 400:
        status = status_in(message) or next((int(c) for c in (code, *more_codes) if re.fullmatch(r"[45]\d\d", c)), None)
    return _classify(status, frozenset(plain(c) for c in (code, *more_codes) if c), message)


def _classify(status: int | None, codes: frozenset[str], message: str) -> str:
    named = _EXCEPTION_IN_TEXT.match(message)
    codes |= {plain(named.group(1))} if named else frozenset()
    return next((rule.name for rule in rules() if rule.holds(status, codes, message)), "unknown")


def status_in(message: str) -> int | None:
    """The HTTP status a message begins with or names as such."""
    found = _CODE_IN_TEXT.search(message[:LONGEST_MESSAGE])
    code = int(next(filter(None, found.groups()))) if found else 0
    return code if 400 <= code < 600 else None


@dataclass
class Fault:
    """What a record says about an error, before it is classified. `codes` are its types, codes and exception names, the most telling first;
    `hint` helps to classify and is no part of the message."""

    codes: list[str] = field(default_factory=list)
    message: str = ""
    hint: str = ""
    retry_after: str = ""

    def columns(self, status: int | None) -> dict[str, Any]:
        """The error columns of a call; a 4xx or 5xx code inside the body stands in for a missing status, never replaces one."""
        kind = classify(status, self.codes[0] if self.codes else "", f"{self.message} {self.hint}".strip(), *self.codes[1:])
        return {
            "error_class": kind,
            "error_type": next(filter(_NAME.match, (code.split(":")[0] for code in self.codes)), None),
            "error_template": template(self.message) if self.message else None,
        }


GRPC = {"1": "CANCELLED", "3": "INVALID_ARGUMENT", "4": "DEADLINE_EXCEEDED", "5": "NOT_FOUND", "7": "PERMISSION_DENIED", "8": "RESOURCE_EXHAUSTED",
        "9": "FAILED_PRECONDITION", "13": "INTERNAL", "14": "UNAVAILABLE", "16": "UNAUTHENTICATED"}  # fmt: skip # Google and xAI write the number
_CODE_KEYS = ("code", "error_code", "errorCode", "type", "error_type", "status", "__type", "reason", "exception", "name", "class", "finish_reason")
_TEXT_KEYS = ("message", "error_message", "detail", "msg", "errorMessage", "description", "raw")
_INNER = ("error", "innererror", "metadata", "details", "last_error", "errors")


def fault_of(body: Any) -> Fault:
    """What an error body says, whatever its shape: `{error: {...}}`, `{type: error, error}`, `{message}`, `{detail}`, `{error: text}`, a list, a text."""
    fault = Fault()
    texts: list[str] = []
    for key, value in _leaves(body, 0):
        if key in _CODE_KEYS and value and value not in ("error", "errored"):
            fault.codes.append(GRPC.get(value, value))
        elif key in _TEXT_KEYS or key in _INNER or key == "":
            texts.append(value)
        elif key == "quotaId":  # Gemini: GenerateRequestsPerDayPerProject... tells a spent day from a busy minute
            fault.hint += f" {value[:200]}"
        elif key == "retryDelay":
            fault.retry_after = value
    fault.message = " ".join(dict.fromkeys(texts))[:LONGEST_MESSAGE]
    return fault


def _leaves(value: Any, depth: int, key: str = "") -> Iterator[tuple[str, str]]:
    """Codes and texts of an error body, outer before inner, at most six levels down."""
    if depth > 6:
        return
    if isinstance(value, Mapping):
        for name in (*_CODE_KEYS, *_TEXT_KEYS, "quotaId", "retryDelay"):
            item = value.get(name)
            if isinstance(item, (str, int)) and not isinstance(item, bool):
                yield name, str(item)
        for name in (*_INNER, "detail", "violations"):
            if name in value:
                yield from _leaves(value[name], depth + 1, name)
    elif isinstance(value, list):
        for item in value[:10]:
            yield from _leaves(item, depth + 1, key)
    elif isinstance(value, str) and key:
        yield key, value
    elif isinstance(value, str) and depth == 0:
        yield "", value
