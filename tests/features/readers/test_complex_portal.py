"""Complex Portal: members through UniProt accessions."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from tests.features.conftest import build

HEADER = "Complex ac\tRecommended name\tExpanded participant list\n"
FASTA = """>sp|P00001|A_YEAST One OX=559292 GN=TFC3 PE=1
MA
>sp|P00002|B_YEAST Two OX=559292 GN=VPS8 PE=1
MK
>sp|P00003|C_YEAST Three OX=559292 GN=YBR123C PE=1
ML
"""


def files(folder: Path, rows: str) -> dict[str, Path]:
    (folder / "complexes.tsv").write_text(HEADER + rows)
    (folder / "proteome.fasta").write_text(FASTA)
    return {"complexes": folder / "complexes.tsv", "proteome": folder / "proteome.fasta"}


def test_paralogues_and_mature_chains_are_members_and_ligands_are_not(tmp_path: Path, genes: pd.DataFrame) -> None:
    rows = "CPX-1\tABC\tP00001-PRO_0000006048(1)|[P00002,P00003](2)|CHEBI:29105(1)\nCPX-2\tAB\tP00001(1)|P00002(0)\n"
    table = build("complex_portal", files(tmp_path, rows), genes)
    # A complex that all covered genes share tells none apart and is dropped as constant.
    assert list(table)[1:] == ["CPX-2 | AB"]
    assert table["CPX-2 | AB"].to_dict() == {"TFC3": 1.0, "VPS8": 1.0, "TFC1": 0.0}


def test_a_complex_of_one_gene_is_left_out(tmp_path: Path, genes: pd.DataFrame) -> None:
    rows = "CPX-1\tdimer\tP00001(2)\nCPX-2\tAB\tP00001(1)|P00002(0)\nCPX-3\tBC\tP00002(1)|P00003(1)\n"
    table = build("complex_portal", files(tmp_path, rows), genes)
    assert list(table.attrs["left_out"]) == ["CPX-1 | dimer"]


def test_complexes_of_another_organism_are_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match="none of its members is a protein"):
        build("complex_portal", files(tmp_path, "CPX-1\tx\tQ99999(1)|Q99998(1)\n"), genes)


@pytest.mark.mirror
def test_proteasome_and_succinate_dehydrogenase(mirror: Path, yeast_genes: pd.DataFrame) -> None:
    given = {
        "complexes": mirror / "complex-portal" / "ComplexPortal_559292.tsv",
        "proteome": mirror / "uniprot" / "uniprotkb_proteome_UP000002311_2023_11_30.fasta",
    }
    table = build("complex_portal", given, yeast_genes)
    values = table.drop(columns="gene_index")
    shared = values.loc["PRE1"] * values.loc["PUP1"]
    assert any("proteasome" in column.lower() for column in values.columns[shared.to_numpy() > 0])
    # Succinate dehydrogenase is complex II of the respiratory chain.
    dehydrogenase = ["CPX-565 | Mitochondrial respiratory chain complex II"]
    assert values.loc[["SDH1", "SDH2", "SDH3", "SDH4"], dehydrogenase].max(axis=1).eq(1).all()
    assert not values.loc["PRE1", dehydrogenase].any()
    # H3 and H4 are in every nucleosome; H2B is made by two genes, of which each nucleosome has one.
    nucleosome = [column for column in values if "nucleosome, variant" in column.lower()]
    assert values.loc[["HHT1", "HHF1"], nucleosome].eq(1).all(axis=None)
    assert values.loc[["HTB1", "HTB2"], nucleosome].sum().eq(1).all()
    assert len(values) > 1900
