"""The network: every invariant holds of every ablation, and derived interactions follow their definitions."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.config.training import LossSettings, TrainingSettings
from pipeline_lib.models.clp.heads import Read
from pipeline_lib.models.clp.invariants import CHECKS, Subject, every_gradient
from pipeline_lib.models.clp.network import FITNESS_UNIT
from pipeline_lib.models.registry import CLP, build
from pipeline_lib.training.gradients import evaluate_terms
from pipeline_lib.training.losses import Criterion
from tests.small_cell import small_cell, small_screen, small_settings

TRAIN = small_screen()


def subject_of(name, **changes):
    model = build(name, small_settings(**changes), TrainingSettings())
    task = model.prepare(TRAIN, small_cell(), 0)[0]
    columns = model.columns_of(TRAIN, task)
    return Subject(task.networks[0].eval(), model.arrays(small_cell()), model.settings, columns)


@pytest.fixture(scope="module", params=list(CLP))
def subject(request):
    return subject_of(request.param)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_invariant_holds_of_every_ablation(subject, check):
    found = check(subject)
    assert found.held, found.detail


def total_loss(network, columns):
    return torch.stack(list(evaluate_terms(network, Criterion(LossSettings()), columns).values())).sum()


def test_every_parameter_of_every_ablation_gets_a_gradient(subject):
    found = every_gradient(few(subject), total_loss)
    assert found.held, found.detail


def few(subject):
    """Ask for few observations: the profiles speak by the others."""
    return replace(subject, columns={name: column[::5] for name, column in subject.columns.items()})


@pytest.mark.parametrize(
    "changes",
    [
        {"convolution": "gin"}, {"convolution": "gatv2"}, {"graph_layers": 2}, {"activation": "elu"},
        {"activation": "leaky_relu"}, {"profiles": False}, {"neighbours": 0},
    ],
    ids=str,
)  # fmt: skip
def test_every_option_keeps_the_invariants_and_its_gradients(changes):
    subject = subject_of("clp", **changes)
    for check in CHECKS:
        found = check(subject)
        assert found.held, f"{found.name}: {found.detail}"
    assert every_gradient(few(subject), total_loss).held


def with_fitness(values):
    """Return a stand-in for `ClpNetwork.fitness`: f of a set by table, 1 for no deletion."""

    def fitness(encoded, genes):  # noqa: ARG001
        f = torch.tensor([values[frozenset(row)] for row in [[g for g in r if g >= 0] for r in genes.tolist()]])
        return Read((f - 1) / FITNESS_UNIT, torch.zeros(len(f)))

    return fitness


F = {
    frozenset(): 1.0, frozenset({0}): 0.9, frozenset({1}): 0.8, frozenset({2}): 0.7, frozenset({0, 1}): 0.6,
    frozenset({0, 2}): 0.65, frozenset({1, 2}): 0.5, frozenset({0, 1, 2}): 0.2,
}  # fmt: skip


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_a_derived_interaction_is_epsilon_or_tau_by_definition(order, monkeypatch):
    network = subject_of("clp_derived").network
    monkeypatch.setattr(network, "fitness", with_fitness(F))
    genes = torch.tensor([[0, 1, -1], [0, 1, 2]])[:, order]
    read = network.derived_interaction(None, genes, torch.tensor([False, False]))
    epsilon = 0.6 - 0.9 * 0.8
    e02, e12 = 0.65 - 0.9 * 0.7, 0.5 - 0.8 * 0.7
    tau = 0.2 - 0.9 * 0.8 * 0.7 - epsilon * 0.7 - e02 * 0.8 - e12 * 0.9
    assert (read.value * FITNESS_UNIT).tolist() == pytest.approx([epsilon, tau], abs=1e-6)


def test_raw_interactions_are_read_off_the_perturbed_latent_as_adjusted_ones_are():
    raw = replace(TRAIN, phenotype=np.full(len(TRAIN), PHENOTYPES.index("raw_interaction")))
    model = build("clp", small_settings(), TrainingSettings())
    task = model.prepare(raw, small_cell(), 0)[0]
    network = task.networks[0].eval()
    assert network.interaction_head is not None
    assert network.fitness_head is None
    found = every_gradient(
        few(Subject(network, model.arrays(small_cell()), model.settings, model.columns_of(raw, task))), total_loss
    )
    assert "interaction_head" not in found.detail


def test_multiplicative_fitness_has_no_derived_interaction(monkeypatch):
    network = subject_of("clp_derived").network
    single = {0: 0.9, 1: 0.8, 2: 0.7}
    product = dict.fromkeys(F, 1.0)
    for genes in product:
        for gene in genes:
            product[genes] *= single[gene]
    monkeypatch.setattr(network, "fitness", with_fitness(product))
    read = network.derived_interaction(None, torch.tensor([[0, 1, -1], [0, 1, 2]]), torch.tensor([False, True]))
    assert read.value.abs().max() < 1e-5


def test_the_wild_type_is_encoded_without_a_look_at_the_batch():
    """Two batches decoded from one encoding equal each batch decoded from an encoding of its own."""
    subject = subject_of("clp")
    encoded = subject.network.encode()
    halves = [
        {name: column[part] for name, column in subject.columns.items()} for part in (slice(0, 99), slice(99, None))
    ]
    for half in halves:
        shared, _ = subject.network.decode(encoded, half)
        alone, _ = subject.network.decode(subject.network.encode(), half)
        assert torch.equal(shared, alone)


def test_a_metabolic_gene_without_isozyme_reaches_the_metabolism_branch_and_a_covered_one_does_not():
    subject = subject_of("clp")
    network = subject.network
    alone, covered = torch.tensor([[0, -1, -1]]), torch.tensor([[1, -1, -1]])
    assert len(network.blocked(alone)[0]) == 1
    assert len(network.blocked(covered)[0]) == 0
    pool = network.encode().whole
    empty = (torch.zeros(0, dtype=torch.long),) * 2
    with_rules = network.intact.change(pool, alone, network.blocked(alone))
    assert not torch.equal(with_rules, network.intact.change(pool, alone, empty))


def test_masking_in_training_hides_some_genes_and_evaluation_none():
    network = subject_of("clp", gene_mask=0.5).network
    measured = int(network.encoder.measured.sum())
    assert int(network.encoder.visible().sum()) == measured
    network.train()
    torch.manual_seed(0)
    assert 0 < int(network.encoder.visible().sum()) < measured


def test_a_model_without_known_energies_has_no_weight_that_never_learns():
    cell = small_cell()
    blind = replace(cell, stoichiometry={**cell.stoichiometry, "delta_g_known": torch.zeros_like(
        cell.stoichiometry["delta_g_known"])})  # fmt: skip
    model = build("clp", small_settings(), TrainingSettings())
    task = model.prepare(TRAIN, blind, 0)[0]
    subject = Subject(task.networks[0].eval(), model.arrays(blind), model.settings, model.columns_of(TRAIN, task))
    assert every_gradient(few(subject), total_loss).held
