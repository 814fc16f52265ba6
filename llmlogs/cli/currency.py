"""`--currency`: reports in another currency, by the [[fx]] rates of the price file."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from llmlogs.cli.options import settings
from llmlogs.errors import UsageError

HELP = "Show money in this currency, as in EUR, by [[fx]] of your price file; --json stays in USD.  [default: USD, or llmlogs.toml]"
Currency = Annotated[str | None, typer.Option("--currency", metavar="CODE", help=HELP)]


def shown_in(code: str | None, path: Path) -> AbstractContextManager[None]:
    """Show money in a currency while the block runs, at the rate in force on the last day of the log. UsageError without a rate."""
    config = settings()
    wanted = (code or config.currency).upper()
    if wanted == "USD":
        return nullcontext()
    from llmlogs import text
    from llmlogs.pricing import load_overrides

    day = _last_day(path)
    rates = [entry for entry in load_overrides(config.prices).of("fx") if entry.currency == wanted and entry.holds(day)] if config.prices else []
    if not rates:
        fix = f'[[fx]] currency = "{wanted}" usd_per_unit = "..." in llmlogs.prices.toml'
        raise UsageError(f"no exchange rate for {wanted}", f"on {day:%Y-%m-%d}", "the price file has none for the last day of the log", fix)
    rate = max(rates, key=lambda entry: entry.valid_from or datetime.min.replace(tzinfo=UTC))
    usd = rate.usd_per_unit or Decimal(1)
    note = f"money in {wanted}: 1 {wanted} = {usd} USD on {day:%Y-%m-%d}, the last day of the log ({rate.reason or f'[[fx]] of line {rate.line}'})"
    return text.money_in(text.Money(f"{wanted} ", usd, note))


def _last_day(path: Path) -> datetime:
    from llmlogs.store.database import open_for_read

    con = open_for_read(path)
    try:
        last = con.execute("select max(started_at) from calls").fetchall()[0][0]
    finally:
        con.close()
    return last.replace(tzinfo=UTC) if last else datetime.now(UTC)
