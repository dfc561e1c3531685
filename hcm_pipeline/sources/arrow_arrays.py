"""Arrow arrays from numbers and texts, of their bytes: `pyarrow.array` imports pandas, which takes 40 MB and half a second. And the
memory of arrays that are needed for a moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_FREED_BYTES = 1 << 24


def keep_freed_memory() -> None:
    """Have glibc keep memory that is freed for the next arrays of its size, up to a few megabytes.

    It gives back blocks that are larger than any that was freed before (mallopt(3), M_MMAP_THRESHOLD), and to get each page anew
    takes as long as to work on it. The block that is freed here is never written, and takes no memory itself.
    """
    np.empty(_FREED_BYTES, np.uint8)


def integers(values: npt.NDArray[np.int64], lacking: npt.NDArray[np.bool_] | None = None) -> pa.Int64Array:
    """Numbers; null where one is `lacking`."""
    known = None if lacking is None else pa.py_buffer(np.packbits(~lacking, bitorder="little"))
    array: pa.Int64Array = pa.Array.from_buffers(
        pa.int64(), values.size, [known, pa.py_buffer(np.ascontiguousarray(values))]
    )
    return array


def strings(values: Sequence[str]) -> pa.StringArray:
    """Texts, none of which is null."""
    data = [value.encode() for value in values]
    offsets = np.zeros(len(data) + 1, np.int32)
    np.cumsum([len(each) for each in data], out=offsets[1:])
    array: pa.StringArray = pa.Array.from_buffers(
        pa.string(), len(data), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(data))]
    )
    return array


def numbers_of(indices: pa.Int32Array) -> npt.NDArray[np.int32]:
    """The indices of a dictionary as numpy has them; none is null."""
    found: npt.NDArray[np.int32] = np.frombuffer(indices.buffers()[1], np.int32)[
        indices.offset : indices.offset + len(indices)
    ]
    return found


def nulls_of(values: pa.Array) -> npt.NDArray[np.bool_]:
    """Which of some values are null."""
    known = values.buffers()[0]
    if known is None:
        return np.zeros(len(values), np.bool_)
    bits = np.unpackbits(np.frombuffer(known, np.uint8), bitorder="little")[values.offset : values.offset + len(values)]
    found: npt.NDArray[np.bool_] = bits == 0
    return found


def ends_of(lengths: npt.NDArray[np.int64]) -> pa.Int32Array:
    """Where lists of these lengths begin and end."""
    offsets = np.zeros(lengths.size + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    array: pa.Int32Array = pa.Array.from_buffers(pa.int32(), offsets.size, [None, pa.py_buffer(offsets)])
    return array
