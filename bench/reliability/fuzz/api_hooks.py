"""What schemathesis needs to know of the API: how JSONL is written, and requests that are accepted.

Half of the bodies are replaced by valid ones: jobs and batches that exist lead to the routes behind them.
"""

import json
from typing import Any
from zlib import crc32

import schemathesis

from api.batches.row_formats import LINES
from bench.reliability.fuzz import archives, images
from pipelines.encoding import encode_base64

_SERVICES = ["face-detector-face-fitter", "age-estimator"]
_ARCHIVES = ("application/zip", "application/x-tar", "application/gzip")


@schemathesis.serializer(*LINES)
def write_jsonl(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A line for each value of an array; bytes and text as they are."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return "".join(json.dumps(line) + "\n" for line in (value if isinstance(value, list) else [value])).encode()


@schemathesis.serializer(*_ARCHIVES)
def write_archive(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Bytes as they are; other values as JSON, which is no archive."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: "schemathesis.Case[Any]") -> "schemathesis.Case[Any]":
    """Give every second case of a submission a valid body; which ones follows from the generated body."""
    operation = f"{case.method.upper()} {case.path}"
    if crc32(repr(case.body).encode()) % 2:
        return case
    sample = {"_image": {"blob": encode_base64(images.files()[0]), "format": "IMAGE"}}
    body: Any = None
    if operation == "POST /jobs":
        body = {"services": _SERVICES, "sample": sample, "ttl_s": 60}
    elif operation == "POST /jobs/image":
        body = {"image": images.files()[0], "services": ",".join(_SERVICES)}
    elif operation == "POST /batches" and case.media_type in LINES:
        body = [{"custom_id": str(index), "services": _SERVICES, "sample": sample} for index in range(3)]
    elif operation == "POST /batches" and case.media_type in _ARCHIVES:
        body = archives.files()[_ARCHIVES.index(case.media_type) * 2]
        case.query = {"services": ",".join(_SERVICES)}
    if body is not None:
        case.body = body
    return case
