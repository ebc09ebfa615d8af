"""What a user of the library states: a model, a medium, a background, genotypes by name, and how to work."""

import difflib
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.genotypes import FAULTS, MAX_ORDER, genotype_faults
from pipeline_lib.metabolism.knockouts.genotype_arrays import NO_GENE
from pipeline_lib.metabolism.knockouts.solver import NewSolver
from pipeline_lib.metabolism.media.medium import Medium, with_medium
from pipeline_lib.metabolism.model.background import with_background
from pipeline_lib.metabolism.model.gem import Model, gem_of
from pipeline_lib.metabolism.model.network import MetabolicNetwork, network_of
from pipeline_lib.metabolism.programs.solving import threaded_solver


def network_on_medium(model: Model, medium: Medium = "model", background: Sequence[str] = ()) -> MetabolicNetwork:
    """Return the network of a model on a medium.

    Parameters
    ----------
    model
        A `cobra.Model`, the path of a model's file, ``cobra:textbook``, or what `read_gem` returned.
    medium
        See `pipeline_lib.metabolism.media.medium.medium_bounds`; ``"model"``: the bounds of the model.
    background
        Genes that every strain lacks, the wild type too; see `pipeline_lib.metabolism.model.background`.

    Raises
    ------
    PipelineError
        When the model cannot be read, or the medium or the background does not fit it.
    """
    return network_of(with_medium(with_background(gem_of(model), background), medium))


def genotypes_of_names(genotypes: Iterable[Iterable[str]], genes: Sequence[str]) -> NDArray[np.int64]:
    """Return genotypes as gene indices, int64 [n, k], ascending, padded with -1.

    Raises
    ------
    PipelineError
        When a gene is not in the model, or a genotype has no gene, one gene twice, or more than three; counts from 1.
    """
    index = {gene: at for at, gene in enumerate(genes)}
    named = [(one,) if isinstance(one, str) else tuple(one) for one in genotypes]
    found = np.full((len(named), max(map(len, named), default=1) or 1), NO_GENE, dtype=np.int64)
    for row, members in enumerate(named):
        unknown = [gene for gene in members if gene not in index]
        if unknown:
            near = difflib.get_close_matches(str(unknown[0]), genes, n=1, cutoff=0.0)
            raise PipelineError(
                f"genotype {row + 1} (counted from 1): the model has no gene '{unknown[0]}'; the nearest known one is "
                f"'{near[0] if near else ''}'."
            )
        found[row, : len(members)] = sorted(index[gene] for gene in members)
    faults = genotype_faults(found)
    wrong = np.flatnonzero(faults)
    if len(wrong):
        raise PipelineError(f"genotype {wrong[0] + 1} (counted from 1): {FAULTS[faults[wrong[0]]]}.")
    return found[:, : max(1, (found >= 0).sum(axis=1).max(initial=0))]


def require_order(order: int, least: int = 1, greatest: int = MAX_ORDER) -> None:
    """Refuse an order outside of `least` to `greatest`.

    Raises
    ------
    PipelineError
        When it is no whole number in that range.
    """
    if not isinstance(order, int) or not least <= order <= greatest:
        raise PipelineError(f"the order is a number of deleted genes from {least} to {greatest}, not {order!r}.")


def thread_count(threads: int | None) -> int:
    """Return the number of threads; None: one a CPU that this process may use.

    Raises
    ------
    PipelineError
        When it is below 1.
    """
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads < 1:
        raise PipelineError(f"threads must be at least 1, not {threads}.")
    return threads


def console_of(*, progress: bool) -> Console:
    """Return where progress is shown: the standard error, or nowhere."""
    return Console(stderr=True, quiet=not progress)


def solver_in_threads(threads: int | None, kept: Path | None, *, progress: bool) -> NewSolver:
    """Return what makes the solver of a problem: threads of this process, for scripts and notebooks."""
    return partial(threaded_solver, thread_count(threads), kept, console_of(progress=progress))
