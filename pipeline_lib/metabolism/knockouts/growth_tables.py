"""Growth and interactions of knockouts as tables, for scripts and notebooks: `knockout_growth` and `interactions`."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.conditions import (
    gene_lists,
    genotypes_of_names,
    network_on_medium,
    require_order,
    solver_in_threads,
)
from pipeline_lib.metabolism.knockouts.genotypes import (
    LADDER,
    NO_GENE,
    NONZERO,
    choose,
    epsilon,
    interaction_scores,
    tau,
)
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS, Growths, gene_classes
from pipeline_lib.metabolism.knockouts.solver import KnockoutSolver, NewSolver, knockout_solver
from pipeline_lib.metabolism.knockouts.triples import gene_triples, search_triples_by
from pipeline_lib.metabolism.medium import Medium
from pipeline_lib.metabolism.model.gem import Model
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.linear_program import STATUSES
from pipeline_lib.metabolism.programs.wild_type import Method, unique_sets

_ROWS_AT_ONCE = 500_000


def knockout_growth(
    model: Model,
    genotypes: Iterable[Iterable[str]] | None = None,
    *,
    order: int | None = None,
    medium: Medium = "model",
    background: Sequence[str] = (),
    method: Method = "fba",
    threads: int | None = None,
    kept: Path | str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Compute the exact growth of gene deletions.

    Genotypes that shut the same fluxes share one linear program, what an optimum does not carry needs none, and what is
    lethal stays lethal: a program is solved for one pair in a hundred and one triple in a thousand.

    Parameters
    ----------
    model
        A `cobra.Model`, the path of a model's file, ``cobra:textbook``, or what `read_gem` returned.
    genotypes
        One to three gene ids each.
    order
        In their place: every genotype of one to so many of the model's genes. Three genes of a genome-scale model are
        hundreds of millions of rows: `write_knockout_growth` writes them to a file, and `interactions` lists those that
        interact.
    medium
        ``"model"`` (its own bounds), a named medium (``"minimal"``, ``"synthetic_complete"``, ``"sga_dm"``,
        ``"sga_tm"``, ``"ypd_like"``, ...) or exchange reaction to greatest uptake, mmol/gDW/h.
    background
        Genes that every strain lacks, the wild type too: gene ids, or names of
        `pipeline_lib.metabolism.model.gem.STRAINS`.
    method
        'fba': greatest growth; 'moma': growth of the fluxes nearest to the wild type's.
    threads
        Programs that are solved at once; None: one a CPU. The result does not depend on it.
    kept
        Folder where solved batches are kept until the work ends, so that a stopped run can be taken up.
    progress
        Whether to show progress on the standard error.

    Returns
    -------
    DataFrame
        genes (tuple of ids, sorted as text), order, growth (1/h), fitness (wild type = 1), epsilon (of pairs), tau (of
        triples), status ('optimal', 'infeasible': no steady state, growth 0, or 'failed': growth NaN) and program: the
        number of the linear program whose optimum the genotype has, 0 for the wild type's. ``attrs``:
        ``wild_type_growth`` (1/h),
        ``programs_solved``.

    Raises
    ------
    PipelineError
        When the model, the medium, the background or a genotype is at fault, or the wild type does not grow.
    """
    if (genotypes is None) == (order is None):
        raise PipelineError("give either genotypes, lists of gene ids, or an order, the number of deleted genes.")
    if order is not None:
        require_order(order)
    network = network_on_medium(model, medium, background)
    new_solver = solver_in_threads(threads, Path(kept) if kept is not None else None, progress=progress)
    if genotypes is not None:
        wanted = genotypes_of_names(genotypes, network.genes)
        with knockout_solver(network, wanted.shape[1], method, new_solver) as solver:
            growths = solver.cover(wanted)
        parts = [_table(growths, wanted, growths.find(wanted))]
    elif order is not None:
        with knockout_solver(network, order, method, new_solver) as solver:
            parts = list(_tables(solver, order))
    table = pd.concat(parts, ignore_index=True)
    table.attrs = _about(solver.growths)
    return table


