"""A network of LoDa's small enough for tests, and recipes of it on small made-up pictures."""

from __future__ import annotations

from dataclasses import replace

import rated_folders
from visq.systems.loda.design import DISTILLED, Design

#: Two blocks, 24 wide, on crops of 64 pixels: 16 patches, and 4 tokens of each of the CNN's four maps.
SMALL = Design(
    vit=DISTILLED, vit_width=24, vit_depth=2, vit_heads=3, side=64, cnn="efficientnet_lite0", normalise="own", width=8,
    heads=2, grid=2,
)  # fmt: skip
SHORT = 72


def network(seed=0, **changes):
    """With random frozen parameters; what is learned comes from the seed."""
    import torch

    from visq.systems.loda.network import LoDa

    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return LoDa(replace(SMALL, **changes), "random", "random").eval()


def saved(network, folder, notes=None):
    """Its adapter and its frozen parameters as files, as options of `loda`."""
    from safetensors.torch import save_file

    from visq.systems.loda.adapter import save

    save(network, folder / "adapter.safetensors", notes)
    for name in ("vit", "cnn"):
        parameters = dict(network.get_submodule(name).named_parameters())
        state = {n: v.detach().contiguous() for n, v in parameters.items()}
        buffers = network.get_submodule(name).named_buffers()
        state |= {n: v.contiguous() for n, v in buffers if "num_batches" not in n}
        save_file(state, folder / f"{name}.safetensors")
    return {
        "model": folder / "adapter.safetensors",
        "vit": folder / "vit.safetensors",
        "cnn": folder / "cnn.safetensors",
    }


def crops(count=2, seed=0, side=64):
    """uint8 noise, each crop with a level and a contrast of its own."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(count, 3, side, side, generator=generator)
    level = torch.rand(count, 1, 1, 1, generator=generator)
    return ((0.2 + 0.6 * level) * noise * 255).to(torch.uint8)


def recipe(name, cache, *, design=None, **changes):
    """A recipe that ships, on small crops, with a small network with random trunks."""
    from visq.train import load

    one = load(name)
    options = {
        "dataset": "folder",
        "short": SHORT,
        "cache": str(cache),
        "threads": 0,
        "validation": 0.3,
        "calibration": 0.0,
        "crops": 2,
    }
    own = {"vit": "random", "cnn": "random", "design": {**SMALL.options(), **(design or {})}}
    if name == "loda-mini-vit":
        small = {key: getattr(SMALL, key) for key in ("vit_width", "vit_depth", "vit_heads", "side")}
        own = {"teacher": "random", "design": small}
    given = changes.pop("options", {})
    return replace(one, **{"epochs": 2, "batch": 16, **changes, "options": {**one.options, **options, **own, **given}})


def database(folder, contents=5):
    """Rated pictures of 64 x 64; three fifths of the contents are training data."""
    rated_folders.rated(folder, contents=contents)
    return folder


def fitted(one, into, **named):
    """`fit`, without what takes long and is tested by itself."""
    from visq.train import fit

    return fit(one, into=into, **{"tensorboard": False, "cpu": True, "every_minutes": None, **named})
