"""The observations as arrays, with what only the statistics need, and raw interactions made up of other phenotypes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.artefacts.schemas import OBSERVATIONS
from pipeline_lib.artefacts.tables import read_batches
from pipeline_lib.cell.genotypes import (
    ENCODED,
    GENE_LISTS,
    MAX_ORDER,
    NO_GENE,
    GenotypeEncoder,
    Genotypes,
    Texts,
    gene_positions,
    numbers,
    one_chunk,
)
from pipeline_lib.cell.testable import genotype_codes, only_genes, symmetric_rows
from pipeline_lib.config.screen_readers import ScreenScores

Floats = NDArray[np.float64]

_NULL_ALLELES = ("deletion", "unspecified")


@dataclass(frozen=True)
class Measurements:
    """Observations [n] as arrays.

    Attributes
    ----------
    genotypes
        Genes, screens, phenotypes, queries, arrays, values and SDs as arrays.
    genotype
        int64 [n]: equal where the sets of deleted genes are equal.
    symmetric
        bool [n]: the screen's strains serve both as query and as array (an E-MAP).
    p_released
        float64 [n]: the P-value as released, NaN where there is none.
    p_value
        float64 [n]: the two-sided P-value, NaN where there is none.
    p_call
        float64 [n]: the P-value that calls an interaction, as released. The releases give an adjusted score no P-value
        of its own: the published thresholds take that of its raw score (Kuzmin et al. 2018, "tau < -0.08, P < 0.05").
    p_sided
        float64 [n]: 1 or 2, how many sides the released P-value (or that of the raw score) has; NaN: none is known.
    copied
        bool [n]: the row gives an earlier row's measurement of the same strain again, with the same value and SD.
    altered
        bool [n]: some gene is not deleted but altered (temperature-sensitive, DAmP, point mutant, ...), so that
        strains of one genotype may differ in allele.
    condition
        int64 [n]: equal where the condition of the measurement is; 0 throughout a run without conditions.
    fdr
        float64 [n]: the false discovery rate as released, NaN where there is none.
    p_of_raw
        bool [n]: the P-value is that of a raw score that the screen does not hold
        (`pipeline_lib.evaluation.p_values.predicted`).
    truth
        float64 [n]: the noise-free value of a simulated genotype (`pipeline_lib.evaluation.folds`), NaN elsewhere.
    gene_names
        Systematic names, by gene index.
    scores
        How the scores of each screen are to be read, by its name.
    """

    genotypes: Genotypes
    genotype: NDArray[np.int64]
    symmetric: NDArray[np.bool_]
    p_released: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_call: NDArray[np.float64]
    p_sided: NDArray[np.float64]
    copied: NDArray[np.bool_]
    altered: NDArray[np.bool_]
    condition: NDArray[np.int64]
    fdr: NDArray[np.float64]
    p_of_raw: NDArray[np.bool_]
    truth: NDArray[np.float64]
    gene_names: tuple[str, ...]
    scores: Mapping[str, ScreenScores]

    def __len__(self) -> int:
        return len(self.genotypes)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Measurements":
        """Return the observations at `rows` (positions or a mask)."""
        return replace(
            self,
            genotypes=self.genotypes.take(rows),
            genotype=self.genotype[rows],
            symmetric=self.symmetric[rows],
            p_released=self.p_released[rows],
            p_value=self.p_value[rows],
            p_call=self.p_call[rows],
            p_sided=self.p_sided[rows],
            copied=self.copied[rows],
            altered=self.altered[rows],
            condition=self.condition[rows],
            fdr=self.fdr[rows],
            p_of_raw=self.p_of_raw[rows],
            truth=self.truth[rows],
        )

    def assays(self) -> list[tuple[str, str, NDArray[np.int64]]]:
        """Return (screen, phenotype, rows) of every assay."""
        data = self.genotypes
        return [(data.screens[screen], PHENOTYPES[phenotype], rows) for screen, phenotype, rows in data.assays()]

    def scores_of(self, screen: str) -> ScreenScores:
        """Return how the scores of a screen are to be read; without a word on it, they have no unit and no calls."""
        return self.scores.get(screen, ScreenScores())


def by_genotype(data: Measurements, genes: pd.Series, values: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """Return the value of every observation's genotype [n], NaN where there is none.

    Parameters
    ----------
    data
        The observations.
    genes
        One list of systematic names a genotype, length m.
    values
        float64 [m]; of a genotype that is listed twice, the first counts.
    where
        The file that `genes` stem from, for errors.

    Raises
    ------
    PipelineError
        When a gene is not in the index of `data`.
    """
    index = pd.DataFrame({"gene_index": np.arange(len(data.gene_names)), "gene": data.gene_names})
    codes = genotype_codes(np.vstack([gene_positions(index, genes, where), data.genotypes.genes]))
    known = pd.Series(values, index=codes[: len(values)])
    return np.asarray(known[~known.index.duplicated()].reindex(codes[len(values) :]), dtype=np.float64)


def two_sided(p_value: NDArray[np.float64], sided: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return two-sided P-values [n]: a one-sided P in the direction of the effect is at most 0.5 and is doubled.

    `sided` is 1 or 2; an unknown sidedness (NaN) counts as two-sided.
    """
    return np.where(sided == 1, np.minimum(2.0 * p_value, 1.0), p_value)


