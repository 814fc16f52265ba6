"""Tags that a caller gave its request (Bedrock's requestMetadata, Vertex' labels): who and what for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from llmlogs.sources.base import Context, Row

NAMES = {
    "feature": ("feature", "featurename", "usecase"),
    "team": ("team", "teamid", "teamname", "costcenter"),
    "user_id": ("userid", "enduser", "enduserid", "user"),
    "session_id": ("sessionid", "conversationid"),
    "environment": ("environment", "env", "stage"),
    "service": ("service", "servicename", "app", "application"),
    "release": ("release", "version", "appversion"),
    "prompt_name": ("promptname", "prompttemplate"),
    "prompt_version": ("promptversion",),
    "agent_name": ("agent", "agentname"),
    "trace_id": ("traceid",),
}
MOST = 50
LONGEST = 200


def tagged(holder: Any, context: Context, place: str) -> Row:
    """Columns from tags, and the tags themselves. `feature_from` of the config (`tags.product`, or `place`.product) chooses the feature first."""
    if not isinstance(holder, Mapping):
        return {}
    kept = {str(key)[:64]: value for key, value in list(holder.items())[:MOST] if isinstance(value, (str, int, float)) and len(str(value)) <= LONGEST}
    if not kept:
        return {}
    plain = {"".join(letter for letter in key.lower() if letter.isalnum()): str(value) for key, value in kept.items()}
    row: Row = {column: next((plain[name] for name in names if plain.get(name)), None) for column, names in NAMES.items()}
    chosen = next((str(kept[key]) for key in _chosen(context, place) if kept.get(key)), None)
    row |= {"feature": chosen or row["feature"], "feature_basis": "config" if chosen else "tags" if row["feature"] else None}
    row["tags"] = orjson.dumps(kept).decode()
    return {name: value for name, value in row.items() if value is not None}


def _chosen(context: Context, place: str) -> list[str]:
    return [path.split(".", 1)[1] for path in context.feature_from if path.startswith(("tags.", f"{place}."))]
