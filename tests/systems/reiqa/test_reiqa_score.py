"""`visq fit reiqa` on a database that the test makes, and the scores of what it writes, without references and with."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

import reiqa_material as material  # noqa: E402

from samples import noisy, picture  # noqa: E402
from visq.errors import InputError, SizeError, StoreError, WeightsError  # noqa: E402
from visq.evaluate import srcc  # noqa: E402
from visq.systems.readout.fitting import fit_readout  # noqa: E402
from visq.systems.readout.ridge import fit  # noqa: E402
from visq.systems.reiqa import features, load, open_encoders, reiqa, reiqa_fr, trunks  # noqa: E402


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two encoders with random parameters, a database, and read-outs without and with references."""
    folder = tmp_path_factory.mktemp("reiqa")
    for seed, part in enumerate(("quality", "content")):
        safetensors.save_file(trunks.make("resnet18_half", seed).state_dict(), folder / f"{part}.safetensors")
    rated = material.opened(material.rated(folder / "rated", references=True))
    files = {part: str(folder / f"{part}.safetensors") for part in ("quality", "content")}
    common = {"cache": folder / "cache", "alphas": "geom:0.1:1000:9"}
    nr = fit_readout("reiqa", rated, folder / "nr.safetensors", options=files, **common)
    # One encoder, kept in half precision.
    options = {"quality": files["quality"], "reference": "true", "half": "true"}
    fr = fit_readout("reiqa", rated, folder / "fr.safetensors", options=options, **common)
    return {"folder": folder, "rated": rated, "files": files, "nr": nr, "fr": fr}


def test_the_report_says_what_was_fitted(made):
    report = made["nr"]
    assert (report.pictures, report.contents, report.features) == (30, 30, 4 * 256)
    assert report.database == "folder"
    assert -1 <= report.srcc <= 1
    assert load(made["folder"] / "nr.safetensors").fitted["pictures"] == 30


def test_scores_are_the_line_through_the_features(made):
    """By the features of the encoders' own files and a regression of the training part, fitted again here."""
    rated, encoders = made["rated"], open_encoders(**made["files"])
    train = [i for i, s in enumerate(rated.samples) if s.part == "train"]
    from visq.media import open_image

    pixels = [open_image(rated.paths(i)[0]).pixels for i in range(len(rated))]
    rows = np.array([features(one, encoders) for one in pixels])
    line = fit(rows[train], rated.scores[train], made["nr"].alpha)
    for i in (0, 17, 33):
        # Single precision in the network; hundreds of terms that cancel in the line.
        assert reiqa(pixels[i], model=made["folder"] / "nr.safetensors") == pytest.approx(
            float(line.predict(rows[i])), abs=1e-3
        )


def test_it_has_learned_how_much_noise_there_is(made):
    """On pictures of the test part: random networks see noise of 0 to 70 levels."""
    rated = made["rated"]
    from visq.media import open_image

    test = [i for i, s in enumerate(rated.samples) if s.part == "test"]
    found = [reiqa(open_image(rated.paths(i)[0]).pixels, model=made["folder"] / "nr.safetensors") for i in test]
    assert srcc(found, rated.scores[test]) > 0.5


def test_a_picture_is_scored_alike_however_it_comes(made):
    model = made["folder"] / "nr.safetensors"
    pixels = noisy(picture(70, 75), 20.0)
    score = reiqa(pixels, model=model)
    assert isinstance(score, float)
    assert reiqa(pixels.astype(np.uint16) * 257, model=model) == pytest.approx(score, abs=1e-3)
    assert reiqa(pixels.astype(np.float32) / 255, model=model) == pytest.approx(score, abs=1e-4)
    assert reiqa(pixels.astype(np.float64) / 255, model=model) == pytest.approx(score, abs=1e-4)
    assert reiqa(np.stack([pixels, pixels]), model=model) == pytest.approx([score, score], abs=1e-6)
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    assert float(reiqa(planes, model=model)) == pytest.approx(score, abs=1e-4)


def test_the_gradient_is_that_of_the_score(made):
    """Along a random direction, by a central difference in double precision, of a picture that is not of 8 bit."""
    model = made["folder"] / "nr.safetensors"
    generator = torch.Generator().manual_seed(0)
    planes = torch.rand(1, 3, 64, 64, generator=generator, dtype=torch.float64) * 0.8 + 0.1
    way = torch.randn(planes.shape, generator=generator, dtype=torch.float64)
    asked = planes.clone().requires_grad_()
    reiqa(asked, model=model).sum().backward()
    step = 1e-8  # so short that hardly a ReLU changes sides on the way
    up, down = (float(reiqa(planes + sign * step * way, model=model)) for sign in (1, -1))
    assert float((asked.grad * way).sum()) == pytest.approx((up - down) / (2 * step), rel=1e-4)


