"""YeastGFP: seen in a compartment, not seen there, or not seen at all."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.features.readers.annotations import COMPARTMENTS
from tests.features.conftest import build

HEADER = "\t".join(["orfid", "yORF", "isGFP_visualized", "localization summary", *COMPARTMENTS, "", ""]) + "\n"


def row(gene: str, where: str, seen: str = "visualized") -> str:
    return "\t".join(["1", gene, seen, where, *("T" if name == where else "F" for name in COMPARTMENTS), "", ""]) + "\n"


def test_a_protein_that_was_not_visualised_is_missing_not_nowhere(tmp_path: Path, genes: pd.DataFrame) -> None:
    path = tmp_path / "gfp.tsv"
    path.write_text(
        HEADER + row("YAL001C", "nucleus") + row("YAL002W", "endosome") + row("YBR123C", "", "not visualized")
    )
    table = build("localisation", {"table": path}, genes)
    assert table.index.tolist() == ["TFC3", "VPS8"]
    assert table["nucleus"].tolist() == [1.0, 0.0]


def test_a_cell_that_is_neither_true_nor_false_is_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    path = tmp_path / "gfp.tsv"
    path.write_text(HEADER + row("YAL001C", "nucleus").replace("F", "x", 1))
    with pytest.raises(PipelineError, match="row 2: a compartment is neither T nor F"):
        build("localisation", {"table": path}, genes)


@pytest.mark.mirror
def test_histones_are_nuclear_and_citrate_synthase_is_mitochondrial(mirror: Path, yeast_genes: pd.DataFrame) -> None:
    table = build("localisation", {"table": mirror / "localisation" / "YeastGFP.tsv"}, yeast_genes)
    assert len(table) > 3900
    assert table.loc["HTB2", "nucleus"] == 1
    assert table.loc["CIT1", "mitochondrion"] == 1
    assert table.loc["VPH1", "vacuolar membrane"] == 1
    assert table.loc["HTB2", "mitochondrion"] == 0
