"""llmlogs reads the LLM call logs you already have and answers what a team asks when its system runs in production."""

__version__ = "0.1.0"
