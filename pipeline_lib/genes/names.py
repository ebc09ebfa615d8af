"""The one rule from names to genes, wherever names are read, and what a set of deleted genes must be."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.row_block import Expected, Reason

SEPARATORS = re.compile(r"[\s._,'-]+")
"""What people and programs exchange for one another: BiGG writes YDR322C_A, R writes YDR322C.A and ADE5.7."""

_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u2032", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
    }
)
_QUOTED = re.compile(r"""(["']+)(.*)\1""")


def plain(name: str) -> str:
    """Return a name without blanks and quotes around it, invisible characters and typographic hyphens."""
    bare = name.translate(_CHARACTERS).strip()
    quoted = _QUOTED.fullmatch(bare)
    return quoted[2].strip() if quoted else bare


def letters(name: str) -> str:
    """Return the key under which letter case does not matter."""
    return plain(name).upper()


def spelled(name: str) -> str:
    """Return the key under which one separator is as good as another: YDR322C_A and YDR322C.A are YDR322C-A."""
    return SEPARATORS.sub("-", letters(name))


def joined(name: str) -> str:
    """Return the key under which separators do not matter, but between two digits: YDR322CA is YDR322C-A.

    Between digits a separator carries meaning: 10007.1 is not 100071.
    """
    return re.sub(r"(?<!\d)-|-(?!\d)", "", spelled(name))


UNKNOWN = -1
AMBIGUOUS = -2

UNKNOWN_GENE = Reason("gene '{}' is not in the gene index", Expected.ANY)

AMBIGUOUS_GENE = Reason("gene name '{}' is ambiguous: {}", Expected.ANY)

_Level = Sequence[Iterable[str]]
_Index = dict[str, tuple[tuple[int, str], ...]]


class GeneNames:
    """The names of the genes of one gene table.

    A systematic name wins over a standard name, a standard name over an alias (retired systematic names of merged
    reading frames are aliases of the gene that is left). Letter case, blanks and quotes do not matter; where letter
    case alone tells two genes apart, it decides. A name that is none of these is sought with its separators exchanged
    (YDR322C_A, YDR322C.A: YDR322C-A), and last without them among the systematic names (YDR322CA). A name that several
    genes share at the strongest level that has it is ambiguous.

    Attributes
    ----------
    genes
        Systematic names, in the order of the gene index.
    standard
        Standard names, in the order of the gene index.
    in_gem
        bool [N]: which genes the metabolic model has.
    rank
        int32 [N]: position of each gene in the alphabetical order of systematic names.
    looked_up
        Every name that `position` or `positions` was given so far, as written, with what came of it: what a reader met.
    """

    def __init__(
        self,
        genes: Sequence[str],
        standard: Sequence[str],
        aliases: Sequence[Iterable[str]],
        in_gem: NDArray[np.bool_],
    ) -> None:
        self.genes = pa.array(genes, type=pa.string())
        self.standard = tuple(standard)
        self._aliases = tuple(tuple(given) for given in aliases)
        self.in_gem = in_gem
        self.looked_up: dict[str, int] = {}
        order = np.argsort(np.asarray(genes, dtype=str), kind="stable")
        self.rank = np.empty(len(order), dtype=np.int32)
        self.rank[order] = np.arange(len(order), dtype=np.int32)
        systematic = [(name,) for name in genes]
        levels = (systematic, [(name,) for name in standard], self._aliases)
        # A name without separators is found by its letters, so the weaker keys are for the others alone.
        self._keys: tuple[tuple[Callable[[str], str], _Index], ...] = (
            (letters, _index(levels, letters)),
            (spelled, _index(levels, spelled)),
            (joined, _index((systematic,), joined)),
        )

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

    @classmethod
    def of_model(cls, genes: Sequence[str]) -> Self:
        """Return the names of a metabolic model's genes where there is no gene table: their ids."""
        return cls(genes, genes, [()] * len(genes), np.ones(len(genes), dtype=bool))

    def __len__(self) -> int:
        return len(self.genes)

    def knows(self, name: str) -> bool:
        """Return whether `name` means a gene, or several; a trial that `looked_up` does not keep."""
        return bool(self._candidates(name))

    def aliases(self) -> dict[str, int]:
        """Return every alias that means one gene and is no stronger name of another, and that gene's index."""
        owned = ((alias, index) for index, given in enumerate(self._aliases) for alias in given)
        return {alias: index for alias, index in owned if self._candidates(alias) == (index,)}

    def position(self, name: str) -> int:
        """Return the index of one gene, `UNKNOWN` or `AMBIGUOUS`."""
        found = self.looked_up.get(name)
        if found is None:
            candidates = self._candidates(name)
            found = candidates[0] if len(candidates) == 1 else AMBIGUOUS if candidates else UNKNOWN
            self.looked_up[name] = found
        return found

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
        return np.asarray(distinct[encoded.indices.to_numpy(zero_copy_only=False)])

    def explain(self, name: str) -> Reason:
        """Return why `name` is not one gene of the index."""
        candidates = sorted(self.genes[index].as_py() for index in self._candidates(name))
        if candidates:
            return AMBIGUOUS_GENE.of(name, ", ".join(candidates))
        return UNKNOWN_GENE.of(name)

    def _candidates(self, name: str) -> tuple[int, ...]:
        """Return the genes that `name` can mean; none where it is unknown."""
        for key, index in self._keys:
            owners = index.get(key(name))
            if owners:
                genes = tuple(dict.fromkeys(gene for gene, _ in owners))
                if len(genes) == 1:
                    return genes
                as_written = tuple(dict.fromkeys(gene for gene, written in owners if written == plain(name)))
                return as_written if len(as_written) == 1 else genes
        return ()


def _index(levels: Iterable[_Level], key: Callable[[str], str]) -> _Index:
    """Return (gene, name as written) of every key, from the strongest level that has it."""
    index: _Index = {}
    for level in levels:
        found: dict[str, list[tuple[int, str]]] = {}
        for gene, names in enumerate(level):
            for name in names:
                short = key(name)
                if short and short not in index:
                    found.setdefault(short, []).append((gene, plain(name)))
        index.update({short: tuple(owners) for short, owners in found.items()})
    return index


MAX_ORDER = 3
"""Greatest number of deleted genes."""

FAULTS = (
    Reason(""),
    Reason("no gene is named; a genotype has one to three genes"),
    Reason("more than three genes are named; a genotype has one to three"),
    Reason("one gene is named twice; the genes of a genotype are different", Expected.UP_TO_HALF),
    Reason("one gene is named; an interaction needs at least two different genes", Expected.UP_TO_HALF),
)
"""What can be wrong with a genotype, as the end of a sentence; position 0: nothing."""

_NONE, _TOO_MANY, _TWICE, _SINGLE = 1, 2, 3, 4


def smallest_order(phenotype: str) -> int:
    """Return the number of deleted genes that a phenotype needs: 2 for interactions, else 1."""
    return 2 if phenotype in {"interaction", "raw_interaction"} else 1


def genotype_faults(genes: NDArray[np.integer], least: int = 1) -> NDArray[np.int8]:
    """Find the rows that are no genotype.

    Parameters
    ----------
    genes
        int [n, k], any k: gene indices in any order and place, negative where there is no gene.
    least
        Number of different genes that a row needs (`smallest_order` of its phenotype).

    Returns
    -------
    int8 [n]
        Position in `FAULTS` of the first fault of each row; 0 where the row is a genotype.
    """
    present = genes >= 0
    count = present.sum(axis=1)
    # Each missing gene gets a number of its own, so that it equals nothing.
    width = genes.shape[1]
    ordered = np.sort(np.where(present, genes, -1 - np.arange(width)), axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    fault = np.zeros(len(genes), dtype=np.int8)
    fault[count < least] = _SINGLE
    fault[twice] = _TWICE
    fault[count > MAX_ORDER] = _TOO_MANY
    fault[count == 0] = _NONE
    return fault


Place = Callable[[int], str]
"""Gives the words for where the genotype at a position was written: an option, or a file and its row."""


def genotypes_of_lists(lists: pa.ListArray, names: GeneNames, least: int, place: Place) -> NDArray[np.int64]:
    """Turn lists of gene names into rows of gene indices; no row is read by itself.

    Parameters
    ----------
    lists
        list<string> [n]: systematic names, standard names and aliases in any letter case.
    names
        The gene index.
    least
        Number of genes that a genotype needs (`pipeline_lib.genes.names.smallest_order` of its phenotype).
    place
        See `Place`.

    Returns
    -------
    int64 [n, 3]
        Ascending gene indices, then -1.

    Raises
    ------
    PipelineError
        At the first list that names an unknown or ambiguous gene, no gene, one gene twice, or too few or too many.
    """
    flat = lists.flatten()
    owner = np.asarray(pc.list_parent_indices(lists), dtype=np.int64)
    lengths = np.asarray(pc.list_value_length(lists).fill_null(0), dtype=np.int64)
    found = names.positions(flat).astype(np.int64)
    slot = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    # One gene more than allowed is enough to see that there are too many.
    kept = slot <= MAX_ORDER
    # A name that is no gene counts as a gene of its own, so that it hides no other fault.
    code = np.where(found < 0, len(names) + np.arange(len(found)), found)
    genes = np.full((len(lengths), MAX_ORDER + 1), UNKNOWN, dtype=np.int64)
    genes[owner[kept], slot[kept]] = code[kept]
    faults = genotype_faults(genes, least)
    unknown = np.flatnonzero(found < 0)
    faulty = np.flatnonzero(faults)
    if len(unknown) and (not len(faulty) or owner[unknown[0]] <= faulty[0]):
        name = flat[int(unknown[0])].as_py() or ""
        why = names.explain(name.strip()) if name.strip() else "a gene name is missing"
        raise PipelineError(f"{place(int(owner[unknown[0]]))}: {why}.")
    if len(faulty):
        row = int(faulty[0])
        written = "+".join(str(name).strip() for name in lists[row].as_py() or [])
        raise PipelineError(f"{place(row)}: {FAULTS[faults[row]]}{f' (found {written})' if written else ''}.")
    last = np.iinfo(np.int64).max
    ascending = np.sort(np.where(genes == UNKNOWN, last, genes)[:, :MAX_ORDER], axis=1)
    ascending[ascending == last] = UNKNOWN
    return ascending
