"""`visq.metric("probe")`: the distance of the table, for one pair."""

from __future__ import annotations

import pytest

import visq
from probe_nets import rated, real
from visq.errors import OptionError
from visq.probe import run
from visq.run.tasks import request


@pytest.mark.parametrize("readout", ["l2", "rms", "cosine", "minkowski_1", "minkowski_4", "lpips_style"])
def test_it_is_the_distance_of_the_table(readout):
    pairs = rated(contents=2, kinds=("blur",), side=64)
    table = run(real("alexnet"), layers="relu3", readouts=readout, dataset=pairs, samples=0)
    judge = visq.metric("probe", net="alexnet", layer="relu3", readout=readout)
    found = [float(judge(pair.image, pair.reference)) for pair in pairs.pairs]
    # Single precision in the network on both sides; its convolutions are laid out in memory otherwise.
    assert found == pytest.approx(table.distances["made", "alexnet", "relu3", readout].tolist(), rel=2e-4)


@pytest.mark.parametrize(
    ("options", "match"),
    [({"net": "vgg99"}, "no network is called"), ({"layer": "relu9"}, "unknown layer"), ({"readout": "l3"}, "readout")],
)
def test_what_there_is_none_of_is_refused(options, match):
    pair = rated(contents=2, kinds=("blur",)).pairs[0]
    with pytest.raises(OptionError, match=match):
        visq.metric("probe", **options)(pair.image, pair.reference)


def test_the_identity_has_the_file_of_the_network_that_is_looked_at():
    def of(**options):
        return visq.metric("probe", **options).identity.partition("#")[2]

    assert of() == of(layer="relu3_1") == of(net="vgg16") == visq.metric("deepwsd").identity.partition("#")[2]
    assert len({of(), of(net="alexnet", layer="relu3"), of(net="vit_base", layer="norm")}) == 3


@pytest.mark.parametrize(("options", "named"), [({"net": "vgg17"}, "vgg17"), ({"layer": "relu9"}, "relu9")], ids=str)
def test_what_no_network_has_is_refused_before_anything_is_scored(options, named):
    with pytest.raises(OptionError, match=named):
        request("probe", options)
