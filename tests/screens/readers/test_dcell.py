"""The slice of Costanzo et al. 2016 published with DCell."""

from pathlib import Path

import pytest

from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read


@pytest.mark.mirror
def test_both_published_folds_are_read(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    folder = mirror / "dcell-costanzo2016"
    files = {
        "training": folder / "GO_0000790_training_data_2016_0",
        "testing": folder / "GO_0000790_testing_data_2016_0",
    }
    observations, rejected = read("dcell", yeast_names, files)
    assert len(rejected) == 0
    assert observations["published_fold"].value_counts().to_dict() == {"training": 5_092, "testing": 1_724}
    first = observations.iloc[0]
    assert (first["genes"].tolist(), first["value"]) == (["YDR346C", "YKL072W"], 0.0247)
    assert observations[["std", "p_value", "query", "array"]].isna().all(axis=None)


def test_bad_rows_are_rejected(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "slice"
    path.write_text(
        "2 YAL001C YBL007C 0.1\n1 YAL001C YBL007C 0.1\n2 YAL001C YZZ007C 0.1\n2 YAL001C TFC3 0.1\n2 YAL001C SHARED 1\n"
    )
    observations, rejected = read("dcell", few_names, {"training": path})
    assert len(observations) == 1
    assert rejected.sort_values("row")["reason"].tolist() == [
        "the first field is not 2, the number of genes",
        "gene 'YZZ007C' is not in the gene index",
        "query and array lack the same gene",
        "gene name 'SHARED' is ambiguous: YBL007C, YBL023C",
    ]
