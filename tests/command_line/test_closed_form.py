"""Fits that differ in their network alone share a closed form, which one job makes before them."""

from dataclasses import replace
from itertools import combinations

import pytest

from pipeline_lib.command_line.workflow import Workflow
from pipeline_lib.config.loading import RunConfig
from pipeline_lib.config.model_registry import FAMILIES, entry_of
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.clp.decomposition import ControlCrosses
from pipeline_lib.models.clp.encoders import seen_by
from pipeline_lib.models.clp.task import closed_form_identity
from pipeline_lib.models.registry import build
from tests.small_cell import feature_table, knockout_table, small_cell, small_screen, small_settings

TABLE = {"reader": "table", "files": {"table": "a.csv"}, "columns": {"genes": "genes", "value": "score"}}
NETWORK = {"reader": "edge_list", "files": {"edges": "n.txt"}, "evidence": ["physical"], "year": 2020}
FEATURES = {"own": {"reader": "table", "files": {"table": "b.csv"}, "evidence": ["sequence"], "holds_genetic": "no"}}


def workflow(**changes: object) -> Workflow:
    content = {
        "run": "shared",
        "metabolism": {"gem": "cobra:textbook"},
        "screens": {"here": TABLE},
        "networks": {"lab": NETWORK},
        "features": FEATURES,
        "grid": [{"models": ["clp", "gene_ridge"], "splits": ["random"]}],
        **changes,
    }
    return Workflow(RunConfig.model_validate(content))


@pytest.mark.parametrize("model", ["clp_derived", "clp_undirected", "clp_loss_energy"])
def test_an_ablation_of_the_network_reads_the_closed_form_of_the_whole_model(model: str) -> None:
    assert workflow().closed_form(model) == "clp"


@pytest.mark.parametrize("model", ["clp_no_flux", "clp_no_profiles", "clp_no_controls", "clp_no_features"])
def test_what_the_closed_form_goes_without_makes_another_one(model: str) -> None:
    assert workflow().closed_form(model) == model


def test_without_flux_and_without_metabolism_the_closed_form_is_the_same() -> None:
    assert workflow().closed_form("clp_no_metabolism") == "clp_no_flux"


@pytest.mark.parametrize("model", ["clp_no_flux", "clp_no_metabolism"])
def test_a_model_without_flux_reads_no_table_that_the_metabolic_model_gives(model: str) -> None:
    flow = workflow(features={**FEATURES, "growth": {"reader": "flux"}})
    assert flow.features_of(model) == ["own"]
    assert flow.features_of("clp") == flow.features_of("gradient_boosting") == ["own", "growth"]
    assert workflow(features=flow.run.features, models={"clp": {"flux": False}}).features_of("clp") == ["own"]


@pytest.mark.parametrize("model", ["clp_rewired", "clp_random_features"])
def test_a_cell_drawn_by_the_seed_has_a_closed_form_of_each_seed(model: str) -> None:
    assert workflow().closed_form(model) == ""
    assert workflow(networks={}, features={}).closed_form(model) == "clp", "there is nothing to draw"


def test_a_run_on_rewired_networks_shares_none() -> None:
    assert workflow(models={"clp": {"networks": "rewired"}}).closed_form("clp") == ""


def test_a_model_without_a_closed_form_shares_none() -> None:
    assert workflow().closed_form("gene_ridge") == ""


def identity(model: str, seed: int) -> str:
    """Return the identity of a model's closed form on a cell with networks, features, knockouts and controls."""
    tables = {"none": {}, "used": {"own": feature_table()}, "all": {"own": feature_table(), "more": -feature_table()}}
    cell = small_cell(features=tables[entry_of(model).features], knockouts=knockout_table())
    settings = build(model, small_settings(), TrainingSettings()).settings
    controls = replace(ControlCrosses.none(), screens=("one",) if settings.clp.control_crosses else ())
    return closed_form_identity(small_screen(), seen_by(cell, settings.clp, seed), settings, controls)


def test_models_share_a_job_exactly_where_their_closed_form_is_the_same() -> None:
    flow = workflow(features={**FEATURES, "more": {**FEATURES["own"], "holds_genetic": "yes"}})
    of_model = {model: (flow.closed_form(model), identity(model, 0), identity(model, 1)) for model in FAMILIES["clp"]}
    for model, (made, first, second) in of_model.items():
        assert (first == second) == bool(made), f"{model}: a seed has a closed form of its own where none is shared"
    shared = {model: found[:2] for model, found in of_model.items() if found[0]}
    for (one, (made, form)), (other, (made_too, form_too)) in combinations(shared.items(), 2):
        assert (made == made_too) == (form == form_too), f"{one} and {other}"
    assert len({made for made, _ in shared.values()}) > 5
