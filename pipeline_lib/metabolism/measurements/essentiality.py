"""Which genes the cell needs: growth by flux balance and boosted trees on it, against the list of essential genes.

Protocol of yeast-GEM's own test (``essentialGenes.m`` of release 9.0.2, adapted from doi:10.1371/journal.pcbi.1004530):
on the Kennedy synthetic complete medium, with every boundary reaction free to excrete, a gene is predicted essential
when its deletion leaves less than 1e-6 of the wild type's growth.

Growth by flux balance is held against the measured list as it is. Trees (histogram gradient boosting of scikit-learn)
learn on four fifths of the genes and predict the fifth that they did not see, once with folds of genes and once with
folds of enzyme complexes, since subunits of one complex have the same growth and mostly the same essentiality.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pipeline_lib.artefacts.schemas import ESSENTIALITY_BENCHMARK, no_rows
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.measurements.agreement import (
    RESAMPLES,
    SEED,
    Statistic,
    Values,
    agreement,
    auroc,
    average_precision,
    pearson,
)
from pipeline_lib.metabolism.medium import medium_bounds
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork

GROWTH_RATIO = 1e-6
"""Growth relative to the wild type below which a deletion counts as lethal."""
PUBLISHED = {
    "model": "yeast-GEM 9.0.2",
    "accuracy": 0.903,
    "mcc": 0.535,
    "genes": 1124,
    "note": "1,124 verified open reading frames, 160 of them on the Yeast Deletion Project's list of 2011",
}
"""Result of the release's own test (its README and ``data/testResults/essentialGenes.md``)."""
_GLUCOSE_UPTAKE = "r_1714"
"""yeast-GEM's id: what the published test is about."""
_FREE = 1000.0


def synthetic_complete(network: MetabolicNetwork, reactions: pd.DataFrame) -> MetabolicNetwork:
    """Return the network under the conditions of the published test.

    Parameters
    ----------
    network
        The network as built.
    reactions
        The reactions table, with its column ``exchange``.

    Returns
    -------
    MetabolicNetwork
        On the medium ``rich``; the boundary reactions of internal metabolites (growth, lipid backbones and chains) run
        outwards freely, as the published test lets them.

    Raises
    ------
    PipelineError
        When the model has not the exchange reactions of that medium, or they are not those of yeast-GEM.
    """
    exchange = reactions["exchange"].to_numpy(bool)
    lower, upper = medium_bounds(reactions, network.stoichiometry, exchange, "rich")
    if _GLUCOSE_UPTAKE not in set(reactions["id"]):
        raise PipelineError(
            "the published protocol is not applied: it belongs to a model with other ids of exchange reactions."
        )
    inner = (np.diff(network.stoichiometry.indptr) == 1) & ~exchange
    lower[inner], upper[inner] = 0.0, _FREE
    return replace(network, lower=lower, upper=upper)


def confusion(
    growth_ratio: NDArray[np.float64], essential: NDArray[np.bool_], genes: NDArray[np.str_]
) -> dict[str, Any]:
    """Compare predicted with measured essentiality.

    Parameters
    ----------
    growth_ratio
        float64 [n]: growth of each deletion over that of the wild type; NaN where the solver gave up (left out).
    essential
        bool [n]: measured.
    genes
        str [n]: names, for the lists of disagreements.

    Returns
    -------
    dict
        The four counts, ``accuracy``, ``mcc`` (Matthews correlation coefficient; None where a margin of the table is
        empty), ``unsolved`` (genes left out) and the genes of both kinds of disagreement.
    """
    from sklearn.metrics import matthews_corrcoef

    solved = ~np.isnan(growth_ratio)
    predicted = growth_ratio[solved] < GROWTH_RATIO
    measured, named = essential[solved], genes[solved]
    one_sided = len(np.unique(predicted)) < 2 or len(np.unique(measured)) < 2
    return {
        "genes": int(solved.sum()),
        "unsolved": int((~solved).sum()),
        "essential_predicted_essential": int((measured & predicted).sum()),
        "essential_predicted_viable": int((measured & ~predicted).sum()),
        "viable_predicted_essential": int((~measured & predicted).sum()),
        "viable_predicted_viable": int((~measured & ~predicted).sum()),
        "accuracy": float((measured == predicted).mean()) if len(measured) else None,
        "mcc": None if one_sided else float(matthews_corrcoef(measured, predicted)),
        "falsely_viable": sorted(map(str, named[measured & ~predicted])),
        "falsely_essential": sorted(map(str, named[~measured & predicted])),
    }


