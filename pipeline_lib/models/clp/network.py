"""The whole network: encode the wild type once, correct the closed-form terms of any number of genotypes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.graph import measures_intact
from pipeline_lib.models.clp import decomposition
from pipeline_lib.models.clp.assays import CALL, Assays
from pipeline_lib.models.clp.encoders import GeneEncoder, metabolism_of
from pipeline_lib.models.clp.heads import (
    AssayScale,
    Cells,
    Correction,
    DerivedInteractions,
    IntactFitness,
    PerturbedInteractions,
)
from pipeline_lib.models.clp.latents import SetTables
from pipeline_lib.models.interface import HOST_COLUMNS
from pipeline_lib.models.layers import on_device

if TYPE_CHECKING:
    from pipeline_lib.config.models import ClpSettings
    from pipeline_lib.models.clp.encoders import CellArrays

_FARTHEST_LOG_SD = 2.0
"""Most that training may move the logarithmic SD away from that of the closed form."""


class Encoded(NamedTuple):
    """The wild type as decoding needs it.

    Attributes
    ----------
    cells
        What single deletions are taken from.
    sets
        What the interactions read of genes and reactions.
    """

    cells: Cells
    sets: SetTables | Cells


class ClpNetwork(nn.Module):
    """Cell latent perturbation network.

    It corrects closed-form terms (`pipeline_lib.models.clp.assays`): f_i by the intact latent of the cell without gene
    i, epsilon and tau by the perturbed latent of the deleted set. Every fitness follows from them by definition
    (`decomposition`), and so do the corrections' gradients: labels of fitness teach interactions and the other way
    round.

    Parameters
    ----------
    cell
        The cell in index form.
    settings
        Section ``models.clp``.
    assays
        Assays of the training fold.
    measured
        bool [N]: genes that the training fold holds.
    """

    def __init__(self, cell: "CellArrays", settings: "ClpSettings", assays: Assays, measured: Tensor) -> None:
        super().__init__()
        self.encoder = GeneEncoder(cell, settings, measured)
        self.metabolism = metabolism_of(cell, settings)
        self.singles = IntactFitness(cell, settings, self.metabolism.rules)
        self.interactions: PerturbedInteractions | DerivedInteractions = (
            DerivedInteractions(self.singles)
            if settings.interaction == "derived"
            else PerturbedInteractions(settings, self.metabolism.rules)
        )
        self.scale = AssayScale(torch.from_numpy(assays.phenotypes()), len(PHENOTYPES))
        for name, values in (("centre", assays.centre), ("deviation", assays.scale)):
            self.register_buffer(name, torch.from_numpy(values).float(), persistent=False)
        self.register_buffer("phenotypes", torch.from_numpy(assays.phenotypes()), persistent=False)

    def spread_parameters(self) -> list[nn.Parameter]:
        """Return the parameters of the predicted SD."""
        return [self.scale.level, *self.interactions.spread_parameters()]

    def encode(self) -> Encoded:
        """Encode the wild type: genes and reactions, their pool, and what sets of genes are read from."""
        states, reactions = self.metabolism(self.encoder())
        cells = self.singles.cells(states, reactions)
        return Encoded(cells, self.interactions.tables(cells, reactions))

    def decode(self, encoded: Encoded, columns: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return value and logarithmic SD of genotypes, float32 [n] each, in units of their assay's SD.

        Parameters
        ----------
        encoded
            What `encode` returned.
        columns
            See `pipeline_lib.models.clp.task.columns`.
        """
        columns = dict(columns) | {name: columns[name].cpu() for name in HOST_COLUMNS}
        fitness = measures_intact(columns["phenotype"])
        n, device = len(fitness), self.centre.device
        value, log_sd = (torch.zeros(n, device=device) for _ in range(2))
        for rows, read in (
            (fitness.nonzero()[:, 0], self.fitness),
            ((~fitness).nonzero()[:, 0], self.interaction),
        ):
            if n and len(rows) == n:
                part = read(encoded, columns)
                return part.value.float(), part.log_sd.float()
            if len(rows):
                places = on_device(rows, device)
                own = {name: column[rows if name in HOST_COLUMNS else places] for name, column in columns.items()}
                part = read(encoded, own)
                value = value.index_put((places,), part.value.float())
                log_sd = log_sd.index_put((places,), part.log_sd.float())
        return value, log_sd

    def single_fitness(self, encoded: Encoded, columns: Mapping[str, Tensor]) -> Tensor:
        """Return the fitness of each deleted gene by itself, float32 [n, 3]; 1 where there is no deletion."""
        genes = columns["genes"]
        effect = self.singles.single(encoded.cells, genes, columns["unseen"])
        corrected = columns["single"] + effect * columns["unit"][:, :1] * self.scale.gain(columns["levels"][:, :1])
        return torch.where(on_device(genes >= 0, corrected.device), corrected, 1.0)

    def correction(self, encoded: Encoded, columns: Mapping[str, Tensor]) -> Correction:
        """Return what is added to the term of each genotype's own set, in the unit of the term."""
        is_call = columns["phenotype"] == CALL
        found = self.interactions(encoded.sets, columns["genes"], columns["unseen"], columns["evidence"], is_call)
        size = columns["own_unit"] * self.scale.gain(columns["assay"])
        return Correction(found.value * size, found.log_sd)

    def fitness(self, encoded: Encoded, columns: Mapping[str, Tensor]) -> Correction:
        """Return the fitness of genotypes by definition, in units of the assay's SD, and its logarithmic SD."""
        order = (columns["genes"] >= 0).sum(1)
        single = self.single_fitness(encoded, columns)
        device = single.device
        several, double, triple = (on_device(chosen, device) for chosen in (order > 1, order == 2, order > 2))
        own = self.correction(encoded, columns)
        term = torch.where(several, columns["term"] + own.value, 0.0)
        rows = (order > 2).nonzero()[:, 0]
        pair = torch.zeros_like(single)
        pair[:, 0] = torch.where(double, term, 0.0)
        if len(rows):
            pair = pair.index_put((on_device(rows, device),), self._pairs(encoded, columns, rows))
        total = decomposition.fitness(single, pair, torch.where(triple, term, 0.0))
        assay = columns["assay"]
        value = (total - self.centre[assay]) / self.deviation[assay]
        # Nothing is measured of no deletion: it is 1 by definition.
        return Correction(value, self._log_sd(columns, torch.where(several, own.log_sd, 0.0)))

    def interaction(self, encoded: Encoded, columns: Mapping[str, Tensor]) -> Correction:
        """Return interactions in units of the assay's SD, or log odds of calls, and their logarithmic SD."""
        own = self.correction(encoded, columns)
        assay, total = columns["assay"], columns["term"] + own.value
        is_call = on_device(columns["phenotype"] == CALL, total.device)
        value = torch.where(is_call, total, (total - self.centre[assay]) / self.deviation[assay])
        return Correction(value, self._log_sd(columns, own.log_sd))

    def _pairs(self, encoded: Encoded, columns: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        """Return epsilon of the three pairs of triples, float32 [n, 3]."""
        genes, unseen = columns["genes"][rows], columns["unseen"][rows]
        places = on_device(rows, self.centre.device)
        pairs = []
        for position, (i, j) in enumerate(decomposition.PAIRS):
            chosen = torch.stack([genes[:, i], genes[:, j], torch.full_like(genes[:, 0], -1)], 1)
            hidden = torch.stack([unseen[:, i], unseen[:, j], torch.zeros_like(unseen[:, 0])], 1)
            evidence = columns["pair_evidence"][places, position]
            found = self.interactions(encoded.sets, chosen, hidden, evidence, torch.zeros_like(hidden[:, 0]))
            size = columns["unit"][places, 1] * self.scale.gain(columns["levels"][places, 1])
            pairs.append(columns["pair"][places, position] + found.value * size)
        return torch.stack(pairs, 1)

    def _log_sd(self, columns: Mapping[str, Tensor], moved: Tensor) -> Tensor:
        away = (moved + self.scale.spread(columns["assay"])).clamp(-_FARTHEST_LOG_SD, _FARTHEST_LOG_SD)
        return columns["log_sd"] + away
