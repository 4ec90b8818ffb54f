"""Graphs: what is believed of a file, what is refused, and running without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest

import samples
import visq
from visq.errors import InputError, MissingExtraError, OptionError, WeightsError

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

import small_graphs  # noqa: E402
from small_graphs import Small, small_graph  # noqa: E402

from visq.systems import graphs  # noqa: E402

PHOTO = samples.picture(40, 50)


@pytest.fixture(scope="module")
def content():
    return small_graphs.model()


@pytest.fixture(scope="module")
def sound(tmp_path_factory, content):
    return small_graph(tmp_path_factory.mktemp("graphs") / "small.onnx", content=content)


def _refused(path, match):
    with pytest.raises(WeightsError, match=match) as caught:
        visq.metric("nima", model=str(path), resize="none")(PHOTO)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


def _changed(content, tmp_path, change):
    """The graph after a change by onnx's own library."""
    model = onnx.load_model_from_string(content)
    change(model)
    return small_graph(tmp_path / "changed.onnx", content=model.SerializeToString())


# Running ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 3, 40, 50), (3, 3, 9, 64), (2, 3, 128, 5)], ids=str)
def test_a_graph_takes_batches_and_pictures_of_any_size(sound, shape):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        score, distribution = Small()(x)
    found = graphs.run(sound, x.numpy())
    np.testing.assert_allclose(found["score"], score.numpy(), rtol=1e-6)
    np.testing.assert_allclose(found["distribution"], distribution.numpy(), rtol=1e-5)


def test_the_result_comes_in_the_form_of_the_call(sound):
    metric = visq.metric("nima", model=sound, resize="none")
    value = metric(PHOTO)
    assert isinstance(value, float)
    batch = metric(np.stack([PHOTO, PHOTO]))
    assert batch.tolist() == [value, value]
    tensor = torch.from_numpy(np.moveaxis(PHOTO, -1, 0) / 255.0)[None].float()
    assert metric(tensor).shape == (1,)
    assert float(metric(tensor)) == pytest.approx(value, rel=1e-6)
    assert metric(PHOTO / 255.0) == pytest.approx(value, rel=1e-6)
    assert metric(PHOTO[:, :, 0]) == metric(np.repeat(PHOTO[:, :, :1], 3, axis=2))


def test_a_tensor_that_wants_a_gradient_is_refused(sound):
    with pytest.raises(InputError, match="no gradient"):
        visq.metric("nima", model=sound)(torch.rand(1, 3, 40, 50).requires_grad_())
    with torch.no_grad():
        assert visq.metric("nima", model=sound)(torch.rand(1, 3, 40, 50).requires_grad_()).shape == (1,)


@pytest.mark.parametrize("planes", [np.zeros((1, 1, 8, 8)), np.zeros((3, 8, 8)), np.zeros((1, 3, 3, 8))], ids=str)
def test_planes_of_another_shape_are_refused(sound, planes):
    with pytest.raises(InputError, match="image has the wrong shape"):
        graphs.run(sound, planes)


def test_another_number_of_planes_is_refused(sound):
    with pytest.raises(InputError, match="takes image"):
        graphs.run(sound, np.zeros((1, 3, 8, 8)), np.zeros((1, 3, 8, 8)))


def test_the_identity_follows_the_content_of_the_file(sound, tmp_path, content):
    same = small_graph(tmp_path / "other_name.onnx", content=content)
    other = small_graph(tmp_path / "other.onnx", content=content, identity="nima@1#1")
    first, second, third = (visq.metric("nima", model=p).identity for p in (sound, same, other))
    assert first == second
    assert first not in (third, visq.metric("nima").identity)


# Notes -----------------------------------------------------------------------------------------------------------


def test_the_graph_of_another_metric_or_version_is_refused(content, tmp_path):
    _refused(small_graph(tmp_path / "a.onnx", content=content, metric="lpips"), "another metric; expected nima; got")
    _refused(small_graph(tmp_path / "b.onnx", content=content, version="0"), "another version of nima; expected 1; got")


def test_other_settings_are_refused_by_name(sound):
    with pytest.raises(OptionError, match="layers=None; expected layers=3"):
        graphs.choose("nima", sound, layers=3)


