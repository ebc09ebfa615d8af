"""Flux distributions found so far, searched by the thousand for those that carry nothing which a genotype shuts."""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.metabolism.programs.bit_sets import WORD

_FIRST_WORDS = 16

Words = NDArray[np.uint64]


class FluxPool:
    """Flux distributions of viable genotypes, by the units that they carry.

    Parameters
    ----------
    shut_by_one
        bool [C, U]: the units that the deletion of each gene shuts by itself.

    Attributes
    ----------
    carried
        bool [capacity, U]: the units that each distribution carries.
    carriers
        uint64 [U, W]: the distributions that carry each unit, a bit each.
    lost_with
        uint64 [C, W]: the distributions that carry a unit which the gene shuts by itself.
    """

    def __init__(self, shut_by_one: NDArray[np.bool_]) -> None:
        genes, units = shut_by_one.shape
        self._shut_by_one = shut_by_one
        self._size = 0
        self._there = np.zeros(_FIRST_WORDS, dtype=np.uint64)
        self._weight = np.empty(_FIRST_WORDS * WORD, dtype=np.int64)
        self.carried = np.zeros((_FIRST_WORDS * WORD, units), dtype=bool)
        self.carriers = np.zeros((units, _FIRST_WORDS), dtype=np.uint64)
        self.lost_with = np.zeros((genes, _FIRST_WORDS), dtype=np.uint64)

    def __len__(self) -> int:
        return self._size

    def add(self, carried: NDArray[np.bool_]) -> None:
        """Take up a distribution that carries the units bool [U]."""
        if self._size == len(self.carried):
            self._grow()
        at, self._size = self._size, self._size + 1
        word, bit = at // WORD, np.uint64(1) << np.uint64(at % WORD)
        lost = (self._shut_by_one & carried).any(axis=1)
        self.carried[at] = carried
        # The fewer genes can break a distribution, the fewer genotypes have to be looked at behind it.
        self._weight[at] = lost.sum()
        self._there[word] |= bit
        self.carriers[carried, word] |= bit
        self.lost_with[lost, word] |= bit

    def whole(self, units: NDArray[np.int64]) -> Words:
        """Return the distributions that carry none of the units, uint64 [W]."""
        return self._there & ~np.bitwise_or.reduce(self.carriers[units], axis=0)

    def thinnest(self, members: Words) -> int:
        """Return the member that the fewest genes can break; -1 of none."""
        at = np.flatnonzero(np.unpackbits(members.view(np.uint8), bitorder="little"))
        return int(at[self._weight[at].argmin()]) if len(at) else -1

    def _grow(self) -> None:
        self._there = np.concatenate([self._there, np.zeros_like(self._there)])
        self._weight = np.concatenate([self._weight, np.zeros_like(self._weight)])
        self.carried = np.concatenate([self.carried, np.zeros_like(self.carried)])
        self.carriers = np.concatenate([self.carriers, np.zeros_like(self.carriers)], axis=1)
        self.lost_with = np.concatenate([self.lost_with, np.zeros_like(self.lost_with)], axis=1)
