"""Sets that `visq dataset synth` makes: distorted photographs that nobody has rated."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

SPECS = (
    DatasetSpec(
        id="synthetic",
        title="a set made by visq dataset synth",
        summary="distorted photographs without ratings: the score is a surrogate, 5 - 4 level / 5",
        kind="fr",
        score_name="surrogate of the level, no ratings",
        lower_is_better=False,
        low=1.0,
        high=5.0,
        images=("images",),
        references=("images",),
        reference="{reference}",
        group="{reference}",
        distortion="{distortion}",
        level="{level}",
        labels=(
            Labels(
                id="surrogate",
                tables=(Table("manifest.csv", "csv"),),
                image="{image}",
                score="{score}",
                keep=(("status", "ok"), ("score", ".+")),
            ),
        ),
        licence="that of the photographs it was made of",
        paper="",
        homepage="",
        layout="read",
        source="defined here",
        note=(
            "Levels of one type are in their order; those of different types are not comparable, and nobody has "
            "looked. Types whose severity does not rise with the level have no score and are passed over. With up to "
            "99 photographs the folder can be read as kadid10k too."
        ),
        aliases=("synth",),
    ),
)
