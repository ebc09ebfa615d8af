"""The gene index holds every gene once, under its systematic name."""

import pytest

from pipeline_lib.artefacts.schemas import GENES
from pipeline_lib.cell.gene_index import assert_same_index, build_gene_table, read_essential_genes, read_features
from pipeline_lib.errors import PipelineError


@pytest.fixture(scope="module")
def features(mirror):
    return read_features(mirror / "essentiality/SGD_features.tab")


@pytest.mark.mirror
def test_sgd_names_every_open_reading_frame_once(features):
    assert features["gene"].is_unique
    assert features["gene"].str.match(r"^(Y[A-P][LR]\d{3}[WC]|Q\d{4}|R\d{4}[WC])").mean() > 0.98
    tfc3 = features.set_index("gene").loc["YAL001C"]
    assert tfc3["name"] == "TFC3"
    assert "FUN24" in tfc3["aliases"]


@pytest.mark.mirror
def test_the_marker_of_controls_is_ho(features):
    assert features.set_index("gene").loc["YDL227C", "name"] == "HO"


@pytest.mark.mirror
def test_the_list_of_essential_genes_leaves_comments_out(mirror):
    essential = read_essential_genes(mirror / "essentiality/Cerevisiae_EssentialGenes_List_1.txt")
    assert "YAL001C" in essential
    assert 1000 < len(essential) <= 1085


def test_a_gene_of_the_model_that_sgd_lacks_is_added(tmp_path):
    path = tmp_path / "features.tab"
    path.write_text("S1\tORF\tVerified\tYAL001C\tTFC3\tFUN24|tau 138\t\nS2\tARS\t\tARS1\t\t\t\n")
    table = GENES.validate(build_gene_table(["YAL001C", "YXX001W"], read_features(path), frozenset({"YAL001C"})), "t")
    assert table["gene"].tolist() == ["YAL001C", "YXX001W"]
    assert table["aliases"].tolist() == [["FUN24", "tau 138"], []]
    assert table["in_gem"].all()
    assert table["essential"].tolist() == [True, False]


def test_essentiality_is_unknown_without_a_list():
    assert build_gene_table(["b0001"], None, None)["essential"].isna().all()


def test_another_file_is_not_taken_for_sgds_table(tmp_path):
    path = tmp_path / "other.tab"
    path.write_text("a\tb\n")
    with pytest.raises(PipelineError, match=r"expected SGD_features.tab"):
        read_features(path)


def test_a_shifted_index_is_refused():
    table = build_gene_table(["a", "b", "c"], None, None)
    assert_same_index(["a", "b", "c"], table, "model.pt")
    with pytest.raises(PipelineError, match="they differ from position 1 on"):
        assert_same_index(["a", "c"], table, "model.pt")


def test_a_list_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "essential.txt").write_bytes(b"YAL001C\n\xff\n")
    with pytest.raises(PipelineError, match="is no text"):
        read_essential_genes(tmp_path / "essential.txt")
