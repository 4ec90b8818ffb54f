"""Figures of matplotlib as SVG for the inside of a page, in the page's colours (extra `report`).

Colours of ink, lines and marks are CSS variables of the page, so that one picture suits light, dark and print.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from typing import Any
from xml.sax.saxutils import escape

from visq.extras import require
from visq.media.source import printable

# Stand-ins that the page's variables take the place of.
_VARIABLES = {"#010101": "var(--ink)", "#020202": "var(--faint)", "#030303": "var(--line)", "#040404": "var(--mark)",
              "#050505": "var(--curve)", "#060606": "var(--page)"}  # fmt: skip
INK, FAINT, LINE, MARK, CURVE, PAGE = _VARIABLES
_DPI = 144


def figure_class(what: str, otherwise: str) -> Any:
    """matplotlib's `Figure`; `what` needs it, and `otherwise` is what can be done without.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it reports that it looks for fonts, once
    return require("matplotlib.figure", what, "report", otherwise=otherwise).Figure


def bare(panel: Any) -> None:
    """Axes with two lines and small letters, without a ground of their own."""
    panel.patch.set_alpha(0)
    panel.tick_params(which="both", colors=FAINT, labelcolor=INK, labelsize=7.5, length=2.5)
    for side, spine in panel.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)


def svg(figure: Any, name: str, title: str, titles: dict[str, str] | None = None) -> str:
    """The figure as an element of a page: no fixed size, identifiers of its own, colours of the page."""
    import matplotlib as mpl

    figure.patch.set_alpha(0)
    file = io.StringIO()
    settings: Any = {"svg.hashsalt": "visq", "svg.fonttype": "none", "font.family": "DejaVu Sans"}
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks: the browser has others
        figure.savefig(file, format="svg", dpi=_DPI, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    head, end, body = text.partition(">")
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    text = f'{head} role="img" aria-label="{_attribute(title)}"{end}{body}'
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"font: ((?:[a-z]+ |\d+ )*[\d.]+px) [^;\"]+", r"font: \1 var(--font)", text)
    for stand_in, variable in _VARIABLES.items():
        text = text.replace(stand_in, variable)
    for gid, words in (titles or {}).items():
        text = text.replace(f'<g id="{name}-{gid}">', f'<g id="{name}-{gid}"><title>{escape(words)}</title>')
    return text


def _attribute(text: str) -> str:
    return escape(printable(text), {'"': "&quot;"})
