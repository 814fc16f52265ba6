"""A page of an API: one object whose list of objects holds the records (`{"data": [...], "has_more": false}`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from llmlogs.carriers.base import Position, Record
from llmlogs.carriers.json_documents import JsonStream

LISTS = ("data", "result", "results", "items", "logs", "records", "entries", "rows", "calls", "requests", "traces", "runs", "observations", "events", "value")


class JsonPage(JsonStream):
    """The elements of each page, numbered; an object that is no page stays one record. Sure only when nothing takes the object as it is."""

    name = "json_page"

    def sniff(self, head: bytes, path: str) -> float:
        return super().sniff(head, path) and 0.2

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        number = position.line
        for record in super().records(stream, position):
            for value in _elements(record.value) if not record.error else [record.value]:
                number += 1
                problem = record.error or ("" if isinstance(value, dict) else "not an object")
                yield Record(number, record.offset, record.length, None if problem else value, problem, record.note)
        position.line = number


def _elements(page: dict[str, Any]) -> list[Any]:
    """The records of a page."""
    found = next((page[name] for name in LISTS if isinstance(page.get(name), list)), None)
    return [page] if found is None else found


CARRIER = JsonPage()
