"""A scenario and the calls as they would be under it: SQL for llmlogs.pricing.counterfactual at a low, a base and a high guess of what no log knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from llmlogs.errors import UsageError
from llmlogs.pricing import swaps
from llmlogs.pricing.plans import KEYS
from llmlogs.schema.ddl import literal

LEVELS = ("low", "base", "high")
CACHES = ("keep", "none", "best")
PARTS = ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "billed_input_tokens", "billed_output_tokens")
COUNTS = ("input_tokens", "output_tokens", *PARTS)
SWAPPED = frozenset((*KEYS, *COUNTS))


@dataclass(frozen=True)
class Scenario:
    """What is asked. The factors of reasoning are the range of another model's reasoning, in tokens of the present one's."""

    models: tuple[swaps.Swap, ...] = ()
    tier: str = ""
    cache: str = "keep"
    input_factor: float = 1.0
    output_factor: float = 1.0
    chunks: tuple[int, int] | None = None
    only_feature: str = ""
    reasoning_low: float = 0.5
    reasoning_high: float = 2.0

    @property
    def is_asked(self) -> bool:
        return bool(self.models or self.tier or self.chunks) or self.cache != "keep" or (self.input_factor, self.output_factor) != (1.0, 1.0)

    @property
    def is_certain(self) -> bool:
        """Nothing has to be guessed: one pricing tells all."""
        return not self.models and not self.chunks and self.input_factor == 1.0


NAMES = tuple(field.name for field in fields(Scenario))
FACTORS = tuple(field.name for field in fields(Scenario) if isinstance(field.default, float))


def read(given: Mapping[str, Any]) -> Scenario:
    """The scenario of a question's parameters. UsageError for a value that cannot be meant."""
    if given.get("cache", "keep") not in CACHES:
        raise UsageError("no such cache policy", str(given["cache"])[:40], next_step=f"one of {', '.join(CACHES)}")
    factors: dict[str, Any] = {name: _factor(name, given[name]) for name in FACTORS if name in given}
    tier, cache, feature = (str(given.get(name, default)) for name, default in (("tier", ""), ("cache", "keep"), ("only_feature", "")))
    models, chunks = swaps.parse(str(given.get("models", ""))), read_chunks(str(given.get("chunks", "")))
    return replace(Scenario(models, tier, cache, chunks=chunks, only_feature=feature), **factors)


def read_chunks(text: str) -> tuple[int, int] | None:
    """`10=5`: calls with at most ten retrieved chunks get at most five."""
    if not text:
        return None
    before, _, after = (part.strip() for part in text.partition("="))
    if not before.isdecimal() or not after.isdecimal() or int(after) >= int(before):
        raise UsageError("not a number of chunks", text[:40], "written from=to, `to` being less", "for instance 10=5")
    return int(before), int(after)


def rows(asked: Scenario, level: str) -> str:
    """The calls as they would be; joins stat_what_if_targets (what each tuple becomes) and stat_what_if_chunks (tokens per chunk)."""
    think = {"low": asked.reasoning_low, "base": 1.0, "high": asked.reasoning_high}[level]
    best = asked.cache == "best"
    missed = "left join (select call_id, usual_cached from prefix_calls where is_repeat and not is_hit) b on c.call_id = b.call_id" if best else ""
    touched = f"and c.feature = {literal(asked.only_feature)}" if asked.only_feature else ""
    return f"""with joined as (
        select c.*, t.* exclude ({", ".join(KEYS)}), coalesce(c.response_model, c.request_model) as model, {"b.usual_cached" if best else "null"} as could_read,
            case when is_moved then {think} else 1 end as think, t.f_{level} as f, k.slope, {_cut(asked, level)} as cut, {_cut(asked, "base")} as cut_base
        from calls c join stat_what_if_targets t on {" and ".join(f"c.{key} is not distinct from t.{key}" for key in KEYS)}
        left join stat_what_if_chunks k on k.feature is not distinct from c.feature and k.model is not distinct from coalesce(c.response_model, c.request_model)
        {missed} where c.cost_usd is not null and c.cost_status is distinct from 'app_cache_hit' {touched}),
    sized as (
        select *, round(output_tokens * f_base * {asked.output_factor}) as n_out_base,
            round(coalesce(reasoning_tokens, 0) * f * think * {asked.output_factor}) as n_think,
            greatest(round((input_tokens - cut_base) * f_base * {asked.input_factor}), 0) as n_in_base,
            greatest(round((input_tokens - cut) * f * {asked.input_factor}), 0) as n_in,
            round((output_tokens - coalesce(reasoning_tokens, 0)) * f * {asked.output_factor}) + n_think as n_out
        from joined),
    cached as (select *, case when n_in < shortest then 0 else {_read(asked, level)} end as n_read from sized),
    written as (select *, case when n_in < shortest or n_in = 0 then 0 else {_write(asked)} end as n_write from cached)
    select * exclude ({", ".join((*KEYS, *COUNTS))}), provider as was_provider, {", ".join(f"to_{key} as {key}" for key in KEYS)}, {_counts()},
        coalesce(n_in_base + coalesce(n_out_base, 0) <= context_window, true) as fits, {_no_slope(asked)} as is_unknown
    from written"""


