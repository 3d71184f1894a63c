"""Makes the portraits of the walk-through: real photos, each damaged in ten ways and five steps, with a manifest.

python docs/bulk/portraits.py FOLDER
"""

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from models.imaging.decode import Image, decode

PHOTOS = Path(__file__).parents[2] / "tests" / "photos"
STEPS = (1, 2, 3, 4, 5)


def dark(photo: Image, step: int) -> Image:
    """Under-exposes the photo, by up to two and a half stops."""
    return cv2.convertScaleAbs(photo, alpha=0.5 ** (step / 2)).astype(np.uint8)


def one_sided(photo: Image, step: int) -> Image:
    """Darkens the photo towards the right, as if the light came from the left."""
    light = np.linspace(1, 1 - 0.18 * step, photo.shape[1])[None, :, None]
    return (photo * light).astype(np.uint8)


def blurred(photo: Image, step: int) -> Image:
    """Blurs the photo, as if it was out of focus."""
    return cv2.GaussianBlur(photo, (0, 0), 0.8 * step).astype(np.uint8)


def noisy(photo: Image, step: int) -> Image:
    """Adds noise, as of a high sensitivity."""
    noise = np.random.default_rng(step).normal(0, 7 * step, photo.shape)
    return (photo + noise).clip(0, 255).astype(np.uint8)


def tilted(photo: Image, step: int) -> Image:
    """Tilts the head."""
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 5 * step, 1)
    return cv2.warpAffine(photo, turn, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def small(photo: Image, step: int) -> Image:
    """Makes the photo smaller, as if it was taken from far away."""
    scale = 1 / (1 + step / 2)
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)


def stamped(photo: Image, step: int) -> Image:
    """Writes a text all over the photo."""
    text = photo.copy()
    for y in range(30, photo.shape[0], 60):
        for x in range(10, photo.shape[1], 130):
            cv2.putText(text, "SAMPLE", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    return cv2.addWeighted(text, 0.15 * step, photo, 1 - 0.15 * step, 0).astype(np.uint8)


def cropped(photo: Image, step: int) -> Image:
    """Cuts off the borders, as if the photo was taken from too close."""
    height, width = photo.shape[:2]
    cut = 0.04 * step
    return photo[int(cut * height) : int((1 - cut) * height), int(cut * width) : int((1 - cut) * width)]


def compressed(photo: Image, step: int) -> Image:
    """Saves the photo as JPEG of low quality."""
    return decode(cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 45 - 8 * step])[1].tobytes())


def flat(photo: Image, step: int) -> Image:
    """Lowers the contrast."""
    return cv2.convertScaleAbs(photo, alpha=1 - 0.15 * step, beta=18 * step).astype(np.uint8)


SPOILT: tuple[Callable[[Image, int], Image], ...] = (
    dark, one_sided, blurred, noisy, tilted, small, stamped, cropped, compressed, flat
)  # fmt: skip


def main(folder: Path) -> None:
    """Write the portraits and their manifest to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "portraits.csv").open("w", newline="") as file:
        manifest = csv.writer(file)
        manifest.writerow(["path", "photo", "spoilt", "step"])
        for path in sorted(PHOTOS.glob("*.jpg")):
            photo = decode(path.read_bytes())
            for spoil in SPOILT:
                for step in STEPS:
                    name = f"{path.stem}-{spoil.__name__}-{step}.jpg"
                    cv2.imwrite(str(folder / name), spoil(photo, step), [cv2.IMWRITE_JPEG_QUALITY, 92])
                    manifest.writerow([name, path.stem, spoil.__name__, step])
        # A photo whose data are cut off, so that the run has one error.
        (folder / "lost.jpg").write_bytes((folder / name).read_bytes()[:4000])
        manifest.writerow(["lost.jpg", "lost", "cut off", 0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