def write_knockout_growth(
    output: Path | str,
    model: Model,
    *,
    order: int,
    medium: Medium = "model",
    background: Sequence[str] = (),
    method: Method = "fba",
    threads: int | None = None,
    kept: Path | str | None = None,
    progress: bool = True,
) -> dict[str, float]:
    """Write the growth of every genotype of one to `order` of a model's genes to a parquet file, part by part.

    The memory that it takes does not grow with the number of triples. The file appears when it is complete.

    Parameters
    ----------
    output
        The parquet file; its columns are those of `knockout_growth`, genes as a list.
    model, order, medium, background, method, threads, kept, progress
        As in `knockout_growth`.

    Returns
    -------
    dict
        rows, wild_type_growth (1/h), programs_solved.

    Raises
    ------
    PipelineError
        As in `knockout_growth`.
    """
    require_order(order)
    network = network_on_medium(model, medium, background)
    new_solver = solver_in_threads(threads, Path(kept) if kept is not None else None, progress=progress)
    rows = 0
    with (
        knockout_solver(network, order, method, new_solver) as solver,
        atomic_path(output) as temporary,
        pq.ParquetWriter(temporary, _SCHEMA, compression="zstd") as writer,
    ):
        for part in _tables(solver, order):
            writer.write_table(pa.Table.from_pandas(part, _SCHEMA, preserve_index=False))
            rows += len(part)
    return {"rows": rows, **_about(solver.growths)}


def _about(growths: Growths) -> dict[Any, float]:
    return {"wild_type_growth": growths.wild_type, "programs_solved": len(growths.optima)}


_SCHEMA = pa.schema(
    [
        ("genes", pa.list_(pa.string())),
        ("order", pa.int64()),
        ("growth", pa.float64()),
        ("fitness", pa.float64()),
        ("epsilon", pa.float64()),
        ("tau", pa.float64()),
        ("status", pa.string()),
        ("program", pa.int64()),
    ]
)


def _tables(solver: KnockoutSolver, order: int) -> Iterator[pd.DataFrame]:
    """Yield the genotypes of one to `order` of the model's genes; of three, those with the same first gene together."""
    deletions = solver.growths.deletions
    genes = deletions.network.gem_genes
    representatives = gene_classes(deletions).representatives
    for number in range(1, min(order, 2) + 1):
        growths = solver.cover(choose(representatives, number))
        every = choose(genes, number)
        for at in range(0, len(every), _ROWS_AT_ONCE):
            part = every[at : at + _ROWS_AT_ONCE]
            yield _table(growths, part, growths.find(part))
    if order == 3:
        for first in range(len(genes) - 2):
            pairs = choose(genes[first + 1 :], 2)
            triples = np.concatenate([np.full((len(pairs), 1), genes[first]), pairs], axis=1)
            for at in range(0, len(triples), _ROWS_AT_ONCE):
                part = triples[at : at + _ROWS_AT_ONCE]
                optimum = _optima_of_triples(solver, part)
                yield _table(solver.growths, part, optimum)


