"""The table on BIQ2021: its rules, its numbers against scipy and loops, its files; nothing trained is needed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import norm, pearsonr, spearmanr, t

from rated_folders import write_csv
from samples import picture
from visq.errors import OptionError
from visq.evaluate import fit_logistic
from visq.run.tasks import Request

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("an installed copy has no benchmarks", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import biq2021  # noqa: E402
import biq2021_judged  # noqa: E402
import biq2021_page  # noqa: E402
import biq2021_rows  # noqa: E402

ROW = {row.id: row for row in biq2021_rows.ROWS}
N = 120


def start(row: str, number: int = 0, **parts: str) -> biq2021_rows.Start:
    """A start whose scores come from nowhere."""
    request = Request(ROW[row].metric, {}, f"{row}{number}")
    return biq2021_rows.Start(ROW[row], number, request, biq2021_rows.Facts(learnt=5, size=2_000_000, parts=parts))


def made_up(noise: dict[str, list[float]], **parts: str) -> biq2021_judged.Table:
    """Rows that say what people said, with so much noise in each start."""
    rng = np.random.default_rng(3)
    people = rng.uniform(0, 1, N)
    starts = [start(row, i, **parts) for row, each in noise.items() for i in range(len(each))]
    values = {}
    for one in starts:
        turn = -1 if one.request.spec.lower_is_better else 1
        values[one.request.identity] = turn * people + rng.normal(0, noise[one.row.id][one.number], N)
    return biq2021_judged.Table(starts, values, people, np.arange(N).astype(str), samples=200)


@pytest.mark.parametrize(
    ("signs", "least", "said"),
    [
        ([1, 1, 1], 3, "confirmed"),
        ([1, 1, 0], 3, "undecided"),
        ([0, 0, 0], 3, "undecided"),
        ([1, 1, -1], 3, "contradicted"),
        ([-1, -1, -1], 3, "contradicted"),
        ([1, 1], 3, "not testable"),
        ([], 3, "not testable"),
        ([1], 1, "confirmed"),
        ([-1], 1, "contradicted"),
    ],
)
def test_the_rule(signs, least, said):
    assert biq2021_judged.verdict(signs, least) == said


def test_a_difference_counts_where_its_whole_interval_lies_on_one_side():
    found = made_up({"loda-mini": [0.1, 0.1, 0.3], "loda-probe": [0.3, 0.1, 0.1]})
    signs = [one.sign for one in found.compare("loda-mini", "loda-probe")]
    for one, sign in zip(found.compare("loda-mini", "loda-probe"), signs, strict=True):
        assert (sign > 0) == (one.low > 0)
        assert (sign < 0) == (one.high < 0)
    assert signs[0] == 1
    assert signs[2] == -1
    [claim] = [one for one in found.claims() if one["than"] == "loda-probe"]
    assert claim["verdict"] == "contradicted"


def test_better_in_all_starts_is_confirmed_and_two_starts_are_too_few():
    claims = made_up({"loda-mini": [0.1] * 3, "loda-probe": [0.5] * 3, "loda-add": [0.5] * 2}).claims()
    said = {one["than"]: (one["verdict"], one["why"]) for one in claims if one["better"] == "loda-mini"}
    assert said["loda-probe"] == ("confirmed", "")
    assert said["loda-add"] == ("not testable", "3 starts of loda-mini, 2 of loda-add")
    assert said["loda-no-tokens"] == ("not testable", "no file of loda-no-tokens")


def test_both_encoders_are_held_against_the_better_one():
    found = made_up({"reiqa-quality": [0.2] * 3, "reiqa-content": [0.6] * 3, "reiqa-both": [0.2, 0.19, 0.2]})
    [claim] = [one for one in found.claims() if one["better"] == "reiqa-both"]
    assert claim["than"] == "reiqa-quality"
    assert claim["verdict"] == "undecided"
    assert {one["b"] for one in claim["differences"]} == {"reiqa-quality"}


def test_starts_on_another_transformer_are_not_compared():
    found = made_up({"loda-mini": [0.1] * 3, "loda-probe": [0.5] * 3}, vit="a")
    assert isinstance(found.compare("loda-mini", "loda-probe"), list)
    found.starts[1] = start("loda-mini", 1, vit="b")
    assert found.compare("loda-mini", "loda-probe") == "start 1: loda-mini and loda-probe have another vit each"


def test_one_start_stands_against_each_and_is_corrected_for_all():
    found = made_up({"visq-nr": [0.2], "loda-mini": [0.3, 0.21, 0.2], "niqe": [0.5]})
    rows = {one["row"]: one["differences"] for one in found.against()}
    assert [one["b_start"] for one in rows["loda-mini"]] == [0, 1, 2]
    every = [one for row in rows.values() for one in row]
    order = sorted(every, key=lambda one: one["p"])
    largest = 0.0
    for place, one in enumerate(order):
        largest = max(largest, min(1.0, one["p"] * (len(order) - place)))
        assert one["adjusted"] == pytest.approx(largest)
    assert rows["niqe"][0]["difference"] > 0.1


def test_numbers_are_those_of_scipy_and_of_a_loop():
    found = made_up({"pmt-small": [0.2, 0.4, 0.3], "niqe": [0.5]})
    rows = {row["row"]: row for row in found.rows()}
    people, rng = found.scores, np.random.default_rng(0)
    drawn = rng.integers(0, N, (200, N))
    srccs = {}
    for place in range(4):
        values = found.values[place]
        one = ([*rows["pmt-small"]["starts"], *rows["niqe"]["starts"]])[place]
        mapped = fit_logistic(values, people)(values)
        assert one["srcc"] == pytest.approx(spearmanr(values, people)[0])
        assert one["plcc_fitted"] == pytest.approx(pearsonr(mapped, people)[0])
        assert one["rmse_fitted"] == pytest.approx(np.sqrt(np.mean((mapped - people) ** 2)))
        srccs[place] = np.array([spearmanr(values[i], people[i])[0] for i in drawn])
        assert one["intervals"]["srcc"] == pytest.approx(np.quantile(srccs[place], [0.025, 0.975]))
    three = [one["srcc"] for one in rows["pmt-small"]["starts"]]
    over = rows["pmt-small"]["over"]["srcc"]
    assert over == pytest.approx(
        {"mean": sum(three) / 3, "low": min(three), "high": max(three), "deviation": np.std(three, ddof=1)}
    )
    assert rows["niqe"]["over"]["srcc"]["deviation"] == 0
    assert rows["ridge"]["starts"] == []
    for number, one in enumerate(found.compare("pmt-small", "niqe")):
        error = np.sqrt(N / (N - 1)) * np.std(srccs[number] - srccs[3], ddof=1)
        reach = t.ppf(0.975, N - 1) * error
        assert one.difference == pytest.approx(three[number] - rows["niqe"]["starts"][0]["srcc"])
        assert (one.low, one.high) == pytest.approx((one.difference - reach, one.difference + reach))
        assert one.p == pytest.approx(2 * t.sf(abs(one.difference / error), N - 1))
        assert one.p == pytest.approx(2 * norm.sf(abs(one.difference / error)), abs=0.02)


def test_a_picture_that_one_row_has_no_score_of_is_left_out_for_all():
    found = made_up({"pmt-small": [0.2], "niqe": [0.5]})
    values = {one.request.identity: v.copy() for one, v in zip(found.starts, found.values, strict=True)}
    values["niqe0"][7] = np.nan
    less = biq2021_judged.Table(found.starts, values, found.scores, found.groups, samples=100)
    assert (less.left_out, less.values.shape) == (1, (2, N - 1))
    assert 7 not in less.common


# Files and what they say of themselves.

OPTIONS = {"dataset": "biq2021", "split": -1, "validation": 0.1, "calibration": 0.1, "split_seed": 0}


def checkpoint(path: Path, variant: str = "loda", seed: int = 0, **options) -> Path:
    """The header of a training's checkpoint, and a few tensors."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    recipe = {"name": "loda-mini", "options": {**OPTIONS, "design": {"variant": variant}, **options}}
    tensors = {
        "weights/head": torch.full((3, 4), float(seed)), "optimiser/exp_avg/head": torch.zeros(3, 4),
        "optimiser/exp_avg_sq/head": torch.zeros(3, 4), "weights/bn.running_mean": torch.zeros(5),
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(path), {"visq": json.dumps({"format": "visq checkpoint 1", "recipe": recipe})})
    return path


