"""Every surface says the same and none can be broken by a log: page, Markdown, terminal, JSON, files."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hand_made import HOSTILE, START, answer, answers, database, hostile_answers, report
from jinja2.exceptions import SecurityError

from llmlogs.errors import StorageError, UsageError
from llmlogs.pack.model import Chart
from llmlogs.report import layout, library, render_html, render_json, render_md, render_term
from llmlogs.report.model import Report
from llmlogs.report.write import check, write
from llmlogs.text import width

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
TEMPLATES = Path(__file__).resolve().parents[2] / "reports"


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = database(tmp_path / "a.duckdb")
    yield con
    con.close()


@pytest.fixture
def full(con: duckdb.DuckDBPyConnection) -> Report:
    return report(con, answers())


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Report]:
    con = database(tmp_path / "h.duckdb", names=HOSTILE)
    yield report(con, hostile_answers())
    con.close()


# --- golden files ----------------------------------------------------------------------------------------------------------------------

FORMS = {"report.md": render_md.render, "report.txt": render_term.render, "report.json": render_json.render}


@pytest.mark.parametrize("name", FORMS)
def test_golden(name: str, full: Report, update_golden: bool) -> None:
    """Byte for byte what is kept; after a wanted change run with --update-golden and read the diff."""
    path, text = GOLDEN / name, FORMS[name](full)
    if update_golden:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_twice_the_same_bytes(full: Report) -> None:
    """The page of the same report is the same page."""
    assert render_html.render(full) == render_html.render(full)


def test_a_template_of_a_project_cannot_reach_python(full: Report, tmp_path: Path) -> None:
    """A cloned repository may bring a report folder; it must not bring code."""
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "clock.html.j2").write_text("{{ report.__class__.__mro__[-1].__subclasses__() }}", encoding="utf-8")
    with pytest.raises(SecurityError):
        render_html.render(full, layout.load(places=(tmp_path,)))


# --- the page --------------------------------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def ids(self) -> list[str]:
        return [str(a["id"]) for _, a in self.found if "id" in a]


def embedded(page: str, name: str) -> bytes:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page)
    assert found
    return gzip.decompress(base64.b64decode(json.loads(found[1])))


def test_the_page_has_no_foreign_tag(hostile: Report, full: Report) -> None:
    """A log adds text, never a tag or an attribute: the tags of the hostile page are those of the ordinary one."""
    known = {(tag, name) for tag, attrs in Tags(render_html.render(full)).found for name in (*attrs, "")}
    found = {(tag, name) for tag, attrs in Tags(render_html.render(hostile)).found for name in (*attrs, "")}
    assert found - known == set()
    assert not any(name.startswith("on") for _, name in found)
    assert not any(tag in ("img", "iframe", "link", "object", "base", "form") for tag, _ in found)


def test_the_page_names_no_address(full: Report) -> None:
    """Nothing to load, anywhere: every link stays in the page."""
    tags = Tags(render_html.render(full)).found
    assert all(str(attrs.get("href", "#")).startswith("#") for _, attrs in tags)
    assert not any("src" in attrs or "srcset" in attrs for _, attrs in tags)


def test_every_link_has_a_target_and_every_id_is_one(full: Report) -> None:
    """Deep links lead somewhere."""
    tags = Tags(render_html.render(full))
    targets = {str(attrs["href"])[1:] for tag, attrs in tags.found if tag == "a"}
    assert targets <= set(tags.ids())
    assert len(tags.ids()) == len(set(tags.ids()))


def test_the_policy_names_exactly_our_scripts(full: Report) -> None:
    """One hash for the page's script, one for the chart library, nothing unsafe to run."""
    page = render_html.render(full)
    policy = next(str(a["content"]).replace("&#39;", "'") for t, a in Tags(page).found if a.get("http-equiv") == "Content-Security-Policy")
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(script) == 1
    assert library.sha256(script[0].encode()) in policy
    assert library.sha256(embedded(page, "library")) in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy.split("style-src")[0]


def test_no_template_can_turn_escaping_off() -> None:
    """No safe filter, no Markup, no autoescape block."""
    places = [*TEMPLATES.rglob("*.j2"), *Path(render_html.__file__).parent.rglob("*.py")]
    assert len(places) > 10
    assert [p.name for p in places if re.search(r"\|\s*safe\b|Markup\(|autoescape\s+false|autoescape=False", p.read_text(encoding="utf-8"))] == []


def test_charts_are_embedded_without_markup(hostile: Report) -> None:
    """What plotly gets holds no tag but our own."""
    figures = embedded(render_html.render(hostile), "figures").decode("utf-8")
    assert set(re.findall(r"</?[a-zA-Z!][^>]{0,20}", figures)) <= {"<br", "<extra", "</extra"}


def test_a_chart_that_cannot_be_drawn_says_so(full: Report) -> None:
    """The card stays; the reason is on it."""
    assert "No chart: no result is called nothing." in render_html.render(full)


def test_the_page_is_never_too_large(con: duckdb.DuckDBPyConnection) -> None:
    """A log of any size gives a page of 2.5 MB at most, which says what it leaves out."""
    words = [f"{i:06}" * 30 for i in range(60)]
    columns: dict[str, tuple[str, str]] = {"name": ("Name", ""), "n": ("Calls", "int"), "a": ("A", ""), "b": ("B", "")}
    rows = tuple((w, i, w[::-1], w) for i, w in enumerate(words))
    chart = Chart("scatter", options={"x": "n", "y": "n", "name": "name"})
    given = [answer(f"errors/q{i}", "fail", "x", columns=columns, rows=rows, charts=(chart,)) for i in range(60)]
    page = render_html.render(report(con, given))
    assert len(page.encode()) <= render_html.LARGEST
    assert "To keep this page small" in page
    assert "errors-q59" in page


