"""The table of attribute names (attributes.toml) as lookups that cost one dictionary access per attribute."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from llmlogs.sources.common import aliases

TABLE = Path(__file__).with_suffix(".toml")
Place = tuple[str, int]  # the field an attribute fills, and its rank among those that fill it
MOST_NAMES = 50_000  # names of attributes that are remembered: a log may invent a new one in every span
LABELS = frozenset({"session_id", "user_id", "team", "feature", "environment", "release", "prompt_name", "prompt_version", "agent_name", "operation_id"})
TELLING = LABELS | {"service", "region", "feature_hint", "label_tags"}
TAG = "tag:"
WANTED = "from:"


@cache
def data() -> dict[str, Any]:
    """The table as written."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


@cache
def _places() -> dict[str, Place]:
    return {name: (field, rank) for field, names in data()["fields"].items() for rank, name in enumerate(names)}


@cache
def kinds() -> dict[str, tuple[str, str]]:
    """(kind of span, operation) by the word a dialect has for it; kind "call" is a model call."""
    split = {word: kind.partition(":") for word, kind in data()["kinds"].items()}
    return {word: (kind, operation) for word, (kind, _, operation) in split.items()}


@cache
def events() -> dict[str, str]:
    """What an event of a name is."""
    return {name: kind for kind, names in data()["events"].items() for name in names}


@cache
def _providers() -> dict[str, str]:
    return dict(data()["providers"])


def provider_of(logged: str) -> str | None:
    """OpenTelemetry's or genai-prices' name of a provider as an instrumentation wrote it; None for a framework's own name."""
    word = logged.strip().lower()[:100]
    known = _providers()
    name = known.get(word, known.get(word.split(".", 1)[0]) if not word.startswith(("gcp.", "aws.", "ibm.")) else None)
    return (word if name is None else name) or None


class Attributes(dict[str, Place | None]):
    """Where each attribute goes; None for one that says nothing here. Unknown names are looked into once and remembered."""

    def __init__(self, feature_from: tuple[str, ...] = ()) -> None:
        super().__init__(_places())
        wild = data()["wildcards"]
        self._labels, self._documents = tuple(wild["labels"]), tuple(wild["documents"])
        self.wanted = tuple((self._field(_bare(name), number), _bare(name)) for number, name in enumerate(feature_from))
        self._wanted = {name: field for field, name in reversed(self.wanted) if field.startswith(WANTED)}
        self.update((name, (field, 0)) for name, field in self._wanted.items())
        self._telling = {*TELLING, *(field for field, _ in self.wanted)}  # fields that are labels; tags come in as they are met

    def labels(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Those of the fields that tell whose it is, the application's own tags among them."""
        telling = self._telling
        if len(telling) < MOST_NAMES:
            return {field: fields[field] for field in fields if field in telling}
        return {field: value for field, value in fields.items() if field in telling or field.startswith(TAG)}

    def _field(self, name: str, number: int) -> str:
        """Where a wanted feature is found: an attribute that fills a column keeps doing so."""
        known = self.get(name)
        return known[0] if known else f"{WANTED}{number}"

    def __missing__(self, name: str) -> Place | None:
        found = self._wild(name) if isinstance(name, str) else None
        if len(self) < MOST_NAMES:
            self[name] = found
        return found

    def _wild(self, name: str) -> Place | None:
        if name.startswith(self._labels):
            return self.label(name[len(next(prefix for prefix in self._labels if name.startswith(prefix))) :])
        if name.startswith(self._documents):
            number = name[len(next(prefix for prefix in self._documents if name.startswith(prefix))) :].partition(".")[0]
            return ("documents_numbered", -int(number)) if number.isdigit() and len(number) < 6 else None
        return None

    def label(self, name: str) -> Place:
        """The place of a label of the application's own."""
        wanted = self._wanted.get(name)
        if wanted:
            return wanted, 0
        column = aliases.table().get(aliases.fold(name), "")
        if column in LABELS:
            return column, 90
        if len(self._telling) < MOST_NAMES:
            self._telling.add(TAG + name[:60])
        return TAG + name[:60], 0


def _bare(name: str) -> str:
    for prefix in ("tags.", "attributes.", "metadata.", "resource.", "labels."):
        name = name.removeprefix(prefix)
    return name
