"""The one join that prices all calls: SQL made from the units, the columns the log has and what the rates need."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from llmlogs.pricing.plans import KEYS
from llmlogs.pricing.units import BY_NAME, COUNTED, FEE, OVERLAPS, UNITS, UNSEEN_OUTPUT, Unit, children
from llmlogs.schema.calls import CALLS
from llmlogs.schema.ddl import quote

MOST = 999_999_999_999  # of anything in one call
EXACT, BROAD = 12, 24  # decimals of a price for one: twelve do for nearly every price and are 15 times as fast to add up, 24 for the few others


class Statement:
    """SQL over `call_rows c` and `pricing_rates r`, for the columns that this database has."""

    def __init__(self, have: set[str]) -> None:
        self.have = have
        self.counted = [unit for unit in COUNTED if unit.column in have]

    def update(self, fresh: str, timed: bool) -> str:
        """Price every fresh call: its cost, the rate row that gave it, and a status where it is not plainly priced."""
        return f"""update call_rows c set cost_usd = {self.cost()}, rate_id = r.rate_id, cost_status = {self.status()}
            from pricing_rates r where {fresh} and {self.match(timed)}"""

    def list_update(self, fresh: str, timed: bool) -> str:
        """The book's price beside an own price."""
        return f"update call_rows c set list_usd = {self.cost()} from pricing_rates r where {fresh} and {self.match(timed)}"

    def match(self, timed: bool) -> str:
        """Which rate row is a call's: exactly one, because the rows of a plan cover all time and sizes without overlap."""
        keys = [f"{self.column(name)} is not distinct from r.{quote(column)}" for name, column in KEYS.items()]
        size, instant = f"coalesce({self.count(BY_NAME['input'])}, 0)", f"coalesce({self.instant()}, '-infinity'::timestamp)"
        keys += [f"{instant} >= r.valid_from", f"{instant} < r.valid_to", f"{size} > r.in_gt", f"{size} <= r.in_le"]
        if timed:
            second = f"coalesce(epoch_us({self.instant()}) // 1000000 % 86400, 0)"
            keys += [f"{second} >= r.tod_from", f"{second} < r.tod_to"]
            keys.append(f"r.dow_mask & (1 << coalesce(isodow({self.instant()}) - 1, 0)::integer) <> 0")
        return " and ".join(keys)

    def column(self, name: str) -> str:
        """A column of the call, NULL where no source has brought it."""
        return f"c.{quote(name)}" if name in self.have else f"null::{CALLS.column(name).type}"

    def instant(self) -> str:
        """When a call is priced: at its start, or at its end where only that is known."""
        return f"coalesce(c.started_at, {self.column('ended_at')})"

    def count(self, unit: Unit) -> str:
        """How much of a unit is paid: what the provider says it bills, else what was counted."""
        return f"coalesce(c.{quote(unit.billed)}, {self.column(unit.column)})" if unit.billed in self.have else self.column(unit.column)

    def cost(self) -> str:
        """USD, NULL wherever the status says so."""
        return (
            f"case when {self.hit()} then 0 when {_either(test for test, _ in self.refusals())} then null "
            f"when {_either(test for test, _ in self.worthless())} then null else {self.total()} end"
        )

    def status(self) -> str:
        """NULL for a plainly priced call, otherwise why it has no price or what kind of price it is."""
        refused = "\n".join(f"when {test} then {status}" for test, status in [*self.refusals(), *self.worthless()])
        return f"""case when {self.hit()} then 'app_cache_hit' {refused} when {self.total()} is null then 'invalid_usage'
            when r.status = 'own_capacity' then 'capacity'
            when {self.incomplete()} then 'lower_bound' when r.status = 'free' or {self.nothing_to_pay()} then 'free' end"""

    def total(self) -> str:
        """The price as one dot product: each count times the difference between its own rate and its parent's. NULL where no column can hold it."""
        terms = [f"coalesce({self.count(unit)}, 0)::decimal(12,0) * r.{quote('d_' + unit.name)}" for unit in self.counted]
        return f"try_cast({' + '.join([*terms, 'r.d_request'])} as decimal(18,12))"

    def hit(self) -> str:
        """Served by the application's own cache: the provider was not called. A retrieval or embedding cache still calls the model."""
        kind, operation = self.column("cache_kind"), self.column("operation")
        whole = f"coalesce({kind}, 'exact') in ('exact', 'semantic') or ({kind} = 'embedding' and {operation} = 'embeddings')"
        return _either([f"{self.column('app_cache')} = 'hit' and ({whole})"])

    def refusals(self) -> list[tuple[str, str]]:
        """Conditions under which a call has no price, in the order they are told, with the status as an SQL expression."""
        stated = f"case when {self.column('reported_usd')} is not null then 'reported_only' else"
        return [
            (self.out_of_range(), "'invalid_usage'"),
            (f"{self.nothing_counted()} and (r.has_input or r.status <> 'own_capacity')", f"{stated} 'usage_missing' end"),
            ("r.status not in ('priced', 'free', 'own_capacity')", f"{stated} r.status end"),
            (f"{self.instant()} is null and not r.timeless", f"{stated} 'time_missing' end"),
            (self.half_counted(), f"{stated} 'partial_usage' end"),
            (self.contradiction(), "'invalid_usage'"),
        ]

    def worthless(self) -> list[tuple[str, str]]:
        """The same for calls whose total can be worked out, and is 0 only because what was used has no rate."""
        whole = f"coalesce({self.count(BY_NAME['input'])}, 0) + coalesce({self.count(BY_NAME['output'])}, 0)"
        return [
            (f"{self.nothing_to_pay()} and {self.without_rate()}", "'unpriced_model'"),
            (f"{self.nothing_to_pay()} and {whole} = 0", "'invalid_usage'"),
        ]

    def out_of_range(self) -> str:
        """A negative count, or one that no call can have."""
        return _either(f"{self.count(unit)} not between 0 and {MOST}" for unit in self.counted)

    def nothing_counted(self) -> str:
        """No usage at all: searches alone are none, every call that makes one reads tokens too."""
        tokens = [self.count(unit) for unit in self.counted if unit.name != "web_search"]
        return f"coalesce({', '.join([*tokens, 'null'])}) is null"

    def half_counted(self) -> str:
        """The price needs a count the log does not have."""
        read, written = self.count(BY_NAME["input"]), self.count(BY_NAME["output"])
        tests = [f"{read} is null and r.has_input", f"{written} is null and r.d_output <> 0"]
        for part in ("audio_output", "image_output"):  # eight to twenty times the price of text: without the split there is no price
            tests.append(f"{written} > 0 and r.has_{part} and {self.count(BY_NAME[part])} is null")
        tests += [f"{written} > 0 and contains(r.unseen, '{key}')" for key in UNSEEN_OUTPUT]
        tests.append(f"contains(r.unseen, '{FEE}')")
        return _either(tests)

    def contradiction(self) -> str:
        """What genai-prices refuses too: parts that exceed their whole, a part without its whole, two parts whose overlap was not counted."""
        wholes = [unit for unit in COUNTED if any(part in self.counted for part in children(unit.name))]
        tests = [f"coalesce({self.count(whole)}, 0) < {self.billed_apart(whole)}" for whole in wholes]
        write, long_lived = self.count(BY_NAME["cache_write"]), self.count(BY_NAME["cache_write_1h"])
        tests.append(f"{long_lived} > 0 and {write} is null and r.has_cache_write")
        for key, parts in OVERLAPS.items():
            both = " and ".join(f"{self.count(BY_NAME[part])} > 0" for part in parts)
            tests.append(f"{both} and contains(r.unseen, '{key}')")
        return _either(tests)

    def billed_apart(self, whole: Unit) -> str:
        """How much of a whole has a rate of its own."""
        parts = [part for part in children(whole.name) if part in self.counted]
        return " + ".join(f"case when r.has_{part.name} then coalesce({self.count(part)}, 0) else 0 end" for part in parts)

    def incomplete(self) -> str:
        """All that is needed was counted, but the log says the counts are not final, or something was used that the book has no price for."""
        partial = f"{self.column('usage_status')} = 'partial'"
        return f"({_either([partial])} or {self.without_rate()})"

    def without_rate(self) -> str:
        """Something was used that the book has no price for."""
        must = [unit for unit in self.counted if not unit.parent or unit.name in ("audio_output", "image_output")]  # never cheaper than text
        return _either(f"{self.count(unit)} > 0 and not r.has_{unit.name}" for unit in must)

    def nothing_to_pay(self) -> str:
        """Something was used and comes to 0: free, or not known at all, but never plainly priced."""
        used = _either(f"{self.count(unit)} > 0" for unit in self.counted)
        return f"({self.total()} = 0 and {used} and r.status <> 'own_capacity')"


