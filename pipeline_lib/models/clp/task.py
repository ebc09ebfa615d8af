"""Screens that train together: what their networks read, and what they predict."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.models.clp.assays import Assays
from pipeline_lib.models.clp.closed_form import ClosedForm
from pipeline_lib.models.clp.columns import columns
from pipeline_lib.models.clp.network import ClpNetwork, Encoded
from pipeline_lib.models.clp.shared_terms import TermFiles

_CHUNK = 4096


@dataclass
class Task:
    """Screens that train together, and what came of it.

    Attributes
    ----------
    screens
        Codes of its screens.
    assays
        Assays of its training fold.
    main
        Phenotype that is predicted where none is stated.
    closed_form
        Makes the terms that the networks correct.
    source
        Gives these terms of any genotypes.
    networks
        One a member of the ensemble.
    measured
        bool [N]: genes of its training fold.
    measured_sd
        Whether observations weigh by their measured SD.
    encodings
        The wild type as each fitted network encodes it, filled when it first predicts.
    """

    screens: list[int]
    assays: Assays
    main: int
    closed_form: ClosedForm
    source: ClosedForm | TermFiles
    networks: list[ClpNetwork]
    measured: NDArray[np.bool_]
    measured_sd: bool
    encodings: dict[int, Encoded] = field(default_factory=dict)

    @torch.no_grad()
    def encoded(self, network: ClpNetwork) -> Encoded:
        """Return the wild type as a fitted network encodes it: once, however often it predicts."""
        if id(network) not in self.encodings:
            self.encodings[id(network)] = network.eval().encode()
        return self.encodings[id(network)]

    def columns(self, genotypes: Genotypes) -> dict[str, torch.Tensor]:
        """Return what the networks read of genotypes; their values are used as targets alone.

        A phenotype that is not stated, or that the task never saw, is the main one.
        """
        seen = np.isin(genotypes.phenotype, list(self.assays.labels()))
        known = replace(genotypes, phenotype=np.where(seen, genotypes.phenotype, self.main))
        terms = self.source.terms(known.without_values())
        return columns(known, terms, self.assays, measured_sd=self.measured_sd)

    def predict(self, genotypes: Genotypes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values and their SD, float64 [n] each, as the mean over the networks."""
        table = self.columns(genotypes)
        members = [_predict_network(network, self.encoded(network), table) for network in self.networks]
        is_call = table["is_call"].numpy()
        means = np.stack([np.where(is_call, expit(mean), mean) for mean, _ in members])
        mean = means.mean(0)
        # A call is 0 or 1: its variance follows from its probability.
        spread = np.stack(
            [
                np.where(is_call, np.sqrt(np.abs(value * (1 - value))), np.exp(log_sd))
                for value, (_, log_sd) in zip(means, members, strict=True)
            ]
        )
        # Law of total variance over the members of the ensemble.
        sd = np.sqrt((spread**2).mean(0) + means.var(0))
        assay = table["assay"].numpy()
        return mean * self.assays.scale[assay] + self.assays.centre[assay], sd * self.assays.scale[assay]


@torch.no_grad()
def _predict_network(
    network: ClpNetwork, encoded: Encoded, table: Mapping[str, torch.Tensor]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    network.eval()
    device = next(network.parameters()).device
    means, log_sds = [], []
    for start in range(0, len(table["assay"]), _CHUNK):
        part = {name: column[start : start + _CHUNK].to(device) for name, column in table.items()}
        mean, log_sd = network.decode(encoded, part)
        means.append(mean.double().cpu())
        log_sds.append(log_sd.double().cpu())
    return torch.cat(means).numpy(), torch.cat(log_sds).numpy()