def test_notes_that_are_not_true_are_refused(content, tmp_path):
    _refused(small_graph(tmp_path / "a.onnx", content=content, inputs=("picture",)), "does not take and give")
    _refused(small_graph(tmp_path / "b.onnx", content=content, outputs=("score",)), "does not take and give")
    _refused(small_graph(tmp_path / "c.onnx", content=content, channels=0), "not as it writes them")
    _refused(small_graph(tmp_path / "d.onnx", content=content, outputs=()), "not as it writes them")


def test_notes_that_are_none_are_refused(content, tmp_path):
    from visq.systems.graph_files import KEY, _delimited

    for text in (b"", b"{", b"[]", b"{}", b"null", b'{"format": 2}', b"[" * 100_000, b"\xff\xfe"):
        path = tmp_path / "notes.onnx"
        path.write_bytes(content + _delimited(14, _delimited(1, KEY.encode()) + _delimited(2, text)))
        _refused(path, "visq")


def test_a_graph_that_visq_did_not_write_is_refused(content, tmp_path):
    path = tmp_path / "bare.onnx"
    path.write_bytes(content)
    _refused(path, "an ONNX file that visq did not write")


# Hostile files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"no graph at all", b"\x89PNG\r\n\x1a\n" * 9, b"PK\x03\x04" * 9, b"\x80\x02}q\x00.", b"\xff" * 64,
     b"\x08\x00\x00\x00ORTM" + bytes(64)],
    ids=["empty", "zero", "text", "png", "zip", "pickle", "ones", "ort"],
)  # fmt: skip
def test_what_is_no_onnx_is_refused(data, tmp_path):
    path = tmp_path / "no.onnx"
    path.write_bytes(data)
    _refused(path, "no graph that visq can use")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(WeightsError):
            visq.metric("nima", model=str(path))(PHOTO)


def test_a_file_that_is_cut_off_is_refused(sound, tmp_path):
    with open(sound, "rb") as file:  # noqa: PTH123
        data = file.read()
    path = tmp_path / "cut.onnx"
    for end in (*range(1, len(data), 97), len(data) - 1):
        path.write_bytes(data[:end])
        _refused(path, "visq|cut off|damaged")


def test_altered_bytes_give_an_error_of_ours_or_a_score(sound, tmp_path):
    with open(sound, "rb") as file:  # noqa: PTH123
        data = bytearray(file.read())
    rng = np.random.default_rng(0)
    path = tmp_path / "altered.onnx"
    for _ in range(150):
        altered = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            altered[place] = rng.integers(0, 256)
        path.write_bytes(altered)
        with suppress(WeightsError, InputError):
            assert np.isfinite(visq.metric("nima", model=str(path), resize="none")(PHOTO))


def test_tensors_in_other_files_are_not_opened(content, tmp_path):
    def outside(location):
        def change(model):
            tensor = model.graph.initializer[0]
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=location)
            tensor.ClearField("raw_data")

        return change

    (tmp_path / "beside.bin").write_bytes(bytes(4096))
    for location in ("beside.bin", "/etc/hostname", "../beside.bin"):
        _refused(_changed(content, tmp_path, outside(location)), "lies in another file, which is not opened")


def test_tensors_within_operators_are_looked_at_too(content, tmp_path):
    def change(model):
        tensor = onnx.TensorProto(name="far", data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="beside.bin")
        model.graph.node.append(onnx.helper.make_node("Constant", [], ["far"], value=tensor))

    _refused(_changed(content, tmp_path, change), "lies in another file")


@pytest.mark.parametrize("dims", [[1 << 40], [1 << 20, 1 << 20], [-1], [1 << 62, 4], [0, 1 << 62]], ids=str)
def test_tensors_that_claim_more_than_they_hold_are_refused(content, tmp_path, dims):
    def change(model):
        model.graph.initializer[0].dims[:] = dims

    _refused(_changed(content, tmp_path, change), "claims|lengths")


@pytest.mark.parametrize("junk", [b"\x78\x01" * 600_000, b"\x72\x00" * 600_000], ids=["numbers", "empty notes"])
def test_a_file_of_countless_fields_is_refused_at_once(content, tmp_path, junk):
    _refused(small_graph(tmp_path / "many.onnx", content=content + junk), "more than 500000 fields")


