"""The walk through the model, the overfit check and the training curves."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import html_table
from pipeline_lib.reporting.run_folder import RunFolder


def walk_through(run: RunFolder) -> Section:
    """Return the walk-through of the model and the overfit check, or of a run without the model its training curves."""
    graph = (run.folder / "cell" / "cell_graph.txt").read_text(encoding="utf-8")
    if not run.has_clp:
        return Section(
            "walk-through",
            "Cell graph and training",
            ["No model of the family clp is in the grid: there is no walk-through and no overfit check."],
            run.figures("training"),
            blocks=[graph],
            folded=True,
        )
    content, report = run.json("walk_through"), run.json("overfit_report")
    checks = pd.DataFrame(content["checks"], columns=["name", "statement", "held", "detail"])
    norms = pd.DataFrame(content["gradient_norms"].items(), columns=["parameters", "gradient norm"])
    dead = pd.DataFrame(
        [{"layer": layer, **counts} for layer, counts in content["dead_units"].items()],
        columns=["layer", "units", "dead"],
    )
    assays = ", ".join(f"{count} of {assay}" for assay, count in content["batch"]["assays"].items())
    lost, labels = content["batch"]["lost"], content["batch"]["labels"]
    walked = (
        f"A real batch of {content['batch']['observations']} observations ({assays}) goes through {content['model']} "
        f"({content['parameters']:,} parameters) method by method, before any training. They lose {lost['genes']:,} "
        f"genes, with them {lost['complexes']:,} enzyme complexes and {lost['reactions']:,} reactions; "
        f"{labels['intact']} labels are of fitness and {labels['perturbed']} of interactions. "
        f"{int(checks['held'].sum())} of {len(checks)} invariants held; {int(dead['dead'].sum())} of "
        f"{int(dead['units'].sum()):,} hidden units stay at one value."
    )
    return Section(
        "walk-through",
        "Model walk-through and training",
        [
            walked,
            *(f"Not checked: {sentence}." for sentence in content.get("not_checked", [])),
            _overfit(report),
        ],
        run.figures("training"),
        [
            html_table("invariants", "Invariants", checks),
            html_table("closed_form", "Closed form: gains of every level by case", _gains(content["closed_form"])),
            html_table("steps", "Every method: shapes and ranges", pd.DataFrame(map(_step, content["steps"]))),
            html_table("gradients", "Gradient norms by group of parameters", norms, digits=5),
            html_table("dead_units", "Dead units by layer", dead),
        ],
        [graph],
        folded=True,
    )


def _overfit(report: dict[str, Any]) -> str:
    """Return what the overfit check found, or why it was left out."""
    if report["passed"] is None:
        return f"The overfit check was left out: {report['left_out']}."
    return (
        f"The model overfits {report['observations']} real observations of {report['screen']} ({report['phenotype']}) "
        f"in {report['steps']} steps: Pearson correlation {report['pearson']:.4f}, where more than "
        f"{report['required_pearson']} is required. A network that cannot is broken."
    )


def _gains(levels: list[dict[str, Any]]) -> pd.DataFrame:
    """Return one row a level and case: what is weighed, and by how much; 0 where a level has no such column."""
    rows = [
        {name: value for name, value in level.items() if name != "gains"} | {"case": case} | gains
        for level in levels
        for case, gains in level["gains"].items()
    ]
    return pd.DataFrame(rows).fillna(0.0)


def _step(step: dict[str, Any]) -> dict[str, str]:
    """Return the row of one method; a method that was watched without a name or a purpose has blank cells."""
    return {
        "method": step.get("method", ""),
        "what it does": step.get("does", ""),
        "takes": "; ".join(_tensors(step.get("inputs", []))),
        "gives": "; ".join(_tensors(step.get("outputs", []))),
    }


def _tensors(value: Any) -> Iterable[str]:  # noqa: ANN401 - nested lists and mappings of summaries
    """Yield ``name [shape] range`` of every tensor in a nested summary."""
    if isinstance(value, dict) and "shape" in value:
        shape = " × ".join(map(str, value["shape"])) or "scalar"
        extent = f" {value['min']:.3g} to {value['max']:.3g}" if "min" in value else ""
        yield f"[{shape}]{extent}"
    elif isinstance(value, dict):
        for name, part in value.items():
            for text in _tensors(part):
                yield f"{name} {text}"
    elif isinstance(value, list):
        for part in value:
            yield from _tensors(part)
