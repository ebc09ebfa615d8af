"""`predict`: what is asked of a run's model is answered in the units it was fitted on, or refused in one sentence."""

import io
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts.tables import load_tensors, read_table, save_tensors, write_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.training.cli import predict_app
from pipeline_lib.training.fitted_model import load_fitted, read_cell, read_split
from pipeline_lib.training.genotypes import all_triples
from pipeline_lib.training.predict import SCHEMA, open_predictor, predict
from pipeline_lib.training.run_files import find_fit
from tests.small_cell import small_screen
from tests.training.conftest import observation_table
from tests.training.run_folders import fit, write_small_run, write_split

INTERACTION = ("--screen", "two", "--phenotype", "interaction")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A run whose gene_ridge was fitted twice, and whose mean was fitted on a split and a seed of its own."""
    run = tmp_path_factory.mktemp("results") / "small"
    write_small_run(run)
    write_split(run, "query_disjoint", 300)
    for model in ("gene_ridge", "clp"):
        fit(run, model)
    fit(run, "gene_ridge", seed=3)
    fit(run, "gene_ridge", split="query_disjoint", seed=3)
    fit(run, "mean", split="query_disjoint", seed=5)
    return run


@pytest.fixture
def ask(small):
    """Ask the run's gene_ridge; return the result of the command."""

    def call(*arguments, model="gene_ridge", output="-"):
        options = ["--run-folder", small, "--model", model, "--output", output, *arguments]
        return CliRunner().invoke(predict_app, [str(option) for option in options])

    return call


def table_of(result):
    assert result.exit_code == 0, (result.output, result.exception)
    return pd.read_csv(io.StringIO(result.stdout))


def refusal_of(result):
    assert isinstance(result.exception, PipelineError), (result.output, result.exception)
    assert not result.stdout
    return str(result.exception)


def test_named_genotypes_keep_their_order_whatever_the_spelling(ask):
    table = table_of(ask("--genotype", "YAL003C,YAL001C", "--genotype", "gen2+YAL004c;GEN1", *INTERACTION))
    assert table["genes"].tolist() == ["YAL001C+YAL003C", "YAL001C+YAL002C+YAL004C"]
    assert table["names"].tolist() == ["GEN1+GEN3", "GEN1+GEN2+GEN4"]
    assert table["order"].tolist() == [2, 3]
    assert np.isfinite(table["prediction"]).all()
    assert (table["sd"] > 0).all()
    assert set(table["screen"]) == {"two"}
    assert set(table["phenotype"]) == {"interaction"}


@pytest.mark.parametrize("text", ["ADE5,7,YAL001C", "YAL001C,ade5,7", "YAL001C|ADE5,7", "YAL005C, YAL001C,"])
def test_a_standard_name_with_a_comma_is_one_gene_and_a_comma_at_the_end_is_none(ask, text):
    table = table_of(ask("--genotype", text, *INTERACTION))
    assert table[["genes", "names"]].to_numpy().tolist() == [["YAL001C+YAL005C", "GEN1+ADE5,7"]]


def test_the_name_of_a_merged_orf_is_its_gene(ask):
    table = table_of(ask("--genotype", "yal906w,YAL001C", *INTERACTION))
    assert table["genes"].tolist() == ["YAL001C+YAL006C"]


@pytest.mark.parametrize("model", ["gene_ridge", "clp"])
def test_a_prediction_equals_that_of_the_fit_and_stands_beside_what_was_measured(ask, small, model):
    files = find_fit(small, model, "random", 0)
    cell = read_cell(files.genes, files.edges, files.stoichiometry)
    data = read_split(files.observations, files.folds, cell.genes)
    fitted = read_table(files.fitted.with_name("predictions.parquet"))
    rows = np.flatnonzero((data.genotypes.screen == 1) & (data.genotypes.phenotype == 1))[:8]
    names = cell.genes["gene"].to_numpy()
    genotypes = ["+".join(names[genes[genes >= 0]]) for genes in data.genotypes.genes[rows]]
    assert len(set(genotypes)) == len(genotypes)
    table = table_of(ask(*(part for text in genotypes for part in ("--genotype", text)), *INTERACTION, model=model))
    assert table["prediction"].to_numpy() == pytest.approx(fitted["prediction"].to_numpy()[rows], abs=1e-6)
    assert table["sd"].to_numpy() == pytest.approx(fitted["prediction_std"].to_numpy()[rows], abs=1e-6)
    assert table["measured"].all()
    assert table["measured_value"].to_numpy() == pytest.approx(data.genotypes.value[rows])
    assert table["fold"].tolist() == fitted["fold"].iloc[rows].tolist()


