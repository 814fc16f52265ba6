"""Why a call costs what it costs, step by step, and how the names of a log were resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from llmlogs import text
from llmlogs.errors import UsageError
from llmlogs.pricing.rates import WEEK
from llmlogs.pricing.status import MEANING
from llmlogs.pricing.units import COUNTED, UNITS, Unit, children

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Charge:
    """One line of the bill: so many units at a rate."""

    unit: str
    count: int
    rate: Decimal  # USD for one
    per: int  # prices are published for this many

    @property
    def usd(self) -> Decimal:
        return self.count * self.rate


@dataclass(frozen=True)
class Explanation:
    """A call's price from the names as logged to the total. The rows are those of price_plans, price_rates, price_books, price_terms."""

    call: Row
    plan: Row
    rate: Row
    book: Row
    charges: tuple[Charge, ...]
    own_file: Row | None = None
    terms: tuple[Row, ...] = ()  # of the own file, where they changed the call's price

    @property
    def status(self) -> str:
        return str(self.call["cost_status"])


def explain(con: duckdb.DuckDBPyConnection, call_id: str) -> Explanation:
    """The explanation of one call. UsageError when there is no such call, or it was not priced yet."""
    call = _one(con, "select * from calls where call_id = $1 limit 1", call_id)
    if not call:
        raise UsageError("no such call", text.clip(text.plain(call_id), 80), next_step='find call ids with `llmlogs sql "select call_id from calls"`')
    rate = _one(con, "select * from price_rates where rate_id = $1", call["rate_id"])
    if not rate:
        raise UsageError("the call is not priced yet", text.clip(text.plain(call_id), 80), next_step="run `llmlogs ingest` once more")
    plan = _one(con, "select * from price_plans where plan_id = $1", rate["plan_id"])
    book = _one(con, "select * from price_books where book_id = $1", plan["book_id"])
    charged = call["cost_usd"] is not None and call["cost_status"] != "app_cache_hit"
    lines = charges(call, rate) if charged else ()
    own_file = _one(con, "select * from price_books where book_id = $1", plan["own_book_id"]) if plan["own_book_id"] is not None else None
    return Explanation(call, plan, rate, book, lines, own_file, _terms(con, call, plan, rate, lines))


def _terms(con: duckdb.DuckDBPyConnection, call: Row, plan: Row, rate: Row, lines: tuple[Charge, ...]) -> tuple[Row, ...]:
    """What of the own file lies between the bill's lines and the cost."""
    if call["cost_usd"] is None or sum((line.usd for line in lines), Decimal(0)) == call["cost_usd"]:
        return ()
    wanted = "kind = 'capacity' and line = $2" if call["cost_status"] == "capacity" else "kind in ('graduated', 'allowance') and $2 is not distinct from $2"
    found = con.execute(f"select * from price_terms where own_book_id = $1 and {wanted} order by line", [plan["own_book_id"], rate["own_line"]])
    names = [column[0] for column in found.description or ()]
    return tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())


def charges(call: Row, rate: Row) -> tuple[Charge, ...]:
    """The bill line by line; the lines add up to the cost. What has no rate of its own is counted with its parent."""
    lines = []
    for unit in UNITS:
        if rate[unit.rate] is None:
            continue
        count = _count(call, unit) - sum(_billed_apart(call, rate, part) for part in children(unit.name))
        if count:
            lines.append(Charge(unit.name, count, rate[unit.rate], unit.per))
    return tuple(lines)


def render(found: Explanation) -> list[str]:
    """The explanation as lines for a terminal."""
    return [*_names(found), *_price_row(found), *_bill(found), *_result(found)]


