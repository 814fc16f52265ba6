"""What went wrong with a failed call or try, and who refused it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from llmlogs.sources.base import Row
from llmlogs.sources.common.error_classes import Fault
from llmlogs.sources.common.labels import first_word, mapping, word
from llmlogs.sources.common.rate_limits import retry_after_ms
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import integer
from llmlogs.sources.litellm.entry import Entry

# How the proxy itself refuses, where the version does not say so in error_rate_limit_category.
OWN_LIMITS = frozenset({"ProxyRateLimitError", "RouterRateLimitError", "RouterRateLimitErrorBasic", "BudgetExceededError"})
OWN_WORDS = re.compile(r"no deployments available|crossed tpm|max parallel request limit|limit type:|litellm rate limit handler|exceeded budget", re.IGNORECASE)


def failure_columns(entry: Entry) -> Row:
    """What went wrong. Token counts of a failure are the proxy's own estimate, and of nothing that was answered."""
    error = entry.error
    message = _first_text(error.get("error_message"), entry.raw.get("error_str"), entry.raw.get("exception_string"))
    code = integer(error.get("error_code"))
    code = code if code is not None and 100 <= code < 600 else None
    own = _refused_here(error, code, message)
    kinds = [word(error.get("error_class")), "budget_exceeded" if own and error.get("error_rate_limit_type") == "budget" else None]
    row = Fault(codes=[kind for kind in reversed(kinds) if kind], message=message).columns(code)
    row |= {"status_code": code, "status": {"timeout": "timeout", "client_cancel": "cancelled"}.get(row["error_class"], "error")}
    if own:
        row |= {"status": "shed", "error_type": first_word(error.get("error_rate_limit_category"), error.get("error_class"))}
    if mapping(entry.raw.get("status_fields")).get("guardrail_status") == "guardrail_intervened":
        row |= {"status": "blocked", "error_class": "content_filter"}
    told = {f"estimated_{side}_tokens": integer(entry.raw.get(f"{name}_tokens")) for side, name in (("input", "prompt"), ("output", "completion"))}
    guessed = {name: number for name, number in told.items() if number}
    row["usage_status"] = "estimated" if guessed else "missing"
    row["extra"] = orjson.dumps(guessed).decode() if guessed else None
    row["retry_after_ms"] = retry_after_ms(entry.headers, to_utc(entry.headers.get("date")) or entry.ended)
    row["attempts"] = (entry.retries or 0) + (entry.fallbacks or 0) + 1 if entry.retries is not None else None
    return row


def _first_text(*values: Any) -> str:
    """The first text there is."""
    return next((value for value in values if isinstance(value, str) and value), "")


def _refused_here(error: Mapping[str, Any], code: int | None, message: str) -> bool:
    """A limit or budget of the proxy's own: the provider was never asked."""
    category = error.get("error_rate_limit_category")
    if isinstance(category, str) and category:
        return category.startswith("litellm")
    kind = str(error.get("error_class"))
    return kind in OWN_LIMITS or (code == 429 and not error.get("llm_provider") and bool(OWN_WORDS.search(message[:500])))
