"""The work of the CLP benchmarks: the yeast cell with all mirrored networks, and a screen of the size of an E-MAP."""

import time

import numpy as np
import torch
from measure import upstream_file
from yeast_cell import physical_network, string_channels, yeast_cell

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.clp.model import Clp
from pipeline_lib.models.clp.task import Task
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.networks.edges import RawEdges
from pipeline_lib.networks.layouts import read_edge_list, read_sgd_regulation

SCREENED_GENES = 743
OBSERVATIONS = 186_500


def all_networks() -> dict[str, RawEdges]:
    """Read every network of the yeast run."""
    return {
        **physical_network(),
        **string_channels(),
        "krogan2006": read_edge_list(upstream_file("bionic/Krogan-2006.txt")),
        "hu2007": read_edge_list(upstream_file("bionic/Hu-2007.txt")),
        "sgd_regulation": read_sgd_regulation(upstream_file("sgd-regulation/reguls.ttl")),
    }


def whole_cell() -> Cell:
    """Put the yeast cell together with all its networks and the whole metabolic model."""
    return yeast_cell(all_networks())


def emap(cell: Cell) -> Genotypes:
    """Draw digenic interactions of as many genes and pairs as Collins et al. (2007) measured; values are noise."""
    generator = np.random.default_rng(0)
    screened = np.sort(generator.permutation(len(cell.genes))[:SCREENED_GENES])
    first, second = np.triu_indices(SCREENED_GENES, 1)
    chosen = generator.permutation(len(first))[:OBSERVATIONS]
    genes = np.full((OBSERVATIONS, 3), -1)
    genes[:, 0], genes[:, 1] = screened[first[chosen]], screened[second[chosen]]
    none, unknown = np.full(OBSERVATIONS, -1), np.full(OBSERVATIONS, np.nan)
    return Genotypes(
        np.arange(OBSERVATIONS),
        genes,
        np.zeros(OBSERVATIONS, np.int64),
        np.full(OBSERVATIONS, PHENOTYPES.index("interaction")),
        none,
        none,
        generator.normal(size=OBSERVATIONS),
        unknown,
        unknown,
        ("emap",),
        (),
    )


def prepared(cell: Cell, screen: Genotypes) -> tuple[Clp, Task, dict[str, torch.Tensor], float]:
    """Return the model of the default settings, its task, the training rows as tensors, and the seconds it took.

    The closed form is fitted on the way: the profile predictor takes nearly all of these seconds.
    """
    model = Clp(ModelSettings(), TrainingSettings())
    start = time.perf_counter()
    task, columns = model.prepare(screen, cell, FitContext(threads=torch.get_num_threads()))[0]
    return model, task, columns, time.perf_counter() - start
