"""Learning rates over time against torch's own schedulers, and against formulae."""

from __future__ import annotations

import math

import pytest

from visq.train import Schedule
from visq.train.schedules import better, factor, plateau, stalled

torch = pytest.importorskip("torch")


def _theirs(make, steps, values=None):
    """Rates of a scheduler of torch, of a base of 1, at every step."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimiser)
    found = []
    for step in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step(*([] if values is None else [values[step]]))
    return found


def test_cosine_is_torchs_cosine_after_the_warm_up():
    theirs = _theirs(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20, eta_min=0.05), 20)
    schedule = Schedule("cosine", warm_up=1.0, floor=0.05)
    ours = [factor(schedule, step, 24, 4) for step in range(24)]
    assert ours[:4] == [0.25, 0.5, 0.75, 1.0]
    assert ours[4:] == pytest.approx(theirs, abs=1e-12)


def test_steps_are_torchs_steps():
    theirs = _theirs(lambda o: torch.optim.lr_scheduler.StepLR(o, 6, gamma=0.3), 24)
    ours = [factor(Schedule("step", every=1.5, factor=0.3), step, 24, 4) for step in range(24)]
    assert ours == pytest.approx(theirs, rel=1e-12)
    assert factor(Schedule("step", every=1.0, factor=0.1, floor=0.02), 23, 24, 4) == 0.02


def test_constant_is_constant_after_the_warm_up():
    ours = [factor(Schedule("constant", warm_up=0.5), step, 9, 4) for step in range(9)]
    assert ours == [0.5, 1.0, *[1.0] * 7]


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("patience", [1, 2, 3])
def test_plateau_is_torchs_plateau(higher, patience):
    """Torch's patience counts the bad ones that are let pass, ours those after which the rate falls: one more."""
    generator = torch.Generator().manual_seed(3)
    values = (torch.rand(60, generator=generator) * (1 if higher else -1)).tolist()
    mode = "max" if higher else "min"
    theirs = _theirs(
        lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(
            o, mode=mode, factor=0.5, patience=patience - 1, threshold=0.0, min_lr=0.01
        ),
        61, [*values, 0.0],
    )  # fmt: skip
    schedule = Schedule("plateau", factor=0.5, patience=patience, floor=0.01)
    ours = [factor(schedule, 0, 100, 10, values[:k], higher_is_better=higher) for k in range(61)]
    assert ours == pytest.approx(theirs, rel=1e-9)
    assert ours[-1] < 1.0


def test_nan_is_never_a_new_best():
    nan = math.nan
    assert plateau([nan, nan], 2, 0.5) == 0.5
    assert plateau([nan, 0.1, 0.2], 2, 0.5) == 1.0
    assert not better(nan, nan)
    assert stalled([nan, nan, nan], 3)
    assert not stalled([nan, nan, 0.1], 3)
    assert not stalled([], 1)


@pytest.mark.parametrize("kind", ["cosine", "constant"])
@pytest.mark.parametrize("warm_up", [1.0, 2.0])
def test_a_warm_up_as_long_as_the_training_or_longer_is_all_there_is(kind, warm_up):
    """One epoch of a recipe that warms up for one, say, as a first try: the rate is not 0."""
    found = [factor(Schedule(kind, warm_up=warm_up), step, 8, 8) for step in range(8)]
    assert found == [pytest.approx((step + 1) / (8 * warm_up)) for step in range(8)]
