"""DANGO as a model: what pretraining does, what freezing keeps, what it can learn, what it refuses."""

import numpy as np
import pandas as pd
import pytest
import torch
from rich.progress import Progress

from pipeline_lib.artefacts.schemas import HISTORY
from pipeline_lib.artefacts.tables import load_tensors, save_tensors
from pipeline_lib.cell.genotypes import Genotypes, encode_gene_sets
from pipeline_lib.config.models import DangoSettings, ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.dango.encoder import read_channels
from pipeline_lib.models.dango.model import Dango, DangoAsReleased
from pipeline_lib.models.dango.network import PAPER, RELEASED, DangoNetwork
from pipeline_lib.models.dango.training import LabelledSets, Trainer, log_cosh
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.registry import build

NUM_GENES = 24
SMALL = DangoSettings(
    width=16,
    heads=4,
    pretraining_epochs=3,
    pretraining_batch_size=12,
    epochs=3,
    sets_an_epoch=64,
    batch_size=32,
    reconstruction_genes=12,
)


@pytest.fixture(scope="module")
def cell():
    rng = np.random.default_rng(0)
    rows = []
    for network in ("physical", "coexpression"):
        ends = np.sort(rng.integers(0, NUM_GENES - 4, (40, 2)), axis=1)
        ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
        rows += [(network, a, b, rng.uniform(0.2, 1), False) for a, b in ends]
    edges = pd.DataFrame(rows, columns=["network", "source", "target", "weight", "directed"])
    names = [f"G{index:02d}" for index in range(NUM_GENES)]
    return Cell(pd.DataFrame({"gene_index": np.arange(NUM_GENES), "gene": names}), edges, {"num_genes": NUM_GENES})


def genotypes(seed=0, n=120, screens=("first", "second")):
    """Singles, pairs and triples of two assays in different units; a gene's effect adds up over the set."""
    rng = np.random.default_rng(seed)
    effect = np.random.default_rng(7).normal(size=NUM_GENES)
    genes = np.full((n, 3), -1)
    for row in range(n):
        order = 1 + row % 3
        genes[row, :order] = np.sort(rng.choice(NUM_GENES, order, replace=False))
    score = np.where(genes >= 0, effect[genes], 0).sum(axis=1)
    screen = rng.integers(0, len(screens), n)
    value = np.where(screen == 0, 100 + 20 * score, 0.01 * score)
    none = np.full(n, -1)
    unknown = np.full(n, np.nan)
    return Genotypes(np.arange(n), genes, screen, np.ones(n, int), none, none, value, unknown, unknown, screens, ())


def fitted(cell, settings=SMALL, context=None, train=None, validation=None, kind=Dango, **keywords):
    model = kind(ModelSettings(dango=settings), TrainingSettings(), **keywords)
    history = model.fit(
        genotypes() if train is None else train,
        genotypes(1, 40) if validation is None else validation,
        cell,
        context or FitContext(),
    )
    return model, history


def values(history, metric, phase):
    chosen = history[(history["metric"] == metric) & (history["phase"] == phase) & (history["fold"] == "train")]
    return chosen["value"].to_numpy()


def test_log_cosh_is_log_cosh_and_stays_finite_where_cosh_overflows():
    error = torch.linspace(-5, 5, 11, dtype=torch.float64)
    assert torch.allclose(log_cosh(error), torch.log(torch.cosh(error)))
    assert log_cosh(torch.tensor([1000.0])).item() == pytest.approx(1000 - np.log(2))


def test_pretraining_lowers_the_reconstruction_loss(cell):
    settings = SMALL.model_copy(update={"pretraining_epochs": 15, "learning_rate": 0.02})
    losses = values(fitted(cell, settings)[1], "reconstruction_loss", "pretraining")
    assert len(losses) == 15
    assert losses[-1] < 0.5 * losses[0]


def test_the_history_follows_both_phases(cell):
    history = fitted(cell)[1]
    HISTORY.validate(history, "history")
    assert len(values(history, "reconstruction_loss", "pretraining")) == 3
    assert len(values(history, "reconstruction_loss", "joint")) == 3
    assert len(values(history, "log_cosh", "joint")) == 3
    judged = history[(history["fold"] == "validation") & (history["metric"] == "pearson")]
    assert judged["epoch"].tolist() == [3, 4, 5]
    assert judged["value"].between(-1, 1).all()


