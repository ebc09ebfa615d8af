"""Rank untested pairs and triples by what measuring them next would bring."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import gene_positions
from pipeline_lib.config.evaluation import ReportingSettings
from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.config.screens import simulated_screens
from pipeline_lib.models.interface import Cell
from pipeline_lib.training.fitted_model import FittedModel, genotypes_of, load_fitted
from pipeline_lib.training.genotypes import CHUNK, Chunks, all_pairs, all_triples

Floats = NDArray[np.float64]
Genes = NDArray[np.int64]
Predict = Callable[[Genes, str, str], "list[tuple[Floats, Floats]]"]
"""Genotypes int64 [n, 3], screen and phenotype to the mean and SD of every seed."""

SICK = 0.5
"""Single mutants with a measured fitness below this are no strains to build on."""

COLUMNS = (
    "genes",
    "order",
    "screen",
    "phenotype",
    "prediction",
    "spread",
    "novelty",
    "expected_value",
    "information",
    "rank_by_value",
    "rank_by_information",
    "viable",
    "metabolic",
)

_RANKED = ("interaction", "call", "raw_interaction")
"""Phenotypes that untested genotypes are ranked by, the first of them that an order has."""


@dataclass(frozen=True)
class Target:
    """The assay in whose units genotypes of one order are predicted."""

    order: int
    screen: str
    phenotype: str


def choose_target(observations: pd.DataFrame, order: int, simulated: Collection[str]) -> Target | None:
    """Return the largest assay of an order: interactions, else calls, else raw scores; simulated screens come last."""
    rows = observations[(observations["order"] == order) & observations["phenotype"].isin(_RANKED)]
    if rows.empty:
        return None
    sizes = rows.groupby(["screen", "phenotype"]).size().rename("rows").reset_index()
    sizes["is_simulated"] = sizes["screen"].isin(simulated)
    sizes["kind"] = sizes["phenotype"].map(_RANKED.index)
    best = sizes.sort_values(["is_simulated", "kind", "rows"], ascending=[True, True, False]).iloc[0]
    return Target(order, str(best["screen"]), str(best["phenotype"]))


def viable_genes(genes: pd.DataFrame, observations: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark genes [N] that are not essential and whose measured single mutants, if any, are not sick."""
    viable = ~genes["essential"].fillna(value=False).to_numpy(bool)
    singles = observations[(observations["order"] == 1) & (observations["phenotype"] == "fitness")]
    fitness = singles.assign(gene=singles["genes"].str[0]).groupby("gene")["value"].median()
    sick = set(fitness.index[fitness < SICK])
    return np.asarray(viable & ~genes["gene"].isin(sick).to_numpy())


def choose_genes(
    genes: pd.DataFrame, observations: pd.DataFrame, target: Target, viable: NDArray[np.bool_], limit: int
) -> Genes:
    """Return the viable genes with the strongest mean absolute value in the target's assay, ascending, int64 [k]."""
    positions, strength = _members(genes, _assay(observations, target))
    total = np.bincount(positions, weights=strength, minlength=len(genes))
    count = np.bincount(positions, minlength=len(genes))
    mean = np.where(viable & (count > 0), total / np.maximum(count, 1), -1.0)
    order = np.argsort(-mean, kind="stable")[:limit]
    return np.sort(order[mean[order] >= 0])


def untested(candidates: Genes, tested: Genes, gene_count: int) -> Genes:
    """Return the candidates [n, 3] that are not among the tested genotypes [m, 3]; -1 stands for no gene."""
    weights = np.array([(gene_count + 1) ** 2, gene_count + 1, 1])
    return candidates[~np.isin((candidates + 1) @ weights, (tested + 1) @ weights)]


def suggest(
    target: Target,
    candidates: Genes,
    observations: pd.DataFrame,
    genes: pd.DataFrame,
    viable: NDArray[np.bool_],
    predict: Predict,
    threshold: float,
    kept: int,
) -> pd.DataFrame:
    """Predict candidates and keep the best of both rankings.

    Parameters
    ----------
    target
        In whose units to predict.
    candidates
        int64 [n, 3], untested.
    observations, genes
        The run's tables.
    viable
        bool [N].
    predict
        The fitted model, one prediction a seed.
    threshold
        Value below which an interaction is called in the target's screen, or 0 where nothing is called.
    kept
        Rows kept of each ranking.

    Returns
    -------
    DataFrame
        `COLUMNS`; sorted by the better of the two ranks.
    """
    means, sds = (np.stack(part) for part in zip(*predict(candidates, target.screen, target.phenotype), strict=True))
    prediction, noise = means.mean(0), np.sqrt((sds**2).mean(0))
    measured = _assay(observations, target)
    counts = np.bincount(_members(genes, measured)[0], minlength=len(genes))
    present = candidates >= 0
    rarest = np.where(present, counts[np.maximum(candidates, 0)], np.iinfo(np.int64).max).min(1)
    novelty = 1.0 / (1.0 + rarest)
    signal = noise**2 if target.phenotype == "call" else np.full(len(noise), measured["value"].var())
    # What is not known: seeds disagree, and n measurements of a gene leave 1 / (1 + n) of its effects open.
    unknown = means.var(0) + novelty * signal
    spread = np.sqrt(noise**2 + means.var(0))
    called = target.phenotype == "call"
    value = prediction if called else expected_shortfall(prediction, spread, threshold)
    information = 0.5 * np.log2(1 + unknown / np.maximum(noise**2, 1e-12))
    by_value, by_information = _ranks(value), _ranks(information)
    rows = np.flatnonzero((by_value <= kept) | (by_information <= kept))
    rows = rows[np.lexsort((by_value[rows], np.minimum(by_value, by_information)[rows]))]
    names, in_gem = genes["gene"].to_numpy(object), genes["in_gem"].to_numpy(bool)
    sets = [candidates[row][present[row]] for row in rows]
    return pd.DataFrame(
        {
            "genes": pd.Series([names[members].tolist() for members in sets], dtype=object),
            "order": target.order,
            "screen": target.screen,
            "phenotype": target.phenotype,
            "prediction": prediction[rows],
            "spread": spread[rows],
            "novelty": novelty[rows],
            "expected_value": value[rows],
            "information": information[rows],
            "rank_by_value": by_value[rows],
            "rank_by_information": by_information[rows],
            "viable": [bool(viable[members].all()) for members in sets],
            "metabolic": [_share(in_gem[members]) for members in sets],
        }
    )[list(COLUMNS)]


