"""Files for others to read: FOCUS for finance, a table of features and months, every table and view as Parquet or CSV."""
