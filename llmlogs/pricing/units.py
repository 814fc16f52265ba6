"""What is billed: one row per unit the log can count, with its parent (a part is billed apart only where it has a rate of its own)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Unit:
    """One billed unit. `usage` and `key` are genai-prices' names for the count and for its price."""

    name: str
    column: str  # of calls; empty = one per call
    usage: str
    key: str
    per: int  # the price is for this many
    parent: str = ""
    billed: str = ""  # column of calls that is paid by instead, where a provider states it

    @property
    def rate(self) -> str:
        """Column of price_rates."""
        return f"{self.name}_rate"


MTOK = 1_000_000
UNITS = (
    Unit("input", "input_tokens", "input_tokens", "input_mtok", MTOK, billed="billed_input_tokens"),
    Unit("cache_read", "cache_read_tokens", "cache_read_tokens", "cache_read_mtok", MTOK, "input"),
    Unit("cache_write", "cache_write_tokens", "cache_write_tokens", "cache_write_mtok", MTOK, "input"),
    Unit("cache_write_1h", "cache_write_1h_tokens", "cache_write_1h_tokens", "cache_write_1h_mtok", MTOK, "cache_write"),
    Unit("audio_input", "audio_input_tokens", "input_audio_tokens", "input_audio_mtok", MTOK, "input"),
    Unit("image_input", "image_input_tokens", "input_image_tokens", "input_image_mtok", MTOK, "input"),
    Unit("output", "output_tokens", "output_tokens", "output_mtok", MTOK, billed="billed_output_tokens"),
    Unit("reasoning", "reasoning_tokens", "output_reasoning_tokens", "output_reasoning_mtok", MTOK, "output"),
    Unit("audio_output", "audio_output_tokens", "output_audio_tokens", "output_audio_mtok", MTOK, "output"),
    Unit("image_output", "image_output_tokens", "output_image_tokens", "output_image_mtok", MTOK, "output"),
    Unit("web_search", "web_searches", "web_searches", "web_searches_kcount", 1000),
    Unit("request", "", "requests", "requests_kcount", 1000),
)
BY_NAME = {unit.name: unit for unit in UNITS}
BY_KEY = {unit.key: unit for unit in UNITS}
COUNTED = tuple(unit for unit in UNITS if unit.column)

# What the book prices apart and no log counts. Where two parts overlap (cached audio), a call that has both cannot be priced; where the output is of
# a kind nobody counted (video), its price is not known either; and a fee per request is the highest of a range that depends on what was asked for
# (the size of a Sonar search: the book's own remark; the stated costs of real calls are less than half).
OVERLAPS = {"cache_audio_read_mtok": ("cache_read", "audio_input"), "cache_image_read_mtok": ("cache_read", "image_input")}
UNSEEN_OUTPUT = ("output_video_mtok",)
FEE = "requests_kcount"

Rates = dict[str, Decimal]  # unit name -> USD for one


def children(name: str) -> tuple[Unit, ...]:
    """The units that are parts of `name`."""
    return tuple(unit for unit in UNITS if unit.parent == name)
