"""Spend as FOCUS 1.2 (FinOps Open Cost and Usage Specification, github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec, tag v1.2).

One row per period, SKU, price and tags: a call becomes up to a dozen meters (input, cache reads, output ...), which are added up before they are priced, at
the rates of the calls' own rate rows. So unit price x quantity = cost in every row, to the last digit. What a call cost beyond that (the rounding of a price
with more than 18 decimals, a sample weight that is no whole number) is a row of its own with ChargeCategory "Adjustment": the file adds up to the spend of
`call_costs` exactly. List prices are the book's where own prices apply, else the same. BilledCost is EffectiveCost: llmlogs sees no invoices.
FOCUS allows no cost that is not known: calls without a price are not in the file, and Left says how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from string import Template

import duckdb

from llmlogs.exports import files
from llmlogs.pricing.units import UNITS, Unit, children
from llmlogs.schema.ddl import literal, quote

SQL = Path(__file__).with_suffix(".sql")
TAGS = {"feature": "feature", "team": "team", "environment": "environment", "user": "user_id"}
COUNTED = {"web_search": ("Searches", "web searches"), "request": ("Requests", "requests")}  # unit: noun and meter; all others are tokens
RATE, QUANTITY = "decimal(20, 18)", "decimal(18, 6)"  # their product is exact in decimal(38, 24)
DIMENSIONS = ("period", "provider", "model", "region", "deployment", "project", "tier", "bracket", "dynamic", "cost_status")  # and the tags
SERVICES = {  # provider as logged: (its name, its service)
    "anthropic": ("Anthropic", "Claude API"),
    "aws": ("AWS", "Amazon Bedrock"),
    "aws.bedrock": ("AWS", "Amazon Bedrock"),
    "azure": ("Microsoft", "Azure OpenAI Service"),
    "cohere": ("Cohere", "Cohere API"),
    "deepseek": ("DeepSeek", "DeepSeek API"),
    "gcp.gemini": ("Google", "Gemini API"),
    "gcp.vertex_ai": ("Google Cloud", "Vertex AI"),
    "google": ("Google", "Gemini API"),
    "groq": ("Groq", "GroqCloud"),
    "mistral": ("Mistral AI", "La Plateforme"),
    "openai": ("OpenAI", "OpenAI API"),
    "openrouter": ("OpenRouter", "OpenRouter API"),
    "x-ai": ("xAI", "xAI API"),
}
MAKERS = {  # words of a model's name: who made it
    "Anthropic": ("claude",),
    "OpenAI": ("gpt", "text-embedding"),
    "Google": ("gemini", "gemma"),
    "Meta": ("llama",),
    "Mistral AI": ("mistral", "mixtral", "codestral"),
    "Cohere": ("command", "cohere"),
    "DeepSeek": ("deepseek",),
    "Alibaba Cloud": ("qwen",),
    "xAI": ("grok",),
    "AWS": ("amazon.nova", "amazon.titan"),
}


@dataclass(frozen=True)
class Scope:
    """What goes into the file: from and to an instant (UTC), by hour or day, with which tags."""

    first: datetime | None = None
    last: datetime | None = None
    granularity: str = "day"
    tags: tuple[str, ...] = tuple(TAGS)

    @property
    def where(self) -> str:
        """The condition on calls."""
        bounds = ((">=", self.first), ("<", self.last))
        return " and ".join(f"coalesce(started_at, ended_at) {sign} {literal(str(at))}::timestamp" for sign, at in bounds if at) or "true"


@dataclass(frozen=True)
class Left:
    """What is not in the file: calls that may have cost something and have no price (with their tokens), and priced ones without a time."""

    calls: int
    tokens: int
    timeless: int
    timeless_usd: Decimal


def write(con: duckdb.DuckDBPyConnection, path: Path, scope: Scope) -> tuple[int, Left]:
    """Write the file. Returns its rows, and what could not go into it."""
    return files.write(con, select(con, scope), path), left(con, scope)


def left(con: duckdb.DuckDBPyConnection, scope: Scope) -> Left:
    """What a file of that scope leaves out."""
    unknown = f"money in ('unpriced', 'unfinished') and ({scope.where})"
    timeless = "cost_usd > 0 and coalesce(started_at, ended_at) is null"
    calls, tokens, undated, usd = con.execute(
        f"""select coalesce(round(sum(sample_weight) filter ({unknown})), 0),
            coalesce(round(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) filter ({unknown})), 0),
            coalesce(round(sum(sample_weight) filter ({timeless})), 0), coalesce(sum(spend) filter ({timeless}), 0) from call_costs"""
    ).fetchall()[0]
    return Left(int(calls), int(tokens), int(undated), Decimal(usd))


def select(con: duckdb.DuckDBPyConnection, scope: Scope) -> str:
    """The statement that gives the rows."""
    has_lists = con.execute("select exists (from price_rates where kind = 'list')").fetchall()[0][0]
    dimensions = (*DIMENSIONS, *(f"tag_{tag}" for tag in scope.tags))
    return Template(SQL.read_text(encoding="utf-8")).substitute(
        scope=scope.where,
        granularity=scope.granularity,
        lists=str(has_lists).lower(),
        tag_columns="".join(f"c.{quote(TAGS[tag])} as tag_{tag}, " for tag in scope.tags),
        tags=", ".join(f"{literal(tag)}, tag_{tag}" for tag in scope.tags),  # the JSON is made of sums, not of calls
        parts=", ".join(f"({_part(unit)} * c.sample_weight)::{QUANTITY} as {unit.name}_n" for unit in UNITS),
        sums=", ".join(f"sum({unit.name}_n)::{QUANTITY} as {unit.name}_n" for unit in UNITS),
        meters=", ".join(map(_meter, UNITS)),
        quantity=QUANTITY,
        dimensions=", ".join(dimensions),
        kept=", ".join(f"s.{name}" for name in dimensions),
        same=" and ".join(f"s.{name} is not distinct from t.{name}" for name in dimensions),
        providers=_cases({key: name for key, (name, _) in SERVICES.items()}),
        services=_cases({key: name for key, (_, name) in SERVICES.items()}),
        makers=" ".join(f"when contains(lower(model), {literal(word)}) then {literal(name)}" for name, words in MAKERS.items() for word in words),
    )


def _cases(names: dict[str, str]) -> str:
    return " ".join(f"when {literal(key)} then {literal(name)}" for key, name in names.items())


def _apart(unit: Unit) -> str:
    """The unit has a price of its own, in what is paid or in the list."""
    return f"coalesce(r.{quote(unit.rate)}, l.{quote(unit.rate)}) is not null"


def _part(unit: Unit) -> str:
    """How much is counted under this unit's own price."""
    parts = "".join(f" - case when {_apart(part)} then {_count(part)} else 0 end" for part in children(unit.name))
    return f"case when {_apart(unit)} then {_count(unit)}{parts} else 0 end"


def _count(unit: Unit) -> str:
    if not unit.column:
        return "1"
    columns = [unit.billed, unit.column] if unit.billed else [unit.column]
    return f"coalesce({', '.join(f'c.{quote(column)}' for column in columns)}, 0)"


def _rate(side: str, unit: Unit) -> str:
    """The unit's rate, its whole's where it has none of its own."""
    own = f"{side}.{quote(unit.rate)}"
    parent = next((whole for whole in UNITS if whole.name == unit.parent), None)
    return f"coalesce({own}, {_rate(side, parent) if parent else 0})"


def _meter(unit: Unit) -> str:
    noun, label = COUNTED.get(unit.name, ("Tokens", f"{unit.name.replace('_', ' ')} tokens"))
    fields = {
        "meter": literal(unit.name),
        "meter_name": literal(label),
        "noun": literal(noun),
        "per": str(unit.per),
        "price": f"{_rate('r', unit)}::{RATE}",
        "list_price": f"{_rate('l', unit)}::{RATE}",
        "quantity": f"{unit.name}_n",
    }
    return f"{{{', '.join(f'{name}: {value}' for name, value in fields.items())}}}"
