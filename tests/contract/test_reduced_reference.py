"""What every reduced-reference metric owes: the reference is not needed once its few numbers have been taken."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import visq
from visq.errors import InputError, ReadError, SizeError

_SECOND_PROCESS = """
import sys
import numpy as np
import visq
features, = visq.read_features(sys.argv[1])
print(repr(float(visq.metric(features.metric, **features.options).compare(features, np.load(sys.argv[2])))))
"""


def test_extract_and_compare_give_the_score_of_the_pair(reduced):
    metric = visq.metric(reduced.spec.id)
    for image, reference in reduced.pairs().values():
        assert float(metric.compare(metric.extract(reference), image)) == float(metric(image, reference))


def test_features_read_in_a_process_that_never_saw_the_reference_give_the_same_score(reduced, tmp_path):
    metric = visq.metric(reduced.spec.id)
    image, reference = reduced.distorted(), reduced.picture()
    expected = float(metric(image, reference))
    visq.write_features(tmp_path / "r.json", [metric.extract(reference)])
    np.save(tmp_path / "image.npy", image)
    del reference
    done = subprocess.run(
        [sys.executable, "-c", _SECOND_PROCESS, tmp_path / "r.json", tmp_path / "image.npy"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(done.stdout) == expected


def test_features_are_few_and_their_size_is_stated(reduced):
    features = visq.metric(reduced.spec.id).extract(reduced.picture())
    assert 0 < features.bits < reduced.picture().size * 8 / 20, "hardly less than the reference"
    assert features.numbers > 0
    assert (features.height, features.width) == reduced.size
    assert json.loads(json.dumps(features.values, allow_nan=False)) == features.values
    for dtype in (np.uint8, np.float32):
        flat = np.zeros((*reduced.size, 3), dtype)
        json.dumps(visq.metric(reduced.spec.id).extract(flat).values, allow_nan=False)


def test_features_of_tensors_are_those_of_arrays(reduced):
    torch = pytest.importorskip("torch")
    metric = visq.metric(reduced.spec.id)
    tensor = torch.from_numpy(np.moveaxis(reduced.picture(), -1, 0).copy())[None]
    assert metric.extract(tensor).values == metric.extract(reduced.picture()).values


def test_features_of_another_metric_version_or_setting_are_refused(reduced):
    metric = visq.metric(reduced.spec.id)
    image, features = reduced.distorted(), metric.extract(reduced.picture())
    for change in ({"metric": "psnr"}, {"version": "0"}, {"identity": "x"}):
        with pytest.raises(InputError, match=r"another|other"):
            metric.compare(replace(features, **change), image)


def test_an_image_of_another_size_is_refused(reduced):
    metric = visq.metric(reduced.spec.id)
    features = metric.extract(reduced.picture())
    with pytest.raises(SizeError, match="differ in size"):
        metric.compare(features, reduced.distorted()[:-1])
    with pytest.raises(InputError, match="batch"):
        metric.extract(np.stack([reduced.picture()] * 2))


def test_damaged_features_are_refused(reduced):
    metric = visq.metric(reduced.spec.id)
    image, features = reduced.distorted(), metric.extract(reduced.picture())
    for name, value in features.values.items():
        without = {k: v for k, v in features.values.items() if k != name}
        for bad in (without, features.values | {name: "text"}, features.values | {name: None}):
            with pytest.raises(InputError):
                metric.compare(replace(features, values=bad), image)
        if isinstance(value, list):
            with pytest.raises(InputError):
                metric.compare(replace(features, values=features.values | {name: value[:-1]}), image)


def test_a_metric_of_another_kind_has_no_features(fr):
    with pytest.raises(InputError, match="takes no features"):
        visq.metric(fr.spec.id).extract(fr.picture())


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b"\xff\xfe", b"{}", b'{"visq_features": 2}', b'{"visq_features": 1}',
        b'{"visq_features": 1, "reference": {}, "features": [{}]}',
        b'{"visq_features": 1, "reference": {"name": "", "sha256": "", "width": 2, "height": 2}, "features": []}',
        b'{"visq_features": 1, "reference": {"name": "", "sha256": "", "width": NaN, "height": 2}, "features": []}',
        b"[" * 100_000,
    ],
    ids=range(11),
)  # fmt: skip
def test_a_file_that_holds_no_features_is_refused(text, tmp_path):
    (tmp_path / "r.json").write_bytes(text)
    with pytest.raises(ReadError, match=r"features|version"):
        visq.read_features(tmp_path / "r.json")


def test_features_of_several_references_do_not_share_a_file(tmp_path):
    one = visq.Features("a", "1", "a@1", {}, 4, 4, 8, {"x": 1})
    with pytest.raises(InputError, match="different references"):
        visq.write_features(tmp_path / "r.json", [one, replace(one, identity="b@1", height=5)])
    with pytest.raises(InputError, match="twice"):
        visq.write_features(tmp_path / "r.json", [one, one])
    with pytest.raises(InputError, match="no features"):
        visq.write_features(tmp_path / "r.json", [])
    assert not list(tmp_path.iterdir())
    visq.write_features(tmp_path / "r.json", [one, replace(one, identity="b@1")])
    assert visq.read_features(tmp_path / "r.json") == (one, replace(one, identity="b@1"))
