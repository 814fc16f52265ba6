"""Turns a mapping's expressions into SQL. DuckDB's own parser finds the fields an expression reads; each is cast first, so that no value is lost silently.

Every expression is compiled once and rendered for three readers: `careful` (fields are flat text columns filled by Python), `checked`
(DuckDB reads the file, fields are text, what does not cast is flagged) and `strict` (numbers typed by DuckDB's JSON reader, any surprise is an error).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from llmlogs.schema.calls import CALLS
from llmlogs.schema.ddl import literal, quote

Kind = Literal["text", "number", "money", "time", "bool"]
Render = Callable[["Leaf", int], str]
Node = dict[str, Any]

BY_TYPE: dict[str, Kind] = {"BIGINT": "number", "INTEGER": "number", "DOUBLE": "number", "DECIMAL(18,12)": "money", "TIMESTAMP": "time", "BOOLEAN": "bool"}
ARITHMETIC = {
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "abs",
    "greatest",
    "least",
    "round",
    "floor",
    "ceil",
    "trunc",
    "coalesce",
    "nullif",
    "ifnull",
    "if",
    "add",
    "subtract",
}
FROM_NUMBER = {"to_timestamp", "make_timestamp", "to_seconds", "to_milliseconds", "to_microseconds", "to_minutes", "epoch_ms"}
REFUSED = {"SUBQUERY", "WINDOW", "STAR", "PARAMETER", "DEFAULT", "POSITIONAL_REFERENCE"}
MARK = re.compile(r'"?__leaf_(\d+)__"?')


@dataclass(frozen=True)
class Leaf:
    """A field of the raw record that an expression reads, and what it must be there."""

    path: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True)
class Expression:
    """One canonical column: its SQL with a mark for every leaf, and which leaves (by their place in the mapping) it reads."""

    column: str
    marked: str
    leaves: tuple[int, ...]
    bounded: bool = True  # its value lies between 2000 and 2100 already: its fields do; a relative clock's need not

    @property
    def type(self) -> str:
        return CALLS.column(self.column).type

    @property
    def kind(self) -> Kind:
        return BY_TYPE.get(self.type, "text")


@dataclass
class Compiled:
    """A whole mapping: its leaves and its expressions."""

    leaves: list[Leaf] = field(default_factory=list)
    expressions: list[Expression] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)  # (kind, its condition with a mark for every leaf)
    absent: tuple[str, ...] = ()  # words that stand for nothing, such as `-`

    def add(self, column: str, text: str, factor: float = 1, origin: int | None = None) -> None:
        """Compile one expression; ValueError says what is wrong with it. With an `origin` [µs] it counts units of `factor` ms from there."""
        kind = BY_TYPE.get(CALLS.column(column).type, "text")
        marked, used = self._compile(text, kind if origin is None else "number")
        if origin is not None:
            marked = since(marked, factor, origin)
        elif factor != 1:
            marked = f"({marked}) * {factor!r}" if kind == "number" else f"({marked}) * {factor!r}::DECIMAL(10,9)"
        self.expressions.append(Expression(column, marked, used, origin is None))

    def add_skip(self, kind: str, text: str) -> None:
        """Compile the condition under which a record is no call; ValueError says what is wrong with it."""
        self.skips.append((kind, self._compile(text, "bool")[0]))

    def skip_sql(self, how: Render) -> str:
        """The place of the first skip rule that holds; NULL where none does."""
        rules = (f"when ({self._marks(marked, how)}) then {place}" for place, (_, marked) in enumerate(self.skips))
        return f"case {' '.join(rules)} end" if self.skips else "null"

    def _compile(self, text: str, kind: Kind) -> tuple[str, tuple[int, ...]]:
        used: list[int] = []
        if PLAIN_PATH.match(text.strip()):  # a field as it stands, also where a key is a word of SQL: at, end, user
            marked = self._mark(Leaf(tuple(text.strip().split(".")), kind), used)
        else:
            marked = unparse(_replace(parse(text), kind, lambda path, wanted: self._mark(Leaf(path, wanted), used)))
        return marked, tuple(dict.fromkeys(used))

    def _mark(self, leaf: Leaf, used: list[int]) -> str:
        if leaf not in self.leaves:
            self.leaves.append(leaf)
        used.append(self.leaves.index(leaf))
        return f"__leaf_{used[-1]}__"

    def render(self, expression: Expression, how: Render) -> str:
        """The expression's SQL with every leaf written as `how` says."""
        return self._marks(expression.marked, how)

    def _marks(self, marked: str, how: Render) -> str:
        return MARK.sub(lambda found: how(self.leaves[int(found[1])], int(found[1])), marked)


