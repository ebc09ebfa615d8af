"""Predictors of essential genes: no gene predicts itself, and nothing that knows essentiality is a feature."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from pipeline_lib.metabolism.measurements.agreement import average_precision
from pipeline_lib.metabolism.measurements.essentiality import (
    essentiality_benchmark,
    gene_features,
    out_of_fold,
    same_complex,
)

GENES = pd.Index([f"gene{at}" for at in range(200)])


@pytest.fixture(scope="module")
def growth() -> pd.DataFrame:
    """Return growth on two media; the deletion of a third of the genes is lethal on the first."""
    random = np.random.default_rng(1)
    lethal = random.random(200) < 0.3
    return pd.DataFrame({"model": np.where(lethal, 0.0, 1.0), "other": random.uniform(0.5, 1, 200)}, index=GENES)


def test_a_feature_that_decides_what_growth_does_not_is_learned(growth: pd.DataFrame) -> None:
    random = np.random.default_rng(2)
    feature = random.normal(size=200)
    essential = pd.Series((growth["model"].to_numpy() == 0) | (feature > 1), index=GENES)
    features = pd.DataFrame({"abundance": feature, "noise": random.normal(size=200)}, index=GENES)
    alone = pd.Series(np.arange(200), index=GENES)
    table = essentiality_benchmark(growth, features, essential, alone, resamples=50)
    of = table.set_index(["predictor", "inputs", "folds", "measure"])
    balance = of.loc[("flux balance", "model", "", "mcc")]
    both = of.loc[("boosted trees", "growth and gene features", "genes", "auroc")]
    assert 0.4 < balance["value"] < 1
    assert both["value"] > 0.95
    assert both["difference_low"] > 0
    assert (table["essential"] == essential.sum()).all()
    assert set(table["measure"]) == {"auroc", "average_precision", "mcc"}


def test_a_gene_s_own_label_is_not_seen() -> None:
    """A feature that is another number for each gene predicts nothing; within a complex it does, unless it is held."""
    random = np.random.default_rng(3)
    complexes = np.repeat(np.arange(50), 4)
    essential = (random.random(50) < 0.4).astype(float)[complexes]
    inputs = random.normal(size=50)[complexes][:, None]
    of_genes = out_of_fold(inputs, essential, np.arange(200))
    of_complexes = out_of_fold(inputs, essential, complexes)
    assert np.corrcoef(of_genes, essential)[0, 1] > 0.4
    assert np.corrcoef(of_complexes, essential)[0, 1] < 0.2


def test_too_few_essential_genes_are_not_learned(growth: pd.DataFrame) -> None:
    essential = pd.Series(np.arange(200) < 10, index=GENES)
    none = pd.DataFrame(index=GENES)
    assert not len(essentiality_benchmark(growth, none, essential, pd.Series(0, index=GENES)))


def test_columns_that_know_essentiality_are_left_out() -> None:
    genes = pd.Series(["A", "B", "C"])
    table = pd.DataFrame(
        {
            "gene_index": [0, 2],
            "Inviable in YPD": [1.0, 0.0],
            "is_essential": [1.0, 0.0],
            "length": [10.0, 20.0],
            "fitness_rich": [0.0, 1.0],
        }
    )
    edges = pd.DataFrame(
        {"network": ["physical", "genetic"], "source": [0, 1], "target": [2, 2], "holds_genetic": [False, True]}
    )
    features, left_out = gene_features(genes, {"mine": table}, edges)
    assert list(features.columns) == ["mine: length", "degree: physical"]
    assert left_out == ["mine: Inviable in YPD", "mine: is_essential"]
    assert features["degree: physical"].tolist() == [1, 0, 1]
    assert np.isnan(features.loc["B", "mine: length"])


def test_genes_that_share_a_complex_directly_or_through_another_are_one_group() -> None:
    complexes = pd.DataFrame({"complex_index": [0, 0, 1, 1, 2], "reaction_index": 0, "gene_index": [0, 1, 1, 2, 3]})
    groups = same_complex(complexes, 5)
    assert groups[0] == groups[1] == groups[2]
    assert len({groups[0], groups[3], groups[4]}) == 3


def test_average_precision_is_that_of_scikit_learn_with_ties() -> None:
    random = np.random.default_rng(4)
    score, positive = random.integers(0, 5, 100).astype(float), (random.random(100) < 0.3).astype(float)
    assert average_precision(score, positive) == pytest.approx(average_precision_score(positive, score))