def essentiality_report(network: MetabolicNetwork, reactions: pd.DataFrame, genes: pd.DataFrame) -> dict[str, Any]:
    """Delete every gene of the model once and compare with the measured essential genes.

    Parameters
    ----------
    network
        The network as built.
    reactions
        The reactions table, with its column ``exchange``.
    genes
        The gene index; ``essential`` is missing where not measured.

    Returns
    -------
    dict
        ``growth_ratio_below`` (the threshold); ``conditions``: the table of `confusion` and the wild type's growth on
        the medium as built and under the published protocol; ``published``: what the model's authors report, None
        where the protocol is not that of the model;
        ``notes``: why a condition is not there.
    """
    measured = np.flatnonzero(genes["in_gem"].to_numpy(bool) & genes["essential"].notna().to_numpy())
    report: dict[str, Any] = {
        "growth_ratio_below": GROWTH_RATIO,
        "conditions": {},
        "published": None,
        "notes": [],
    }
    if not len(measured):
        report["notes"].append("no gene of the model has a measured essentiality")
        return report
    conditions = {"as_built": network}
    try:
        conditions["published_protocol"] = synthetic_complete(network, reactions)
        report["published"] = PUBLISHED
    except PipelineError as error:
        report["notes"].append(str(error))
    essential = genes["essential"].to_numpy(bool, na_value=False)[measured]
    names = genes["gene"].to_numpy(str)[measured]
    singles = choose(measured, 1)
    for name, condition in conditions.items():
        growths = solve_knockouts(condition, singles)
        report["conditions"][name] = {
            "wild_type_growth": growths.wild_type,
            **confusion(growths.fitness(singles), essential, names),
        }
    return report


FORBIDDEN = ("essential", "viab", "lethal", "haploinsuff")
"""Words in the names of columns that are derived from essentiality (``viab``: viable, inviable, viability)."""
_GROWTH_COLUMNS = "fitness_"
"""Start of the columns of growth in a feature table ``flux``: growth is an input of its own."""
_FEWEST_DIFFERING = 5
"""Genes whose value must differ from the commonest one for a column to say anything."""


