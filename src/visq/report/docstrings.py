"""Docstrings in NumPy's style, read into sections and turned into Markdown.

Only what visq's own docstrings use is understood: underlined sections, ``name : type`` entries, paragraphs, lists with
hyphens, literal blocks after a double colon, and examples after ``>>>``.

>>> markdown("With m the mean of ::\\n\\n    (a + b) / 2\\n\\n``x < 1`` is *rare*.").splitlines()
['With m the mean of', '', '```text', '(a + b) / 2', '```', '', '`x < 1` is *rare*.']
"""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass

#: Sections whose entries have a name or type on a line of its own and their meaning indented below it.
_ENTRIES = ("Parameters", "Returns", "Yields", "Raises", "Attributes")
_HEADING = re.compile(r"^(?P<name>[A-Z][A-Za-z ]+)\n-{3,}[ ]*$", re.M)
_CODE = re.compile(r"(``.+?``|`[^`]+`)", re.S)
_ROLE = re.compile(r":[a-z]+(?::[a-z]+)?:(?=`)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter, result or error: `name` (empty in Returns), `type` and its meaning in Markdown."""

    name: str
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring in parts: its first sentence or paragraph, the text up to the first section, and the sections."""

    summary: str
    text: str
    entries: dict[str, tuple[Entry, ...]]
    sections: dict[str, str]
    examples: str


def parse(docstring: str | None) -> Docstring:
    """Read the docstring of an object, as it stands in its source."""
    text = inspect.cleandoc(docstring or "")
    found = list(_HEADING.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    opening = text[: found[0].start()] if found else text
    summary, _, rest = opening.partition("\n\n")
    entries, sections, examples = {}, {}, ""
    for match, end in zip(found, ends, strict=False):
        name, body = match["name"], text[match.end() : end].strip("\n")
        if name in _ENTRIES:
            entries[name] = tuple(_entries(body, named=name in ("Parameters", "Attributes")))
        elif name == "Examples":
            examples = body
        else:
            sections[name] = markdown(body)
    return Docstring(_prose(summary), markdown(rest), entries, sections, examples)


def _entries(body: str, named: bool) -> list[Entry]:
    out = []
    for block in re.split(r"\n(?=\S)", body.strip("\n")):
        head, _, meaning = block.partition("\n")
        name, colon, type_ = head.partition(" : ")
        if not (named and colon):
            name, type_ = (head, "") if named else ("", head)
        out.append(Entry(name.strip(), type_.strip(), markdown(textwrap.dedent(meaning))))
    return out


def markdown(text: str) -> str:
    """The prose of a docstring as Markdown: one line a paragraph, literal blocks fenced, lists kept."""
    out: list[str] = []
    blocks = [block.strip("\n") for block in re.split(r"\n[ \t]*\n", text) if block.strip()]
    literal: list[str] | None = None
    for block in blocks:
        if literal is not None:
            if block.startswith(" "):
                literal.append(block)
                continue
            out.append(_fenced(literal))
            literal = None
        prose = block.rstrip()
        if prose.endswith("::"):
            literal = []
            # A colon that touches a word stays as one; one that stands alone goes.
            prose = re.sub(r"::$", ":", prose) if not prose.endswith((" ::", "\n::")) else prose[:-2].rstrip()
        if prose:
            out.append(_list(prose) if prose.startswith("- ") else _prose(prose))
    if literal:
        out.append(_fenced(literal))
    return "\n\n".join(out)


def _fenced(blocks: list[str]) -> str:
    return "```text\n" + textwrap.dedent("\n\n".join(blocks)) + "\n```"


def _list(block: str) -> str:
    return "\n".join("- " + _prose(item) for item in re.split(r"(?:^|\n)- ", block)[1:])


def _prose(text: str) -> str:
    """One paragraph on one line, with the marks of reStructuredText turned into those of Markdown."""
    joined = " ".join(line.strip() for line in _ROLE.sub("", text).splitlines())
    parts = _CODE.split(joined)
    # What stands outside code must not be taken for HTML.
    parts[::2] = [re.sub(r"<(?=[\w/!])", r"\\<", part) for part in parts[::2]]
    parts[1::2] = [_code(part) for part in parts[1::2]]
    return "".join(parts)


def _code(mark: str) -> str:
    inner = mark.strip("`")
    return mark if "`" in inner else f"`{inner}`"
