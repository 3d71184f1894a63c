"""Photos that get the same answer twice, within `tests.tolerances`, however the outputs of models are rounded.

Of the boxes around a face the detector takes the surest. In these photos it is surer than the next by 0.001 at least,
ten times what rounding does to it; in others the box jumps to the next one.
"""

from collections.abc import Mapping

import cv2

from models.imaging.decode import Image, decode
from tests.integration.conftest import photo

# From how far the right and twice as far down each photo is cut.
_CUTS: Mapping[str, range] = {
    "collins": range(7),
    "macron": range(14, 18),
    "ardern": range(9, 15),
    "obama_senate": range(8, 17),
}
_LOWER_CUTS = range(1, 33)
_STEP = 8
_FACELESS_CUTS = range(26)


def steady_photos() -> dict[str, bytes]:
    """84 JPEGs by their names: 58 with one face, 26 with none."""
    cut = {f"{name}-{by:02}": _read(name)[2 * by :, by:] for name, cuts in _CUTS.items() for by in cuts}
    whole = _read("collins")
    cut |= {f"lower-{by:02}": whole[: whole.shape[0] - _STEP * by] for by in _LOWER_CUTS}
    cut |= {f"shuttle_model-{by:02}": _read("shuttle_model")[2 * by :, by:] for by in _FACELESS_CUTS}
    return {f"{name}.jpg": cv2.imencode(".jpg", image)[1].tobytes() for name, image in cut.items()}


def tiny_photos(count: int) -> dict[str, bytes]:
    """Small photos of one face, of which a hundred differ."""
    face = cv2.resize(_read("collins")[0:256, 100:356], (96, 96), interpolation=cv2.INTER_AREA)
    shades = [cv2.convertScaleAbs(face, alpha=1, beta=index % 100 - 50) for index in range(count)]
    return {f"{index:03}.jpg": cv2.imencode(".jpg", shade)[1].tobytes() for index, shade in enumerate(shades)}


def _read(name: str) -> Image:
    return decode(photo(f"{name}.jpg"))
