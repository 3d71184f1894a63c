"""Target `references`: what a worker does with the location of an image."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import strategies as st

from bench.reliability.fuzz import images
from bench.reliability.fuzz.mutation import mutated
from bench.reliability.fuzz.target import Target
from config.settings import LimitSettings
from jobs.reference import Reference
from workers.references import References, is_far, is_reference

_PARTS = ["file://", "/", "..", ".", "%2e%2e", "%00", "\0", "%ff", "~", "secret.jpg", "inside", "photo.jpg", "link"]
_RANGES = ["", "#bytes=0-9", "#bytes=5-3", "#bytes=0-99999999999999999999", "#bytes=-1-5", "#bytes=a-b", "#", "?"]


@cache
def _root() -> Path:
    """A folder with a photo inside the allowed root, one outside, and a link from the inside to the outside."""
    folder = Path(mkdtemp(prefix="fuzz-references-"))
    (folder / "inside").mkdir()
    photo = images.files()[0]
    (folder / "inside" / "photo.jpg").write_bytes(photo)
    (folder / "secret.jpg").write_bytes(photo + b"secret")
    (folder / "inside" / "link").symlink_to(folder / "secret.jpg")
    return folder


@st.composite
def _paths(draw: st.DrawFn) -> bytes:
    root = draw(st.sampled_from(["", str(_root()), f"file://{_root()}", f"file://{_root()}/inside"]))
    parts = draw(st.lists(st.sampled_from(_PARTS) | st.text(max_size=8), max_size=6))
    text = root + draw(st.sampled_from(["", "/"])) + draw(st.sampled_from(["", "/"])).join(parts)
    return (text + draw(st.sampled_from(_RANGES))).encode("utf-8", "surrogatepass")


def run(data: bytes) -> None:
    """Read a reference in a deployment that allows the folder `inside` alone.

    Raises:
        InvalidRequest: the reference is refused.
        AssertionError: it leads out of the folder.
    """
    # JSON has no lone surrogates.
    text = data.decode("utf-8", "replace")
    is_reference(text)
    is_far(text)
    reference = Reference.parse(text)
    if reference.local:
        assert Reference.parse(str(reference)).location == reference.location
    read = References([str(_root() / "inside")], LimitSettings()).read(text)
    assert b"secret" not in read, f"{text} leads out of its root"


def target() -> Target:
    """The target."""
    real = (f"file://{_root()}/inside/photo.jpg".encode(), f"file://{_root()}/inside/photo.jpg#bytes=0-9".encode())
    return Target("references", _paths() | mutated(real), run)
