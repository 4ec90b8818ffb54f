"""The page of a study of halves in a real browser: quiet, drawn, readable, on a phone."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from chromium import Browser, Tab, find
from PIL import Image

from halving_models import World
from visq.explain.study import run
from visq.explain.study.tables import write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes to the browser are POSIX ones")

_CONTRAST = """
(() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3)
      .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = parts(getComputedStyle(document.body).backgroundColor);
  const over = (colour) => {
    const a = colour.length > 3 ? colour[3] : 1;
    return [0, 1, 2].map(i => a * colour[i] + (1 - a) * page[i]);
  };
  const found = {};
  const choices = ["p", "td", "th", "figcaption", "dt", ".verdict.confirmed", ".verdict.contradicted", "svg text.soft"];
  for (const choice of choices) {
    const item = document.querySelector(choice), style = getComputedStyle(item);
    const ink = light(parts(choice.startsWith("svg") ? style.fill : style.color));
    const ground = light(choice.startsWith(".verdict") ? over(parts(style.backgroundColor)) : page);
    found[choice] = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    find()
    world = World(32)
    models = [world.model("a <b>"), world.model("second", "cnn"), world.model("third", "classical", "mean")]
    target = tmp_path_factory.mktemp("halves") / "halves.html"
    write(str(target), run(models, world.pictures(), samples=100, draws=2))
    return target


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


def test_it_opens_from_a_file_and_asks_for_nothing_else(browser, path):
    tab = Tab(browser, path)
    assert [r for r in tab.requests() if not r.startswith("data:")] == [path.as_uri()]
    assert tab.complaints() == []
    assert tab.value("document.querySelector('h1').textContent") == "Does half of an image decide?"
    assert tab.value("document.querySelectorAll('#halves ~ .scroll tbody th')[0].textContent") == "a <b>"


def test_whole_and_critical_half_lie_right_of_the_trivial_one(browser, path):
    tab = Tab(browser, path)
    place = "[...document.querySelectorAll('svg g.{} circle')].map(c => c.getBoundingClientRect().x)"
    whole, critical, trivial = (tab.value(place.format(kind)) for kind in ("whole", "critical", "trivial"))
    assert len(whole) == len(critical) == len(trivial) == 3
    assert critical[0] == pytest.approx(whole[0], abs=1)
    assert trivial[0] < whole[0] - 50
    drawn = np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("RGB")).astype(int)
    assert drawn.std() > 15


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_dark(browser, path, dark):
    tab = Tab(browser, path, dark=dark)
    # WCAG 2.2, 1.4.3: 4.5 to 1.
    assert not {k: v for k, v in tab.value(_CONTRAST).items() if v < 4.5}


def test_a_phone_needs_no_sideways_scrolling(browser, path):
    tab = Tab(browser, path, width=390, phone=True)
    assert tab.value("document.documentElement.scrollWidth") <= 390
    tab.value("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert tab.value("document.documentElement.scrollWidth") <= 390
    widths = tab.value("[...document.querySelectorAll('.curves svg')].map(s => s.getBoundingClientRect().width)")
    assert min(widths) > 280
