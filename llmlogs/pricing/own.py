"""Own prices laid over the book's: which entry of the price file holds when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from itertools import pairwise
from math import prod

from llmlogs.pricing import book, hours, names, tiers
from llmlogs.pricing.context import context
from llmlogs.pricing.overrides import Entry, Overrides, load_overrides
from llmlogs.pricing.rates import Cell, clip, merge
from llmlogs.pricing.resolve import Plan, Tuple, by_the_book, summary
from llmlogs.pricing.units import MTOK, UNITS, Rates, Unit

FINEST = Decimal("1e-18")  # USD for one token
_NOT_IN_BOOK = ("unknown_model", "unknown_provider", "unpriced_model")


@cache
def patches() -> Overrides:
    """Corrections of the book that come with llmlogs."""
    return load_overrides(book.PATCHES)


def plan_for(key: Tuple, overrides: Overrides | None) -> Plan:
    """The plan of a tuple under the book, its corrections and the user's own file."""
    alias = _alias(key, overrides) if overrides else None
    asked = _renamed(key, alias) if alias else key
    plan = by_the_book(asked)
    plan.key = key
    if alias:
        plan.via = "alias"
        plan.match_rule = f"alias of line {alias.line}, {plan.match_rule or plan.status}"
    files = [patches(), *([overrides] if overrides else [])]
    plan.cells = merge(_corrected(plan, asked, files))
    if plan.status == "context_unpriced":
        plan.status = summary(plan.cells)
    for entry in (entry for file in files for entry in file.of("disputed") if fits(entry, plan)):
        plan.cells = merge(_doubted(plan.cells, entry))
    return _overlaid(plan, overrides) if overrides else plan


def _corrected(plan: Plan, asked: Tuple, files: list[Overrides]) -> list[Cell]:
    """What the book does not say: a price passed on, a tier before it was listed, hours that count on some days only, and uplifts by region."""
    cells = plan.cells
    for entry in (entry for file in files for entry in file.of("same") if fits(entry, plan)):
        cells = _passed_on(cells, by_the_book(_renamed(asked, entry)).cells, entry)
    for entry in (entry for file in files for entry in file.of("tier") if fits(entry, plan) and _tier_fits(entry, plan.key)):
        cells = tiers.continued(cells, by_the_book(replace(asked, service_tier=None)).cells, entry)
    for entry in (entry for file in files for entry in file.of("hours") if fits(entry, plan)):
        cells = hours.corrected(cells, entry)
    return _cells(cells, [], [entry for entry in patches().of("uplift") if fits(entry, plan)])


def _passed_on(cells: list[Cell], other: list[Cell], entry: Entry) -> list[Cell]:
    """Another entry's price for the time in which this one was sold at it."""
    before = clip(cells, None, entry.valid_from) if entry.valid_from else []
    after = clip(cells, entry.valid_to, None) if entry.valid_to else []
    return before + [replace(cell, note=entry.reason) for cell in clip(other, entry.valid_from, entry.valid_to)] + after


def _doubted(cells: list[Cell], entry: Entry) -> list[Cell]:
    """The cells, with a remark where other sources have another price: for a time, for large prompts."""
    edges = sorted(edge for edge in (entry.valid_from, entry.valid_to) if edge)
    rows: list[Cell] = []
    for first, last in pairwise([None, *edges, None]):
        parts = clip(cells, first, last)
        rows += [piece for cell in parts for piece in _marked(cell, entry)] if entry.holds(first) else parts
    return rows


def _marked(cell: Cell, entry: Entry) -> list[Cell]:
    remark = f"{entry.reason} ({entry.source})"
    if cell.status != "priced" or (cell.in_le is not None and cell.in_le <= entry.above):
        return [cell]
    if (cell.in_gt or 0) >= entry.above:
        return [replace(cell, disputed=remark)]
    return [replace(cell, in_le=entry.above), replace(cell, in_gt=entry.above, disputed=remark)]


