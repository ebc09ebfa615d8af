"""A small run on disk: the files that the commands of this stage read."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import EDGES, FOLDS, GENES, OBSERVATIONS, PHENOTYPES, SPLIT
from pipeline_lib.artefacts.tables import save_tensors, write_table
from tests.small_cell import edge_table, gene_table, small_screen, stoichiometry


def observation_table(screen):
    names = gene_table()["gene"].to_numpy()
    n = len(screen)
    return pd.DataFrame(
        {
            "observation_id": screen.observation_id,
            "screen": np.asarray(screen.screens, dtype=object)[screen.screen],
            "genes": [list(names[row[row >= 0]]) for row in screen.genes],
            "order": screen.order,
            "phenotype": np.asarray(PHENOTYPES, dtype=object)[screen.phenotype],
            "value": screen.value,
            "std": screen.std,
            "p_value": np.nan,
            "p_sided": pd.array([pd.NA] * n, dtype="Int64"),
            "query": None,
            "array": None,
            "replicate": np.zeros(n, dtype="int64"),
            "kinds": [["deletion"] * int(order) for order in screen.order],
            "temperature": np.nan,
        }
    )


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Return a folder with genes, observations, edges, stoichiometry and a split; ten observations are in no fold."""
    folder = tmp_path_factory.mktemp("run")
    screen = small_screen(400)
    write_table(gene_table(), folder / "genes.parquet", GENES)
    write_table(edge_table(), folder / "edges.parquet", EDGES)
    write_table(observation_table(screen), folder / "observations.parquet", OBSERVATIONS)
    save_tensors(stoichiometry(), folder / "stoichiometry.pt")
    folds = np.random.default_rng(0).choice(FOLDS, 390, p=[0.8, 0.1, 0.1])
    split = pd.DataFrame({"observation_id": np.arange(390), "fold": folds, "group": "g"})
    write_table(split, folder / "random.parquet", SPLIT)
    return folder


@pytest.fixture
def inputs(run):
    """Return the options that name the inputs of `training` commands."""
    options = {
        "--settings": '{"epochs": 2, "batch_size": 64, "device": "cpu"}',
        "--model-settings": '{"clp": {"hidden": 16, "message_width": 8, "attention_heads": 2, "separate": []}}',
        "--folds": run / "random.parquet",
        "--observations": run / "observations.parquet",
        "--genes": run / "genes.parquet",
        "--edges": run / "edges.parquet",
        "--stoichiometry": run / "stoichiometry.pt",
    }
    return [str(part) for pair in options.items() for part in pair]
