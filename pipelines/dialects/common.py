"""Codecs that v1 and v2 share: confidence, box, pose, age, gender, emotions."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Strict, WithJsonSchema, create_model
from pydantic import Field as Key

from models.networks.emotions import EMOTIONS, Emotions
from models.networks.template import decode
from models.output import BBOX, CONFIDENCE, POSE, Field, Pose
from models.services.age_estimator import AgeEstimator
from models.services.gender_estimator import GenderEstimator
from pipelines.dialects.codec import FieldCodec, Vocabulary, WriteContext, record_codec, value_alone
from pipelines.encoding import decode_base64
from pipelines.sample import Bbox, Size, require_pixel

FitterType = Literal["fda", "fd"]
"""How callers name the 21 points; answers say `fda`."""

_Confidence = Annotated[float, Strict()]
_EMOTIONS = tuple(emotion.name for emotion in fields(Emotions))


def common_codecs(vocabulary: Vocabulary, *, pose_key: str) -> Mapping[Field, FieldCodec]:
    """The codecs that differ between the dialects in vocabulary, or in the key of the pose, only."""
    return {
        CONFIDENCE: FieldCodec("confidence", _Confidence, lambda value, _: value, lambda value, _: value),
        BBOX: FieldCodec(
            "bbox",
            Annotated[Bbox, AfterValidator(_grows), Key(description="x1, y1, x2, y2 relative to the image")],
            _read_bbox,
            lambda value, _: list(value),
        ),
        POSE: record_codec(pose_key, Pose, vocabulary),
        AgeEstimator.output: FieldCodec(
            "age",
            Annotated[
                float, WithJsonSchema({"type": ["string", "number"], "description": "years; text from service routes"})
            ],
            lambda value, _: value,
            _write_age,
        ),
        # Without its confidence.
        GenderEstimator.output: value_alone(GenderEstimator.output, "value", vocabulary),
        EMOTIONS: _emotions(vocabulary),
    }


def _emotions(vocabulary: Vocabulary) -> FieldCodec:
    """A list of the seven emotions with their confidences."""
    emotion_of = {vocabulary.spell(name): name for name in _EMOTIONS}
    entry_kinds: dict[str, Any] = {"confidence": (_Confidence, ...), "emotion": (Literal[tuple(emotion_of)], ...)}
    entry: Any = create_model(
        f"{vocabulary.dialect.upper()}Emotion",
        __doc__="How strongly one emotion shows.",
        **entry_kinds,
    )

    def read(entries: Sequence[Any], _: Size | None) -> Emotions:
        by_name = {emotion_of[one.emotion]: one.confidence for one in entries}
        if missing := [name for name in _EMOTIONS if name not in by_name]:
            raise ValueError(f"each emotion must be there once; missing: {', '.join(missing)}")
        return Emotions(**by_name)

    def write(value: Emotions, _: WriteContext) -> list[dict[str, Any]]:
        return [{"confidence": getattr(value, name), "emotion": text} for text, name in emotion_of.items()]

    return FieldCodec("emotions", Annotated[list[entry], Key(min_length=7, max_length=7)], read, write)


def read_template(text: str) -> bytes:
    """The bytes of a template.

    Raises:
        UndecodableBase64: the text is no base64.
        InvalidTemplate: the bytes are no template of this deployment.
    """
    template = decode_base64(text)
    decode(template)
    return template


def _grows(bbox: Bbox) -> Bbox:
    if bbox[2] <= bbox[0] or bbox[3] <= bbox[1]:
        raise ValueError("x2 must be greater than x1, and y2 greater than y1")
    return bbox


def _read_bbox(bbox: Bbox, size: Size | None) -> Bbox:
    if size is not None:
        require_pixel(bbox, size)
    return bbox


def _write_age(years: float, context: WriteContext) -> str | int:
    return str(round(years)) if context.age_format == "string" else round(years)
