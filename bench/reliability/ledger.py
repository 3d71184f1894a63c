"""`Ledger`: what callers submitted and what they got, and the verdict on it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from threading import Lock
from typing import Any

from bench.reliability.work import Work

SUCCEEDED = "succeeded"
FAILED = "failed"
GONE = "gone"
"""The deployment does not know an acknowledged job any more."""

IsRight = Callable[[Work, Any], bool]
"""Whether a result is that of some work."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a job as its caller read it.

    Attributes:
        status: of the job.
        at: when it was read, in seconds of `monotonic`.
        result: the enriched sample, if the job has succeeded.
        error: the stable type of its error, if it has failed.
    """

    status: str
    at: float
    result: Any = None
    error: str | None = None

    def says_the_same_as(self, other: "Answer") -> bool:
        """Whether two readings of one job are equal, whenever they were made."""
        return (self.status, self.result, self.error) == (other.status, other.result, other.error)


@dataclass(slots=True)
class Entry:
    """One photo whose submission was acknowledged.

    Attributes:
        name: of the request; no two requests share it.
        job_id: None for requests whose job has no id of its own: synchronous calls and requests of batches.
        batch_id: of the batch that the request is a part of.
        acknowledged_at: in seconds of `monotonic`.
        answers: one for each time that the caller read the end; one row of a batch is one answer.
        rows: how many answers one reading had. More than one is a doubled row of a batch.
    """

    name: str
    work: Work
    job_id: str | None
    acknowledged_at: float
    answers: list[Answer] = field(default_factory=list)
    rows: int = 1
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoreView:
    """What the store says of the jobs of one scenario.

    Attributes:
        ends: by job id, how often the stream of finished jobs has it.
        dead_letters: the ids of jobs that were given up because a stage killed its worker again and again.
        copies: by the name of a request, the ids of further jobs and batches that were made of it.
    """

    ends: Mapping[str, int] = field(default_factory=dict)
    dead_letters: Sequence[str] = ()
    copies: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What callers got in one scenario.

    Attributes:
        submitted: photos whose submission was acknowledged.
        answered_once: photos with one end that is right.
        lost: without an end, or unknown to the deployment.
        twice: ended more than once, made into more than one job or batch, or with two readings that differ.
        wrong: good photos that failed, results that are not those of their photo, answers of the API that are no
            answer, such as a 500, and recoveries that took too long.
        recovery_s: the slowest recovery from a disturbance, in seconds; infinite if there was none.
        faults: a line for each photo that is not answered once, and for each wrong answer.
    """

    submitted: int
    answered_once: int
    lost: int
    twice: int
    wrong: int
    recovery_s: float
    faults: Sequence[str]

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or wrong."""
        return not (self.lost or self.twice or self.wrong)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that was done to the stack. Times are in seconds of `monotonic`.

    Attributes:
        since: recovery is counted from here on.
        held: the jobs that ran when a worker was killed or frozen. Recovery is their end; without any, the next end.
        over_at: ends before this are no recovery.
        within_s: how long recovery may take.
    """

    since: float
    held: frozenset[str] = frozenset()
    over_at: float = 0
    within_s: float = inf


