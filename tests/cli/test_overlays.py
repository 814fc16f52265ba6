"""Questions and sources of one's own: made, found, and when broken, told without stopping the rest."""

from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.test_manners import check, log


def test_a_new_question_runs_as_it_stands(llmlogs: Run, tmp_path: Path) -> None:
    made = llmlogs("queries", "new", "our_own/long_answers")
    check(made, 0, "llmlogs queries lint our_own/long_answers")
    assert made.out.split() == [".llmlogs/queries/our_own/long_answers.sql", ".llmlogs/queries/our_own/long_answers.toml"]
    llmlogs("ingest", log(tmp_path, 60))
    check(llmlogs("queries", "lint", "our_own"), 0)
    check(llmlogs("queries", "test", "our_own"), 0, "6 cases, 0 failed")
    assert llmlogs("query", "our_own/long_answers").out.startswith("✔ OK: 0% of 60 calls")
    check(llmlogs("queries", "new", "our_own/long_answers"), 2, "there is one already", "--force")


def test_the_project_stands_above_the_user_and_a_named_folder_above_both(llmlogs: Run, tmp_path: Path) -> None:
    user = tmp_path / "config"
    check(llmlogs("queries", "copy", "errors/by_class", "--user", XDG_CONFIG_HOME=str(user)), 0)
    text = (user / "llmlogs/queries/errors/by_class.sql").read_text()
    asked = next(line for line in text.splitlines() if line.startswith("question"))
    for place in (user / "llmlogs", tmp_path / ".llmlogs", tmp_path / "named"):
        path = place / ("errors" if place.name == "named" else "queries/errors") / "by_class.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(asked, f'question = "From {place.name}?"'))
        options = ["--queries", "named"] if place.name == "named" else []
        assert f"From {place.name}?" in llmlogs("queries", "list", *options, XDG_CONFIG_HOME=str(user)).out


def test_a_broken_file_of_ones_own_is_told_with_its_line_and_the_rest_works(llmlogs: Run, tmp_path: Path) -> None:
    broken = tmp_path / ".llmlogs/queries/errors/by_class.sql"
    broken.parent.mkdir(parents=True)
    broken.write_text('/*---\nquestion = "x"\nneed = ["a"]\n---*/\nselect 1;\n')
    mapping = tmp_path / ".llmlogs/sources/mine.toml"
    mapping.parent.mkdir()
    mapping.write_text('title = "Mine"\nclumns = 3\n')
    ingested = llmlogs("ingest", log(tmp_path, 200))
    check(ingested, 0, "left out:", "mine.toml:2")
    asked = llmlogs("query", "errors/by_class")
    check(asked, 0, "left out:", ".llmlogs/queries/errors/by_class.sql:3", "unknown key")
    assert asked.out
    check(llmlogs("sources"), 0, "left out:", "mine.toml:2")