def read_measurements(
    path: Path | str, genes: pd.DataFrame | None = None, scores: Mapping[str, ScreenScores] | None = None
) -> Measurements:
    """Read ``observations.parquet``.

    Parameters
    ----------
    path
        A table that keeps `pipeline_lib.artefacts.schemas.OBSERVATIONS`.
    genes
        The gene table, whose indices the genotypes then carry. None: the genes of the observations are numbered in
        the order of their names.
    scores
        How the scores of each screen are to be read. None: no unit is known and nothing is called.

    Raises
    ------
    PipelineError
        When the file is missing, breaks its contract, or names a gene that is not in the index.
    """
    index = _genes_of(read_batches(path, OBSERVATIONS, ["genes"])) if genes is None else genes
    return _encoded(read_batches(path, OBSERVATIONS, _READ), index, str(path), scores or {})


def from_table(
    frame: pd.DataFrame, genes: pd.DataFrame, where: str, scores: Mapping[str, ScreenScores]
) -> Measurements:
    """Encode an observations table; `where` names it in errors."""
    columns = [name for name in _READ if name in frame]
    return _encoded([pa.Table.from_pandas(frame[columns], preserve_index=False)], genes, where, scores)


_ADDED = ("p_value", "raw_p_value", "p_sided", "p_value_averaged", "repeated", "fdr")
"""Columns of numbers and truth values beside those of the genotypes; some screens lack some of them."""
_READ = (*ENCODED, *_ADDED, "kinds", "condition")


def _encoded(
    parts: Iterable[pa.Table], genes: pd.DataFrame, where: str, scores: Mapping[str, ScreenScores]
) -> Measurements:
    """Encode an observations table that comes in parts: no row becomes an object of Python."""
    encoder, conditions = GenotypeEncoder(genes, where), Texts()
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in (*_ADDED, "kinds", "condition")}
    for part in parts:
        encoder.add(part)
        for name in _ADDED:
            columns[name].append(numbers(part, name))
        columns["kinds"].append(_altered(part.column("kinds")))
        columns["condition"].append(_conditions(part, conditions))
    data = encoder.genotypes()
    joined = {name: np.concatenate(columns.pop(name)) for name in list(columns)}
    released, of_raw_score, sided = (joined.pop(name) for name in ("p_value", "raw_p_value", "p_sided"))
    # The P-value that a table releases beside tau tests the raw score of the triple.
    released[~np.isnan(of_raw_score) & (data.order == MAX_ORDER)] = np.nan
    # A mean of several P-values is none.
    averaged = joined.pop("p_value_averaged") == 1
    released[averaged], of_raw_score[averaged] = np.nan, np.nan
    return Measurements(
        genotypes=data,
        genotype=genotype_codes(data.genes),
        symmetric=symmetric_rows(data),
        p_released=released,
        p_value=two_sided(released, sided),
        p_call=np.where(np.isnan(released), of_raw_score, released),
        p_sided=sided,
        copied=joined["repeated"] == 1,
        altered=joined["kinds"],
        condition=conditions.sorted()[0][joined["condition"]],
        fdr=joined["fdr"],
        p_of_raw=np.zeros(len(data), dtype=bool),
        truth=np.full(len(data), np.nan),
        gene_names=tuple(genes.sort_values("gene_index")["gene"]),
        scores=scores,
    )


