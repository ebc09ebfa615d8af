"""What the metabolic model states about each gene: growth without it, its reactions, the flux that they carry.

Growth of every single deletion by flux balance analysis (`pipeline_lib.metabolism.knockouts.solver`, exact), and fluxes
of the wild type at greatest growth and least total flux (Lewis et al., Molecular Systems Biology 6:390, 2010), on each
medium.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.features.raw_features import RawFeatures
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.media.medium import with_medium
from pipeline_lib.metabolism.model.background import with_background
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.network import MetabolicNetwork, network_of
from pipeline_lib.metabolism.programs.moma import reference_flux
from pipeline_lib.metabolism.programs.network_reduction import reduce_network


def read_flux(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Compute the features of every gene of a metabolic model (role ``gem``: a file, or ``cobra:textbook``).

    Parameters
    ----------
    files
        ``gem``.
    settings
        ``media``: names of media (see `pipeline_lib.metabolism.media.medium`).

    Returns
    -------
    RawFeatures
        ``reactions`` and ``complexes`` that the gene takes part in, ``sole_reactions`` that stop without it; and for
        each medium ``fitness_<medium>`` of the single deletion, ``flux_<medium>`` (logarithm of 1 + the sum of the
        absolute fluxes, mmol/gDW/h, of the gene's reactions) and ``carrying_<medium>``, how many of them carry flux.

    Raises
    ------
    PipelineError
        When the model cannot be read, a medium is unknown, or the wild type does not grow on it.
    """
    gem = with_background(read_gem(files["gem"]), settings.background)
    network = network_of(gem)
    serves = network.rules.gene_to_complex @ network.rules.complex_to_reaction
    singles = np.arange(len(network.genes))[:, None]
    values = {
        "reactions": _row_sums(serves.astype(bool)),
        "complexes": _row_sums(network.rules.gene_to_complex),
        "sole_reactions": _row_sums(network.rules.blocked_reactions(network.genotype_matrix(singles))),
    }
    for medium in settings.media:
        grown = network_of(with_medium(gem, medium))
        flux = np.abs(_wild_type_flux(grown))
        values[f"fitness_{medium}"] = solve_knockouts(grown, singles).fitness(singles)
        values[f"flux_{medium}"] = np.log1p(serves.astype(bool).astype(np.float64) @ flux)
        values[f"carrying_{medium}"] = serves.astype(bool).astype(np.float64) @ (flux > 0).astype(np.float64)
    return RawFeatures(pl.Series(list(network.genes), dtype=pl.String), pl.DataFrame(values))


def _wild_type_flux(network: MetabolicNetwork) -> NDArray[np.float64]:
    """Return the wild type's flux of every reaction, float64 [R]."""
    reduced = reduce_network(network)
    return reduced.expand(reference_flux(reduced))


def _row_sums(matrix: sparse.csr_array) -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
