"""`--strict`: a total of money counts only where enough of it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from llmlogs.cli import talk
from llmlogs.errors import Exit

if TYPE_CHECKING:
    import duckdb

Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 where less than 95 % of calls or of tokens are priced; see --min-priced.")]
MinPriced = Annotated[float | None, typer.Option("--min-priced", min=0, max=1, metavar="SHARE", help="Another floor for --strict, as in 0.99; implies it.")]


def floor_of(strict: bool, min_priced: float | None) -> float | None:
    """The share of calls and tokens that must be priced; None where nobody asks."""
    from llmlogs.pricing.coverage import FLOOR

    return min_priced if min_priced is not None else FLOOR if strict else None


def complaint(con: duckdb.DuckDBPyConnection, strict: bool, min_priced: float | None) -> str | None:
    """What is wrong with the coverage, where somebody asks."""
    from llmlogs.pricing.coverage import coverage

    floor = floor_of(strict, min_priced)
    return coverage(con).below(floor) if floor is not None else None


def finish(found: str | None) -> None:
    """Say it and end with 1; the answer is written by then."""
    if found:
        talk.error(found)
        raise typer.Exit(Exit.ALARM)
