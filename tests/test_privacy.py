"""What of a text may be kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.privacy import TEMPLATE_CHARS, keyed_hash, shape, template


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Rate limit reached for org org-8fK2p on tokens: limit 30000, used 29870", "Rate limit reached for org <id> on tokens: limit <number> used <number>"),
        ("The model `my-model` does not exist", "The model <quote> does not exist"),
        ("mail jane.doe+x@example.org or see https://example.org/a?k=v now", "mail <email> or see <url> now"),
        ("Incorrect API key provided: test. Find it", "Incorrect API key provided: <key> Find it"),
        ("wrong key sk-abc", "wrong key <key>"),
        ("Bearer abcdef refused", "Bearer <key> refused"),
        ("invalid x-api-key", "invalid x-api-key"),
        ('bad input {"name": "Jane", "a": {"b": 1}} given', "bad input <json> given"),
        ("request req_011CWdN9pQ failed after 12.5ms", "request <id> failed after <number>"),
        ("This model doesn't support it", "This model doesn't support it"),
        ("echo: 'a secret that is never closed", "echo: <quote>"),
        ("two\nlines\x1b[31m red", "two lines <json>"),
        ("", ""),
    ],
)
def test_template_keeps_the_fixed_words_only(message, kept):
    assert template(message) == kept


@given(st.text(max_size=300))
def test_template_is_short_has_no_control_characters_and_no_long_digits(text):
    kept = template(text)
    assert len(kept) <= TEMPLATE_CHARS
    assert not any(ord(letter) < 32 for letter in kept)
    assert template(text) == kept


@given(st.text(alphabet=st.sampled_from("ab '\"`{}[]<>-_.:/@#*0123456789"), max_size=200))
def test_template_leaves_no_run_of_four_digits(text):
    kept = template(text)
    assert not any(kept[i : i + 4].isdigit() for i in range(len(kept)))


def test_keyed_hash_depends_on_the_key_and_takes_any_text():
    assert keyed_hash("a", b"k") == keyed_hash("a", b"k") != keyed_hash("a", b"l")
    assert len(keyed_hash("\ud800", b"k")) == 16


def test_shape_names_keys_and_types_never_values():
    assert shape({"id": "secret", "usage": {"n": 1}, "list": [1], "none": None}) == "{id: str, usage: {n: int}, list: [int] × 1, none: null}"
    assert shape({"a": {"b": {"c": 1}}}) == "{a: {b: {…}}}"
