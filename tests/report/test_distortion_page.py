"""The page of distortions."""

from __future__ import annotations

from visq import distortions
from visq.report.distortion_pages import page


def test_every_distortion_bank_and_entry_is_on_the_page():
    text = page()
    for spec in distortions.specs():
        assert f"| `{spec.id}` | {spec.title} | {spec.unit} |" in text
        assert spec.source in text
    for bank in distortions.banks():
        assert bank.source in text
        for entry in bank.entries:
            assert f"| `{bank.name(entry)}` | {entry.name} | `{entry.distortion}`" in text


def test_tables_have_one_number_of_columns():
    width = None
    for line in page().splitlines():
        columns = line.count("|") if line.startswith("|") else None
        assert columns is None or width is None or columns == width, line
        width = columns
