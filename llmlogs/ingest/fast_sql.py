"""The queries of the fast reader: a mapping over DuckDB's own JSON reader, once with strict types and once with every field a checked text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from llmlogs.schema.ddl import literal, quote
from llmlogs.sources.declared import row, sql
from llmlogs.sources.declared.sql import Compiled, Expression, Leaf

Path = tuple[str, ...]
FAIL = "error('a surprise')"
STAGED = "cast of field"  # name of a column no log has
SPARSE = 0.02  # an object absent in more than this share of the sample is opened as text: its absence says nothing


@dataclass
class Shape:
    """What a sample of the file says about its fields."""

    sparse: set[str] = field(default_factory=set)  # top-level objects that are often absent
    zulu: set[Path] = field(default_factory=set)  # times that all end in Z
    dense: set[Path] = field(default_factory=set)  # fields nearly every record has: a NULL there is worth a second look
    bits: set[Path] = field(default_factory=set)  # numbers that are 1 or 0 now and then, which DuckDB's reader also makes of `true` and `false`
    bare: set[Path] = field(default_factory=set)  # nothing but numbers: as JSON they cost half of what making texts of them does


def look(compiled: Compiled, sample: list[dict[str, Any]]) -> Shape:
    """Learn the shape from a sample of records."""
    absent = Counter(first for first in _objects(compiled) for record in sample if not isinstance(record.get(first), dict))
    shape = Shape({first for first, n in absent.items() if n > SPARSE * len(sample)})
    other = {leaf.path for leaf in compiled.leaves if leaf.kind != "number"}
    for leaf in compiled.leaves:
        seen = [found for found in (_get(record, leaf.path) for record in sample) if found is not None]
        if len(seen) > (1 - SPARSE) * len(sample):
            shape.dense.add(leaf.path)
        if leaf.kind == "number" and any(found in (0, 1, "0", "1") for found in seen):
            shape.bits.add(leaf.path)
        if seen and leaf.path not in other and all(type(found) in (int, float) for found in seen):
            shape.bare.add(leaf.path)
        if leaf.kind == "time" and seen and all(isinstance(found, str) and found.endswith("Z") for found in seen):
            shape.zulu.add(leaf.path)
    return shape


def _objects(compiled: Compiled) -> list[str]:
    return list(dict.fromkeys(leaf.path[0] for leaf in compiled.leaves if len(leaf.path) > 1))


def _get(record: Any, path: Path) -> Any:
    for part in path:
        record = record.get(part) if isinstance(record, dict) else None
    return record


@dataclass
class Reading:
    """One way to read the file: the type of every field, and how a field and its cast are written."""

    compiled: Compiled
    shape: Shape
    zone: str
    strict: bool

    def __post_init__(self) -> None:
        paths = {leaf.path for leaf in self.compiled.leaves}
        self.opened = {path for path in paths if any(other[: len(path)] == path and other != path for other in paths)}
        if not self.strict:
            self.opened |= {(first,) for first in self.shape.sparse}
        self.typed = self._typed()

    def _typed(self) -> dict[Path, str]:
        """Fields DuckDB's reader may type. It takes `true` for 1 and `false` for 0: where those are usual, or in a formula, a number stays text."""
        wanted: dict[Path, set[str]] = {}
        if self.compiled.absent:  # a typed field would fail at the word
            return {}
        for expression in self.compiled.expressions:
            for place in expression.leaves:
                leaf = self.compiled.leaves[place]
                number = leaf.kind == "number" and _alone(expression, place)
                kind = "BOOLEAN" if leaf.kind == "bool" else "DOUBLE" if number and leaf.path not in self.shape.bits else "VARCHAR"
                wanted.setdefault(leaf.path, set()).add(kind if self.strict or leaf.path in self.shape.dense else "VARCHAR")
        return {path: next(iter(types)) for path, types in wanted.items() if len(types) == 1 and types != {"VARCHAR"}}

    def suspects(self) -> str:
        """Rows in which a typed number is what `true` or `false` would have become."""
        found = []
        for expression in self.compiled.expressions:
            if any(self.typed.get(self.compiled.leaves[place].path) == "DOUBLE" for place in expression.leaves):
                made = [self.compiled.render(expression, lambda *_, bit=bit: f"{bit}::double") for bit in (0, 1)]
                found.append(f"{quote(expression.column)} in ({', '.join(made)})")
        return " or ".join(found) or "false"

    def holder(self, path: Path) -> Path:
        """The part of a path that DuckDB's reader yields: all of it, or the object that is opened as text."""
        return next((path[:n] for n in range(1, len(path)) if path[:n] in self.opened), path)

    def text(self, leaf: Leaf, place: int) -> str:
        """The raw field; NULL for a word that stands for nothing."""
        held = self.holder(leaf.path)
        raw = sql.path_sql(leaf.path) + ("::varchar" if self._bare(leaf.path) else "") if held == leaf.path else self._inside_text(leaf, held)
        words = ", ".join(literal(word) for word in self.compiled.absent)
        return f"case when {raw} not in ({words}) then {raw} end" if words else raw

    def _bare(self, path: Path) -> bool:
        """Whether a number is read as it stands. A text in its place then keeps its quotes, is no number, and a surprise or a doubt."""
        return path in self.shape.bare and path not in self.typed and not self.compiled.absent

    def _inside_text(self, leaf: Leaf, held: Path) -> str:
        rest = "$" + "".join('."' + part.replace('"', '\\"') + '"' for part in leaf.path[len(held) :])
        holder = sql.path_sql(held)
        return f"case when starts_with({holder}, '{{') then json_extract_string({holder}, {literal(rest)}) end"

    def cast(self, leaf: Leaf, place: int) -> str:
        """The field as the kind its expression wants; a column of `staged` where that takes work."""
        text, cast = self.text(leaf, place), self._cast(leaf, place)
        return text if cast == text else quote(f"{STAGED} {place}")

    def staged(self) -> str:
        """Every cast that takes work, once for all expressions and flags that need it: DuckDB does not share what stands inside a CASE."""
        casts = [(self.text(leaf, i), self._cast(leaf, i), i) for i, leaf in enumerate(self.compiled.leaves)]
        return ", ".join(["*", *(f"{cast} as {quote(f'{STAGED} {i}')}" for text, cast, i in casts if cast != text)])

    def _cast(self, leaf: Leaf, place: int) -> str:
        text = self.text(leaf, place)
        if self.holder(leaf.path) == leaf.path and leaf.path in self.typed:
            return text
        if not self.strict and leaf.kind == "time" and leaf.path in self.shape.zulu:
            return f"case when ends_with({text}, 'Z') then try_cast({text} as timestamp) else {sql.instant(text, self.zone)} end"
        if not self.strict:
            return sql.cast_leaf(text, leaf.kind, self.zone)
        if leaf.kind == "time" and leaf.path in self.shape.zulu:
            return f"case when {text} is null then null when ends_with({text}, 'Z') then cast({text} as timestamp) else {FAIL} end"
        if leaf.kind == "text":
            return text
        if leaf.kind == "number":
            return f"cast(nullif({text}, '') as double)"
        return _or_fail(f"nullif({text}, '')", sql.cast_leaf(text, leaf.kind, self.zone))

    def relation(self, path: str) -> str:
        """The table function over the file."""
        tree: dict[str, Any] = {}
        for leaf in self.compiled.leaves:
            held = self.holder(leaf.path)
            branch = tree
            for part in held[:-1]:
                branch = branch.setdefault(part, {})
            branch[held[-1]] = "VARCHAR" if held != leaf.path else "JSON" if self._bare(held) else self.typed.get(held, "VARCHAR")
        columns = ", ".join(f"{quote(name)}: {literal(_type(kind))}" for name, kind in tree.items())
        forgiving = "false" if self.strict else "true"
        return f"read_json({literal(path)}, format = 'newline_delimited', compression = 'uncompressed', ignore_errors = {forgiving}, columns = {{{columns}}})"

    def values(self) -> dict[str, str]:
        """The SQL of every mapped column."""
        how = _strict_value if self.strict else self._checked_value
        return {e.column: how(e, self.compiled.render(e, self.cast)) for e in self.compiled.expressions}

    def _checked_value(self, expression: Expression, text: str) -> str:
        plain = expression.kind == "text" and expression.column not in (*sql.SAID, *sql.STRUCTURED, "error_template")
        return f"({text})::varchar" if plain and self._dense(expression) else sql.value(expression, text)

    def _dense(self, expression: Expression) -> bool:
        """Whether a NULL tells all: a formula may overlook one, so the fields of a formula are checked each, apart from texts, which do not fail."""
        leaves = [self.compiled.leaves[place] for place in expression.leaves]
        told = (len(leaves) == 1 and _alone(expression, expression.leaves[0])) or all(leaf.kind == "text" for leaf in leaves)
        return bool(leaves) and told and all(leaf.path in self.shape.dense for leaf in leaves)

    def flag(self) -> str:
        """What tells that a record must be read again with care, where a NULL tells nothing because it is usual."""
        sparse = {e.column for e in self.compiled.expressions if not self._dense(e)}
        flags = row.bad_columns(self.compiled, self.text, self.cast, sparse)
        bad = [flag for flag in flags.values() if flag != "false"]
        for i, leaf in enumerate(self.compiled.leaves):
            if leaf.kind == "time" and leaf.path not in self.shape.dense:
                text, cast = self.text(leaf, i), self.cast(leaf, i)
                bad.append(f"({text} <> '' and ({cast}) is null)")
        guarded = {leaf.path[0] for leaf in self.compiled.leaves if leaf.path in self.shape.dense}
        bad += [f"coalesce({', '.join(self._inside(first))}) is null" for first in self.objects() if (first,) not in self.opened and first not in guarded]
        bad += [f"({quote(first)} is not null and not starts_with({quote(first)}, '{{'))" for first in self.objects() if (first,) in self.opened]
        return " or ".join(bad) or "false"

    def doubts(self) -> str:
        """Rows that are told by their columns alone: where every value is checked, a NULL that is unusual."""
        nulls = [] if self.strict else [f"{quote(e.column)} is null" for e in self.compiled.expressions if self._dense(e)]
        return " or ".join([*nulls, *([] if self.strict else ["bad_values is not null"])]) or "false"

    def innocent(self, record: Any) -> bool:
        """Whether a suspect row's record has numbers where numbers were typed."""
        return isinstance(record, dict) and not any(isinstance(_get(record, path), bool) for path, kind in self.typed.items() if kind == "DOUBLE")

    def _inside(self, first: str) -> list[str]:
        """The fields of an object. All of them NULL: it is missing, or no object at all, which DuckDB does not tell apart."""
        return list(dict.fromkeys(self.text(leaf, i) for i, leaf in enumerate(self.compiled.leaves) if leaf.path[0] == first))

    def objects(self) -> list[str]:
        """Top-level fields that hold others."""
        return _objects(self.compiled)


