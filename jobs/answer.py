"""A job as it is at one moment, and the sample that its caller gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from jobs.errors import JobFailed
from jobs.job import Job, JobData, JobSpec, JobStatus
from jobs.store import JobStore
from jobs.verification import write_verification
from pipelines.dialects import DIALECTS
from pipelines.dialects.codec import WriteContext
from pipelines.encoding import encode_base64


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job with what its caller may see of it.

    Attributes:
        data: None if they are deleted, or are given out with the group of the job.
        image: encoded, to be echoed in the result.
    """

    job: Job
    data: JobData | None = None
    image: bytes | None = None

    @classmethod
    def of(cls, job: Job, data: JobData | None, store: JobStore) -> Self:
        """A job with its data and, if the result echoes it, its image."""
        spec = job.spec
        # The answer of a pair has no place for its photos; `JobService.annotated` gives them.
        echoes = job.status is JobStatus.SUCCEEDED and spec.include_image and spec.blobs and spec.pair is None
        return cls(job, data, store.image(spec.blobs[0]) if echoes else None)

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """The caller's own, unchanged."""
        return self.data.metadata if self.data else None

    @property
    def sample(self) -> dict[str, Any] | None:
        """The enriched sample; None if the job has none."""
        if self.job.status is not JobStatus.SUCCEEDED or self.data is None or self.data.result is None:
            return None
        return write_answer(self.job.spec, self.data, self.image)

    def require_sample(self) -> dict[str, Any]:
        """The enriched sample of a job that is over.

        Raises:
            JobFailed: it has none.
        """
        if self.job.failure:
            raise JobFailed.of(self.job.failure)
        sample = self.sample
        if sample is None:
            succeeded = self.job.status is JobStatus.SUCCEEDED
            raise JobFailed.because(JobStatus.EXPIRED if succeeded else self.job.status)
        return sample


def write_answer(spec: JobSpec, data: JobData, image: bytes | None, index: int = 0) -> dict[str, Any]:
    """An enriched sample of a job that succeeded, in its dialect; of a pair, how different its faces are.

    Args:
        spec: of the job.
        data: of the job; they have its result.
        image: encoded, to be echoed in the sample unless the field of the image was kept as it was sent.
        index: of the item, where the job has several.
    """
    assert data.result is not None, "only a job that succeeded has an answer"
    if spec.pair:
        return write_verification(spec, spec.pair, data)
    item, sent_sample = data.result.items[index], data.sent_samples[index]
    dialect = DIALECTS[spec.dialect]
    context = WriteContext(item.sample.size or (0, 0), spec.age_format)
    done = spec.plan.without({failure.service for failure in item.failures})
    answer = dialect.write(
        item.sample, sent_sample, replaces_objects=done.replaces_objects, fields=done.fields, context=context
    )
    if item.failures:
        answer["errors"] = [failure.model_dump() for failure in item.failures]
    if image is None or dialect.image_key in answer:
        return answer
    return {dialect.image_key: dialect.write_image(encode_base64(image)), **answer}
