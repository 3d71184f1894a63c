"""Reads the header `Accept`: which of the media types of a route its caller prefers."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_WEIGHT = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")


def preferred(
    accept: str, media_types: Iterable[str], other_names: Mapping[str, Sequence[str]] | None = None
) -> str | None:
    """The media type with the highest weight (RFC 9110, section 12.5.1); None if the caller accepts none of them.

    Among equals, a type that the caller names comes before one that only a pattern matches, then the order of the route
    decides.

    Args:
        accept: the header.
        media_types: that the route can give, in its own order.
        other_names: by which callers may ask for a media type as well.
    """
    weights = dict(_weights(accept))
    best, best_rank = None, (0.0, False)
    for media_type in media_types:
        rank = _rank(media_type, (other_names or {}).get(media_type, ()), weights)
        if rank[0] > 0 and rank > best_rank:
            best, best_rank = media_type, rank
    return best


def _weights(accept: str) -> Iterator[tuple[str, float]]:
    """The weight of each media type and pattern of a header."""
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        yield name or "*/*", min(float(weight), 1.0) if _WEIGHT.fullmatch(weight) else 0.0


def _rank(media_type: str, other_names: Sequence[str], weights: Mapping[str, float]) -> tuple[float, bool]:
    """The weight of a media type, and whether the caller names it. The most specific name or pattern decides."""
    if media_type in weights:
        return weights[media_type], True
    if named := [weights[name] for name in other_names if name in weights]:
        return max(named), True
    patterns = (f"{media_type.partition('/')[0]}/*", "*/*")
    return next((weights[pattern] for pattern in patterns if pattern in weights), 0.0), False
