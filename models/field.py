"""The fields of a sample that services need and give."""

from enum import StrEnum


class Field(StrEnum):
    """A field of the canonical sample; dialects give it their own names."""

    IMAGE = "image"
    CONFIDENCE = "confidence"
    BBOX = "bbox"
    LANDMARKS = "landmarks"
    POSE = "pose"
    AGE = "age"
    GENDER = "gender"
    EMOTIONS = "emotions"
    LIVENESS = "liveness"
    MASK = "mask"
    QUALITY = "quality"
    TEMPLATE = "template"
    VERIFICATION = "verification"
