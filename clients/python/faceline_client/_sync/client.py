# Written by generate/sync.py. Do not change it by hand: `make client` renews it.
"""The client: one call for the most frequent wishes."""

from collections.abc import Mapping
from typing import Any, Literal, Unpack, overload

from faceline_client import requests
from faceline_client._sync.batches import Batches
from faceline_client._sync.jobs import OVER, Jobs
from faceline_client.answers import body_of, convert, read
from faceline_client.errors import JobFailed, NotOver
from faceline_client.photos import AnySample, Photo, Template, is_photo, photo_sample, read_photo, sample_json
from faceline_client.requests import JobOptions, VerifyOptions
from faceline_client.results import (
    DeadLetter,
    DeadLetterList,
    Offers,
    Queue,
    QueueList,
    Sample,
    SampleV1,
    Verification,
    Version,
)
from faceline_client.waiting import in_thread_sync


class Client(Jobs, Batches):
    """A client of the API.

    It keeps connections open: make one, and use it for all requests of all threads.
    """

    def analyse(self, photo: Photo | AnySample, *, wait: float = 60.0, **options: Unpack[JobOptions]) -> Sample:
        """Run services on a photo or a sample, wait for the end, and give the enriched sample.

        Args:
            photo: a path, bytes or an open file; or a sample in dialect v2.
            wait: how long to wait, in seconds. The job goes on after that.
            options: see `JobOptions`; `services` or `preset` is needed.

        Raises:
            JobFailed: a service, or the photo, made the job fail.
            NotOver: the job was not over in time; it can be fetched by its id.
            FacelineError: see `faceline_client.errors`.
        """
        job = self.submit(photo, wait, **options)
        if job.status not in OVER and wait > requests.LONGEST_WAIT_S:
            job = self.wait(job, wait - requests.LONGEST_WAIT_S)
        if job.status not in OVER:
            raise NotOver(f"job {job.id}", job.status)
        if job.status != "succeeded":
            raise JobFailed(job)
        return job.result if isinstance(job.result, Sample) else self.result(job)

    def verify(self, a: Photo | Template, b: Photo | Template, **options: Unpack[VerifyOptions]) -> Verification:
        """Whether two photos or templates show one person. Nothing is kept.

        Args:
            a: a photo or a template.
            b: a photo or a template.
            options: see `VerifyOptions`.

        Raises:
            InvalidRequest: a photo cannot be compared: its `type` is `no_face`, `several_faces`, `low_quality` or
                `not_live`, or another one.
            FacelineError: see `faceline_client.errors`.
        """
        sides = self._side(a), self._side(b)
        return read(Verification, self._send(requests.verification(*sides, options)))

    @overload
    def process(self, service: str, sample: Photo | AnySample) -> Sample: ...
    @overload
    def process(self, service: str, sample: Photo | AnySample, version: Literal[2]) -> Sample: ...
    @overload
    def process(self, service: str, sample: Photo | AnySample, version: Literal[1]) -> SampleV1: ...
    def process(self, service: str, sample: Photo | AnySample, version: Literal[1, 2] = 2) -> Sample | SampleV1:
        """Run one service, and wait for the enriched sample. It has the photo as well.

        Args:
            service: its name.
            sample: a photo; or a sample in the dialect of the version, such as what another service gave.
            version: of the route and of the sample.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        sent: Mapping[str, Any]
        if is_photo(sample):
            sent = photo_sample(in_thread_sync(lambda: read_photo(sample)), version)  # type: ignore[arg-type]
        else:
            sent = sample_json(sample)  # type: ignore[arg-type]
        answer = body_of(self._send(requests.processed(service, version, sent)))
        return convert(Sample, answer) if version == 2 else convert(SampleV1, answer)

    def services(self) -> Offers:
        """The services and presets of the deployment, with their limits.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return read(Offers, self._send(requests.get("/services")))

    def version(self) -> Version:
        """The version of the deployment, its live workers and their models.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return read(Version, self._send(requests.get("/version")))

    def queues(self) -> tuple[Queue, ...]:
        """How many messages wait in each queue, and since when; the more urgent queues first.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return read(QueueList, self._send(requests.get("/queues"))).queues

    def dead_letters(self, limit: int = 100) -> tuple[DeadLetter, ...]:
        """The latest jobs of which photos were given up, since they killed their worker again and again.

        Args:
            limit: the largest number of them, at most 1000.

        Raises:
            AccessDenied: the key lacks the scope `admin`.
            FacelineError: see `faceline_client.errors`.
        """
        letters = self._send(requests.get("/dead-letters", {"limit": str(limit)}))
        return read(DeadLetterList, letters).dead_letters
