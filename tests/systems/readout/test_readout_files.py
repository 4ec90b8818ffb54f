"""The file of a read-out: what goes in comes out, and nothing else is taken for one."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from visq.errors import OptionError, WeightsError  # noqa: E402
from visq.systems.readout import files, systems  # noqa: E402
from visq.systems.readout.fitting import opened  # noqa: E402
from visq.systems.readout.ridge import fit  # noqa: E402


@pytest.fixture
def content():
    rng = np.random.default_rng(0)
    ridge = fit(rng.normal(size=(30, 5)), rng.normal(size=30), 2.0)
    shared = torch.arange(6.0)
    tensors = {"quality/a": shared.view(2, 3), "quality/b": shared[2:].half()}
    return files.ReadoutFile("reiqa", {"width": 3}, ridge, tensors, {"scale": "MOS"}, {"visq": "0"})


def _altered(path, change):
    """The file with its header changed, and all else as it was."""
    import safetensors as library

    with library.safe_open(str(path), framework="pt") as file:
        about = json.loads(file.metadata()["visq"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(about, tensors)
    path.write_bytes(safetensors.save(tensors, {"visq": json.dumps(about)}))


def test_what_is_written_is_read(content, tmp_path):
    files.write(tmp_path / "m.safetensors", content)
    found = files.read(tmp_path / "m.safetensors", "reiqa")
    assert found.options == {"width": 3}
    assert found.fitted == {"scale": "MOS"}
    rows = np.random.default_rng(1).normal(size=(4, 5))
    assert np.array_equal(found.ridge.predict(rows), content.ridge.predict(rows))
    assert torch.equal(found.tensors["quality/b"], content.tensors["quality/b"])
    assert set(found.tensors) == {"quality/a", "quality/b"}
    files.write(tmp_path / "again.safetensors", content)
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda about, _: about.update(intercept=about["intercept"] + 1e-9), "not what was written"),
        (lambda _, tensors: tensors["quality/a"].add_(1.0), "not what was written"),
        (lambda about, _: about.pop("alpha"), "lacks alpha"),
        (lambda about, _: about.update(format="visq read-out 0"), "holds no read-out"),
        (lambda about, _: about.update(system="loda"), "another system"),
    ],
)
def test_one_altered_digit_is_found(content, tmp_path, change, said):
    path = tmp_path / "m.safetensors"
    files.write(path, content)
    _altered(path, change)
    with pytest.raises(WeightsError, match=said):
        files.read(path, "reiqa")


@pytest.mark.parametrize("data", [b"", b"no file of tensors", b"\x08" + 7 * b"\0" + b"{}      "])
def test_other_files_are_refused(data, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    with pytest.raises(WeightsError):
        files.read(path, "reiqa")
    with pytest.raises(WeightsError):
        files.read(tmp_path / "nowhere.safetensors", "reiqa")


def test_a_system_and_its_options_are_checked_before_anything_is_read():
    with pytest.raises(OptionError, match="Did you mean 'reiqa'"):
        systems.get("re-iqa")
    with pytest.raises(OptionError, match="no option 'qualty'"):
        opened("reiqa", {"qualty": "x"})
    with pytest.raises(OptionError, match="needs an encoder"):
        opened("reiqa", {})
    with pytest.raises(OptionError, match="64 pixels or more"):
        opened("reiqa", {"quality": "x", "long_side": "30"})


def test_every_row_of_the_table_names_a_function_with_these_options():
    import inspect
    from importlib import import_module

    for row in systems.SYSTEMS.values():
        module, _, name = row.impl.partition(":")
        taken = inspect.signature(getattr(import_module(module), name)).parameters
        assert {option.name: option.default for option in row.options} == {n: p.default for n, p in taken.items()}