def test_the_last_plan_fits_whatever_comes(con: duckdb.DuckDBPyConnection) -> None:
    """Even hundreds of cards with long SQL."""
    given = [answer(f"errors/q{i}", "fail", "x" * 300) for i in range(400)]
    assert len(render_html.render(report(con, given)).encode()) <= render_html.LARGEST


def test_the_library_is_found_without_importing_plotly() -> None:
    """Importing plotly costs more than the whole report."""
    before = set(sys.modules)
    assert library.bundle().stat().st_size > 1_000_000
    assert not any(name == "plotly" or name.startswith("plotly.") for name in set(sys.modules) - before)


def test_a_missing_library_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Markdown and JSON still work without it."""
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    with pytest.raises(StorageError, match=r"\.md"):
        library.load.__wrapped__()


def test_prose_of_a_question() -> None:
    """Numbered steps become paragraphs, backticks become code."""
    assert render_html.prose("Read\nthis.\n1. Set `a`.\n2. Go.") == [[("", "Read this.")], [("", "1. Set "), ("code", "a"), ("", ".")], [("", "2. Go.")]]


# --- Markdown, terminal, JSON ----------------------------------------------------------------------------------------------------------


def test_every_surface_says_every_verdict(full: Report) -> None:
    """The same sentences everywhere."""
    page, md, term = render_html.render(full), render_md.render(full), render_term.render(full, 4000)
    for item in full.strip:
        plain = item.sentence.replace("<", "&lt;").replace("'", "&#39;")
        assert plain in page
        assert item.sentence.split(" (")[0].replace("_", "\\_").replace("<", "&lt;") in md
        assert item.sentence in term


@pytest.mark.parametrize("cells", [20, 40, 80, 160])
def test_the_terminal_keeps_its_width(full: Report, hostile: Report, cells: int) -> None:
    """No line is wider than the terminal, numbers aside; no control character but our colours."""
    for one in (full, hostile):
        text = render_term.render(one, cells, color=True)
        bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert all(c == "\n" or c.isprintable() for c in bare)
        assert max(map(width, bare.splitlines())) <= max(cells, 40)


def test_colour_only_where_wanted(full: Report) -> None:
    """A pipe gets plain text."""
    assert "\x1b" not in render_term.render(full)
    assert "\x1b[1;31m" in render_term.render(full, color=True)


def test_markdown_is_inert(hostile: Report) -> None:
    """No tag, no link, no table cell of a log's making."""
    text = render_md.render(hostile)
    outside_code = re.sub(r"`[^`]*`", "", text)
    assert "<" not in outside_code.replace("\\<", "")
    assert not re.search(r"(?<!\\)\]\(", text)


def test_json_is_the_contract(hostile: Report) -> None:
    """Strict JSON with a version; money is a number and what is not recorded is null."""
    found: dict[str, Any] = json.loads(render_json.render(hostile), parse_constant=lambda c: pytest.fail(f"not strict JSON: {c}"))
    assert found["schema_version"] == 1
    assert isinstance(found["header"]["spend_usd"], float)
    assert found["header"]["first_at"] == f"{START:%Y-%m-%dT%H:%M:%S}Z"


@pytest.mark.parametrize("form", [render_md.render, render_term.render, render_html.render])
def test_an_empty_database_says_the_next_command(tmp_path: Path, form: Any) -> None:
    """No verdict of nothing and no empty chart, on any surface."""
    con = database(tmp_path / "e.duckdb", calls=0)
    text = form(report(con, answers()))
    con.close()
    assert "No calls yet" in text
    assert "llmlogs" in text
    assert "gpt-x" not in text.replace("logs/gpt-x.jsonl", "")


def test_one_call_renders(tmp_path: Path) -> None:
    """A log of one call has no span, no trend, and no division by zero."""
    con = database(tmp_path / "o.duckdb", calls=1)
    one = report(con, [answer("errors/a", "unknown", "1 of 100 calls")])
    con.close()
    assert "1 of 100 calls" in render_html.render(one)
    assert "1 call" in render_md.render(one)


# --- files -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "start"), [("r.html", "<!doctype html>"), ("r.MD", "# LLM"), ("r.json", "{"), ("r.txt", "LLM call report")])
def test_write_picks_the_form_by_name(full: Report, tmp_path: Path, name: str, start: str) -> None:
    """One report, four forms; a normal file's permissions; nothing left beside it."""
    write(full, tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8").lstrip().startswith(start)
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~mask
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith("a.duckdb")] == [name]


def test_write_refuses_an_unknown_form(full: Report, tmp_path: Path) -> None:
    """Before anything is computed."""
    with pytest.raises(UsageError, match=r"\.pdf"):
        check(tmp_path / "r.pdf")


def test_write_says_what_the_disk_says(full: Report, tmp_path: Path) -> None:
    """A folder that is not there is a storage error, not a traceback."""
    with pytest.raises(StorageError, match="No such file"):
        write(full, tmp_path / "nowhere" / "r.md")


def test_a_failed_write_leaves_the_old_report(full: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole or not at all."""
    path = tmp_path / "r.md"
    path.write_text("old", encoding="utf-8")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageError, match="No space"):
        write(full, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith("a.duckdb")] == ["r.md"]


def test_write_into_what_is_no_file(full: Report, tmp_path: Path) -> None:
    """A pipe or device is written as it is: moving a file over it would destroy it."""
    path = tmp_path / "pipe.md"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write(full, path)
    assert os.read(reader, 5) == b"# LLM"
    os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)