def test_replicates_are_averaged_and_copies_and_assumed_rows_are_no_measurements(tmp_path):
    run = tmp_path / "run"
    table = observation_table(small_screen(400))
    extra = table.iloc[:4].copy()
    extra["screen"], extra["phenotype"], extra["order"] = "two", "interaction", 2
    pairs = [["YAL000C", "YAL001C"]] * 3 + [["YAL000C", "YAL002C"]]
    extra["genes"], extra["value"] = pd.Series(pairs, index=extra.index), [1.0, 3.0, 99.0, 5.0]
    same = (table["screen"] == "two") & (table["phenotype"] == "interaction")
    table = table[~(same & table["genes"].map(lambda genes: list(genes) in pairs))]
    table = pd.concat([table, extra], ignore_index=True)
    table["observation_id"] = np.arange(len(table))
    table["repeated"] = np.arange(len(table)) == len(table) - 2
    table["assumed_tested"] = np.arange(len(table)) == len(table) - 1
    write_small_run(run, table)
    fit(run, "mean")
    found = predict(run, "mean", pairs[::3], screen="two", phenotype="interaction")
    assert found["measured"].tolist() == [True, False]
    assert found["measured_value"].iloc[0] == 2.0
    assert np.isnan(found["measured_value"].iloc[1])
    # The ten last observations are in no fold.
    assert found["fold"].isna().all()


def test_genes_that_training_never_saw_are_counted(ask):
    # The last two genes of the small cell are in no observation.
    table = table_of(
        ask(
            "--genotype",
            "YAL001C,YAL002C",
            "--genotype",
            "YAL001C,YAL019C",
            "--genotype",
            "YAL018C,YAL019C",
            *INTERACTION,
        )
    )
    assert table["genes_seen"].tolist() == [2, 1, 0]
    assert not table["measured"].iloc[1:].any()
    assert table["measured_value"].iloc[1:].isna().all()


def test_all_pairs_and_triples_of_a_list_come_once_and_in_order(ask, tmp_path):
    names = [f"YAL{index:03d}C" for index in range(9)]
    path = tmp_path / "genes.txt"
    path.write_text("\n".join([*reversed(names), "", "ade5,7", ""]), encoding="utf-8-sig")
    for option, order in (("--all-pairs", 2), ("--all-triples", 3)):
        table = table_of(ask(option, path, *INTERACTION))
        assert [tuple(genes.split("+")) for genes in table["genes"]] == list(combinations(names, order))


def test_the_values_are_the_same_however_the_genotypes_are_cut(small):
    predictor = open_predictor(find_fit(small, "clp"), "two", "interaction")
    tables = [
        pa.Table.from_batches(predictor.batches(all_triples(np.arange(10), size))).to_pandas() for size in (13, 1000)
    ]
    assert len(tables[0]) == 120
    assert tables[0]["prediction"].to_numpy() == pytest.approx(tables[1]["prediction"].to_numpy(), abs=1e-6)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".parquet"])
