"""A skeleton is a sound question with cases that hold, and nothing of a user's is written over by accident."""

from pathlib import Path

import pytest

from llmlogs import resources
from llmlogs.errors import StorageError, UsageError
from llmlogs.pack import cases
from llmlogs.pack.lint import lint
from llmlogs.pack.load import load
from llmlogs.pack.new import copy, new


def test_a_skeleton_lints_and_its_cases_hold(tmp_path: Path) -> None:
    question, case_file = new("our_own/long_answers", tmp_path)
    pack = load([tmp_path])
    assert pack.warnings == ()
    assert [q.path for q in pack.questions] == [question]
    assert lint(pack.questions[0]) == []
    outcomes = cases.test(pack.questions, tmp_path / "no" / "such" / "folder")
    assert {o.case.split(":")[0] for o in outcomes} == set(cases.MANDATORY)
    assert [o for o in outcomes if o.complaints] == []
    assert case_file.parent == question.parent


def test_a_file_there_is_stays_unless_forced(tmp_path: Path) -> None:
    question, case_file = new("cost/mine", tmp_path)
    question.unlink()
    case_file.write_text("mine")
    with pytest.raises(UsageError, match=r"one already.*mine\.toml"):
        new("cost/mine", tmp_path)
    assert case_file.read_text() == "mine"
    assert not question.exists()
    new("cost/mine", tmp_path, replace=True)
    assert question.exists()
    assert case_file.read_text() != "mine"


@pytest.mark.parametrize("name", ["cost", "cost/", "../x/y", "a/b/c", "Cost/x", "cost/x.sql", "cost/x\n", ""])
def test_a_name_that_is_no_id(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not the name of a question"):
        new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_stands_for_what_it_was_copied_from(tmp_path: Path) -> None:
    builtin = resources.folder("queries")
    path = copy(load([builtin]), "errors/by_class", tmp_path)
    assert path.read_bytes() == (builtin / "errors" / "by_class.sql").read_bytes()
    assert load([builtin, tmp_path]).find("errors/by_class").path == path
    with pytest.raises(UsageError, match="one already"):
        copy(load([builtin]), "errors/by_class", tmp_path)
    with pytest.raises(UsageError, match="did you mean errors/by_class"):
        copy(load([builtin]), "errors/by_clas", tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "cost").write_text("a file")
    with pytest.raises(StorageError, match="cannot write the question"):
        new("cost/mine", tmp_path)
