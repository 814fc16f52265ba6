"""Bill against log: each difference is split into causes that exclude each other and add up to all of it; the rest is called unexplained.

Variance analysis (quantity variance at the billed price, price variance at the logged quantity; Horngren, Cost Accounting, ch. 7), after the causes of
the quantities were taken off one by one, the surest first. Quantities are tokens, or dollars at list price where a report has no tokens. The steps are the
SQL files of this folder, in the order of their names; each takes from what the steps before it left. Python only asks the price book for names and rates.
Fills stat_reconcile (one row for each day, model, kind, tier, account and cause), stat_reconcile_bills (what was compared), stat_reconcile_days and
stat_reconcile_notes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmlogs.stats import Inputs
from llmlogs.stats.reconciliation import accounts, names

if TYPE_CHECKING:
    import duckdb

STEPS = tuple(sorted(Path(__file__).parent.glob("*.sql")))


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill the tables; where no report of a provider was read there is nothing to do, and the question makes empty ones."""
    if not con.execute("select exists (select 1 from usage_buckets)").fetchall()[0][0]:
        return
    names.fill(con)
    own = accounts.columns(con)
    for path in STEPS:
        con.execute(path.read_text(encoding="utf-8").replace("{project}", own.project).replace("{key}", own.key))
