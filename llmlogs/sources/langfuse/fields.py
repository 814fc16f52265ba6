"""Records of all Langfuse exports under one set of names: snake_case keys, JSON texts parsed, and what kind of record it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from llmlogs.sources.common.aliases import fold
from llmlogs.sources.common.literals import value_of
from llmlogs.sources.common.texts import parsed
from llmlogs.sources.common.times import to_utc

Fields = dict[str, Any]
STRUCTURES = ("usage_details", "cost_details", "provided_cost_details", "provided_usage_details", "usage", "metadata", "model_parameters",
              "tags", "trace_tags", "tool_calls", "tool_call_names", "scores", "user_ids")  # fmt: skip
OBSERVATION_SIGNS = frozenset({"parent_observation_id", "usage_details", "cost_details", "provided_model_name", "completion_start_time"})
PLACES = frozenset({"id", "trace_id", "start_time", "type"})
TRACE_SIGNS = frozenset({"bookmarked", "session_id", "user_id", "public", "release", "html_path", "observations"})
SCORE_SIGNS = frozenset({"data_type", "string_value", "config_id", "author_user_id", "queue_id"})
KINDS = ("download", "detail", "observation", "trace", "score", "session", "manifest", "page", "dataset")
# Columns of the tables as the UI exports them. What else is in a row and holds a list is a score under its own name.
COLUMNS = """
id trace_id start_time end_time project_id parent_observation_id type environment name level status_message version created_at updated_at input output metadata
model internal_model_id internal_model model_parameters completion_start_time prompt_id prompt_name prompt_version latency time_to_first_token usage_details
cost_details provided_cost_details provided_usage_details input_cost output_cost total_cost input_usage output_usage total_usage trace_name trace_tags
trace_timestamp user_id tool_definitions_count tool_calls_count model_id input_price output_price total_price comments scores session_id tags release bookmarked
public timestamp usage level error_count warning_count default_count debug_count observation_count input_tokens output_tokens total_tokens prompt_tokens
completion_tokens latency_ms time_to_first_token_ms provided_model_name tool_calls tool_call_names tool_definitions usage_pricing_tier_id corrections
usage_pricing_tier_name user_ids count_traces session_duration total_count trace_ids observations is_root_observation is_app_root html_path external_id unit
calculated_input_cost calculated_output_cost calculated_total_cost trace_environment experiment_id parameters
"""
KNOWN = frozenset(COLUMNS.split())


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """`traceId` and `trace_id` are one; a name that is none of Langfuse's own stays as it is."""
    plain = fold(name)
    return plain if plain in KNOWN or plain in PLACES | OBSERVATION_SIGNS | TRACE_SIGNS | SCORE_SIGNS or plain in OTHER else name


OTHER = frozenset({"value", "source", "comment", "observation_id", "dataset_run_id", "trace", "window", "files", "export_source", "data", "meta",
                   "dataset_name",
                   "dataset_item_id", "dataset_run_name", "author_user_name", "trace_user_id", "max_timestamp", "max_tokens"})  # fmt: skip


def fields(record: Mapping[str, Any]) -> Fields:
    """The record under snake_case names, structures parsed; of two spellings the one with a value."""
    found: Fields = {}
    for key, value in record.items():
        name = folded(str(key))
        if found.get(name) is None:
            found[name] = value_of(parsed(value)) if name in STRUCTURES else value
    return found


def kind_of(names: Iterable[str]) -> str:
    """What a record with these (folded) keys is, a word of KINDS; '' when it is another system's."""
    keys = frozenset(names)
    if {"trace", "observations"} <= keys:
        return "download"
    if keys >= PLACES and (keys & OBSERVATION_SIGNS or {"level", "status_message"} <= keys):
        return "observation"
    if {"name", "value", "source"} <= keys and keys & SCORE_SIGNS and keys & {"trace_id", "session_id", "observation_id"}:
        return "score"
    if {"id", "timestamp", "name"} <= keys and keys & {"bookmarked", "public"} and len(keys & TRACE_SIGNS) >= 3:
        return "detail" if "observations" in keys else "trace"
    if {"files", "window", "export_source"} <= keys:
        return "manifest"
    if {"id", "count_traces"} <= keys or {"id", "session_duration"} <= keys:
        return "session"
    if {"dataset_item_id", "trace_id"} <= keys:
        return "dataset"
    return "page" if {"data", "meta"} <= keys else ""


def ms_between(start: Any, end: Any) -> float | None:
    """Milliseconds from one instant of the log to another; None when one is missing."""
    first, last = to_utc(start), to_utc(end)
    return None if first is None or last is None else round((last - first).total_seconds() * 1000, 3)
