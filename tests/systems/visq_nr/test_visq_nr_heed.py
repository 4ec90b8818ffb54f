"""That the score heeds the compression sub-score, in torch and in the file, without changing what that learns."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from visq.errors import OptionError  # noqa: E402
from visq.systems.visq_nr.calibration import Calibration  # noqa: E402
from visq.systems.visq_nr.design import Design  # noqa: E402
from visq.systems.visq_nr.network import Network, Readout  # noqa: E402

SIZES = {"native": 2, "half": 1, "width": 5}


def readouts(heed):
    torch.manual_seed(0)
    heeding, deaf = Readout(Design(**SIZES, heed=heed)).eval(), Readout(Design(**SIZES)).eval()
    heeding.parts.weight.data *= 30  # so that some go beyond the limit
    deaf.load_state_dict(heeding.state_dict())
    return heeding, deaf


def test_the_score_before_the_logistic_function_has_a_share_of_the_sub_score():
    heeding, deaf = readouts(0.3)
    rows = torch.randn(40, heeding.design.features)
    one, other = heeding(rows), deaf(rows)
    heard = np.clip(torch.special.logit(other["compression"].double()).detach().numpy(), -6.0, 6.0)
    assert (np.abs(heard) == 6.0).any()
    assert (np.abs(heard) < 3.0).any()
    moved = torch.special.logit(one["score"].double()) - torch.special.logit(other["score"].double())
    assert moved.tolist() == pytest.approx((0.3 * heard).tolist(), abs=2e-4)
    assert torch.equal(one["compression"], other["compression"])


def test_opinions_do_not_change_what_the_sub_score_learns():
    heeding, _ = readouts(0.3)
    heeding(torch.randn(4, heeding.design.features))["score"].sum().backward()
    assert heeding.parts.weight.grad is None
    assert heeding.score.weight.grad.abs().max() > 0


def test_the_file_reads_as_torch_does():
    pytest.importorskip("onnx")
    from visq.systems.visq_nr.export import content
    from visq.systems.visq_nr.model import build

    heeding, _ = readouts(0.3)
    network = Network(heeding.design, "random").eval()
    network.readout = heeding
    model = build(content(network, Calibration(), {}), "a file")
    rows = torch.randn(9, heeding.design.features)
    assert model.design.heed == 0.3
    wanted = heeding.double()(rows.double())
    found = model.read(rows.double().numpy())
    assert found.score.tolist() == pytest.approx(wanted["score"].tolist(), abs=1e-9)
    assert found.parts["compression"].tolist() == pytest.approx(wanted["compression"].tolist(), abs=1e-9)


@pytest.mark.parametrize("heed", [-0.1, float("nan"), float("inf"), "much"])
def test_a_heed_that_is_no_weight_is_refused(heed):
    with pytest.raises(OptionError, match="heed is no weight"):
        Design(heed=heed)
