"""Made-up records and what must be read from them."""

from llmlogs.sources.base import Sample

SAMPLES = (
    Sample(
        '{"starting_at": "2026-01-01T00:00:00Z", "ending_at": "2026-01-02T00:00:00Z", "results": [{"currency": "USD", "amount": "845.72",'
        ' "model": "claude-sonnet-4-5-20250929", "token_type": "output_tokens", "cost_type": "tokens"}]}',
        (),
        "a bucket of the cost report",
        {"other": 1},
    ),
)
