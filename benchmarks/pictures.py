"""The pictures that everything is measured on, as NPY files that visq and every peer read alike."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
SIZES = ("512x384", "1920x1080", "3840x2160")
#: What the first call of a memory measurement runs on, so that imports and compiled code are not counted.
SMALL = "256x256"


def write(folder: Path, size: str) -> dict[str, dict[str, Path]]:
    """Paths of both pictures of one size, in RGB and in grey: `paths["grey"]["x"]`; written once.

    `y` is a photograph cut to 512x384 (256x256), or a mosaic of the four example photographs for a larger size, and
    `x` its JPEG copy at quality 20. `grey` is visq's luma of both, rounded to 8 bits. uint8 all.
    """
    paths = {
        pixels: {name: folder / f"{size}-{pixels}-{name}.npy" for name in ("x", "y")} for pixels in ("rgb", "grey")
    }
    if all(path.is_file() for both in paths.values() for path in both.values()):
        return paths
    import numpy as np
    from PIL import Image

    from visq.ops.arrays import read_one

    folder.mkdir(parents=True, exist_ok=True)
    reference = np.ascontiguousarray(_reference(*map(int, size.split("x"))))
    stream = BytesIO()
    Image.fromarray(reference).save(stream, "JPEG", quality=20)
    for name, picture in (("x", np.asarray(Image.open(stream))), ("y", reference)):
        np.save(paths["rgb"][name], picture)
        grey = read_one(picture).luma(255.0, keep_uint8=True)[0]
        np.save(paths["grey"][name], np.ascontiguousarray(grey))
    return paths


def _reference(width: int, height: int):  # type: ignore[no-untyped-def]
    """The first photograph where it is large enough, else the four side by side, repeated."""
    import numpy as np
    from PIL import Image

    tiles = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(PHOTOS.glob("*.jpg"))]
    if tiles[0].shape[0] >= height and tiles[0].shape[1] >= width:
        return tiles[0][:height, :width]
    rows = min(tile.shape[0] for tile in tiles)
    columns = min(tile.shape[1] for tile in tiles)
    a, b, c, d = (tile[:rows, :columns] for tile in tiles[:4])
    block = np.concatenate([np.concatenate([a, b], 1), np.concatenate([c, d], 1)], 0)
    repeats = (-(-height // block.shape[0]), -(-width // block.shape[1]), 1)
    return np.tile(block, repeats)[:height, :width]
