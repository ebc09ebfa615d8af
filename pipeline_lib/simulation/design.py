"""Which strains a simulated screen has, what they are called, and which crosses it makes.

Flux balance analysis leaves most deletions without effect and most interactions at zero, so a screen drawn at random
would hold no signal. As in the real trigenic screens, whose queries were chosen by their digenic interactions, genes
that interact are preferred; how much is a setting, and the truth of every cross is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import choose, epsilon
from pipeline_lib.metabolism.knockouts.growths import Growths

SIGNAL = 0.02
"""Digenic interaction from which on two genes count as interacting."""

_FEWEST_QUERIES = 60
_MOST_INTERACTING = 2 / 3


@dataclass(frozen=True)
class ScreenDesign:
    """Strains and crosses; genes are indices of the gene table.

    Attributes
    ----------
    arrays
        int64 [a], ascending.
    controls
        int64 [c], ascending: the genes of the single-mutant queries, each beside the neutral control.
    queries
        int64 [q, 2], ascending in each row: the double-mutant queries.
    digenic
        int64 [d, 2]: position in `controls`, position in `arrays`.
    trigenic
        int64 [t, 2]: position in `queries`, position in `arrays`.
    """

    arrays: NDArray[np.int64]
    controls: NDArray[np.int64]
    queries: NDArray[np.int64]
    digenic: NDArray[np.int64]
    trigenic: NDArray[np.int64]

    @property
    def pairs(self) -> NDArray[np.int64]:
        """Genotype of each digenic row, int64 [d, 2]: query gene, array gene."""
        return np.stack([self.controls[self.digenic[:, 0]], self.arrays[self.digenic[:, 1]]], axis=1)

    @property
    def triples(self) -> NDArray[np.int64]:
        """Genotype of each trigenic row, int64 [t, 3]: query genes, array gene."""
        return np.column_stack([self.queries[self.trigenic[:, 0]], self.arrays[self.trigenic[:, 1]]])


def viable_genes(growths: Growths, genes: NDArray[np.int64], least_fitness: float) -> NDArray[np.int64]:
    """Return the genes whose single mutants are fit enough for a strain.

    Raises
    ------
    PipelineError
        When fewer than three are.
    """
    viable = genes[growths.fitness(genes[:, None]) >= least_fitness]
    if len(viable) < 3:
        raise PipelineError(
            f"only {len(viable)} genes have a fitness of {least_fitness:g} or more; lower least_fitness."
        )
    return viable


def design_screen(
    growths: Growths, viable: NDArray[np.int64], settings: SimulationSettings, random: np.random.Generator
) -> ScreenDesign:
    """Choose strains and crosses.

    Parameters
    ----------
    growths
        Holds all pairs of the viable genes.
    viable
        int64 [v], ascending.
    settings
        Sizes of the screen.
    random
        Decides every draw.
    """
    fitness = growths.fitness(viable[:, None])
    doubles = choose(np.arange(len(viable)), 2)
    double_fitness = growths.fitness(viable[doubles])
    first, second = doubles.T
    interacting = np.zeros((len(viable), len(viable)), dtype=bool)
    interacting[first, second] = np.abs(epsilon(double_fitness, fitness[first], fitness[second])) > SIGNAL
    interacting |= interacting.T
    arrays = _draw_arrays(np.flatnonzero(interacting.any(axis=1)), len(viable), settings.arrays, random)
    possible = doubles[double_fitness >= settings.least_fitness]
    count = _number_of_queries(settings, len(arrays), len(possible))
    kinship = growths.deletions.canonical(viable[possible])
    queries = possible[_draw_queries(possible, interacting, arrays, kinship, count, settings.enriched, random)]
    needed = np.unique(queries)
    controls = np.union1d(needed, arrays) if settings.pairs == "all" or not len(needed) else needed
    return ScreenDesign(
        arrays=viable[arrays],
        controls=viable[controls],
        queries=viable[queries],
        digenic=_digenic_crosses(controls, needed, arrays),
        trigenic=_trigenic_crosses(queries, arrays, settings.triples, random),
    )


def _draw_arrays(interact: NDArray[np.int64], viable: int, most: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return positions of array genes, ascending: those that `interact` up to two thirds, the rest from all others."""
    if viable <= most:
        return np.arange(viable)
    preferred = random.permutation(interact)[: int(_MOST_INTERACTING * most)]
    rest = np.setdiff1d(np.arange(viable), preferred)
    return np.sort(np.concatenate([preferred, random.choice(rest, most - len(preferred), replace=False)]))


