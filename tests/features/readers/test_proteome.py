"""Sequences: length, composition, charge, hydropathy."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.features.readers.proteome import RESIDUES, isoelectric_point
from tests.features.conftest import build


def fasta(folder: Path, **proteins: str) -> dict[str, Path]:
    path = folder / "proteome.fasta"
    rows = enumerate(proteins.items(), 1)
    path.write_text("".join(f">sp|P0000{at}|X_YEAST X OX=559292 GN={gene} PE=1\n{seq}\n" for at, (gene, seq) in rows))
    return {"fasta": path}


def test_sequences_over_several_lines_are_one_protein(tmp_path: Path, genes: pd.DataFrame) -> None:
    table = build("proteome", fasta(tmp_path, TFC3="MKKL\nLLDE", VPS8="MWWW"), genes)
    assert table["length"].to_dict() == {"TFC3": 8.0, "VPS8": 4.0}
    assert table.loc["TFC3", "share_L"] == pytest.approx(3 / 8)
    assert table.loc["VPS8", "hydropathy"] == pytest.approx((1.9 - 3 * 0.9) / 4)


def test_four_equal_shares_have_two_bits_of_entropy(tmp_path: Path, genes: pd.DataFrame) -> None:
    table = build("proteome", fasta(tmp_path, TFC3="ACDE" * 5, VPS8="A" * 9), genes)
    assert table["entropy"].tolist() == pytest.approx([2.0, 0.0])


def test_lysine_is_basic_aspartate_acidic_and_a_peptide_of_neither_between_its_ends() -> None:
    counts = np.zeros((3, 20))
    counts[0, RESIDUES.index("K")] = counts[1, RESIDUES.index("D")] = counts[2, RESIDUES.index("G")] = 10
    basic, acidic, neutral = isoelectric_point(counts)
    assert basic > 10
    assert acidic < 4
    # Two groups that lose one proton each: halfway between their pK.
    assert neutral == pytest.approx((8.6 + 3.6) / 2, abs=1e-6)


def test_a_file_that_is_no_fasta_is_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    (tmp_path / "x.fasta").write_text("ACT1\tMDSEV\n")
    with pytest.raises(PipelineError, match="does not start with '>'"):
        build("proteome", {"fasta": tmp_path / "x.fasta"}, genes)


def test_headers_of_another_database_are_refused_with_their_row(tmp_path: Path, genes: pd.DataFrame) -> None:
    (tmp_path / "x.fasta").write_text(">sp|P1AAA1|A GN=TFC3\nMK\n>YAL002W VPS8\nMK\n")
    with pytest.raises(PipelineError, match="row 3: the header '>YAL002W VPS8' has no accession"):
        build("proteome", {"fasta": tmp_path / "x.fasta"}, genes)


@pytest.mark.mirror
def test_actin_has_375_residues_and_histones_are_basic(mirror: Path, yeast_genes: pd.DataFrame) -> None:
    path = mirror / "uniprot" / "uniprotkb_proteome_UP000002311_2023_11_30.fasta"
    table = build("proteome", {"fasta": path}, yeast_genes)
    assert table.loc["ACT1", "length"] == 375
    assert table.loc["ACT1", "isoelectric_point"] == pytest.approx(5.4, abs=0.2)
    assert table.loc["HHT1", "isoelectric_point"] > 10
    # A transporter of the membrane is more hydrophobic than a soluble enzyme; GLD1 is another gene's alias for TDH3.
    assert table.loc["PMA1", "hydropathy"] > 0 > table.loc["PFK1", "hydropathy"]
    assert table.loc["TDH3", "length"] == 332
    assert len(table) > 5800
