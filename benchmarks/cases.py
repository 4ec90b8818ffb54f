"""What is measured, as data: one group of rows for each quantity, with the call of visq and those of the peers.

A call is a Python expression over the pictures `x` (distorted) and `y` (reference), their height `h` and width `w`,
and the names that `adapters.py` gives for the library. It is evaluated in the form of input named beside it:

- `u8`: NumPy uint8 `(H, W)` or `(H, W, 3)`; `f32`: the same in float32, 0..1; `rgba`: bytes
- `t8`: torch uint8 `(1, C, H, W)`; `t32`: the same in float32, 0..1; `t32x3`: grey repeated to three channels

Every peer is called in the form it is quickest in. `same=False` marks a call that measures something else under the
same name; what differs stands in `note`. Such rows are published, and stay out of the summary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Call:
    """How one peer computes a quantity."""

    peer: str
    form: str
    call: str
    note: str = ""
    same: bool = True
    setup: str = ""


@dataclass(frozen=True)
class Group:
    """One quantity: visq's metric with its options, the pictures it is given, and who else computes it."""

    metric: str
    pixels: str
    peers: tuple[Call, ...]
    options: dict[str, object] = field(default_factory=dict)
    alone: bool = False

    @property
    def label(self) -> str:
        """The metric with its options, the name of the quantity in tables and results."""
        options = ",".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.metric}({options})" if options else self.metric

    @property
    def ours(self) -> Call:
        """visq's call."""
        pictures = "x" if self.alone else "x, y"
        return Call("visq", "u8", f"f({pictures})", setup=f"f = bound({self.metric!r}, **{self.options!r})")


FA, TM, PM, SK = "frame-analytics", "torchmetrics", "pytorch-msssim", "scikit-image"
_BORDERS = "mirrors at the borders"

