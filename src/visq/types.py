"""The data that passes between the parts of visq. Frozen, typed, and free of heavy imports."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["fr", "rr", "nr", "stereo", "video", "set"]

#: What a score has beside its value where its metric gives an interval: the ends, and the share that it is to hold.
INTERVAL = ("lower", "upper", "level")


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword option of a metric, as the command line and the documentation show it.

    `default` is the value used when the option is not given; `choices`, where not empty, are the only values allowed,
    beside None where that may be given; `type` is what every value is converted to; `optional` allows None where the
    default is something else; no number below `least` is allowed; `reads`, `package.module:function`, refuses a wrong
    file of a path beside the first one, for which the metric's own `reads` does it.
    """

    name: str
    type: Literal["int", "float", "bool", "str", "path"]
    default: Any
    help: str
    choices: tuple[Any, ...] = ()
    optional: bool = False
    least: float | None = None
    reads: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One sub-score that a metric gives beside its score: `name` is its column in tables; `help`, what it says."""

    name: str
    help: str


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a metric looks at. `colour` is `luma` (one channel, by the stated rule) or `rgb`."""

    colour: Literal["luma", "rgb"]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Weights:
    """One file of parameters: its name, its hash, its licence and where it comes from.

    Attributes
    ----------
    filename : str
        Its name in the folder of `VISQ_WEIGHTS`, in the package's data and in the cache.
    sha256 : str
        Of the whole file; empty, or its first digits, where its publisher tells no more.
    licence, origin : str
        Of the parameters; who made them from what.
    ships : bool
        Whether the file comes with visq.
    hub, hub_file : str
        Repository and file at the model hub that `visq weights fetch` takes it from; empty where there is none.
    url : str
        Public address of the file where it is not at the hub.
    verified : bool
        Whether a score computed with it was compared with one that somebody else published.
    alternatives : tuple of Weights
        Other files with the same parameters, of which one will do where this one is missing.
    """

    filename: str
    sha256: str
    licence: str
    origin: str
    ships: bool = True
    hub: str = ""
    hub_file: str = ""
    url: str = ""
    verified: bool = True
    alternatives: tuple[Weights, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """One line on whose numbers a metric was checked against. `status`: verified, self or unverified."""

    status: Literal["verified", "self", "unverified"]
    against: str
    within: str


@dataclass(frozen=True, slots=True)
class Like:
    """Options that give the number another program gives under the same name.

    Attributes
    ----------
    name : str
        What `like=` takes: `skimage`, `piq`, `matlab`.
    call : str
        The other program, its version, and the call that is meant.
    options : tuple of (option, value)
        What it comes to here.
    differs : str
        What it does otherwise than the default, in one line.
    within : str
        How near the tests hold it to that program.
    """

    name: str
    call: str
    options: tuple[tuple[str, Any], ...]
    differs: str
    within: str


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """Everything a user may ask about a metric, as data. No code elsewhere tests a metric's name.

    Attributes
    ----------
    id, version : str
        Name and protocol version. Any change to a default score changes the version.
    kind : str
        `fr` full reference, `rr` reduced reference, `nr` no reference, `video` a video against its original.
    lower_is_better : bool
        Native direction of the score.
    value_range : (float, float)
        Range of the score for valid input; `inf` where there is no bound.
    impl : str
        `package.module:function`, imported only when the metric is used.
    extract, compare : str
        Reduced reference only, `package.module:function` each: what takes the few numbers of a reference, and what
        judges an image by them.
    graph : str
        `package.module:function`: what hands over the network that `visq export` writes; empty where there is none.
    files : str
        `package.module:function`: from options to the `Weights` that they need, where an option decides which network
        is looked at; it refuses options that go with no network. Empty where `weights` are all.
    reads : str
        `package.module:function`: what reads the file that an option names, where that is no graph: a wrong one is
        refused before anything is scored.
    size_option : str
        Name of the option by which image and reference may differ in size; empty where they may not.
    stream : str
        Video only, `package.module:Class`: what takes one pair of frames after the other, as `visq.video.judges.Stream`
        says.
    details : str
        `package.module:function`, called like `impl`: gives an object with `score`, with `map` where it was asked for,
        and with every name of `extras`, floats for one image and `(N,)` for a batch. Empty where there is but a score.
    interval : bool
        Whether `details` gives the interval of each score: `lower`, `upper`, and the `level` that it is to hold.
    parts : tuple of Part
        Sub-scores that `details` gives, all in the range and direction of the score.
    min_side : int
        Smallest height and width accepted with default options.
    best : float or None
        Value for an identical pair, full reference only.
    presets : tuple of (option, value)
        Options fixed by this entry where several entries share one implementation.
    has_map : bool
        Whether the implementation takes `full=True` and returns the paper's per-pixel map.
    map_lower_is_better : bool
        Direction of the map, which may differ from that of the score (GMSD: score low, map high is good).
    map_range : (float, float) or None
        Range of the map's values where it differs from `value_range`.
    symmetric : bool
        Whether the score is the same with image and reference exchanged.
    differentiable : bool
        Whether the gradient in torch is that of the score, so that the metric can be a loss.
    deterministic : bool
        Whether the same call gives the same bits.
    extra : str
        The optional dependency that the metric needs; empty where it needs none.
    verification : tuple of Verification
        Whose numbers the implementation was checked against; `within` is what the tests hold it to.
    likes : tuple of Like
        Options by the name of the program whose number they give: `metric("ssim", like="skimage")`.
    """

    id: str
    version: str
    name: str
    summary: str
    kind: Kind
    lower_is_better: bool
    value_range: tuple[float, float]
    impl: str
    input: InputSpec
    min_side: int
    paper: str
    code_licence: str
    best: float | None = None
    has_map: bool = False
    map_lower_is_better: bool = False
    map_range: tuple[float, float] | None = None
    symmetric: bool = False
    differentiable: bool = True
    deterministic: bool = True
    aliases: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    presets: tuple[tuple[str, Any], ...] = ()
    weights: tuple[Weights, ...] = ()
    extra: str = ""
    extract: str = ""
    compare: str = ""
    stream: str = ""
    graph: str = ""
    files: str = ""
    reads: str = ""
    size_option: str = ""
    details: str = ""
    interval: bool = False
    parts: tuple[Part, ...] = ()
    verification: tuple[Verification, ...] = ()
    likes: tuple[Like, ...] = ()
    notes: str = ""

    @property
    def takes_reference(self) -> bool:
        """Whether the metric is called with an image and its reference."""
        return self.kind in ("fr", "rr", "video")

    @property
    def extras(self) -> tuple[str, ...]:
        """Names of the numbers that come with a score: those of its interval, and its sub-scores."""
        return (*(INTERVAL if self.interval else ()), *(part.name for part in self.parts))

    @property
    def on_a_graph(self) -> bool:
        """Whether its parameters are a graph: a network that onnxruntime runs, in single precision, without torch."""
        return any(w.filename.endswith(".onnx") for w in self.weights)

    def identity(self, options: dict[str, Any] | None = None, weights_sha256: str = "") -> str:
        """Metric, version, options that differ from the defaults, and weights: the key of a score.

        `weights_sha256` names parameters that replace those in the spec (a user's own file).
        """
        defaults = {option.name: option.default for option in self.options}
        changed = {k: v for k, v in sorted((options or {}).items()) if k not in defaults or defaults[k] != v}
        text = f"{self.id}@{self.version}"
        if changed:
            text += "(" + ",".join(f"{k}={_plain(v)}" for k, v in changed.items()) + ")"
        hashes = [weights_sha256] if weights_sha256 else [w.sha256 for w in self.weights]
        if hashes:
            text += "#" + hashlib.sha256("".join(hashes).encode()).hexdigest()[:12]
        return text


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, slots=True)
class ImageMeta:
    """What was read and what was altered while reading. `warnings` lists every alteration, one code each."""

    source: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    bit_depth: int = 8
    mode: str = ""
    sha256: str = ""
    bytes: int = 0
    orientation: int = 1
    icc: str = ""
    alpha: bool = False
    frames: int = 1
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """One row: one metric on one image. `status` is `ok` or `error`; an error row has no value and no extras."""

    image: str
    reference: str
    metric: str
    version: str
    value: float | None
    status: Literal["ok", "error"]
    error: str = ""
    identity: str = ""
    lower_is_better: bool = False
    width: int | None = None
    height: int | None = None
    bit_depth: int | None = None
    sha256: str = ""
    warnings: tuple[str, ...] = field(default_factory=tuple)
    extras: dict[str, float] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes the row unique in a table: image, reference, identity of the score."""
        return self.image, self.reference, self.identity


class Score(float):
    """A float that knows what it is: metric, version, direction, what was altered on reading, and extras.

    `extras` holds what its metric gives beside it (`MetricSpec.extras`); `interval` and `parts` are read out of it.

    >>> score = Score(0.93, metric="ssim", version="1", lower_is_better=False)
    >>> round(score + 0.01, 2), score.metric
    (0.94, 'ssim')
    >>> score = Score(61.5, extras={"lower": 52.0, "upper": 71.0, "level": 0.9, "sharpness": 80.2})
    >>> score.interval, score.parts
    ((52.0, 71.0), {'sharpness': 80.2})
    """

    metric: str
    version: str
    lower_is_better: bool
    warnings: tuple[str, ...]
    extras: dict[str, Any]

    def __new__(
        cls,
        value: float,
        *,
        metric: str = "",
        version: str = "",
        lower_is_better: bool = False,
        warnings: tuple[str, ...] = (),
        extras: dict[str, Any] | None = None,
    ) -> Score:
        self = super().__new__(cls, value)
        self.metric = metric
        self.version = version
        self.lower_is_better = lower_is_better
        self.warnings = warnings
        self.extras = extras or {}
        return self

    @property
    def interval(self) -> tuple[float, float] | None:
        """Lower and upper end; `extras["level"]` is the share of opinions it is to hold. None: the metric has none."""
        return (self.extras["lower"], self.extras["upper"]) if "lower" in self.extras else None

    @property
    def parts(self) -> dict[str, float]:
        """Sub-scores by name; empty where the metric gives none."""
        # Of a video there is something else in it: how the scores of frames were pooled, and how many.
        return {n: value for n, value in self.extras.items() if n not in INTERVAL and isinstance(value, float)}

    def __getnewargs_ex__(self) -> tuple[tuple[float], dict[str, Any]]:
        names = ("metric", "version", "lower_is_better", "warnings", "extras")
        return (float(self),), {name: getattr(self, name) for name in names}
