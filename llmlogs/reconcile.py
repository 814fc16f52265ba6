"""The provider's report against the log: one question of the pack, asked on its own, and what its answer means for an exit code."""

from __future__ import annotations

from pathlib import Path

from llmlogs.errors import Exit
from llmlogs.pack.load import Pack
from llmlogs.pack.model import Answer
from llmlogs.pack.run import run

QUESTION = "cost/reconcile"


def reconcile(database: Path, pack: Pack, max_unexplained: float | None = None) -> Answer:
    """Compare what stands in the database. `max_unexplained`: share of the bill (0 to 1) that may stay without a cause, 0.01 unless the configuration says."""
    values = {} if max_unexplained is None else {"max_unexplained": max_unexplained}
    return run(database, [pack.find(QUESTION)], values, known=pack.questions)[0]


def exit_code(answer: Answer) -> Exit:
    """0 where every difference has a cause, 1 where too much has none, 3 where nothing could be compared."""
    if answer.verdict == "unknown":
        return Exit.NO_INPUT
    return Exit.DONE if answer.verdict in ("ok", "info") else Exit.ALARM
