"""Values inside a cell of a table: JSON, or Python's own notation, which is what pandas writes into a CSV. Parsed, never evaluated."""

from __future__ import annotations

import ast
import json
import math
from typing import Any

LONGEST = 4_000_000  # characters; Python's parser needs some fifty times that in memory
DEEPEST = 60
NAMES = {"True": True, "False": False, "None": None, "nan": None, "NaN": None, "NaT": None, "inf": None}


def value_of(cell: Any) -> Any:
    """The value a text cell holds; the text itself where it is neither JSON nor Python. NaN is None."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    if text[:1] not in ("{", "[", "(") or len(text) > LONGEST:
        return None if text.lower() in ("nan", "none", "nat") else cell
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return _python(text, cell)


def _python(text: str, cell: str) -> Any:
    try:
        tree = ast.parse(text, mode="eval")
        return _read(tree.body, 0)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return cell


def _read(node: ast.expr, depth: int) -> Any:
    """The value of a literal. A call (`array([...])`, `Timestamp('...')`, `float64(1.5)`) is its first argument; ValueError for anything else."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, (str, int, float, bool)) else None
    if isinstance(node, ast.Dict):
        return {str(_read(k, depth + 1)): _read(v, depth + 1) for k, v in zip(node.keys, node.values, strict=True) if k is not None}
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [_read(item, depth + 1) for item in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _read(node.operand, depth + 1)
        return -number if isinstance(number, (int, float)) else None
    if isinstance(node, ast.Name) and node.id in NAMES:
        return NAMES[node.id]
    if isinstance(node, ast.Call):
        return _read(node.args[0], depth + 1) if len(node.args) == 1 or (node.args and isinstance(node.args[0], ast.List)) else _parts(node, depth)
    raise ValueError("no literal")


def _parts(node: ast.Call, depth: int) -> Any:
    """`datetime.datetime(2026, 1, 2, 3, 4, 5, 600)` as ISO text; None for other calls."""
    numbers = [_read(item, depth + 1) for item in node.args if isinstance(item, ast.Constant)]
    if len(numbers) < 3 or len(numbers) > 7 or not all(isinstance(number, int) for number in numbers):
        return None
    year, month, day, hour, minute, second, micro = (*numbers, 0, 0, 0, 0)[:7]
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{micro:06d}Z"
