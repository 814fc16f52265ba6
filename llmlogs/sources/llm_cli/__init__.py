"""simonw/llm: its `logs.db` (SQLite; `turns` since 0.32, `responses` before, both read) and what `llm logs list --json` prints.

Traps: since 0.32 the old table stands empty beside the new one, or holds what was asked before. Failed requests leave no row: no error rate comes from here.
`model` is llm's own name of the model, `resolved_model` or the answer's `model` is the real one. `duration_ms` is the whole wait; there is no time to first
token. `token_details` holds only what is not zero, in the provider's words, so whether input holds the cache depends on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.llm_cli.rows import Found, call_row
from llmlogs.sources.llm_cli.samples import SAMPLES

CALLS = ("turns", "responses")
TABLES = frozenset(
    {"_llm_migrations", "conversations", "attachments", "prompt_attachments", "schemas", "fragments", "fragment_aliases", "prompt_fragments", "threads",
     "system_fragments", "tools", "tool_responses", "tool_calls", "tool_instances", "tool_results", "tool_results_attachments", "messages", "parts",
     "part_attachments", "part_fragments", "turn_fragments", "turn_search", "turn_tools", "tool_instantiations"}
)  # fmt: skip
NEW = frozenset({"turns.thread_id", "turns.model", "turns.datetime_utc"})
OLD = frozenset({"responses.conversation_id", "responses.model", "responses.datetime_utc"})
PRINTED = frozenset({"id", "model", "datetime_utc", "conversation_id", "response_json", "options_json", "duration_ms", "prompt_json"})


class LlmCli:
    """Prompts run with the command-line tool `llm`."""

    name = "llm_cli"
    title = "simonw/llm: logs.db (SQLite) and `llm logs list --json`"
    docs = "https://llm.datasette.io/en/stable/logging.html"
    tokens = "as the plugin counts: OpenAI's and Gemini's input includes the cache, Anthropic's does not (added here)"
    answers = ("latency/slowest_calls", "tokens/drift", "cost/by_model", "data/coverage")
    samples = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """Sure with the tables of its database, or the members it prints."""
        if head.carrier == "sqlite":
            found = [name for name, wanted in (("turns", NEW), ("responses", OLD)) if wanted <= set(head.columns)]
            return Detection(0.97, f"tables of llm's log: {', '.join(found)}") if found else None
        values = [value for value in head.values if isinstance(value, dict)]
        own = sum(len(PRINTED & value.keys()) >= 6 and "datetime_utc" in value and "model" in value for value in values)
        return Detection(0.95, f"{own} of {len(values)} records have what `llm logs list --json` prints") if own and own * 2 >= len(values) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every row of `turns` and `responses`; of other tables only lengths and tool calls are noted (rows.MOST_NOTED of them)."""
        found = Found(context)
        for record in records:
            value = record.value
            if not isinstance(value, dict):
                yield Outcome(record.line, "rejected", "not an object")
            elif isinstance(value.get("table"), str) and isinstance(value.get("row"), dict):
                yield _of_table(record.line, value["table"], value["row"], found, context)
            else:
                yield _call(record.line, value, value, found, context)


def _of_table(line: int, table: str, row: Row, found: Found, context: Context) -> Outcome:
    if table in CALLS:
        return _call(line, row, {}, found, context)
    found.note(table, row)
    return Outcome(line, "skipped", f"table {table}" if table in TABLES else "another table")


def _call(line: int, row: Row, printed: Row, found: Found, context: Context) -> Outcome:
    issues: list[tuple[str, str, str]] = []
    call: dict[str, Any] | None = call_row(row, printed, found, context, issues)
    return Outcome(line, "call", call=call, issues=issues) if call is not None else Outcome(line, "rejected", "neither a model nor a time")


SOURCE = LlmCli()
