"""Question files: parse, lint, run, judge."""
