"""Cells that hold Python's own notation are parsed, never evaluated; what cannot be parsed stays the text it is."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.sources.common.literals import LONGEST, value_of


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('{"a": [1, NaN]}', {"a": [1, None]}),
        ("{'a': [1, nan], 'b': None, 'c': True, 'd': (1, -2.5)}", {"a": [1, None], "b": None, "c": True, "d": [1, -2.5]}),
        ("{'v': array([0.1, 0.2], dtype=float32), 'n': np.float64(3.5)}", {"v": [0.1, 0.2], "n": 3.5}),
        ("{'t': Timestamp('2026-03-02 10:00:00')}", {"t": "2026-03-02 10:00:00"}),
        (repr({"t": datetime.datetime(2026, 3, 2, 10, 0, 5, 600)}), {"t": "2026-03-02T10:00:05.000600Z"}),
        ("nan", None),
        ("None", None),
        ("plain words", "plain words"),
        ("{not python", "{not python"),
        ("[x for x in y]", "[x for x in y]"),
        ("{'a': 1 + 1}", "{'a': 1 + 1}"),
        ("[print]", "[print]"),
        ("{'a': " * 61 + "1" + "}" * 61, "{'a': " * 61 + "1" + "}" * 61),
        (float("nan"), None),
        (7, 7),
        (None, None),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_cells(cell: Any, value: Any) -> None:
    assert value_of(cell) == value


@pytest.mark.parametrize("cell", ["[" * 50_000, "{'a': " * 500 + "1" + "}" * 500, "['" + "x" * (LONGEST + 1) + "']", "{'a': " + "9" * 10_000 + "}"])
def test_giants_stay_texts(cell: str) -> None:
    assert isinstance(value_of(cell), str)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=20))
def test_what_python_wrote_is_read_back(value: Any) -> None:
    if isinstance(value, (list, dict)):
        assert value_of(repr(value)) == value


@given(st.text(alphabet="[]{}()'\",:0123456789.-abn_ \\\n"))
def test_nothing_raises(cell: str) -> None:
    value_of(cell)
