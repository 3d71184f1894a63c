"""The requests in the body of a batch."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any


def names_of(content: bytes, media_type: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each request, and what it asks for beside the query of the batch."""
    if media_type == "application/x-ndjson":
        for line in content.splitlines():
            request = json.loads(line)
            yield str(request["custom_id"]), request
    elif media_type == "application/zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from ((entry.filename, {}) for entry in archive.infolist() if not entry.is_dir())
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            yield from ((member.name, {}) for member in tar if member.isfile())
