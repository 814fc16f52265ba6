"""The contract: every table and column, its type, unit and meaning."""