def test_the_suffix_chooses_the_kind_of_file_and_all_kinds_hold_the_same(ask, small, tmp_path, suffix):
    output = tmp_path / "not" / "there yet" / f"out{suffix}"
    arguments = (
        "--genotype",
        "YAL001C,ADE5,7",
        "--genotype",
        "YAL018C,YAL019C",
        "--genotype",
        "YAL001C,ADE5,7",
        *INTERACTION,
    )
    result = ask(*arguments, output=output)
    assert result.exit_code == 0, (result.output, result.exception)
    assert not result.stdout
    expected = predict(
        small,
        "gene_ridge",
        [["YAL001C", "ADE5,7"], ["YAL018C", "YAL019C"], ["YAL001C", "YAL005C"]],
        screen="two",
        phenotype="interaction",
    )
    if suffix == ".parquet":
        assert pq.read_schema(output).equals(SCHEMA)
        found = pd.read_parquet(output)
    else:
        found = pd.read_csv(output, sep="," if suffix == ".csv" else "\t")
        for column in ("genes", "names"):
            found[column] = found[column].str.split("+")
    for column in ("genes", "names"):
        assert found[column].map(list).tolist() == expected[column].map(list).tolist()
    numbers = ["order", "prediction", "sd", "genes_seen", "measured", "measured_value"]
    pd.testing.assert_frame_equal(found[numbers], expected[numbers], check_dtype=False, rtol=1e-12)


def test_an_unknown_suffix_is_refused_before_any_work(ask):
    result = ask("--genotype", "YAL001C", output="out.xls", model="no_such_model")
    assert "not '.xls'" in refusal_of(result)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("YAL001C,YAL001C", "--genotype 'YAL001C,YAL001C': one gene is named twice"),
        ("YAL001C,gen1", "one gene is named twice"),
        ("ADE5,7,YAL005C", "one gene is named twice"),
        ("", "--genotype '': no gene is named"),
        (",", "no gene is named"),
        ("YAL001C,,YAL002C", "a gene name is missing"),
        ("YAL001C,YAL002C,YAL003C,YAL004C", "more than three genes are named"),
        ("YAL001C", "one gene is named; an interaction needs at least two"),
        # One typed letter too many is no reading frame of another name (YAL001C-A).
        ("YAL001C,A,YAL002C", "gene 'A' is not in the gene index"),
        ("YAL001C,YZZ999W", "gene 'YZZ999W' is not in the gene index"),
        ("YAL001C,SHARED", "gene name 'SHARED' is ambiguous: YAL008C, YAL009C"),
    ],
)
def test_what_is_no_genotype_is_refused_before_any_prediction(ask, text, message):
    assert message in refusal_of(ask("--genotype", "YAL001C,YAL002C", "--genotype", text, *INTERACTION))


def test_one_gene_has_a_fitness(ask):
    table = table_of(ask("--genotype", "YAL001C", "--phenotype", "fitness"))
    assert table["phenotype"].tolist() == ["fitness"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--phenotype", "raw_interaction"), "not fitted on the phenotype 'raw_interaction'"),
        (("--phenotype", "epsilon"), "not fitted on the phenotype 'epsilon'"),
        (("--screen", "three"), "not fitted on the screen 'three'"),
        (("--screen", "three", "--phenotype", "fitness"), "the phenotype 'fitness' of the screen 'three'"),
    ],
)
def test_what_the_model_was_not_fitted_on_is_refused_with_what_it_was(ask, arguments, message):
    sentence = refusal_of(ask("--genotype", "YAL001C,YAL002C", *arguments))
    assert message in sentence
    assert "one/fitness, one/interaction, one/call, two/fitness, two/interaction, two/call" in sentence


@pytest.mark.parametrize("phenotype", ["fitness", "call", "raw_interaction"])
def test_a_model_of_interactions_is_not_asked_for_another_phenotype(tmp_path, phenotype):
    run = tmp_path / "run"
    table = observation_table(small_screen(400))
    table = table[table["phenotype"] == "interaction"].reset_index(drop=True)
    table["observation_id"] = np.arange(len(table))
    write_small_run(run, table)
    fit(run, "gene_ridge")
    with pytest.raises(PipelineError, match=f"'{phenotype}'; it was fitted on .*: one/interaction, two/interaction"):
        predict(run, "gene_ridge", [["YAL001C", "YAL002C"]], phenotype=phenotype)


