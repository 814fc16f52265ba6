"""outliers/explained: the culprit first, and no culprit where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.outliers import Truth
from tests.truth.world import Connection

SAME = {"provider": {"provider", "request_model", "response_model", "model"}}  # a provider's only model is the same set of calls


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: culprit in the first row; findings a stream that are none; clean streams with any finding."""

    def measure() -> Iterator[Score]:
        rows = ask(con, "outliers/explained").rows("attribute", "attribute_value", "lift", "outliers", "share_of_excess", result="groups")
        mine = [row for row in rows if truth.culprit and _is(row["attribute"], str(row["attribute_value"]), truth.culprit)]
        yield Score("first", float(bool(mine) and rows[0] in mine))
        yield Score("extra", len(rows) - len(mine))
        yield Score("any", float(bool(rows)))

    yield ("first", "extra", "any"), measure


def _is(attribute: str, value: str, culprit: tuple[str, str]) -> bool:
    kind, wanted = culprit
    if kind == "hour":
        return attribute == "hour" and value.lstrip("0").split(":")[0] in (wanted, "" if wanted == "0" else wanted)
    return attribute in SAME.get(kind, {kind}) and value.startswith(wanted)
