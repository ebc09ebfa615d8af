"""Gene Ontology: genes by terms."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from tests.features.conftest import build

TABLE = "ORF\troot\trepair\trare\nYAL001C\t1\t1\t0\nYAL002W\t1\t0\t0\nYBR123C\t1\t1\t1\nYBR160W\t1\t0\t0\n"


def written(folder: Path, text: str) -> dict[str, Path]:
    path = folder / "terms.txt.gz"
    path.write_bytes(gzip.compress(text.encode()))
    return {"table": path}


def test_terms_of_too_few_or_too_many_genes_are_left_out(tmp_path: Path, genes: pd.DataFrame) -> None:
    text = TABLE.replace("YBR123C\t1\t1\t1", "YBR123C\t1\t1\t0") + "YDR362C\t1\t1\t1\n"
    table = build(
        "gene_by_term", written(tmp_path, TABLE + "YDR362C\t1\t0\t0\n"), genes, smallest_term=1, largest_term=4
    )
    # Genes of no term that is left have no row: they are not annotated, which is not the same as annotated otherwise.
    assert table.index.tolist() == ["TFC3", "TFC1"]
    assert list(table.attrs["left_out"]) == ["root"]
    with pytest.raises(PipelineError, match="differs between"):
        build("gene_by_term", written(tmp_path, text), genes, smallest_term=2, largest_term=4)


@pytest.mark.parametrize("cell", ["2", "0.5", "yes", "-1"])
def test_a_cell_that_is_neither_0_nor_1_is_refused(tmp_path: Path, genes: pd.DataFrame, cell: str) -> None:
    with pytest.raises(PipelineError, match=r"0 (nor|or) 1"):
        build("gene_by_term", written(tmp_path, TABLE.replace("YAL001C\t1", f"YAL001C\t{cell}")), genes)


def test_a_cut_file_is_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    files = written(tmp_path, TABLE * 50)
    files["table"].write_bytes(files["table"].read_bytes()[:-9])
    with pytest.raises(PipelineError, match="cut short or damaged"):
        build("gene_by_term", files, genes)


@pytest.mark.mirror
def test_rad51_and_rad52_recombine(mirror: Path, yeast_genes: pd.DataFrame) -> None:
    table = build("gene_by_term", {"table": mirror / "go" / "go_bp_140819.txt.gz"}, yeast_genes)
    assert table.loc[["RAD51", "RAD52"], "mitotic recombination"].eq(1).all()
    assert table.loc["PFK1", "mitotic recombination"] == 0
    assert len(table) > 4500
