"""`training fit`: what it leaves, that it hides the test fold, and what it refuses."""

import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts.schemas import FOLDS, HISTORY, PREDICTIONS, SPLIT
from pipeline_lib.artefacts.tables import load_tensors, read_table, save_tensors, write_table
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.closed_form import ClosedForm
from pipeline_lib.models.interface import Prediction
from pipeline_lib.training import fit as fit_module
from pipeline_lib.training.checkpoint import fit_folder
from pipeline_lib.training.cli import app
from pipeline_lib.training.fit import fit_closed_form, fit_model, score_folds
from pipeline_lib.training.fitted_model import read_cell, read_split, unrelated_features
from pipeline_lib.training.processes import local_device, resolve_device
from tests.small_cell import NUM_GENES, small_cell, stoichiometry


@pytest.fixture
def outputs(tmp_path):
    names = {"--predictions": "p.parquet", "--history": "h.parquet", "--metrics": "m.json", "--output": "model.pt"}
    return [str(part) for option, name in names.items() for part in (option, tmp_path / name)]


def read_inputs(run):
    cell = read_cell(run / "genes.parquet", run / "edges.parquet", run / "stoichiometry.pt")
    return cell, read_split(run / "observations.parquet", run / "random.parquet", cell.genes)


QUICK = ModelSettings.model_validate(
    {
        "clp": {"hidden": 16, "message_width": 8, "attention_heads": 2, "separate": []},
        "dango": {"width": 8, "heads": 2, "pretraining_epochs": 1, "epochs": 2, "sets_an_epoch": 50},
    }
)


def test_a_fit_finds_the_closed_form_that_was_made_for_it(run, tmp_path, outputs, monkeypatch):
    """A fit that made its own would, at the same time as others, make what they make."""
    given = {"folds": "random", "observations": "observations", "genes": "genes", "edges": "edges"}
    common = [f"--{option}={run / name}.parquet" for option, name in given.items()]
    common += [f"--stoichiometry={run / 'stoichiometry.pt'}", "--model=clp", f"--checkpoints={tmp_path / 'kept'}"]
    common += ['--settings={"epochs": 1, "device": "cpu"}', f"--model-settings={QUICK.model_dump_json()}"]
    made = CliRunner().invoke(app, ["closed-form", *common, f"--output={tmp_path / 'levels.json'}"])
    assert made.exit_code == 0, made.output
    levels = json.loads((tmp_path / "levels.json").read_text())["levels"]
    assert {(level["phenotype"], level["order"]) for level in levels} >= {("fitness", 1), ("interaction", 2)}

    def refuse(*_, **__):
        raise AssertionError("made anew")

    monkeypatch.setattr(ClosedForm, "fit", refuse)
    monkeypatch.setattr(ClosedForm, "terms", refuse)
    for seed in ("0", "1"):
        fitted = CliRunner().invoke(app, ["fit", *common, "--seed", seed, *outputs])
        assert fitted.exit_code == 0, fitted.exception


def test_a_feature_table_of_other_genes_than_were_measured_is_named():
    values = np.full((NUM_GENES, 1), np.nan, dtype=np.float32)
    values[[3, 15]] = 1.0
    cell, measured = small_cell(features={"proteome": values}), np.array([[5, 6, -1], [7, -1, -1]])
    (sentence,) = unrelated_features(cell, measured)
    assert sentence.startswith("The feature table 'proteome' has values of 2 genes, and of none of the 3")
    assert unrelated_features(cell, np.array([[5, 15, -1]])) == []


def test_fits_of_a_baseline_share_no_closed_form(run, tmp_path):
    cell, data = read_inputs(run)
    with pytest.raises(PipelineError, match="fits of 'mean' share no closed form"):
        fit_closed_form("mean", data, cell, QUICK, TrainingSettings(), checkpoints=tmp_path)