def _conditions(part: pa.Table, known: Texts) -> NDArray[np.int64]:
    """Return the number of each row's condition; a screen without conditions has one of no name."""
    if "condition" not in part.column_names:
        part = part.append_column("condition", pa.nulls(part.num_rows, pa.string()))
    return known.codes(pa.chunked_array([one_chunk(part.column("condition"), pa.string()).fill_null("")]))


def _genes_of(parts: Iterable[pa.Table]) -> pd.DataFrame:
    """Return `named_genes` of a table that comes in parts."""
    unique = [pc.unique(pc.list_flatten(one_chunk(part.column("genes"), GENE_LISTS))) for part in parts]
    return _gene_table(pc.unique(pa.chunked_array(unique, type=pa.string())))


def named_genes(gene_lists: pd.Series) -> pd.DataFrame:
    """Return a gene table (`gene_index`, `gene`) of the names that occur in lists of genes."""
    return _gene_table(pc.unique(pc.list_flatten(pa.array(gene_lists, type=GENE_LISTS))))


def _gene_table(names: pa.Array) -> pd.DataFrame:
    ordered = np.sort(np.asarray(names.to_pylist(), dtype=object))
    return pd.DataFrame({"gene_index": np.arange(len(ordered)), "gene": ordered})


def gene_share(genes: NDArray[np.int64], marked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of each genotype's genes [n, 3] that are marked; `marked` is indexed by gene."""
    present = genes != NO_GENE
    return np.asarray((marked[genes] & present).sum(axis=1) / np.maximum(present.sum(axis=1), 1))


def _altered(kinds: pa.ChunkedArray) -> NDArray[np.bool_]:
    lists = one_chunk(kinds, GENE_LISTS)
    changed = ~np.asarray(pc.is_in(pc.list_flatten(lists), pa.array(_NULL_ALLELES)).fill_null(True))
    return np.bincount(np.asarray(pc.list_parent_indices(lists)), weights=changed, minlength=len(kinds)) > 0


def on_adjusted_scores(data: Measurements) -> Measurements:
    """Return the observations with the P-values of raw scores that the screen does not hold on the adjusted ones.

    A P-value of a raw score stands on the row of that score. A screen of tau alone has no such row, so its P-values
    stand on tau and are marked (`Measurements.p_of_raw`).
    """
    raw = data.genotypes.phenotype == PHENOTYPES.index("raw_interaction")
    with_raw = np.isin(data.genotypes.screen, data.genotypes.screen[raw])
    of_raw = np.isnan(data.p_released) & np.isfinite(data.p_call) & ~with_raw
    return replace(
        data,
        p_released=np.where(of_raw, data.p_call, data.p_released),
        p_value=np.where(of_raw, two_sided(data.p_call, data.p_sided), data.p_value),
        p_of_raw=of_raw,
    )


_INTERACTION, _FITNESS = (PHENOTYPES.index(name) for name in ("interaction", "fitness"))


def raw_from_parts(rows: Measurements, query: NDArray[np.int64], known: Measurements, value: Floats) -> Floats:
    """Return the raw interaction of triple mutants, float64 [n]; NaN where a part is missing.

    Parameters
    ----------
    rows
        Crosses [n] of one screen whose raw interaction is wanted.
    query
        int64 [n, 3]: genes of their query strains, ascending, then -1 (`pipeline_lib.cell.testable.query_genes`).
    known
        Observations [m] of the same screen.
    value
        float64 [m]: what may be known of each of `known`: the model's prediction, or in the training fold the
        measurement.
    """
    genes = rows.genotypes.genes
    whole = (genes != NO_GENE).all(axis=1) & ((query != NO_GENE).sum(axis=1) == MAX_ORDER - 1)
    result = np.full(len(rows), np.nan)
    if not whole.any():
        return result
    genes, query = genes[whole], query[whole]
    array = np.where((genes[:, :, None] == query[:, None, :]).any(axis=2), 0, genes).sum(axis=1)
    first, second = query[:, 0], query[:, 1]
    wanted = [_sorted(genes), *(_sorted(g, array) for g in (first, second)), *(_sorted(g) for g in (first, second))]
    codes = genotype_codes(np.concatenate([known.genotypes.genes, *wanted]))
    ours, *parts = np.split(codes, len(known) + len(genes) * np.arange(len(wanted)))
    phenotype = known.genotypes.phenotype
    interaction, fitness = (
        pd.Series(value[phenotype == code]).groupby(ours[phenotype == code]).mean() for code in (_INTERACTION, _FITNESS)
    )
    tau, epsilon_first, epsilon_second = (interaction.reindex(part).to_numpy(np.float64) for part in parts[:3])
    fitness_first, fitness_second = (fitness.reindex(part).to_numpy(np.float64) for part in parts[3:])
    result[whole] = tau + epsilon_first * fitness_second + epsilon_second * fitness_first
    return result


def raw_from_fitness(
    rows: Measurements, query: NDArray[np.int64], fitness: Floats, known: Measurements, value: Floats
) -> Floats:
    """Return the raw interaction of crosses, f(cross) - f(query strain) f(array strain), NaN where a part is missing.

    The fitness of a strain is that of the same strain, else of the same genes; in the same screen, else, as a mean, in
    the others whose fitness is in the same unit.

    Parameters
    ----------
    rows
        Crosses [n] of one screen whose raw interaction is wanted.
    query
        int64 [n, 3]: genes of their query strains (`pipeline_lib.cell.testable.query_genes`).
    fitness
        float64 [n]: the predicted fitness of the crosses.
    known, value
        Observations [m] of any screen and, float64 [m], what may be known of each, as in `raw_from_parts`.

    Returns
    -------
    float64 [n]
        In the unit of the screen's fitness.
    """
    if not len(rows):
        return np.empty(0)
    screen, genes = rows.genotypes.screen[0], rows.genotypes.genes
    of_query = (genes[:, :, None] == query[:, None, :]).any(axis=2) & (genes != NO_GENE)
    strains = known.take(chosen := _comparable_strains(known, screen))
    first, second = (
        _strain_fitness(strain, only_genes(genes, wanted), screen, strains, value[chosen])
        for strain, wanted in ((rows.genotypes.query, of_query), (rows.genotypes.array, ~of_query))
    )
    if rows.scores_of(rows.genotypes.screens[screen]).controls_as_wild_type:
        first = np.where(of_query.sum(axis=1) == 1, 1.0, first)
    return np.asarray(np.where(of_query.any(axis=1), fitness - first * second, np.nan))


def _comparable_strains(data: Measurements, screen: int) -> NDArray[np.int64]:
    """Return the fitness of strains, not of crosses: of the screen itself, and of others that measure the same."""
    ours = data.scores_of(data.genotypes.screens[screen])
    found = [np.empty(0, dtype=np.int64)]
    for other, phenotype, rows in data.assays():
        theirs, value = data.scores_of(other), data.genotypes.value[rows]
        # A list of essential genes has fitness of 0 and 1 alone: it is no measurement in these units.
        same = ours.unit is not None and ours.unit == theirs.unit and not np.isin(value, (0, 1)).all()
        own = other == data.genotypes.screens[screen]
        if phenotype == "fitness" and (own or (same and ours.simulated == theirs.simulated)):
            found.append(rows[~are_crosses(data)[rows]])
    return np.concatenate(found)


def are_crosses(data: Measurements) -> NDArray[np.bool_]:
    """Mark the observations [n] of a query strain mated with an array strain."""
    return (data.genotypes.query >= 0) & (data.genotypes.array >= 0)


def _strain_fitness(
    strain: NDArray[np.int64], genes: NDArray[np.int64], screen: int, known: Measurements, value: Floats
) -> Floats:
    """Return the fitness of strains [n] with these genes [n, 3], NaN where `value` [m] of `known` holds none."""
    data = known.genotypes
    ours, wanted = np.split(genotype_codes(np.concatenate([data.genes, genes])), [len(data)])
    named = np.where(data.query >= 0, data.query, data.array)
    fitness = np.full(len(strain), np.nan)
    for among in (data.screen == screen, data.screen != screen):
        for keys, sought in ((named, strain), (ours, wanted)):
            means = pd.Series(value[among]).groupby(keys[among]).mean()
            fitness = np.where(np.isnan(fitness), means.reindex(sought).to_numpy(np.float64), fitness)
    return fitness


def _sorted(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return genotypes, int64 [n, 3], of columns of genes: ascending, then -1."""
    genes = np.sort(np.column_stack(columns), axis=1)
    return np.pad(genes, ((0, 0), (0, MAX_ORDER - genes.shape[1])), constant_values=NO_GENE)
