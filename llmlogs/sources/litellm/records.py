"""Each kind of record as an entry."""

from __future__ import annotations

from llmlogs.sources.base import Context
from llmlogs.sources.common.labels import mapping, word
from llmlogs.sources.litellm.entry import Entry, Raw


def from_payload(value: Raw, context: Context) -> Entry:
    """A StandardLoggingPayload."""
    failed = value.get("status") == "failure" or ("status" not in value and bool(value.get("error_str")))
    return Entry(value, context, word(value.get("id")), mapping(value.get("metadata")), mapping(value.get("hidden_params")), failed, value.get("response_cost"))


def from_spend(value: Raw, context: Context) -> Entry:
    """A row of SpendLogs: JSON columns may be texts."""
    meta = mapping(value.get("metadata"))
    failed = str(value.get("status") or meta.get("status")).lower() == "failure"
    return Entry(value, context, word(value.get("request_id")), meta, {}, failed, value.get("spend"), spend_row=True)


def from_error_log(value: Raw, context: Context) -> Entry:
    """A row of ErrorLogs: one failed try. Newer versions name it `<call id>:<deployment>:<end>`."""
    told = mapping(value.get("request_kwargs"))
    information = {
        "error_code": value.get("status_code"),
        "error_class": value.get("exception_type"),
        "error_message": value.get("exception_string"),
        "llm_provider": told.get("custom_llm_provider"),
        "error_rate_limit_category": told.get("rate_limit_category"),
        "error_rate_limit_type": told.get("rate_limit_type"),
    }
    name = word(value.get("request_id"))
    call = (name or "").partition(":")[0]
    meta = {"error_information": information, "litellm_call_id": call if call != name else told.get("litellm_call_id")}
    headers = {"retry-after": told.get("retry_after_seconds")}
    return Entry(value, context, name, meta, {"additional_headers": headers}, failed=True)
