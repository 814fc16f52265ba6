"""Who and what a Langfuse trace or observation is for. Observation rows of v3 exports know nothing of it: their trace's row does."""

from __future__ import annotations

import re
from typing import Any

from llmlogs.sources.base import Context, Row
from llmlogs.sources.common import labels
from llmlogs.sources.common.texts import parsed
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.langfuse.fields import Fields

FEATURE_TAGS = ("feature", "product", "use_case", "usecase")
_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b|\b[0-9a-f]{16,}\b|\b\d{5,}\b", re.IGNORECASE)


def of(row: Fields, context: Context, name: Any = None) -> Row:
    """Labels that a row states: of its own fields first, then of its metadata. `name` is the trace's, where the row tells it."""
    metadata = row.get("metadata") if isinstance(row.get("metadata"), dict) else {}
    own = {
        "user_id": labels.label(row.get("user_id")),
        "session_id": labels.label(row.get("session_id")),
        "environment": labels.label(row.get("environment")),
        "release": labels.label(row.get("release")) or labels.label(row.get("version")),
        "service": _service(metadata),
        "tags": labels.tags(_tags(row)),
    }
    found = labels.named(metadata, "user_id", "session_id", "team", "feature", "agent_name") | {key: text for key, text in own.items() if text}
    return found | _feature(row, metadata, context, found, name)


def _tags(row: Fields) -> Any:
    return row.get("tags") if isinstance(row.get("tags"), list) else row.get("trace_tags")


def _feature(row: Fields, metadata: Any, context: Context, found: Row, name: Any) -> Row:
    """The configured place, else what is logged as the feature, else a `feature:...` tag, else the name of the trace."""
    chosen = labels.feature(row | {"tags": _tags(row)}, context.feature_from) if context.feature_from else {}
    if chosen or "feature" in found:
        return chosen
    tags = [str(tag).replace("=", ":", 1).partition(":") for tag in _tags(row) or () if isinstance(tag, str)] if isinstance(_tags(row), list) else []
    tagged = next((value.strip() for wanted in FEATURE_TAGS for key, _, value in tags if key.strip().lower() == wanted and labels.label(value)), None)
    if tagged:
        return {"feature": tagged, "feature_basis": "tags"}
    text = labels.label(name)
    return {"feature": _ID.sub("<id>", text), "feature_basis": "trace"} if text else {}


def _service(metadata: Any) -> str | None:
    resource = parsed(metadata.get("resourceAttributes"))
    name = labels.label(resource.get("service.name")) if isinstance(resource, dict) else None
    return None if not name or name.startswith("unknown_service") else name


def facts(trace: Fields, context: Context) -> Row:
    """The row of `trace_facts` that a trace's own record makes."""
    said = of(trace, context, trace.get("name"))
    row = {key: said.get(key) for key in ("user_id", "session_id", "team", "feature", "tags", "environment", "service", "release")}
    row |= {"trace_id": labels.label(trace.get("id")), "updated_at": to_utc(trace.get("updated_at")) or to_utc(trace.get("timestamp")), "source": "langfuse"}
    return {key: value for key, value in row.items() if value is not None}
