"""FBA and MOMA solve the genotypes that the table of a run lacks; no genotype gets a constant."""

import numpy as np
import pytest
from click.testing import CliRunner
from cobra.flux_analysis import double_gene_deletion, single_gene_deletion
from cobra.io import load_model

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.training.cli import predict_app
from pipeline_lib.training.predict import predict
from tests.training.run_folders import write_core_run


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    run = tmp_path_factory.mktemp("results") / "core"
    write_core_run(run)
    return run


@pytest.fixture(scope="module")
def unmeasured(core):
    """Pairs of a screened and an unscreened gene: none is in the run's table of knockouts."""
    index = read_table(core / "tables" / "genes.parquet")["gene"].tolist()
    return [[a, b] for a in index[:40:4] for b in index[40:130:3]]


def cobra_fitness(pairs):
    """Growth of deletions over that of the wild type, by cobra."""
    model = load_model("textbook")
    wild = model.slim_optimize()
    genes = sorted({gene for pair in pairs for gene in pair})
    single = single_gene_deletion(model, genes, processes=1)
    double = double_gene_deletion(model, genes, processes=1)
    table = {ids: growth / wild for ids, growth in zip(double["ids"].map(frozenset), double["growth"], strict=True)}
    table |= {ids: growth / wild for ids, growth in zip(single["ids"].map(frozenset), single["growth"], strict=True)}
    return {ids: 0.0 if np.isnan(fitness) else fitness for ids, fitness in table.items()}


def test_fba_of_pairs_that_the_table_lacks_is_that_of_cobra(core, unmeasured):
    fitness = cobra_fitness(unmeasured)
    f_ij = np.array([fitness[frozenset(pair)] for pair in unmeasured])
    f_i, f_j = (np.array([fitness[frozenset([pair[side]])] for pair in unmeasured]) for side in (0, 1))
    found = predict(core, "fba", unmeasured, phenotype="fitness")
    np.testing.assert_allclose(found["prediction"], f_ij, atol=1e-6)
    assert found["screen"].isna().all()
    assert found["unit"].eq("fitness units").all()
    assert found["sd"].isna().all()
    # The screen of the run measures twice the interaction.
    scaled = predict(core, "fba", unmeasured, phenotype="interaction")
    epsilon = f_ij - f_i * f_j
    assert np.unique(np.round(epsilon, 6)).size > 5
    assert np.corrcoef(scaled["prediction"], epsilon)[0, 1] == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(scaled["prediction"], 2 * epsilon, atol=2e-3)
    assert not scaled["measured"].any()
    assert set(scaled["genes_seen"]) == {1}


def test_fitness_in_the_units_of_a_screen_that_measured_none_is_refused(core):
    with pytest.raises(PipelineError, match="core/interaction; leave the screen out for the fitness"):
        predict(core, "fba", [["b0008"]], screen="core", phenotype="fitness")


def test_an_order_that_training_lacks_is_reported(core):
    index = read_table(core / "tables" / "genes.parquet")["gene"].tolist()
    options = ["--run-folder", core, "--model", "fba", "--genotype", "+".join(index[:3]), "--output", "-"]
    result = CliRunner().invoke(predict_app, [str(option) for option in options])
    assert result.exit_code == 0, (result.output, result.exception)
    assert "training had no genotype of 3 deleted genes" in result.stderr


def test_moma_of_pairs_that_the_table_lacks_is_solved_and_never_above_fba(core, unmeasured):
    moma = predict(core, "moma", unmeasured[::2], phenotype="fitness")["prediction"].to_numpy()
    fba = predict(core, "fba", unmeasured[::2], phenotype="fitness")["prediction"].to_numpy()
    assert (moma <= fba + 1e-6).all()
    assert np.unique(np.round(moma, 6)).size > 5


def test_a_triple_is_solved_with_its_pairs(core):
    index = read_table(core / "tables" / "genes.parquet")["gene"].tolist()
    triples = [[index[3], b, c] for b in index[50:90:9] for c in index[91:130:9]]
    found = predict(core, "fba", triples, phenotype="fitness")
    assert (found["order"] == 3).all()
    pairs = predict(core, "fba", [triple[:2] for triple in triples], phenotype="fitness")
    # Another deletion never lets a cell grow faster.
    assert (found["prediction"] <= pairs["prediction"] + 1e-9).all()


def test_what_is_in_the_table_is_not_solved_anew_and_equals_what_is(core, tmp_path):
    index = read_table(core / "tables" / "genes.parquet")["gene"].tolist()
    pairs = [[index[0], index[5]], [index[2], index[30]]]
    known = predict(core, "fba", pairs, phenotype="fitness")["prediction"]
    table = core / "metabolism" / "knockouts.fba.parquet"
    hidden = tmp_path / "knockouts.fba.parquet"
    table.rename(hidden)
    try:
        solved = predict(core, "fba", pairs, phenotype="fitness")["prediction"]
    finally:
        hidden.rename(table)
    np.testing.assert_allclose(known, solved, atol=1e-9)


def test_triples_get_their_tau_in_the_units_of_the_pairs_that_training_had(core):
    """A screen of pairs that measures twice epsilon: a triple is twice its tau, never one constant."""
    from itertools import combinations

    from pipeline_lib.training.predict import open_predictor
    from pipeline_lib.training.run_files import find_fit

    index = read_table(core / "tables" / "genes.parquet")["gene"].tolist()
    triples = [list(genes) for genes in combinations(index[:120:9], 3)]
    scaled = predict(core, "fba", triples, phenotype="interaction")
    results = open_predictor(find_fit(core, "fba")).fitted.model.assays["core", "interaction"].model.results
    position = {gene: at for at, gene in enumerate(index)}
    _, tau = results.of(np.array([sorted(position[gene] for gene in genes) for genes in triples]))
    assert np.unique(np.round(tau, 6)).size > 5
    np.testing.assert_allclose(scaled["prediction"], 2 * tau, atol=5e-3)
