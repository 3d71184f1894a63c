"""Verification as JSON: what callers send, and what they get."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic import Field as Key

from api.services.listing import OperatingPointView
from jobs.request_parsing import WHOLE, RequestObject, Truth
from models.calibration.operating_points import DEFAULT_PURPOSE, Purpose
from models.networks.liveness import LIVENESS
from models.output import BBOX, CONFIDENCE, LANDMARKS, POSE
from models.services.quality_estimator import QualityAssessmentEstimator
from pipelines.dialects import DIALECTS
from pipelines.dialects.sample_schema import SampleJson, object_keys, sample_model
from pipelines.pair import PairRules, WhichFace

_FIELDS = (CONFIDENCE, BBOX, LANDMARKS, POSE, QualityAssessmentEstimator.output, LIVENESS)

ComparedFace = sample_model(
    "ComparedFace",
    "The face of one side in dialect v2; of a template, nothing but its class is known. Quality and liveness are there "
    "if they were asked for.",
    object_keys(DIALECTS["v2"], _FIELDS, ()),
)


class VerifyOptions(BaseModel):
    """What is compared, and what the photos must be."""

    model_config = ConfigDict(extra="forbid")

    operating_point: Purpose = Key(
        DEFAULT_PURPOSE, description="the purpose whose threshold decides; see GET /services"
    )
    faces: WhichFace = Key(
        "largest", description="which face of a photo is compared; `single` refuses photos with several faces"
    )
    min_quality: Annotated[int, Key(ge=0, le=100), WHOLE] | None = Key(
        None, description="the lowest total score of each photo; worse photos are refused"
    )
    require_live: Truth = Key(False, description="refuse photos whose face does not seem to be there in person")

    def rules(self) -> PairRules:
        """The same as rules of a job."""
        return PairRules(
            operating_point=self.operating_point,
            faces=self.faces,
            min_quality=self.min_quality,
            require_live=self.require_live,
        )


class FaceToCompare(RequestObject):
    """One side: exactly one of the three."""

    image: str | None = Key(
        None,
        description="jpg, png, bmp or webp (heic, avif, tiff with the extra `formats`) in base64, or as a `data:` URL",
    )
    template: str | None = Key(None, description="a template in base64")
    sample: SampleJson | None = Key(
        None, description="in dialect v1 or v2: the template of its only object, or else its image"
    )


class VerifyRequest(VerifyOptions):
    """Two faces, and how they are compared."""

    a: FaceToCompare = Key(description="a photo or a template")
    b: FaceToCompare = Key(description="a photo or a template")


class VerificationAnswer(BaseModel):
    """Whether two faces are of one person."""

    match: bool = Key(description="whether `distance` is at most `max_distance` of the operating point")
    operating_point: OperatingPointView = Key(description="the threshold that decided")
    score: float = Key(description="falls from 1 to 0 with the distance")
    distance: int = Key(description="how different the faces are: 0 for equal templates, at most 15000")
    fa_r: float = Key(description="the rate of false acceptances if this distance were the threshold")
    fr_r: float = Key(description="the rate of false rejections if this distance were the threshold")
    a: ComparedFace = Key(description="the face of side a")  # type: ignore[valid-type]
    b: ComparedFace = Key(description="the face of side b")  # type: ignore[valid-type]


class _DescribedAsVerification:
    """Describes a JSON object as a verification; what is accepted does not change."""

    def __get_pydantic_json_schema__(self, _: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(VerificationAnswer.__pydantic_core_schema__)


VerificationJson = Annotated[dict[str, Any], _DescribedAsVerification()]
"""The answer of a verification, as a caller gets it."""