def test_without_pretraining_the_first_epoch_is_a_joint_one(cell):
    history = fitted(cell, pretrained=False)[1]
    assert set(history["phase"]) == {"joint"}
    assert len(values(history, "reconstruction_loss", "joint")) == 3


def sets_of(fold):
    return LabelledSets(
        torch.from_numpy(fold.genes), torch.from_numpy(fold.screen), torch.randn(len(fold), dtype=torch.float32)
    )


def parameters_after(epochs, frozen, cell, architecture=PAPER):
    torch.manual_seed(5)
    channels = read_channels(cell.edges, NUM_GENES, None, {})
    network = DangoNetwork(channels, NUM_GENES, 2, SMALL, architecture)
    trainer = Trainer(network, SMALL.model_copy(update={"epochs": epochs}), frozen=frozen, checkpoint=None)
    with Progress(disable=True) as progress:
        trainer.run(sets_of(genotypes()), sets_of(genotypes(1)), progress, "")
    return {name: value.clone() for name, value in network.state_dict().items()}


PRETRAINED = ("embedding", "encoders", "decoders")


def test_frozen_parts_stay_bit_equal_and_the_rest_learns(cell):
    before, after = parameters_after(0, True, cell), parameters_after(3, True, cell)
    for name in before:
        assert torch.equal(before[name], after[name]) == name.startswith(PRETRAINED), name


