"""The one join that prices all calls: SQL made from the units, the columns the log has and what the rates need."""

from __future__ import annotations

import duckdb

from llmlogs.pricing.plans import KEYS
from llmlogs.pricing.units import BY_NAME, COUNTED, OVERLAPS, UNITS, UNSEEN_OUTPUT, children
from llmlogs.schema.ddl import quote

COUNT = "decimal(12,0)"  # one call has fewer than a million million of anything
EXACT = 12  # decimals of nearly every price per token; a wider type costs 15 times as much to add up, and is used only where needed
BROAD = 24
PRICED = "('priced', 'free')"


class Statement:
    """SQL over `call_rows c` and `rates r`, for the columns that this database has."""

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
        size = f"coalesce({self.column('input_tokens')}, 0)"
        instant = self.instant("'-infinity'::timestamp")
        keys += [f"{instant} >= r.valid_from", f"{instant} < r.valid_to", f"{size} > r.in_gt", f"{size} <= r.in_le"]
        if timed:
            second = f"coalesce(epoch_us({self.instant('null')}) // 1000000 % 86400, 0)"
            keys += [f"{second} >= r.tod_from", f"{second} < r.tod_to"]
        return " and ".join(keys)

    def instant(self, otherwise: str) -> str:
        """When a call is priced: at its start, or at its end where only that is known."""
        return f"coalesce(c.started_at, {self.column('ended_at', 'timestamp')}, {otherwise})"

    def column(self, name: str, kind: str = "varchar") -> str:
        """A column of the call, NULL where no source has brought it."""
        kind = "bigint" if name in {unit.column for unit in COUNTED} else kind
        return f"c.{quote(name)}" if name in self.have else f"null::{kind}"

    def cost(self) -> str:
        """USD, NULL wherever the status says so."""
        stop = " or ".join(f"({condition})" for condition, _ in self.refusals())
        return f"case when {self.hit()} then 0 when {stop} then null else try_cast({self.total()} as decimal(18,12)) end"

    def status(self) -> str:
        """NULL for a plainly priced call, otherwise why it has no price or what kind of price it is."""
        refused = "\n".join(f"when {condition} then {status}" for condition, status in self.refusals())
        return f"""case when {self.hit()} then 'app_cache_hit' {refused}
            when try_cast({self.total()} as decimal(18,12)) is null then 'invalid_usage'
            when {self.incomplete()} then 'lower_bound'
            when r.status = 'free' then 'free' end"""

    def total(self) -> str:
        """The price as one dot product: each count times the difference between its own rate and its parent's."""
        terms = [f"coalesce(c.{quote(unit.column)}, 0)::{COUNT} * r.{quote('d_' + unit.name)}" for unit in self.counted]
        return "(" + " + ".join([*terms, "r.d_request"]) + ")"

    def hit(self) -> str:
        """Served by the application's own cache: the provider was not called. A retrieval or embedding cache still calls the model."""
        kind, operation = self.column("cache_kind"), self.column("operation")
        whole = f"coalesce({kind}, 'exact') in ('exact', 'semantic') or ({kind} = 'embedding' and {operation} = 'embeddings')"
        return f"({self.column('app_cache')} is not distinct from 'hit' and ({whole}))"

    def refusals(self) -> list[tuple[str, str]]:
        """Conditions under which a call has no price, in the order they are told, with the status as an SQL expression."""
        stated = self.column("reported_usd", "decimal(18,12)")
        only_stated = "case when " + stated + " is not null then 'reported_only' else {} end"
        return [
            (self.out_of_range(), "'invalid_usage'"),
            (self.nothing_counted(), only_stated.format("'usage_missing'")),
            (f"r.status not in {PRICED}", only_stated.format("r.status")),
            (f"{self.instant('null')} is null", only_stated.format("'time_missing'")),
            (self.half_counted(), only_stated.format("'partial_usage'")),
            (self.contradiction(), "'invalid_usage'"),
        ]

    def out_of_range(self) -> str:
        """A negative count, or one that no call can have."""
        return _either(f"c.{quote(unit.column)} not between 0 and 999999999999" for unit in self.counted)

    def nothing_counted(self) -> str:
        """No usage at all."""
        tokens = [unit.column for unit in self.counted if unit.name != "web_search"]
        return (
            f"coalesce({', '.join(f'c.{quote(name)}' for name in tokens)}) is null"
            if len(tokens) > 1
            else f"{self.column(tokens[0])} is null"
            if tokens
            else "true"
        )

    def contradiction(self) -> str:
        """What genai-prices refuses too: parts that exceed their whole, a part without its whole, two parts whose overlap was not counted."""
        wholes = [unit for unit in UNITS if children(unit.name) and any(part in self.counted for part in children(unit.name))]
        tests = [f"coalesce({self.column(whole.column)}, 0) < {self.parts(whole.name)}" for whole in wholes]
        long_lived, written = self.column("cache_write_1h_tokens"), self.column("cache_write_tokens")
        tests.append(f"{long_lived} > 0 and {written} is null and r.has_cache_write = 1")
        for key, (one, other) in OVERLAPS.items():
            both = f"{self.column(BY_NAME[one].column)} > 0 and {self.column(BY_NAME[other].column)} > 0"
            tests.append(f"contains(r.unseen, '{key}') and {both}")
        return _either(tests)

    def parts(self, whole: str) -> str:
        """How much of a whole is billed apart."""
        own = [part for part in children(whole) if part in self.counted]
        return " + ".join(f"coalesce(c.{quote(part.column)}, 0) * r.{quote('has_' + part.name)}" for part in own)

    def half_counted(self) -> str:
        """The price needs a count the log does not have."""
        tests = [f"{self.column('input_tokens')} is null and r.has_input = 1", f"{self.column('output_tokens')} is null and r.d_output <> 0"]
        for part in ("audio_output", "image_output"):  # eight to twenty times the price of text: without the split there is no price
            tests.append(f"r.has_{part} = 1 and {self.column(BY_NAME[part].column)} is null and {self.column('output_tokens')} > 0")
        tests += [f"contains(r.unseen, '{key}') and {self.column('output_tokens')} > 0" for key in UNSEEN_OUTPUT]
        return _either(tests)

    def incomplete(self) -> str:
        """All that is needed was counted, but the log says the counts are not final, or something was used that the book has no price for."""
        tops = [unit for unit in self.counted if not unit.parent]
        unfinished = f"{self.column('usage_status')} is not distinct from 'partial'"
        return _either([unfinished, *(f"c.{quote(unit.column)} > 0 and r.has_{unit.name} = 0" for unit in tops)])


