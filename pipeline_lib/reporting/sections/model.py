"""The model looked into: variants, walk-through, training, its strongest predictions and what to measure next."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline_lib.config.screens import POOLED
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.reporting.chart import Grid, GridCell, Scale, mark, scale_around_zero
from pipeline_lib.reporting.figures.leaderboard import LEADING, leading_assay
from pipeline_lib.reporting.findings import VERBS, detectable_in_words, interval, number, seeds_in_words
from pipeline_lib.reporting.html import HtmlTable, Section, html_table
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, screen_name, split_name, split_phrase
from pipeline_lib.reporting.run_folder import RunFolder, reported_jobs, tested


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
            html_table("gradients", "Gradient norms by group of parameters", norms, digits={"gradient norm": 5}),
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


@dataclass(frozen=True)
class Elsewhere:
    """How the variants fare on the assays that the grid does not show."""

    differences: int
    better: int
    worse: int


def family_grids(family: pd.DataFrame, reference: str, name: str, simulated: Collection[str]) -> list[Grid]:
    """Return the grid of a family's variants on the leading assay, by paired differences; none without variants.

    Parameters
    ----------
    family
        Paired differences between the variants and `reference` (`pipeline_lib.evaluation.tables.schemas.DIFFERENCES`).
    reference
        The model that each variant is compared with.
    name
        Of the grid.
    simulated
        Screens whose cells were simulated.
    """
    rows = _leading_metrics(family)
    if rows.empty:
        return []
    screen, phenotype = leading_assay(rows, simulated)
    leading = rows[(rows["screen"] == screen) & (rows["phenotype"] == phenotype)]
    splits = in_order(leading["split"])
    scale = scale_around_zero(leading[["low", "value", "high"]].to_numpy(float).ravel(), f"difference from {reference}")
    models = sorted(leading["model"].unique(), key=lambda model: (len(model), model))
    cells: dict[str, dict[str, GridCell]] = {str(model): {} for model in models}
    for row in leading.to_dict("records"):
        cells[str(row["model"])][split_name(row["split"])] = _cell(row, reference, scale)
    metric = METRICS[leading_metric(phenotype)]
    grid = Grid(
        name,
        f"Variants less {reference}: {assay_name(screen, phenotype)}",
        f"Paired difference in {metric}; a verdict needs the whole interval on one side of zero and q < 0.05.",
        [split_name(split) for split in splits],
        list(cells.items()),
        scale,
        {"model": "paired difference with its interval"},
    )
    return [grid]


def _leading_metrics(family: pd.DataFrame) -> pd.DataFrame:
    return family[(family["screen"] != POOLED) & (family["metric"] == family["phenotype"].map(leading_metric))]


def elsewhere(family: pd.DataFrame, simulated: Collection[str]) -> Elsewhere:
    """Count the differences on assays other than the leading one, and the verdicts on them."""
    rows = _leading_metrics(family)
    if rows.empty:
        return Elsewhere(0, 0, 0)
    screen, phenotype = leading_assay(rows, simulated)
    others = rows[(rows["screen"] != screen) | (rows["phenotype"] != phenotype)]
    verdicts = others["verdict"].value_counts()
    return Elsewhere(len(others), int(verdicts.get("win", 0)), int(verdicts.get("loss", 0)))


def _cell(row: Mapping[Hashable, Any], reference: str, scale: Scale) -> GridCell:
    series = pd.Series(row)
    value = interval(series)
    words = (
        f"{row['model']}, {split_phrase(str(row['split']))}: {VERBS[row['verdict']]} {reference} by {value}"
        if row["verdict"] in ("win", "loss")
        else f"{row['model']}, {split_phrase(str(row['split']))}: {VERBS[row['verdict']]} {reference} ({value})"
    )
    seeds = seeds_in_words(row["seeds"], row["reference_seeds"])
    words += f"; {seeds}, q = {number(row['q_value'])}{detectable_in_words(row)}."
    marks = mark(scale, "model", value, row["value"], row["low"], row["high"])
    return GridCell(float(row["value"]), row["verdict"], tuple(marks), words)


_STRONGEST = 40


def top_predictions(run: RunFolder) -> Section:
    """Return the strongest predicted interactions of the test fold, beside what was measured."""
    jobs = reported_jobs(run.jobs, run.model)
    if not jobs:
        return Section("top", "Top predicted interactions", absent=f"this run has no predictions of {run.model}.")
    genes = run.gene_names
    table = tested(jobs, run.observations)
    strongest = []
    for (_, phenotype), part in table.groupby(["screen", "phenotype"]):
        if phenotype in LEADING and phenotype != "fitness":
            # A call is 1; a negative interaction is below zero.
            ranked = part.sort_values("prediction", ascending=phenotype != "call")
            # Alleles and conditions of one genotype would fill the list.
            other = ~ranked["genes"].map("+".join).duplicated()
            strongest.append(ranked[other].head(_STRONGEST))
    if not strongest:
        return Section("top", "Top predicted interactions", absent="no screen of this run measures interactions.")
    rows = pd.concat(strongest, ignore_index=True)
    named, links = genes.columns(rows["genes"])
    linked = any(address for addresses in links.values() for address in addresses)
    displayed = pd.concat(
        [named, rows[["screen", "phenotype", "prediction", "value"]].rename(columns={"value": "measured"})], axis=1
    )
    leading = f" Names lead to {genes.organism.link_site}." * linked
    about = (
        f"The {_STRONGEST} strongest negative interactions of each screen that {run.model} predicts in the test fold "
        f"of the {split_phrase(jobs[0].split)}; none of these rows was trained on.{leading}"
    )
    strongest_first = html_table(
        "top_predictions",
        "Strongest predictions of the test fold",
        displayed,
        filters={"screen": ""},
        links=links,
        folded=False,
    )
    return Section("top", "Strongest held-out predictions", [about], tables=[strongest_first])


def next_experiments(run: RunFolder) -> Section:
    """Return the ranked list of untested pairs and triples."""
    table = run.table("next_experiments").sort_values(["rank_by_value", "order"], ignore_index=True)
    title = "What to measure next"
    if table.empty:
        why = f"no screen of pairs or triples leaves untested ones among genes that {run.model} was fitted on."
        return Section("next", title, absent=why)
    targets = [
        f"{'pairs' if order == 2 else 'triples'} in the units of {assay_name(screen, phenotype)}"
        for order, screen, phenotype in table[["order", "screen", "phenotype"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    about = (
        f"Untested {' and '.join(targets)}, out of the viable genes with the strongest measured interactions. Expected "
        f"value: how far below {_threshold(run, table)} the measurement is expected to fall (expected improvement; for "
        "calls, the chance of a call). Information: bits that one measurement is expected to add, ½ log₂(1 + unknown "
        "/ noise), where unknown is the disagreement of the seeds and what the rarest gene's few measurements leave "
        "open. Novelty: 1 / (1 + measurements of the rarest gene). The order is by expected value; "
        "next_experiments/ranked.csv takes the best of both rankings in turn. "
        "A prediction is a reason to measure, not a result."
    )
    return Section("next", title, [about], tables=[_suggestions(run, table)])


def _threshold(run: RunFolder, table: pd.DataFrame) -> str:
    """Return below what the value of a suggestion is counted: the threshold of its screen, or zero without one."""
    values = {}
    for screen in table["screen"].unique():
        calls = run.screens[screen].scores.calls if screen in run.screens else None
        values[screen] = "zero (it states no threshold)" if calls is None else f"the threshold of {calls.negative:g}"
    return " and ".join(f"{value} in {screen_name(str(screen))}" for screen, value in values.items())


def _suggestions(run: RunFolder, table: pd.DataFrame) -> HtmlTable:
    named, links = run.gene_names.columns(table["genes"])
    rest = [
        "order",
        "rank_by_value",
        "rank_by_information",
        "prediction",
        "spread",
        "novelty",
        "expected_value",
        "information",
        "metabolic",
        "screen",
    ]
    return html_table(
        "next_experiments",
        "Untested pairs and triples",
        pd.concat([named, table[rest]], axis=1),
        filters={"order": "", "metabolic": ""},
        links=links,
        # The information of a measured pair is some thousandths of a bit.
        digits={"information": 4},
        folded=False,
        rankings=["rank_by_value", "rank_by_information"],
    )
