"""The SELECT that turns fields into a row of calls: mapped columns, what follows from them, and which of them could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from llmlogs.schema.ddl import quote
from llmlogs.sources.declared import sql
from llmlogs.sources.declared.sql import Compiled, Expression, Render

REASONS = {"number": "not_a_number", "money": "not_a_number", "time": "not_a_time", "bool": "not_a_boolean", "text": "not_a_word"}
CODE = "try_cast({} as integer) between 100 and 599"


@dataclass(frozen=True)
class RowSql:
    """Column names and their SQL over a relation that has the fields."""

    columns: tuple[str, ...]
    inner: str
    outer: str

    def select(self, relation: str, extra: str = "") -> str:
        """The whole query; `extra` passes further columns of the relation through."""
        more = f", {extra}" if extra else ""
        return f"select {self.outer}{more} from (select {self.inner}{more} from {relation})"


def row_sql(compiled: Compiled, leaf: Render, values: dict[str, str]) -> RowSql:
    """`values` is the final SQL of each mapped column, `leaf` renders its fields."""
    inner = dict(values)
    status = next((e for e in compiled.expressions if e.column == "status"), None)
    if status and "status_code" not in inner:
        text = f"({compiled.render(status, leaf)})::varchar"
        inner["status_code"] = f"case when {CODE.format(text)} then try_cast({text} as integer) end"
    outer = {name: quote(name) for name in inner}
    outer |= _times(set(inner))
    outer["status"] = _status(set(inner))
    return RowSql(tuple(outer), _aliases(inner), _aliases(outer))


def values(compiled: Compiled, leaf: Render) -> dict[str, str]:
    """Every mapped column's SQL, NULL where a field or the result does not fit."""
    return {e.column: sql.value(e, compiled.render(e, leaf)) for e in compiled.expressions}


def bad_columns(compiled: Compiled, text: Render, leaf: Render, only: set[str] | None = None) -> dict[str, str]:
    """For every mapped column (of `only`) the SQL of "something is there and could not be read"; `text` renders the raw field, `leaf` the cast one."""
    return {e.column: _bad(compiled, e, text, leaf) for e in compiled.expressions if only is None or e.column in only}


def _bad(compiled: Compiled, expression: Expression, text: Render, leaf: Render) -> str:
    fields = [(compiled.leaves[i], i) for i in expression.leaves]
    parts = [sql.leaf_is_bad(text(field, i), field.kind) for field, i in fields if field.kind not in ("text", "time")]
    parts.append(sql.value_is_bad(expression, compiled.render(expression, leaf)))
    return " or ".join(filter(None, parts)) or "false"


def _times(have: set[str]) -> dict[str, str]:
    """Start and duration where the log has only what they follow from."""
    found = {}
    if "ended_at" in have:
        if "duration_ms" in have:
            start = "ended_at - to_microseconds(case when abs(duration_ms) < 1e12 then (duration_ms * 1000)::bigint end)"
            found["started_at"] = f"coalesce(started_at, {start})" if "started_at" in have else start
        if "started_at" in have:
            gap = "case when ended_at >= started_at then date_diff('microsecond', started_at, ended_at) / 1e3 end"
            found["duration_ms"] = f"coalesce(duration_ms, {gap})" if "duration_ms" in have else gap
    return found


def _status(have: set[str]) -> str:
    """What the log says; an HTTP code is finer than a bare `error`, and an error that is named is one even without a code."""
    by_code = sql.status_of_code("status_code")
    cases = ["when status_code >= 400 and coalesce(status, 'error') in ('ok', 'error', 'unknown') then " + by_code] if {"status", "status_code"} <= have else []
    cases += ["when status is not null then status"] if "status" in have else []
    cases += [f"when status_code is not null and status_code >= 400 then {by_code}"] if "status_code" in have and "status" not in have else []
    cases += [f"when {name} is not null then 'error'" for name in ("error_type", "error_template", "error_class") if name in have]
    cases += ["when status_code is not null then 'ok'"] if "status_code" in have else []
    cases += [f"when {name} is not null then 'ok'" for name in ("finish_reason",) if name in have]
    cases += ["when output_tokens > 0 then 'ok'"] if "output_tokens" in have else []
    return f"case {' '.join(cases)} else 'unknown' end" if cases else "'unknown'"


def _aliases(columns: dict[str, str]) -> str:
    return ", ".join(f"{text} as {quote(name)}" for name, text in columns.items())
