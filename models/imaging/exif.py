"""The one EXIF tag that matters here."""

import struct

_ORIENTATION = 0x0112


def orientation_of(exif: bytes) -> int:
    """How stored pixels are to be turned to stand upright (Exif 2.32, 4.6.4, tag 0x0112).

    Only the first directory is read, with no more than its own entries.

    Returns:
        1..8; 1 (upright already) also where the tag is missing or the block is broken: viewers do the same.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(entries):
            tag, value = struct.unpack_from(f"{order}H6xH", tiff, directory + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
