"""What a user may ask of an ingest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IngestOptions:
    """`format` forces a source; `sample_rate` is the share of calls the log holds; `feature_from` names places a feature is taken from;
    `prices` is a file with own prices, aliases and discounts."""

    format: str = ""
    sample_rate: float | None = None
    store_text: str = "none"
    merge: bool = True
    strict: bool = False
    timezone: str = "UTC"
    feature_from: tuple[str, ...] = ()
    prices: str = ""
