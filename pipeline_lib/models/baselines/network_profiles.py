"""A gene that training lacks takes the weighted mean profile of its network neighbours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.features.matrices import similarity_graph
from pipeline_lib.models.crosses.crosses import UNKNOWN, Crosses, Entities, Index, Side, StrainBook
from pipeline_lib.models.crosses.effects import CompletionModel, HeldOut, ScoreMatrix
from pipeline_lib.models.crosses.per_assay import AssayFold, PerAssay, Search, Trial, Values
from pipeline_lib.models.interface import Cell, non_negative_least_squares


def gene_networks(cell: Cell) -> dict[str, sparse.csr_array]:
    """Return each network as a symmetric matrix [N, N] of weights in (0, 1] without a diagonal.

    Beside the networks of the edge table (directed edges count both ways; weights are divided by the network's
    greatest): ``same_complex`` and ``same_reaction``, of genes that the gene rules put together, and
    ``similar_<table>``, of genes with similar features.
    """
    size = len(cell.genes)
    networks = {}
    for name, part in cell.edges.groupby("network", sort=True):
        weight = np.maximum(part["weight"].to_numpy(np.float64), 0.0)
        networks[str(name)] = _symmetric(part["source"].to_numpy(), part["target"].to_numpy(), weight, size)
    complexes = gene_complexes(cell)
    reactions = (complexes @ _incidence(cell, "complex_to_reaction", "num_complexes", "num_reactions")).sign()
    for name, membership in (("same_complex", complexes), ("same_reaction", reactions)):
        shared = sparse.coo_array(membership @ membership.T)
        networks[name] = _symmetric(shared.row, shared.col, np.ones(shared.nnz), size)
    for name, values in cell.features.items():
        networks[f"similar_{name}"] = _similarity(_SameArray(values))
    return {name: network for name, network in networks.items() if network.nnz}


class _SameArray:
    """An array that equals itself alone, so that what is computed from it once is found again."""

    def __init__(self, values: NDArray[np.float32]) -> None:
        self.values = values

    def __hash__(self) -> int:
        return id(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameArray) and other.values is self.values


@lru_cache(maxsize=32)
def _similarity(table: _SameArray) -> sparse.csr_array:
    """Return the similarity graph of a feature table; every assay of a fit takes the same one."""
    return sparse.csr_array(similarity_graph(table.values).astype(np.float64))


def gene_complexes(cell: Cell) -> sparse.csr_array:
    """Return which gene belongs to which enzyme complex, float64 [N, complexes]."""
    return _incidence(cell, "gene_to_complex", "num_genes", "num_complexes")


def _incidence(cell: Cell, name: str, height: str, width: str) -> sparse.csr_array:
    row, column = np.asarray(cell.stoichiometry[name]).reshape(2, -1)
    shape = (int(cell.stoichiometry[height]), int(cell.stoichiometry[width]))
    matrix = sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)
    return matrix.sign()


def _symmetric(source: np.ndarray, target: np.ndarray, weight: np.ndarray, size: int) -> sparse.csr_array:
    apart = (source != target) & (weight > 0)
    weight = weight[apart] / weight[apart].max(initial=1e-300)
    one_way = sparse.csr_array((weight, (source[apart], target[apart])), shape=(size, size))
    return one_way.maximum(one_way.T).tocsr()


CASES = ("both_known", "row_new", "column_new", "both_new")


@dataclass(frozen=True)
class Along:
    """What stands along an axis: its m known entities, then u gene sets that training lacks.

    Attributes
    ----------
    known
        Number of known entities, m.
    genes
        Sparse [m + u, N]: which genes each carries.
    """

    known: int
    genes: sparse.csr_array

    @classmethod
    def extend(cls, entities: Entities, new_sets: Index, book: StrainBook) -> Self:
        """Put new gene sets behind the known entities."""
        genes = book.genes_of_sets(np.concatenate([entities.gene_set, new_sets]))
        row, slot = np.nonzero(genes >= 0)
        incidence = sparse.csr_array((np.ones(len(row)), (row, genes[row, slot])), shape=(len(genes), book.num_genes))
        return cls(len(entities), incidence)

    def weights(self, network: sparse.csr_array, power: float) -> sparse.csr_array:
        """Return the weight of each known entity to each entity, sparse [m + u, m].

        The weight of two gene sets is the sum over pairs of their genes; none is a neighbour of itself. The mean
        weight between known neighbours is 1.
        """
        raised = network.copy()
        raised.data **= power
        weights = sparse.coo_array(self.genes @ raised @ self.genes[: self.known].T)
        apart = (weights.row != weights.col) & (weights.data > 0)
        row, column, data = weights.row[apart], weights.col[apart], weights.data[apart]
        among_known = data[row < self.known]
        mean = among_known.mean() if len(among_known) else 1.0
        return sparse.csr_array((data / mean, (row, column)), shape=weights.shape)


def new_positions(side: Side, known: Index, entities: Entities) -> tuple[Index, Index]:
    """Return the gene sets that training lacks, and each cross's position among entities and then those."""
    missing = known == UNKNOWN
    new_sets, inverse = np.unique(side.gene_set[missing], return_inverse=True)
    positions = known.copy()
    positions[missing] = len(entities) + inverse
    return new_sets, positions


def smooth(
    matrix: ScoreMatrix,
    row_effect: Values,
    column_effect: Values,
    across: sparse.csr_array,
    down: sparse.csr_array,
    prior: float,
) -> dict[str, list[Values]]:
    """Return the neighbours' mean profile of every cell in each case of what is known.

    A sum over neighbours is divided by the weight of those measured there plus `prior`. A row that training lacks
    takes its neighbours' row effects too, since it has none of its own.

    Parameters
    ----------
    matrix
        Residuals [r, c] and what is observed.
    row_effect, column_effect
        float64 [r], [c].
    across, down
        Weights of rows [r + u, r] and of columns [c + v, c].
    prior
        Weight of an imaginary neighbour whose profile is 0.

    Returns
    -------
    dict of lists
        Case -> estimates [r + u, c + v] cut to the cells that the case needs: 'both_known' has one from the rows and
        one from the columns, [r + u, c] and [r, c + v].
    """
    residual, observed = matrix.values, matrix.observed
    with_row = residual + observed * row_effect[:, None]
    with_column = residual + observed * column_effect
    with_both = with_row + observed * column_effect
    row_weight, column_weight = across @ observed + prior, (down @ observed.T).T + prior
    both_weight = (down @ (across @ observed).T).T + prior
    return {
        "both_known": [across @ residual / row_weight, (down @ residual.T).T / column_weight],
        "row_new": [across @ with_row / row_weight],
        "column_new": [(down @ with_column.T).T / column_weight],
        "both_new": [(down @ (across @ with_both).T).T / both_weight],
    }


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
        grid = list(islice(product(self.settings.network_powers, self.settings.network_priors), self.settings.trials))
        search: Search[tuple[float, float, dict[str, Values]]] = Search(held.residual, len(grid))
        places = _Places.find(self, held.crosses, held.rows, held.columns)
        for power, prior in grid:
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
