"""One JSON object a line behind a prefix: CloudWatch export tasks write the time before it, container runtimes time and stream, loggers their level."""

from __future__ import annotations

import re
from typing import Any

from llmlogs.carriers.ndjson import BLANK, NdJson
from llmlogs.carriers.parsing import parse

_PREFIX = re.compile(rb"[^{}\s\[][^{}]{0,200}?(?=\{)")


class PrefixedNdJson(NdJson):
    """JSON Lines whose lines begin with something else. Lines without an object are rejected, as in JSON Lines."""

    name = "prefixed_ndjson"

    def sniff(self, head: bytes, path: str) -> float:  # the contract names the path; lines say enough
        lines = [line.strip(BLANK) for line in head.split(b"\n")[:50] if line.strip(BLANK)]
        good = sum(bool(_PREFIX.match(line)) and self.parse(line)[0] is not None for line in lines)
        return 0.7 if good and good * 2 >= len(lines) else 0.0

    @staticmethod
    def parse(text: bytes) -> tuple[Any, str, str]:
        """The value of the object behind the prefix; a line may have none, too."""
        found = _PREFIX.match(text)
        return parse(text[found.end() :] if found else text)


CARRIER = PrefixedNdJson()
