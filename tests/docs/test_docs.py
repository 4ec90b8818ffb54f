"""Documentation is executed: examples run, generated pages are current, everything there is gets a mention."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import visq
from visq import catalog
from visq.cli import COMMANDS, exits, group
from visq.report import reference, verification
from visq.report.environment import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
MARK = "<!-- executed -->"
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
# What a stranger types to install visq is run by the continuous integration, in a fresh environment.
_NOT_HERE = re.compile(
    r"^(\S*/)?(pip3?|uv|pytest|make)\b|^(\S*/)?python[\d.]*\s+-m\s+(venv|pip|pytest)\b|^(\.|source)\s+\S*activate"
)
_MODULES = sorted(
    m.name for m in pkgutil.walk_packages(visq.__path__, "visq.") if not m.name.endswith(("__main__", "._torch"))
)


def _import(name):
    try:
        return importlib.import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        if (getattr(error, "name", "") or "").partition(".")[0] in ("torch", "pyvips", "polars"):
            pytest.skip(f"{name} needs an extra that is not installed: {error}")
        raise


@pytest.mark.parametrize("name", _MODULES)
def test_examples_in_docstrings(name):
    module = _import(name)
    needs_torch = any("import torch" in (t.docstring or "") for t in doctest.DocTestFinder().find(module))
    if needs_torch:
        pytest.importorskip("torch")
    result = doctest.testmod(module, optionflags=_OPTIONS)
    assert not result.failed


def test_the_package_has_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    assert sum(bool(t.examples) for name in _MODULES for t in finder.find(_import(name))) >= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_python_examples_in_pages(page, monkeypatch, tmp_path):
    text = page.read_text(encoding="utf-8")
    if ">>> import torch" in text:
        pytest.importorskip("torch")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # The closing fence of a block is not output.
    prepared = re.sub(r"^```.*$", "", text, flags=re.M)
    test = doctest.DocTestParser().get_doctest(prepared, {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=_OPTIONS)
    assert not runner.run(test).failed


# Shell blocks ------------------------------------------------------------------------------------------------


def _blocks():
    fence = re.compile(rf"{re.escape(MARK)}\s*\n```(console|sh)\n(.*?)^```", re.S | re.M)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for number, (kind, body) in enumerate(fence.findall(text)):
            yield pytest.param(kind, body, id=f"{page.relative_to(ROOT)}-{number}")


@pytest.fixture(scope="session")
def copied_tree(tmp_path_factory):
    """What a stranger sees after cloning, without history and without build products."""
    folder = tmp_path_factory.mktemp("checkout") / "visq"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.nb?", "venv", "build", "dist")
    shutil.copytree(ROOT, folder, ignore=ignored)
    return folder


def _shell(script, folder):
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = re.sub(r"(?<!\S)\.venv/bin/(python|visq)\b", r"\1", script)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, check=False, text=True, timeout=280,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), list(_blocks()))
def test_shell_blocks_run_and_print_what_they_show(kind, body, copied_tree, tmp_path):
    needs = (("visq video", "av"), ("--plot", "matplotlib"), ("visq bench", "jinja2"), ("visq bench", "matplotlib"))
    for word, module in needs:
        if word in body:
            pytest.importorskip(module)
    folder = shutil.copytree(copied_tree, tmp_path / "visq")
    if kind == "sh":
        lines = [_here(line) for line in body.replace("\\\n", " ").splitlines()]
        done = _shell("\n".join(lines), folder)
        assert done.returncode == 0, done.stdout
        return
    for command, shown in _commands(body):
        if not _here(command):
            continue
        done = _shell(command, folder)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}"
        same = doctest.OutputChecker().check_output(shown, done.stdout, doctest.ELLIPSIS)
        assert same or not shown, f"$ {command}\nshown:\n{shown}\nprinted:\n{done.stdout}"


def _here(line):
    """A line without the commands that install or that would run these tests inside themselves."""
    return " && ".join(part for part in line.split(" && ") if not _NOT_HERE.search(part.strip()))


def _commands(body):
    """Each `$ command` with the lines under it, up to the next."""
    for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def test_no_shell_block_of_the_how_tos_is_forgotten():
    """A console block that shows visq at work is executed, or is the generated help."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^```console\n\$ visq ", text, flags=re.M):
            before = text[: found.start()].rstrip().splitlines()
            assert page.name == "cli.md" or before[-1] == MARK, page.name


# Generated pages and completeness ----------------------------------------------------------------------------


MADE = reference.pages(ROOT)


