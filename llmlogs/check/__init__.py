"""`llmlogs check`: verdicts, thresholds and price coverage as a gate for cron and CI.

from llmlogs.check.run import check       # check(database, pack, Wanted(...)) -> Outcome
from llmlogs.check.model import Outcome   # findings and the exit code
from llmlogs.check import outputs         # as text, JSON, Markdown or JUnit
"""
