"""The registry: every name of the leaderboard leads to a class, and an unknown name is refused with the list."""

import importlib

import pytest
from click.testing import CliRunner

from pipeline_lib.config.model_registry import entry_of, names
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models import registry
from pipeline_lib.models.cli import app

MEANS = ("mean", "screen_mean", "query_mean", "array_mean", "two_way", "gene_ridge", "gene_query_ridge")
COMPLETIONS = ("factorisation", "soft_impute", "nearest_profiles", "network_profiles", "gradient_boosting")
OTHERS = (
    "embedding_mlp",
    "multiplicative",
    "digenic_sum",
    "digenic_min",
    "fba",
    "moma",
    "profile_predictor",
    "wl_ridge",
)
DANGO = ("dango", "dango_as_released", "dango_no_pretraining", "dango_frozen", "dango_plain_embedding")
CLP = ("clp", "clp_derived", "clp_no_metabolism", "clp_no_flux", "clp_no_features", "clp_random_features")
CLP_INPUTS = ("clp_all_features", "clp_no_profiles", "clp_hypergraph", "clp_no_networks", "clp_undirected")
CLP_RULES = ("clp_no_gene_rules", "clp_rewired", "clp_random_genes", "clp_no_controls")
CLP_LOSSES = tuple(f"clp_loss_{name}" for name in ("log_cosh", "concordance", "wasserstein", "energy", "kl"))
LEADERBOARD = MEANS + COMPLETIONS + OTHERS + DANGO + CLP + CLP_INPUTS + CLP_RULES + CLP_LOSSES


def test_every_name_of_the_leaderboard_is_there_once():
    assert sorted(names()) == sorted(LEADERBOARD)


@pytest.mark.parametrize("name", LEADERBOARD)
def test_every_entry_leads_to_a_model(name):
    module, attribute = entry_of(name).target.split(":")
    found = getattr(importlib.import_module(module), attribute)
    assert all(hasattr(found, method) for method in ("fit", "predict", "state", "from_state"))


def test_an_unknown_name_is_refused_with_the_nearest_and_the_list():
    with pytest.raises(PipelineError, match=r"no model 'clpp'; did you mean 'clp'\?.*soft_impute"):
        registry.build("clpp", ModelSettings(), TrainingSettings())


def test_an_ablation_changes_the_setting_it_is_named_after():
    model = registry.build("clp_undirected", ModelSettings(), TrainingSettings())
    assert model.settings.clp.hypergraph == "undirected"
    assert registry.build("clp", ModelSettings(), TrainingSettings()).settings.clp.hypergraph == "off"


def test_the_command_lists_every_model():
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 0
    assert all(name in result.output for name in LEADERBOARD)
