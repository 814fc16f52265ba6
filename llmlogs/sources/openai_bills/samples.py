"""Made-up records and what must be read from them."""

from llmlogs.sources.base import Sample

SAMPLES = (
    Sample(
        '{"object": "bucket", "start_time": 1767225600, "end_time": 1767312000, "results": [{"object": "organization.usage.completions.result",'
        ' "input_tokens": 900, "input_cached_tokens": 600, "output_tokens": 70, "num_model_requests": 3, "model": "gpt-5-mini", "batch": false}]}',
        (),
        "a bucket of the usage API",
        {"other": 1},
    ),
)