class Ledger:
    """Notes submissions and answers, and judges them at the end. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: dict[str, Entry] = {}
        self._complaints: list[str] = []

    def acknowledge(self, name: str, work: Work, job_id: str | None, at: float, batch_id: str | None = None) -> None:
        """Note that the deployment has accepted a request."""
        with self._lock:
            self._entries[name] = Entry(name, work, job_id, at, batch_id=batch_id)

    def answer(self, name: str, answer: Answer, rows: int = 1) -> None:
        """Note an end as the caller read it. `rows`: how many ends this one reading had."""
        with self._lock:
            entry = self._entries[name]
            entry.answers.append(answer)
            entry.rows = max(entry.rows, rows)

    def complain(self, text: str) -> None:
        """Note an answer of the API that is wrong in itself, such as a 500."""
        with self._lock:
            self._complaints.append(text)

    @property
    def entries(self) -> list[Entry]:
        """What was submitted so far."""
        with self._lock:
            return list(self._entries.values())

    def have_ended(self, job_ids: Collection[str]) -> bool:
        """Whether callers read the ends of all these jobs, as far as they were acknowledged."""
        return all(entry.answers for entry in self.entries if entry.job_id in job_ids)

    def ended_after(self, moment: float) -> bool:
        """Whether a caller read an end after a moment."""
        return any(entry.answers and entry.answers[0].at > moment for entry in self.entries)

    def judge(self, view: StoreView, is_right: IsRight, disturbances: Iterable[Disturbance] = ()) -> Verdict:
        """Judges what callers got. A photo is counted in one column only: as lost, else as twice, else as wrong."""
        entries = self.entries
        by_id = {entry.job_id: entry for entry in entries if entry.job_id is not None}
        lost, twice, wrong, once = list[str](), list[str](), list[str](), 0
        for entry in entries:
            label = f"{entry.name} ({entry.work}; job {entry.job_id})"
            if _is_lost(entry):
                lost.append(f"lost: {label}")
            elif reason := _doubled(entry, view):
                twice.append(f"twice: {label}: {reason}")
            elif reason := _wrong(entry, view, is_right):
                wrong.append(f"wrong: {label}: {reason}")
            else:
                once += 1
        twice += [
            f"twice: job {job_id} ended {count} times"
            for job_id, count in view.ends.items()
            if count > 1 and job_id not in by_id
        ]
        with self._lock:
            complaints = list(self._complaints)
        recoveries = [(_recovery_s(one, entries, by_id), one.within_s) for one in disturbances]
        complaints += [
            f"recovery took {took:.0f} s, more than {most:.0f} s" for took, most in recoveries if took > most
        ]
        recovery_s = max((took for took, _ in recoveries), default=0.0)
        counts = (len(entries), once, len(lost), len(twice), len(wrong) + len(complaints))
        return Verdict(*counts, recovery_s, [*_counted(complaints), *lost, *twice, *wrong])


def _is_lost(entry: Entry) -> bool:
    return not entry.answers or any(answer.status == GONE for answer in entry.answers)


def _doubled(entry: Entry, view: StoreView) -> str | None:
    first = entry.answers[0]
    if entry.rows > 1:
        return f"{entry.rows} rows in its batch"
    if copies := view.copies.get(entry.name):
        return f"jobs or batches were made of it again: {', '.join(copies)}"
    if entry.job_id and (ends := view.ends.get(entry.job_id, 0)) > 1:
        return f"it ended {ends} times"
    if not all(answer.says_the_same_as(first) for answer in entry.answers[1:]):
        return "two readings differ"
    return None


def _wrong(entry: Entry, view: StoreView, is_right: IsRight) -> str | None:
    first = entry.answers[0]
    if entry.work.poisoned:
        is_due = (first.status, first.error) == (FAILED, "poisoned")
        return None if is_due else f"it should fail as poisoned, and is {first.status} ({first.error})"
    if first.status != SUCCEEDED:
        return f"it is {first.status} ({first.error})"
    if entry.job_id in view.dead_letters:
        return "a dead letter names it"
    return None if is_right(entry.work, first.result) else "the result is not that of its photo"


def _recovery_s(disturbance: Disturbance, entries: Sequence[Entry], by_id: Mapping[str, Entry]) -> float:
    """From a disturbance to the end of what it held, or to the next end."""
    since = disturbance.since
    if disturbance.held:
        ends = [_first_end(by_id[job_id]) for job_id in disturbance.held if job_id in by_id]
        return max([end - since for end in ends], default=0.0)
    over_at = max(since, disturbance.over_at)
    return min([end for end in map(_first_end, entries) if end > over_at], default=inf) - since


def _first_end(entry: Entry) -> float:
    return entry.answers[0].at if entry.answers else inf


def _counted(texts: Iterable[str]) -> list[str]:
    """A line for each text; equal texts have one line, with their number."""
    return [
        f"wrong: {text}" if count == 1 else f"wrong: {text} ({count} times)" for text, count in Counter(texts).items()
    ]