def plans(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Every plan with the calls and tokens it stands for, the most called first: how the log's names were resolved, and which were not."""
    return con.execute(
        """select p.provider_raw as provider, coalesce(p.model_raw, p.response_model, p.request_model) as model, p.service_tier, p.status,
            p.price_provider, p.price_model, p.match_rule, p.ctx_ignored, count(c.call_id) as calls,
            sum(c.input_tokens)::bigint as input_tokens, sum(c.output_tokens)::bigint as output_tokens, sum(c.cost_usd) as cost_usd,
            concat(b.source, ' ', b.version) as book, o.version as own_file, max(p.superseded_at) as superseded_at,
            max(r.disputed) filter (c.call_id is not null) as disputed
        from price_plans p join price_rates r using (plan_id) join price_books b on b.book_id = p.book_id
        left join price_books o on o.book_id = p.own_book_id left join calls c using (rate_id)
        where r.kind = 'cost' group by all order by calls desc, provider, model, p.service_tier, p.status, p.match_rule"""
    )


def pricing_runs(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """When calls were priced, by which book and own file, and what it changed; the newest first."""
    return con.execute(
        """select r.run_no, r.priced_at, r.command, r.scope, r.ingest_id, concat(b.source, ' ', b.version) as book, o.version as own_file,
            r.calls, r.changed_calls, r.usd_before, r.usd_after
        from pricing_runs r left join price_books b using (book_id) left join price_books o on o.book_id = r.own_book_id order by run_no desc"""
    )


def _one(con: duckdb.DuckDBPyConnection, sql: str, value: object) -> dict[str, Any]:
    found = con.execute(sql, [value])
    names = [column[0] for column in found.description or ()]
    rows = found.fetchall()
    return dict(zip(names, rows[0], strict=True)) if rows else {}


def _count(call: Row, unit: Unit) -> int:
    if not unit.column:
        return 1
    billed = call[unit.billed] if unit.billed else None
    return int((call[unit.column] if billed is None else billed) or 0)


def _billed_apart(call: Row, rate: Row, part: Unit) -> int:
    return 0 if rate[part.rate] is None else _count(call, part)


def _word(value: object) -> str:
    return text.clip(text.plain(str(value)), 80) if value is not None else text.DASH


def _names(found: Explanation) -> list[str]:
    call, plan = found.call, found.plan
    lines = [f"call      {_word(call['call_id'])} at {text.exact(call['started_at'], 'time')}"]
    logged = [f"{label} {_word(call[name])}" for name, label in _LOGGED.items() if call[name] is not None]
    lines.append(f"as logged {', '.join(logged) or 'neither provider nor model'}")
    if plan["price_model"] is None and plan["via"] != "override":
        return [*lines, f"book      {_book(found)}: {MEANING[plan['status']]}"]
    lines.append(f"matched   {_word(plan['model_raw'])} -> {_word(plan['price_provider'])}/{_word(plan['price_model'])} ({plan['match_rule']}, {plan['via']})")
    later = ["          calls to come are priced by another plan, of a later book"] if plan["superseded_at"] else []
    return [*lines, f"book      {_book(found)}", *later, *_own_file(found)]


def _own_file(found: Explanation) -> list[str]:
    if not found.own_file:
        return []
    line = f", line {found.rate['own_line']}" if found.rate["own_line"] else ""
    return [f"own file  {_word(found.own_file['version'])} ({str(found.own_file['sha256'])[:12]}){line}"]


_LOGGED = {
    "provider": "provider",
    "request_model": "asked for",
    "response_model": "answered by",
    "deployment": "deployment",
    "service_tier": "tier",
    "region": "region",
}


def _book(found: Explanation) -> str:
    return f"{found.book['source']} {found.book['version']} ({str(found.book['sha256'])[:12]})"


def _price_row(found: Explanation) -> list[str]:
    rate = found.rate
    if found.plan["price_model"] is None and found.plan["via"] != "override":
        return []
    parts = [f"from {_day(rate['valid_from'])}" if rate["valid_from"] else "", f"until {_day(rate['valid_to'])}" if rate["valid_to"] else ""]
    if rate["tod_from"] is not None:
        parts.append(f"between {_clock(rate['tod_from'])} and {_clock(rate['tod_to'])} UTC")
    if rate["dow_mask"] is not None:
        parts.append("on " + ", ".join(day for i, day in enumerate(WEEK) if rate["dow_mask"] >> i & 1))
    if rate["in_gt"] is not None:
        parts.append(f"for more than {rate['in_gt']:,} input tokens")
    if rate["in_le"] is not None:
        parts.append(f"up to {rate['in_le']:,} input tokens")
    if found.plan["ctx_applied"]:
        parts.append(f"tier {_word(found.plan['ctx_applied'])}")
    lines = [f"rate      {rate['rate_id']}: " + (", ".join(filter(None, parts)) or "one price at all times")]
    lines += [f"          {_word(rate['src_note'])}"] if rate["src_note"] else []
    lines += [f"          all rates times {_plain(rate['factor'])}"] if rate["factor"] != 1 else []
    lines += [f"source    {_word(rate['src_url'])}"] if rate["src_url"] else []
    return lines + ([f"in doubt  {text.plain(rate['disputed'])}"] if rate["disputed"] else [])


def _bill(found: Explanation) -> list[str]:
    return [
        f"{_label(charge):>26} {charge.count:>12,} x {_plain(charge.rate * charge.per):>9} USD per {charge.per:,} = {_plain(charge.usd)} USD"
        for charge in found.charges
    ] + _agreed(found)


def _agreed(found: Explanation) -> list[str]:
    """What the own file changes over many calls."""
    if not found.terms or found.call["cost_usd"] is None:
        return []
    names = ", ".join(f"{_TERMS[term['kind']]} of line {term['line']}" + (f" ({_word(term['reason'])})" if term["reason"] else "") for term in found.terms)
    return [f"agreed    {_plain(found.call['cost_usd'] - sum((line.usd for line in found.charges), Decimal(0)))} USD by {names}"]


_TERMS = {"graduated": "graduated discount", "allowance": "free allowance", "capacity": "capacity by busy seconds"}


def _label(charge: Charge) -> str:
    return charge.unit.replace("_", " ")


def _result(found: Explanation) -> list[str]:
    call = found.call
    cost = "no price" if call["cost_usd"] is None else f"{_plain(call['cost_usd'])} USD"
    lines = [f"cost      {cost} [{found.status}: {MEANING[found.status]}]"]
    if call["list_usd"] is not None and call["list_usd"] != call["cost_usd"]:
        lines.append(f"list      {_plain(call['list_usd'])} USD by the book")
    if call["reported_usd"] is not None:
        lines.append(f"stated    {_plain(call['reported_usd'])} USD by the log itself")
    counted = [f"{unit.column} {call[unit.column]:,}" for unit in COUNTED if call[unit.column] is not None]
    return lines if found.charges else [*lines, f"logged    {', '.join(counted) or 'no usage'}"]


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _day(instant: Any) -> str:
    return f"{instant:%Y-%m-%d}"


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}"
