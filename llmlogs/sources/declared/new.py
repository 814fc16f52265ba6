"""`llmlogs source new`: a mapping guessed from the first records of a log, with a reason beside every line for its user to check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmlogs.errors import UsageError
from llmlogs.schema.calls import CALLS
from llmlogs.schema.ddl import quote
from llmlogs.sources.common import aliases
from llmlogs.sources.declared.fields import Field, fields_of, first_records, fits
from llmlogs.sources.declared.file import ANCHORS, COLUMNS
from llmlogs.sources.declared.sql import parse
from llmlogs.sources.declared.units import tokens_rule, unit_of

FOLDER = Path(".llmlogs/sources")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z", re.IGNORECASE)
PROMPTS = {"prompt", "input", "question", "query", "user_message", "prompt_text", "input_text", "request_text"}
ANSWERS = {"response", "completion", "output", "answer", "completion_text", "response_text", "output_text", "reply"}


@dataclass(frozen=True)
class Guess:
    """One line of the mapping and why it is there."""

    column: str
    expression: str
    why: str
    unit: str = ""  # named only when it is not the column's own
    field: Field | None = None


@dataclass
class NewSource:
    """A proposed mapping. `left` are fields no column was found for, with the reason."""

    name: str
    file: Path
    carrier: str
    records: list[dict[str, Any]]
    guesses: list[Guess] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    tokens: str = ""

    @property
    def columns(self) -> dict[str, Guess]:
        return {guess.column: guess for guess in self.guesses}


def propose(name: str, file: Path) -> NewSource:
    """Guess a mapping from the first records of `file`. UsageError when neither a time nor a model is found."""
    if not NAME.match(name):
        raise UsageError("not a name for a source", name, "letters, digits, - and _ are allowed", "llmlogs source new my-log --from FILE")
    carrier, records = first_records(file)
    found = fields_of(records)
    new = NewSource(name, file, carrier, records)
    chosen = _choose(found.values(), new.left)
    for column in COLUMNS:
        if column in chosen:
            new.guesses.append(_guess(column, chosen[column], chosen))
    _add_lengths(new, found.values())
    if not set(ANCHORS) & set(new.columns):
        raise UsageError(
            "no time and no model found", str(file), f"fields seen: {', '.join(f.shown for f in list(found.values())[:20])}", "write the mapping by hand"
        )
    new.tokens = _add_cache(new, chosen)
    return new


def write(new: NewSource, text: str, folder: Path = FOLDER, *, replace: bool = False) -> Path:
    """Save the mapping for `llmlogs ingest` in this folder; UsageError when there is one of that name."""
    path = folder / f"{new.name}.toml"
    if path.exists() and not replace:
        raise UsageError("there is a mapping of that name", str(path), next_step="edit it, delete it, or choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _choose(fields: Iterable[Field], left: dict[str, str]) -> dict[str, Field]:
    """The best field for every column: the longest known name, then the fullest, then the least deep."""
    rivals: dict[str, list[tuple[tuple[float, ...], Field]]] = {}
    for found in fields:
        column, _, length = aliases.match(found.path)
        for option in _options(column, found):
            if fits(option, found):
                exact = found.shown == option
                rivals.setdefault(option, []).append(((exact, length, round(found.fill, 1), -len(found.path)), found))
                break
        else:
            left[found.shown] = f"its values do not look like {column}" if column else "no column is known by that name"
    chosen = {}
    for column, options in rivals.items():
        # Of several times or texts the first in the record is meant: sorting is stable.
        best = max(options, key=lambda option: option[0])
        if column == "status_code":
            best = max(options, key=lambda option: (option[1].fill, *option[0]))
        chosen[column] = best[1]
        left |= {found.shown: f"{column} is taken from {best[1].shown}" for _, found in options if found is not best[1]}
    return chosen


def _options(column: str, found: Field) -> tuple[str, ...]:
    """What else a name may mean when its values do not fit: a status may be a code, an error code a word, a response time an instant."""
    if column == "error_template" and aliases.fold(found.path[-1]) in ("error", "err") and found.share(lambda value: " " not in str(value)) == 1:
        return ("error_type",)
    other = {
        "status": ("status_code", "status"),
        "status_code": ("status_code", "error_type"),
        "duration_ms": ("duration_ms", "ended_at"),
        "app_cache": ("app_cache",),
        "call_id": ("call_id", "operation_id"),
    }
    return other.get(column, (column,) if column else ())


def _guess(column: str, found: Field, chosen: dict[str, Field]) -> Guess:
    unit = unit_of(column, found, chosen)
    reasons = [f"{found.fill:.0%} filled"] + ([unit.why] if unit.why else [])
    return Guess(column, reference(found.path), "; ".join(reasons), unit.name, found)


def reference(path: tuple[str, ...]) -> str:
    """A path as an expression; quoted only where SQL needs it."""
    plain = ".".join(path)
    try:
        tree = parse(plain)
    except ValueError:
        tree = {}
    return plain if tree.get("column_names") == list(path) else ".".join(quote(part) for part in path)


def _add_lengths(new: NewSource, fields: Iterable[Field]) -> None:
    """Texts are never stored: a prompt or an answer gives its length."""
    for found in fields:
        last = aliases.fold(found.path[-1])
        column = "prompt_chars" if last in PROMPTS else "completion_chars" if last in ANSWERS else ""
        if column and column not in new.columns and found.share(lambda value: isinstance(value, str)) >= 0.9:
            why = f"{found.fill:.0%} filled; only the length of the text is kept"
            new.guesses.append(Guess(column, f"length({reference(found.path)})", why, "", found))
            new.left.pop(found.shown, None)
    new.guesses.sort(key=lambda guess: CALLS.names.index(guess.column))


def _add_cache(new: NewSource, chosen: dict[str, Field]) -> str:
    """Whether the log's input tokens have the cached ones in them; if not, they are added. Returns the sentence about it."""
    rule, sentence = tokens_rule(new.records, chosen)
    if rule == "outside":
        parts = [f"coalesce({reference(chosen[c].path)}, 0)" for c in ("cache_read_tokens", "cache_write_tokens") if c in chosen]
        place = next(i for i, guess in enumerate(new.guesses) if guess.column == "input_tokens")
        old = new.guesses[place]
        new.guesses[place] = Guess("input_tokens", " + ".join([old.expression, *parts]), f"{old.why}; {sentence}", "", old.field)
    return sentence
