"""The Weisfeiler-Lehman ridge: hashed differences of colour histograms, and a regression from sums of products."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from scipy import linalg

from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.models import ModelSettings, WeisfeilerLehmanSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.models.interface import AssayScales, Cell, FitContext, Prediction
from pipeline_lib.models.weisfeiler_lehman.deltas import Entries, GraphDeltas, Subset
from pipeline_lib.models.weisfeiler_lehman.refinement import (
    GeneRemoval,
    LabelledGraph,
    ReactionRemoval,
    Removal,
    gene_graphs,
    metabolic_graph,
)

_SALT_STRIDE = 64


class PerturbationFeatures:
    """Featurise genotypes of one cell.

    The features of S are the histogram of colours of the cell without S less that of the wild type. For a pair they
    are the sum of those of its genes plus a difference of second order, which lives where the two deletions overlap;
    for a triple there is a difference of third order beside those of its pairs. The difference of the highest order,
    the information that S holds and no smaller genotype does, stands beside the total in columns of its own.

    Parameters
    ----------
    cell
        Networks and stoichiometry.
    settings
        Graphs, levels, first colours, width.
    """

    def __init__(self, cell: Cell, settings: WeisfeilerLehmanSettings) -> None:
        self.num_genes = num_genes = len(cell.genes)
        planned = _graphs(cell, settings)
        first_counts = settings.width + np.cumsum([0] + [levels + 1 for _, levels, _ in planned])
        self.columns = int(first_counts[-1])
        self.graphs = [
            GraphDeltas(
                graph,
                levels,
                removal,
                num_genes,
                salt=_SALT_STRIDE * index,
                width=settings.width,
                first_count=int(first_counts[index]),
            )
            for index, (graph, levels, removal) in enumerate(planned)
        ]
        parts = [deltas.of_singles() for deltas in self.graphs]
        self._singles = Entries.joined(parts).dense(num_genes, self.columns)

    @property
    def width(self) -> int:
        """Columns of `matrix`: those of the whole difference, then those of the highest order."""
        return 2 * self.columns

    def matrix(self, genes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Featurise genotypes.

        Parameters
        ----------
        genes
            int64 [n, 3]: ascending gene indices, then -1, as in `Genotypes`.

        Returns
        -------
        float32 [n, width]
        """
        order = (genes != NO_GENE).sum(axis=1)
        total = np.zeros((len(genes), self.columns), dtype=np.float32)
        highest = np.zeros_like(total)
        for column in range(genes.shape[1]):
            rows = np.flatnonzero(order > column)
            total[rows] += self._singles[genes[rows, column]]
        double, triple = np.flatnonzero(order == 2), np.flatnonzero(order == 3)
        pairs, pair_of = _pairs(genes[double], genes[triple])
        second, third = self._differences(pairs, genes[triple], pair_of[len(double) :].reshape(-1, 3))
        highest[double] = second[pair_of[: len(double)]]
        highest[triple] = third
        total[double] += highest[double]
        total[triple] += third
        for column in range(3):
            total[triple] += second[pair_of[len(double) + column :: 3][: len(triple)]]
        return np.concatenate([total, highest], axis=1)

    def _differences(
        self, pairs: NDArray[np.int64], triples: NDArray[np.int64], pair_of: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the differences of second order of `pairs` and of third order of `triples`, over all graphs."""
        seconds, thirds = [Entries.empty()], [Entries.empty()]
        for deltas in self.graphs:
            alone = [Subset(deltas.singles, pairs[:, column], 1) for column in range(2)]
            entries, levels = deltas.of_sets(pairs, alone)
            seconds.append(entries)
            if len(triples):
                subsets = [Subset(deltas.singles, triples[:, column], 1) for column in range(3)]
                subsets += [Subset(levels, pair_of[:, column], 2) for column in range(3)]
                thirds.append(deltas.of_sets(triples, subsets)[0])
        return (
            Entries.joined(seconds).dense(len(pairs), self.columns),
            Entries.joined(thirds).dense(len(triples), self.columns),
        )


def _graphs(cell: Cell, settings: WeisfeilerLehmanSettings) -> list[tuple[LabelledGraph, int, Removal]]:
    num_genes, stoichiometry = len(cell.genes), cell.stoichiometry
    if int(stoichiometry["num_genes"]) != num_genes:
        raise PipelineError(
            f"The stoichiometry was made for {stoichiometry['num_genes']} genes and the gene table holds {num_genes}; "
            "make both from one gene index."
        )
    rules = GeneRules.from_pairs(
        stoichiometry["gene_to_complex"].numpy(),
        stoichiometry["complex_to_reaction"].numpy(),
        tuple(cell.genes["gene"]),
        int(stoichiometry["num_reactions"]),
    )
    planned: list[tuple[LabelledGraph, int, Removal]] = []
    for labels in settings.labels:
        graph = metabolic_graph(stoichiometry, settings.max_metabolite_degree, labels)
        planned.append((graph, settings.metabolism_levels, ReactionRemoval(rules, len(graph))))
        networks = gene_graphs(cell.edges, num_genes, settings.networks, labels)
        planned += [(network, settings.network_levels, GeneRemoval(num_genes)) for network in networks]
    return planned


def _pairs(doubles: NDArray[np.int64], triples: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct pairs within genotypes, and which of them each has: one a pair, then three a triple."""
    inner = [triples[:, list(columns)] for columns in combinations(range(3), 2)]
    every = np.concatenate([doubles[:, :2], np.stack(inner, axis=1).reshape(-1, 2)])
    pairs, pair_of = np.unique(every, axis=0, return_inverse=True)
    return pairs, pair_of.reshape(-1)


@dataclass
class Moments:
    """Sums over observations of the products of features and values.

    Attributes
    ----------
    count
        Number of observations.
    products
        float64 [w + 2, w + 2]: Z^T Z of Z = (features, value, 1).
    """

    count: int
    products: NDArray[np.float64]

    @classmethod
    def empty(cls, width: int) -> Self:
        """Return the sums over nothing for `width` features."""
        return cls(0, np.zeros((width + 2, width + 2)))

    def add(self, features: NDArray[np.float32], value: NDArray[np.float64]) -> None:
        """Add observations, float32 [n, w] and float64 [n]."""
        block = np.column_stack([features, value, np.ones(len(value))]).astype(np.float32)
        self.count += len(value)
        self.products += block.T @ block

    def squared_error(self, weights: NDArray[np.float64], intercept: float) -> float:
        """Return the mean squared error of ``features @ weights + intercept`` over the observations."""
        direction = np.concatenate([weights, [-1.0, intercept]])
        return max(float(direction @ self.products @ direction), 0.0) / self.count


@dataclass(frozen=True)
class RidgeFit:
    """A linear rule: float64 [w] and a number."""

    weights: NDArray[np.float64]
    intercept: float


def ridge_path(moments: Moments, penalties: NDArray[np.float64]) -> list[RidgeFit]:
    """Fit a ridge for each penalty on features scaled to SD 1, with an intercept that is not penalised.

    Parameters
    ----------
    moments
        Of the training observations.
    penalties
        float64 [a]: lambda in mean squared error + lambda |weights of scaled features|^2.

    Returns
    -------
    list of RidgeFit
        In the units of the features as they are; a feature that does not vary has weight 0.
    """
    width = len(moments.products) - 2
    mean = moments.products[:width, -1] / moments.count
    value_mean = moments.products[width, -1] / moments.count
    centred = moments.products[:width, :width] / moments.count - np.outer(mean, mean)
    covariance = moments.products[:width, width] / moments.count - mean * value_mean
    deviation = np.sqrt(np.maximum(np.diag(centred), 0.0))
    # Below this share of the mean square the variance is rounding of the sums.
    varying = deviation**2 > 1e-6 * np.maximum(np.diag(moments.products)[:width] / moments.count, 1e-12)
    scale = np.where(varying, deviation, 1.0)
    correlation = np.where(np.outer(varying, varying), centred / np.outer(scale, scale), 0.0)
    values, vectors = linalg.eigh(correlation)
    turned = vectors.T @ np.where(varying, covariance / scale, 0.0)
    fits = []
    for penalty in penalties:
        weights = np.where(varying, vectors @ (turned / (np.maximum(values, 0.0) + penalty)) / scale, 0.0)
        fits.append(RidgeFit(weights, float(value_mean - mean @ weights)))
    return fits


_GENOTYPES_AT_ONCE = 8192
_PENALTIES = (1e-4, 1e2)


class WlRidge:
    """A ridge an assay on hashed Weisfeiler-Lehman features of the perturbed cell relative to the wild type.

    Parameters
    ----------
    settings
        `weisfeiler_lehman` and, for the number of penalties tried, `baselines.trials` are read.
    training
        Not read.
    """

    def __init__(self, settings: ModelSettings, training: TrainingSettings) -> None:  # noqa: ARG002 - the registry's
        self.settings = settings.weisfeiler_lehman
        self.trials = settings.baselines.trials

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit every assay of `train`; the penalty with the least squared error on `validation` is kept.

        Returns
        -------
        DataFrame
            HISTORY with the columns screen, phenotype and setting; `epoch` counts the penalties.
        """
        torch.set_num_threads(context.threads)
        self.assays = AssayScales.fit(train)
        self.features = PerturbationFeatures(cell, self.settings)
        fitted = self._moments(train, "features of the training fold")
        held = self._moments(validation, "features of the validation fold")
        penalties = np.geomspace(*_PENALTIES, self.trials)
        self.fits: list[RidgeFit] = []
        history: list[dict[str, Any]] = []
        for assay, (own, judge) in enumerate(zip(fitted, held, strict=True)):
            path = ridge_path(own, penalties)
            judge_or_middle = [fit_error(judge, fit) for fit in path] if judge.count else None
            best = int(np.argmin(judge_or_middle)) if judge_or_middle else (self.trials - 1) // 2
            self.fits.append(path[best])
            for trial, (penalty, fit) in enumerate(zip(penalties, path, strict=True)):
                history.append(
                    {
                        "epoch": trial,
                        "fold": "validation" if judge.count else "train",
                        "metric": "rmse",
                        "value": self.assays.scale[assay] * fit_error(judge if judge.count else own, fit),
                        "screen": self.assays.screens[assay],
                        "phenotype": self.assays.phenotypes[assay],
                        "setting": f"penalty={penalty:.3g}",
                    }
                )
        judges = [judge if judge.count else own for own, judge in zip(fitted, held, strict=True)]
        errors = [fit_error(judge, fit) for judge, fit in zip(judges, self.fits, strict=True)]
        self.residuals = self.assays.scale * np.array(errors)
        return pd.DataFrame(history)

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Predict; the spread is the root mean squared residual of the assay's validation fold."""
        codes = self.assays.codes(genotypes)
        score = np.empty(len(genotypes))
        for rows, features in self._blocks(genotypes, "features"):
            for assay in np.unique(codes[rows]):
                own = codes[rows] == assay
                fit = self.fits[assay]
                score[rows[own]] = features[own] @ fit.weights + fit.intercept
        return Prediction(self.assays.restore(score, codes), self.residuals[codes])

    def _moments(self, genotypes: Genotypes, what: str) -> list[Moments]:
        moments = [Moments.empty(self.features.width) for _ in range(len(self.assays))]
        codes, value = self.assays.codes(genotypes), self.assays.standardise(genotypes)
        for rows, features in self._blocks(genotypes, what):
            for assay in np.unique(codes[rows]):
                own = codes[rows] == assay
                moments[assay].add(features[own], value[rows[own]])
        return moments

    def _blocks(self, genotypes: Genotypes, what: str) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield rows of `genotypes` and their features; a genotype measured often is featurised once."""
        distinct, which = np.unique(genotypes.genes, axis=0, return_inverse=True)
        which = which.reshape(-1)
        order = np.argsort(which, kind="stable")
        starts = range(0, len(distinct), _GENOTYPES_AT_ONCE)
        for start in track(starts, what, console=Console(stderr=True), transient=True):
            stop = min(start + _GENOTYPES_AT_ONCE, len(distinct))
            first, last = np.searchsorted(which[order], [start, stop])
            rows = order[first:last]
            yield rows, self.features.matrix(distinct[start:stop])[which[rows] - start]

    def state(self) -> dict[str, Any]:
        """Return the weights; the features are made anew from the cell."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "assays": self.assays.state(),
            "weights": torch.from_numpy(np.stack([fit.weights for fit in self.fits])),
            "intercepts": [fit.intercept for fit in self.fits],
            "residuals": self.residuals.tolist(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:
        """Return the fitted model; `cell` must hold the networks and the stoichiometry of the fit."""
        settings = WeisfeilerLehmanSettings.model_validate(state["settings"])
        model = cls(ModelSettings(weisfeiler_lehman=settings), TrainingSettings())
        model.assays = AssayScales.from_state(state["assays"])
        model.features = PerturbationFeatures(cell, settings)
        weights = state["weights"].numpy()
        model.fits = [RidgeFit(own, start) for own, start in zip(weights, state["intercepts"], strict=True)]
        model.residuals = np.array(state["residuals"])
        return model


def fit_error(moments: Moments, fit: RidgeFit) -> float:
    """Return the root mean squared error of `fit` over the observations of `moments`."""
    return float(np.sqrt(moments.squared_error(fit.weights, fit.intercept)))
