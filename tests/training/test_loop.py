"""The loop: it learns, stops, resumes bit for bit, and several processes are one."""

import os
import subprocess
import sys
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from pipeline_lib.artefacts.schemas import HISTORY
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import FitContext
from pipeline_lib.training.checkpoint import CheckpointFile
from pipeline_lib.training.loop import train_network
from pipeline_lib.training.step import WeightAverage
from tests.training.toy import Linear, columns

SETTINGS = TrainingSettings(epochs=8, batch_size=32, minimum_steps=1, learning_rate=0.1, patience=8)
TRAIN, VALIDATION = columns(), columns(60, seed=1)


def fit(settings=SETTINGS, context=None, train=TRAIN, validation=VALIDATION, key="toy", network=None):
    network = network or Linear()
    history = train_network(network, train, validation, settings, context or FitContext(), key)
    return network, history


def weights(network):
    return [parameter.detach().clone() for parameter in network.parameters()]


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))


def values(history, fold, metric):
    return history.loc[(history["fold"] == fold) & (history["metric"] == metric), "value"].tolist()


def test_it_finds_the_weights_of_a_linear_truth():
    network, history = fit(SETTINGS.model_copy(update={"epochs": 40, "patience": 40}))
    assert network.weight.tolist() == pytest.approx([1, 2, 3, 4], rel=0.15)
    assert values(history, "validation", "pearson")[-1] > 0.99


def test_history_keeps_its_contract_with_a_gradient_norm_for_every_term():
    _, history = fit()
    HISTORY.validate(history, "history")
    assert set(history["epoch"]) == set(range(9))
    assert all(len(values(history, "train", name)) == 8 for name in ("loss", "mse", "spread", "learning_rate"))
    assert min(values(history, "train", "gradient_norm_mse")) > 0
    assert min(values(history, "train", "spread_gradient_norm")) > 0
    for name in ("pearson", "pearson_interaction", "deciding_score", "mse"):
        assert len(values(history, "validation", name)) == 9


def test_the_wild_type_is_encoded_once_a_step():
    """Seven batches an epoch, one encoding each, one more for the gradient norms; one for the validation fold before
    the first step and one after the epoch."""
    network, _ = fit(SETTINGS.model_copy(update={"epochs": 1}))
    assert network.encodings == 7 + 1 + 2


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    assert same(fit()[0], fit()[0])
    assert not same(fit()[0], fit(context=FitContext(seed=1))[0])


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("after", [1, 3])
def test_a_resumed_fit_is_bit_identical_to_one_that_was_not_interrupted(after, tmp_path, monkeypatch):
    whole, history = fit()
    context = FitContext(checkpoints=tmp_path)
    saved, save = [], CheckpointFile.save

    def save_then_stop(self, content):
        save(self, content)
        saved.append(self.path)
        if len(saved) == after:
            raise StoppedError

    monkeypatch.setattr(CheckpointFile, "save", save_then_stop)
    with pytest.raises(StoppedError):
        fit(context=context)
    monkeypatch.setattr(CheckpointFile, "save", save)
    torch.rand(100)
    resumed, resumed_history = fit(context=context)
    assert same(whole, resumed)
    pd.testing.assert_frame_equal(history, resumed_history)


def test_a_finished_fit_is_taken_from_its_checkpoint_and_another_key_starts_anew(tmp_path):
    context = FitContext(checkpoints=tmp_path)
    first, _ = fit(context=context)
    again, _ = fit(context=context)
    assert again.encodings == 0
    assert same(first, again)
    fit(context=context, key="another")
    fit(context=context, train=columns(seed=5))
    assert len(list(tmp_path.iterdir())) == 3


def test_it_stops_when_the_validation_score_no_longer_rises_and_keeps_the_best():
    """Scores of noise peak early, and the fit ends `patience` epochs after the peak with the weights of the peak."""
    noise = dict(VALIDATION) | {"target": torch.randn(60, generator=torch.Generator().manual_seed(0))}
    settings = SETTINGS.model_copy(update={"epochs": 50, "patience": 3})
    network, history = fit(settings, validation=noise)
    scores = values(history, "validation", "deciding_score")
    assert len(scores) == scores.index(max(scores)) + 1 + 3 < 50
    network.eval()
    kept = [
        stats.pearsonr(network.decode(network.encode(), noise)[0].detach()[rows], noise["target"][rows])[0]
        for rows in (noise["assay"] == 0, noise["assay"] == 1)
    ]
    assert np.mean(kept) == pytest.approx(max(scores), abs=1e-6)


def test_the_default_patience_can_stop_a_fit_of_six_epochs():
    assert TrainingSettings().patience < 6


def at_the_truth():
    """A network at the least-squares solution of the validation fold: no step makes it better."""
    network = Linear()
    solution = torch.linalg.lstsq(VALIDATION["x"], VALIDATION["target"][:, None]).solution[:, 0]
    with torch.no_grad():
        network.weight.copy_(solution)
    return network


def test_a_training_that_only_makes_a_good_start_worse_leaves_it_as_it_was():
    start = at_the_truth()
    misleading = dict(TRAIN) | {"target": -TRAIN["target"]}
    network, history = fit(SETTINGS.model_copy(update={"patience": 3}), train=misleading, network=deepcopy(start))
    assert same(network, start)
    scores = history[history["metric"] == "deciding_score"].set_index("epoch")["value"]
    assert scores.index.tolist() == [0, 1, 2, 3]
    assert scores.idxmax() == 0