def _counts() -> str:
    """Each count of the call; what was not logged stays so. What a provider bills instead of what it counts says nothing of another model."""
    share = {"input": "n_in / nullif(input_tokens, 0)", "output": "n_out / nullif(output_tokens, 0)"}
    new = {
        "input_tokens": "n_in",
        "output_tokens": "n_out",
        "cache_read_tokens": "n_read",
        "cache_write_tokens": "n_write",
        "cache_write_1h_tokens": "coalesce(round(cache_write_1h_tokens * n_write / nullif(cache_write_tokens, 0)), 0)",
        "reasoning_tokens": "n_think",
    }
    counted = [f"case when {name} is not null then {value} end::bigint as {name}" for name, value in new.items()]
    billed = [f"case when not is_moved then round(billed_{side}_tokens * {part}) end::bigint as billed_{side}_tokens" for side, part in share.items()]
    return ", ".join([*counted, *billed])


def _cut(asked: Scenario, level: str) -> str:
    """Tokens of the prompt that fewer chunks take away: the steeper slope is the lower bill."""
    if not asked.chunks:
        return "0"
    most, least = asked.chunks
    slope = {"low": "k.slope + k.margin", "base": "k.slope", "high": "greatest(k.slope - k.margin, 0)"}[level]
    removed = f"coalesce(least(({slope}) * (c.document_count - {least}), c.input_tokens), 0)"
    return f"case when c.document_count > {least} and c.document_count <= {most} then {removed} else 0 end"


def _no_slope(asked: Scenario) -> str:
    """Calls that would have fewer chunks, and nobody knows by how many tokens; or that do not say how many, where others of their feature do."""
    if not asked.chunks:
        return "false"
    most, least = asked.chunks
    return f"case when slope is null then coalesce(document_count > {least} and document_count <= {most}, false) else document_count is null end"


def _read(asked: Scenario, level: str) -> str:
    """Tokens read from the cache. A shorter prompt loses fresh tokens first (low), all alike (base), or cached ones first (high)."""
    if asked.cache == "none":
        return "0"
    seen = "greatest(coalesce(cache_read_tokens, 0), coalesce(could_read, 0))" if asked.cache == "best" else "coalesce(cache_read_tokens, 0)"
    kept = f"{seen} * f"
    alike = kept if asked.chunks and asked.input_factor == 1 else f"{kept} * least(1, n_in / nullif(input_tokens * f, 0))"
    shrunk = {"low": kept, "base": alike, "high": f"greatest({kept} - greatest(input_tokens * f - n_in, 0), 0)"}[level]
    elsewhere = "0" if level == "high" else shrunk  # another provider may not cache what this one does
    return f"coalesce(round(least(case when is_elsewhere then {elsewhere} else {shrunk} end, n_in)), 0)"


def _write(asked: Scenario) -> str:
    """Tokens written to the cache; what could have been read needs no writing."""
    if asked.cache == "none":
        return "0"
    spared = "case when could_read is not null then 0 else 1 end"
    return f"coalesce(round(least(coalesce(cache_write_tokens, 0) * f * least(1, n_in / nullif(input_tokens * f, 0)) * {spared}, n_in - n_read)), 0)"


def _factor(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 100:
        raise UsageError("not a factor", f"{name}={value}"[:60], "between 0 and 100, 1 changes nothing")
    return number
