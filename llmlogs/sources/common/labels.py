"""Labels that a log carries as tags or metadata: read safely, the product feature found among them, the rest kept as one short JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

LONGEST = 120  # of a label; longer is prose, and prose is not kept
MOST = 40  # labels of one call
FEATURES = ("feature", "feature_name", "use_case", "usecase", "product", "product_feature")


def word(value: Any, longest: int = 300) -> str | None:
    """A label or id: a short printable text or a whole number; None for what is empty, prose or a structure."""
    if isinstance(value, str):
        return value if value and len(value) <= longest and value.isprintable() else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def first_word(*values: Any) -> str | None:
    """The first of the values that is a label."""
    for value in values:  # a loop: this is asked a dozen times for every call of a gateway
        if value is not None and (found := word(value)) is not None:
            return found
    return None


def opened(value: Any) -> Any:
    """What a JSON text holds, also where it was packed twice; any other value as it is."""
    for _ in range(3):
        if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
            break
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            break
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or a JSON text of one; empty for anything else."""
    if not isinstance(value, dict):
        value = opened(value)
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list, or a JSON text of one; empty for anything else."""
    if not isinstance(value, list):
        value = opened(value)
    return value if isinstance(value, list) else []


def split_tags(tags: Iterable[Any]) -> dict[str, Any]:
    """`["feature:chat", "beta"]` as `{"feature": "chat", "beta": True}`."""
    found: dict[str, Any] = {}
    for tag in tags:
        if isinstance(tag, str) and 0 < len(tag) <= LONGEST and tag.isprintable():
            name, mark, value = tag.partition(":") if ":" in tag else tag.partition("=")
            found[name.strip()] = value.strip() if mark else True
    return found


def labels_json(labels: Mapping[str, Any]) -> str | None:
    """The `tags` column: short scalars only."""
    kept = {str(name)[:64]: value for name, value in labels.items() if isinstance(value, bool) or (word(value, LONGEST) is not None)}
    return orjson.dumps(dict(list(kept.items())[:MOST])).decode("utf-8", "replace") if kept else None


def find_feature(places: Mapping[str, Mapping[str, Any]], wanted: tuple[str, ...] = ()) -> tuple[str | None, str | None]:
    """(feature, where from): the place the user named (`tags.product`, or `product` in any of them), else a label that is called so."""
    for place in wanted:
        group, _, name = place.rpartition(".")
        for held, labels in places.items():
            if (not group or held == group) and (found := word(labels.get(name), LONGEST)):
                return found, "config"
    for held, labels in places.items():
        for name, value in labels.items():
            if str(name).lower().replace("-", "_") in FEATURES and (found := word(value, LONGEST)):
                return found, "tags" if held == "tags" else "logged"
    return None, None