def _number_of_queries(settings: SimulationSettings, arrays: int, possible: int) -> int:
    if settings.triples == 0:
        return 0
    # A query is crossed with every array strain but those of its own two genes.
    needed = -(-settings.triples // max(arrays - 2, 1))
    return min(settings.queries or max(_FEWEST_QUERIES, needed), possible)


def _draw_queries(
    possible: NDArray[np.int64],
    interacting: NDArray[np.bool_],
    arrays: NDArray[np.int64],
    kinship: NDArray[np.int64],
    count: int,
    enriched: float,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the positions in `possible` of `count` double-mutant queries, ascending.

    A trigenic interaction needs two of the three digenic ones (but for redundancy of three genes). Enriched queries
    are drawn in proportion to the number of array genes with which that is so; pairs that the model cannot tell apart
    share their chance, or the largest enzyme complex would fill the screen.
    """
    links = interacting[:, arrays].astype(np.float32)
    first, second = possible.T
    both = (links @ links.T)[first, second]
    either = links.sum(axis=1)[first] + links.sum(axis=1)[second] - both
    hits = np.where(interacting[first, second], either, both)
    _, kind, size = np.unique(kinship, axis=0, return_inverse=True, return_counts=True)
    promising = np.flatnonzero(hits > 0)
    wanted = min(round(enriched * count), len(promising))
    # Adding Gumbel noise to log weights and taking the greatest draws by weight without replacement.
    weight = np.log(hits[promising] / size[kind.ravel()[promising]]) + random.gumbel(size=len(promising))
    chosen = promising[np.argsort(-weight, kind="stable")[:wanted]]
    rest = np.setdiff1d(np.arange(len(possible)), chosen)
    return np.sort(np.concatenate([chosen, random.choice(rest, count - len(chosen), replace=False)]))


def _digenic_crosses(
    controls: NDArray[np.int64], needed: NDArray[np.int64], arrays: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Cross the control queries with the array.

    Those `needed` by double-mutant queries meet the whole array; the others only the genes that no control query has
    met, so that each pair is made once.
    """
    query, array = _grid(len(controls), len(arrays))
    one, other = controls[query], arrays[array]
    made = np.isin(one, needed) | (~np.isin(other, needed) & (one < other))
    return np.asarray(np.stack([query, array], axis=1)[(one != other) & made])


def _trigenic_crosses(
    queries: NDArray[np.int64], arrays: NDArray[np.int64], most: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Cross every double-mutant query with the array, and keep `most` of the crosses."""
    query, array = _grid(len(queries), len(arrays))
    crosses: NDArray[np.int64] = np.stack([query, array], axis=1)[
        (queries[query] != arrays[array][:, None]).all(axis=1)
    ]
    if len(crosses) <= most:
        return crosses
    return np.asarray(crosses[np.sort(random.choice(len(crosses), most, replace=False))])


def _grid(queries: int, arrays: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of every query and array strain crossed, query by query."""
    return np.repeat(np.arange(queries), arrays), np.tile(np.arange(arrays), queries)


NEUTRAL_CONTROL = "YDL227C"
"""HO, the neutral marker beside a single mutation in trigenic query strains; of other organisms' genes too."""

_DELTA = "Δ"
_CONTROL_ALLELE = f"ho{_DELTA}"


@dataclass(frozen=True)
class StrainNames:
    """Ids and allele names of strains, str [n] each."""

    ids: NDArray[np.str_]
    alleles: NDArray[np.str_]


def allele_names(genes: pd.DataFrame, index: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the deletion alleles' names of genes, as in ``sla1Δ``."""
    return np.array([f"{name.lower()}{_DELTA}" for name in genes["name"].to_numpy()[index]], dtype=str)


def deletion_strains(genes: pd.DataFrame, index: NDArray[np.int64], suffix: str) -> StrainNames:
    """Name single deletion strains, as in ``YBL007C_dma91``; `suffix`: ``dma`` for array, ``sn`` for query strains."""
    return StrainNames(_numbered(genes["gene"].to_numpy()[index], suffix), allele_names(genes, index))


def control_strains(genes: pd.DataFrame, index: NDArray[np.int64], first: int) -> StrainNames:
    """Name single-mutant control queries, as in ``YAL015C+YDL227C_tm461``, numbered from `first`."""
    orfs = [f"{gene}+{NEUTRAL_CONTROL}" for gene in genes["gene"].to_numpy()[index]]
    alleles = [f"{allele}+{_CONTROL_ALLELE}" for allele in allele_names(genes, index)]
    return StrainNames(_numbered(orfs, "tm", first), np.array(alleles, dtype=str))


def double_strains(genes: pd.DataFrame, index: NDArray[np.int64], first: int) -> StrainNames:
    """Name double-mutant queries (int64 [n, 2]), as in ``YAL015C+YOL043C_tm72``, numbered from `first`."""
    names = genes["gene"].to_numpy()
    orfs = [f"{names[one]}+{names[other]}" for one, other in index.tolist()]
    pairs = zip(allele_names(genes, index[:, 0]), allele_names(genes, index[:, 1]), strict=True)
    return StrainNames(_numbered(orfs, "tm", first), np.array([f"{one}+{other}" for one, other in pairs], dtype=str))


def _numbered(orfs: Sequence[str] | NDArray[np.object_], suffix: str, first: int = 1) -> NDArray[np.str_]:
    return np.array([f"{orf}_{suffix}{number}" for number, orf in enumerate(orfs, start=first)], dtype=str)


def costanzo_strains(
    genes: pd.DataFrame,
    index: NDArray[np.int64],
    *,
    essential: NDArray[np.bool_],
    damp: NDArray[np.bool_],
    role: Literal["query", "array"],
) -> StrainNames:
    """Name the strains of a pairwise screen, as in ``YAL002W_sn273``, ``YAL001C_tsq508`` or ``YAL001C_damp174``.

    Parameters
    ----------
    genes
        The gene table.
    index
        int64 [n]: one gene a strain.
    essential, damp
        bool [n]: strains with a temperature-sensitive, and with a DAmP allele; the others carry a deletion.
    role
        Query strains carry ``sn`` and ``tsq``, array strains ``dma`` and ``tsa``.
    """
    deletion, sensitive = ("sn", "tsq") if role == "query" else ("dma", "tsa")
    suffix = np.where(damp, "damp", np.where(essential, sensitive, deletion))
    orfs, names = genes["gene"].to_numpy()[index], genes["name"].str.lower().to_numpy()[index]
    endings = np.where(damp, "_damp", np.where(essential, "-1", _DELTA))
    ids = [f"{orf}_{kind}{number}" for number, (orf, kind) in enumerate(zip(orfs, suffix, strict=True), start=1)]
    alleles = [f"{name}{ending}" for name, ending in zip(names, endings, strict=True)]
    return StrainNames(np.array(ids, dtype=str), np.array(alleles, dtype=str))
