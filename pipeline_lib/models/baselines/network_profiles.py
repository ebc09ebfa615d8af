"""A gene that training lacks takes the weighted mean profile of its network neighbours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import numpy as np
from scipy import sparse

from pipeline_lib.models.baselines.gene_networks import gene_networks
from pipeline_lib.models.baselines.profile_smoothing import CASES, Along, new_positions, smooth
from pipeline_lib.models.crosses.axes import Index
from pipeline_lib.models.crosses.completion import CompletionModel, HeldOut, ScoreMatrix
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.crosses.per_assay import AssayFold, PerAssay, Values
from pipeline_lib.models.crosses.search import Search, Trial
from pipeline_lib.models.interface import Cell
from pipeline_lib.models.least_squares import non_negative_least_squares

POWERS = (2.0, 1.0, 4.0)
PRIORS = (4.0, 2.0, 8.0, 1.0)


class NetworkProfiles(CompletionModel):
    """Two-way effects plus a sum over networks of the neighbours' mean residual profile.

    Every training cross is first predicted as if its row, its column or both were new: from neighbours alone. The
    weight of each network (not negative, one set a case) is the least-squares fit of those predictions; the power of
    the edge weights and the prior that shrinks small neighbourhoods are chosen on validation. ``same_gene`` joins
    strains that share a gene: other alleles, or queries with one gene in common.
    """

    matrix: ScoreMatrix
    power: float
    prior: float
    weights: dict[str, Values]

    def fit_residuals(self, matrix: ScoreMatrix, held: HeldOut, fold: AssayFold) -> list[Trial]:
        """Fit the weights of the networks for every power and prior."""
        self.matrix, self.book, self.networks = matrix, fold.book, _networks(fold.cell)
        rows, columns = self.axes.positions(fold.train)
        residual = fold.train.value - self.effects.predict(rows, columns)
        targets = {
            "both_known": residual,
            "row_new": residual + self.effects.row[rows],
            "column_new": residual + self.effects.column[columns],
            "both_new": residual + self.effects.row[rows] + self.effects.column[columns],
        }
        search: Search[tuple[float, float, dict[str, Values]]] = Search(held.residual, self.settings.trials)
        places = _Places.find(self, held.crosses, held.rows, held.columns)
        for power, prior in list(product(POWERS, PRIORS))[: self.settings.trials]:
            estimates = list(self._estimates(places, power, prior))
            weights = {}
            for case, target in targets.items():
                features = [cells[rows, columns] for network in estimates for cells in network[case]]
                weights[case] = non_negative_least_squares(
                    np.stack(features, axis=1), target, ridge=1e-6 * len(features)
                )
            predicted = places.combine(estimates, weights)
            search.offer(f"power={power:g} prior={prior:g}", predicted, (power, prior, weights))
        self.power, self.prior, self.weights = search.best
        return search.trials

    def residuals(self, crosses: Crosses, rows: Index, columns: Index) -> Values:
        """Add up what the networks say of each cross."""
        places = _Places.find(self, crosses, rows, columns)
        return places.combine(self._estimates(places, self.power, self.prior), self.weights)

    def residual_state(self) -> dict[str, Any]:
        """Return the matrix and the weights; the networks are the cell's."""
        return {"matrix": vars(self.matrix), "power": self.power, "prior": self.prior, "weights": self.weights}

    def load_residuals(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore the matrix and the weights."""
        self.matrix, self.book, self.networks = ScoreMatrix(**state["matrix"]), book, _networks(cell)
        self.power, self.prior, self.weights = state["power"], state["prior"], state["weights"]

    def _estimates(self, places: "_Places", power: float, prior: float) -> Iterator[dict[str, list[Values]]]:
        for network in self.networks:
            across, down = places.along_rows.weights(network, power), places.along_columns.weights(network, power)
            yield smooth(self.matrix, self.effects.row, self.effects.column, across, down, prior)


@dataclass(frozen=True)
class _Places:
    """Where crosses stand on axes that end in the gene sets that training lacks."""

    along_rows: Along
    along_columns: Along
    rows: Index
    columns: Index

    @classmethod
    def find(cls, model: NetworkProfiles, crosses: Crosses, rows: Index, columns: Index) -> Self:
        axes, book = model.axes, model.book
        new_rows, rows = new_positions(crosses.query, rows, axes.rows)
        new_columns, columns = new_positions(crosses.array, columns, axes.columns)
        return cls(
            Along.extend(axes.rows, new_rows, book), Along.extend(axes.columns, new_columns, book), rows, columns
        )

    def combine(self, estimates: Iterable[dict[str, list[Values]]], weights: dict[str, Values]) -> Values:
        """Return the weighted sum of the estimates, float64 [n], each cross in its own case."""
        value = np.zeros(len(self.rows))
        case = (self.rows >= self.along_rows.known) + 2 * (self.columns >= self.along_columns.known)
        members = {name: np.flatnonzero(case == position) for position, name in enumerate(CASES)}
        for number, network in enumerate(estimates):
            for name, rows in members.items():
                for part, cells in enumerate(network[name]):
                    weight = weights[name][number * len(network[name]) + part]
                    value[rows] += weight * cells[self.rows[rows], self.columns[rows]]
        return value


def _networks(cell: Cell) -> list[sparse.csr_array]:
    same_gene = sparse.eye_array(len(cell.genes), format="csr")
    return [*gene_networks(cell).values(), same_gene]


class NetworkProfilesModel(PerAssay):
    """Model ``network_profiles``."""

    assay_model = NetworkProfiles
