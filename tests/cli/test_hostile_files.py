"""Every odd and broken file of the corpus through the program itself: rows and reasons, no crash, no hang."""

from __future__ import annotations

import json

import pytest

from media import corpus


@pytest.mark.parametrize("jobs", ["2"])
def test_every_unreadable_file_is_an_error_row_and_a_line_and_the_others_are_scored(program, tmp_path, jobs):
    cases = {str(c.path.relative_to(tmp_path)): c for c in corpus.build(tmp_path / "c")}
    done = program("score", "c", "--all-files", "-m", "tv", "--json", "--jobs", jobs, "--limit", "max_frames=1000")
    assert done.code == 1
    records = json.loads(done.out)
    assert sorted(r["image"] for r in records) == sorted(cases)
    assert len({r["image"] for r in records}) == len(records)
    lines = done.err.splitlines()
    assert all(line.startswith("visq: ") for line in lines)
    for record in records:
        case = cases[record["image"]]
        if case.error:
            assert record["status"] == "error", record
            assert record["value"] is None
            assert "unexpected" not in record["error"], record
            assert "\n" not in record["error"]
            assert any(line.startswith(f"visq: {record['image']}: {record['error'][:20]}") for line in lines), record
        elif case.pixels is not None:
            assert record["status"] == "ok", record
    # The promise is 30 s an image; none of these may even come near.
    assert not any("took longer" in r["error"] for r in records)


def test_the_same_picture_gives_the_same_score_in_every_lossless_container(program, tmp_path):
    corpus.build(tmp_path / "c")
    for folder, tolerance in (("lossless-8-3", 0.0), ("lossless-8-1", 0.0)):
        done = program("score", f"c/{folder}", "--all-files", "-m", "tv,uciqe", "--json")
        records = [r for r in json.loads(done.out) if r["status"] == "ok"]
        for metric in ("tv", "uciqe"):
            values = [r["value"] for r in records if r["metric"] == metric]
            assert len(values) >= 3
            assert max(values) - min(values) <= tolerance
