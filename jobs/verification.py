"""The answer of a job that compared two faces."""

from dataclasses import asdict
from typing import Any

from jobs.job import JobData, JobSpec
from models.calibration.operating_points import operating_points
from models.output import TEMPLATE
from models.services.verify_matcher import VerifyMatcher
from pipelines.chunk import Item
from pipelines.dialects import DIALECTS
from pipelines.dialects.codec import WriteContext
from pipelines.pair import PairRules
from pipelines.plan import Plan


def write_verification(spec: JobSpec, rules: PairRules, data: JobData) -> dict[str, Any]:
    """Whether the faces match, how different they are, and the two faces.

    Args:
        spec: of a job that succeeded.
        rules: of the pair.
        data: of the job; they have its result.
    """
    assert data.result is not None, "only a job that succeeded has an answer"
    first, second = data.result.items
    found = VerifyMatcher.output.of(first.sample)
    assert found is not None, "the last stage gives it"
    point = operating_points()[rules.operating_point]
    return {
        "match": point.accepts(found.distance),
        "operating_point": asdict(point),
        **asdict(found),
        "a": _face(first, spec.plan),
        "b": _face(second, spec.plan),
    }


def _face(item: Item, plan: Plan) -> dict[str, Any]:
    """The face of one side in dialect v2, without its template."""
    context = WriteContext(item.sample.size or (0, 0), "number")
    fields = set(plan.fields) - {TEMPLATE.name}
    sample = DIALECTS["v2"].write(item.sample, {}, replaces_objects=True, fields=fields, context=context)
    face: dict[str, Any] = sample["objects"][0]
    return face