@pytest.mark.parametrize("architecture", [PAPER, RELEASED])
def test_unless_frozen_every_part_goes_on_learning(cell, architecture):
    before, after = (parameters_after(epochs, False, cell, architecture) for epochs in (0, 3))
    assert not any(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("name", ["dango", "dango_no_pretraining", "dango_plain_embedding"])
def test_a_small_sample_is_overfitted(cell, name):
    settings = SMALL.model_copy(
        update={"width": 32, "dropout": 0.0, "epochs": 120, "learning_rate": 0.02, "kept_epochs": 1, "patience": 120}
    )
    sample = genotypes(3, 16, screens=("only",))
    noisy = Genotypes(**{**vars(sample), "value": np.random.default_rng(0).normal(size=16)})
    model = build(name, ModelSettings(dango=settings), TrainingSettings())
    model.fit(noisy, noisy, cell, FitContext())
    assert np.corrcoef(model.predict(noisy.without_values()).value, noisy.value)[0, 1] > 0.99


def test_a_change_of_units_changes_the_predictions_in_the_same_units(cell):
    train = genotypes()
    test = genotypes(2, 30)
    plain = fitted(cell, train=train)[0].predict(test).value
    shifted = Genotypes(**{**vars(train), "value": 3 + 2 * train.value})
    held = genotypes(1, 40)
    again = fitted(cell, train=shifted, validation=Genotypes(**{**vars(held), "value": 3 + 2 * held.value}))[0]
    assert again.predict(test).value == pytest.approx(3 + 2 * plain, rel=1e-3)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(cell):
    test = genotypes(2, 30)
    first, second = (fitted(cell)[0].predict(test).value for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert not np.array_equal(first, fitted(cell, context=FitContext(seed=1))[0].predict(test).value)


def test_fitting_leaves_the_callers_random_numbers_alone(cell):
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    fitted(cell)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("kind", "frozen"), [(Dango, False), (Dango, True), (DangoAsReleased, False)])
def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(cell, tmp_path, monkeypatch, kind, frozen):
    test = genotypes(2, 30)
    whole = fitted(cell, kind=kind, frozen=frozen)[0].predict(test).value
    judge, calls = Trainer._judge, []

    def dies(self, validation):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        judge(self, validation)

    monkeypatch.setattr(Trainer, "_judge", dies)
    with pytest.raises(KeyboardInterrupt):
        fitted(cell, kind=kind, frozen=frozen, context=FitContext(checkpoints=tmp_path))
    monkeypatch.setattr(Trainer, "_judge", judge)
    model, history = fitted(cell, kind=kind, frozen=frozen, context=FitContext(checkpoints=tmp_path))
    assert model.predict(test).value.tobytes() == whole.tobytes()
    assert history["epoch"].max() == 5


@pytest.mark.parametrize("kind", [Dango, DangoAsReleased])
def test_the_state_restores_the_model(cell, tmp_path, kind):
    model = fitted(cell, kind=kind)[0]
    save_tensors(model.state(), tmp_path / "model.pt")
    restored = kind.from_state(load_tensors(tmp_path / "model.pt"), cell)
    test = genotypes(2, 30)
    assert np.array_equal(restored.predict(test).value, model.predict(test).value)
    assert np.array_equal(restored.predict(test).std, model.predict(test).std)


def test_a_model_of_another_gene_index_is_refused(cell):
    other = Cell(cell.genes.iloc[:-1], cell.edges, {})
    with pytest.raises(PipelineError, match="fitted on 24 genes and the gene table holds 23"):
        Dango.from_state(fitted(cell)[0].state(), other)


def test_a_cell_without_networks_is_fitted_on_plain_gene_vectors(cell):
    bare = Cell(cell.genes, cell.edges.iloc[:0], {})
    plain = fitted(cell, networks=False)[0].predict(genotypes(2, 30)).value
    assert np.array_equal(fitted(bare)[0].predict(genotypes(2, 30)).value, plain)


def test_genotypes_of_no_screen_are_predicted_in_the_units_of_the_largest_assay(cell):
    model = fitted(cell, train=genotypes(0, 120, screens=("only",)))[0]
    asked = encode_gene_sets([["G01"], ["G02", "G03"], ["G02", "G03", "G23"]], cell.genes)
    predicted = model.predict(asked)
    assert np.isfinite(predicted.value).all()
    assert predicted.value == pytest.approx(np.full(3, 100), abs=60)
    assert (predicted.std > 0).all()


def test_members_disagree_and_their_variance_is_part_of_the_spread(cell):
    model = fitted(cell, SMALL.model_copy(update={"members": 3}))[0]
    test = genotypes(2, 30)
    spread = model.predict(test).std[test.screen == 0]
    assert len(np.unique(spread)) > 1
    between = np.std([model._scores(kept, test, model.assays.codes(test)) for kept in model.kept], axis=0, ddof=1)
    assert (spread >= between[test.screen == 0] * model.assays.scale[0] - 1e-9).all()


def test_sampled_neighbours_are_an_option_that_trains_too(cell):
    model = fitted(cell, SMALL.model_copy(update={"neighbours": 2}))[0]
    assert np.isfinite(model.predict(genotypes(2, 30)).value).all()


def test_dango_as_released_predicts_the_same_twice_though_its_evaluation_draws_neighbours(cell):
    model, test = fitted(cell, kind=DangoAsReleased)[0], genotypes(2, 30)
    assert np.array_equal(model.predict(test).value, model.predict(test).value)
    again = fitted(cell, kind=DangoAsReleased)[0]
    assert again.predict(test).value.tobytes() == model.predict(test).value.tobytes()


def test_evaluation_as_released_depends_on_the_neighbours_drawn_and_that_of_the_paper_does_not():
    hub = pd.DataFrame({"network": "hub", "source": 0, "target": np.arange(1, NUM_GENES), "weight": 1.0})
    channels = read_channels(hub, NUM_GENES, None, {})
    torch.manual_seed(0)
    for architecture, drawn in ((PAPER, False), (RELEASED, True)):
        network = DangoNetwork(channels, NUM_GENES, 1, SMALL, architecture).eval()
        first, second = (network.vectors(torch.arange(1)) for _ in range(2))
        assert torch.equal(first, second) != drawn


def test_dango_as_released_learns_what_its_dropout_allows(cell):
    settings = SMALL.model_copy(update={"width": 32, "epochs": 60, "learning_rate": 0.01, "patience": 60})
    model = build("dango_as_released", ModelSettings(dango=settings), TrainingSettings())
    train, held = genotypes(0, 400, screens=("only",)), genotypes(1, 100, screens=("only",))
    model.fit(train, held, cell, FitContext())
    test = genotypes(2, 100, screens=("only",))
    assert np.corrcoef(model.predict(test.without_values()).value, test.value)[0, 1] > 0.9


def test_heads_that_do_not_share_the_width_are_refused():
    with pytest.raises(PipelineError, match="must be a multiple of"):
        Dango(ModelSettings(dango=DangoSettings(width=10, heads=4)), TrainingSettings())
