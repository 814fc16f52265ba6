"""From files to rows: discover, read, load, merge, account."""