def gene_features(
    genes: pd.Series, tables: Mapping[str, pd.DataFrame], edges: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Put feature tables and degrees in gene networks side by side.

    Parameters
    ----------
    genes
        Names in the order of the gene index.
    tables
        Feature tables by name (`pipeline_lib.artefacts.schemas.FEATURES`).
    edges
        Gene networks (`pipeline_lib.artefacts.schemas.EDGES`, with ``holds_genetic``); those with genetic interactions
        give no degree.

    Returns
    -------
    (features, left_out)
        float64, genes by columns ``<table>: <column>`` and ``degree: <network>``, NaN where not known; the columns
        that are left out since by their name they come from essentiality.
    """
    parts, left_out = [], []
    for name, table in tables.items():
        columns = [column for column in table.columns.drop("gene_index") if not column.startswith(_GROWTH_COLUMNS)]
        forbidden = [column for column in columns if any(word in column.casefold() for word in FORBIDDEN)]
        left_out += [f"{name}: {column}" for column in forbidden]
        kept = table.set_index("gene_index")[[column for column in columns if column not in forbidden]]
        parts.append(kept.add_prefix(f"{name}: ").astype("float64"))
    for network, of_network in edges[~edges["holds_genetic"]].groupby("network"):
        degree = np.bincount(of_network[["source", "target"]].to_numpy(np.int64).ravel(), minlength=len(genes))
        parts.append(pd.DataFrame({f"degree: {network}": degree.astype(np.float64)}))
    found = pd.concat(parts, axis=1).reindex(np.arange(len(genes))) if parts else pd.DataFrame(index=range(len(genes)))
    return found.set_axis(genes.to_numpy(), axis=0), left_out


def informative(features: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in which at least five genes have another value than the commonest."""
    return features[[column for column in features if _differing(features[column]) >= _FEWEST_DIFFERING]]


def _differing(values: pd.Series) -> int:
    counts = values.value_counts()
    return int(counts.iloc[1:].sum())


def same_complex(complexes: pd.DataFrame, num_genes: int) -> NDArray[np.int64]:
    """Return one number a gene, int64 [G]; genes of one enzyme complex, directly or through others, have the same.

    Parameters
    ----------
    complexes
        `pipeline_lib.artefacts.schemas.COMPLEXES`.
    num_genes
        G.
    """
    members = complexes.drop_duplicates(["complex_index", "gene_index"])
    shape = (num_genes, int(complexes["complex_index"].max()) + 1 if len(complexes) else 0)
    entries = (members["gene_index"].to_numpy(), members["complex_index"].to_numpy())
    belongs = sparse.csr_array((np.ones(len(members)), entries), shape=shape)
    return np.asarray(connected_components(belongs @ belongs.T, directed=False)[1].astype(np.int64))


_FOLDS = 5
_REPEATS = 3
"""Partitions into folds over which a gene's probability is averaged."""
_FEWEST = 5 * _FOLDS
"""Essential genes, and others, below which nothing is learned."""
_FLUX_BALANCE, _TREES = "flux balance", "boosted trees"
_GROWTH, _FEATURES, _BOTH = "growth on every medium", "gene features", "growth and gene features"
_OF_GENES, _OF_COMPLEXES = "genes", "complexes"
_CALLED = 0.5
"""Probability above which the trees call a gene essential."""


def essentiality_benchmark(
    growth: pd.DataFrame,
    features: pd.DataFrame,
    essential: pd.Series,
    complexes: pd.Series,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Hold predictors of essential genes against the measured list.

    Parameters
    ----------
    growth
        Fitness of single deletions: genes by media.
    features
        Further features: genes by columns, missing where not known. None may be derived from essentiality.
    essential
        bool by gene.
    complexes
        By gene, int: genes of one enzyme complex have one number.
    resamples
        Bootstrap samples of genes, the same ones for every predictor.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.ESSENTIALITY_BENCHMARK`; no rows where fewer than 25 genes of the model
        are essential, or fewer than 25 are not.
    """
    genes = growth.dropna().index.intersection(essential.dropna().index)
    measured = essential[genes].to_numpy(np.float64)
    if min(measured.sum(), (1 - measured).sum()) < _FEWEST:
        return no_rows(ESSENTIALITY_BENCHMARK)
    grown, known = growth.loc[genes], informative(features.reindex(genes))
    inputs = {_GROWTH: grown, _FEATURES: known, _BOTH: pd.concat([grown, known], axis=1)}
    if not known.shape[1]:
        inputs = {_GROWTH: grown}
    groups = {_OF_GENES: np.arange(len(genes)), _OF_COMPLEXES: complexes[genes].to_numpy()}
    balance = {(_FLUX_BALANCE, str(medium), "", 1): 1 - grown[medium].to_numpy(np.float64) for medium in grown}
    trees = {
        (_TREES, name, folds, table.shape[1]): out_of_fold(table.to_numpy(np.float64), measured, group)
        for folds, group in groups.items()
        for name, table in inputs.items()
    }
    scores = {"|".join(map(str, key)): score for key, score in (balance | trees).items()}
    reference = "|".join(map(str, next(iter(trees))))
    described = pd.DataFrame(list(balance | trees), columns=["predictor", "inputs", "folds", "columns"])
    parts = [
        pd.concat(
            [
                described.assign(measure=measure),
                agreement(named, measured, statistic, reference, resamples).reset_index(drop=True),
            ],
            axis=1,
        )
        for measure, named, statistic in _measures(scores)
    ]
    return pd.concat(parts, ignore_index=True).assign(genes=len(genes), essential=int(measured.sum()))


def _measures(scores: Mapping[str, Values]) -> list[tuple[str, dict[str, Values], Statistic]]:
    called = {
        name: (score > (_CALLED if name.startswith(_TREES) else 1 - GROWTH_RATIO)).astype(np.float64)
        for name, score in scores.items()
    }
    ranked = dict(scores)
    return [("auroc", ranked, auroc), ("average_precision", ranked, average_precision), ("mcc", called, pearson)]


def out_of_fold(inputs: Values, essential: Values, groups: NDArray[np.int64]) -> Values:
    """Return the probability of being essential by boosted trees that saw no gene of the group, float64 [n].

    Parameters
    ----------
    inputs
        float64 [n, columns]; NaN where not known.
    essential
        float64 [n]: 0 or 1.
    groups
        int64 [n]: genes of one group are in one fold.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    found = np.zeros(len(essential))
    for repeat in range(_REPEATS):
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=SEED + repeat)
        for train, test in folds.split(inputs, essential, groups):
            trees = HistGradientBoostingClassifier(max_depth=3, max_iter=100, learning_rate=0.05, random_state=SEED)
            trees.fit(inputs[train], essential[train])
            found[test] += trees.predict_proba(inputs[test])[:, 1] / _REPEATS
    return found
