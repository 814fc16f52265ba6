"""The book of a database: the installed package, unless the database brings its own."""

from __future__ import annotations

from pathlib import Path

import duckdb

from llmlogs.errors import UsageError
from llmlogs.pricing import book, plans

KEY = "price_book"  # in meta: the id of the book this database brings


def open_book(con: duckdb.DuckDBPyConnection) -> int:
    """Use the database's book for look-ups; its id in price_books."""
    found = con.execute("select book_id, data from price_books join meta on book_id::varchar = value where key = $1", [KEY]).fetchall()
    book.use(found[0][1] if found else None)
    return int(found[0][0]) if found else plans.book_id(con, book.SOURCE, book.identity, book.LICENSE)


def bring(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Keep a book in the database (genai-prices' data.json) and look new names up in it from now on. UsageError when the file is none."""
    read(path)
    number = plans.book_id(con, book.SOURCE, book.identity, book.LICENSE, path.read_text(encoding="utf-8"))
    con.execute("delete from meta where key = $1", [KEY])
    con.execute("insert into meta values ($1, $2)", [KEY, str(number)])
    return number


def use_installed() -> None:
    """Use the installed package for look-ups."""
    book.use(None)


def told(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Which book is in use, what priced the calls there are, and how to have another."""
    found = con.execute("select version from price_books join meta on book_id::varchar = value where key = $1", [KEY]).fetchall()
    book.use(None)
    installed = f"{book.SOURCE} {book.identity()[0]}"
    used = [f"{calls:,} calls by {name}" for name, calls in con.execute("select book, calls from priced_by where calls > 0 order by calls desc").fetchall()]
    other = "llmlogs prices update --installed" if found else "pip install -U genai-prices, or llmlogs prices update --from data.json"
    return [
        f"in use    {book.SOURCE} {found[0][0]}, kept in the database" if found else f"in use    {installed}, the installed package",
        *([f"installed {installed}"] if found else []),
        f"priced    {', '.join(used) or 'nothing yet'}",
        f"another   {other}",
        "then      llmlogs prices diff and llmlogs prices reprice --diff show what it changes; calls keep their price until llmlogs prices reprice",
    ]


def release(con: duckdb.DuckDBPyConnection) -> None:
    """Back to the installed package."""
    con.execute("delete from meta where key = $1", [KEY])
    book.use(None)


def read(path: Path) -> None:
    """Use a book file for look-ups. UsageError when it cannot be read or is no price book."""
    wanted = "the file `prices/new_data/v2/data.json` of https://github.com/pydantic/genai-prices is one"
    try:
        book.use(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("cannot read the price book", str(path), str(error)) from error
    except ValueError as error:
        book.use(None)
        raise UsageError("not a price book", str(path), str(error).split("\n", 1)[0][:200], wanted) from error
