"""The network: every invariant holds of every ablation, and every parameter that a batch can reach gets a gradient."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.config.model_registry import CLP
from pipeline_lib.config.training import LossSettings, TrainingSettings
from pipeline_lib.models.clp.assays import FITNESS, INTERACTION
from pipeline_lib.models.clp.encoders import cell_arrays, seen_by
from pipeline_lib.models.clp.invariants import CHECKS, Subject, every_gradient, out_of_reach, with_random_weights
from pipeline_lib.models.interface import FitContext
from pipeline_lib.models.registry import build
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.step import evaluate_terms
from tests.small_cell import feature_table, knockout_table, small_cell, small_screen, small_settings

TRAIN = small_screen()
FEATURES = {"phenotypes": feature_table()}


def subject_of(name, train=TRAIN, cell=None, **changes):
    """Return the network of a model of the registry with random weights, as it stands before training."""
    if cell is None:
        features = {} if CLP[name].features == "none" else FEATURES
        cell = small_cell(features=features, knockouts=knockout_table())
    # Where the profile predictor starts from is tested elsewhere: it changes the columns, not the network.
    model = build(name, small_settings(**({"profiles": False} | changes)), TrainingSettings())
    task, columns = model.prepare(train, cell, FitContext())[0]
    settings = model.settings.clp
    arrays = cell_arrays(seen_by(cell, settings, 0), settings)
    return Subject(with_random_weights(task.networks[0]), arrays, settings, columns)


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
    reads_reactions = subject.settings.hypergraph != "off"
    assert set(out_of_reach(subject)) == (set() if reads_reactions else {"interactions.perturbed.reaction."})
    found = every_gradient(subject, total_loss)
    assert found.held, found.detail


@pytest.mark.parametrize(
    "changes",
    [
        {"convolution": "gin"},
        {"convolution": "gatv2"},
        {"graph_layers": 2},
        {"hypergraph": "directed", "activation": "elu"},
        {"hypergraph": "directed", "activation": "leaky_relu"},
        {"neighbours": 0},
        {"hypergraph": "directed", "interaction": "derived"},
        {"ensemble": 2, "measured_sd": True},
    ],
    ids=str,
)
def test_every_option_keeps_the_invariants_and_its_gradients(changes):
    subject = subject_of("clp", **changes)
    for check in CHECKS:
        found = check(subject)
        assert found.held, f"{found.name}: {found.detail}"
    found = every_gradient(subject, total_loss)
    assert found.held, found.detail


def test_the_network_of_a_profile_predictor_keeps_them_too():
    few = TRAIN.take(TRAIN.screen == 0)
    subject = subject_of("clp", few.take(few.phenotype != PHENOTYPES.index("call")), profiles=True)
    assert subject.columns["unseen"].any()
    for check in CHECKS:
        assert check(subject).held, check.__name__
    assert every_gradient(subject, total_loss).held


def test_a_screen_of_digenic_scores_reaches_all_but_single_mutant_fitness():
    """An E-MAP of genes without metabolic function: nothing teaches fitness, nothing reads blocked reactions."""
    rows = (TRAIN.phenotype == INTERACTION) & (TRAIN.order == 2) & ~np.isin(TRAIN.genes, range(8)).any(axis=1)
    subject = subject_of("clp_hypergraph", TRAIN.take(rows))
    assert out_of_reach(subject) == {
        "singles.": "fitness",
        "metabolism.": "fitness, or mutants of metabolic genes",
        "interactions.perturbed.reaction.": "genotypes that block a reaction",
    }
    found = every_gradient(subject, total_loss)
    assert found.held, found.detail


def test_a_screen_of_single_mutants_reaches_no_interaction():
    subject = subject_of("clp", TRAIN.take((TRAIN.phenotype == FITNESS) & (TRAIN.order == 1)))
    assert "interactions." in out_of_reach(subject)
    found = every_gradient(subject, total_loss)
    assert found.held, found.detail


def test_labels_of_fitness_teach_interactions_and_the_other_way_round():
    """The fitness of triples holds tau and the epsilon of their pairs, so its gradient reaches the interaction head."""
    subject = subject_of("clp")
    triples = ((subject.columns["genes"] >= 0).all(1) & (subject.columns["phenotype"] == FITNESS)).nonzero()[:, 0]
    columns = {name: column[triples] for name, column in subject.columns.items()}
    subject.network.zero_grad(set_to_none=True)
    total_loss(subject.network, columns).backward()
    assert subject.network.interactions.head.out.weight.grad[0].any()
    assert subject.network.singles.head.out.weight.grad.any()
    epsilon = subject.network.scale.log_gain.grad[subject.columns["levels"][triples, 1].unique()]
    assert epsilon.any()


def test_an_untrained_network_predicts_the_closed_form():
    model = build("clp", small_settings(profiles=False), TrainingSettings())
    task, columns = model.prepare(TRAIN, small_cell(), FitContext())[0]
    network = task.networks[0].eval()
    with torch.no_grad():
        value, log_sd = network.decode(network.encode(), columns)
    scores = columns["phenotype"] == INTERACTION
    centre, scale = (torch.from_numpy(part)[columns["assay"]] for part in (task.assays.centre, task.assays.scale))
    torch.testing.assert_close(value[scores].double(), ((columns["term"] - centre) / scale)[scores], atol=1e-5, rtol=0)
    torch.testing.assert_close(log_sd, columns["log_sd"])


def test_a_share_of_none_leaves_the_closed_form_whatever_the_weights():
    subject = subject_of("clp")
    network, columns = subject.network, subject.columns
    with torch.no_grad():
        corrected, _ = network.decode(network.encode(), columns)
        network.scale.share.zero_()
        kept, _ = network.decode(network.encode(), columns)
        for module in (network.interactions.head.out, network.singles.head.out):
            module.weight.zero_()
        plain, _ = network.decode(network.encode(), columns)
    assert (corrected - plain).abs().max() > 0.1
    assert torch.equal(kept, plain)


def test_the_wild_type_is_encoded_without_a_look_at_the_batch():
    """Two batches decoded from one encoding equal each batch decoded from an encoding of its own."""
    subject = subject_of("clp")
    encoded = subject.network.encode()
    for part in (slice(0, 99), slice(99, None)):
        half = {name: column[part] for name, column in subject.columns.items()}
        shared, _ = subject.network.decode(encoded, half)
        alone, _ = subject.network.decode(subject.network.encode(), half)
        assert torch.equal(shared, alone)


def test_a_metabolic_gene_without_isozyme_blocks_its_reaction_and_a_covered_one_does_not():
    network = subject_of("clp_hypergraph").network
    alone, covered = torch.tensor([[0, -1, -1]]), torch.tensor([[1, -1, -1]])
    assert len(network.metabolism.blocked(alone)[0]) == 1
    assert len(network.metabolism.blocked(covered)[0]) == 0
    states, reactions = network.metabolism(network.encoder())
    pool = network.singles.pool.whole(states.measured, reactions)
    empty = (torch.zeros(0, dtype=torch.long),) * 2
    with_rules = network.singles.pool.change(pool, alone, network.metabolism.blocked(alone))
    assert not torch.equal(with_rules, network.singles.pool.change(pool, alone, empty))


def test_a_model_without_known_energies_has_no_weight_that_never_learns():
    cell = small_cell(features=FEATURES)
    unknown = torch.zeros_like(cell.stoichiometry["delta_g_known"])
    blind = replace(cell, stoichiometry={**cell.stoichiometry, "delta_g_known": unknown})
    assert every_gradient(subject_of("clp_hypergraph", cell=blind), total_loss).held
