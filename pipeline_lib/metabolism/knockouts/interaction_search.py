"""Every interaction of a model's genes as a table, for scripts and notebooks: `interactions`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.metabolism.knockouts.conditions import network_on_medium, require_order, solver_in_threads
from pipeline_lib.metabolism.knockouts.gene_classes import gene_classes
from pipeline_lib.metabolism.knockouts.genotype_arrays import choose
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS
from pipeline_lib.metabolism.knockouts.interaction_scores import LADDER, NONZERO, epsilon
from pipeline_lib.metabolism.knockouts.solver import NewSolver, knockout_solver
from pipeline_lib.metabolism.knockouts.triple_tables import gene_triples
from pipeline_lib.metabolism.knockouts.triples import search_triples_by
from pipeline_lib.metabolism.media.medium import Medium
from pipeline_lib.metabolism.model.gem import Model
from pipeline_lib.metabolism.model.network import MetabolicNetwork
from pipeline_lib.metabolism.programs.flux import Method


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
