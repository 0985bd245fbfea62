"""The one damage of an HDF5 file that the HDF5 library does not survive: a broken global heap.

Texts and references of a NetCDF-4 file lie in global heaps. The library (seen with 2.0) walks their
objects by the sizes written there and never ends where one is 0 or wraps around, so the walk is made
here first, with every step checked.
"""

import mmap
from pathlib import Path

from weather.conventions.errors import DataError

_SIGNATURE = b"GCOL\x01"
_HEADER = 16  # signature, version, 3 reserved, 8 bytes of size; also the length of an object's header
_LEAST_HEAP = 4096


def check_heaps(file: Path) -> None:
    """Refuse a file with a global heap whose objects cannot be walked.

    Parameters
    ----------
    file : Path
        A file that starts with the HDF5 signature; sizes in it have 8 bytes, as h5py and netCDF write them.

    Raises
    ------
    DataError
        When an object of a heap has no length or ends beyond its heap.

    References
    ----------
    The HDF Group, HDF5 File Format Specification version 3.0, section III.E, "Disk Format: Level 1E - Global Heap".
    """
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        at = raw.find(_SIGNATURE)
        while at >= 0:
            size = int.from_bytes(raw[at + 8 : at + _HEADER], "little")
            # other data may look like a signature; a heap of an impossible size the library refuses itself
            if _LEAST_HEAP <= size <= len(raw) - at and not _walks(raw[at : at + size]):
                raise DataError(
                    f"{file}: the global heap at byte {at} is damaged, an object in it has no length or ends beyond "
                    "it; write the file again, or fetch it again."
                )
            at = raw.find(_SIGNATURE, at + 1)


def _walks(heap: bytes) -> bool:
    """Whether every object of a heap moves the walk on, and none beyond the end."""
    at = _HEADER
    while len(heap) - at >= _HEADER:
        index = int.from_bytes(heap[at : at + 2], "little")
        size = int.from_bytes(heap[at + 8 : at + _HEADER], "little")
        # object 0 is the free rest of the heap, its size counts its header
        length = size if index == 0 else _HEADER + (size + 7) // 8 * 8
        if not _HEADER <= length <= len(heap) - at:
            return False
        at += length
    return True
