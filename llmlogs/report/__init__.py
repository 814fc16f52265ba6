"""report.json and everything that renders it."""
