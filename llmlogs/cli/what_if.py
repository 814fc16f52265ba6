"""`llmlogs what-if`: the same calls under another model, tier, cache policy or length."""

from __future__ import annotations

import re
import shutil
import sys
from typing import Annotated

import typer

from llmlogs.cli.options import Db, Json, database, settings
from llmlogs.errors import UsageError

QUESTION = "cost/what_if"
HELP = """Price the calls of the database again under another model, tier, cache policy, or with shorter prompts and answers.

Every call is priced at the book's rates of its own time, with a low, a base and a high guess of what no log knows: tokens of the same text in
another model's vocabulary, another model's reasoning, and what stays cached.

Examples:

  llmlogs what-if --to openai/gpt-4o-mini --feature search

  llmlogs what-if --model 'claude-sonnet-*=openai/gpt-4.1' --output -20% --json

  llmlogs what-if --tier batch

  llmlogs what-if --chunks 10=5
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="what-if", help=HELP)(what_if)


def what_if(
    db: Db = None,
    *,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="FROM=PROVIDER/MODEL", help="Another model for calls of this one; * stands for anything. May be repeated."),
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="PROVIDER/MODEL", help="Another model for all other calls.")] = "",
    tier: Annotated[str, typer.Option(help="Another service tier: batch, flex, priority ...")] = "",
    cache: Annotated[str, typer.Option(help="The provider's prompt cache: keep, none, or best (every prefix that was sent again in time is read).")] = "keep",
    output: Annotated[str, typer.Option(metavar="PERCENT", help="Length of answers: -20%, +10%.")] = "",
    prompt: Annotated[str, typer.Option("--input", metavar="PERCENT", help="Length of prompts.")] = "",
    chunks: Annotated[str, typer.Option(metavar="FROM=TO", help="Retrieved chunks: calls with at most FROM get at most TO.")] = "",
    feature: Annotated[str, typer.Option(help="Only calls of this feature.")] = "",
    reasoning: Annotated[str, typer.Option(metavar="LOW..HIGH", help="Reasoning tokens of another model for each of the present one.")] = "0.5..2",
    rows: Annotated[int, typer.Option(min=1, help="Rows of each table to show.")] = 20,
    as_json: Json = False,
) -> None:
    """Price the calls of the database again under other choices."""
    from llmlogs.cli.queries import pack
    from llmlogs.pack.run import run
    from llmlogs.pricing import load_overrides, scenario, swaps
    from llmlogs.report import one
    from llmlogs.store.database import open_for_read

    low, high = _range(reasoning)
    models = ", ".join([*(model or []), *([f"*={to}"] if to else [])])
    given = {"models": models, "tier": tier, "cache": cache, "input_factor": _factor(prompt, "--input"), "output_factor": _factor(output, "--output")}
    given |= {"chunks": chunks, "only_feature": feature, "reasoning_low": low, "reasoning_high": high}
    asked, prices = scenario.read(given), settings().prices
    if not asked.is_asked:
        raise UsageError("nothing is asked", next_step="give --to, --model, --tier, --cache, --output, --input or --chunks; see `llmlogs what-if --help`")
    for swap in asked.models:
        swaps.check(swap, load_overrides(prices) if prices else None)
    found = pack(None)
    con = open_for_read(database(db))
    try:
        answer = run(con, [found.find(QUESTION)], given, known=found.questions)[0]
    finally:
        con.close()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    typer.echo(one.as_json(answer) if as_json else "\n".join(one.lines(answer, width, rows)), nl=not as_json)


def _factor(text: str, option: str) -> float:
    """`-20%` as 0.8. UsageError for what is no change."""
    match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s*%", text.strip()) if text else None
    if text and not match:
        raise UsageError("not a change in percent", f"{option} {text}"[:60], "written with a sign and a percent sign", "for instance -20%")
    return round(1 + float(match[1]) / 100, 9) if match else 1.0


def _range(text: str) -> tuple[float, float]:
    """`0.5..2` as two numbers."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)", text.strip())
    if not match or float(match[1]) > float(match[2]):
        raise UsageError("not a range", f"--reasoning {text}"[:60], "written low..high", "for instance 0.5..2")
    return float(match[1]), float(match[2])