def test_the_start_is_scored_once_whether_or_not_the_fit_is_resumed(tmp_path):
    context = FitContext(checkpoints=tmp_path)
    for _ in range(2):
        _, history = fit(context=context)
        start = history[history["epoch"] == 0]
        assert set(start["fold"]) == {"validation"}
        assert not start.duplicated("metric").any()


def test_the_assays_that_decide_choose_the_epoch():
    """Assay 0 has the truth as it is, assay 1 upside down: each keeps another epoch, though the fits are the same."""
    sign = 1 - 2 * VALIDATION["assay"]
    both = dict(VALIDATION) | {"target": VALIDATION["target"] * sign}
    kept = []
    for code in (0, 1):
        network, history = fit(validation=both | {"deciding": both["assay"] == code})
        network.eval()
        prediction = network.decode(network.encode(), VALIDATION)[0].detach()
        rows = VALIDATION["assay"] == code
        correlation = stats.pearsonr(prediction[rows], both["target"][rows])[0]
        assert correlation == pytest.approx(max(values(history, "validation", "deciding_score")), abs=1e-6)
        kept.append(correlation)
    assert kept[0] > 0.99
    assert same(network, Linear())


def test_without_a_validation_fold_the_last_average_is_kept():
    empty = {name: column[:0] for name, column in VALIDATION.items()}
    network, history = fit(validation=empty)
    assert history["epoch"].max() == SETTINGS.epochs
    assert set(history["fold"]) == {"train"}
    assert network.weight.abs().sum() > 1


def test_calls_train_by_the_logistic_loss():
    _, history = fit(train=columns(calls=True), validation=columns(60, seed=1, calls=True))
    assert values(history, "train", "call")[-1] < values(history, "train", "call")[0]
    assert values(history, "validation", "pearson")[-1] > 0.6
    assert values(history, "validation", "average_precision_call")[-1] > 0.9


class UnlearnedSpread(Linear):
    """The spread is a number that no training moves."""

    def __init__(self):
        super().__init__()
        self.log_sd.requires_grad_(False)


def test_a_network_that_learns_no_spread_is_trained_and_its_spread_has_no_gradient():
    network, history = fit(network=UnlearnedSpread())
    assert values(history, "train", "gradient_norm_spread") == [0.0] * 8
    assert not values(history, "train", "spread_gradient_norm")
    assert network.log_sd.item() == 0
    assert values(history, "validation", "pearson")[-1] > 0.9


def test_a_network_without_trainable_parameters_is_scored_and_left_as_it_is():
    network = Linear().requires_grad_(False)
    _, history = fit(network=network)
    assert same(network, Linear())
    assert set(HISTORY.validate(history, "history")["epoch"]) == {0}


def test_little_data_is_cut_into_smaller_batches():
    """Ten steps an epoch of 200 observations, one encoding more for the norms and two for the validation fold."""
    network, _ = fit(SETTINGS.model_copy(update={"epochs": 1, "batch_size": 4096, "minimum_steps": 10}))
    assert network.encodings == 10 + 1 + 2


def test_a_cap_makes_epochs_shorter():
    network, _ = fit(SETTINGS.model_copy(update={"epochs": 1, "max_per_assay_epoch": 16}))
    assert network.encodings == 1 + 1 + 2


def test_an_infinite_gradient_is_reported_with_its_step():
    broken = dict(TRAIN) | {"target": torch.full((200,), float("inf"))}
    with pytest.raises(PipelineError, match=r"gradient is (inf|nan) at step 1.*learning_rate"):
        fit(train=broken)


def test_the_average_is_exponential_and_is_taken_back():
    network = Linear()
    average = WeightAverage(network, 0.5)
    start = network.bias.detach().clone()
    with torch.no_grad():
        network.bias += 1.0
    average.update(100)
    with average.applied():
        assert network.bias.item() == pytest.approx(float(start) + 0.5)
    assert network.bias.item() == pytest.approx(float(start) + 1.0)


SCRIPT = """
import sys, torch
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import FitContext
from pipeline_lib.training.loop import train_network
from pipeline_lib.training.processes import is_first_process
from tests.training.toy import Linear, columns
torch.set_num_threads(1)
network = Linear()
network.dropout.p = 0.0
settings = TrainingSettings(epochs=3, batch_size=32, minimum_steps=1, learning_rate=0.1)
history = train_network(network, columns(), columns(60, seed=1), settings, FitContext(), "toy")
if is_first_process():
    loss = history.query("metric=='loss'")["value"].tolist()
    torch.save({"weights": [p.detach() for p in network.parameters()], "loss": loss}, sys.argv[1])
"""


def test_two_processes_train_what_one_does(tmp_path, root):
    """Some batches have 29 rows, 15 for one process and 14 for the other: parts count by their length."""
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for name, command in (("one", [sys.executable]), ("two", launcher)):
        subprocess.run(
            [*command, str(script), str(tmp_path / f"{name}.pt")],
            env=environment,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            timeout=240,
        )
    one, two = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("one", "two"))
    for a, b in zip(one["weights"], two["weights"], strict=True):
        assert torch.allclose(a, b, atol=1e-5)
    assert one["loss"] == pytest.approx(two["loss"], abs=1e-4)
