# Written by generate/sync.py. Do not change it by hand: `make client` renews it.
"""Jobs: services that run while the caller does something else."""

from collections.abc import Iterator, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any, Literal, TypeVar, Unpack, overload

from faceline_client import requests
from faceline_client._sync.connection import Connection
from faceline_client.answers import body_of, convert, read
from faceline_client.errors import Gone, JobFailed, NotOver
from faceline_client.photos import AnySample, Photo, Template, is_photo, read_photo, sample_json
from faceline_client.requests import JobOptions, KeepOptions, Layer, PictureFormat, VerifyOptions
from faceline_client.results import Erased, Job, JobStatus, Sample, SampleV1, Verification
from faceline_client.waiting import in_thread_sync

Kind = TypeVar("Kind", Sample, SampleV1, Verification)

OVER = ("succeeded", "failed", "canceled", "expired", "erased")
"""The statuses of jobs that have ended."""


class Jobs(Connection):
    """The part of the client that has to do with jobs."""

    def submit(self, photo: Photo | AnySample, wait: float = 0, **options: Unpack[JobOptions]) -> Job:
        """Create a job for a photo or a sample.

        Args:
            photo: a path, bytes or an open file; or a sample, also one that another job gave.
            wait: give the job when it ends, or after so many seconds; at most 60.
            options: see `JobOptions`.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        if is_photo(photo):
            image = in_thread_sync(lambda: read_photo(photo))  # type: ignore[arg-type]
            call = requests.image_job(image, options)
        else:
            call = requests.sample_job(sample_json(photo), options)  # type: ignore[arg-type]
        return read(Job, self._send(call.waiting(wait)))

    def submit_verification(
        self,
        a: Photo | Template,
        b: Photo | Template,
        options: VerifyOptions | None = None,
        wait: float = 0,
        **keep: Unpack[KeepOptions],
    ) -> Job:
        """Create a job that compares two faces; `result(job, Verification)` gives its result.

        Args:
            a: a photo or a template.
            b: a photo or a template.
            options: see `VerifyOptions`.
            wait: as of `submit`.
            keep: see `KeepOptions`.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        sides = self._side(a), self._side(b)
        call = requests.verification_job(*sides, {**(options or {}), **keep})
        return read(Job, self._send(call.waiting(wait)))

    def job(self, job: str | Job) -> Job:
        """The job as it is now.

        Raises:
            NotFound: there is no such job.
            FacelineError: see `faceline_client.errors`.
        """
        return read(Job, self._send(requests.get(f"/jobs/{requests.id_of(job)}")))

    def wait(self, job: str | Job, timeout_s: float = 600.0) -> Job:
        """Wait until a job has ended, whether it succeeded or not.

        Raises:
            NotOver: it has not ended after `timeout_s`.
            FacelineError: see `faceline_client.errors`.
        """
        end = monotonic() + timeout_s
        while True:
            call = requests.get(f"/jobs/{requests.id_of(job)}").waiting(end - monotonic())
            now = read(Job, self._send(call))
            if now.status in OVER:
                return now
            if monotonic() >= end:
                raise NotOver(f"job {now.id}", now.status)

    @overload
    def result(self, job: str | Job, *, timeout_s: float = 600.0) -> Sample: ...
    @overload
    def result(self, job: str | Job, kind: type[Kind], *, timeout_s: float = 600.0) -> Kind: ...
    def result(
        self,
        job: str | Job,
        kind: Any = Sample,
        *,
        timeout_s: float = 600.0,
    ) -> Any:
        """Wait until a job has ended, and give its result.

        Args:
            job: or its id.
            kind: `SampleV1` for a job whose sample was in dialect v1, `Verification` for a verification.
            timeout_s: how long to wait.

        Raises:
            JobFailed: it has no result, and will have none.
            NotOver: it has not ended after `timeout_s`.
            UnknownAnswer: its result is of another kind.
            FacelineError: see `faceline_client.errors`.
        """
        ended = self.wait(job, timeout_s)
        if ended.status != "succeeded":
            raise JobFailed(ended)
        answer = self._send(requests.get(f"/jobs/{ended.id}/result"))
        return convert(kind, body_of(answer))

    def cancel(self, job: str | Job) -> Job:
        """End a job at its next service. A job that has ended does not change.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return read(Job, self._send(requests.Call("POST", f"/jobs/{requests.id_of(job)}/cancel")))

    def retry(self, job: str | Job) -> Job:
        """Submit a job again that failed or was canceled, and give the new job. It needs the photo (`include_image`).

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return read(Job, self._send(requests.retry(job)))

    def erase(self, job: str | Job) -> None:
        """Cancel a job and erase its photo, its intermediate results and its result. It may be erased already.

        Raises:
            NotFound: there is no such job.
            FacelineError: see `faceline_client.errors`.
        """
        # The first of two attempts may have erased it.
        with suppress(Gone):
            self._send(requests.Call("DELETE", f"/jobs/{requests.id_of(job)}"))

    def erase_everything(self, owner: str | None = None) -> Erased:
        """End and erase all jobs and batches of the name of the key. Without keys: those of all callers.

        Args:
            owner: those of this name instead; needs the scope `admin`.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        params = {"everything": "true"} if owner is None else {"everything": "true", "owner": owner}
        return read(Erased, self._send(requests.Call("DELETE", "/jobs", params)))

    def jobs(self, status: JobStatus | None = None, page_size: int = 100) -> Iterator[Job]:
        """The jobs, the latest first, without their results. Pages are fetched as they are needed.

        Args:
            status: only jobs with this status.
            page_size: how many jobs are fetched at a time, at most 100.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        params = {"limit": str(page_size)} if status is None else {"limit": str(page_size), "status": status}
        while True:
            page = body_of(self._send(requests.get("/jobs", params)))
            for job in page["jobs"]:
                yield convert(Job, job)
            if not page.get("next"):
                return
            params = {**params, "cursor": page["next"]}

    def picture(
        self,
        job: str | Job,
        layers: Iterable[Layer] | None = None,
        form: PictureFormat = "jpeg",
        photo: Literal["a", "b"] = "a",
    ) -> bytes:
        """The photo of a job, with what was found drawn on it, as an encoded image.

        Args:
            job: one with `include_image`, or its id.
            layers: what is drawn; by default everything.
            form: how the picture is encoded.
            photo: which photo of a verification.

        Raises:
            Gone: the photo is not there: the job has no `include_image`, or was erased.
            FacelineError: see `faceline_client.errors`.
        """
        return (self._send(requests.picture(requests.id_of(job), layers, form, photo))).content

    def _side(self, face: Photo | Template) -> bytes | Template:
        return face if isinstance(face, Template) else in_thread_sync(lambda: read_photo(face))
