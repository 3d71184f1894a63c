"""Model families: the unit of deployment. One family, one queue, one kind of worker."""

from enum import StrEnum


class ModelFamily(StrEnum):
    """The family a service belongs to; its value is the name of the family's queue."""

    FACE_DETECTION = "face-detection"
    FACE_ATTRIBUTES = "face-attributes"
    LIVENESS = "liveness"
    QUALITY = "quality"
    RECOGNITION = "recognition"
    MATCHING = "matching"
    BODY = "body"
