"""Budgets and SLOs of the configuration on the way to a question: temp tables on its cursor. In a plain shell the file makes them itself, empty."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from llmlogs import goals
from llmlogs.pack.model import Question

Tables = Mapping[str, Sequence[tuple[Any, ...]]]  # as llmlogs.goals.tables makes them


def declaration(table: str) -> str:
    """What a question that reads the table says before it does."""
    return f"create temp table if not exists {table} ({', '.join(f'{name} {kind}' for name, kind in goals.columns(table).items())})"


def named(question: Question) -> list[str]:
    """The tables of settings that a question reads."""
    return [table for table in goals.TABLES if re.search(rf"\b{table}\b", question.sql)]


def hand_over(cursor: duckdb.DuckDBPyConnection, question: Question, tables: Tables) -> None:
    """Make and fill on the cursor what the question reads."""
    for table in named(question):
        cursor.execute(declaration(table))
        for row in tables.get(table, ()):
            cursor.execute(f"insert into {table} values ({', '.join('?' * len(row))})", list(row))
