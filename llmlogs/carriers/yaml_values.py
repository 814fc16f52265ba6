"""YAML texts into plain values: no tag builds an object, whatever it says. A tag of a language's own (`!!python/object/apply:...`) leaves its text.

PyYAML's C parser gives the events; the nodes are put together and read here, as its loaders would build what tags name. Only JSON's scalars are
resolved: in YAML 1.1 `12:30` is 750 and `no` is false, and recorders do not mean that.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

import yaml
from yaml.composer import Composer, ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MOST_VALUES = 1_000_000  # after aliases are followed: a few lines can stand for billions
_INT = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})\Z")
_FLOAT = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d{1,3})?\Z")
_WORDS = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_TAG = "tag:yaml.org,2002:"
_FIXED_WORDS = re.compile(r"[a-z ,-]{1,80}")  # what the parser says before it quotes
_EVENTS = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # used for its events alone: 10 times faster where the C library is there
_PLAIN, _QUOTED = "plain", "quoted"


class NotYamlError(ValueError):
    """A text that is no YAML, or more of it than is sane; the message says which."""


class _Nodes(Composer):  # type: ignore[misc] # PyYAML ships no types
    """Nodes from the C parser's events. `anchors` may come from an earlier part of the same file."""

    def __init__(self, text: bytes, anchors: dict[str, Node]) -> None:
        super().__init__()
        parser = _EVENTS(text)
        self.check_event, self.get_event, self.peek_event = parser.check_event, parser.get_event, parser.peek_event
        self.anchors = anchors

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Paths do not matter to a scalar's type."""

    def ascend_resolver(self) -> None:
        """See descend_resolver."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        return _PLAIN if kind is ScalarNode and implicit[0] else _QUOTED


def load_part(text: bytes, anchors: dict[str, Node]) -> Any:
    """The value of the one document in `text`. NotYamlError. What it anchors is added to `anchors`."""
    try:
        nodes = _Nodes(text, anchors)
        nodes.get_event()
        nodes.get_event()
        node = nodes.compose_node(None, None) if not nodes.check_event(yaml.DocumentEndEvent) else None
        return _Reader().value(node) if node is not None else None
    except RecursionError:
        raise NotYamlError("nested too deeply") from None
    except (ComposerError, yaml.YAMLError) as failure:
        problem = _FIXED_WORDS.match(str(getattr(failure, "problem", "") or "damaged"))
        if problem and "nesting depth" in problem.group():
            raise NotYamlError("nested too deeply") from None
        raise NotYamlError(f"invalid YAML: {problem.group().strip() if problem else 'damaged'}") from None
    except (UnicodeDecodeError, ValueError) as failure:
        raise failure if isinstance(failure, NotYamlError) else NotYamlError("invalid YAML: damaged text") from None


class _Reader:
    """Values of nodes, each built once, and counted as often as it is used."""

    def __init__(self) -> None:
        self._built: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def value(self, node: Node) -> Any:
        return self._read(node)[0]

    def _read(self, node: Node) -> tuple[Any, int]:
        if isinstance(node, ScalarNode):
            return _scalar(node), 1
        key = id(node)
        if key in self._open:
            raise NotYamlError("an alias refers to itself")
        if key not in self._built:
            self._open.add(key)
            self._built[key] = self._sequence(node) if isinstance(node, SequenceNode) else self._mapping(node)
            self._open.discard(key)
        return self._built[key]

    def _sequence(self, node: SequenceNode) -> tuple[Any, int]:
        size = 1
        items = []
        for child in node.value:
            item, count = self._read(child)
            size = _counted(size + count)
            items.append(item)
        own = not str(node.tag).startswith((_PLAIN, _QUOTED, _TAG + "seq", _TAG + "python/tuple", _TAG + "python/list"))
        if own and len(items) == 1 and isinstance(items[0], (str, bytes)):  # the one argument of a class that is a text itself
            return items[0], size
        return items, size

    def _mapping(self, node: MappingNode) -> tuple[Any, int]:
        size = 1
        found: dict[str, Any] = {}
        for name, child in node.value:
            key, width = self._read(name)
            item, count = self._read(child)
            size = _counted(size + width + count)
            found[_text(key)] = item
        return found, size


def _counted(size: int) -> int:
    if size > MOST_VALUES:
        raise NotYamlError("its aliases stand for more than a million values")
    return size


def _scalar(node: ScalarNode) -> Any:
    tag, text = str(node.tag), str(node.value)
    if tag in ("!binary", _TAG + "binary", _TAG + "python/bytes"):
        try:
            return base64.b64decode(re.sub(r"\s+", "", text), validate=True)
        except (binascii.Error, ValueError):
            raise NotYamlError("a binary value is not base64") from None
    return _resolved(text) if tag in (_PLAIN, _TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "null") else text


def _resolved(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None if text.lower().lstrip("+-") in (".inf", ".nan") else text


def _text(key: Any) -> str:
    if isinstance(key, bytes):
        return key.decode("utf-8", "replace")
    return key if isinstance(key, str) else "" if key is None else str(key)[:300]