def _either(tests: object) -> str:
    listed = [f"coalesce({test}, false)" for test in tests]  # type: ignore[attr-defined]
    return "(" + " or ".join(listed) + ")" if listed else "false"


def load_rates(con: duckdb.DuckDBPyConnection, kind: str, own_book: int | None) -> bool:
    """Make the small table that calls are joined with; True when a rate depends on the hour."""
    decimals = EXACT if _exact(con, kind) else BROAD
    con.execute(f"create or replace temp table pricing_rates as {_rates(decimals)}", {"kind": kind, "own": own_book})
    return bool(con.execute("select count(*) from pricing_rates where tod_from > 0 or tod_to < 86400").fetchall()[0][0])


def _exact(con: duckdb.DuckDBPyConnection, kind: str) -> bool:
    parts = " or ".join(f"{quote(unit.rate)} <> round({quote(unit.rate)}, {EXACT})" for unit in UNITS)
    return not con.execute(f"select count(*) from price_rates where kind = $1 and ({parts})", [kind]).fetchall()[0][0]


def _rates(decimals: int) -> str:
    keys = ", ".join(f"p.{quote(column)}" for column in KEYS.values())
    width = f"decimal({decimals + (6 if decimals == EXACT else 2)},{decimals})"
    full = {unit.name: quote(unit.rate) for unit in UNITS}
    for unit in UNITS:  # parents stand before their parts
        full[unit.name] = f"coalesce({quote(unit.rate)}, {full[unit.parent] if unit.parent else 0})"
    deltas = ", ".join(f"({full[u.name]} - {full[u.parent] if u.parent else 0})::{width} as d_{u.name}" for u in UNITS)
    flags = ", ".join(f"({quote(unit.rate)} is not null)::bigint as has_{unit.name}" for unit in UNITS)
    return f"""select {keys}, r.rate_id, r.status, coalesce(r.unseen, '') as unseen,
        coalesce(r.valid_from, '-infinity'::timestamp) as valid_from, coalesce(r.valid_to, 'infinity'::timestamp) as valid_to,
        coalesce(r.tod_from, 0) as tod_from, coalesce(r.tod_to, 86400) as tod_to,
        coalesce(r.in_gt, -9223372036854775808) as in_gt, coalesce(r.in_le, 9223372036854775807) as in_le, {deltas}, {flags}
        from price_plans p join price_rates r using (plan_id) where r.kind = $kind and p.own_book_id is not distinct from $own"""
