"""The page in a real browser: nothing of a log runs, nothing is asked of the network, every chart is drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Page, binary, page
from hand_made import HOSTILE, answers, database, hostile_answers, report

from llmlogs.report.render_html import render

pytestmark = [pytest.mark.browser, pytest.mark.skipif(binary() is None, reason="no Chromium on PATH")]
NOISE = ("Log.entryAdded", "Runtime.exceptionThrown", "Page.javascriptDialogOpening", "Runtime.consoleAPICalled")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An ordinary, a hostile and an empty page."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, names, given, calls in (("full", ("gpt-x",), answers(), 240), ("hostile", HOSTILE, hostile_answers(), 240), ("empty", ("x",), [], 0)):
        con = database(folder / f"{name}.duckdb", names=names, calls=calls)
        made[name] = folder / f"{name}.html"
        made[name].write_text(render(report(con, given)), encoding="utf-8")
        con.close()
    return made


@pytest.fixture
def tab() -> Iterator[Page]:
    with page() as found:
        yield found


@pytest.mark.parametrize("name", ["full", "hostile", "empty"])
def test_a_page_is_quiet_and_drawn(tab: Page, files: dict[str, Path], name: str) -> None:
    """Title unchanged, no violation of the policy, no exception, no dialog, no request but the file itself; all charts there."""
    tab.open(files[name])
    tab.draw_all()
    assert tab.js("document.title") == "LLM call report"
    assert [e for e in tab.events if e["method"] in NOISE] == []
    requests = [e["params"]["request"]["url"] for e in tab.events if e["method"] == "Network.requestWillBeSent"]
    assert requests == [files[name].resolve().as_uri()]
    assert tab.js("document.querySelectorAll('.main-svg').length > 0") == (name != "empty")
    assert tab.js("document.querySelectorAll('img, iframe, object, embed, base').length") == 0


def test_the_verdicts_need_no_script(tab: Page, files: dict[str, Path]) -> None:
    """With scripts off the first screen is complete."""
    tab.call("Target.getTargets")
    tab.open(files["full"])
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.call("Page.reload")
    time.sleep(0.5)
    tree = str(tab.call("DOM.getOuterHTML", nodeId=tab.call("DOM.getDocument")["root"]["nodeId"])["outerHTML"])
    assert tree.count('class="spark"') >= 4
    assert "3 bursts of 429s" in tree
    assert "<button" not in tree


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out(tab: Page, files: dict[str, Path], width: int) -> None:
    """No sideways scrolling of the page, on a phone neither; wide tables scroll in themselves."""
    for path in files.values():
        tab.session = ""
        tab.open(path)
        tab.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        tab.draw_all()
        assert tab.js("document.documentElement.scrollWidth") <= width


def test_a_deep_link_opens_its_card(tab: Page, files: dict[str, Path]) -> None:
    """A link to a folded card shows it."""
    tab.open(files["full"])
    assert tab.js("document.getElementById('errors-by_class').open") is False
    tab.js("location.hash = '#errors-by_class'")
    tab.until("document.getElementById('errors-by_class').open")


def test_a_table_sorts_by_value_and_keeps_nulls_last(tab: Page, files: dict[str, Path]) -> None:
    """10 s after 9 s, not before; what is not recorded is neither first nor a zero."""
    tab.open(files["full"])
    tab.js("window.head = [...document.querySelectorAll('#latency-by_model th button')].find(b => b.textContent === 'p99')")
    column = "[...head.closest('table').tBodies[0].rows].map(r => r.cells[3].textContent)"
    for _ in range(2):
        tab.js("head.click()")
        shown = tab.js(column)
        assert "–" not in shown[: len(shown) - shown.count("–")]
    tab.js("window.head = [...document.querySelectorAll('#cache-prefix_cache th button')].find(b => b.textContent === 'Lost')")
    tab.js("head.click(); head.click()")
    assert tab.js("head.closest('th').ariaSort") == "ascending"
    money = [float(text.strip("$")) for text in tab.js("[...head.closest('table').tBodies[0].rows].map(r => r.cells[1].textContent)")]
    assert money == sorted(money)


def test_what_is_copied_cannot_run(tab: Page, files: dict[str, Path]) -> None:
    """CSV and TSV of a hostile table: formulas quoted, one line a row."""
    tab.open(files["hostile"])
    for form in ("csv", "tsv"):
        text = str(tab.js(f"forms.{form}(document.querySelector('figure.table table'))"))
        assert not any(line.lstrip('"').startswith(("=", "@", "+")) for line in text.splitlines())
        assert "'=HYPERLINK" in text
    assert len(tab.js("JSON.parse(forms.json(document.querySelector('figure.table table')))")) == len(HOSTILE)


def test_dark_and_print(tab: Page, files: dict[str, Path]) -> None:
    """Charts follow the theme; paper is light with everything open."""
    tab.open(files["full"])
    tab.draw_all()
    colour = "getComputedStyle(document.querySelector('.plot .xtick text')).fill"
    light = tab.js(colour)
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    tab.until(f"{colour} !== '{light}'")
    tab.js("document.querySelectorAll('details').forEach(d => d.open = false); dispatchEvent(new Event('beforeprint'))")
    tab.until(f"{colour} === '{light}'")
    assert tab.js("document.getElementById('errors-by_class').open") is True
    tab.js("dispatchEvent(new Event('afterprint'))")
    assert tab.js("document.getElementById('errors-by_class').open") is False
