"""The overfit check: a working network memorises sixteen observations, a broken one fails loudly."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts.schemas import FOLDS, HISTORY, PHENOTYPES, PREDICTIONS
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.heads import Correction
from pipeline_lib.models.clp.network import ClpNetwork
from pipeline_lib.training.cli import app
from pipeline_lib.training.fitted_model import SplitData
from pipeline_lib.training.walk_through import choose, overfit, refuse_failure, why_not
from tests.small_cell import knockout_table, small_cell, small_screen, small_settings


@pytest.fixture
def command(inputs, tmp_path):
    names = {"--history": "h.parquet", "--predictions": "p.parquet", "--report": "r.json"}
    return ["overfit", *inputs, *(str(part) for option, name in names.items() for part in (option, tmp_path / name))]


@pytest.mark.parametrize("name", ["clp", "clp_derived", "clp_hypergraph"])
def test_sixteen_observations_are_overfitted(command, tmp_path, name):
    result = CliRunner().invoke(app, [*command, "--model", name])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["passed"]
    assert report["pearson"] > 0.99
    table = PREDICTIONS.validate(pd.read_parquet(tmp_path / "p.parquet"), "predictions")
    assert len(table) == 16
    assert table["prediction"].corr(table["observed"]) == pytest.approx(report["pearson"])
    history = HISTORY.validate(pd.read_parquet(tmp_path / "h.parquet"), "history")
    assert set(history["fold"]) == {"train"}


def test_a_network_that_sees_no_genotype_fails_loudly_and_leaves_its_report(command, tmp_path, monkeypatch):
    decode = ClpNetwork.decode

    def blind(self, encoded, columns):
        return decode(self, encoded, dict(columns) | {"genes": columns["genes"][:1].expand_as(columns["genes"])})

    monkeypatch.setattr(ClpNetwork, "decode", blind)
    result = CliRunner().invoke(app, [*command, "--model", "clp"])
    assert isinstance(result.exception, PipelineError)
    assert "cannot overfit 16 observations" in str(result.exception)
    assert not json.loads((tmp_path / "r.json").read_text())["passed"]


@pytest.mark.parametrize(("phenotype", "order"), [("fitness", 1), ("fitness", 2), ("fitness", 3), ("interaction", 2)])
def test_sixteen_genotypes_of_one_order_are_overfitted(phenotype, order):
    """Single-mutant fitness by the intact latent, everything else by the perturbed one."""
    screen = small_screen(1200)
    rows = (screen.phenotype == PHENOTYPES.index(phenotype)) & (screen.order == order) & (screen.screen == 0)
    part = screen.take(rows)
    data = SplitData(part, np.full(len(part), FOLDS.index("train"), dtype=np.int8))
    fitted = overfit("clp", data, small_cell(), small_settings(), TrainingSettings())
    assert fitted.report["passed"], fitted.report


def test_the_closed_form_of_the_check_holds_no_answer(monkeypatch):
    """The same check of a network that adds nothing: what is left knows one value for every genotype."""
    monkeypatch.setattr(ClpNetwork, "correction", lambda *parts: Correction(*[parts[2]["term"] * 0] * 2))
    screen = small_screen(1200)
    part = screen.take((screen.phenotype == PHENOTYPES.index("interaction")) & (screen.order == 2))
    data = SplitData(part, np.full(len(part), FOLDS.index("train"), dtype=np.int8))
    fitted = overfit("clp", data, small_cell(knockouts=knockout_table()), small_settings(), TrainingSettings())
    assert np.ptp(fitted.prediction.value) < 1e-6
    assert not fitted.report["passed"]


def test_the_chosen_observations_are_of_one_assay_with_distinct_genotypes():
    train = small_screen(400)
    chosen = choose(train, 16, seed=0)
    assert len(set(zip(chosen.screen.tolist(), chosen.phenotype.tolist(), strict=True))) == 1
    assert len({tuple(genes) for genes in chosen.genes.tolist()}) == 16
    assert choose(train, 16, seed=1).observation_id.tolist() != chosen.observation_id.tolist()


def test_too_few_observations_are_not_overfitted_and_the_reason_is_given():
    few = choose(small_screen(20), 16, seed=0)
    assert "needs 16 genotypes of one assay, and the largest has" in why_not(few, 16)


def test_other_families_are_refused(command):
    result = CliRunner().invoke(app, [*command, "--model", "mean"])
    assert "family 'clp'" in str(result.exception)


def test_a_failed_report_becomes_one_sentence():
    report = {"model": "clp", "observations": 16, "screen": "one", "pearson": 0.5, "steps": 9, "passed": False}
    with pytest.raises(PipelineError, match=r"Pearson 0\.500 after 9 steps"):
        refuse_failure(report)
