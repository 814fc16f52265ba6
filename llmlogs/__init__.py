"""llmlogs reads the LLM call logs you already have and answers what a team asks when its system runs in production.

From Python: `from llmlogs import api`, then `api.ingest`, `api.connect`, `api.query`, `api.report`. They stand in a module of their own because
`llmlogs.ingest` and `llmlogs.report` are packages.
"""

__version__ = "0.1.0"
