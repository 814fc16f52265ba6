"""The database file: open, lock, migrate, sandbox."""
