"""What several sources share: times, usage, error classes, rate-limit headers, names of columns and endpoints."""
