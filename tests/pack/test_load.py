"""Questions are found by folder; later folders override, and a broken file leaves the others alone."""

from pathlib import Path

import pytest

from llmlogs.errors import UsageError
from llmlogs.pack.load import folders, load
from tests.pack.conftest import BODY, HEADER


def _write(folder: Path, name: str, text: str = HEADER + BODY) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_same_path_overrides_and_a_new_one_extends(tmp_path: Path) -> None:
    _write(tmp_path / "a", "cost/x.sql")
    _write(tmp_path / "a", "latency/y.sql")
    _write(tmp_path / "b", "cost/x.sql", (HEADER + BODY).replace("How many", "Which"))
    _write(tmp_path / "b", "our_own/z.sql")
    pack = load([tmp_path / "a", tmp_path / "b", tmp_path / "absent"])
    assert [(q.id, q.question) for q in pack.questions] == [
        ("latency/y", "How many calls?"),
        ("cost/x", "Which calls?"),
        ("our_own/z", "How many calls?"),
    ]
    assert [q.id for q in pack.section("cost")] == ["cost/x"]
    assert pack.warnings == ()


def test_a_broken_file_is_a_warning_and_what_it_would_override_stays(tmp_path: Path) -> None:
    _write(tmp_path / "a", "cost/x.sql")
    _write(tmp_path / "b", "cost/x.sql", "select 1")
    pack = load([tmp_path / "a", tmp_path / "b"])
    assert [q.path for q in pack.questions] == [tmp_path / "a" / "cost" / "x.sql"]
    assert len(pack.warnings) == 1
    assert f"{tmp_path / 'b' / 'cost' / 'x.sql'}:1" in pack.warnings[0]


def test_a_question_is_found_by_id_or_the_nearest_are_named(tmp_path: Path) -> None:
    _write(tmp_path, "cost/by_feature.sql")
    pack = load([tmp_path])
    assert pack.find("cost/by_feature").id == "cost/by_feature"
    with pytest.raises(UsageError, match="did you mean cost/by_feature"):
        pack.find("cost/by_featur")
    with pytest.raises(UsageError, match="llmlogs queries list"):
        pack.find("zzz")


def test_places_are_built_in_user_project_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found = folders(tmp_path / "mine")
    assert found[1:] == [tmp_path / "llmlogs" / "queries", Path(".llmlogs/queries"), tmp_path / "mine"]
    assert (found[0] / "errors" / "by_class.sql").is_file()
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folders()[1:] == [tmp_path / ".config" / "llmlogs" / "queries", Path(".llmlogs/queries")]
    assert load().find("errors/by_class").id == "errors/by_class"
