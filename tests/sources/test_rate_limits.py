"""Rate-limit headers of every provider into rows."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.sources.common.rate_limits import limits_of, retry_after_ms

NOON = datetime(2026, 3, 31, 12)


@pytest.mark.parametrize(
    ("provider", "headers", "rows"),
    [
        (
            "openai",
            {"x-ratelimit-limit-requests": "10000", "x-ratelimit-remaining-requests": "9986", "x-ratelimit-reset-requests": "1m53.425s"},
            [{"scope": "requests", "limit_value": 10000, "remaining": 9986, "reset_ms": 113425}],
        ),
        (
            "openai",
            {"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-input-images": "3"},
            [{"scope": "tokens", "reset_ms": 360000}, {"scope": "input_images", "remaining": 3}],
        ),
        (
            "groq",
            {"x-ratelimit-limit-requests": "14400", "x-ratelimit-reset-tokens": "17.563999999s"},
            [{"scope": "requests_day", "limit_value": 14400}, {"scope": "tokens", "reset_ms": 17563.999999}],
        ),
        (
            "azure",
            {"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "500", "x-ratelimit-renewalperiod-tokens": "60", "x-ratelimit-key": "deployment"},
            [{"scope": "tokens", "remaining": 7}],
        ),
        (
            "anthropic",
            {
                "anthropic-ratelimit-input-tokens-limit": "400000",
                "anthropic-ratelimit-input-tokens-remaining": "1000",
                "anthropic-ratelimit-input-tokens-reset": "2026-03-31T12:00:30Z",
            },
            [{"scope": "input_tokens", "limit_value": 400000, "remaining": 1000, "reset_ms": 30000}],
        ),
        ("anthropic", {"anthropic-priority-output-tokens-remaining": "5"}, [{"scope": "priority_output_tokens", "remaining": 5}]),
        (
            "mistral",
            {"x-ratelimit-limit-tokens-minute": "20", "x-ratelimit-remaining-req-10-second": "4", "x-ratelimit-tokens-query-cost": "3"},
            [{"scope": "tokens_minute", "limit_value": 20}, {"scope": "requests_10_second", "remaining": 4}],
        ),
        (
            "together",
            {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"},
            [{"scope": "requests", "limit_value": 2, "remaining": 0, "reset_ms": 1000}],
        ),
        ("gateway", {"x-ratelimit-reset": "1774958460"}, [{"scope": "requests", "reset_ms": 60000}]),
        (
            "huggingface",
            {"ratelimit": '"api";r=499;t=112', "ratelimit-policy": '"fixed window";"api";q=500;w=300'},
            [{"scope": "requests", "remaining": 499, "reset_ms": 112000, "limit_value": 500}],
        ),
        ("huggingface", {"x-ratelimit-remaining-tokens": "9223372036854767616"}, []),
        (
            "cohere",
            {"x-trial-endpoint-call-limit": "40", "x-trial-endpoint-call-remaining": "39", "num_tokens": "2"},
            [{"scope": "requests", "limit_value": 40, "remaining": 39}],
        ),
        ("cohere", {"x-endpoint-monthly-call-limit": "1000"}, [{"scope": "requests_month", "limit_value": 1000}]),
        (
            "cerebras",
            {"x-ratelimit-limit-requests-day": "14400", "x-ratelimit-reset-requests-day": "33011.382867", "x-ratelimit-remaining-tokens-minute": "59977"},
            [{"scope": "requests_day", "limit_value": 14400, "reset_ms": 33011382.867}, {"scope": "tokens_minute", "remaining": 59977}],
        ),
        (
            "fireworks",
            {"x-ratelimit-limit-tokens-prompt": "60000", "x-ratelimit-remaining-tokens-generated": "5", "x-ratelimit-over-limit": "no"},
            [{"scope": "tokens_prompt", "limit_value": 60000}, {"scope": "tokens_generated", "remaining": 5}],
        ),
        ("openrouter", {"x-ratelimit-limit": "20", "x-ratelimit-reset": "1774958460000"}, [{"scope": "requests", "limit_value": 20, "reset_ms": 60000}]),
        (
            "x-ai",
            {"x-ratelimit-limit-requests": "1800", "x-ratelimit-remaining-requests": "1799"},
            [{"scope": "requests", "limit_value": 1800, "remaining": 1799}],
        ),
        ("anthropic", {"anthropic-fast-input-tokens-limit": "9"}, [{"scope": "fast_input_tokens", "limit_value": 9}]),
        (
            "mistral",
            {"ratelimitbysize-limit": "7", "ratelimitbysize-remaining": "6", "ratelimitbysize-reset": "3"},
            [{"scope": "requests", "limit_value": 7, "remaining": 6, "reset_ms": 3000}],
        ),
        (
            "openai",
            {"x-ratelimit-reset-requests": "1h2m3.5s", "x-ratelimit-reset-tokens": "0s"},
            [{"scope": "requests", "reset_ms": 3723500}, {"scope": "tokens", "reset_ms": 0}],
        ),
        (
            "groq",
            {"x-ratelimit-reset-requests": "2m59.56s", "x-ratelimit-reset-tokens": "261ms"},
            [{"scope": "requests_day", "reset_ms": 179560}, {"scope": "tokens", "reset_ms": 261}],
        ),
        ("any", {"ratelimit": "limit=100, remaining=50, reset=30"}, [{"scope": "requests", "limit_value": 100, "remaining": 50, "reset_ms": 30000}]),
        (
            "any",
            {"ratelimit-limit": "9", "ratelimit-remaining": "8", "ratelimit-reset": "2"},
            [{"scope": "requests", "limit_value": 9, "remaining": 8, "reset_ms": 2000}],
        ),
        ("proxy", {"x-ratelimit-requests": "4000", "x-ratelimit-remaining-requests": "3999"}, [{"scope": "requests", "limit_value": 4000, "remaining": 3999}]),
        ("any", {"x-ratelimit": "false", "x-ratelimit-limit-tokens": "many", "content-type": "x"}, []),
    ],
)
def test_limits(provider, headers, rows):
    assert limits_of(headers, NOON, provider) == rows


@pytest.mark.parametrize(
    ("headers", "ms"),
    [
        ({"retry-after": "12"}, 12000),
        ({"retry-after": "Tue, 31 Mar 2026 12:00:05 GMT"}, 5000),
        ({"retry-after": "1", "retry-after-ms": "0"}, 1000),
        ({"retry-after": "1", "retry-after-ms": "250"}, 250),
        ({"retry-after": "later"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers, ms):
    assert retry_after_ms(headers, NOON) == ms


@given(
    st.dictionaries(
        st.sampled_from(["ratelimit", "ratelimit-policy", "x-ratelimit-reset", "x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-reset", "retry-after"]),
        st.text(max_size=30),
    )
)
def test_no_header_raises(headers):
    for row in limits_of(headers, NOON, None):
        assert all(value >= 0 for name, value in row.items() if name != "scope")
    assert (retry_after_ms(headers, NOON) or 0) >= 0