@pytest.mark.parametrize("name", ["clp", "dango"])
@pytest.mark.parametrize("change", ["folds", "networks", "settings", "seed"])
def test_a_fit_takes_up_no_other_fits_checkpoint(name, change, run, tmp_path):
    """A network trained on another split has seen what this one tests."""
    cell, data = read_inputs(run)
    training = TrainingSettings(epochs=2, batch_size=64, device="cpu")
    fit_model(name, data, cell, QUICK, training, checkpoints=tmp_path)
    seed, settings = 0, QUICK
    if change == "folds":
        data = replace(data, fold=np.roll(data.fold, 7))
    elif change == "networks":
        cell = replace(
            cell, edges=cell.edges.assign(weight=cell.edges["weight"] * np.linspace(0.5, 1, len(cell.edges)))
        )
    elif change == "settings":
        dango = QUICK.dango.model_copy(update={"learning_rate": 0.01})
        settings = QUICK.model_copy(update={"dango": dango, "clp": QUICK.clp.model_copy(update={"dropout": 0.1})})
    else:
        seed = 1
    resumed = fit_model(name, data, cell, settings, training, seed=seed, checkpoints=tmp_path)
    fresh = fit_model(name, data, cell, settings, training, seed=seed)
    assert resumed.prediction.value.tobytes() == fresh.prediction.value.tobytes()


def test_another_feature_table_is_another_fit(run, tmp_path):
    """An updated release of a feature table must not go on from weights that were trained on the old one."""
    cell, data = read_inputs(run)
    profile = np.random.default_rng(0).normal(size=(len(cell.genes), 2)).astype(np.float32)
    profile[3, 1] = np.nan
    updated = profile.copy()
    updated[3, 1] = 0.0
    tables = ({}, {"a": profile}, {"b": profile}, {"a": updated}, {"a": profile, "b": updated})
    folders = [
        fit_folder(tmp_path, "clp", data, replace(cell, features=features), QUICK, TrainingSettings(), 0)
        for features in (*tables, {"a": profile.copy()})
    ]
    assert len(set(folders[:5])) == 5
    assert folders[5] == folders[1]


@pytest.mark.parametrize("name", ["clp", "dango"])
def test_the_same_fit_is_taken_up(name, run, tmp_path):
    cell, data = read_inputs(run)
    training = TrainingSettings(epochs=2, batch_size=64, device="cpu")
    written = []
    for _ in range(2):
        fit_model(name, data, cell, QUICK, training, checkpoints=tmp_path)
        written.append({path: path.stat().st_mtime_ns for path in tmp_path.glob("shared/*")})
    assert len([folder for folder in tmp_path.iterdir() if folder.name != "shared"]) == 1
    assert written[0] == written[1]


@pytest.mark.parametrize(("name", "shared"), [("clp", ["shared"]), ("dango", [])])
def test_a_fit_keeps_its_checkpoints_until_its_model_is_written(name, shared, inputs, outputs, tmp_path, monkeypatch):
    """What fits share stays: other fits read it."""
    kept = tmp_path / "kept"
    options = [*inputs, *outputs, f"--model={name}", f"--checkpoints={kept}"]
    options += [f"--model-settings={QUICK.model_dump_json()}"]

    def full_disk(*_):
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(fit_module, "save_tensors", full_disk)
        assert isinstance(CliRunner().invoke(app, ["fit", *options]).exception, OSError)
    (own,) = (folder for folder in kept.iterdir() if folder.name != "shared")
    assert list(own.glob("*.pt"))
    written = []
    for _ in range(2):
        assert CliRunner().invoke(app, ["fit", *options]).exit_code == 0
        assert [folder.name for folder in kept.iterdir()] == shared
        written.append((tmp_path / "p.parquet").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["clp", "two_way"])
def test_it_predicts_every_observation_of_the_split_and_writes_all_four_files(name, inputs, outputs, run, tmp_path):
    result = CliRunner().invoke(app, ["fit", *inputs, *outputs, "--model", name, "--seed", "3"])
    assert result.exit_code == 0, result.output
    split = read_table(run / "random.parquet", SPLIT).set_index("observation_id")["fold"]
    predictions = PREDICTIONS.validate(pd.read_parquet(tmp_path / "p.parquet"), "predictions")
    found = predictions.set_index("observation_id")["fold"]
    pd.testing.assert_series_equal(found.sort_index(), split.sort_index(), check_dtype=False)
    HISTORY.validate(pd.read_parquet(tmp_path / "h.parquet"), "history")
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert (metrics["model"], metrics["seed"], metrics["split"]) == (name, 3, "random")
    assert set(metrics["scores"]) == set(FOLDS)
    saved = load_tensors(tmp_path / "model.pt")
    assert saved["model"] == name
    assert saved["screens"] == ["one", "two"]