def _either(tests: Iterable[str]) -> str:
    """Any of the tests holds; one that cannot be told does not."""
    return f"coalesce({' or '.join(f'({test})' for test in tests) or 'false'}, false)"


def load_rates(con: duckdb.DuckDBPyConnection, kind: str, own_book: int | None) -> bool:
    """Make the small table that calls are joined with; True when a rate depends on the hour or the day."""
    decimals = EXACT if _exact(con) else BROAD
    con.execute(f"create or replace temp table pricing_rates as {_rates(decimals)}", {"kind": kind, "own": own_book})
    return bool(con.execute("select count(*) from pricing_rates where tod_from > 0 or tod_to < 86400 or dow_mask < 127").fetchall()[0][0])


def _exact(con: duckdb.DuckDBPyConnection) -> bool:
    finer = " or ".join(f"{quote(unit.rate)} <> round({quote(unit.rate)}, {EXACT})" for unit in UNITS)
    return not con.execute(f"select count(*) from price_rates where {finer}").fetchall()[0][0]


def _rates(decimals: int) -> str:
    """Rates with open ends filled, and each rate as the difference to its parent's."""
    width = f"decimal({'20,12' if decimals == EXACT else '26,24'})"  # above 18 digits products do not overflow: DuckDB then counts in 128 bits
    full: dict[str, str] = {}
    for unit in UNITS:  # parents stand before their parts
        full[unit.name] = f"coalesce(r.{quote(unit.rate)}, {full[unit.parent] if unit.parent else 0})"
    deltas = [f"({full[u.name]} - {full[u.parent] if u.parent else 0})::{width} as d_{u.name}" for u in UNITS]
    flags = [f"r.{quote(unit.rate)} is not null as has_{unit.name}" for unit in UNITS]
    keys = [f"p.{quote(column)}" for column in KEYS.values()]
    status = "case when r.status = 'capacity' and r.own_line is not null then 'own_capacity' else r.status end"
    return f"""select r.rate_id, {status} as status, coalesce(r.unseen, '') as unseen, {", ".join([*keys, *deltas, *flags])},
        coalesce(r.valid_from, '-infinity'::timestamp) as valid_from, coalesce(r.valid_to, 'infinity'::timestamp) as valid_to,
        coalesce(r.valid_from, r.valid_to) is null and r.tod_from is null as timeless, coalesce(r.tod_from, 0) as tod_from, coalesce(r.tod_to, 86400) as tod_to,
        coalesce(r.dow_mask, 127) as dow_mask,
        coalesce(r.in_gt, -9223372036854775808) as in_gt, coalesce(r.in_le, 9223372036854775807) as in_le
        from price_plans p join price_rates r using (plan_id) where p.superseded_at is null and p.own_book_id is not distinct from $own
        and (r.kind = $kind or not exists (select 1 from price_rates l where l.plan_id = r.plan_id and l.kind = $kind))"""
