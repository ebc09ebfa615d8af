"""Systematic, standard and alias names to one gene index."""

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

UNKNOWN = -1
AMBIGUOUS = -2


class GeneNames:
    """The names of the genes of one gene table.

    A systematic name wins over a standard name, a standard name over an alias; letter case does not matter. An alias
    that several genes share, and no gene has as its own name, is ambiguous.

    Attributes
    ----------
    genes
        Systematic names, in the order of the gene index.
    in_gem
        bool [N]: which genes the metabolic model has.
    rank
        int32 [N]: position of each gene in the alphabetical order of systematic names.
    """

    def __init__(
        self,
        genes: Sequence[str],
        standard: Sequence[str],
        aliases: Sequence[Iterable[str]],
        in_gem: NDArray[np.bool_],
    ) -> None:
        self.genes = pa.array(genes, type=pa.string())
        self.in_gem = in_gem
        order = np.argsort(np.asarray(genes, dtype=str), kind="stable")
        self.rank = np.empty(len(order), dtype=np.int32)
        self.rank[order] = np.arange(len(order), dtype=np.int32)
        self._positions: dict[str, int] = {gene.upper(): index for index, gene in enumerate(genes)}
        self._candidates: dict[str, tuple[str, ...]] = {}
        self._add(genes, [(name,) for name in standard])
        self._add(genes, aliases)

    def _add(self, genes: Sequence[str], names: Sequence[Iterable[str]]) -> None:
        """Add names weaker than those known so far; names of several genes become ambiguous."""
        owners: dict[str, dict[int, None]] = {}
        for index, given in enumerate(names):
            for name in given:
                owners.setdefault(name.strip().upper(), {})[index] = None
        for name, indices in owners.items():
            if name in self._positions:
                continue
            if len(indices) > 1:
                self._positions[name] = AMBIGUOUS
                self._candidates[name] = tuple(sorted(genes[index] for index in indices))
            else:
                self._positions[name] = next(iter(indices))

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Self:
        """Return the names of ``tables/genes.parquet`` (gene, name, in_gem and, where it has them, aliases)."""
        aliases = table["aliases"] if "aliases" in table else pd.Series([()] * len(table))
        return cls(
            genes=table["gene"].tolist(),
            standard=table["name"].tolist(),
            aliases=[[] if given is None else list(given) for given in aliases],
            in_gem=table["in_gem"].to_numpy(dtype=bool),
        )

    def __len__(self) -> int:
        return len(self.genes)

    def position(self, name: str) -> int:
        """Return the index of one gene, `UNKNOWN` or `AMBIGUOUS`."""
        return self._positions.get(name.strip().upper(), UNKNOWN)

    def positions(self, names: pa.Array) -> NDArray[np.int32]:
        """Return the index of each name, int32 [n]; `UNKNOWN` or `AMBIGUOUS` where there is no single gene.

        Each distinct name is looked up once.
        """
        encoded = pc.dictionary_encode(names.fill_null(""))
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        distinct = np.fromiter(
            (self.position(name) for name in encoded.dictionary.to_pylist()), np.int32, len(encoded.dictionary)
        )
        return distinct[encoded.indices.to_numpy(zero_copy_only=False)]

    def explain(self, name: str) -> str:
        """Return why `name` is not one gene of the index."""
        candidates = self._candidates.get(name.strip().upper())
        if candidates:
            return f"gene name '{name}' is ambiguous: {', '.join(candidates)}"
        return f"gene '{name}' is not in the gene index"
