"""From the outcome of a job to the sample that its caller gets."""

from typing import Any

from jobs.job import JobData, JobSpec
from pipelines.dialects import DIALECTS
from pipelines.dialects.codec import WriteContext
from pipelines.encoding import encode_base64


def write_answer(spec: JobSpec, data: JobData, image: bytes | None, index: int = 0) -> dict[str, Any]:
    """An enriched sample of a job that succeeded, in its dialect.

    Args:
        spec: of the job.
        data: with its result.
        image: to echo, encoded.
        index: of the sample, where the job has several.
    """
    assert data.result is not None, "only a job that succeeded has an answer"
    item, given = data.result.items[index], data.givens[index]
    dialect = DIALECTS[spec.dialect]
    context = WriteContext(item.sample.size or (0, 0), spec.age_format)
    answer = dialect.write(item.sample, given, rebuilt=spec.plan.rebuilt, fields=spec.plan.fields, context=context)
    if item.failures:
        answer["errors"] = [failure.model_dump() for failure in item.failures]
    if image is None:
        return answer
    return {dialect.image_key: dialect.write_image(encode_base64(image)), **answer}
