"""The table of losses on scores. Nothing here imports torch."""

from __future__ import annotations

from visq.losses.spec import Setting, Term

_WITHIN = Setting("within", None, "only pairs whose scores differ by less")
_ROOM = (
    Setting("margin", 0.02, "by how much the better one has to be predicted higher"),
    Setting("slope", 0.0, "by how much more for each unit of the scores between them"),
)
_TEMPERATURE = Setting("temperature", 1.0, "difference of predictions that counts as one")
_LOGITS = Setting("logits", True, "whether predictions go through a softmax first")

TERMS = (
    Term("l1", "visq.losses.regression:l1", "value", "mean absolute error"),
    Term("l2", "visq.losses.regression:l2", "value", "mean squared error"),
    Term(
        "huber",
        "visq.losses.regression:huber",
        "value",
        "Huber, Annals of Mathematical Statistics 35 (1964)",
        (Setting("delta", 1.0, "error at which squares end"),),
    ),
    Term(
        "smooth_l1",
        "visq.losses.regression:smooth_l1",
        "value",
        "Girshick, ICCV 2015",
        (Setting("beta", 1.0, "error at which squares end"),),
    ),
    Term(
        "plcc",
        "visq.losses.correlation:plcc",
        "line",
        "Xu et al., CVPR 2024 (LoDa, text)",
        (Setting("half", False, "(1 - r)/2 instead of 1 - r"),),
        minimum=2,
    ),
    Term(
        "plcc_induced",
        "visq.losses.correlation:plcc_induced",
        "line",
        "Xu et al., CVPR 2024 (LoDa, released code)",
        minimum=2,
    ),
    Term(
        "norm_in_norm",
        "visq.losses.norm_in_norm:norm_in_norm",
        "line",
        "Li, Jiang, Jiang, ACM Multimedia 2020",
        (
            Setting("p", 2.0, "order of the norm of the difference"),
            Setting("q", 2.0, "order of the norm that is brought to 1"),
            Setting("share", 0.5, "of the part without the correlation, 0 to 1"),
        ),
        minimum=2,
    ),
    Term(
        "margin_rank",
        "visq.losses.ranking:margin_rank",
        "order",
        "Wen, Wang, arXiv 2111.07104 (CenseoQoE)",
        (*_ROOM, _WITHIN),
        also=("groups",),
    ),
    Term(
        "ranknet",
        "visq.losses.ranking:ranknet",
        "order",
        "Burges et al., ICML 2005",
        (_TEMPERATURE, _WITHIN),
        also=("groups",),
    ),
    Term(
        "fidelity",
        "visq.losses.ranking:fidelity",
        "order",
        "Tsai et al., SIGIR 2007; Zhang et al., IEEE TIP 30 (2021)",
        (Setting("spread", 1.0, "standard deviation of a prediction in Thurstone's model"), _WITHIN),
        also=("std", "groups"),
    ),
    Term(
        "rank_gradient",
        "visq.losses.rank_gradient:rank_gradient",
        "order",
        "Li, Huo, JVCIR 98 (2024) (REQA, released code)",
        (
            Setting("eps", 1e-4, "what is added to both divisors"),
            Setting("stable", False, "hold the slope of a near tie"),
        ),
    ),
    Term(
        "ordered",
        "visq.losses.ordering:ordered",
        "order",
        "Liu, van de Weijer, Bagdanov, ICCV 2017 (RankIQA)",
        (
            Setting("form", "hinge", "of the cost of a pair", ("hinge", "logistic")),
            *_ROOM,
            _TEMPERATURE,
            _WITHIN,
        ),
        takes=("predictions", "levels"),
        also=("groups",),
    ),
    Term(
        "below_reference",
        "visq.losses.ordering:below_reference",
        "order",
        "reconstructed after Zeng, Kwong, arXiv 2112.00485",
        (
            Setting("margin", 0.05, "by how much a picture is to lie below its reference"),
            Setting("below", 0.9, "score up to which a picture counts"),
        ),
        takes=("predictions", "references"),
        also=("scores",),
    ),
    Term(
        "batch_kl",
        "visq.losses.batch_kl:batch_kl",
        "offset",
        "reconstructed after Cong et al., CVPR Workshops 2022 (GSN)",
        (
            Setting("tau", 0.1, "temperature of both distributions, in units of the scores"),
            Setting("pairwise_abs", False, "row by row of absolute differences; blind to a mirrored order"),
        ),
        minimum=2,
    ),
    Term(
        "relative_triplet",
        "visq.losses.triplet:relative_triplet",
        "order",
        "Golestaneh, Dadsetan, Kitani, WACV 2022 (TReS, released code); blind to a mirrored order",
        minimum=4,
    ),
    Term(
        "margin_triplet",
        "visq.losses.triplet:margin_triplet",
        "likeness",
        "Schroff, Kalenichenko, Philbin, CVPR 2015; FPR, DFSS-IQA (released code)",
        (
            Setting("margin", 1.0, "by how much the positive has to lie nearer"),
            Setting("over", "last", "what a distance is taken over", ("last", "flat")),
        ),
        takes=("anchor", "positive", "negative"),
    ),
    Term(
        "tolerance",
        "visq.losses.tolerance:tolerance",
        "value",
        "Li, Huo, JVCIR 98 (2024) (REQA, released code)",
        (
            Setting("thresholds", (5.0, 2.5, 0.0), "error that is let pass at each level", many=True),
            Setting("weights", "C", "of the levels: A, B, C, or a number each", ("A", "B", "C"), many=True),
        ),
        takes=("predictions (N, K)", "scores"),
    ),
    Term(
        "emd",
        "visq.losses.distribution:emd",
        "shares",
        "Talebi, Milanfar, IEEE TIP 27 (2018) (NIMA)",
        (Setting("order", 2.0, "r of the distance"), _LOGITS),
        takes=("predictions (N, K)", "scores (N, K)"),
    ),
    Term(
        "cross_entropy",
        "visq.losses.distribution:cross_entropy",
        "shares",
        "You, Korhonen, ICIP 2021 (TRIQ, released code)",
        (_LOGITS,),
        takes=("predictions (N, K)", "scores (N, K)"),
    ),
    Term(
        "gaussian_nll",
        "visq.losses.uncertainty:gaussian_nll",
        "value",
        "Nix, Weigend, ICNN 1994",
        (
            Setting("limit", 10.0, "how far the logarithm of the variance may go"),
            Setting("full", False, "add log(2 pi)/2"),
        ),
        takes=("predictions", "scores", "log_variance"),
    ),
    Term(
        "uncertainty_weighted",
        "visq.losses.uncertainty:uncertainty_weighted",
        "cost",
        "Kendall, Gal, Cipolla, CVPR 2018 (4K-BIQA)",
        (
            Setting("regression", False, "whether the cost is a mean squared error"),
            Setting("limit", 5.0, "how far the logarithm of the variance may go"),
        ),
        takes=("cost", "log_variance"),
    ),
    Term(
        "consistency",
        "visq.losses.consistency:consistency",
        "likeness",
        "Golestaneh, Dadsetan, Kitani, WACV 2022 (TReS, released code)",
        (
            Setting("squared", False, "squared differences instead of absolute ones"),
            Setting("mutual", False, "draw both to each other"),
        ),
        takes=("values", "fixed"),
    ),
)