def test_a_tensor_of_countless_dimensions_is_refused(content, tmp_path):
    def change(model):
        model.graph.initializer[0].dims[:] = [1] * 5000

    _refused(_changed(content, tmp_path, change), "more dimensions|claims")


def test_operators_of_others_are_refused(content, tmp_path):
    def renamed(model):
        model.graph.node[0].op_type = "MyOperator"

    def foreign(model):
        model.graph.node[0].domain = "com.microsoft"

    def imported(model):
        model.opset_import.add(domain="com.microsoft", version=1)

    def function(model):
        model.functions.add(name="f", domain="x")

    def nested(model):
        inner = onnx.helper.make_graph([], "inner", [], [])
        node = onnx.helper.make_node("Identity", ["image"], ["again"])
        node.attribute.append(onnx.helper.make_attribute("body", inner))
        model.graph.node.append(node)

    cases = {
        renamed: "'MyOperator', which no network", foreign: "'com.microsoft:", imported: "operators of 'com.microsoft'",
        function: "functions of its own", nested: "a graph within the operator",
    }  # fmt: skip
    for change, match in cases.items():
        _refused(_changed(content, tmp_path, change), match)


def test_a_loop_is_refused(content, tmp_path):
    def change(model):
        model.graph.node.append(onnx.helper.make_node("Loop", ["a", "b"], ["c"]))

    _refused(_changed(content, tmp_path, change), "'Loop'")


def test_other_inputs_are_refused(content, tmp_path):
    def double(model):
        model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE

    def more(model):
        model.graph.input.append(onnx.helper.make_tensor_value_info("extra", 1, [1]))

    def fewer(model):
        del model.graph.output[1:]

    for change in (double, more, fewer):
        _refused(_changed(content, tmp_path, change), "cannot be built|does not take and give")


def test_what_is_no_number_is_no_score(content, tmp_path):
    def change(model):
        for tensor in model.graph.initializer:
            if tensor.dims == [10]:
                tensor.raw_data = np.full(10, np.nan, np.float32).tobytes()

    _refused(_changed(content, tmp_path, change), "gives no score")


# Without torch ---------------------------------------------------------------------------------------------------

_BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "onnx", "safetensors"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
"""


def _without_torch(code, tmp_path, **environment):
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED + code], capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
        env={**os.environ, "VISQ_WEIGHTS": "", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


_SCORE = """
import numpy, visq
photo = numpy.load("photo.npy")
metric = visq.metric("nima", resize="none", **{})
print(repr(float(metric(photo))), metric.identity)
assert not {{"torch", "onnx"}} & set(sys.modules)
"""


def test_a_graph_runs_without_torch_and_is_found_by_its_name(sound, content, tmp_path):
    np.save(tmp_path / "photo.npy", PHOTO)
    metric = visq.metric("nima", resize="none", model=sound)
    expected = f"{float(metric(PHOTO))!r} {metric.identity}"
    given = _without_torch(_SCORE.format({"model": sound}), tmp_path)
    (tmp_path / "weights").mkdir()
    small_graph(tmp_path / "weights/nima.onnx", content=content)
    found = _without_torch(_SCORE.format({}), tmp_path, VISQ_WEIGHTS=str(tmp_path / "weights"))
    assert given.strip() == found.strip() == expected


def test_without_torch_and_without_a_graph_both_ways_out_are_named(tmp_path):
    code = """
import numpy, visq
from visq.errors import MissingExtraError
try:
    visq.metric("nima")(numpy.zeros((40, 40, 3), numpy.uint8))
except MissingExtraError as error:
    print(error)
"""
    text = _without_torch(code, tmp_path)
    assert "pip install 'visq[torch]'" in text
    assert "visq export nima -o nima.onnx" in text
    assert "model=" in text


def test_with_torch_a_file_of_that_name_is_not_taken_unasked(content, tmp_path, monkeypatch):
    small_graph(tmp_path / "nima.onnx", content=content)
    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    assert graphs.choose("nima") is None


def test_writing_without_onnx_says_what_to_install(monkeypatch):
    from visq.systems.graph_export import export

    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"visq\[export\]"):
        export("nima", "never.onnx")