@pytest.mark.parametrize("name", sorted(MADE))
def test_generated_pages_are_current(name):
    pinned = re.search(r"^click==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.M)
    if name == "cli.md" and pinned and metadata.version("click") != pinned[1]:
        pytest.skip(f"another click lays help out in another way; the page is made with {pinned[1]}")
    page = DOCS / name
    assert page.exists(), "run `make docs`"
    assert page.read_text(encoding="utf-8") == MADE[name], "run `make docs` and commit the pages"


def test_there_is_one_page_for_each_metric_and_no_other():
    assert {name for name in MADE if name.startswith("metrics/")} == {f"metrics/{i}.md" for i in catalog.ids()}
    assert not reference.stale(DOCS, MADE), "run `make docs`, which removes the pages of metrics that are gone"


@pytest.mark.parametrize("name", sorted(name for name in MADE if name.startswith("metrics/")))
def test_the_page_of_a_metric_is_markdown(name):
    """No mark of reStructuredText is left, tables have as many cells in every line, headings are there."""
    prose = re.sub(r"^```.*?^```$", "", MADE[name], flags=re.S | re.M)
    assert not re.findall(r"``|::$|:\w+:`|^\.\. |^-{3,}$", prose, flags=re.M)
    for before, line in zip(prose.splitlines(), prose.splitlines()[1:], strict=False):
        if before.startswith("|") and line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", before)) == len(re.findall(r"(?<!\\)\|", line)), line
    for heading in ("# ", "## In short", "## Use", "## The function", "## Verification"):
        assert re.search(rf"^{heading}", prose, flags=re.M), heading
    spec = catalog.get(name.removeprefix("metrics/").removesuffix(".md"))
    assert all(f"| `{option.name}` |" in prose for option in spec.options)
    assert all(f"| `{like.name}` |" in prose for like in spec.likes)


def test_the_table_in_the_readme_is_current():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert reference.with_table(text) == text, "run `make docs` and commit the README"


def test_the_table_of_the_readme_goes_between_its_marks():
    begin, end = reference.README_MARKS
    made = reference.with_table(f"# x\n\n{begin}\nold\n{end}\n\nmore\n")
    assert made.startswith(f"# x\n\n{begin}\n\n| metric |")
    assert made.endswith(f"\n{end}\n\nmore\n")
    assert "\nold\n" not in made
    assert made.count("\n| `") == len(catalog.ids())
    assert reference.with_table(made) == made


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/visq list", ".venv/bin/visq list"),
        (".venv/bin/python -m pytest -n auto", ""),
        ("source .venv/bin/activate", ""),
        ("visq score examples/photos", "visq score examples/photos"),
        ("make check", ""),
    ],
)
def test_what_is_left_of_a_line_to_run_here(line, left):
    assert _here(line) == left


def test_the_generator_writes_only_what_changed(tmp_path, capsys):
    folder = tmp_path / "docs"
    (folder / "metrics").mkdir(parents=True)
    gone = folder / "metrics" / "gone.md"
    gone.write_text("# Gone\n", encoding="utf-8")
    assert reference.stale(folder, MADE) == [gone]
    assert reference.main([str(folder)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert f"removed {gone}" in printed
    assert not gone.exists()
    assert len(printed) == len(MADE) + 1
    assert reference.main([str(folder)]) == 0
    assert capsys.readouterr().out == ""
    assert reference.main([]) == 2


def test_the_page_of_verification_is_left_alone_without_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VISQ_SHARED", str(tmp_path))
    page = tmp_path / "verification.md"
    assert verification.main([str(ROOT / "tests" / "golden"), str(page)]) == 1
    assert "VISQ_SHARED" in capsys.readouterr().err
    assert not page.exists()
    assert verification.main([]) == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name):
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert f"## visq {name}\n" in text
    section = text.partition(f"## visq {name}\n")[2].partition("\n## ")[0]
    command = group.get_command(None, name)
    assert command.help
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert all(option in section for option in parameter.opts), parameter.opts
            assert parameter.help, f"{parameter.opts} has no help"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_of_commands_agrees_with_the_command(name):
    assert COMMANDS[name][1].endswith(".")
    assert group.get_command(None, name).name == name


def test_every_exit_code_is_documented():
    text = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    codes = {n: v for n, v in vars(exits).items() if n.isupper() and isinstance(v, int)}
    for name, value in codes.items():
        assert f"| {value} | `{name}` |" in text
    assert len(re.findall(r"^\| \d+ \|", text, flags=re.M)) == len(codes)


def test_every_metric_is_documented():
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    for spec in catalog.specs():
        assert f"| [`{spec.id}`](metrics/{spec.id}.md) |" in text
        assert spec.paper in (DOCS / "metrics" / f"{spec.id}.md").read_text(encoding="utf-8")


def test_every_environment_variable_is_documented():
    text = (DOCS / "environment.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in VARIABLES)


def test_every_column_is_documented():
    from dataclasses import fields

    text = (DOCS / "tables.md").read_text(encoding="utf-8")
    assert not [f.name for f in fields(visq.ScoreRecord) if f"`{f.name}`" not in text]


def test_every_limit_and_its_default_is_documented():
    from dataclasses import fields

    text = (DOCS / "reading.md").read_text(encoding="utf-8")
    for field in fields(visq.Limits):
        assert re.search(rf"`{field.name}`.*\| {field.default:,} \|", text), field.name


def test_every_warning_that_reading_gives_is_documented():
    text = (DOCS / "reading.md").read_text(encoding="utf-8")
    described = (importlib.import_module("visq.media").__doc__ or "").partition("=\nin the file")[2]
    codes = set(re.findall(r"`([a-z]+-[a-z]+|truncated)`", described))
    assert codes
    assert not [code for code in sorted(codes) if f"`{code}`" not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.M)
            slugs = {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}
            assert anchor in slugs, target


def test_every_page_can_be_reached_from_the_index():
    found, waiting = set(), [(DOCS / "index.md").resolve()]
    while waiting:
        page = waiting.pop()
        if page in found or page.suffix != ".md" or not page.exists():
            continue
        found.add(page)
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        links = (target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text))
        waiting += [(page.parent / link).resolve() for link in links if link]
    assert not [page for page in DOCS.rglob("*.md") if page.resolve() not in found]
