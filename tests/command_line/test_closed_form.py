"""Fits that differ in their network alone share a closed form, which one job makes before them."""

import pytest

from pipeline_lib.command_line.workflow import Workflow
from pipeline_lib.config.loading import RunConfig

TABLE = {"reader": "table", "files": {"table": "a.csv"}, "columns": {"genes": "genes", "value": "score"}}


def workflow(*models: str, seeds: tuple[int, ...] = (0,), **settings: object) -> Workflow:
    content = {
        "run": "shared",
        "metabolism": {"gem": "cobra:textbook"},
        "screens": {"here": TABLE},
        "splits": {"names": ["random", "gene_disjoint_one"]},
        "models": {"clp": settings},
        "grid": [
            {"models": list(models), "splits": ["random"], "seeds": list(seeds)},
            {"models": ["clp"], "splits": ["gene_disjoint_one"]},
        ],
    }
    return Workflow(RunConfig.model_validate(content))


@pytest.mark.parametrize("model", ["clp_derived", "clp_undirected", "clp_random_genes", "clp_loss_energy"])
def test_an_ablation_of_the_network_reads_the_closed_form_of_the_whole_model(model: str) -> None:
    shares = model != "clp_random_genes"
    assert workflow("clp", model).closed_form(model, "random") == ("clp" if shares else "")


@pytest.mark.parametrize("model", ["clp_no_flux", "clp_no_profiles", "clp_no_controls", "clp_no_features"])
def test_what_the_closed_form_goes_without_makes_another_one(model: str) -> None:
    flow = workflow("clp", model, seeds=(0, 1))
    assert flow.closed_form("clp", "random") == "clp"
    assert flow.closed_form(model, "random") == model


def test_without_flux_and_without_metabolism_the_closed_form_is_the_same() -> None:
    flow = workflow("clp_no_metabolism", "clp_no_flux")
    assert flow.closed_form("clp_no_flux", "random") == "clp_no_metabolism"


@pytest.mark.parametrize("model", ["clp_rewired", "clp_random_features"])
def test_a_cell_drawn_by_the_seed_has_a_closed_form_of_each_seed(model: str) -> None:
    assert workflow("clp", model, seeds=(0, 1, 2)).closed_form(model, "random") == ""


def test_a_run_on_rewired_networks_shares_none() -> None:
    assert workflow("clp", seeds=(0, 1), networks="rewired").closed_form("clp", "random") == ""


def test_a_single_fit_and_a_model_without_networks_share_nothing() -> None:
    flow = workflow("clp", "gene_ridge", seeds=(0, 1))
    assert flow.closed_form("clp", "random") == "clp"
    assert flow.closed_form("clp", "gene_disjoint_one") == ""
    assert flow.closed_form("gene_ridge", "random") == ""
