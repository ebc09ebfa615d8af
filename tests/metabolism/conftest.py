"""Two models: the E. coli core that ships inside cobra, and yeast-GEM where the mirror has it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.metabolism.model.gem import Gem, read_gem
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork, network_of


@pytest.fixture(scope="session")
def textbook() -> Gem:
    """Return the E. coli core model (Orth et al. 2010)."""
    return read_gem("cobra:textbook")


@pytest.fixture(scope="session")
def textbook_network(textbook: Gem) -> MetabolicNetwork:
    return network_of(textbook)


@pytest.fixture
def cobra_textbook() -> Any:
    """Return cobra's own E. coli core model, fresh for every test."""
    from cobra.io import load_model

    return load_model("textbook")


@pytest.fixture(scope="session")
def yeast_path(mirror: Path) -> Path:
    return mirror / "yeast-gem" / "yeast-GEM.yml"


@pytest.fixture(scope="session")
def yeast(yeast_path: Path) -> Gem:
    """Return yeast-GEM 9.0.2."""
    return read_gem(yeast_path)


@pytest.fixture(scope="session")
def yeast_network(yeast: Gem) -> MetabolicNetwork:
    return network_of(yeast)


@pytest.fixture(scope="session")
def cobra_yeast(yeast_path: Path) -> Any:
    """Return yeast-GEM as cobra's own YAML reader gives it (20 s); tests leave it as they found it."""
    from cobra.io import load_yaml_model

    return load_yaml_model(str(yeast_path))


def gene_table(genes: tuple[str, ...], essential: frozenset[str] | None = None) -> pd.DataFrame:
    """Return a gene index of the given genes, all of them in the model."""
    known = pd.array([None if essential is None else gene in essential for gene in genes], dtype="boolean")
    return pd.DataFrame(
        {
            "gene_index": np.arange(len(genes)),
            "gene": list(genes),
            "name": list(genes),
            "in_gem": True,
            "essential": known,
        }
    )


@pytest.fixture(scope="session")
def index_of_genes() -> Any:
    """Return the function that makes a gene index."""
    return gene_table


def largest_imbalance(content: dict[str, Any], flux: np.ndarray) -> tuple[float, float]:
    """Return max |S v| from nothing but the tensors, in the reversible and in the split view."""
    import torch

    v = torch.tensor(flux)
    worst = []
    split_flux = (v[content["split_reaction"]] * content["split_direction"]).clamp(min=0)
    for prefix, carried in (("", v), ("split_", split_flux)):
        metabolite, column = content[f"{prefix}incidence"]
        balance = torch.zeros(content["num_metabolites"], dtype=torch.float64)
        balance.index_add_(0, metabolite, content[f"{prefix}coefficient"] * carried[column])
        worst.append(float(balance.abs().max()))
    return worst[0], worst[1]


@pytest.fixture(scope="session")
def imbalance() -> Any:
    """Return the function that measures how far a flux vector is from a steady state."""
    return largest_imbalance


def growth_by_cobra(model: Any, gene_sets: Iterable[Sequence[str]]) -> np.ndarray:
    """Return cobra's growth of each genotype; 0 where there is no steady state.

    The tolerance is cobra's own setting for exact work; at its default, 1e-7, a trace cofactor can come for free.
    """
    before = model.tolerance
    model.tolerance = 1e-9
    found = []
    try:
        for genes in gene_sets:
            with model:
                for gene in genes:
                    model.genes.get_by_id(gene).knock_out()
                found.append(model.slim_optimize(error_value=0.0))
    finally:
        model.tolerance = before
    return np.array(found)


@pytest.fixture(scope="session")
def cobra_growth() -> Any:
    """Return the function that computes growth with cobra."""
    return growth_by_cobra
