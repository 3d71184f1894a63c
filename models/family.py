"""Model families, the units of deployment: a family has queues and workers of its own."""

from enum import StrEnum


class ModelFamily(StrEnum):
    """The family of a service; its value is the prefix of the family's queues."""

    FACE_DETECTION = "face-detection"
    FACE_ATTRIBUTES = "face-attributes"
    LIVENESS = "liveness"
    QUALITY = "quality"
    RECOGNITION = "recognition"
    MATCHING = "matching"
    BODY = "body"