def test_a_picture_against_itself_gets_the_intercept(made):
    """R10: the zero vector. The line at zero, from the numbers of the file."""
    model = made["folder"] / "fr.safetensors"
    ridge = load(model).ridge
    pixels = picture(72, 80)
    # The file's line in single precision, and in another order of its sums.
    assert reiqa_fr(pixels, pixels, model=model) == pytest.approx(float(ridge.predict(np.zeros(512))), abs=1e-5)
    worse = reiqa_fr(noisy(pixels, 50.0), pixels, model=model)
    assert worse < reiqa_fr(noisy(pixels, 5.0), pixels, model=model)


def test_half_precision_halves_the_encoders(made):
    folder = made["folder"]
    one, both = ((folder / f"{name}.safetensors").stat().st_size for name in ("fr", "nr"))
    assert one == pytest.approx(both / 4, rel=0.02)


def test_files_of_the_other_kind_are_refused(made):
    pixels = picture(64, 64)
    with pytest.raises(WeightsError, match="reference=false"):
        reiqa(pixels, model=made["folder"] / "fr.safetensors")
    with pytest.raises(WeightsError, match="reference=true"):
        reiqa_fr(pixels, pixels, model=made["folder"] / "nr.safetensors")
    with pytest.raises(WeightsError, match="no read-out"):
        reiqa(pixels, model=made["files"]["quality"])


def test_pictures_that_cannot_be_judged(made):
    model = made["folder"] / "fr.safetensors"
    with pytest.raises(SizeError):
        reiqa_fr(picture(60, 70), picture(60, 70), model=model)
    with pytest.raises(InputError):
        reiqa_fr(picture(64, 70), picture(64, 71), model=model)


def test_databases_that_cannot_be_fitted(made, tmp_path):
    named = {"options": made["files"]}
    few = material.opened(material.rated(tmp_path / "few", count=22, test=4))
    with pytest.raises(InputError, match="20 or more"):
        fit_readout("reiqa", few, tmp_path / "m.safetensors", **named)
    rated = material.opened(material.rated(tmp_path / "alone"))
    options = {"quality": made["files"]["quality"], "reference": True}
    with pytest.raises(InputError, match="without references"):
        fit_readout("reiqa", rated, tmp_path / "m.safetensors", options=options)
    flat = [type(s)(**{**{f: getattr(s, f) for f in s.__slots__}, "score": 3.0}) for s in rated.samples]
    with pytest.raises(InputError, match="all scores are equal"):
        fit_readout("reiqa", replace(rated, samples=tuple(flat)), tmp_path / "m.safetensors", **named)
    (tmp_path / "there.safetensors").write_bytes(b"kept")
    with pytest.raises(StoreError, match="exists already"):
        fit_readout("reiqa", rated, tmp_path / "there.safetensors", **named)
    assert not (tmp_path / "m.safetensors").exists()


def test_scores_where_lower_is_better_are_turned_round(made, tmp_path):
    """On a scale of 1 to 5: what was 5, the worst, is learned as 1. The same picture then goes the other way."""
    rated = material.opened(made["rated"].root, lower_is_better=True)
    options = {"quality": made["files"]["quality"]}
    report = fit_readout("reiqa", rated, tmp_path / "m.safetensors", options=options, alphas="10", splits=2)
    assert report.scale == "6 less the score of folder"
    same = fit_readout("reiqa", made["rated"], tmp_path / "n.safetensors", options=options, alphas="10", splits=2)
    assert same.scale == "score of folder"
    turned, plain = (reiqa(picture(70, 70), model=tmp_path / f"{name}.safetensors") for name in "mn")
    assert turned + plain == pytest.approx(6.0, abs=1e-3)


def test_the_header_of_the_file_is_plain_json(made):
    import safetensors as library

    with library.safe_open(str(made["folder"] / "nr.safetensors"), framework="pt") as file:
        about = json.loads(file.metadata()["visq"])
    assert about["system"] == "reiqa"
    assert about["options"]["trunks"] == {"quality": "resnet18_half", "content": "resnet18_half"}
    assert len(about["fitted"]["alphas"]) == 9


def test_a_read_out_of_both_finds_the_features_of_either_alone(made, tmp_path, monkeypatch):
    from visq.train.data.feature_cache import FeatureCache

    files = {part: str(made["files"][part]) for part in ("quality", "content")}
    named = {"cache": tmp_path / "kept", "alphas": [1.0], "splits": 2}
    for part, file in files.items():
        fit_readout("reiqa", made["rated"], tmp_path / part, options={part: file}, **named)

    def computed(*_):
        pytest.fail("features were computed again")

    monkeypatch.setattr(FeatureCache, "_add", computed)
    report = fit_readout("reiqa", made["rated"], tmp_path / "both", options=files, **named)
    alone = [load(tmp_path / part).ridge.centre for part in files]
    assert report.features == len(np.concatenate(alone))
    assert load(tmp_path / "both").ridge.centre.tolist() == np.concatenate(alone).tolist()
