"""Bills of clouds that sell models beside much else: FOCUS exports (any vendor) and AWS' own Cost and Usage Report. Other services are skipped."""

from __future__ import annotations

from llmlogs.sources.cloud_bills.cur import CUR
from llmlogs.sources.cloud_bills.focus import FOCUS

SOURCES = (FOCUS, CUR)
