"""Lethal sets of genes as a table, for scripts and notebooks: `lethal_sets`."""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.blocked_sets import deletions_of
from pipeline_lib.metabolism.knockouts.conditions import network_on_medium, solver_in_threads
from pipeline_lib.metabolism.knockouts.gene_classes import gene_classes
from pipeline_lib.metabolism.knockouts.lethal_search import LethalSearch
from pipeline_lib.metabolism.knockouts.solver import NewSolver
from pipeline_lib.metabolism.media.medium import Medium
from pipeline_lib.metabolism.model.gem import Model
from pipeline_lib.metabolism.model.network import MetabolicNetwork
from pipeline_lib.metabolism.programs.flux import FluxBalance
from pipeline_lib.metabolism.programs.survival import SurvivalProblem
from pipeline_lib.metabolism.programs.wild_type import reduce_growing_network

CUTOFF = 0.01
"""Part of the wild type's growth below which a genotype is lethal (Pratapa et al., Bioinformatics 31:3299, 2015)."""


def lethal_sets(
    model: Model,
    order: int = 2,
    *,
    cutoff: float = CUTOFF,
    medium: Medium = "model",
    background: Sequence[str] = (),
    threads: int | None = None,
    kept: Path | str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Find every minimal lethal set of at most `order` genes, exactly.

    Parameters
    ----------
    model, medium, background, threads, progress
        As in `pipeline_lib.metabolism.knockout_growth`.
    order
        Greatest number of genes; any.
    cutoff
        Growth over the wild type's below which a genotype counts as lethal.
    kept
        Folder where solved batches are kept until the work ends: a search that was stopped takes up their results and
        solves nothing twice.

    Returns
    -------
    DataFrame
        genes (tuple of ids, sorted as text), order; no set holds another. ``attrs``: ``wild_type_growth`` (1/h),
        ``programs_solved``.

    Raises
    ------
    PipelineError
        When the model, the medium or the background is at fault, the wild type does not grow, the order or the cutoff
        is out of range, or the solver gave up on a genotype.
    """
    if not isinstance(order, int) or order < 1:
        raise PipelineError(f"the order is a number of deleted genes, at least 1, not {order!r}.")
    if not 0 < cutoff < 1:
        raise PipelineError(f"the cutoff is a part of the wild type's growth between 0 and 1, not {cutoff}.")
    network = network_on_medium(model, medium, background)
    new_solver = solver_in_threads(threads, Path(kept) if kept is not None else None, progress=progress)
    return find_lethal_sets(network, order, cutoff, new_solver)


def find_lethal_sets(network: MetabolicNetwork, order: int, cutoff: float, new_solver: NewSolver) -> pd.DataFrame:
    """Do `lethal_sets` on a network, with the solver that `new_solver` makes."""
    reduced = reduce_growing_network(network)
    wild_type = FluxBalance(reduced).solve(np.empty(0, dtype=np.int32), None).growth
    deletions = deletions_of(network, reduced, order)
    problem = SurvivalProblem(reduced, "fba", cutoff * wild_type, wild_type)
    with new_solver(problem) as solver:
        search = LethalSearch(deletions, solver, problem.threshold)
        for number in range(1, order + 1):
            search.find(number, solver.console)
        programs = solver.solved
    members = [[network.genes[gene] for gene in genes] for genes in gene_classes(deletions).members]
    found = list(_gene_sets(search.lethal, members))
    found.sort(key=lambda genes: (len(genes), genes))
    table = pd.DataFrame({"genes": pd.Series(found, dtype=object), "order": [len(genes) for genes in found]})
    table.attrs = {"wild_type_growth": wild_type, "programs_solved": programs}
    return table


def _gene_sets(sets: Sequence[tuple[int, ...]], members: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the sets of genes that sets of classes stand for: one gene of each class."""
    for classes in sets:
        for genes in product(*(members[one] for one in classes)):
            yield tuple(sorted(genes))
