"""The table of questions is made from the files."""

from pathlib import Path

from llmlogs.pack import index
from llmlogs.pack.load import load
from tests.pack.conftest import BODY, HEADER


def test_the_table_is_put_between_its_marks(tmp_path: Path) -> None:
    (tmp_path / "cost").mkdir()
    (tmp_path / "cost" / "x.sql").write_text((HEADER + BODY).replace("How many", "a|b: how many"), encoding="utf-8")
    (tmp_path / "README.md").write_text(f"before\n{index.BEGIN}\nstale\n{index.END}\nafter\n", encoding="utf-8")
    index.write(tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| `cost/x` | a\\|b: how many calls? | status | `most` = 5: calls that are too many |" in text
    assert (text.startswith("before\n"), text.endswith("after\n"), "stale" in text) == (True, True, False)
    assert index.renewed(text, load([tmp_path])) == text
