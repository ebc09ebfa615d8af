"""The pictures that the page embeds: fewer bytes, visibly equal to the files beside it."""

import base64
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from pipeline_lib.artefacts.atomic import atomic_path

WIDE = "page/{name}.webp"
"""A figure below ``figures/`` as it is drawn."""
NARROW = "page/{name}.narrow.webp"
"""The same with its panels below each other."""
_DPI = 180
_SCALE = 96 / _DPI * 1.62
"""Pixels of the page per pixel of a picture: two columns of a journal fill the page."""
_COLOURS = 128


@dataclass(frozen=True)
class Picture:
    """A picture as a data address, and the size that it is shown at, in pixels."""

    address: str
    width: int
    height: int


def write_picture(figure: Figure, path: Path) -> None:
    """Write a figure as a lossless WebP of few colours: a fifth of the bytes of its PNG."""
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    content.seek(0)
    with Image.open(content) as picture:
        few = picture.convert("RGB").quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    with atomic_path(path) as temporary:
        few.convert("RGB").save(temporary, "WEBP", lossless=True, quality=60, method=4)


def read_picture(path: Path) -> Picture:
    """Read what `write_picture` wrote."""
    content = path.read_bytes()
    with Image.open(BytesIO(content)) as picture:
        width, height = (round(side * _SCALE) for side in picture.size)
    return Picture(f"data:image/webp;base64,{base64.b64encode(content).decode('ascii')}", width, height)