def test_the_same_inputs_give_the_same_bytes(inputs, outputs, tmp_path):
    contents = []
    for _ in range(2):
        assert CliRunner().invoke(app, ["fit", *inputs, *outputs, "--model", "clp"]).exit_code == 0
        contents.append([(tmp_path / name).read_bytes() for name in ("p.parquet", "h.parquet")])
    assert contents[0] == contents[1]


def test_the_model_never_meets_a_value_of_the_test_fold(run, monkeypatch):
    cell, data = read_inputs(run)
    tested = set(data.genotypes.observation_id[data.fold == FOLDS.index("test")].tolist())

    class Spy:
        def fit(self, train, validation, cell, context):  # noqa: ARG002
            met = np.concatenate([train.observation_id, validation.observation_id])
            assert not tested & set(met.tolist())
            return pd.DataFrame({"epoch": [0], "fold": ["train"], "metric": ["loss"], "value": [0.0]})

        def predict(self, genotypes):
            assert np.isnan(genotypes.value).all()
            assert np.isnan(genotypes.std).all()
            return Prediction(np.zeros(len(genotypes)))

    monkeypatch.setattr(fit_module, "build", lambda *_: Spy())
    fit_model("spy", data, cell, ModelSettings(), TrainingSettings())


def test_scores_are_by_fold_and_assay_and_a_constant_has_no_correlation(run):
    _, data = read_inputs(run)
    perfect = score_folds(data, Prediction(2 * data.genotypes.value + 1))
    assert perfect["test"]["one/interaction"]["pearson"] == pytest.approx(1)
    flat = score_folds(data, Prediction(np.zeros(len(data.genotypes))))
    assert flat["train"]["two/fitness"]["pearson"] is None
    rows = (data.genotypes.screen == 1) & (data.genotypes.phenotype == 0) & (data.fold == 0)
    assert flat["train"]["two/fitness"]["rmse"] == pytest.approx(np.sqrt(np.mean(data.genotypes.value[rows] ** 2)))


def test_an_unknown_model_is_refused_by_name(inputs, outputs):
    result = CliRunner().invoke(app, ["fit", *inputs, *outputs, "--model", "clip"])
    assert isinstance(result.exception, PipelineError)
    assert "no model 'clip'" in str(result.exception)


def test_a_split_of_another_table_is_refused(run, tmp_path):
    cell, _ = read_inputs(run)
    table = pd.DataFrame({"observation_id": [0, 10_000], "fold": ["train", "test"], "group": ["a", "b"]})
    write_table(table, tmp_path / "s.parquet", SPLIT)
    with pytest.raises(PipelineError, match=r"names 1 observations that .*observations\.parquet lacks"):
        read_split(run / "observations.parquet", tmp_path / "s.parquet", cell.genes)
    write_table(table.iloc[:1].assign(fold="test"), tmp_path / "s.parquet", SPLIT)
    with pytest.raises(PipelineError, match="no training fold"):
        read_split(run / "observations.parquet", tmp_path / "s.parquet", cell.genes)
    table.iloc[:1].assign(fold="valid").to_parquet(tmp_path / "s.parquet")
    with pytest.raises(PipelineError, match="fold 'valid' is none of train, validation, test"):
        read_split(run / "observations.parquet", tmp_path / "s.parquet", cell.genes)


def test_tensors_of_another_gene_index_are_refused(run, tmp_path):
    save_tensors(stoichiometry() | {"num_genes": 21}, tmp_path / "s.pt")
    with pytest.raises(PipelineError, match=r"made for 21 genes but .* has 20"):
        read_cell(run / "genes.parquet", run / "edges.parquet", tmp_path / "s.pt")


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    with pytest.raises(PipelineError, match="no usable GPU"):
        resolve_device("cuda")


@pytest.mark.parametrize(
    ("device", "given", "expected"), [("cuda", None, ":4096:8"), ("cuda", ":16:8", ":16:8"), ("cpu", None, None)]
)
def test_a_fit_on_a_gpu_makes_cublas_repeatable_unless_the_user_chose(device, given, expected, monkeypatch):
    import torch

    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", given or "")
    if given is None:
        monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert local_device(device).type == device
    assert os.environ.get("CUBLAS_WORKSPACE_CONFIG") == expected
