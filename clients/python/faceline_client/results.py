"""What the API answers, as frozen dataclasses.

Written by `generate/results.py` from the OpenAPI document. Do not change it by hand: `make client` renews it.
The attribute `extra` of a class has the keys that the document does not name, such as the caller's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

BatchStatus = Literal[
    "validating", "in_progress", "finalizing", "completed", "failed", "canceling", "canceled", "expired", "erased"
]
"""The status of a batch. `erased`: a caller deleted it."""
DeliveryStatus = Literal["waiting", "pending", "delivered", "failed", "skipped", "expired"]
"""The status of the delivery of a message."""
JobStatus = Literal["queued", "running", "succeeded", "failed", "canceled", "expired", "erased"]
"""The status of a job. `expired`: the TTL of its data is over. `erased`: a caller deleted its data."""
ModelFamily = Literal["face-detection", "face-attributes", "liveness", "quality", "recognition", "matching", "body"]
"""The family of a service; its value is the prefix of the family's queues."""
ServiceStatus = Literal["queued", "running", "succeeded", "failed", "skipped"]
"""The status of one service of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The image in base64."""

    blob: str
    format: Literal["IMAGE"] = "IMAGE"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailure:
    """Why a service gave nothing for a sample.

    Attributes:
        service: its name; None if no service made the sample fail, but e.g. its image
        type: the stable name; skipped: the service needs what a failed one gives
        message: what is wrong, for people
    """

    service: str | None
    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Emotion:
    """How strongly one emotion shows."""

    confidence: float
    emotion: Literal["angry", "disgusted", "scared", "happy", "neutral", "sad", "surprised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """Whether a face wears a mask; a mask under the nose or the chin counts as well."""

    value: bool
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Keypoint:
    """A point, relative to the width and height of the upright image."""

    proj: tuple[float, float]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keypoints:
    """The schema `Keypoints` of the OpenAPI document."""

    left_eye_brow_left: Keypoint
    left_eye_brow_up: Keypoint
    left_eye_brow_right: Keypoint
    right_eye_brow_left: Keypoint
    right_eye_brow_up: Keypoint
    right_eye_brow_right: Keypoint
    left_eye_left: Keypoint
    left_eye: Keypoint
    left_eye_right: Keypoint
    right_eye_left: Keypoint
    right_eye: Keypoint
    right_eye_right: Keypoint
    left_ear_bottom: Keypoint
    nose_left: Keypoint
    nose: Keypoint
    nose_right: Keypoint
    right_ear_bottom: Keypoint
    mouth_left: Keypoint
    mouth: Keypoint
    mouth_right: Keypoint
    chin: Keypoint
    fitter_type: Literal["fda", "fd"] = "fda"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """Whether a face is there in person."""

    confidence: float
    value: Literal["real", "fake"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Degrees; positive: nose to the viewer's right, clockwise, up."""

    yaw: float
    roll: float
    pitch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The schema `V2Quality` of the OpenAPI document."""

    total_score: float
    is_sharp: bool
    sharpness_score: float
    is_evenly_illuminated: bool
    illumination_score: float
    no_flare: bool
    is_left_eye_opened: bool
    left_eye_openness_score: float
    is_right_eye_opened: bool
    right_eye_openness_score: float
    is_rotation_acceptable: bool
    max_rotation_deviation: int
    not_masked: bool
    not_masked_score: float
    is_neutral_emotion: bool
    neutral_emotion_score: float
    is_eyes_distance_acceptable: bool
    eyes_distance: int
    is_margins_acceptable: bool
    margin_outer_deviation: int
    margin_inner_deviation: int
    is_not_noisy: bool
    noise_score: float
    watermark_score: float
    has_watermark: bool
    dynamic_range_score: float
    is_dynamic_range_acceptable: bool
    background_uniformity_score: float
    is_background_uniform: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateArray:
    """The bytes of a template in base64."""

    blob: str
    dtype: Literal["uint8"] = "uint8"
    format: Literal["NDARRAY"] = "NDARRAY"
    shape: tuple[int, ...] = (296,)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateField:
    """A template under the name of its extractor."""

    face_template_extractor_1000_12: TemplateArray = field(metadata={"key": "_face_template_extractor_1000_12"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleObject:
    """A face or a body of a sample in dialect v2."""

    age: float | None = None
    bbox: tuple[float, float, float, float] | None = None
    object_class: Literal["face", "body"] | None = field(default=None, metadata={"key": "class"})
    confidence: float | None = None
    emotions: tuple[Emotion, ...] | None = None
    gender: Literal["male", "female"] | None = None
    has_medical_mask: Mask | None = None
    id: Any = None
    keypoints: Keypoints | None = None
    liveness: Liveness | None = None
    pose: Pose | None = None
    quality: Quality | None = None
    template: TemplateField | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How different two faces are."""

    distance: int
    fa_r: float
    fr_r: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An enriched sample in dialect v2.

    Attributes:
        image: jpg, png, bmp or webp in base64; with the extra `formats` also heic, avif and tiff
        errors: services that failed, with `on_error: continue`
    """

    objects: tuple[SampleObject, ...]
    image: Image | None = field(default=None, metadata={"key": "_image"})
    errors: tuple[ServiceFailure, ...] | None = None
    verification: Difference | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionV1:
    """How strongly one emotion shows."""

    confidence: float
    emotion: Literal["ANGRY", "DISGUSTED", "SCARED", "HAPPY", "NEUTRAL", "SAD", "SURPRISED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitter:
    """The 21 points in pixels of the upright image.

    Attributes:
        keypoints: x, y, 0 of each point
    """

    keypoints: tuple[float, ...]
    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    fitter_type: Literal["fda", "fd"] = "fda"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessV1:
    """Whether a face is there in person."""

    confidence: float
    value: Literal["REAL", "FAKE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFieldsV1:
    """The schema `V1QualityFields` of the OpenAPI document."""

    total_score: int = field(metadata={"key": "totalScore"})
    is_sharp: bool = field(metadata={"key": "isSharp"})
    sharpness_score: int = field(metadata={"key": "sharpnessScore"})
    is_evenly_illuminated: bool = field(metadata={"key": "isEvenlyIlluminated"})
    illumination_score: int = field(metadata={"key": "illuminationScore"})
    no_flare: bool = field(metadata={"key": "noFlare"})
    is_left_eye_opened: bool = field(metadata={"key": "isLeftEyeOpened"})
    left_eye_openness_score: int = field(metadata={"key": "leftEyeOpennessScore"})
    is_right_eye_opened: bool = field(metadata={"key": "isRightEyeOpened"})
    right_eye_openness_score: int = field(metadata={"key": "rightEyeOpennessScore"})
    is_rotation_acceptable: bool = field(metadata={"key": "isRotationAcceptable"})
    max_rotation_deviation: int = field(metadata={"key": "maxRotationDeviation"})
    not_masked: bool = field(metadata={"key": "notMasked"})
    not_masked_score: int = field(metadata={"key": "notMaskedScore"})
    is_neutral_emotion: bool = field(metadata={"key": "isNeutralEmotion"})
    neutral_emotion_score: int = field(metadata={"key": "neutralEmotionScore"})
    is_eyes_distance_acceptable: bool = field(metadata={"key": "isEyesDistanceAcceptable"})
    eyes_distance: int = field(metadata={"key": "eyesDistance"})
    is_margins_acceptable: bool = field(metadata={"key": "isMarginsAcceptable"})
    margin_outer_deviation: int = field(metadata={"key": "marginOuterDeviation"})
    margin_inner_deviation: int = field(metadata={"key": "marginInnerDeviation"})
    is_not_noisy: bool = field(metadata={"key": "isNotNoisy"})
    noise_score: int = field(metadata={"key": "noiseScore"})
    watermark_score: int = field(metadata={"key": "watermarkScore"})
    has_watermark: bool = field(metadata={"key": "hasWatermark"})
    dynamic_range_score: int = field(metadata={"key": "dynamicRangeScore"})
    is_dynamic_range_acceptable: bool = field(metadata={"key": "isDynamicRangeAcceptable"})
    background_uniformity_score: int = field(metadata={"key": "backgroundUniformityScore"})
    is_background_uniform: bool = field(metadata={"key": "isBackgroundUniform"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityV1:
    """The schema `V1Quality` of the OpenAPI document."""

    qaa: QualityFieldsV1


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleObjectV1:
    """A face or a body of a sample in dialect v1."""

    template: str | None = field(default=None, metadata={"key": "$template"})
    age: float | None = None
    angles: Pose | None = None
    bbox: tuple[float, float, float, float] | None = None
    object_class: Literal["face", "body"] | None = field(default=None, metadata={"key": "class"})
    confidence: float | None = None
    emotions: tuple[EmotionV1, ...] | None = None
    fitter: Fitter | None = None
    gender: Literal["MALE", "FEMALE"] | None = None
    id: Any = None
    liveness: LivenessV1 | None = None
    mask: Mask | None = None
    quality: QualityV1 | None = None
    template_size: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleV1:
    """An enriched sample in dialect v1.

    Attributes:
        image: jpg, png, bmp or webp in base64; with the extra `formats` also heic, avif and tiff
        errors: services that failed, with `on_error: continue`
    """

    objects: tuple[SampleObjectV1, ...]
    image: str | None = field(default=None, metadata={"key": "$image"})
    errors: tuple[ServiceFailure, ...] | None = None
    verification: Difference | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFace:
    """The face of one side in dialect v2; of a template, nothing but its class is known.

    Quality and liveness are there if they were asked for.
    """

    bbox: tuple[float, float, float, float] | None = None
    object_class: Literal["face", "body"] | None = field(default=None, metadata={"key": "class"})
    confidence: float | None = None
    id: Any = None
    keypoints: Keypoints | None = None
    liveness: Liveness | None = None
    pose: Pose | None = None
    quality: Quality | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """A recommended threshold on the distance: two faces at most this far apart count as one person.

    Attributes:
        name: the purpose that it is recommended for
        fa_r: the share of pairs of random people that it accepts, at most (news photos)
        look_alike_rate: the share of pairs of adults of the same sex, age (within 5 years) and origin that it accepts
        max_distance: the largest `distance` that counts as one person
    """

    name: Literal["convenience", "identity", "strict"]
    fa_r: float
    look_alike_rate: float
    max_distance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether two faces are of one person.

    Attributes:
        match: whether `distance` is at most `max_distance` of the operating point
        operating_point: the threshold that decided
        score: falls from 1 to 0 with the distance
        distance: how different the faces are: 0 for equal templates, at most 15000
        fa_r: the rate of false acceptances if this distance were the threshold
        fr_r: the rate of false rejections if this distance were the threshold
        a: the face of side a
        b: the face of side b
    """

    match: bool
    operating_point: OperatingPoint
    score: float
    distance: int
    fa_r: float
    fr_r: float
    a: ComparedFace
    b: ComparedFace


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The progress of one service of a job.

    Attributes:
        service: its name
        status: whether it waits, runs or has ended, and how
        error: why it failed
        ms: how long it ran, in milliseconds
        queue: from which queue it was taken
        worker: which worker ran it
    """

    service: str
    status: ServiceStatus
    error: str | None = None
    ms: float | None = None
    queue: str | None = None
    worker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far the delivery of the message to the webhook is.

    Attributes:
        status: whether the message waits, was accepted, or was given up
        attempts: how often the message was sent
        last_error: why the last attempt failed
        next_at: when the message is sent next
    """

    status: DeliveryStatus
    attempts: int
    last_error: str | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as its caller sees it.

    Attributes:
        id: under which the job is fetched, canceled and erased
        status: whether it waits, runs or has ended, and how
        services: in the order in which they run
        stages: the progress of each service
        created_at: when it was submitted
        batch: that it is a part of: its results and errors are there
        error: why the job failed
        expires_at: when its result is deleted
        finished_at: when it ended
        metadata: as the caller gave it
        result: the enriched sample, or the verification, once the job has succeeded
        retry_of: the job that this one repeats
        retryable: whether it can be submitted again: it failed or was canceled, and its photo, if any, is kept
        started_at: when a worker took it
        webhook: how far the message to the webhook is
    """

    id: str
    status: JobStatus
    services: tuple[str, ...]
    stages: tuple[Stage, ...]
    created_at: datetime
    batch: str | None = None
    error: ServiceFailure | None = None
    expires_at: datetime | None = None
    finished_at: datetime | None = None
    metadata: Mapping[str, Any] | None = None
    result: Sample | SampleV1 | Verification | None = None
    retry_of: str | None = None
    retryable: bool = False
    started_at: datetime | None = None
    webhook: Delivery | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many requests have each outcome; `total` is the sum, and grows while the batch comes in.

    Attributes:
        total: the sum of all others
        succeeded: with a result
        failed: with an error
        canceled: not done when the batch was canceled
        expired: not done at the deadline of the batch; or their results are deleted
        in_progress: waiting or running
    """

    total: int
    succeeded: int
    failed: int
    canceled: int
    expired: int
    in_progress: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as its caller sees it.

    Attributes:
        id: under which the batch is fetched, canceled and erased
        status: whether it comes in, runs or has ended, and how
        counts: how many requests have each outcome
        created_at: when its first bytes came
        expires_at: when the first results are deleted
        finished_at: when its last request ended
        webhook: how far the message to the webhook is
    """

    id: str
    status: BatchStatus
    counts: Counts
    created_at: datetime
    expires_at: datetime | None = None
    finished_at: datetime | None = None
    webhook: Delivery | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """A line of the output.

    Attributes:
        custom_id: the caller's name for the request
        line: of the request in the JSONL file, or the index of the image in its archive, from 1
        image_width: upright, in pixels; None without an image
        image_height: as the width
        result: the enriched sample
    """

    custom_id: str
    line: int
    image_width: int | None
    image_height: int | None
    result: Sample | SampleV1


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """What is wrong with one part of a request.

    Attributes:
        loc: where it is, from the body or the parameter inwards
        msg: what is wrong with it, for people
        type: the rule that it breaks
    """

    loc: tuple[str | int, ...]
    msg: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchError:
    """A line of the errors.

    Attributes:
        custom_id: the caller's name for the request; None if it has no valid one
        line: as in the output
        service: that failed; None if the request failed before or beside a service
        type: the stable name of the error, as in an error response
        detail: what is wrong, as in an error response
        shared: it failed along with its neighbours, and may succeed in a batch of its own
    """

    custom_id: str | None
    line: int
    service: str | None
    type: str
    detail: str | tuple[ErrorDetail, ...]
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """The most that a batch may have, and the formats of its results.

    Attributes:
        requests: of one batch
        body_bytes: of the body of one batch
        formats: the media types of `/output` and `/errors` that this deployment can write
    """

    requests: int
    body_bytes: int
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long results are kept.

    A photo is deleted at the end of its job, unless its caller asks for it.

    Attributes:
        ttl_s: how long a result is kept after the end of its job, in seconds
        max_ttl_s: the longest time that a caller may ask for, in seconds
    """

    ttl_s: int
    max_ttl_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCheck:
    """A check of the quality of a photo, and its threshold.

    Attributes:
        flag: the field of the answer that says whether it passes, in v2
        passes: the value of the flag where the photo passes
        measures: the fields with the numbers that the flag follows from; none are published for some
        rule: what each number has to be; `within`: from minus to plus the threshold
        threshold: scores are from 0 to 100 here, as in v1; v2 divides all fields `…_score` by 100
    """

    flag: str
    passes: bool
    measures: tuple[str, ...]
    rule: Literal["at_least", "above", "below", "within", "is_zero"]
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRates:
    """How often a threshold on the distance errs.

    Attributes:
        distance: the threshold
        fa_r: the share of pairs of random people that it accepts (news photos)
        fr_r: the share of pairs of one person that it rejects
        look_alike_rate: the share of look-alikes that it accepts, as in `operating_points`
    """

    distance: int
    fa_r: float
    fr_r: float
    look_alike_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The largest image that a service takes.

    Attributes:
        image_bytes: of the encoded image
        pixels: width times height
    """

    image_bytes: int
    pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendedPoint:
    """An operating point, and what it is for.

    Attributes:
        name: the purpose that it is recommended for
        fa_r: the share of pairs of random people that it accepts, at most (news photos)
        look_alike_rate: the share of pairs of adults of the same sex, age (within 5 years) and origin that it accepts
        max_distance: the largest `distance` that counts as one person
        purpose: what it is recommended for, for people
    """

    name: Literal["convenience", "identity", "strict"]
    fa_r: float
    look_alike_rate: float
    max_distance: int
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service, and how to call it.

    Attributes:
        name: in paths and in `services` of jobs
        summary: what it does
        family: whose workers run it
        object_class: the class of the objects that it finds or takes
        needs: the fields that a sample must have
        gives: the fields that it adds
        keys: for each dialect, the key of each field
        routes: the paths where it is called
        limits: the largest image that it takes
        operating_points: recommended thresholds by purpose; empty for services that do not compare faces
        error_curve: how often thresholds err; empty for services that do not compare faces
        checks: what it checks; empty for services that do not measure quality
        module: the module that the deployment chose, where a service has several
    """

    name: str
    summary: str
    family: ModelFamily
    object_class: Literal["face", "body"]
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    keys: Mapping[str, Mapping[str, str]]
    routes: tuple[str, ...]
    limits: Limits
    operating_points: tuple[RecommendedPoint, ...]
    error_curve: tuple[ErrorRates, ...]
    checks: tuple[QualityCheck, ...]
    module: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """All services, and the presets that are made of them.

    Attributes:
        services: all services of the deployment
        presets: the services of each preset, in their order; `verify` takes two photos
        keeping: how long results are kept
        batches: the most that a batch may have, and the formats of its results
    """

    services: tuple[Service, ...]
    presets: Mapping[str, tuple[str, ...]]
    keeping: Keeping
    batches: BatchLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that a worker has loaded."""

    name: str
    sha256: str
    package: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The version of the deployment, its services, its workers and their models.

    Attributes:
        version: of Faceline
        services: the names of the services
        workers: the names of the live workers
        models: that the live workers have loaded
    """

    version: str
    services: tuple[str, ...]
    workers: tuple[str, ...]
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue of the workers.

    Attributes:
        name: the family, or `faceline` where all families share their queues, and the priority
        messages: how many wait, without the messages that a worker has taken
        oldest_s: how long the oldest message waits, in seconds; None if none waits, and on RabbitMQ
    """

    name: str
    messages: int
    oldest_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueList:
    """All queues of the deployment.

    Attributes:
        queues: the more urgent first
    """

    queues: tuple[Queue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A job of which photos were given up.

    Attributes:
        job: its id; the job may be gone
        services: that ran when the worker died: one of them, or its photo, is the cause
        items: which photos of the job were given up, from 0; none is all of them
        attempts: how often a worker died or did not end; 0 is unknown
        reason: for people
        created_at: when they were given up
    """

    job: str
    services: tuple[str, ...]
    items: tuple[int, ...]
    attempts: int
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterList:
    """The latest dead letters.

    Attributes:
        dead_letters: the latest first
    """

    dead_letters: tuple[DeadLetter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How much was erased.

    Attributes:
        jobs: jobs that were submitted alone
        batches: batches, each with all its jobs
    """

    jobs: int
    batches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """The body of every error response.

    Attributes:
        detail: what is wrong, for people; a list where parts can be named
        type: the stable name of the error, for programs. Requests that are refused have one of these: bad_request,
            batch_unknown, canceled, duplicate_custom_id, erased, expired, foreign_template, headers_too_large,
            host_not_allowed, idempotency_conflict, image_too_large, invalid_archive, invalid_image, invalid_request,
            invalid_sample, invalid_template, job_unknown, low_quality, method_not_allowed, missing_scope, no_face,
            no_worker, not_acceptable, not_found, not_live, not_over, not_retryable, not_two_objects,
            origin_not_allowed, overloaded, part_of_batch, payload_too_large, photo_gone, rate_limited,
            record_unreadable, several_faces, still_coming_in, storage_error, template_damaged, template_of_other_model,
            template_of_other_version, template_of_wrong_length, timed_out, too_many_bytes, too_many_jobs,
            unauthenticated, undecodable_base64, unreachable_reference, unsupported_media, upload_stalled, url_too_long,
            waited_too_long. Other names are errors inside the deployment. New names may be added.
    """

    detail: str | tuple[ErrorDetail, ...]
    type: str