GROUPS: tuple[Group, ...] = (
    Group("psnr", "rgb", (
        Call(FA, "t8", "fa.psnr(x, y)"),
        Call("piq", "t32", "piq.psnr(x, y)"),
        Call("pyiqa", "t32", "f(x, y)", setup="f = net('psnr')"),
        Call(TM, "t32", "tm.peak_signal_noise_ratio(x, y, data_range=1.0)"),
        Call("sewar", "u8", "sewar.psnr(y, x)"),
        Call(SK, "u8", "metrics.peak_signal_noise_ratio(y, x)"),
    )),
    Group("psnr_y", "rgb", (
        Call(FA, "t8", "fa.psnr(x, y, luma='bt601')", "luma not rounded"),
        Call("piq", "t32", "piq.psnr(x, y, convert_to_greyscale=True)", "luma not rounded"),
        Call("pyiqa", "t32", "f(x, y)", "Y of YCbCr in 16..235", setup="f = net('psnry')"),
    )),
    Group("mse", "rgb", (
        Call(FA, "t8", "fa.mse(x, y)"),
        Call("sewar", "u8", "sewar.mse(y, x)"),
        Call(SK, "u8", "metrics.mean_squared_error(y, x)"),
    )),
    Group("ssim", "grey", (
        Call(FA, "t8", "fa.ssim(x, y)"),
        Call("piq", "t32", "piq.ssim(x, y, downsample=False)"),
        Call("pyiqa", "t32", "f(x, y)", setup="f = net('ssim')"),
        Call(TM, "t32", "tm.structural_similarity_index_measure(x, y, data_range=1.0)", _BORDERS),
        Call(PM, "t32", "pm.ssim(x, y, data_range=1.0)"),
        Call("sewar", "u8", "sewar.ssim(y, x, fltr_specs=gaussian)"),
        Call(SK, "u8", "metrics.structural_similarity(y, x, **wang)"),
    )),
    Group("ssim", "grey", (
        Call(FA, "t8", "fa.ssim(x, y, downsample=True)", "thins otherwise"),
        Call("piq", "t32", "piq.ssim(x, y)"),
    ), {"downsample": True}),
    Group("ssim", "rgb", (
        Call("blazediff-ssim", "rgba", "blaze.compare_rgba(x, y, w, h, metric='ssim')",
             "luma from RGBA within, thins otherwise"),
    ), {"downsample": True}),
    Group("ssim", "rgb", (
        Call(FA, "t8", "fa.ssim(x, y)"),
        Call("piq", "t32", "piq.ssim(x, y, downsample=False)"),
        Call("pyiqa", "t32", "f(x, y)", setup="f = net('ssimc')"),
        Call(TM, "t32", "tm.structural_similarity_index_measure(x, y, data_range=1.0)", _BORDERS),
        Call(PM, "t32", "pm.ssim(x, y, data_range=1.0)"),
        Call("sewar", "u8", "sewar.ssim(y, x, fltr_specs=gaussian)"),
        Call(SK, "u8", "metrics.structural_similarity(y, x, channel_axis=2, **wang)"),
    ), {"channels": "rgb"}),
    Group("ms_ssim", "grey", (
        Call(FA, "t8", "fa.ms_ssim(x, y)"),
        Call("piq", "t32", "piq.multi_scale_ssim(x, y)"),
        Call("pyiqa", "t32", "f(x, y)", setup="f = net('ms_ssim')"),
        Call(TM, "t32", "tm.multiscale_structural_similarity_index_measure(x, y, data_range=1.0)", _BORDERS),
        Call(PM, "t32", "pm.ms_ssim(x, y, data_range=1.0)"),
        Call("sewar", "u8", "sewar.msssim(y, x)", "smaller scales filtered otherwise"),
    )),
    Group("ms_ssim", "rgb", (
        Call("blazediff-ssim", "rgba", "blaze.compare_rgba(x, y, w, h, metric='ms-ssim')", "luma from RGBA within"),
    )),
    Group("ms_ssim", "rgb", (
        Call(FA, "t8", "fa.ms_ssim(x, y)"),
        Call("piq", "t32", "piq.multi_scale_ssim(x, y)"),
        Call(TM, "t32", "tm.multiscale_structural_similarity_index_measure(x, y, data_range=1.0)", _BORDERS),
        Call(PM, "t32", "pm.ms_ssim(x, y, data_range=1.0)"),
        Call("sewar", "u8", "sewar.msssim(y, x)", "smaller scales filtered otherwise"),
    ), {"channels": "rgb"}),
    Group("iw_ssim", "grey", (
        Call(FA, "t8", "fa.iw_ssim(x, y)"),
        Call("piq", "t32", "piq.information_weighted_ssim(x, y)"),
    )),
    Group("cw_ssim", "grey", (Call("pyiqa", "t32", "f(x, y)", setup="f = net('cw_ssim')"),)),
    Group("uqi", "grey", (
        Call("sewar", "u8", "sewar.uqi(y, x)", "takes means for sums: the same work, another value"),
        Call(TM, "t32", "tm.universal_image_quality_index(x, y)", "Gaussian window of 11", same=False),
    )),
    Group("vif", "grey", (
        Call("pyiqa", "t32x3", "f(x, y)", "takes RGB only", setup="f = net('vif')"),
    )),
    Group("vif_p", "grey", (
        Call(FA, "t8", "fa.vifp(y, x)"),
        Call("piq", "t32", "piq.vif_p(x, y)"),
        Call(TM, "t32", "tm.visual_information_fidelity(x * 255, y * 255)"),
        Call("sewar", "u8", "sewar.vifp(y, x)"),
    )),
    Group("gmsd", "grey", (
        Call(FA, "t8", "fa.gmsd(x, y)"),
        Call("piq", "t32", "piq.gmsd(x, y)"),
        Call("pyiqa", "t32x3", "f(x, y)", "takes RGB only", setup="f = net('gmsd')"),
    )),
    Group("ms_gmsd", "grey", (
        Call(FA, "t8", "fa.ms_gmsd(x, y)", "weights the scales otherwise"),
        Call("piq", "t32", "piq.multi_scale_gmsd(x, y)"),
    )),
    Group("ms_gmsdc", "rgb", (Call("piq", "t32", "piq.multi_scale_gmsd(x, y, chromatic=True)"),)),
    Group("mdsi", "rgb", (
        Call(FA, "t8", "fa.mdsi(x, y)"),
        Call("piq", "t32", "piq.mdsi(x, y)"),
    )),
    Group("haarpsi", "rgb", (
        Call(FA, "t8", "fa.haarpsi(x, y)"),
        Call("piq", "t32", "piq.haarpsi(x, y)"),
    )),
    Group("fsim", "grey", (
        Call(FA, "t8", "fa.fsim(x, y)"),
        Call("piq", "t32x3", "piq.fsim(x, y, chromatic=False)", "takes RGB only"),
    )),
    Group("fsimc", "rgb", (
        Call(FA, "t8", "fa.fsimc(x, y)"),
        Call("piq", "t32", "piq.fsim(x, y)"),
        Call("pyiqa", "t32", "f(x, y)", setup="f = net('fsim')"),
    )),
    Group("vsi", "rgb", (
        Call(FA, "t8", "fa.vsi(x, y)"),
        Call("piq", "t32", "piq.vsi(x, y)"),
        Call("pyiqa", "t32", "f(x, y)", setup="f = net('vsi')"),
    )),
    Group("sr_sim", "grey", (
        Call(FA, "t8", "fa.srsim(x, y)"),
        Call("piq", "t32", "piq.srsim(x, y)"),
    )),
    Group("sr_simc", "rgb", (
        Call(FA, "t8", "fa.srsimc(x, y)"),
        Call("piq", "t32", "piq.srsim(x, y, chromatic=True)"),
    )),
    Group("dss", "grey", (
        Call(FA, "t8", "fa.dss(x, y)"),
        Call("piq", "t32", "piq.dss(x, y)"),
    )),
    Group("nlpd", "grey", (
        Call("pyiqa", "t32x3", "f(x, y)", "takes RGB only", setup="f = net('nlpd')"),
        Call(FA, "t8", "fa.nlpd(x, y)", "another normalisation", same=False),
    )),
    Group("mad", "grey", (
        Call("pyiqa", "t32", "f(x, y)", "another value than the authors' program", setup="f = net('mad')"),
    )),
    Group("psnr_hvs", "grey", (Call(FA, "t8", "fa.psnr_hvs(x, y)"),)),
    Group("psnr_hvsm", "grey", (Call(FA, "t8", "fa.psnr_hvs_m(x, y)"),)),
    Group("psnr_b", "grey", (
        Call(TM, "t32", "tm.peak_signal_noise_ratio_with_blocked_effect(x, y, data_range=1.0)"),
        Call("sewar", "u8", "sewar.psnrb(y, x)"),
    )),
    Group("ciede2000", "rgb", (
        Call(FA, "t8", "fa.ciede2000(x, y)"),
        Call(SK, "u8", "color.deltaE_ciede2000(color.rgb2lab(y), color.rgb2lab(x)).mean()"),
    )),
    Group("flip", "rgb", (
        Call(FA, "t8", "fa.flip(x, y)"),
        Call("flip-evaluator", "f32", "flip.evaluate(y, x, 'LDR', applyMagma=False)[1]"),
    )),
    Group("ssimulacra2", "rgb", (
        Call(FA, "t8", "fa.ssimulacra2(x, y)"),
        Call("ssimulacra2", "u8", "ssimulacra2.compute_ssimulacra2(y, x)", "decoding left out"),
    )),
    Group("niqe", "grey", (
        Call("pyiqa", "t32", "f(x)", "made-up model, values mean nothing",
             setup="f = net('niqe', pretrained_model_path=model('niqe'))"),
    ), alone=True),
    Group("brisque", "grey", (
        Call("piq", "t32", "piq.brisque(x, data_range=1.0)", "made-up model, values mean nothing"),
        Call("pyiqa", "t32", "f(x)", "made-up model, values mean nothing",
             setup="f = net('brisque', pretrained_model_path=model('brisque'))"),
    ), alone=True),
    Group("piqe", "grey", (Call("pyiqa", "t32", "f(x)", setup="f = net('piqe')"),), alone=True),
    Group("ilniqe", "rgb", (
        Call("pyiqa", "t32", "f(x)", "made-up model, values mean nothing",
             setup="f = net('ilniqe', pretrained_model_path=model('ilniqe'))"),
    ), alone=True),
    Group("entropy", "grey", (
        Call("pyiqa", "t32x3", "f(x)", "takes RGB only", setup="f = net('entropy')"),
    ), alone=True),
    Group("tv", "rgb", (
        Call("piq", "t32", "piq.total_variation(x)"),
    ), alone=True),
    Group("tv", "rgb", (
        Call(TM, "t32", "tm.total_variation(x)"),
    ), {"norm": "l1"}, alone=True),
)  # fmt: skip

#: In the order in which they run: the peers with most rows, and the quick ones, first.
PEERS = (
    "frame-analytics", "piq", "pytorch-msssim", "scikit-image", "blazediff-ssim", "torchmetrics", "sewar",
    "flip-evaluator", "ssimulacra2", "pyiqa",
)  # fmt: skip


def of_peer(peer: str) -> Iterator[tuple[Group, Call]]:
    """All that a peer computes."""
    for group in GROUPS:
        for call in group.peers:
            if call.peer == peer:
                yield group, call
