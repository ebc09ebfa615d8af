"""The walk-through: every method of the network with its shapes, every invariant, and a loud failure."""

import json

import pytest
import torch
from click.testing import CliRunner

from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.intact import IntactPool
from pipeline_lib.models.clp.profile_attention import ProfileAttention
from pipeline_lib.training.cli import app
from pipeline_lib.training.tracing import dead_units, summary, traced


@pytest.fixture
def walk(inputs, tmp_path):
    def call(name):
        result = CliRunner().invoke(
            app, ["walk-through", *inputs, "--model", name, "--output", str(tmp_path / "w.json")]
        )
        return result, json.loads((tmp_path / "w.json").read_text()) if (tmp_path / "w.json").exists() else None

    return call


def test_every_step_has_shapes_and_ranges_and_every_invariant_held(walk):
    result, report = walk("clp")
    assert result.exit_code == 0, result.output
    methods = [step["method"] for step in report["steps"]]
    assert methods.count("encode") == 1
    for method in ("encoder", "metabolism", "rules.blocked_reactions", "intact.change", "perturbed", "decode"):
        assert method in methods
    assert report["all_held"]
    assert {check["name"] for check in report["checks"]} >= {"order_of_deletions", "gene_rules", "every_gradient"}
    encoder = next(step for step in report["steps"] if step["method"] == "encoder")
    assert encoder["outputs"]["shape"] == [20, 16]
    assert encoder["outputs"]["finite"]
    assert all(norm > 0 for norm in report["gradient_norms"].values())
    assert all(0 <= units["dead"] <= units["units"] for units in report["dead_units"].values())


def test_profiles_that_no_batch_compares_end_no_run(walk, monkeypatch):
    """In a sparse screen (400 of 1,770 pairs) hardly two genes share ten partners: their likeness gets no gradient."""
    compare = ProfileAttention._likeness

    monkeypatch.setattr(ProfileAttention, "_likeness", lambda self, *arguments: compare(self, *arguments).detach())
    monkeypatch.setattr("pipeline_lib.training.walk_through._ROWS_FOR_GRADIENTS", 1)
    monkeypatch.setattr(ProfileAttention, "comparable", 0.9)
    result, _ = walk("clp")
    assert "every_gradient (left out: attention." in str(result.exception)
    monkeypatch.setattr(ProfileAttention, "comparable", 0.1)
    result, report = walk("clp")
    assert result.exit_code == 0, result.output
    assert "most of its genes must have been measured with the same partners" in report["not_checked"][0]


def test_an_ablation_shows_only_what_it_has(walk):
    _, report = walk("clp_no_metabolism")
    assert not any("metabolism" in step["method"] for step in report["steps"])


def test_a_broken_invariant_fails_loudly_and_leaves_the_report(walk, monkeypatch):
    change = IntactPool.change
    monkeypatch.setattr(IntactPool, "change", lambda self, *arguments: 1.01 * change(self, *arguments))
    result, report = walk("clp")
    assert isinstance(result.exception, PipelineError)
    assert "broken invariants: intact_pool" in str(result.exception)
    assert not report["all_held"]


def test_a_summary_tells_shape_type_range_and_what_is_not_finite():
    found = summary((torch.tensor([1.0, 3.0, float("inf")]), {"rows": torch.zeros(0, 3, dtype=torch.long)}, 7))
    assert found[0] == {
        "shape": [3], "dtype": "float32", "finite": False, "min": 1.0, "mean": 2.0, "max": 3.0, "sd": 1.0,
    }  # fmt: skip
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
