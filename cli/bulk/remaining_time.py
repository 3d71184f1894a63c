"""Estimates the remaining time of a bulk run from the times at which its chunks were done."""

import heapq
from dataclasses import dataclass, field
from statistics import fmean

RECENT_CHUNKS = 16
"""The estimate uses so many of the latest chunks, or half of all if these are more."""


@dataclass(slots=True)
class RemainingTime:
    """The times at which chunks were done, and what they say about the rest.

    A run keeps a fixed number of chunks in flight: when one is done, the next is sent. So the time that a chunk takes
    is the time since the end of the chunk that it replaced. The rest of the run is computed chunk by chunk. A mean rate
    would not do: workers begin their chunks together and end them nearly together, so chunks arrive in groups.

    Attributes:
        in_flight: the most chunks that are in flight at a time.
    """

    in_flight: int
    _times: list[float] = field(default_factory=list)
    _photos: int = 0

    def add(self, at_s: float, photos: int) -> None:
        """Note that a chunk of so many photos was done at a time in seconds; the times have any start."""
        self._times.append(at_s)
        self._photos += photos

    def left_s(self, photos: int) -> float | None:
        """Seconds from the latest chunk until so many more photos are done; None if it is too early to say."""
        count = len(self._times)
        if count <= self.in_flight:
            return None
        first = max(self.in_flight, count - max(RECENT_CHUNKS, self.in_flight, count // 2))
        chunk_s = fmean(self._times[index] - self._times[index - self.in_flight] for index in range(first, count))
        ends = [sent_at + chunk_s for sent_at in self._times[-self.in_flight :]]
        chunks = photos * count / self._photos
        while chunks > len(ends):
            heapq.heappush(ends, heapq.heappop(ends) + chunk_s)
            chunks -= 1
        last = heapq.nsmallest(max(1, round(chunks)), ends)[-1]
        return max(0.0, last - self._times[-1])
