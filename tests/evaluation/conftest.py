"""Small screens in the contract's columns."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import GENES, OBSERVATIONS, PREDICTIONS
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.config.screen_readers import SCREEN_READERS, ScreenScores
from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.estimates import Resamples
from pipeline_lib.evaluation.measurements import Measurements, from_table, named_genes

Rows = pd.DataFrame


def published_scores(frame: Rows) -> dict[str, ScreenScores]:
    """Return the published unit and threshold of every screen: S-scores of collins2007, else fitness units."""
    readers = {"collins2007": "emap"}
    return {screen: SCREEN_READERS.get(readers.get(screen, "kuzmin2018")).scores for screen in frame["screen"].unique()}


@pytest.fixture(scope="session")
def observe() -> Callable[..., Rows]:
    """Return a function that makes observations of one assay; what is not given is not known."""

    def make(genes: Sequence[Sequence[str]], value: Sequence[float], **columns: object) -> Rows:
        n = len(value)
        defaults = {
            "screen": "screen",
            "phenotype": "interaction",
            "std": np.nan,
            "p_value": np.nan,
            "p_sided": None,
            "query": None,
            "array": None,
            "replicate": 0,
            "temperature": np.nan,
        }
        frame = pd.DataFrame({"genes": [sorted(names) for names in genes], "value": np.asarray(value, dtype=float)})
        for name, default in defaults.items():
            given = columns.get(name, default)
            frame[name] = [given] * n if given is None or np.isscalar(given) else list(given)  # type: ignore[call-overload]
        frame["kinds"] = columns.get("kinds", [["deletion"] * len(names) for names in genes])
        frame["order"] = frame["genes"].map(len).astype("int64")
        frame["p_sided"] = frame["p_sided"].astype("Int64")
        frame["replicate"] = frame["replicate"].astype("int64")
        return frame

    return make


@pytest.fixture(scope="session")
def table() -> Callable[..., Rows]:
    """Return a function that puts assays into one observations table."""

    def make(*assays: Rows) -> Rows:
        frame = pd.concat(assays, ignore_index=True)
        frame["observation_id"] = np.arange(len(frame))
        return frame[list(OBSERVATIONS.columns)].astype(
            {"std": float, "p_value": float, "temperature": float, "query": object, "array": object}
        )

    return make


@pytest.fixture(scope="session")
def measure(table: Callable[..., Rows]) -> Callable[..., Measurements]:
    """Return a function that puts assays into one encoded table."""

    def make(*assays: Rows, scores: dict[str, ScreenScores] | None = None) -> Measurements:
        frame = table(*assays)
        return from_table(
            frame, named_genes(frame["genes"]), "test", published_scores(frame) if scores is None else scores
        )

    return make


@pytest.fixture(scope="session")
def crosses(observe: Callable[..., Rows]) -> Callable[..., Rows]:
    """Return a function that makes a screen of query strains crossed to arrays, each genotype once."""

    def make(queries: int, arrays: int, seed: int = 0, **columns: object) -> Rows:
        rng = np.random.default_rng(seed)
        query, array = (part.ravel() for part in np.meshgrid(np.arange(queries), np.arange(arrays), indexing="ij"))
        value = rng.normal(size=queries)[query] * 0.05 + rng.normal(size=query.size) * 0.1
        given = {
            "query": [f"Q{code:03d}_sn{code}" for code in query],
            "array": [f"A{code:03d}_dma{code}" for code in array],
        }
        genes = [(f"Q{q:03d}", f"A{a:03d}") for q, a in zip(query, array, strict=True)]
        return observe(genes, value, **{**given, **columns})

    return make


@pytest.fixture(scope="session")
def emap(observe: Callable[..., Rows]) -> Callable[..., Rows]:
    """Return a function that makes a symmetric screen of S-scores."""

    def make(genes: int, seed: int = 0, **columns: object) -> Rows:
        rng = np.random.default_rng(seed)
        first, second = np.triu_indices(genes, 1)
        names = np.array([f"G{code:03d}" for code in range(genes)])
        pairs = list(zip(names[first], names[second], strict=True))
        value = rng.normal(size=len(pairs)) * 2
        given = {"screen": "collins2007", "query": list(names[first]), "array": list(names[second])}
        return observe(pairs, value, **{**given, **columns})

    return make


@pytest.fixture(scope="session")
def twins(observe: Callable[..., Rows]) -> Callable[..., Rows]:
    """Return a function that makes n pairs of genes measured twice, and is told what differs the second time."""

    def make(n: int, **second: object) -> Rows:
        genes = [(f"G{code}", f"H{code}") for code in range(n)]
        first = {
            "query": [f"{a}_sn1" for a, _ in genes],
            "array": [f"{b}_dma1" for _, b in genes],
            "kinds": [["deletion", "deletion"]] * n,
        }
        value = np.random.default_rng(0).normal(size=n)
        return pd.concat([observe(genes, value, **first), observe(genes, value, **{**first, **second})])

    return make


@pytest.fixture(scope="session")
def literal() -> Callable[[ClusterDesign, Resamples, int], np.ndarray]:
    """Return a function that gives the rows of one resample, written out as often as they were drawn."""

    def rows(design: ClusterDesign, resamples: Resamples, draw: int) -> np.ndarray:
        weights = resamples.row_weights(design.codes, slice(draw, draw + 1))[:, 0]
        return np.repeat(np.arange(len(weights)), weights.astype(int))

    return rows


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a run's tables and predictions, and gives its folder."""

    def write(frame: Rows, folds: np.ndarray, predictions: dict[tuple[str, str, int], np.ndarray]) -> Path:
        names = named_genes(frame["genes"])
        genes = names.assign(name=names["gene"], in_gem=names.index % 2 == 0, aliases=[[]] * len(names))
        genes["essential"] = pd.array(names.index % 3 == 0, dtype="boolean")
        write_table(frame, tmp_path / "tables" / "observations.parquet", OBSERVATIONS)
        write_table(genes, tmp_path / "tables" / "genes.parquet", GENES)
        for (model, split, seed), values in predictions.items():
            content = pd.DataFrame(
                {"observation_id": frame["observation_id"], "prediction": values, "prediction_std": 0.1, "fold": folds}
            )
            path = tmp_path / "models" / model / split / f"seed{seed}" / "predictions.parquet"
            write_table(content[content["fold"] != "none"], path, PREDICTIONS)
        return tmp_path

    return write
