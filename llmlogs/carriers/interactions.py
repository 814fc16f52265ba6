"""One interaction of a cassette, whatever the recorder, in one layout: `{request: {method, uri, headers, body}, response: {status, headers, body}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmlogs.carriers.http_bodies import UnreadableError, readable

NO_INTERACTION = "not an interaction: it has no request and response"
_BODIES = ("parsed_body", "string", "base64_string", "base64", "raw_gzip", "json", "text")


def interaction(value: Any) -> tuple[Any, str]:
    """(the interaction, '') or (None, why it is none)."""
    if not isinstance(value, Mapping):
        return None, NO_INTERACTION
    if any(str(key).startswith(("request_sample", "response_sample", "chunks_", "response_chunks")) for key in value):
        return _protobuf(value), ""
    request, response = value.get("request"), value.get("response")
    if not isinstance(request, Mapping) or not isinstance(response, (Mapping, type(None))):
        return None, NO_INTERACTION
    try:
        plain: dict[str, Any] = {"request": _request(request)}
        if response is not None:
            plain["response"] = _response(response)
    except UnreadableError as why:
        return None, str(why)
    took = (response or {}).get("duration")
    if isinstance(took, (str, int, float)) and took:  # go-vcr: `1.2s`, or nanoseconds
        plain["duration" if isinstance(took, str) else "duration_ns"] = took
    return {**_kept(value), **plain}, ""


def _kept(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Short members of the recorder's own, such as `recorded_at`."""
    return {str(key): item for key, item in value.items() if key not in ("request", "response") and isinstance(item, (str, int, float, bool))}


def _request(request: Mapping[Any, Any]) -> dict[str, Any]:
    headers = request.get("headers")
    body = _body(request, headers if isinstance(headers, Mapping) else {})
    found = {"method": request.get("method"), "uri": request.get("uri") or request.get("url"), "headers": _headers(headers), "body": body}
    return {name: item for name, item in found.items() if item not in (None, "", {}, [])}


def _response(response: Mapping[Any, Any]) -> dict[str, Any]:
    headers = response.get("headers")
    found = {"status": {"code": _status(response)}, "headers": _headers(headers), "body": _body(response, headers)}
    return {name: item for name, item in found.items() if item not in (None, "", {}, [])}


def _status(response: Mapping[Any, Any]) -> Any:
    """`{code, message}`, a bare number (R), or `200 OK` beside a `code` (go-vcr)."""
    status = response.get("status")
    if isinstance(status, Mapping):
        return status.get("code", status.get("status_code"))
    stated = response.get("code") or response.get("status_code")
    return stated if isinstance(stated, int) else str(status).split(" ")[0] if isinstance(status, str) else status


def _headers(headers: Any) -> Any:
    """Header values as text: recorders keep them as lists, single values, or bytes."""
    if isinstance(headers, list):
        return [item for item in headers if isinstance(item, Mapping)]
    if not isinstance(headers, Mapping):
        return None
    return {str(name): [_plain(item) for item in value] if isinstance(value, list) else _plain(value) for name, value in headers.items()}


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _body(holder: Mapping[Any, Any], headers: Any) -> Any:
    if holder.get("parsed_body") is not None:
        return holder["parsed_body"]
    body = holder.get("body")
    if not isinstance(body, Mapping):
        return readable(body, headers) if isinstance(body, (str, bytes)) else body
    name = next((name for name in _BODIES if body.get(name) not in (None, "")), "")
    if not name:
        return None if "string" in body or "encoding" in body else dict(body)
    value = body[name]
    if not isinstance(value, (str, bytes)):
        return value
    return readable(value, headers, "base64" if name in ("base64_string", "base64", "raw_gzip") and isinstance(value, str) else "")


def _protobuf(value: Mapping[Any, Any]) -> dict[str, Any]:
    """pydantic-ai records xAI's gRPC calls as protobuf with the same as JSON beside it; without the JSON there is nothing to read."""
    sent, got = value.get("request_sample"), value.get("response_sample")
    asked, answer = (part.get("json") if isinstance(part, Mapping) else None for part in (sent, got))
    if isinstance(answer, Mapping):
        return {"request": {"body": asked, "method": "POST"}, "response": {"body": answer}}
    return {"protobuf_recording": True}
