r"""File names in tables: always valid text, always reversible.

A name is bytes on most systems. One that is UTF-8 stands in a table as it is, with its spaces, quotes and newlines (the
format quotes them). A byte that is not UTF-8, and a zero byte, stand as `\xNN`; so that this can be undone, a backslash
of the name itself stands as `\x5c`, but only where `x` and two hexadecimal digits follow it.

>>> escape("sunset.jpg"), escape("caf\udce9.jpg"), escape(r"a\xff.jpg")
('sunset.jpg', 'caf\\xe9.jpg', 'a\\x5cxff.jpg')
>>> unescape(escape("caf\udce9.jpg")) == "caf\udce9.jpg"
True
"""

from __future__ import annotations

import re

_SPECIAL = re.compile("[\udc80-\udcff\0]|\\\\(?=x[0-9a-fA-F]{2})")
_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")


def escape(name: str) -> str:
    """A name as tables hold it."""
    return _SPECIAL.sub(lambda m: f"\\x{ord(m[0]) & 0xFF:02x}", name)


def unescape(text: str) -> str:
    """The name behind a table's text, with surrogate escapes for undecodable bytes (`os.fsencode` takes it)."""
    return _ESCAPED.sub(_byte, text)


def _byte(match: re.Match[str]) -> str:
    value = int(match[1], 16)
    return chr(value) if value < 0x80 else chr(0xDC00 + value)
