"""Each planted fault is found by its own card, with the planted numbers, and no card warns where nothing was planted."""

from datetime import datetime
from typing import Any

import pytest

from llmlogs import resources
from llmlogs.pack.load import load
from llmlogs.pack.model import Answer
from llmlogs.pack.run import run
from tests.sample_data.conftest import SETS

ALARMS = ("fail", "warn", "error")
STATED = [  # set, its card, and which value of the verdict row is which number of the planted fault
    ("rate_limit_burst", "limits/rate_limit_bursts", {"refused": "refused"}),
    ("stale_cache", "cache/staleness", {"outdated": "stale_hits", "over_ttl": "hits_over_ttl"}),
    ("broken_prefix_cache", "cache/prefix_cache", {"feature": "feature"}),
    ("disconnecting_streams", "streaming/disconnects", {"broken": "disconnected"}),
    ("token_jump", "tokens/drift", {"name": "series", "first_seen": "first_call"}),
    ("slow_provider", "latency/by_model", {"provider": "provider", "changed_at": "start"}),
    ("cost_jump", "cost/by_feature", {"feature": "feature", "changed_at": "start"}),
]


@pytest.fixture(scope="module")
def ask(read: Any) -> Any:
    """A function from the name of a set to the answers of the whole pack."""
    questions = load([resources.folder("queries")]).questions
    kept: dict[str, dict[str, Answer]] = {}

    def answers(name: str) -> dict[str, Answer]:
        if name not in kept:
            kept[name] = {answer.question.id: answer for answer in run(read(name).db, questions)}
        return kept[name]

    return answers


@pytest.mark.parametrize("name", SETS)
def test_the_fault_trips_its_own_card_and_no_other(name: str, read: Any, ask: Any) -> None:
    """The healthy set and the sets that only show a format trip none."""
    answers, truth = ask(name), read(name).truth
    loud = {identity for identity, answer in answers.items() if answer.verdict in ALARMS}
    must, may = set(truth["must_warn"]), set(truth["may_warn"])
    told = {identity: (answer.verdict, answer.sentence, answer.reason) for identity, answer in answers.items() if identity in must | loud}
    assert loud <= must | may, told
    assert must <= loud, told


@pytest.mark.parametrize(("name", "card", "same"), STATED)
def test_the_card_states_what_was_planted(name: str, card: str, same: dict[str, str], read: Any, ask: Any) -> None:
    """Counts to the call, dates to the day, names to the letter."""
    values, fault = ask(name)[card].values, read(name).truth["fault"]
    planted = {value: fault[key].replace(tzinfo=None) if isinstance(fault[key], datetime) else fault[key] for value, key in same.items()}
    assert {value: values[value] for value in same} == planted
