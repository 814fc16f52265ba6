"""One file a set: `make(scale) -> Made`. Found by folder; the file's docstring is its line in the README."""