def insert(reading: Reading, path: str, constants: dict[str, str]) -> tuple[set[str], str]:
    """The columns an INSERT brings, and the INSERT. No join and no window: rows keep the order of the file."""
    found = row.row_sql(reading.compiled, reading.text, reading.values())
    columns = dict.fromkeys(found.columns)
    ids = [quote(name) for name in ("call_id", "response_id") if name in columns]
    outer = found.outer if "call_id" not in columns else ", ".join(part for part in [_without_id(found)] if part)
    extra = ", bad_values" if not reading.strict else ""
    flag = f", case when {reading.flag()} then '!' end as bad_values" if not reading.strict else ""
    fixed = ", ".join(f"{value} as {quote(name)}" for name, value in constants.items())
    inner = f"select {found.inner}{flag} from (select {reading.staged()} from {reading.relation(path)})"
    query = f"select {outer}, coalesce({', '.join(ids)}) as call_id, {fixed}{extra} from ({inner})"
    brought = set(columns) | {"call_id"} | set(constants) | ({"bad_values"} if extra else set())
    return brought, f"insert into call_rows by name {query}"


def _without_id(found: row.RowSql) -> str:
    return found.outer.replace('"call_id" as "call_id", ', "").removesuffix(', "call_id" as "call_id"')


def anchors(columns: Iterable[str]) -> str:
    """The condition under which a row cannot be a call as it stands."""
    there = [quote(name) for name in ("started_at", "request_model", "response_model") if name in columns]
    return f"(call_id is null or ({' and '.join(f'{name} is null' for name in there)}))"


