"""Target `samples`: what the API does with the JSON of a request, in both dialects."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as package_files
from typing import Any
from zlib import crc32

from hypothesis import strategies as st

from access.caller import ANYBODY
from api.jobs.requests import SampleBody
from api.openapi.example_files import PHOTO_MARK
from api.services.requests import ServiceSampleBody
from bench.reliability.fuzz import images
from bench.reliability.fuzz.mutation import mutated
from bench.reliability.fuzz.target import Target
from broker.queues import FamilyQueues
from config.settings import JobSettings, LimitSettings
from jobs.async_service import UnparsedRequest
from jobs.factory import JobFactory
from models.catalogue import services
from models.errors import InvalidRequest
from pipelines.dialects import DIALECTS
from pipelines.encoding import encode_base64
from pipelines.plan import Plan

MOST_EDITS = 6
MOST_COPIES = 50
_FACTORY = JobFactory(services(), JobSettings(), LimitSettings(), FamilyQueues(co_locate=True).prefix)
_numbers = st.integers() | st.floats() | st.sampled_from([0, -1, 1e400, 2**63, 2**64, -0.0, 5e-324])
_texts = st.text(max_size=20) | st.sampled_from(["", "face", "body", "AAAA", "=", "IMAGE", "data:image/png;base64,"])
_leaves = st.none() | st.booleans() | _numbers | _texts
_values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4), max_leaves=8
)


@cache
def bodies() -> tuple[dict[str, Any], ...]:
    """Real samples, requests and answers: the examples of the OpenAPI documents, and requests for jobs with them."""
    samples = []
    photo = encode_base64(images.files()[0])
    for dialect in DIALECTS:
        folder = package_files("api.openapi") / "examples" / dialect
        files = sorted(folder.iterdir(), key=lambda file: file.name)
        samples += [json.loads(file.read_text("utf-8").replace(PHOTO_MARK, photo)) for file in files]
    options = {"on_error": "continue", "include_image": True, "max_faces": 2, "priority": "high", "ttl_s": 5}
    jobs = [
        {"services": ["face-detector-face-fitter", "age-estimator"], "sample": samples[0], "metadata": {"a": [1]}},
        *({"preset": "face-analysis", "sample": sample, **options} for sample in samples[::5]),
    ]
    return (*samples, *jobs)


@st.composite
def edited(draw: st.DrawFn) -> bytes:
    """A real body, of which some values are replaced, removed, renamed or nested; not always as valid JSON."""
    body = json.loads(json.dumps(draw(st.sampled_from(bodies()))))
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        # The paths to short parents come first, so that hypothesis shrinks towards the top.
        parents = list(_parents(body))
        if not parents:
            break
        parent = draw(st.sampled_from(parents))
        key = draw(st.sampled_from(list(parent) if isinstance(parent, dict) else range(len(parent))))
        match draw(st.sampled_from(("replace", "remove", "rename", "nest", "repeat"))):
            case "remove":
                del parent[key]
            case "rename" if isinstance(parent, dict):
                parent[draw(_texts)] = parent.pop(key)
            case "nest":
                for _ in range(draw(st.integers(1, 300))):
                    parent[key] = [parent[key]]
            case "repeat" if isinstance(parent, list):
                # No larger than what the API reads.
                room = LimitSettings().body_bytes // len(json.dumps(body))
                parent += [parent[key]] * draw(st.integers(1, max(1, min(MOST_COPIES, room))))
            case _:
                parent[key] = draw(_values)
    # Lone surrogates, NaN and infinity are written as Python does; the parser has to refuse them.
    return json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def _parents(value: Any) -> Iterator[Any]:
    """All objects and arrays in a value that are not empty."""
    waiting = [value]
    while waiting:
        parent = waiting.pop(0)
        if isinstance(parent, dict | list) and parent:
            yield parent
            waiting += parent.values() if isinstance(parent, dict) else parent


def run(data: bytes) -> None:
    """Parse a body as a job, and as a sample of a service in each dialect, and check what was parsed.

    Raises:
        InvalidRequest: all of them are refused.
        AssertionError: a check gives no plan.
    """
    # The service follows from the body, so that a file is enough to repeat a crash.
    service = sorted(services())[crc32(data) % len(services())]
    requests: list[UnparsedRequest] = [SampleBody(data, "key", ANYBODY)]
    requests += [ServiceSampleBody(service, dialect, data) for dialect in DIALECTS.values()]
    refusals: list[InvalidRequest] = []
    for request in requests:
        try:
            assert isinstance(_FACTORY.check(request.parse(_FACTORY)).plan, Plan)
        except InvalidRequest as error:
            str(error)
            refusals.append(error)
    if len(refusals) == len(requests):
        raise refusals[-1]


def target() -> Target:
    """The target."""
    written = tuple(json.dumps(body).encode() for body in bodies())
    return Target("samples", edited() | mutated(written), run)
