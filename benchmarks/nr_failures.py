"""Pictures for the card of visq-nr: damage that its score does not follow.

python benchmarks/nr_failures.py          into docs/images/visq-nr-failures.jpg
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib.figure import Figure

from visq.media import open_image
from visq.systems.visq_nr import visq_nr
from visq.train.data.degradations import COMMON, STEPS

ROOT = Path(__file__).parent.parent
FIGURE = ROOT / "docs" / "images" / "visq-nr-failures.jpg"
#: Photograph, type of damage, and what stands behind its amounts.
ROWS = (("hibiscus", "overexposure", " stops"), ("lighthouse", "jpeg2000", ": 1"))


def main() -> None:
    """Draw every level with its score."""
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    panels = figure.subplots(len(ROWS), STEPS)
    for row, (name, kind, unit) in zip(panels, ROWS, strict=True):
        damage = next(one for one in COMMON if one.name == kind)
        amounts = damage.amounts or damage.step.amounts
        photo = open_image(ROOT / "examples" / "photos" / f"{name}.jpg").pixels
        for level, panel in enumerate(row):
            picture = damage.apply(photo, level, seed=1, key=name)
            panel.imshow(picture)
            about = "as it is" if level == 0 else f"{kind} {amounts[level - 1]:g}{unit}"
            panel.set_title(f"{about}: {visq_nr(picture):.1f}", fontsize=8)
            panel.axis("off")
    figure.savefig(FIGURE, dpi=110, pil_kwargs={"quality": 85})


if __name__ == "__main__":
    main()
