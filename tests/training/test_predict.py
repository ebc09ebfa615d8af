"""`predict`: genotypes by name, by table, all pairs and triples; the same values however they are cut."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts.tensors import load_tensors, save_tensors
from pipeline_lib.errors import PipelineError
from pipeline_lib.training import genotype_streams as streams
from pipeline_lib.training.cli import app as training
from pipeline_lib.training.inputs import read_cell, read_split
from pipeline_lib.training.predict import load_fitted, predict_chunks
from pipeline_lib.training.predict_cli import app
from tests.small_cell import gene_table


@pytest.fixture(scope="module")
def model(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted")
    options = {
        "--settings": '{"epochs": 1, "batch_size": 64, "device": "cpu"}',
        "--model-settings": '{"clp": {"hidden": 16, "message_width": 8, "attention_heads": 2, "separate": []}}',
        "--model": "clp", "--split": run / "random.parquet", "--observations": run / "observations.parquet",
        "--genes": run / "genes.parquet", "--edges": run / "edges.parquet",
        "--stoichiometry": run / "stoichiometry.pt", "--predictions": folder / "p.parquet",
        "--history": folder / "h.parquet", "--metrics": folder / "m.json", "--output": folder / "model.pt",
    }  # fmt: skip
    result = CliRunner().invoke(training, ["fit", *(str(part) for pair in options.items() for part in pair)])
    assert result.exit_code == 0, result.output
    return folder / "model.pt"


@pytest.fixture
def predict(run, model, tmp_path):
    def call(*arguments):
        output = tmp_path / "out.parquet"
        result = CliRunner().invoke(
            app,
            [
                "--model", str(model), "--genes-table", str(run / "genes.parquet"),
                "--edges", str(run / "edges.parquet"),
                "--stoichiometry", str(run / "stoichiometry.pt"), "--output", str(output), *map(str, arguments),
            ],
        )  # fmt: skip
        return pd.read_parquet(output) if result.exit_code == 0 else result

    return call


def test_named_genotypes_keep_their_order_and_take_standard_names(predict):
    table = predict("--genes", "YAL003C,YAL001C", "--genes", "gen2,GEN4,YAL001C")
    assert [list(genes) for genes in table["genes"]] == [["YAL001C", "YAL003C"], ["YAL001C", "YAL002C", "YAL004C"]]
    assert np.isfinite(table["prediction"]).all()
    assert (table["prediction_std"] > 0).all()


def test_a_prediction_equals_that_of_the_fit(predict, run, model):
    cell = read_cell(run / "genes.parquet", run / "edges.parquet", run / "stoichiometry.pt")
    data = read_split(run / "observations.parquet", run / "random.parquet", cell.genes)
    fitted = pd.read_parquet(model.parent / "p.parquet")["prediction"].to_numpy()
    rows = np.flatnonzero((data.genotypes.screen == 1) & (data.genotypes.phenotype == 1))[:5]
    names = cell.genes["gene"].to_numpy()
    genotypes = [",".join(names[genes[genes >= 0]]) for genes in data.genotypes.genes[rows]]
    options = [part for genotype in genotypes for part in ("--genes", genotype)]
    table = predict(*options, "--screen", "two", "--phenotype", "interaction")
    assert table["prediction"].to_numpy() == pytest.approx(fitted[rows], abs=1e-6)


def test_all_triples_of_a_list_come_once_and_in_order(predict, tmp_path):
    names = gene_table()["gene"].tolist()
    (tmp_path / "genes.txt").write_text("\n".join(reversed(names[:9])))
    table = predict("--all-triples", tmp_path / "genes.txt")
    assert [tuple(genes) for genes in table["genes"]] == list(combinations(names[:9], 3))
    pairs = predict("--all-pairs", tmp_path / "genes.txt")
    assert [tuple(genes) for genes in pairs["genes"]] == list(combinations(names[:9], 2))


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_chunks_hold_every_triple_whatever_their_size(size):
    genes = np.arange(3, 15)
    chunks = list(streams.all_triples(genes, size))
    assert max(map(len, chunks)) <= size
    assert np.concatenate(chunks).tolist() == [list(triple) for triple in combinations(range(3, 15), 3)]
    assert sum(map(len, chunks)) == comb(12, 3)


def test_the_file_is_the_same_however_it_is_cut(run, model, tmp_path):
    cell = read_cell(run / "genes.parquet", run / "edges.parquet", run / "stoichiometry.pt")
    fitted = load_fitted(model, cell)
    tables = []
    for size in (13, 1000):
        count = predict_chunks(streams.all_triples(np.arange(10), size), fitted, cell.genes, tmp_path / "t.parquet")
        assert count == comb(10, 3)
        tables.append(pq.read_table(tmp_path / "t.parquet").to_pandas())
    assert tables[0]["prediction"].to_numpy() == pytest.approx(tables[1]["prediction"].to_numpy(), abs=1e-6)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet"])
def test_a_table_of_genotypes_is_read_in_each_layout(predict, tmp_path, name):
    path = tmp_path / name
    if name == "t.parquet":
        pd.DataFrame({"genes": [["YAL001C", "YAL003C"], ["YAL005C"]]}).to_parquet(path)
    else:
        frame = pd.DataFrame({"genes": ["YAL001C+YAL003C", "YAL005C"]})
        frame.to_csv(path, sep="," if name == "t.csv" else "\t", index=False)
    assert [list(genes) for genes in predict("--table", path)["genes"]] == [["YAL001C", "YAL003C"], ["YAL005C"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--genes", "YZZ999W"], "'YZZ999W' is not in the gene index"),
        (["--genes", "YAL001C,YAL002C,YAL003C,YAL004C"], "1 to 3 genes, not 4"),
        (["--genes", "YAL001C", "--screen", "three"], "no screen 'three'; it was fitted on one, two"),
        (["--table", "missing.csv"], "does not exist"),
        (["--all-triples", "missing.txt"], "does not exist"),
    ],
)
def test_what_cannot_be_predicted_is_refused_in_one_sentence(predict, arguments, message):
    result = predict(*arguments)
    assert isinstance(result.exception, PipelineError)
    assert message in str(result.exception)


def test_two_genes_have_no_triple(predict, tmp_path):
    (tmp_path / "genes.txt").write_text("YAL001C YAL002C")
    result = predict("--all-triples", tmp_path / "genes.txt")
    assert isinstance(result.exception, PipelineError)
    assert "no genotype to predict" in str(result.exception)


def test_exactly_one_source_of_genotypes_is_wanted(predict):
    assert "exactly one" in predict().output
    assert "exactly one" in predict("--genes", "YAL001C", "--table", "t.csv").output


def test_a_model_of_another_gene_index_is_refused(run, model, tmp_path):
    saved = load_tensors(model)
    saved["genes"] = [*saved["genes"][1:], "YAL999C"]
    save_tensors(saved, tmp_path / "shifted.pt")
    cell = read_cell(run / "genes.parquet", run / "edges.parquet", run / "stoichiometry.pt")
    with pytest.raises(PipelineError, match=r"another gene index .*20 at other positions"):
        load_fitted(tmp_path / "shifted.pt", cell)
    save_tensors({"a": 1}, tmp_path / "no_model.pt")
    with pytest.raises(PipelineError, match="not a fitted model"):
        load_fitted(tmp_path / "no_model.pt", cell)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no table"),
        (b'genes,"x\n', "is no table"),
        (b"\xff,genes\n", "is no table"),
        (b"genes,x\nYAL001C,1\n,2\n", "row 2 has no genes"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_sentence(content, message, tmp_path):
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(PipelineError, match=message):
        streams.read_genotype_table(tmp_path / "mine.csv", gene_table())


def test_a_list_of_genes_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "genes.txt").write_bytes(b"YAL001C\n\xff\n")
    with pytest.raises(PipelineError, match="is no text"):
        streams.read_gene_list(tmp_path / "genes.txt", gene_table())
