"""Errors as programs log them: a traceback, `module.Class: message`, `Class("message")`, a JavaScript error with its stack, or an object."""

from __future__ import annotations

import re
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.error_classes import Fault, fault_of, status_in

LONGEST = 200_000
TRACEBACK = "Traceback (most recent call last):"
_MODULE = r"(?:[A-Za-z_]\w*\.)*"
_CLASS = _MODULE + r"[A-Za-z_]\w*"
_ENDINGS = "Error|Exception|Timeout|Interrupt|Cancelled|Canceled|Failure|Exit|Abort|Exceeded|Denied|Fault"
_TELLING = re.compile(rf"\s*({_MODULE}(?:[A-Za-z_]\w*?)?(?:{_ENDINGS}))\s*(?::\s*|-\s+|\Z)")
_ANY = re.compile(rf"({_CLASS})(?::\s*|\Z)")
_REPR = re.compile(rf"\s*({_CLASS})\((?=['\"])(['\"])(.*)\2\s*[,)].*\Z", re.DOTALL)
_INNER_CODE = re.compile(r"['\"](?:type|code|status)['\"]:\s*['\"]([A-Za-z][\w.-]{1,60})['\"]")
_CODE_WORD = re.compile(r"status_?code['\"]?\s*[:=]\s*(\d{3})\b", re.IGNORECASE)
_SAID = {"timeout": "timeout", "client_cancel": "cancelled"}  # a class that is a status of its own


def fault_in(error: Any) -> Fault:
    """What a logged error says; `codes` are class names, the outermost first, and codes of an error body inside the message."""
    if not isinstance(error, str):
        return fault_of(error)
    name, text = _raised(error[-LONGEST:])
    found = _REPR.match(text)
    fault = Fault(codes=[found.group(1)], message=found.group(3)) if found else Fault(codes=[name] if name else [], message=text)
    for _ in range(4):  # litellm.RateLimitError: RateLimitError: OpenAIException - ...
        head = _TELLING.match(fault.message)
        if not head:
            break
        fault.codes.append(head.group(1))
        fault.message = fault.message[head.end() :]
    fault.codes = [*dict.fromkeys(code.rsplit(".", 1)[-1] for code in fault.codes), *_INNER_CODE.findall(fault.message[:2000])]
    fault.message = fault.message.strip()
    return fault


def _raised(text: str) -> tuple[str, str]:
    """Class and message of the exception that left the program last; a JavaScript error without its stack. No class where it stands in the message."""
    if TRACEBACK not in text:
        return "", re.split(r"\n\s+at ", text, maxsplit=1)[0].strip()
    lines = text[text.rindex(TRACEBACK) + len(TRACEBACK) :].splitlines()
    start = next((i for i, line in enumerate(lines) if line and not line[0].isspace()), None)
    head = _ANY.match(lines[start]) if start is not None else None
    if start is None or head is None:  # cut short: what stands before it may tell
        return "", text[: text.index(TRACEBACK)].strip()
    return head.group(1), "\n".join([lines[start][head.end() :], *lines[start + 1 :]]).strip()


def status_code_in(message: str) -> int | None:
    """The HTTP status a message names: at its start, as `Error code: 429`, or as `status_code: 429`."""
    named = _CODE_WORD.search(message[:2000])
    code = int(named.group(1)) if named else 0
    return status_in(message) or (code if 400 <= code < 600 else None)


def failure(error: Any, status_code: int | None = None) -> Row:
    """Status and error columns of a call that failed with this error."""
    fault = fault_in(error)
    code = status_code if status_code is not None else status_code_in(fault.message)
    row = fault.columns(code)
    row |= {"status": _SAID.get(str(row["error_class"]), "error"), "status_code": code}
    return {name: value for name, value in row.items() if value is not None}
