"""From the outcome of a job to the sample that its caller gets."""

from base64 import b64encode
from typing import Any

from pipelines.dialects import DIALECTS
from pipelines.dialects.dialect import AgeFormat
from pipelines.job import JobData, JobSpec


def write_answer(spec: JobSpec, data: JobData, *, age_format: AgeFormat, image: str | bytes | None) -> dict[str, Any]:
    """The enriched sample of a job that succeeded, in its dialect.

    Args:
        spec: of the job.
        data: with its result.
        age_format: ages as `"25"` or as `25`.
        image: to echo; as base64 or encoded.
    """
    assert data.result is not None, "only a job that succeeded has an answer"
    (item,) = data.result.items
    dialect = DIALECTS[spec.dialect]
    answer = dialect.write(
        item.sample, data.given, rebuilt=spec.plan.rebuilt, fields=spec.plan.fields, age_format=age_format
    )
    if item.failures:
        answer["errors"] = [failure.model_dump() for failure in item.failures]
    if image is None:
        return answer
    text = image if isinstance(image, str) else b64encode(image).decode("ascii")
    return {dialect.image_key: dialect.image_value(text), **answer}