def runs(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "runs.toml"
    path.write_text(text)
    return path


def test_files_of_starts_are_read_and_counted(tmp_path):
    for seed in range(3):
        checkpoint(tmp_path / f"loda{seed}" / "best.safetensors", seed=seed)
    checkpoint(tmp_path / "vit.safetensors")
    several = ", ".join(f'"loda{seed}/best.safetensors"' for seed in range(3))
    found = biq2021_rows.read(runs(tmp_path, f'[loda-mini]\nmodel = [{several}]\nvit = "vit.safetensors"\n'))
    assert [(one.row.id, one.number) for one in found] == [
        ("loda-mini", 0), ("loda-mini", 1), ("loda-mini", 2), ("visq-nr", 0), ("niqe", 0), ("brisque", 0),
    ]  # fmt: skip
    facts = found[0].facts
    assert (facts.learnt, facts.unrated) == (12, 12)
    assert facts.size == 2 * (12 + 5) * 4  # of both files what is read, in single precision
    assert len({one.request.identity for one in found}) == 6
    assert {one.facts.parts["vit"] for one in found[:3]} == {facts.parts["vit"]}


@pytest.mark.parametrize(
    ("variant", "options", "text", "said"),
    [
        ("probe", {}, '[loda-mini]\nmodel = "a"', "of something else; expected variant loda; got variant probe"),
        ("loda", {"split_seed": 1}, '[loda-mini]\nmodel = "a"', "trained on pictures that are judged here"),
        ("loda", {"split": 0}, '[loda-mini]\nmodel = "a"', "trained on pictures that are judged here"),
        ("loda", {"validation": 0.0}, '[loda-mini]\nmodel = "a"', "trained on pictures that are judged here"),
        ("loda", {}, '[loda]\nmodel = "a"', "there is no row 'loda'"),
        ("loda", {}, '[loda-mini]\nvit = "a"', "names no model"),
        ("loda", {}, '[loda-mini]\nmodel = ["a", "a"]', "two starts are one file"),
        ("loda", {}, '[loda-mini]\nmodel = ["a", "a"]\nvit = ["a"]', "different lengths"),
        ("loda", {}, '[loda-mini]\nmodel = "a"\ncrops = "all"', "crops cannot be 'all'"),
    ],
)
def test_wrong_files_are_refused(tmp_path, variant, options, text, said):
    checkpoint(tmp_path / "a", variant, **options)
    with pytest.raises(OptionError, match=said):
        biq2021_rows.read(runs(tmp_path, text))


def test_a_read_out_of_another_split_is_refused(tmp_path):
    from visq.systems.readout.files import ReadoutFile, write
    from visq.systems.readout.ridge import fit

    rng = np.random.default_rng(0)
    line = fit(rng.normal(size=(30, 6)), rng.normal(size=30), 1.0)
    held = {"database": "biq2021", "validation": 0.1, "calibration": 0.1, "seed": 0, "split": 0}
    write(tmp_path / "a", ReadoutFile("ridge", {}, line, {}, held, {}))
    with pytest.raises(OptionError, match="trained on pictures that are judged here"):
        biq2021_rows.read(runs(tmp_path, '[ridge]\nmodel = "a"'))


def test_a_read_out_tells_its_encoders_and_what_it_was_fitted_on(tmp_path):
    torch = pytest.importorskip("torch")
    from visq.systems.readout.files import ReadoutFile, write
    from visq.systems.readout.ridge import fit

    rng = np.random.default_rng(0)
    line = fit(rng.normal(size=(30, 6)), rng.normal(size=30), 1.0)
    tensors = {"quality/conv1.weight": torch.ones(2, 3), "quality/bn1.running_var": torch.ones(2)}
    held = {"database": "biq2021", "validation": 0.1, "calibration": 0.1, "seed": 0}
    for name, more in (("one", {}), ("both", {"content/conv1.weight": torch.ones(4)})):
        write(tmp_path / name, ReadoutFile("reiqa", {}, line, {**tensors, **more}, held, {}))
    one, both = (biq2021_rows.facts(tmp_path / name) for name in ("one", "both"))
    assert (one.says["encoders"], both.says["encoders"]) == ("quality", "quality content")
    assert (one.learnt, one.unrated, both.unrated) == (7, 6, 10)
    assert one.apart == biq2021_rows.APART
    assert one.parts["quality"] == both.parts["quality"]


# The whole way, with what comes with visq.


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """60 small pictures with ever more noise, 10 of them the test part."""
    folder = tmp_path_factory.mktemp("rated")
    scene, rng, rows = picture(200, 200), np.random.default_rng(0), []
    (folder / "images").mkdir()
    for i in range(60):
        top, left = rng.integers(0, 72, 2)
        cut = scene[top : top + 128, left : left + 128]
        noisy = np.clip(cut + rng.normal(0, i, cut.shape), 0, 255).round().astype(np.uint8)
        Image.fromarray(noisy).save(folder / "images" / f"{i}.png")
        part = "test" if i % 6 == 5 else "train"
        rows.append({"image": f"images/{i}.png", "score": f"{1 - i / 70:.4f}", "group": f"c{i}", "part": part})
    write_csv(folder, rows)
    return folder


def test_from_pictures_to_the_page(database, tmp_path, capfd):
    given = [
        str(database), "--dataset", "folder", "--work", str(tmp_path / "work"), "--into", str(tmp_path / "out"),
        "--no-speed", "--samples", "100",
    ]  # fmt: skip
    assert biq2021.main(given) == 0
    found = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert (found["part"], found["pictures"], found["left_out"]) == ("validation", 5, 0)
    assert not (tmp_path / "out" / "test.json").exists()
    text = (tmp_path / "out" / "biq2021.md").read_text()
    assert "no result to publish" in text
    assert biq2021.main([*given, "--split", "official:test"]) == 0
    found = json.loads((tmp_path / "out" / "test.json").read_text())
    assert found["pictures"] == 10
    rows = {row["row"]: row for row in found["rows"]}
    assert [name for name, row in rows.items() if row["starts"]] == ["visq-nr", "niqe", "brisque"]
    assert rows["visq-nr"]["starts"][0]["srcc"] > 0.5  # noise is seen
    assert [one["verdict"] for one in found["claims"]] == ["not testable"] * 5
    text = (tmp_path / "out" / "biq2021.md").read_text()
    assert "| LoDa-mini | not trained |" in text
    assert "the official test part" in text
    capfd.readouterr()
    # Nothing is scored again; the page comes out of the file alone.
    assert biq2021.main(["--into", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "biq2021.md").read_text() == text


def test_the_page_has_every_sentence(tmp_path):
    found = made_up({"loda-mini": [0.1] * 3, "loda-probe": [0.5] * 3, "visq-nr": [0.1], "niqe": [0.6]})
    whole = {
        "database": "BIQ2021", "part": "test", "trial": False, "pictures": N, "left_out": 0, "samples": 200,
        "made": {"visq": "0", "python": "3", "machine": {"processor": "P"}},
        "rows": [{**row, "seconds": 0.5} for row in found.rows()], "claims": found.claims(), "against": found.against(),
    }  # fmt: skip
    text = biq2021_page.page(json.loads(json.dumps(whole)))
    mean = np.mean([one.difference for one in found.compare("loda-mini", "loda-probe")])
    assert f"**Confirmed** against LoDa-mini: linear probe: {mean:+.4f} of SRCC in the mean; above in 3 of 3" in text
    assert "**Not testable**: no file of reiqa-quality and reiqa-content." in text
    [line] = [line for line in text.splitlines() if line.startswith("| LoDa-mini |")][:1]
    over = found.rows()[4]["over"]["srcc"]
    assert f"| 3 | {over['mean']:.3f} ({over['low']:.3f}, {over['high']:.3f}) |" in line
    assert "2.0 MB" in line
    assert "| NIQE | confirmed |" in text
    worse = made_up({"loda-mini": [0.5] * 3, "loda-probe": [0.1] * 3, "loda-add": [0.5] * 3})
    titles = {row.id: row.title for row in biq2021_rows.ROWS}
    said = [biq2021_page.sentence(one, titles) for one in json.loads(json.dumps(worse.claims()))]
    assert said[0].endswith("clearly in 0, clearly below in 3. It does not.")
    assert said[2].endswith("These photographs do not show that it does.")
    for table in text.split("\n\n"):
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_a_trial_is_not_published():
    with pytest.raises(SystemExit):
        biq2021.arguments(["root", "--limit", "5"])
    assert biq2021.arguments(["root"]).split == "validation"


@pytest.mark.parametrize(
    ("better", "than", "least"),
    [("loda-mini", "loda-probe", 0.10), ("loda-mini", "loda-no-tokens", 0.02), ("pmt-small", "pmt-mean", 0.01)],
)
def test_what_was_published_reaches_what_was_asked(better, than, least):
    """L8, the first half of L9 (0.10 over the probe, 0.02 over no tokens), and PMT over its control; in every start."""
    found = json.loads((biq2021.RESULTS / "test.json").read_text(encoding="utf-8"))
    assert (found["part"], found["pictures"], found["trial"]) == ("test", 2000, False)
    rows = {row["row"]: {one["number"]: one["srcc"] for one in row["starts"]} for row in found["rows"]}
    [claim] = [one for one in found["claims"] if (one["better"], one["than"]) == (better, than)]
    assert claim["verdict"] == "confirmed"
    assert [one["a_start"] for one in claim["differences"]] == [one["b_start"] for one in claim["differences"]]
    assert [one["a_start"] for one in claim["differences"]] == [0, 1, 2]
    for number, one in enumerate(claim["differences"]):
        gain = rows[better][number] - rows[than][number]
        assert gain == pytest.approx(one["difference"], abs=1e-9)
        assert gain >= least
        assert one["low"] > 0
