# Written by generate/sync.py. Do not change it by hand: `make client` renews it.
"""Batches: many photos in one request."""

from collections import deque
from collections.abc import Iterator, Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Unpack

from faceline_client import requests
from faceline_client._sync.connection import Connection
from faceline_client.answers import body_of, convert, read, rows
from faceline_client.chunks import BatchItem, Chunk, Chunks, Progress
from faceline_client.errors import Busy, FacelineError, NotFound, NotOver
from faceline_client.photos import Photo
from faceline_client.requests import MEDIA_TYPES, TableForm, Work
from faceline_client.results import Batch, BatchError, BatchResult
from faceline_client.waiting import in_thread_sync

OVER = ("completed", "failed", "canceled", "expired", "erased")
"""The statuses of batches that have ended."""


class Batches(Connection):
    """The part of the client that has to do with batches."""

    def batch(
        self,
        photos: Iterable[Photo],
        *,
        progress: Callable[[Progress], None] | None = None,
        chunk: int = 64,
        open_batches: int = 4,
        keep: bool = False,
        **work: Unpack[Work],
    ) -> Iterator[BatchItem]:
        """Run services on many photos, and give the results as they come, in the order of the photos.

        The photos are sent as batches of `chunk` photos, and read when they are sent, so they may be more than fit into
        memory. A photo that fails is an item with an error; it does not end the others.

        Args:
            photos: paths, bytes or open files.
            progress: called after each photo that is done.
            chunk: how many photos travel together.
            open_batches: how many batches the deployment has at a time.
            keep: keep the results in the deployment until they expire. Otherwise each batch is erased once its results
                are here, which needs the scope `erase`.
            work: see `Work`.

        Raises:
            OSError: a photo cannot be read.
            FacelineError: see `faceline_client.errors`.
        """
        waiting = Chunks(photos, chunk)
        sent: deque[tuple[Chunk, Batch]] = deque()
        try:
            while True:
                while len(sent) < open_batches and (following := in_thread_sync(waiting.take)):
                    call = requests.batch(requests.archive(following.images), "application/x-tar", work, following.key)
                    try:
                        created = self._send(call, while_busy=not sent)
                    except Busy:
                        if not sent:
                            raise
                        # There is room again once one of the open batches has ended.
                        waiting.put_back(following)
                        break
                    sent.append((following, read(Batch, created)))
                if not sent:
                    return
                first, batch = sent[0]
                ended = self.wait_batch(batch)
                results = self.batch_results(ended)
                errors = self.batch_errors(ended)
                if not keep:
                    self.erase_batch(ended)
                sent.popleft()
                for item in waiting.items(first, results, errors):
                    if progress is not None:
                        progress(waiting.progress(item))
                    yield item
        finally:
            for _, batch in () if keep else sent:
                with suppress(FacelineError):
                    self.erase_batch(batch)

    def submit_batch(
        self, content: bytes, media_type: str, idempotency_key: str | None = None, **work: Unpack[Work]
    ) -> Batch:
        """Create a batch of a zip, tar or tar.gz of photos, or of lines of JSON.

        Args:
            content: of the archive, or of the JSONL file.
            media_type: `application/zip`, `application/x-tar`, `application/gzip` or `application/x-ndjson`.
            idempotency_key: your name for the request: the same key with the same content gives the same batch.
            work: for archives; lines of JSON say themselves what is to be done.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return read(Batch, self._send(requests.batch(content, media_type, work, idempotency_key)))

    def get_batch(self, batch: str | Batch, wait: float = 0) -> Batch:
        """The batch as it is now, when it ends, or after `wait` seconds; at most 60.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return read(Batch, self._send(requests.get(f"/batches/{requests.id_of(batch)}").waiting(wait)))

    def wait_batch(self, batch: str | Batch, timeout_s: float = 3600.0) -> Batch:
        """Wait until a batch has ended, however it ends.

        Raises:
            NotOver: it has not ended after `timeout_s`.
            FacelineError: see `faceline_client.errors`.
        """
        end = monotonic() + timeout_s
        while True:
            now = self.get_batch(batch, end - monotonic())
            if now.status in OVER:
                return now
            if monotonic() >= end:
                raise NotOver(f"batch {now.id}", now.status)

    def batch_results(self, batch: str | Batch) -> list[BatchResult]:
        """The results of a batch so far, in the order of its photos.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return list(rows(BatchResult, self.download_results(batch)))

    def batch_errors(self, batch: str | Batch) -> list[BatchError]:
        """The photos of a batch that failed so far.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return list(rows(BatchError, self.download_errors(batch)))

    def download_results(self, batch: str | Batch, form: TableForm = "jsonl") -> bytes:
        """The results of a batch so far, as a file.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return self._download(batch, "output", form)

    def download_errors(self, batch: str | Batch, form: TableForm = "jsonl") -> bytes:
        """The errors of a batch so far, as a file.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return self._download(batch, "errors", form)

    def cancel_batch(self, batch: str | Batch) -> Batch:
        """End a batch. The results that are there stay.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        return read(Batch, self._send(requests.Call("POST", f"/batches/{requests.id_of(batch)}/cancel")))

    def erase_batch(self, batch: str | Batch) -> None:
        """End a batch and erase all that belongs to it. A batch that is gone already is no error.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        with suppress(NotFound):
            self._send(requests.Call("DELETE", f"/batches/{requests.id_of(batch)}"))

    def batches(self, page_size: int = 100) -> Iterator[Batch]:
        """The batches, the latest first. Pages are fetched as they are needed.

        Args:
            page_size: how many batches are fetched at a time, at most 100.

        Raises:
            FacelineError: see `faceline_client.errors`.
        """
        params = {"limit": str(page_size)}
        while True:
            page = body_of(self._send(requests.get("/batches", params)))
            for batch in page["batches"]:
                yield convert(Batch, batch)
            if not page.get("next"):
                return
            params = {**params, "cursor": page["next"]}

    def _download(self, batch: str | Batch, what: str, form: TableForm) -> bytes:
        call = requests.Call("GET", f"/batches/{requests.id_of(batch)}/{what}", headers={"Accept": MEDIA_TYPES[form]})
        return (self._send(call)).content
