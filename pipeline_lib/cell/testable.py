"""What of the data can be tested at all, why a fold stays empty, and which genes a query strain carries."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes


def genotype_codes(genes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one integer a genotype [n], equal exactly where the sets of deleted genes [n, 3] are equal."""
    base = int(genes.max(initial=0)) + 2
    shifted = genes + 1
    return (shifted[:, 0] * base + shifted[:, 1]) * base + shifted[:, 2]


def genotype_names(genes: NDArray[np.int64], names: Sequence[str] | NDArray[np.object_]) -> pa.LargeStringArray:
    """Return ``A+B+C`` for every row of gene indices [n, k]; `names` is indexed by gene."""
    labels = pa.array([*names, None], type=pa.large_string())
    columns = [labels.take(pa.array(column)) for column in np.where(genes == NO_GENE, len(names), genes).T]
    return pc.binary_join_element_wise(*columns, pa.scalar("+", pa.large_string()), null_handling="skip")


_LAST = np.iinfo(np.int64).max


def only_genes(genes: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the wanted genes of each row, int64 [n, 3], ascending, then -1."""
    kept = np.sort(np.where(wanted & (genes != NO_GENE), genes, _LAST), axis=1)
    return np.where(kept == _LAST, NO_GENE, kept)


def query_gene_sets(data: Genotypes) -> NDArray[np.int64]:
    """Return the genes that every observation of a query strain shares: int64 [strains, 3], ascending, then -1.

    Strain names follow no one convention (``YAL015C+YDL227C_tm461``, ``act1-129``), so a strain's genes are inferred
    from its crosses: a gene belongs to the query when all of the strain's genotypes carry it. A neutral marker
    (hoΔ) is in no genotype and so in no query.
    """
    return shared_genes(data.query, data.genes, len(data.strains))


def shared_genes(strain: NDArray[np.int64], genes: NDArray[np.int64], strains: int) -> NDArray[np.int64]:
    """Return the genes that all genotypes of a strain share: int64 [strains, 3], ascending, then -1.

    Parameters
    ----------
    strain
        int64 [n]: the strain of each genotype, -1 where there is none.
    genes
        int64 [n, 3]: its deleted genes, then -1.
    strains
        How many strains there are.
    """
    sets = np.full((strains, MAX_ORDER), NO_GENE)
    named = strain >= 0
    if not named.all():
        strain, genes = strain[named], genes[named]
    crosses = np.bincount(strain, minlength=strains)
    carried = genes != NO_GENE
    base = int(genes.max(initial=0)) + 1
    pair, count = np.unique(np.repeat(strain, carried.sum(axis=1)) * base + genes[carried], return_counts=True)
    strain, gene = pair // base, pair % base
    always = count == crosses[strain]
    strain, gene = strain[always], gene[always]
    first = np.searchsorted(strain, strain)
    sets[strain, np.arange(len(strain)) - first] = gene
    return sets


def query_genes(data: Genotypes) -> NDArray[np.int64]:
    """Return the genes of the query strain of every observation: int64 [n, 3], -1 alone where there is no query."""
    none = np.full((1, MAX_ORDER), NO_GENE)
    return np.vstack([query_gene_sets(data), none])[data.query]


def symmetric_rows(data: Genotypes) -> NDArray[np.bool_]:
    """Mark the crosses [n] of symmetric screens (E-MAPs), whose strains serve both as query and as array."""
    marked = np.zeros(len(data), dtype=bool)
    crossed = (data.query >= 0) & (data.array >= 0)
    for screen in np.unique(data.screen[crossed]):
        rows = crossed & (data.screen == screen)
        queries, arrays = np.unique(data.query[rows]), np.unique(data.array[rows])
        shared = np.intersect1d(queries, arrays).size
        marked[rows] = shared > 0.5 * min(queries.size, arrays.size)
    return marked


FEWEST_GROUPS = 3
"""Groups that training, validation and test need: one each."""

_CALL = PHENOTYPES.index("call")
_ADVICE = {
    "random": "give more genotypes",
    "query_disjoint": "name the queries in columns.query, give more of them, or choose the split random",
    "gene_disjoint_one": "give more genes and genotypes, or choose the split random",
    "gene_disjoint_all": "give more genes and genotypes, or choose the split random",
    "cross_screen": "give more genotypes of the screens that are not held out",
}


def one_label_calls(data: Genotypes) -> NDArray[np.bool_]:
    """Mark the calls [n] of a screen and order whose calls all have one label.

    Kuzmin et al. 2018 released digenic calls without the pairs that were tested and not called: there is nothing to
    tell such calls from, so they cannot be tested.
    """
    marked = np.zeros(len(data), dtype=bool)
    calls = np.flatnonzero(data.phenotype == _CALL)
    stratum, value = (data.screen * (data.genes.shape[1] + 1) + data.order)[calls], data.value[calls]
    for group in np.unique(stratum):
        members = stratum == group
        marked[calls[members]] = len(np.unique(value[members])) < 2
    return marked


def one_label_sentences(data: Genotypes) -> list[str]:
    """Return one sentence a screen and order whose calls only train."""
    rows = data.take(one_label_calls(data))
    found = np.unique(np.column_stack([rows.screen, rows.order, rows.value]), axis=0)
    return [
        f"screen '{data.screens[int(screen)]}': all calls of {_deletions(int(order))} have the label {value:g}, so "
        "they only train; to test them, give genotypes with the other label too."
        for screen, order, value in found
    ]


def why_empty(data: Genotypes, kind: str) -> str:
    """Return why a split of `kind` cannot fill three folds with `data`, and what to do.

    Parameters
    ----------
    data
        The observations that a split may use.
    kind
        ``random``, ``query_disjoint`` and so on.
    """
    if not len(data):
        return "the screens hold no observation that a split can use."
    testable = ~one_label_calls(data)
    if not testable.any():
        return " ".join(one_label_sentences(data))
    tested = data.take(testable)
    number, groups, held_out = _groups(tested, kind)
    if number < FEWEST_GROUPS:
        there = "there is none" if number == 0 else f"there {'is' if number == 1 else 'are'} {number}"
        return f"it needs at least {FEWEST_GROUPS} {groups}, and {there}; {_ADVICE[kind]}."
    return f"{held_out}, of {number} {groups} and {len(tested)} observations; {_ADVICE[kind]}."


def _groups(data: Genotypes, kind: str) -> tuple[int, str, str]:
    """Return how many groups a split of `kind` divides, what they are, and what a held-out one can lack."""
    if kind == "query_disjoint":
        queries = (data.query >= 0) & ~symmetric_rows(data)
        genes = np.unique(data.genes[symmetric_rows(data)])
        number = len(np.unique(genotype_codes(query_genes(data)[queries]))) + (genes != NO_GENE).sum() // 2
        return int(number), "queries", "no genotype belongs to a held-out query alone"
    if kind.startswith("gene_disjoint"):
        number = int((np.unique(data.genes) != NO_GENE).sum())
        which = "exactly one gene" if kind == "gene_disjoint_one" else "all of its genes"
        return number, "genes", f"no genotype has {which} among those held out for it"
    stratum = data.screen * (data.genes.shape[1] + 1) + data.order
    codes = genotype_codes(data.genes)
    number = max(len(np.unique(codes[stratum == value])) for value in np.unique(stratum))
    return number, "genotypes of one screen and number of deletions", "no genotype is left for it"


def _deletions(order: int) -> str:
    return f"{order} {'gene' if order == 1 else 'genes'}"


def effective_number(labels: NDArray[np.int64]) -> float:
    """Return how many groups of one size the groups of `labels` [n] are worth: (sum of n_g)^2 / sum of n_g^2.

    Kish 1965; Carter, Schnepel and Steigerwald 2017, Rev. Econ. Stat. 99:698-709: a handful of large queries is not
    made more by hundreds of single rows.
    """
    sizes = np.unique(labels, return_counts=True)[1].astype(np.float64)
    return float(sizes.sum() ** 2 / max(float(sizes @ sizes), 1.0))
