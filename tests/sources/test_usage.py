"""Raw usage of every family into canonical counts. Numbers are made up, their relations are the measured ones."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.sources.common.usage import LARGEST, integer, money, read_usage

CASES = {
    "T1 OpenAI: prompt includes cached": (
        {"prompt_tokens": 17903, "completion_tokens": 20, "total_tokens": 17923, "prompt_tokens_details": {"cached_tokens": 17817}},
        {"input_tokens": 17903, "output_tokens": 20, "cache_read_tokens": 17817},
    ),
    "T2 Anthropic: input excludes cache": (
        {"input_tokens": 5, "cache_read_input_tokens": 128955, "cache_creation_input_tokens": 1253, "output_tokens": 7},
        {"input_tokens": 130213, "output_tokens": 7, "cache_read_tokens": 128955, "cache_write_tokens": 1253},
    ),
    "T2 the same said inclusively, proved by its total": (
        {"input_tokens": 130213, "output_tokens": 7, "cache_read_input_tokens": 128955, "cache_creation_input_tokens": 1253, "total_tokens": 130220},
        {"input_tokens": 130213, "output_tokens": 7, "cache_read_tokens": 128955, "cache_write_tokens": 1253},
    ),
    "T3 Anthropic: cache write": (
        {"input_tokens": 3, "cache_creation_input_tokens": 12304, "cache_read_input_tokens": 0, "output_tokens": 550},
        {"input_tokens": 12307, "output_tokens": 550, "cache_read_tokens": 0, "cache_write_tokens": 12304},
    ),
    "T4 Bedrock Converse: input excludes cache": (
        {"inputTokens": 3, "outputTokens": 12, "totalTokens": 13256, "cacheReadInputTokens": 13216, "cacheWriteInputTokens": 25},
        {"input_tokens": 13244, "output_tokens": 12, "cache_read_tokens": 13216, "cache_write_tokens": 25},
    ),
    "T5 OpenAI hot": (
        {"prompt_tokens": 2422, "completion_tokens": 1, "total_tokens": 2423, "prompt_tokens_details": {"cached_tokens": 2304}},
        {"input_tokens": 2422, "output_tokens": 1, "cache_read_tokens": 2304},
    ),
    "T6 the split says less than the whole: the whole counts": (
        {
            "input_tokens": 1,
            "output_tokens": 1,
            "cache_creation_input_tokens": 184457,
            "cache_creation": {"ephemeral_5m_input_tokens": 1490, "ephemeral_1h_input_tokens": 30000},
        },
        {"input_tokens": 184458, "output_tokens": 1, "cache_write_tokens": 184457, "cache_write_1h_tokens": 30000},
    ),
    "T7 the split repeats the whole: once": (
        {
            "input_tokens": 1,
            "output_tokens": 1,
            "cache_creation_input_tokens": 500,
            "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 0},
        },
        {"input_tokens": 501, "output_tokens": 1, "cache_write_tokens": 500, "cache_write_1h_tokens": 0},
    ),
    "T8 Gemini: thoughts are output": (
        {"promptTokenCount": 10, "candidatesTokenCount": 200, "thoughtsTokenCount": 5000, "totalTokenCount": 5210},
        {"input_tokens": 10, "output_tokens": 5200, "reasoning_tokens": 5000},
    ),
    "T9 inclusive reasoning is not added": (
        {
            "input_tokens": 16845360,
            "input_tokens_details": {"cached_tokens": 16358912},
            "output_tokens": 63820,
            "output_tokens_details": {"reasoning_tokens": 24882},
            "total_tokens": 16909180,
        },
        {"input_tokens": 16845360, "output_tokens": 63820, "cache_read_tokens": 16358912, "reasoning_tokens": 24882},
    ),
    "T19 zeros are zeros": (
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}},
        {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0},
    ),
    "xAI chat: reasoning is beside completion": (
        {"prompt_tokens": 204, "completion_tokens": 2, "total_tokens": 268, "completion_tokens_details": {"reasoning_tokens": 62}},
        {"input_tokens": 204, "output_tokens": 64, "reasoning_tokens": 62},
    ),
    "Gemini behind the OpenAI-compatible URL: thinking is only in the total": (
        {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
        {"input_tokens": 35, "output_tokens": 74, "usage_status": "partial"},
    ),
    "Mistral audio: prompt excludes audio": (
        {"prompt_tokens": 9, "completion_tokens": 248, "total_tokens": 632, "prompt_tokens_details": {"audio_tokens": 375}},
        {"input_tokens": 384, "output_tokens": 248, "audio_input_tokens": 375},
    ),
    "Mistral: cached by another name": (
        {"prompt_tokens": 64, "completion_tokens": 6, "total_tokens": 70, "num_cached_tokens": 32, "prompt_tokens_details": {"cached_tokens": 0}},
        {"input_tokens": 64, "output_tokens": 6, "cache_read_tokens": 32},
    ),
    "DeepSeek: hit and miss": (
        {"prompt_tokens": 563, "completion_tokens": 9, "total_tokens": 572, "prompt_cache_hit_tokens": 512, "prompt_cache_miss_tokens": 51},
        {"input_tokens": 563, "output_tokens": 9, "cache_read_tokens": 512},
    ),
    "Gemini: the tools' prompt is beside the prompt, the cache inside": (
        {"promptTokenCount": 100, "cachedContentTokenCount": 60, "toolUsePromptTokenCount": 30, "candidatesTokenCount": 5, "totalTokenCount": 135},
        {"input_tokens": 130, "output_tokens": 5, "cache_read_tokens": 60},
    ),
    "Vertex in snake case, audio in and out": (
        {
            "prompt_token_count": 40,
            "candidates_token_count": 7,
            "total_token_count": 47,
            "prompt_tokens_details": [{"modality": "AUDIO", "token_count": 30}, {"modality": "TEXT", "token_count": 10}],
            "candidates_tokens_details": [{"modality": "AUDIO", "token_count": 7}],
            "traffic_type": "ON_DEMAND",
        },
        {"input_tokens": 40, "output_tokens": 7, "audio_input_tokens": 30, "audio_output_tokens": 7, "service_tier": "on_demand"},
    ),
    "Gemini blocked: nothing was written": ({"promptTokenCount": 12, "totalTokenCount": 12}, {"input_tokens": 12, "output_tokens": 0}),
    "Gemini without counts": ({"trafficType": "ON_DEMAND", "totalTokenCount": None}, {"service_tier": "on_demand", "usage_status": "missing"}),
    "Gemini interactions": (
        {
            "total_input_tokens": 9,
            "total_output_tokens": 13,
            "total_thought_tokens": 207,
            "total_tool_use_tokens": 0,
            "total_cached_tokens": 0,
            "total_tokens": 229,
        },
        {"input_tokens": 9, "output_tokens": 220, "cache_read_tokens": 0, "reasoning_tokens": 207},
    ),
    "Converse: one-hour cache writes": (
        {
            "inputTokens": 1,
            "outputTokens": 2,
            "cacheWriteInputTokens": 90,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 60}, {"ttl": "5m", "inputTokens": 30}],
        },
        {"input_tokens": 91, "output_tokens": 2, "cache_write_tokens": 90, "cache_write_1h_tokens": 60},
    ),
    "Bedrock stream metrics": (
        {"inputTokenCount": 22, "outputTokenCount": 33, "invocationLatency": 2481, "firstByteLatency": 1736},
        {"input_tokens": 22, "output_tokens": 33},
    ),
    "Cohere v2: real tokens count, billed are kept beside": (
        {
            "tokens": {"input_tokens": 2935, "output_tokens": 4, "reasoning_tokens": 1},
            "billed_units": {"input_tokens": 2406, "output_tokens": 2},
            "cached_tokens": 2928,
        },
        {"input_tokens": 2935, "output_tokens": 4, "cache_read_tokens": 2928, "reasoning_tokens": 1},
    ),
    "Cohere embed: only billed": ({"billed_units": {"input_tokens": 7}}, {"input_tokens": 7, "usage_status": "partial"}),
    "Ollama, the prompt fully cached: not recorded is not 0": ({"eval_count": 79}, {"output_tokens": 79, "usage_status": "partial"}),
    "Llama on Bedrock": ({"prompt_token_count": 5, "generation_token_count": 9}, {"input_tokens": 5, "output_tokens": 9}),
    "Azure images": (
        {"input_tokens": 431, "output_tokens": 1364, "total_tokens": 1795, "input_tokens_details": {"image_tokens": 388, "text_tokens": 43}},
        {"input_tokens": 431, "output_tokens": 1364, "image_input_tokens": 388},
    ),
    "Databricks: Anthropic's cache names beside OpenAI's inclusive prompt": (
        {"prompt_tokens": 458, "completion_tokens": 60, "total_tokens": 518, "cache_read_input_tokens": 400, "cache_creation_input_tokens": 0},
        {"input_tokens": 458, "output_tokens": 60, "cache_read_tokens": 400, "cache_write_tokens": 0},
    ),
    "a proxy that leaves the cache out of prompt_tokens": (
        {"prompt_tokens": 58, "completion_tokens": 60, "total_tokens": 518, "prompt_tokens_details": {"cached_tokens": 400}},
        {"input_tokens": 458, "output_tokens": 60, "cache_read_tokens": 400},
    ),
    "Anthropic: searches, thinking": (
        {"input_tokens": 1, "output_tokens": 50, "output_tokens_details": {"thinking_tokens": 40}, "server_tool_use": {"web_search_requests": 3}},
        {"input_tokens": 1, "output_tokens": 50, "reasoning_tokens": 40, "web_searches": 3},
    ),
    "numbers as text and float": ({"prompt_tokens": "12", "completion_tokens": 3.0, "total_tokens": 15}, {"input_tokens": 12, "output_tokens": 3}),
    "nothing": ({}, {"usage_status": "missing"}),
    "no object": (None, {"usage_status": "missing"}),
}


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_usage(case):
    raw, want = CASES[case]
    assert read_usage(raw).columns() == {"usage_status": "reported"} | want


@pytest.mark.parametrize(
    ("raw", "usd"),
    [
        ({"prompt_tokens": 1, "cost": 4e-05}, "0.000040000000"),
        ({"prompt_tokens": 1, "cost": 0}, "0E-12"),
        ({"prompt_tokens": 1, "cost": 0.1, "is_byok": True, "cost_details": {"upstream_inference_cost": 2}}, "2.100000000000"),
        ({"prompt_tokens": 1, "cost": {"total_cost": 0.00502, "request_cost": 0.005}}, "0.005020000000"),
        ({"input_tokens": 1, "cost_in_usd_ticks": 6306000}, "0.000630600000"),
        ({"input_tokens": 1, "cost_in_usd_ticks": 0}, None),
        ({"input_tokens": 1, "some_gateway": {"cost_estimate": 3.11e-05}}, "0.000031100000"),
        ({"input_tokens": 1, "cost": "free"}, None),
    ],
)
def test_stated_money(raw, usd):
    assert read_usage(raw).reported_usd == (None if usd is None else Decimal(usd))


@pytest.mark.parametrize(
    ("raw", "issue"),
    [
        ({"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109}, ("output_tokens", "usage_repaired", "int")),
        ({"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 40}, ("output_tokens", "inconsistent", "int")),
        ({"prompt_tokens": "many", "completion_tokens": 12}, ("input_tokens", "not_a_number", "str")),
        ({"input_tokens": 1, "output_tokens": 1, "iterations": [{}, {}]}, ("input_tokens", "multi_iteration", "list")),
        ({"promptTokenCount": 9, "candidatesTokenCount": 9, "totalTokenCount": 9}, ("output_tokens", "inconsistent", "int")),
    ],
)
def test_what_contradicts_itself_is_an_issue(raw, issue):
    assert issue in read_usage(raw).issues


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        ({"total_tokens": 18}, (18, 0)),  # Voyage
        ({"prompt_tokens": 2, "total_tokens": 2}, (2, 0)),
        ({"promptTokenCount": 7}, (7, 0)),
        ({"billed_units": {"search_units": 1}}, (None, None)),
    ],
)
def test_an_embedding_has_no_output(raw, counts):
    usage = read_usage(raw, generates=False)
    assert (usage.input, usage.output) == counts


NAMES = sorted({name for raw, _ in CASES.values() if isinstance(raw, dict) for name in raw})
INNER = sorted({name for raw, _ in CASES.values() if isinstance(raw, dict) for value in raw.values() if isinstance(value, dict) for name in value})
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**14), st.floats(), st.text(max_size=5))
RAW = st.dictionaries(
    st.sampled_from(NAMES), st.one_of(SCALAR, st.dictionaries(st.sampled_from(INNER), SCALAR, max_size=4), st.lists(SCALAR, max_size=2)), max_size=8
)


@given(RAW, st.booleans())
def test_no_usage_raises_and_counts_stay_sane(raw, generates):
    usage = read_usage(raw, generates)
    row = usage.columns()
    assert row == read_usage(raw, generates).columns()
    assert all(0 <= row[name] <= 4 * LARGEST for name in row if name.endswith("_tokens"))
    assert (usage.status == "missing") == ("input_tokens" not in row and "output_tokens" not in row)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_exclusive_input_always_holds_its_cache(uncached, read, write, output):
    """The identity of Anthropic and Converse: input = uncached + read + write, whatever the numbers."""
    anthropic = read_usage({"input_tokens": uncached, "cache_read_input_tokens": read, "cache_creation_input_tokens": write, "output_tokens": output})
    assert (anthropic.input, anthropic.output) == (uncached + read + write, output)
    total = uncached + read + write + output
    converse = read_usage({"inputTokens": uncached, "cacheReadInputTokens": read, "cacheWriteInputTokens": write, "outputTokens": output, "totalTokens": total})
    assert converse.input == uncached + read + write


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6))
def test_reasoning_is_counted_once(sent, answer, reasoning):
    """Inside completion or beside it: the total decides, and the sum is the same."""
    beside = {"prompt_tokens": sent, "completion_tokens": answer, "total_tokens": sent + answer + reasoning}
    inside = {"prompt_tokens": sent, "completion_tokens": answer + reasoning, "total_tokens": sent + answer + reasoning}
    details = {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    assert read_usage(beside | details).output == read_usage(inside | details).output == answer + reasoning


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1), ("1", 1), (1.0, 1), ("1e3", 1000), (1.5, None), (True, None), (-1, None), (float("inf"), None), ("x", None), (LARGEST + 1, None)],
)
def test_a_count(value, number):
    assert integer(value) == number


@pytest.mark.parametrize(("value", "amount"), [("0.1", "0.1"), (True, None), ("nan", None), (-1, None), ([], None), ("", None)])
def test_an_amount(value, amount):
    assert money(value) == (None if amount is None else Decimal(amount))
