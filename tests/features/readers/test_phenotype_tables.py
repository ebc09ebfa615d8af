"""YeastPhenome: many studies, one matrix."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from tests.features.conftest import build


def study(folder: Path, pubmed: str, text: str) -> None:
    (folder / pubmed).mkdir(parents=True)
    (folder / pubmed / "study_2004_valuez.txt").write_text(text)


def test_studies_are_joined_by_gene_and_what_was_not_measured_is_missing(tmp_path: Path, genes: pd.DataFrame) -> None:
    study(tmp_path, "1", "orf\thap a | growth | heat\nYAL001C\t-1.5\nYAL002W\t\nYBR123C\t0.5\n")
    study(tmp_path, "2", "orf\thom | cell size | YPD\nYAL002W\t2.0\nYBR123C\t1.0\nYZZ999W\t3\n")
    table = build("phenotype_tables", {"studies": tmp_path}, genes)
    assert list(table) == ["gene_index", "1 | hap a | growth | heat", "2 | hom | cell size | YPD"]
    np.testing.assert_array_equal(table.loc["TFC3"].to_numpy()[1:], [-1.5, np.nan])
    np.testing.assert_array_equal(table.loc["VPS8"].to_numpy()[1:], [np.nan, 2.0])
    assert table.attrs["losses"]["unknown_genes"] == 1


def test_columns_measured_through_sga_are_left_out(tmp_path: Path, genes: pd.DataFrame) -> None:
    rows = "YAL001C\t1\nYAL002W\t2\n"
    study(tmp_path, "32064787", "orf\thap a | vacuole class G (Vph1)\n" + rows)
    study(tmp_path, "3", "orf\thap a | growth (SGA)\n" + rows)
    study(tmp_path, "4", "orf\thap a | colony size | SD + NAT + G418\n" + rows)
    study(tmp_path, "5", "orf\thap a | growth | G418\n" + rows)
    table = build("phenotype_tables", {"studies": tmp_path}, genes)
    assert list(table)[1:] == ["5 | hap a | growth | G418"]
    assert {column.split(" ")[0] for column in table.attrs["left_out"]} == {"3", "4", "32064787"}


def test_leave_out_takes_single_mutant_fitness_away(tmp_path: Path, genes: pd.DataFrame) -> None:
    study(tmp_path, "1", "orf\thom | growth | YPD [standard]\thom | growth | heat\nYAL001C\t1\t2\nYAL002W\t3\t4\n")
    table = build("phenotype_tables", {"studies": tmp_path}, genes, leave_out=["ypd [standard]"])
    assert list(table)[1:] == ["1 | hom | growth | heat"]


def test_screens_without_a_name_keep_apart_by_their_position(tmp_path: Path, genes: pd.DataFrame) -> None:
    study(tmp_path, "1", "orf\t\t\nYAL001C\t1\t2\nYAL002W\t3\t5\n")
    assert list(build("phenotype_tables", {"studies": tmp_path}, genes))[1:] == ["1 |  | column 1", "1 |  | column 2"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("gene\tx\nYAL001C\t1\n", "does not start with 'orf'"),
        ("orf\tx\nYAL001C\t1\t2\n", "row 2 has 3 fields where the header has 2"),
        ("orf\tx\nYAL001C\thigh\n", "row 2: column '1 \\| x' holds 'high', which is no number"),
        ("orf\tx\nYAL001C\tinf\n", "holds 'inf', which is no number"),
        ("orf\tx\nYAL001C\t1\nYAL001C\t2\n", "row 3: the gene 'YAL001C' is listed twice"),
        ("", "is empty"),
        ("\n", "does not start with 'orf'"),
    ],
)
def test_a_study_that_breaks_the_layout_is_refused(
    tmp_path: Path, genes: pd.DataFrame, text: str, sentence: str
) -> None:
    study(tmp_path, "1", text)
    with pytest.raises(PipelineError, match=sentence):
        build("phenotype_tables", {"studies": tmp_path}, genes)


def test_a_folder_without_studies_is_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match="holds no <study>"):
        build("phenotype_tables", {"studies": tmp_path}, genes)


@pytest.mark.mirror
def test_yeastphenome_covers_the_deletion_collection(mirror: Path, yeast_genes: pd.DataFrame) -> None:
    table = build("phenotype_tables", {"studies": mirror / "yeastphenome"}, yeast_genes)
    values = table.drop(columns="gene_index")
    measured = values.notna()
    assert (measured.sum(axis=1) > 100).sum() > 4500
    assert len({column.split(" ")[0] for column in values}) == 75
    # Those left out: five studies whose mutants were made by SGA crosses.
    assert len({column.split(" ")[0] for column in table.attrs["left_out"]}) == 5
    # Without the vacuolar ATPase (VMA2, VMA5) yeast does not grow on high pH or much calcium: profiles are similar.
    correlation = values.loc[["VMA2", "VMA5", "TRP1"]].T.corr(min_periods=50)
    assert correlation.loc["VMA2", "VMA5"] > 0.6
    assert correlation.loc["VMA2", "TRP1"] < 0.4
