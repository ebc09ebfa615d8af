"""Gene tables, and the readers' settings."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.features.building import build_features, read_raw_features
from tests.networks.conftest import GENES, NAMES, gene_table, yeast_genes

__all__ = ["yeast_genes"]


@pytest.fixture
def genes() -> pd.DataFrame:
    """Return eight genes; TRP2 is a standard name and another gene's alias, SHARED is an alias of two."""
    return gene_table(GENES, NAMES, [["FUN24"], ["FUN15"], [], ["SRM5", "SHARED"], ["SHARED"], [], ["TRP2"], []])


def build(reader: str, files: dict[str, Path], genes: pd.DataFrame, **settings: object) -> pd.DataFrame:
    """Read and build one feature table; its index is the standard name of the gene."""
    chosen = FeatureSettings(reader=reader, **settings)  # type: ignore[arg-type]
    table = build_features("tested", read_raw_features(files, chosen), genes)
    attrs = table.attrs
    table = table.set_index(genes["name"].to_numpy()[table["gene_index"]])
    table.attrs = attrs
    return table
