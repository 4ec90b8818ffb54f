"""What turns pictures into rows of features: statistics of the layers of a network, or whatever a frozen module makes.

Of a tap with responses `(C, h, w)`, the statistics are taken over the `h w` positions of each channel: `mean`, `std`
(of the positions themselves: their number is the divisor) and `max`. Scale `n` is the picture made `n` times smaller by
the mean of squares of `n x n` pixels; rows and columns that fill no square are left out. Scale 1 is the picture itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from visq.errors import OptionError, SizeError
from visq.probe.networks import Net, Network, network, open_net
from visq.train.data.draws import fingerprint
from visq.train.data.prefetch import check_whole

VERSION = "1"
STATISTICS = ("mean", "std", "max")
_DEFAULT = ("mean", "std")


class RowMaker(Protocol):
    """What `visq.train.data.feature_cache.FeatureCache` computes with.

    Attributes
    ----------
    name : str
        What messages call it.
    module : torch.nn.Module
        The network, for `computing`.
    device : str
        Where it runs.
    identity : str
        Hash of everything that decides on a row, the picture excepted.
    columns : tuple
        What each number of a row is.
    """

    name: str
    module: Any
    device: str

    @property
    def identity(self) -> str: ...

    @property
    def columns(self) -> tuple[Any, ...]: ...

    def rows(self, pictures: Any) -> Any:
        """`(N, F)` of pictures of one size, `(N, 3, H, W)` float32 in 0..1. Called within `computing`."""
        ...


class Column(NamedTuple):
    """What one number is: a statistic of a channel of a tap at a scale."""

    tap: str
    channel: int
    statistic: str
    scale: int

    def __str__(self) -> str:
        return f"{self.tap}/{self.channel}/{self.statistic}/{self.scale}"


class Extractor:
    """Turns pictures into rows of features.

    Parameters
    ----------
    net : str, Net or Network
        As `visq.probe.networks.open_net` takes it: `efficientnet_lite0`, `vgg16@FILE`, a module of one's own.
    taps : sequence of str
        Layers.
    scales : sequence of int
        How many times smaller the picture is made: 1 is itself, 2 half its size.
    statistics : sequence of str
        Of `STATISTICS`.
    device : str
        Where the network runs. Rows from different devices differ in their last digits; `identity` does not tell.

    Raises
    ------
    OptionError
        A network, tap, scale or statistic that there is none of.
    WeightsError
        The parameters are not there.
    MissingExtraError
        torch is not installed.
    """

    def __init__(
        self, net: str | Net | Network = "efficientnet_lite0", *, taps: Sequence[str], scales: Sequence[int] = (1, 2),
        statistics: Sequence[str] = _DEFAULT, device: str = "cpu",
    ) -> None:  # fmt: skip
        self.net = open_net(net)
        self.name, self.module = self.net.name, self.net.module
        self.taps = self.net.choose(list(taps))
        self.scales = tuple(check_whole("a scale", scale, least=1) for scale in scales)
        self.statistics = tuple(statistics)
        self.device = device
        unknown = [name for name in self.statistics if name not in STATISTICS]
        if unknown or not self.statistics or not self.scales or len(set(self.scales)) < len(self.scales):
            raise OptionError(
                "features cannot be made so", expected=f"scales, each once, and some of {', '.join(STATISTICS)}",
                got=f"scales {self.scales}, statistics {self.statistics}",
            )  # fmt: skip

    @property
    def identity(self) -> str:
        """Hash of the network, its parameters, taps, scales, statistics, and of how they are computed."""
        return fingerprint([VERSION, self.net.identity, self.taps, self.scales, self.statistics])

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What each number of a row is."""
        return tuple(
            Column(tap, channel, statistic, scale)
            for scale in self.scales
            for tap, count in zip(self.taps, self._channels(), strict=True)
            for statistic in self.statistics
            for channel in range(count)
        )

    def _channels(self) -> tuple[int, ...]:
        """Channels of each tap, of a small picture where the network does not tell."""
        spec = getattr(self.module, "spec", None)
        if spec is not None:
            return tuple(spec.layers[spec.index(tap)].channels for tap in self.taps)
        import torch

        side = max(max((self.net.least.get(tap, 1) for tap in self.taps), default=1), 32)
        side = -(-side // self.net.multiple) * self.net.multiple
        with computing(self):
            found = self.module(self.module.normalise(torch.zeros(1, 3, side, side, device=self.device)), self.taps)
        return tuple(int(found[tap].shape[1]) for tap in self.taps)

    def rows(self, pictures: Any) -> Any:
        """As `RowMaker`.

        Raises
        ------
        SizeError
            They are too small for a tap at a scale.
        """
        import torch

        found: list[Any] = []
        for scale in self.scales:
            self._check_size([side // scale for side in pictures.shape[-2:]], scale)
            shrunk = pictures if scale == 1 else torch.nn.functional.avg_pool2d(pictures, scale)
            responses = self.module(self.module.normalise(shrunk), self.taps)
            for tap in self.taps:
                found += _statistics(responses[tap], self.statistics)
        return torch.cat(found, dim=1)

    def _check_size(self, size: Sequence[int], scale: int) -> None:
        least = max(self.net.least.get(tap, 1) for tap in self.taps)
        if min(size) < least:
            raise SizeError(
                f"too small for {self.name} at scale {scale}", expected=f"sides of {least * scale} pixels or more",
                got=f"{size[1] * scale}x{size[0] * scale} or a little more",
            )  # fmt: skip


class Frozen:
    """Rows that a module of one's own makes of pictures.

    Parameters
    ----------
    name : str
    module : torch.nn.Module
        Its parameters and buffers are part of the identity.
    compute : callable
        ``compute(module, pictures)``: `(N, F)` of pictures of one size, `(N, 3, H, W)` float32 in 0..1.
    columns : sequence
        What each of the F numbers is.
    version : str
        Of what `compute` does: give another one when it changes.
    device : str

    Examples
    --------
    >>> import torch
    >>> means = Frozen("means", torch.nn.Identity(), lambda module, x: x.mean((2, 3)), columns="RGB", version="1")
    >>> means.rows(torch.ones(2, 3, 4, 4)).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    def __init__(
        self, name: str, module: Any, compute: Callable[[Any, Any], Any], *, columns: Sequence[Any], version: str,
        device: str = "cpu",
    ) -> None:  # fmt: skip
        self.name, self.module, self.device = name, module, device
        self.columns, self._compute, self._version = tuple(columns), compute, version
        # Found once: a hash of every parameter, which is frozen.
        self.identity = fingerprint(
            [VERSION, name, version, network(name, module).identity, list(map(str, self.columns))]
        )

    def rows(self, pictures: Any) -> Any:
        """As `RowMaker`."""
        return self._compute(self.module, pictures)


def _statistics(responses: Any, wanted: Sequence[str]) -> Iterator[Any]:
    """`(N, C)` each; tokens `(N, T, C)` count as positions."""
    import torch

    flat = responses.flatten(2) if responses.ndim == 4 else responses.transpose(1, 2)
    variance, mean = torch.var_mean(flat, dim=2, correction=0)
    made = {"mean": lambda: mean, "std": variance.sqrt, "max": lambda: flat.amax(dim=2)}
    for name in wanted:
        yield made[name]()


@contextmanager
def computing(maker: RowMaker) -> Iterator[None]:
    """Full precision, no gradients, a network that judges, on its device."""
    import torch

    module = maker.module.to(maker.device)
    modes, kind = [(one, one.training) for one in module.modules()], torch.device(maker.device).type
    tf32 = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    module.eval()
    try:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        with torch.inference_mode(), torch.autocast(kind, enabled=False):
            yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = tf32
        for one, training in modes:  # a part of it may judge while the rest learns
            one.training = training


__all__ = ["STATISTICS", "VERSION", "Column", "Extractor", "Frozen", "RowMaker", "computing"]