def test_a_phenotype_that_only_the_test_fold_holds_is_not_one_that_the_model_was_fitted_on(tmp_path):
    run = tmp_path / "run"
    table = observation_table(small_screen(400))
    write_small_run(run, table)
    folds = np.where(table["phenotype"] == "call", "test", "train").astype(object)
    folds[table.index % 10 == 1] = "validation"
    split = pd.DataFrame({"observation_id": table["observation_id"], "fold": folds, "group": "g"})
    write_table(
        split[(split["fold"] != "validation") | (table["phenotype"] != "call")], run / "splits" / "random.parquet"
    )
    fit(run, "mean")
    with pytest.raises(PipelineError, match="not fitted on the phenotype 'call'"):
        predict(run, "mean", [["YAL001C", "YAL002C"]], phenotype="call")


def test_what_was_left_open_is_reported(ask):
    result = ask("--genotype", "YAL001C,YAL002C")
    table = table_of(result)
    assert "split random, seed 0" in result.stderr
    assert f"predicts {table['phenotype'][0]} in the units of the screen {table['screen'][0]}" in result.stderr
    assert "also fitted on" in result.stderr


def test_the_assay_with_most_training_observations_is_taken(small):
    assays = load_fitted_assays(small)
    largest = max(assays, key=lambda assay: sum(assay.observations))
    table = predict(small, "gene_ridge", [["YAL001C", "YAL002C"]])
    assert (table["screen"][0], table["phenotype"][0]) == (largest.screen, largest.phenotype)


def load_fitted_assays(run):
    files = find_fit(run, "gene_ridge")
    return load_fitted(files.fitted, read_cell(files.genes, files.edges, files.stoichiometry)).assays


def test_training_genes_and_orders_of_an_assay_are_what_the_fold_holds(small):
    files = find_fit(small, "gene_ridge")
    table = read_table(files.observations).merge(read_table(files.folds), on="observation_id")
    train = table[(table["fold"] == "train") & (table["screen"] == "one") & (table["phenotype"] == "interaction")]
    assay = next(a for a in load_fitted_assays(small) if (a.screen, a.phenotype) == ("one", "interaction"))
    assert list(assay.observations) == [int((train["order"] == order).sum()) for order in range(4)]
    genes = {f"YAL{index:03d}C" for index in np.flatnonzero(assay.genes)}
    assert genes == set(train["genes"].explode())


def test_exactly_one_source_of_genotypes_is_wanted(ask):
    assert "exactly one" in ask().output
    assert "exactly one" in ask("--genotype", "YAL001C", "--genotypes", "t.csv").output


@pytest.mark.parametrize("option", ["--genotypes", "--all-pairs", "--all-triples"])
def test_a_file_that_is_not_there_is_named(ask, option):
    assert "missing.csv does not exist" in refusal_of(ask(option, "missing.csv"))


def test_two_genes_have_no_triple(ask, tmp_path):
    (tmp_path / "genes.txt").write_text("YAL001C\nYAL002C\nGEN2\n")
    assert "names 2 different genes; a triple needs 3" in refusal_of(ask("--all-triples", tmp_path / "genes.txt"))


def test_no_half_written_file_is_left_where_a_prediction_is_refused(ask, tmp_path):
    refusal_of(ask("--genotype", "YAL001C,YAL001C", output=tmp_path / "out.csv"))
    assert not list(tmp_path.iterdir())


def test_a_model_of_another_gene_index_is_refused(small, tmp_path):
    files = find_fit(small, "gene_ridge")
    saved = load_tensors(files.fitted)
    cell = read_cell(files.genes, files.edges, files.stoichiometry)
    save_tensors(saved | {"genes": [*saved["genes"][1:], "YAL999C"]}, tmp_path / "shifted.pt")
    with pytest.raises(PipelineError, match=r"another gene index .*20 at other positions"):
        load_fitted(tmp_path / "shifted.pt", cell)
    save_tensors(saved | {"state": {}}, tmp_path / "older.pt")
    with pytest.raises(PipelineError, match=r"older\.pt was fitted by another version of the pipeline"):
        load_fitted(tmp_path / "older.pt", cell)
    save_tensors({"a": 1}, tmp_path / "no_model.pt")
    with pytest.raises(PipelineError, match="not a fitted model"):
        load_fitted(tmp_path / "no_model.pt", cell)
