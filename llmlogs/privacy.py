"""What may be kept of a text: lengths, keyed hashes, templates and shapes; the text itself only where the user asked for it."""

from __future__ import annotations

import hashlib
import re
from typing import Any


def keyed_hash(text: str, secret: bytes) -> str:
    """16 hex digits of a keyed BLAKE2b: equal texts of one database stay equal, and nobody can test a guess without the key."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=secret[:64], digest_size=8).hexdigest()


def shape(value: Any, depth: int = 2) -> str:
    """Keys and types of a parsed record, without its values: `{id: str, usage: {…}}`."""
    if isinstance(value, dict):
        if depth == 0:
            return "{…}"
        inner = ", ".join(f"{str(key)[:40]}: {shape(item, depth - 1)}" for key, item in list(value.items())[:20])
        return "{" + inner + (", …" if len(value) > 20 else "") + "}"
    if isinstance(value, list):
        return f"[{shape(value[0], depth - 1) if value and depth else ''}] × {len(value)}"
    return "null" if value is None else type(value).__name__


# What is longest and most telling first. A quote or brace that a clipped text never closes runs to its end: what follows may be the request.
_VARIABLE = re.compile(
    r"""
      (?P<key>(?<=key\sprovided:\s)\S+|(?<=bearer\s)\S+|\b(?:sk|pk|gsk|xai|aiza)-\S*)
    | (?P<url>\b[a-z][a-z0-9+.-]{0,15}://[^\s'"<>]+)
    | (?P<email>[\w.+-]{1,64}@[\w-]+\.[\w.-]+)
    | (?P<quote>"[^"]*(?:"|\Z)|`[^`]*(?:`|\Z)|“[^”]*(?:”|\Z)|(?<!\w)'(?:[^']|'(?=\w))*(?:'|\Z))
    | (?P<json>\{[^{}]*(?:\}|\Z)|\[[^\[\]]*(?:\]|\Z))
    | (?P<number>(?<![\w.-])[-+]?\$?\d[\d,._]*(?:ns|us|µs|ms|s|m|h|k|kb|mb|gb|%)?(?![\w-]))
    | (?P<id>(?!x-api-key\b)(?:[\w#/*$-]*(?:[\d*\\/$][\w.:/*$@%+=-]*|[.:@=][\w.:/*$@%+=-]*[\w*])|\w+(?:[-_]\w+){2,}|\w{25,}))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")
TEMPLATE_CHARS = 160
_PERSONAL = re.compile(
    r"""
      (?P<key>(?<=key\sprovided:\s)\S+|(?<=bearer\s)\S+|\b(?:sk|pk|gsk|xai|aiza)-\S*|\b[\w+/=-]*(?=[\w+/=-]*\d)[\w+/=-]{32,})
    | (?P<url>\b[a-z][a-z0-9+.-]{0,15}://[^\s'"<>]+)
    | (?P<email>[\w.+-]{1,64}@[\w-]+\.[\w.-]+)
    | (?P<number>\+?\d(?:[\d ().-]{5,}\d))
    """,
    re.VERBOSE | re.IGNORECASE,
)


def redact(text: str) -> str:
    """The text without keys, URLs, e-mail addresses and long numbers (telephones, cards, accounts).

    Names and what is told of people stay: this is no anonymiser.
    """
    return _PERSONAL.sub(lambda found: f"<{found.lastgroup}>", text)


_HIDDEN = re.compile(
    r"""
      (?P<key>\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|AIza|AKIA|ASIA)[-_]?[\w-]{16,}|\beyJ[\w-]{10,}\.[\w.-]+)
    | (?P<bearer>(?<=bearer\s)\S+)
    | (?P<email>[\w.+-]{1,64}@[\w-]+\.[\w.-]*\w)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MAY_HIDE = re.compile(r"@|[sprSPR][kK][-_]|gsk|xai|hf_|gh[po]_|AIza|A[KS]IA|eyJ|[bB]earer|BEARER")  # a quick look before the long one


def label(text: str, secret: bytes) -> str:
    """A label as it may be kept: an e-mail address becomes its keyed hash, so that a user stays one user, and a key is taken out.

    Every text column of every table passes here on its way in (ingest/spool.py), whatever a source hands on.
    """
    if not _MAY_HIDE.search(text):
        return text
    return _HIDDEN.sub(lambda found: f"email-{keyed_hash(found[0].lower(), secret)}" if found.lastgroup == "email" else "<key>", text)


def template(message: str) -> str:
    """The fixed words of a message: URLs, e-mails, quotes, JSON, numbers, ids and keys become `<url>`, `<quote>` and so on; at most 160 characters.

    Messages of one cause share a template, so that they can be counted; what a provider echoes of the request is in one of the removed parts.
    """
    text = _CONTROL.sub(" ", message[:2000])
    for _ in range(3):  # JSON inside JSON
        shorter = _VARIABLE.sub(lambda found: f"<{found.lastgroup}>", text)
        if shorter == text:
            break
        text = shorter
    words = re.sub(r"(<\w+>)(?:[\s,]+\1)+", r"\1", " ".join(text.split()))
    return words if len(words) <= TEMPLATE_CHARS else words[: TEMPLATE_CHARS - 1] + "…"
