"""Formats: one file per source, found by folder."""
