"""Containers: one file per container format. A carrier turns a file into records with their position."""
