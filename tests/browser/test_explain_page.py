"""The page of an explanation in a real browser: quiet, drawn, readable, on a phone, without scripts."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from chromium import Browser, Tab, find
from PIL import Image

import samples
from visq.explain import explain, page
from visq.report.colours import table

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
  const choices = ["p", "td", "th", "figcaption", ".score", ".facts span", ".bar span", ".through", "code", "dt"];
  for (const choice of choices) {
    const item = document.querySelector(choice);
    const ink = light(getComputedStyle(item).color);
    found[choice] = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def found():
    picture = samples.picture(120, 180)
    return explain("ssim", samples.jpeg(picture, 15), picture, name="copy <1>.jpg", cells=24)


@pytest.fixture(scope="module")
def path(tmp_path_factory, found):
    find()
    target = tmp_path_factory.mktemp("explained") / "why.html"
    page.write(str(target), found, command="visq explain copy.jpg")
    return target


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


def _pixels(tab):
    return np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("RGB")).astype(int)


def _box(tab, label):
    choice = (
        f"[...document.querySelectorAll('svg')].find(s => (s.getAttribute('aria-label') || '').startsWith('{label}'))"
    )
    found = tab.value(
        f"(() => {{ const b = {choice}.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }})()"
    )
    return [round(v) for v in found]


def _cut(pixels, box):
    x, y, width, height = box
    return pixels[y : y + height, x : x + width]


def test_it_opens_from_a_file_and_asks_for_nothing_else(browser, path):
    tab = Tab(browser, path)
    assert [r for r in tab.requests() if not r.startswith("data:")] == [path.as_uri()]
    assert tab.complaints() == []
    assert tab.value("document.querySelector('h1').textContent") == "Where the quality of copy <1>.jpg comes from"


def test_picture_map_and_halves_are_drawn(browser, path, found):
    tab = Tab(browser, path)
    pixels = _pixels(tab)
    photograph = _cut(pixels, _box(tab, "The picture"))
    shown = np.asarray(Image.fromarray(found.shown).resize(photograph.shape[1::-1]))
    assert np.abs(photograph - shown)[4:-4, 4:-4].mean() < 12
    heat = _cut(pixels, _box(tab, "Importance"))
    cells = found.importance.cells
    y, x = np.unravel_index(found.importance.map.argmax(), cells.shape)
    place = [
        int((e[i] + e[i + 1]) / 2 / e[-1] * n)
        for e, i, n in zip((cells.rows, cells.columns), (y, x), heat.shape, strict=False)
    ]
    assert np.abs(heat[place[0], place[1]] - table()[255]).max() <= 2
    left_out = cells.expand(~found.importance.critical).mean()
    for word, share in (("critical", left_out), ("trivial", 1 - left_out)):
        half = _cut(pixels, _box(tab, f"The {word} half"))
        ground = (np.ptp(half, axis=2) == 0) & (half[..., 0] >= 0xCC) & (half[..., 0] <= 0xE8)
        assert ground.mean() == pytest.approx(share, abs=0.03)


def test_a_cell_says_its_value(browser, path, found):
    tab = Tab(browser, path)
    said = tab.value("document.querySelectorAll('.map')[0].querySelector('rect title').textContent")
    assert said == f"1, 1: {found.importance.map[0, 0]:.3g}"


def test_the_picture_shows_through_when_asked(browser, path):
    tab = Tab(browser, path)
    assert tab.value("[...document.querySelectorAll('.through')].every(l => !l.hidden)")
    move = "(() => { const i = document.querySelector('.through input'); i.value = 80;"
    move += " i.dispatchEvent(new Event('input')); return i.closest('figure').querySelector('.map').style.opacity; })()"
    assert float(tab.value(move)) == pytest.approx(0.2)


def test_without_scripts_nothing_is_lost_but_the_slider(browser, path):
    tab = Tab(browser, path, script=False)
    pixels = _pixels(tab)
    assert pixels.std() > 30


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_dark(browser, path, dark):
    tab = Tab(browser, path, dark=dark)
    # WCAG 2.2, 1.4.3: 4.5 to 1.
    assert not {k: v for k, v in tab.value(_CONTRAST).items() if v < 4.5}
    ground = _pixels(tab)[:8].mean()
    assert (ground < 60) == dark


def test_a_phone_needs_no_sideways_scrolling(browser, path):
    tab = Tab(browser, path, width=390, phone=True)
    assert tab.value("document.documentElement.scrollWidth") <= 390
    widths = tab.value("[...document.querySelectorAll('figure > svg')].map(s => s.getBoundingClientRect().width)")
    assert min(widths) > 300