def _alone(expression: Expression, place: int) -> bool:
    """Whether an expression is one field, or a multiple of it."""
    return expression.marked.split(" * ")[0].strip('()"') == f"__leaf_{place}__"


def _type(kind: Any) -> str:
    return kind if isinstance(kind, str) else "STRUCT(" + ", ".join(f"{quote(name)} {_type(inner)}" for name, inner in kind.items()) + ")"


def _or_fail(source: str, value: str) -> str:
    """The value; where there is none although its source has something, the reading fails."""
    return f"case when {source} is null then null when ({value}) is not null then ({value}) else {FAIL} end"


def _strict_value(expression: Expression, text: str) -> str:
    """As sql.value, but what would become NULL fails; what fast._odd_values finds afterwards for less is let through."""
    if expression.column in sql.SAID:
        return sql.vocabulary(expression.column, f"({text})::varchar", FAIL)
    if expression.kind == "text":
        return sql.word(expression.column, text) if expression.column in ("error_template", *sql.STRUCTURED) else f"({text})::varchar"
    if expression.type in ("BIGINT", "INTEGER"):
        return f"case when ({text}) = floor({text}) then cast(({text}) as {expression.type}) when ({text}) is null then null else {FAIL} end"
    return f"cast(({text}) as {expression.type})"
