"""Colours as 64-bit numbers: a colour is a hash of the multiset of its neighbours' colours, held as a sum.

A sum of mixed numbers modulo 2^64 does not depend on the order of its terms, as a multiset does not, and a term can be
taken out again: that is what makes an update after a deletion as cheap as the deletion is small. Two different
multisets share a sum with a probability of about 2^-64.
"""

import numpy as np
from numpy.typing import NDArray


def mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit numbers one to one (the finaliser of splitmix64, Steele et al. 2014); zero never comes out."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.maximum(mixed, np.uint64(1))


def message(colour: NDArray[np.uint64], label: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return what a node of `colour` sends along an edge of `label`; a deleted node (colour 0) sends 0."""
    sent = mix(colour + label)
    sent[colour == 0] = 0
    return sent


def hashed_slots(colour: NDArray[np.uint64], salt: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Hash colours to slots with signs (feature hashing, Weinberger et al. 2009); a deleted node weighs 0.

    Parameters
    ----------
    colour
        uint64 [m].
    salt
        Tells the graph and the level.
    width
        Number of slots.

    Returns
    -------
    slot, sign
        int64 [m] in 0..width-1; float64 [m], one of -1, 0, 1.
    """
    hashed = mix(colour ^ mix(np.full(1, salt, dtype=np.uint64)))
    sign = np.where(hashed >> np.uint64(63), 1.0, -1.0)
    sign[colour == 0] = 0.0
    return (hashed % np.uint64(width)).astype(np.int64), sign