def _optima_of_triples(solver: KnockoutSolver, triples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the optimum of each triple, int64 [n]; they are not kept."""
    canonical = solver.growths.deletions.canonical(triples)
    first, inverse = unique_sets(canonical.view(np.uint64))
    distinct = canonical[first]
    whole = (distinct != NO_GENE).all(axis=1)
    optimum = np.empty(len(distinct), dtype=np.int64)
    optimum[~whole] = solver.growths.find(distinct[~whole])
    if whole.any():
        optimum[whole] = solver.resolve(distinct[whole])
    return optimum[inverse]


def _table(growths: Growths, genotypes: NDArray[np.int64], optimum: NDArray[np.int64]) -> pd.DataFrame:
    order = (genotypes != NO_GENE).sum(axis=1)
    fitness = growths.fitness_of(optimum)
    epsilons, taus = np.full(len(genotypes), np.nan), np.full(len(genotypes), np.nan)
    pairs, triples = np.flatnonzero(order == 2), np.flatnonzero(order == 3)
    epsilons[pairs] = interaction_scores(genotypes[pairs], growths.fitness, FITNESS_DECIMALS - 1)
    if len(triples):
        of = genotypes[triples]
        doubles = (growths.fitness(of[:, list(two)]) for two in ((0, 1), (0, 2), (1, 2)))
        singles = (growths.fitness(of[:, [one]]) for one in range(3))
        taus[triples] = np.round(tau(fitness[triples], *doubles, *singles), FITNESS_DECIMALS - 1) + 0.0
    return pd.DataFrame(
        {
            "genes": gene_lists(genotypes, growths.deletions.network.genes).map(tuple),
            "order": order,
            "growth": growths.optima.growth[optimum],
            "fitness": fitness,
            "epsilon": epsilons,
            "tau": taus,
            "status": np.array(STATUSES)[growths.optima.status[optimum]],
            "program": optimum,
        }
    )


def interactions(
    model: Model,
    order: int = 2,
    *,
    threshold: float = LADDER[-1],
    medium: Medium = "model",
    background: Sequence[str] = (),
    method: Method = "fba",
    threads: int | None = None,
    kept: Path | str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Find every digenic or trigenic interaction of a model's genes.

    Parameters
    ----------
    model, medium, background, method, threads, kept, progress
        As in `pipeline_lib.metabolism.knockout_growth`.
    order
        2: epsilon of every pair; 3: tau of every triple.
    threshold
        Smallest size of an interaction that is listed; the default is that of published screens. What lies below 1e-6
        is rounding.

    Returns
    -------
    DataFrame
        genes (tuple of ids, sorted as text), fitness (wild type = 1), epsilon or tau, and of triples
        foretold (whether a pair of them interacts); the largest first. ``attrs["counts"]``: how many are larger than
        each step of `LADDER`.

    Raises
    ------
    PipelineError
        When the model, the medium or the background is at fault, or the wild type does not grow.
    """
    require_order(order, least=2)
    network = network_on_medium(model, medium, background)
    new_solver = solver_in_threads(threads, Path(kept) if kept is not None else None, progress=progress)
    name = "epsilon" if order == 2 else "tau"
    found = _pairs(network, method, new_solver) if order == 2 else _triples(network, method, new_solver)
    counts = interaction_ladder(found[name].to_numpy(np.float64))
    size = found[name].abs()
    kept_rows = found[size > max(threshold, NONZERO)]
    listed = kept_rows.loc[size[kept_rows.index].sort_values(ascending=False, kind="stable").index]
    names = np.array(network.genes, dtype=object)
    genes = names[listed[[f"gene{at}" for at in range(order)]].to_numpy(np.int64)]
    columns = [column for column in found.columns if not column.startswith("gene")]
    table = listed[columns].reset_index(drop=True)
    table.insert(0, "genes", pd.Series([tuple(sorted(row)) for row in genes.tolist()], dtype=object))
    table.attrs["counts"] = counts
    return table


def interaction_ladder(sizes: NDArray[np.float64]) -> dict[str, int]:
    """Count the interactions that are larger than each step of `LADDER`; the first counts all above rounding."""
    return {f"{step:g}": int((np.abs(sizes) > step).sum()) for step in LADDER}


def _pairs(network: MetabolicNetwork, method: Method, new_solver: NewSolver) -> pd.DataFrame:
    with knockout_solver(network, 2, method, new_solver) as solver:
        representatives = gene_classes(solver.growths.deletions).representatives
        solver.cover(choose(representatives, 1))
        growths = solver.cover(choose(representatives, 2))
    pairs = choose(network.gem_genes, 2)
    fitness = growths.fitness(pairs)
    single = np.full(len(network.genes), np.nan)
    single[network.gem_genes] = growths.fitness(network.gem_genes[:, None])
    value = np.round(epsilon(fitness, *single[pairs].T), FITNESS_DECIMALS - 1) + 0.0
    return pd.DataFrame({"gene0": pairs[:, 0], "gene1": pairs[:, 1], "fitness": fitness, "epsilon": value})


def _triples(network: MetabolicNetwork, method: Method, new_solver: NewSolver) -> pd.DataFrame:
    table = gene_triples(search_triples_by(network, method, new_solver))
    return table.rename(columns={"first": "gene0", "second": "gene1", "third": "gene2"})