@cache
def _parser() -> Any:
    import duckdb

    return duckdb.connect()


PLAIN_PATH = re.compile(r"(?!(?:null|true|false)\Z)[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z", re.IGNORECASE)


def parse(text: str) -> Node:
    """The syntax tree of one expression; ValueError with DuckDB's words when it is none, or reads anything but the record."""
    if PLAIN_PATH.match(text.strip()):  # a key may be a word of SQL: at, end, user
        text = ".".join(f'"{part}"' for part in text.strip().split("."))
    row = _parser().execute("select json_serialize_sql($1)", [f"select ({text}\n)"]).fetchall()[0][0]
    tree = json.loads(row)
    if tree["error"]:
        raise ValueError(str(tree.get("error_message", "not an expression")).splitlines()[0])
    node = tree["statements"][0]["node"]
    if len(tree["statements"]) != 1 or len(node.get("select_list", ())) != 1 or node["from_table"]["type"] != "EMPTY":
        raise ValueError("one expression over the fields of a record is expected")
    for inner in _nodes(node["select_list"][0]):
        if inner.get("class") in REFUSED:
            raise ValueError(f"{inner['class'].lower().replace('_', ' ')} is not allowed here")
    return dict(node["select_list"][0])


def unparse(node: Node) -> str:
    """The SQL of a syntax tree."""
    whole = json.loads(_parser().execute("select json_serialize_sql('select 1')").fetchall()[0][0])
    whole["statements"][0]["node"]["select_list"] = [node]
    sql = _parser().execute("select json_deserialize_sql($1)", [json.dumps(whole)]).fetchall()[0][0]
    return str(sql).removeprefix("SELECT ")


def _nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(child)


def _replace(node: Any, kind: Kind, mark: Callable[[tuple[str, ...], Kind], str]) -> Any:
    """The tree with every field replaced by its mark. `kind` is what the place in the tree wants of a field that stands there."""
    if isinstance(node, list):
        return [_replace(child, kind, mark) for child in node]
    if not isinstance(node, dict):
        return node
    if node.get("class") == "COLUMN_REF":
        return {**node, "column_names": [mark(tuple(node["column_names"]), kind)]}
    inner = _kind_inside(node, kind)
    changed = {key: _replace(child, _kind_of_part(key, inner), mark) for key, child in node.items()}
    return {**changed, "try_cast": True} if node.get("class") == "CAST" else changed


def _kind_of_part(key: str, kind: Kind) -> Kind:
    return "bool" if key == "when_expr" else kind


def _kind_inside(node: Node, kind: Kind) -> Kind:
    """What a node wants of the fields directly under it: a comparison with a text compares texts, arithmetic wants what its result is.

    `a -> b` is JSON access; DuckDB's parser cannot know that and calls it a lambda.
    """
    what = node.get("class", "")
    if what in ("COMPARISON", "BETWEEN") or node.get("type") in ("COMPARE_IN", "COMPARE_NOT_IN"):
        constants = {c["literal"]["kind"] for c in _nodes(node) if c.get("class") == "CONSTANT" and "literal" in c}
        return "text" if "STRING" in constants or not constants & {"INTEGER", "DECIMAL", "DOUBLE", "NUMERIC"} else "number"
    if what in ("CAST", "LAMBDA") or node.get("type") in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
        return "text"
    if what == "FUNCTION":
        name = str(node.get("function_name", "")).lower()
        return kind if name in ARITHMETIC else "number" if name in FROM_NUMBER else "text"
    return kind


