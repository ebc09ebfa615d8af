"""What a user of the library states, genotypes in and out of tables, and each with the medium that it grows on."""

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.console import Console

from pipeline_lib.artefacts.schemas import OTHERS, medium_of, screens_of_media
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import FAULTS, MAX_ORDER, GeneNames, genotype_faults, genotypes_of_lists
from pipeline_lib.metabolism.knockouts.genotypes import NO_GENE, interaction_scores, sub_genotypes
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS, Growths
from pipeline_lib.metabolism.knockouts.solver import NewSolver, solve_knockouts
from pipeline_lib.metabolism.medium import Medium, network_on, with_medium
from pipeline_lib.metabolism.model.gem import Model, gem_of, with_background
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork, network_of
from pipeline_lib.metabolism.programs.solving import threaded_solver
from pipeline_lib.metabolism.programs.wild_type import Method, unique_sets


def network_on_medium(model: Model, medium: Medium = "model", background: Sequence[str] = ()) -> MetabolicNetwork:
    """Return the network of a model on a medium.

    Parameters
    ----------
    model
        A `cobra.Model`, the path of a model's file, ``cobra:textbook``, or what `read_gem` returned.
    medium
        See `pipeline_lib.metabolism.medium.medium_bounds`; ``"model"``: the bounds of the model.
    background
        Genes that every strain lacks, the wild type too; see `pipeline_lib.metabolism.model.gem`.

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


def read_genotypes(path: Path, names: GeneNames) -> NDArray[np.int64]:
    """Read the genotypes of any parquet table with a list column ``genes`` of one to three different genes a row.

    Parameters
    ----------
    path
        The table.
    names
        The gene index; systematic names, standard names and aliases in any letter case are read.

    Returns
    -------
    int64 [n, k]
        Gene indices of every row, ascending, padded with -1 on the right.

    Raises
    ------
    PipelineError
        When the table is missing, is not parquet, lacks the column, names what is no gene of the index, or has a row
        that is no genotype (`pipeline_lib.genes.names.FAULTS`); rows count from 1.
    """
    try:
        lists = pq.read_table(path, columns=["genes"])["genes"].combine_chunks()
    except FileNotFoundError as error:
        raise PipelineError(f"{path} does not exist; give a table with a list column 'genes'.") from error
    except (pa.ArrowException, OSError, KeyError) as error:
        raise PipelineError(f"{path} is no parquet table with a list column 'genes'; make it anew.") from error
    if not _is_list_of_names(lists.type):
        raise PipelineError(f"{path}: the column 'genes' holds {lists.type}, not lists of gene names; make it anew.")
    genotypes = genotypes_of_lists(
        lists.cast(pa.list_(pa.string())), names, 1, lambda row: f"{path}: row {row + 1} (counted from 1)"
    )
    return genotypes[:, : max(1, (genotypes >= 0).sum(axis=1).max(initial=0))]


def screens_of_genotypes(path: Path, rows: int) -> NDArray[np.str_]:
    """Return the column ``screen`` of a table of genotypes, str [rows]; empty texts where it has none."""
    if "screen" not in pq.read_schema(path).names:
        return np.full(rows, "")
    return np.asarray(pq.read_table(path, columns=["screen"])["screen"].to_pandas().fillna("").to_numpy(str))


def _is_list_of_names(kind: pa.DataType) -> bool:
    nested = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not nested:
        return False
    # A list column whose every list is empty has no type of content.
    names = kind.value_type.value_type if pa.types.is_dictionary(kind.value_type) else kind.value_type
    return bool(
        pa.types.is_string(names)
        or pa.types.is_large_string(names)
        or pa.types.is_string_view(names)
        or pa.types.is_null(names)
    )


def with_sub_genotypes(genotypes: NDArray[np.int64], num_genes: int) -> NDArray[np.int64]:
    """Return the distinct genotypes and all their sub-genotypes, int64 [n, k], padded with -1, by order and gene."""
    first, _ = unique_sets(genotypes.view(np.uint64))
    width = genotypes.shape[1]
    return np.concatenate(
        [
            np.pad(level, ((0, 0), (0, width - level.shape[1])), constant_values=NO_GENE)
            for level in sub_genotypes(genotypes[first], num_genes)
        ]
    )


def gene_lists(genotypes: NDArray[np.int64], genes: tuple[str, ...]) -> pd.Series:
    """Return the genotypes (int64 [n, k], padded with -1) as lists of names, sorted as text."""
    names = np.array(genes, dtype=object)
    order = (genotypes >= 0).sum(axis=1)
    lists = np.empty(len(genotypes), dtype=object)
    for size in np.unique(order).tolist():
        rows = np.flatnonzero(order == size)
        for row, members in zip(rows.tolist(), names[genotypes[rows, :size]].tolist(), strict=True):
            lists[row] = sorted(members)
    return pd.Series(lists)


def knockout_table(
    growths: Growths, genotypes: NDArray[np.int64], genes: tuple[str, ...], method: Method
) -> pd.DataFrame:
    """Return growth, fitness and interaction of genotypes.

    Parameters
    ----------
    growths
        What `solve_knockouts` found; it must cover the genotypes.
    genotypes
        int64 [n, k], k <= 3, padded with -1 on the right.
    genes
        The gene index.
    method
        Written into the table.

    Returns
    -------
    DataFrame
        genes (list of names), order, method, growth (1/h), fitness (wild type = 1), interaction (epsilon of pairs, tau
        of triples, NaN for singles), status.
    """
    return pd.DataFrame(
        {
            "genes": gene_lists(genotypes, genes),
            "order": (genotypes >= 0).sum(axis=1),
            "method": method,
            "growth": growths.growth(genotypes),
            "fitness": growths.fitness(genotypes),
            "interaction": interaction_scores(genotypes, growths.fitness, FITNESS_DECIMALS - 1),
            "status": growths.status(genotypes),
        }
    )


RUN_MEDIUM = "model"
"""Label of a medium that nothing names: the bounds of the network as they are."""


@dataclass(frozen=True)
class Plate:
    """Genotypes on one medium.

    Attributes
    ----------
    network
        The network on the medium.
    genotypes
        int64 [n, k]: gene indices, padded with -1.
    medium
        The medium's label.
    screens
        The screens that grow on it, joined by ``|``; ``*``: every screen without a medium of its own.
    """

    network: MetabolicNetwork
    genotypes: NDArray[np.int64]
    medium: str = RUN_MEDIUM
    screens: str = OTHERS


def plates(
    network: MetabolicNetwork, genotypes: NDArray[np.int64], screens: NDArray[np.str_], media: pd.DataFrame
) -> list[Plate]:
    """Put every genotype on the medium of its screen.

    Parameters
    ----------
    network
        The network, on any medium.
    genotypes
        int64 [n, k].
    screens
        str [n]: the screen of each genotype; empty: none, which is the run's own medium.
    media
        The media of the run (`pipeline_lib.artefacts.schemas.MEDIA`).

    Returns
    -------
    list
        One plate a medium that has a genotype, the run's own medium first.
    """
    distinct, position = np.unique(screens, return_inverse=True)
    labels = np.array([medium_of(media, screen) for screen in distinct])
    of_row = labels[position] if len(distinct) else np.empty(0, dtype=str)
    found = [
        Plate(network_on(network, media, medium), genotypes[of_row == medium], medium, names)
        for medium, names in screens_of_media(media).items()
        if (of_row == medium).any()
    ]
    return found or [Plate(network, genotypes)]


def plate_table(
    plate: Plate, method: Method, processes: int = 1, kept: Path | None = None
) -> tuple[Growths, pd.DataFrame]:
    """Solve the genotypes of a plate and all their sub-genotypes.

    Returns
    -------
    (growths, table)
        What was solved; the table of `pipeline_lib.metabolism.knockouts.conditions.knockout_table` with the
        columns medium and screens.

    Raises
    ------
    PipelineError
        When the wild type does not grow on the medium; names it.
    """
    network = plate.network
    try:
        growths = solve_knockouts(network, plate.genotypes, method, processes, kept)
    except PipelineError as error:
        if plate.screens == OTHERS:
            raise
        raise PipelineError(f"medium '{plate.medium}' of {plate.screens}: {error}") from error
    genotypes = with_sub_genotypes(plate.genotypes, len(network.genes))
    table = knockout_table(growths, genotypes, network.genes, method)
    table.insert(3, "medium", plate.medium)
    return growths, table.assign(screens=plate.screens)