def _overlaid(plan: Plan, overrides: Overrides) -> Plan:
    own = [entry for entry in overrides.of("price", "free", "capacity") if fits(entry, plan) and _tier_fits(entry, plan.key)]
    changes = [entry for entry in overrides.of("discount", "uplift") if not entry.steps and fits(entry, plan)]
    if not own and not changes:
        return plan
    cells = merge(_cells(plan.cells, own, changes))
    if cells == plan.cells:
        return plan
    plan.list_cells, plan.cells, plan.status = plan.cells, cells, summary(cells)
    if own:
        plan.via, plan.match_rule = "override", f"own price of line {own[0].line}"
        plan.model_raw = plan.model_raw or plan.key.response_model or plan.key.request_model
    return plan


def _cells(listed: list[Cell], own: list[Entry], changes: list[Entry]) -> list[Cell]:
    """Cut time where anything changes; in each piece the first own price counts, else the book's with its discounts and uplifts."""
    edges = {edge for entry in (*own, *changes) for edge in (entry.valid_from, entry.valid_to) if edge}
    rows: list[Cell] = []
    for first, last in pairwise([None, *sorted(edges), None]):
        price = next((entry for entry in own if entry.holds(first)), None)
        if price:
            rows.append(_own_cell(price, first, last))
            continue
        factors = [entry for entry in changes if entry.holds(first)]
        rows += [_changed(cell, factors, bool(own)) for cell in clip(listed, first, last)]
    return rows


def _own_cell(entry: Entry, first: datetime | None, last: datetime | None) -> Cell:
    note = entry.reason or f"own price of line {entry.line}"
    if entry.kind == "free":
        nothing = {unit.name: Decimal(0) for unit in UNITS if not unit.parent}
        return Cell(first, last, status="free", rates=nothing, note=note, own_line=entry.line)
    if entry.kind == "capacity":
        per_token = entry.usd_per_unit_hour / (entry.tokens_per_minute or 1) / 60
        rates = {name: (weight * per_token).quantize(FINEST) for name, weight in entry.weights.items()}
        return Cell(first, last, status="capacity", rates=rates, note=entry.reason or f"capacity of line {entry.line}", own_line=entry.line)
    return Cell(first, last, rates=entry.rates, note=note, own_line=entry.line)


def _changed(cell: Cell, entries: list[Entry], has_own: bool) -> Cell:
    if cell.status in _NOT_IN_BOOK and has_own:
        return cell.with_status("out_of_book_dates")
    if not entries or cell.status != "priced":
        return cell
    rates = {unit.name: _times(cell.rates, unit, entries) for unit in UNITS if unit.name in cell.rates}
    factor = prod((entry.factor for entry in entries), start=cell.factor)
    return replace(cell, rates=rates, factor=factor, note=", ".join(filter(None, [cell.note, *map(_told, entries)])))


def _times(rates: Rates, unit: Unit, entries: Iterable[Entry]) -> Decimal:
    """A discount is off everything; an uplift is on tokens alone, as providers publish it: a search costs the same everywhere."""
    return prod((entry.factor for entry in entries if entry.kind == "discount" or unit.per == MTOK), start=rates[unit.name])


def _told(entry: Entry) -> str:
    return entry.reason or f"{entry.kind} of line {entry.line}"


def _alias(key: Tuple, overrides: Overrides) -> Entry | None:
    return next((entry for entry in overrides.of("alias") if entry.fits(_providers(key), _models(key), None)), None)


def _renamed(key: Tuple, alias: Entry) -> Tuple:
    provider, model = alias.to or ("", "")
    return replace(key, provider=provider, request_model=model, response_model=None, deployment=None)


def fits(entry: Entry, plan: Plan) -> bool:
    """Whether an entry is meant for a plan: by the names as logged, or by the names in the book."""
    providers = _providers(plan.key) | {plan.price_provider or ""}
    models = _models(plan.key) | {(plan.price_model or "").lower()}
    return entry.fits(providers, models, plan.key.region)


def _tier_fits(entry: Entry, key: Tuple) -> bool:
    return entry.kind in ("free", "capacity") or entry.service_tier == "*" or context(entry.service_tier).named == context(key.service_tier).named


def _providers(key: Tuple) -> set[str]:
    return {(key.provider or "").lower(), names.provider(key.provider) or ""}


def _models(key: Tuple) -> set[str]:
    return {name.lower() for name in (key.request_model, key.response_model, key.deployment) if name}
