"""From files to finished rows: discover, read, load, merge, price, account."""

from __future__ import annotations

from llmlogs.ingest.options import IngestOptions
from llmlogs.ingest.report import Counts, FileReport, IngestReport

__all__ = ["Counts", "FileReport", "IngestOptions", "IngestReport"]
