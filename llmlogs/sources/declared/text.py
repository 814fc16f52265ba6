"""The text of a proposed mapping, with samples whose texts are masked."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import orjson

from llmlogs.schema.calls import CALLS
from llmlogs.sources.base import Context, Record
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.declared import load
from llmlogs.sources.declared.fields import Field, number
from llmlogs.sources.declared.file import ANCHORS
from llmlogs.sources.declared.new import Guess, NewSource

SAMPLES = 2
KEPT = {  # words of a vocabulary, no one's data
    "request_model", "response_model", "provider", "status", "status_code", "operation", "finish_reason", "app_cache", "cache_kind", "service_tier",
    "error_class", "stream", "environment", "region",
}  # fmt: skip
WANTED = ("request_model", "duration_ms", "ttft_ms", "input_tokens", "output_tokens", "cache_read_tokens", "status", "reported_usd")


def render(new: NewSource) -> str:
    """The mapping file."""
    body = "\n".join([*_head(new), *_columns(new), *_units(new), *_left(new)]) + "\n"
    return body + "".join(_sample(line, want) for line, want in _samples(new, body))


def _head(new: NewSource) -> list[str]:
    return [
        f"# A mapping guessed from the first {len(new.records)} records of {_comment(new.file.name)} ({new.carrier}). Check every line; then:",
        f"#   llmlogs source check {new.name} FILE",
        "# A column is an expression in DuckDB's SQL over the fields of a record; llmlogs schema lists the columns.",
        f"title  = {toml(f'{new.name} (home-made log)')}",
        f"detect = {{ all = [{', '.join(toml('.'.join(path)) for path in _detect(new))}] }}",
        f"tokens = {toml(new.tokens or 'not known: say here what includes what')}",
        "",
        "[columns]",
    ]


def _detect(new: NewSource) -> list[tuple[str, ...]]:
    """Fields every record has: the anchors first."""
    full = [guess for guess in new.guesses if guess.field and guess.field.fill == 1]
    first = sorted(full, key=lambda guess: guess.column not in ANCHORS)
    if not first:
        first = [guess for guess in new.guesses if guess.column in ANCHORS]
    return list(dict.fromkeys(guess.field.path for guess in first if guess.field))[:5]


def _columns(new: NewSource) -> list[str]:
    width = max(len(guess.column) for guess in new.guesses)
    return [f"{guess.column:<{width}} = {toml(guess.expression)}  # {_comment(guess.why)}" for guess in new.guesses]


def _units(new: NewSource) -> list[str]:
    units = [f"{guess.column} = {toml(guess.unit)}" for guess in new.guesses if guess.unit]
    return ["", "[units]  # of the log; llmlogs stores ms and US dollars", *units] if units else []


def _left(new: NewSource) -> list[str]:
    if not new.left:
        return []
    return ["", "# Not mapped:", *(f"#   {_comment(path)}: {_comment(why)}" for path, why in list(new.left.items())[:60])]


def _samples(new: NewSource, body: str) -> list[tuple[str, dict[str, Any]]]:
    """A few masked records and how the mapping reads them."""
    filled = sorted(new.records, key=lambda record: -len(orjson.dumps(record, default=str)) if len(record) > 3 else 0)
    chosen = [new.records[0], *(record for record in filled[:1] if record is not new.records[0])][:SAMPLES]
    lines = [orjson.dumps(_masked(record, new.guesses)).decode() for record in chosen]
    with tempfile.TemporaryDirectory(prefix="llmlogs-") as folder:
        path = Path(folder) / f"{new.name}.toml"
        path.write_text(body, encoding="utf-8")
        source = load(path)
        outcomes = list(source.read([Record(n, 0, 0, orjson.loads(line)) for n, line in enumerate(lines, 1)], Context("sample")))
    calls = [outcome.call or {} for outcome in outcomes]
    return [(line, {name: call[name] for name in WANTED if name in call}) for line, call in zip(lines, calls, strict=True) if "'''" not in line and call]


def _masked(record: dict[str, Any], guesses: list[Guess]) -> dict[str, Any]:
    """Only mapped fields; numbers, times and vocabulary stay, every other text becomes x."""
    kept: dict[str, Any] = {}
    for guess in guesses:
        found = guess.field
        value = _get(record, found) if found else None
        if found is None or value is None:
            continue
        branch = kept
        for part in found.path[:-1]:
            branch = branch.setdefault(part, {})
        branch[found.path[-1]] = value if _harmless(guess.column, value) else "x" * min(len(str(value)), 8)
    return kept


def _harmless(column: str, value: Any) -> bool:
    kind = CALLS.column(column).type
    if kind == "VARCHAR":
        return isinstance(value, bool) or column in KEPT
    return isinstance(value, (int, float, bool)) or (number(value) is not None or (kind == "TIMESTAMP" and to_utc(value) is not None))


def _get(record: Any, found: Field) -> Any:
    for part in found.path:
        record = record.get(part) if isinstance(record, dict) else None
    return record


def _sample(line: str, want: dict[str, Any]) -> str:
    pairs = ", ".join(f"{name} = {_value(value)}" for name, value in want.items())
    return f"\n[[sample]]\nline = '''{line}'''\nwant = {{ {pairs} }}\n"


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, (bool, int, float)) else toml(str(value))


def toml(text: str) -> str:
    """A TOML string."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return orjson.dumps(text).decode()


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]