def expected_shortfall(mean: Floats, sd: Floats, threshold: float) -> Floats:
    """Return E[max(threshold - y, 0)] of y ~ N(mean, sd^2): expected improvement (Jones et al. 1998)."""
    gap = threshold - mean
    scaled = gap / np.maximum(sd, 1e-12)
    return np.asarray(gap * norm.cdf(scaled) + sd * norm.pdf(scaled))


def with_names(table: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """Return suggestions as a lab reads them: ``genes`` and ``names`` joined by +, in the order to pick."""
    names = dict(zip(genes["gene"], genes["name"], strict=True))
    displayed = table.drop(columns="genes")
    displayed.insert(0, "genes", ["+".join(members) for members in table["genes"]])
    displayed.insert(1, "names", ["+".join(names.get(gene) or gene for gene in members) for members in table["genes"]])
    return displayed


def _assay(observations: pd.DataFrame, target: Target) -> pd.DataFrame:
    return observations[
        (observations["screen"] == target.screen)
        & (observations["phenotype"] == target.phenotype)
        & (observations["order"] == target.order)
    ]


def _members(genes: pd.DataFrame, rows: pd.DataFrame) -> tuple[Genes, Floats]:
    """Return the gene of every (observation, gene) and the absolute value of its observation."""
    positions = gene_positions(genes, rows["genes"], "observations")
    row, _ = np.nonzero(positions >= 0)
    return positions[positions >= 0], rows["value"].abs().to_numpy()[row]


def measured_genotypes(observations: pd.DataFrame, genes: pd.DataFrame, order: int) -> Genes:
    """Return every genotype of an order that any screen measured, int64 [m, 3]."""
    rows = observations[(observations["order"] == order) & observations["phenotype"].isin(PHENOTYPES)]
    return np.asarray(gene_positions(genes, rows["genes"], "observations"))


def _ranks(values: Floats) -> NDArray[np.int64]:
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks


def _share(flags: NDArray[np.bool_]) -> str:
    return "all" if flags.all() else "some" if flags.any() else "none"


def combined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return pairs before triples; an empty table with the same columns where nothing could be ranked."""
    filled: Iterable[pd.DataFrame] = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if any(map(len, parts)) else pd.DataFrame(columns=list(COLUMNS))


@dataclass(frozen=True)
class FittedSeeds:
    """The same model fitted from different seeds."""

    seeds: tuple[FittedModel, ...]

    @classmethod
    def read(cls, paths: Sequence[Path], cell: Cell) -> Self:
        """Read ``model.pt`` of every seed.

        Raises
        ------
        PipelineError
            When a file is damaged or belongs to another gene index.
        """
        return cls(tuple(load_fitted(path, cell) for path in paths))

    def predict(
        self, genes: NDArray[np.int64], screen: str, phenotype: str
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return mean and SD of genotypes int64 [n, 3], one pair of float64 [n] a seed; an unknown SD counts as 0."""
        predicted = []
        for fitted in self.seeds:
            prediction = fitted.model.predict(genotypes_of(genes, fitted, screen, phenotype))
            predicted.append((prediction.value, np.nan_to_num(prediction.std)))
        return predicted


def rank_untested(
    observations: pd.DataFrame,
    genes: pd.DataFrame,
    fitted: FittedSeeds,
    settings: ReportingSettings,
    scores: Mapping[str, ScreenScores],
) -> pd.DataFrame:
    """Return suggestions of pairs and of triples; an empty table where there is no model or no interaction screen."""
    parts = []
    viable = viable_genes(genes, observations)
    streams: tuple[tuple[int, int, Callable[[NDArray[np.int64], int], Chunks]], ...] = (
        (2, settings.pair_genes, all_pairs),
        (3, settings.triple_genes, all_triples),
    )
    for order, limit, stream in streams:
        target = choose_target(observations, order, simulated_screens(scores))
        if target is None or not fitted.seeds or target.screen not in fitted.seeds[0].screens:
            continue
        chosen = choose_genes(genes, observations, target, viable, limit)
        if len(chosen) < order:
            continue
        candidates = np.concatenate(list(stream(chosen, CHUNK)))
        candidates = untested(candidates, measured_genotypes(observations, genes, order), len(genes))
        if len(candidates):
            parts.append(
                suggest(
                    target,
                    candidates,
                    observations,
                    genes,
                    viable,
                    fitted.predict,
                    _threshold(scores, target.screen),
                    settings.suggestions,
                )
            )
    return combined(parts)


def _threshold(scores: Mapping[str, ScreenScores], screen: str) -> float:
    """Return the value below which an interaction of the screen is called; 0 where nothing is called."""
    calls = scores[screen].calls if screen in scores else None
    return 0.0 if calls is None else calls.negative
