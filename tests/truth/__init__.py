"""Streams with planted causes, and judges that hold the pack's answers against them; see README.md."""
