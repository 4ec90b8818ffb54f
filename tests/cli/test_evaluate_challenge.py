"""`visq evaluate --protocol ntire2022`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from score_tables import rows_of, score_record, write_table


@pytest.fixture
def challenge(tmp_path):
    from visq.evaluate.ntire2022 import Readme, write_submission
    from visq.evaluate.ntire2022_mini import mini_pipal

    labels = mini_pipal(contents=2, comparisons=20, orders=1).labels
    (tmp_path / "labels.txt").write_text("".join(f"{n},{v}\n" for n, v in labels.items()))
    rng = np.random.default_rng(1)
    scores = {name: value + rng.normal(0, 60) for name, value in labels.items()}
    write_submission(tmp_path / "submission.zip", scores, Readme(1, False, False, False, "test"))
    return labels, scores


def test_the_challenge(evaluate, challenge, tmp_path):
    from visq.evaluate.ntire2022 import main_score

    labels, scores = challenge
    done = evaluate("submission.zip", "labels.txt", "--protocol", "ntire2022", "-o", "main.json")
    assert done.code == 0
    [row] = rows_of(done.out)
    expected = main_score(scores, labels)
    assert (row["metric"], row["n"]) == ("submission", "56")
    assert float(row["main"]) == expected.main == pytest.approx(float(row["plcc"]) + float(row["srcc"]))
    assert float(row["srcc_04"]) == expected.per_class["04"].srcc
    record = json.loads((tmp_path / "main.json").read_text())
    assert record["metrics"][0]["ntire2022"]["main"] == expected.main
    cubic = evaluate("submission.zip", "labels.txt", "--protocol", "ntire2022", "--plcc", "poly3", "-q")
    assert float(rows_of(cubic.out)[0]["plcc"]) == main_score(scores, labels, plcc="poly3").plcc
    write_table(tmp_path / "s.csv", [score_record(f"/pipal/{n}", "niqe", -v, lower=True) for n, v in scores.items()])
    done = evaluate("s.csv", "labels.txt", "--protocol", "ntire2022", "-q")
    assert float(rows_of(done.out)[0]["main"]) == pytest.approx(expected.main, abs=1e-12)


def test_a_submission_that_lacks_an_image(evaluate, challenge, tmp_path):
    _, scores = challenge
    rows = list(scores.items())
    (tmp_path / "short.txt").write_text("".join(f"{n},{v}\n" for n, v in rows[1:]))
    done = evaluate("short.txt", "labels.txt", "--protocol", "ntire2022")
    assert (done.code, done.out) == (2, "")
    assert f"1 without a score: {rows[0][0]}" in done.err
    (tmp_path / "falling.txt").write_text("".join(f"{n},{-v}\n" for n, v in rows))
    done = evaluate("falling.txt", "labels.txt", "--protocol", "ntire2022")
    assert (done.code, "both correlations are negative" in done.err) == (0, True)
