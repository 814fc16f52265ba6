"""How much of the money is known: the gate behind --strict."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from llmlogs import text

FLOOR = 0.95  # below it a total of money says too little to act on


@dataclass(frozen=True)
class Coverage:
    """The row of the view spend_coverage. Shares are None where there is nothing to share."""

    billable_calls: float
    priced_calls: float
    priced_share: float | None  # of the calls that may have cost something
    priced_token_share: float | None  # of all tokens
    spend: Decimal | None
    spend_high: Decimal | None  # without the unbounded calls
    unbounded_calls: float

    @property
    def share(self) -> float | None:
        """The smaller of the two shares: many small calls or few large ones may be what is missing."""
        return min((share for share in (self.priced_share, self.priced_token_share) if share is not None), default=None)

    def below(self, floor: float = FLOOR) -> str | None:
        """What is wrong when less than `floor` (0..1) of calls or tokens is priced; None when it is enough, or there is nothing to price."""
        if self.share is None or self.share >= floor:
            return None
        calls, tokens = (text.show(share, "pct1") if share is not None else "none" for share in (self.priced_share, self.priced_token_share))
        return f"only {calls} of calls and {tokens} of tokens are priced, {floor:.1%} are asked for; cost/unpriced says which are not, and why"


def coverage(con: duckdb.DuckDBPyConnection) -> Coverage:
    """The coverage of a database."""
    names = ", ".join(Coverage.__dataclass_fields__)
    return Coverage(*con.execute(f"select {names} from spend_coverage").fetchall()[0])