def since(number: str, factor: float, origin: int) -> str:
    """The instant `number` units of `factor` ms after `origin` [µs]; what is far from this century is some other time that is."""
    micros = f"{origin} + round(({number}) * {factor * 1000!r})"
    return f"make_timestamp(case when ({number}) is not null then least(greatest({micros}, -5e15), 5e15)::bigint end)"  # both overlook a NULL


CENTURY = "case when ({0}) >= timestamp '2000-01-01' and ({0}) < timestamp '2100-01-01' then ({0}) end"


# ---- what a field becomes before its expression sees it, and what an expression's value becomes in its column ----


def number(text: str) -> str:
    """A finite number, or NULL."""
    return f"try_cast({text} as double)"


def instant(text: str, zone: str = "UTC") -> str:
    """UTC from ISO with or without zone, or from an epoch whose unit its size tells (s below 1e11, ms below 1e14, µs below 1e17, else ns)."""
    epoch, whole = number(text), f"try_cast({text} as hugeint)"
    scale = "case when abs({0}) < 1e11 then {0} * 1000000 when abs({0}) < 1e14 then {0} * 1000 when abs({0}) < 1e17 then {0} else {0} // 1000 end"
    micros = f"case when {epoch} = {whole} then ({scale.format(whole)})::bigint else round({scale.format(epoch)})::bigint end"
    zoned = f"length({text}) > 11 and regexp_matches({text}, '(?i)(Z|UTC|GMT|[0-9][+-][0-9]{{2}}(:?[0-9]{{2}})?)\\s*$')"
    aware = f"try_cast({text} as timestamptz) at time zone 'UTC'"
    naive = f"try_cast({text} as timestamp)" if zone == "UTC" else f"(try_cast({text} as timestamp) at time zone {literal(zone)}) at time zone 'UTC'"
    value = f"case when {epoch} is not null then make_timestamp({micros}) when {zoned} then {aware} else {naive} end"
    return CENTURY.format(value)


def cast_leaf(text: str, kind: Kind, zone: str = "UTC") -> str:
    """A text field as the kind its expression wants, NULL where it is none."""
    if kind == "number":
        return number(text)
    if kind == "money":
        return f"try_cast({text} as decimal(30,15))"
    if kind == "time":
        return f"({instant(text, zone)})"
    return f"try_cast({text} as boolean)" if kind == "bool" else f"nullif({text}, '')"


def leaf_is_bad(text: str, kind: Kind, zone: str = "UTC") -> str:
    """Whether a text field is there and is not of its kind."""
    cast = cast_leaf(text, kind, zone)
    missed = f"not coalesce(isfinite({cast}), false)" if kind == "number" else f"{cast} is null"
    return f"({text} is not null and {missed} and trim({text}) <> '')"


def value(expression: Expression, sql: str) -> str:
    """The value of an expression as its column stores it."""
    if expression.type in ("BIGINT", "INTEGER"):
        return f"case when ({sql}) = floor({sql}) then try_cast(({sql}) as {expression.type}) end"
    if not expression.bounded:
        return CENTURY.format(sql)
    if expression.type == "DOUBLE":
        return f"case when isfinite(({sql})::double) then ({sql})::double end"
    return f"try_cast(({sql}) as {expression.type})" if expression.kind != "text" else word(expression.column, f"({sql})::varchar")


def value_is_bad(expression: Expression, sql: str) -> str:
    """Whether all fields were of their kind and the value still does not fit its column; '' where that cannot be."""
    if expression.type in ("BIGINT", "INTEGER", "DECIMAL(18,12)", "DOUBLE") or not expression.bounded:
        return f"(({sql}) is not null and ({value(expression, sql)}) is null)"
    if expression.kind == "text" and expression.column not in (*STRUCTURED, "error_template"):  # of any text there is a template
        return f"((({sql})::varchar) is not null and (({sql})::varchar) <> '' and ({word(expression.column, f'({sql})::varchar')}) is null)"
    return ""


# ---- columns with a vocabulary ----

