"""One chart kind a file, found by folder."""
