"""Gene indices and a way to read a screen in one call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import OBSERVATIONS, REJECTED
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.graph import build_gene_table
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.genes.gene_tables import read_gene_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.reading import read_screen

Read = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


@pytest.fixture(scope="session")
def yeast_names(mirror: Path) -> GeneNames:
    """Return SGD's names, every gene of the real screens among them."""
    return GeneNames.from_table(build_gene_table([], read_gene_table(mirror / "essentiality" / "SGD_features.tab")))


@pytest.fixture(scope="session")
def few_names() -> GeneNames:
    """Return six genes, one alias of which two share."""
    return GeneNames.from_table(
        pd.DataFrame(
            {
                "gene": ["YAL001C", "YBL007C", "YBL023C", "YDL227C", "YDR169C-A", "YOL043C"],
                "name": ["TFC3", "SLA1", "MCM2", "HO", "YDR169C-A", "NTG2"],
                "aliases": [["FUN24", "TSV115"], ["SHARED"], ["SHARED", "TFC3"], [], None, ["SCR2"]],
                "in_gem": [False, True, False, False, False, True],
            }
        )
    )


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Return a function that reads a screen to parquet and loads what it wrote."""

    def read_one(
        reader: str, names: GeneNames, files: dict[str, Path], name: str = "screen", **settings: Any
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        section = ScreenSettings(reader=reader, files={role: str(path) for role, path in files.items()}, **settings)
        folder = tmp_path_factory.mktemp("tables")
        output, rejected = folder / f"{name}.parquet", folder / f"{name}.rejected.parquet"
        read_screen(name, section, files, names, output, rejected)
        observations = read_table(output)
        OBSERVATIONS.validate(observations, output)
        return observations, read_table(rejected, REJECTED)

    return read_one
