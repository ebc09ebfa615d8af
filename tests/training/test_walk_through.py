"""The walk-through: every method of the network with its shapes, every invariant, and a loud failure."""

import json
from operator import attrgetter

import pytest
import torch
from click.testing import CliRunner

from pipeline_lib.config.model_registry import CLP
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.latents import IntactPool, PerturbedSet
from pipeline_lib.models.interface import FitContext
from pipeline_lib.models.registry import build
from pipeline_lib.reporting.sections.model import _gains
from pipeline_lib.training.cli import app
from pipeline_lib.training.walk_through import _methods, choose_batch, dead_units, summary, traced
from tests.small_cell import small_cell, small_screen, small_settings


@pytest.fixture
def walk(inputs, tmp_path):
    def call(name):
        result = CliRunner().invoke(
            app, ["walk-through", *inputs, "--model", name, "--output", str(tmp_path / "w.json")]
        )
        return result, json.loads((tmp_path / "w.json").read_text()) if (tmp_path / "w.json").exists() else None

    return call


def test_every_step_has_shapes_and_ranges_and_every_invariant_held(walk):
    result, report = walk("clp_no_profiles")
    assert result.exit_code == 0, result.output
    methods = [step["method"] for step in report["steps"]]
    assert methods.count("encode") == methods.count("decode") == 1
    assert {"encoder", "singles.pool.change", "interactions.perturbed", "single_fitness", "fitness"} <= set(methods)
    assert report["all_held"]
    assert {check["name"] for check in report["checks"]} >= {
        "order_of_deletions",
        "decomposition_closes",
        "every_gradient",
    }
    encoder = next(step for step in report["steps"] if step["method"] == "encoder")
    assert encoder["outputs"]["measured"]["shape"] == [20, 16]
    assert encoder["outputs"]["unseen"]["finite"]
    assert all(norm > 0 for norm in report["gradient_norms"].values())
    assert all(0 <= units["dead"] <= units["units"] for units in report["dead_units"].values())


def test_the_closed_form_is_described_level_by_level(walk):
    result, report = walk("clp")
    assert result.exit_code == 0, result.output
    levels = {(level["screen"], level["phenotype"], level["order"]): level for level in report["closed_form"]}
    assert {("one", "fitness", order) for order in (1, 2, 3)} <= set(levels)
    triple = levels["one", "fitness", 3]
    assert set(triple["gains"]) == {"measured", "query_unseen", "array_unseen", "both_unseen"}
    assert set(triple["gains"]["measured"]) == {"estimate", "flux", "lower_terms", "whole_estimate", "constant"}
    assert set(levels["one", "interaction", 2]["gains"]["measured"]) == {"estimate", "flux", "constant"}
    tau = levels["one", "interaction", 3]["gains"]
    assert len(tau) == 8, "crosses with a measured control have weights of their own"
    assert tau["query_unseen"]["control_residuals"] == 0.0
    table = _gains(report["closed_form"])
    assert len(table) == sum(len(level["gains"]) for level in report["closed_form"])
    assert table.notna().all(axis=None)


@pytest.mark.parametrize("name", list(CLP))
def test_every_traced_method_is_one_of_the_network(name):
    """A name that no module has would end the walk-through of a run after hours of training."""
    model = build(name, small_settings(profiles=False), TrainingSettings())
    network = model.prepare(small_screen(), small_cell(), FitContext())[0][0].networks[0]
    for label, (owner, method, _) in _methods(network).items():
        assert callable(getattr(type(owner), method)), label
        path = label if method == "forward" else label.removesuffix(method).rstrip(".")
        part = attrgetter(path)(network) if path else network
        assert part is owner, label


def test_the_hypergraph_shows_where_it_is_on_alone(walk):
    _, report = walk("clp_no_metabolism")
    assert not any("metabolism" in step["method"] for step in report["steps"])
    assert any("block a reaction" in sentence for sentence in report["not_checked"])
    result, report = walk("clp_hypergraph")
    assert result.exit_code == 0, result.output
    assert any(step["method"] == "metabolism.rules.blocked_reactions" for step in report["steps"])
    assert report["not_checked"] == []


def test_a_batch_holds_some_of_every_assay_and_order():
    train = small_screen(400)
    batch = choose_batch(train, 0)
    kinds = {tuple(row) for row in zip(train.screen, train.phenotype, train.order, strict=True)}
    assert {tuple(row) for row in zip(batch.screen, batch.phenotype, batch.order, strict=True)} == kinds


@pytest.mark.parametrize(
    ("part", "method", "broken"),
    [
        (IntactPool, "change", lambda found: 1.01 * found),
        (PerturbedSet, "forward", lambda found: (found[0] * torch.arange(len(found[0]))[:, None], *found[1:])),
    ],
)
def test_a_broken_invariant_fails_loudly_and_leaves_the_report(walk, monkeypatch, part, method, broken):
    kept = getattr(part, method)
    monkeypatch.setattr(part, method, lambda self, *arguments: broken(kept(self, *arguments)))
    result, report = walk("clp_no_profiles")
    assert isinstance(result.exception, PipelineError)
    assert "broken invariants: " in str(result.exception)
    assert ("intact_pool (" if part is IntactPool else "batch_of_one (") in str(result.exception)
    assert not report["all_held"]


def test_other_families_are_refused(walk):
    result, _ = walk("mean")
    assert "family 'clp'" in str(result.exception)


def test_a_summary_tells_shape_type_range_and_what_is_not_finite():
    found = summary((torch.tensor([1.0, 3.0, float("inf")]), {"rows": torch.zeros(0, 3, dtype=torch.long)}, 7))
    assert found[0] == {
        "shape": [3],
        "dtype": "float32",
        "finite": False,
        "min": 1.0,
        "mean": 2.0,
        "max": 3.0,
        "sd": 1.0,
    }
    assert found[1] == {"rows": {"shape": [0, 3], "dtype": "int64"}}
    assert found[2] == 7


def test_tracing_ends_with_its_context():
    layer = torch.nn.Linear(2, 3)
    with traced({"layer": (layer, "forward", "a product")}) as trace:
        layer.forward(torch.ones(4, 2))
    layer.forward(torch.ones(4, 2))
    assert [call["method"] for call in trace.calls] == ["layer"]
    assert trace.calls[0]["outputs"]["shape"] == [4, 3]


def test_a_unit_that_never_moves_is_dead():
    layer = torch.nn.Linear(2, 3)
    with torch.no_grad():
        layer.weight[1] = 0.0
    found = dead_units({"layer": layer}, lambda: layer(torch.randn(10, 2)))
    assert found == {"layer": {"units": 3, "dead": 1}}
