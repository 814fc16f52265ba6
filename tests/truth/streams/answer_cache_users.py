"""The log of an answer cache whose users have hit rates of their own: what an interval of the hit rate has to allow for."""

from tests.truth.streams.answer_cache import people as make

__all__ = ["make"]
