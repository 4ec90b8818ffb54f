"""The leader-board in a real browser: whole, quiet, readable in light and dark, on a phone, without scripts."""

from __future__ import annotations

import base64
import io
import sys

import numpy as np
import pytest
from chromium import Browser, Tab, find
from PIL import Image

from boards import hostile, results, verdict
from rated_folders import rated

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes to the browser are POSIX ones")

_CONTRAST = """
(() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).slice(0, 3)
      .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = light(getComputedStyle(document.body).backgroundColor);
  const found = {};
  for (const choice of ["p", "td", "th", "td small", "caption", "figcaption", "a", "code", ".warn", "dt", "svg text"]) {
    const item = document.querySelector("main " + choice);
    if (!item) continue;
    const style = getComputedStyle(item);
    const ink = light(choice === "svg text" ? style.fill : style.color);
    found[choice] = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A page on two databases, one of them a trial with failures and names full of mark-up."""
    from visq.bench import page

    find()
    folder = tmp_path_factory.mktemp("browser")
    rated(folder / "rated")
    target = folder / "leaderboard.html"
    page.write(str(target), *results(verdict(folder / "rated"), hostile(folder / "rated")))
    return target


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


def _pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(float)


def test_it_opens_from_a_file_and_asks_for_nothing_else(browser, path):
    tab = Tab(browser, path)
    assert tab.requests() == [path.as_uri()]
    assert tab.complaints() == []
    assert tab.value("document.querySelectorAll('table.board tbody tr').length") > 5
    assert tab.value("typeof alerted") == "undefined"


def test_plots_are_drawn(browser, path):
    tab = Tab(browser, path)
    boxes = tab.value(
        "[...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect()).map(b => [b.width, b.height])"
    )
    assert len(boxes) > 5
    assert all(width > 150 and height > 100 for width, height in boxes)
    pixels = _pixels(tab.screenshot())
    assert pixels.std() > 10
    blue = (abs(pixels - [0, 114, 178]).max(axis=-1) < 25).sum()
    assert blue > 500  # dots and whiskers in the colour of the page


def test_a_click_on_a_title_sorts_and_says_so(browser, path):
    tab = Tab(browser, path)
    column = "[...table.tBodies[0].rows].map(r => Number(r.cells[at].dataset.v || r.cells[at].textContent))"
    head = "const table = document.querySelector('section:nth-of-type(2) table.board');"
    head += "const at = [...table.tHead.rows[0].cells].findIndex(c => c.textContent.trim() === 'KRCC');"
    press = "table.tHead.rows[0].cells[at].querySelector('button').click();"
    sorts = "[...table.querySelectorAll('th[aria-sort]')].map(h => h.getAttribute('aria-sort'))"
    before = tab.value(f"(() => {{ {head} return {column}; }})()")
    once = tab.value(f"(() => {{ {head} {press} return [{column}, {sorts}]; }})()")
    assert once[0] == sorted(before, reverse=True)
    assert sorted(set(once[1])) == ["descending", "none"]
    assert once[1].count("descending") == 1
    twice = tab.value(f"(() => {{ {head} {press} return [{column}, {sorts}]; }})()")
    assert twice[0] == sorted(before)
    assert twice[1].count("ascending") == 1


def test_a_metric_is_marked_everywhere(browser, path):
    tab = Tab(browser, path)
    marked = "document.querySelectorAll('.on').length"
    assert tab.value(marked) == 0
    tab.value("document.querySelector('table.board tbody th').click()")
    assert tab.value(marked) >= 4
    assert tab.value("new Set([...document.querySelectorAll('.on')].map(i => i.dataset.metric)).size") == 1
    tab.value("document.querySelector('table.board tbody th').click()")
    assert tab.value(marked) == 0


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_dark(browser, path, dark):
    tab = Tab(browser, path, dark=dark)
    # WCAG 2.2, 1.4.3: 4.5 to 1.
    assert not {k: v for k, v in tab.value(_CONTRAST).items() if v < 4.5}
    mean = _pixels(tab.screenshot(height=900)).mean()
    assert mean < 80 if dark else mean > 200


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_screen_scrolls_tables_and_not_the_page(browser, path, width):
    tab = Tab(browser, path, width=width, phone=True)
    assert tab.value("document.documentElement.scrollWidth") <= width
    assert tab.value("Math.max(...[...document.querySelectorAll('.scroll')].map(s => s.scrollWidth))") > width


def test_without_scripts_everything_is_there(browser, path):
    whole, bare = Tab(browser, path), Tab(browser, path, script=False)

    def count(tab, selector):
        root = tab.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        return len(tab.call("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"])

    for selector in ("tbody tr", "td", "figure svg", "h2", "h3"):
        assert count(bare, selector) == count(whole, selector) > 0
    assert count(bare, "button") == 0
    assert count(whole, "button") > 0


def test_it_prints(browser, path):
    tab = Tab(browser, path, dark=True)
    data = base64.b64decode(tab.call("Page.printToPDF", printBackground=False)["data"])
    assert data.startswith(b"%PDF")
    assert 1 <= data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") <= 40
