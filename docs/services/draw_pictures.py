"""Renews the pictures of `docs/services`: `make screenshots`. A real deployment draws what each service found."""

import io
import tempfile
from pathlib import Path

import httpx
from PIL import Image

from config.settings import load_settings
from embedded.stack import running_stack

FOLDER = Path(__file__).parent
PHOTO = FOLDER.parents[1] / "api" / "console" / "static" / "samples" / "group.jpg"
WIDTH = 900
FITTER = "face-detector-face-fitter"
LAYERS = {
    FITTER: "boxes,points,axes",
    "body-detector": "boxes,labels",
    "age-estimator": "boxes,labels",
    "gender-estimator": "boxes,labels",
    "emotion-estimator": "boxes,labels",
    "mask-estimator": "boxes,labels",
    "quality-assessment-estimator": "boxes,labels",
    "liveness-estimator": "boxes,labels",
    "face-detector-liveness-estimator": "boxes,labels",
}


def draw_all() -> None:
    """Draw the picture of each service on an embedded stack of its own."""
    with tempfile.TemporaryDirectory(prefix="faceline-pictures-") as data, (Path(data) / "log").open("w") as log:
        settings = load_settings().model_copy(update={"data_dir": Path(data)})
        with (
            running_stack(settings, "127.0.0.1", 0, log) as stack,
            httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client,
        ):
            for service, layers in LAYERS.items():
                alone = "detector" in service
                names = service if alone else f"{FITTER},{service}"
                form = {"services": names, "include_image": "true"}
                job = client.post("/jobs/image?wait=30", files={"image": PHOTO.read_bytes()}, data=form).json()
                picture = client.get(f"/jobs/{job['id']}/picture", params={"layers": layers}).raise_for_status()
                drawn = Image.open(io.BytesIO(picture.content)).convert("RGB")
                drawn.resize((WIDTH, round(drawn.height * WIDTH / drawn.width))).save(
                    FOLDER / f"{service}.webp", quality=80, method=6
                )


if __name__ == "__main__":
    draw_all()
