"""From what a call says about itself to a price list: which logged name is the price key, and what the book has under it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llmlogs.pricing import book, names
from llmlogs.pricing.context import context
from llmlogs.pricing.rates import Cell

# These hosts bill by the name you ask for; what comes back is the inner model's own name, which does not say where it was served: behind an opaque
# inference profile of Bedrock the same model costs a tenth more in one region than everywhere.
_BY_REQUEST = {"aws", "databricks", "cloudflare"}


@dataclass(frozen=True)
class Tuple:
    """Everything about a call, except its counts and its time, that its price may depend on; as logged."""

    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    deployment: str | None = None
    service_tier: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Found:
    """A logged name and the book's entry for it."""

    entry: book.Entry
    model_raw: str
    rule: str


@dataclass
class Plan:
    """How one tuple is priced. `cells` cover all time; `list_cells` only where own prices or discounts make a difference."""

    key: Tuple
    status: str
    cells: list[Cell]
    list_cells: list[Cell] = field(default_factory=list)
    model_raw: str | None = None
    price_provider: str | None = None
    price_model: str | None = None
    match_rule: str | None = None
    via: str | None = None
    ctx_applied: str | None = None
    ctx_ignored: str | None = None
    src_url: str | None = None


def by_the_book(key: Tuple) -> Plan:
    """The plan the book alone gives."""
    tier = context(key.service_tier)
    if tier.capacity or "provisioned-model/" in (key.request_model or ""):
        return unpriced(key, "capacity")
    found = find(key)
    if isinstance(found, str):
        return unpriced(key, found)
    cells = book.cells(found.entry, tier)
    plan = Plan(key, summary(cells), cells)
    _describe(plan, found)
    applied = any(cell.status != "context_unpriced" for cell in cells)
    plan.ctx_applied, plan.ctx_ignored = (tier.named or None, None) if applied else (None, tier.named or None)
    return plan


def unpriced(key: Tuple, status: str) -> Plan:
    """A plan that says why there is no price."""
    return Plan(key, status, [Cell(status=status)], model_raw=next(iter(candidates(key, None)), None))


def find(key: Tuple) -> Found | str:
    """The book's entry, or the status that says what is missing."""
    named = names.provider(key.provider)
    if named == "?" or (named and book.provider(named) is None):
        return "unknown_provider"
    unsure = "unknown_model" if named else "unknown_provider"
    for model in candidates(key, named):
        found = _find(named, model)
        if found:
            return found
    return unsure if candidates(key, named) else "unknown_model"


def candidates(key: Tuple, provider: str | None) -> list[str]:
    """The logged names that may be the price key, best first."""
    asked, answered = key.request_model, key.response_model
    if provider in _BY_REQUEST:
        order = [asked or answered, key.deployment]
    elif answered and asked and not _related(asked, answered):
        order = [answered]  # a fallback or a router answered with something else: the name asked for would be the wrong price
    else:
        order = [answered, asked, key.deployment]
    return list(dict.fromkeys(name.strip() for name in order if name and name.strip()))


def summary(cells: list[Cell]) -> str:
    """One word for a plan: priced as soon as some part of time is."""
    found = {cell.status for cell in cells}
    return next((status for status in ("priced", "free") if status in found), cells[0].status)


def _related(asked: str, answered: str) -> bool:
    """`gpt-4o` and `gpt-4o-2024-08-06`, with or without a path: the answer is the same model with its date, not `gpt-4o-mini`."""
    short, long = (name.lower().rpartition("/")[2] for name in (asked, answered))
    return long.startswith(short) and re.fullmatch(r"([-@:](latest|\d[\d-]{3,}))?", long[len(short) :]) is not None


def _find(provider: str | None, model: str) -> Found | None:
    if provider is None:
        return _find_without_provider(model)
    for spelling, rule in names.spellings(book_id(provider), model):
        entry = book.find(provider, spelling)
        if entry:
            return Found(entry, model, rule)
    return None


def _find_without_provider(model: str) -> Found | None:
    head, rest = names.split_prefix(model)
    named = names.provider(head) if head else names.provider_of_model(model)
    if not named or named == "?" or book.provider(named) is None:
        return None
    found = _find(named, rest)
    return Found(found.entry, model, "provider read from the model's name") if found else None


def book_id(provider: str) -> str:
    """The book's id of a provider it knows."""
    found = book.provider(provider)
    return found.id if found else provider


def _describe(plan: Plan, found: Found) -> None:
    plan.model_raw, plan.match_rule = found.model_raw, found.rule
    plan.price_provider, plan.price_model = found.entry.provider.id, found.entry.model.id
    plan.via, plan.src_url = "own" if found.entry.own else "fallback", found.entry.url
