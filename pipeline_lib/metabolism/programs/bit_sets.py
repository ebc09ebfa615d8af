"""Sets of small numbers as bits, compared by the million."""

import numpy as np
from numpy.typing import NDArray

BitSets = NDArray[np.uint64]
"""uint64 [n, W]: n sets, 64 members a word."""

WORD = 64


def words(size: int) -> int:
    """Return the number of words W that sets of members below `size` take."""
    return max(1, -(-size // WORD))


def pack(members: NDArray[np.bool_]) -> BitSets:
    """Pack bool [n, size] into bit sets, uint64 [n, W]."""
    padded = np.zeros((len(members), words(members.shape[1]) * WORD), dtype=bool)
    padded[:, : members.shape[1]] = members
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


def unpack(sets: BitSets, size: int) -> NDArray[np.bool_]:
    """Turn bit sets, uint64 [n, W], into bool [n, size]."""
    bits = np.unpackbits(np.ascontiguousarray(sets).view(np.uint8), axis=1, bitorder="little")
    return bits[:, :size].astype(bool)


def pack_pairs(row: NDArray[np.int64], member: NDArray[np.int64], shape: tuple[int, int]) -> BitSets:
    """Return `shape[0]` bit sets of members below `shape[1]`, set `row[i]` holding `member[i]`."""
    sets = np.zeros((shape[0], words(shape[1])), dtype=np.uint64)
    bits = np.uint64(1) << (member % WORD).astype(np.uint64)
    np.bitwise_or.at(sets, (row, member // WORD), bits)
    return sets


def unique_sets(sets: BitSets) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (first, inverse): where each distinct set first stands, and the number of each row's set."""
    opaque = np.ascontiguousarray(sets).view(np.dtype((np.void, sets.dtype.itemsize * sets.shape[1]))).ravel()
    _, first, inverse = np.unique(opaque, return_index=True, return_inverse=True)
    return first, inverse.ravel()