STRUCTURED = {"tags", "extra"}  # hold JSON
HASHED = {"prompt_hash", "prefix_hash", "cache_key", "api_key_hash"}
SAID = {
    "status": {
        "ok": "ok success successful succeeded completed complete done finished true pass passed status_code_ok unset",
        "error": "error err fail failed failure false exception errored status_code_error unsuccessful",
        "cancelled": "cancelled canceled aborted abort client_closed disconnected interrupted",
        "timeout": "timeout timed_out timedout deadline_exceeded",
        "blocked": "blocked filtered refused content_filter moderated denied",
        "shed": "shed dropped",
        "unknown": "unknown",
    },
    "app_cache": {
        "hit": "hit true stale revalidated updating semantic_hit 1 yes",
        "miss": "miss false expired semantic_miss refresh 0 no none",
        "bypass": "bypass skip skipped",
        "off": "off disabled not_enabled",
    },
}


def word(column: str, sql: str) -> str:
    """A text column's value: its vocabulary where it has one, NULL for a structure where a word is expected."""
    if column in SAID:
        return vocabulary(column, sql)
    if column in STRUCTURED:
        return f"nullif({sql}, '')"
    if column == "error_template":
        return template(sql)
    return f"case when not ({sql} >= '[' and {sql} < '\\' or {sql} >= '{{' and {sql} < '|') then nullif({sql}, '') end"


def vocabulary(column: str, sql: str, otherwise: str = "null") -> str:
    """The meaning of a word. The usual spellings are compared first and as they stand: folding each value costs ten times as much."""
    said = sorted((place, spelling, meaning) for meaning, words in SAID[column].items() for place, spelling in enumerate(words.split()))
    plain = " ".join(f"when {literal(spelling)} then '{meaning}'" for _, spelling, meaning in said)
    low = f"replace(lower(trim({sql})), ' ', '_')"
    code = f"try_cast({sql} as integer)"
    numeric = f"when {code} between 100 and 599 then {status_of_code(code)}" if column == "status" else ""
    return f"case {sql} {plain} else case when {sql} is null or {sql} = '' then null {numeric} else case {low} {plain} else {otherwise} end end end"


def status_of_code(code: str) -> str:
    """The status an HTTP code means."""
    return f"case when {code} < 400 then 'ok' when {code} = 499 then 'cancelled' when {code} in (408, 504) then 'timeout' else 'error' end"


def template(sql: str) -> str:
    """privacy.template in SQL, coarser: what is quoted, structured, long, an address, or holds a digit is replaced by what it is."""
    steps = (
        (r"[\x00-\x1f\x7f]+", " "),
        (r'"[^"]*("|$)|`[^`]*(`|$)|“[^”]*(”|$)', "<quote>"),
        (r"(^|\W)'[^']*('|$)", r"\1<quote>"),
        (r"\{[^{}]*(\}|$)|\[[^\[\]]*(\]|$)", "<json>"),
        (r"[A-Za-z][A-Za-z0-9+.-]{0,15}://\S+", "<url>"),
        (r"[\w.+-]{1,64}@[\w-]+\.[\w.-]+", "<email>"),
        (r"(?i)(key provided: |bearer )[^<\s]\S*|\b(sk|pk|gsk|xai|aiza)-\S*", r"\1<key>"),
        (r"(^|[\s(:=,])[-+]?\$?\d[\d,._]*(?:ns|us|µs|ms|s|m|h|k|kb|mb|gb|%)?([\s).,;:!?]|$)", r"\1<number>\2"),
        (r"(^|[\s(:=,])[-+]?\$?\d[\d,._]*(?:ns|us|µs|ms|s|m|h|k|kb|mb|gb|%)?([\s).,;:!?]|$)", r"\1<number>\2"),
        (r"[^\s<>]*\d[^\s<>]*|\w+(?:[-_]\w+){2,}|\w{25,}", "<id>"),
        (r"\s+", " "),
    )
    text = f"left({sql}, 2000)"
    for pattern, by in steps:
        text = f"regexp_replace({text}, {literal(pattern)}, {literal(by)}, 'g')"
    return f"case when {sql} <> '' then left(trim({text}), 160) end"


def path_sql(path: tuple[str, ...]) -> str:
    """A field as DuckDB reads it out of nested structures."""
    return ".".join(quote(part) for part in path)
