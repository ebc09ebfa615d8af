"""Every model beside every other: standing, leaderboard, ablations, losses, pretraining, Weisfeiler-Lehman."""

from collections.abc import Collection, Iterable

import pandas as pd

from pipeline_lib.config.model_registry import entry_of
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.reporting.figures.leaderboard import leading_assay
from pipeline_lib.reporting.findings import (
    above_ceiling_sentences,
    beyond_truth_sentences,
    ceiling_finding,
    model_findings,
    spread_sentences,
    spread_trades,
)
from pipeline_lib.reporting.html import EmbeddedFigure, HtmlTable, Section, html_table
from pipeline_lib.reporting.names import in_order, is_ablation, is_variant, training_in_words, with_training
from pipeline_lib.reporting.run_folder import RunFolder, reported_jobs, tested
from pipeline_lib.reporting.sections.model import elsewhere, family_grids

_DISPLAYED = ["model", "kind", "split", "screen", "phenotype", "metric", "value", "low", "high", "n", "groups", "seeds"]
_DIFFERENCES = [
    "model",
    "reference",
    "split",
    "screen",
    "phenotype",
    "metric",
    "value",
    "low",
    "high",
    "q_value",
    "verdict",
    "detectable",
    "seeds",
    "reference_seeds",
    "n",
]
_SCORED = [
    "split",
    "screen",
    "phenotype",
    "metric",
    "value",
    "baseline",
    "baseline_value",
    "difference",
    "low",
    "high",
    "q",
    "verdict",
    "detectable",
    "seeds",
    "baseline_seeds",
    "n",
    "groups",
    "fba",
    "control_model",
    "control",
    "agreement",
    "scaled",
    "scaled_baseline",
    "ceiling",
    "ceiling_method",
    "ceiling_bound",
    "ceiling_rows",
    "chosen_on",
]


def standing(run: RunFolder) -> Section:
    """Return how the model stands on the leading screen: to the best baseline of every split, and to the ceiling."""
    ceilings, leading = run.table("noise_ceiling"), leading_assay(run.leaderboard, run.simulated)
    return Section(
        "standing",
        "How good on the leading screen?",
        [*above_ceiling_sentences(run.scoreboard), *beyond_truth_sentences(run.leaderboard, ceilings)],
        [*run.figures("leaderboard", "scoreboard"), *run.figures("correlations")],
        findings=[
            *model_findings(run.leaderboard, run.differences, run.model, leading),
            ceiling_finding(run.leaderboard, ceilings, run.model, leading),
        ],
    )


def scale_sentences(board: pd.DataFrame) -> list[str]:
    """Say how the values of the scoreboard are put on a scale between two controls."""
    if board["scaled"].isna().all():
        return []
    sentence = (
        "Scaled values put a correlation between two controls: 0 is the best of the mean, the screen mean and the main "
        "effects of query and array (chosen on the validation fold), 1 the agreement of two measurements of the same "
        "genotypes, the square of the noise ceiling. A model of the noise-free values would stand above 1. There is no "
        "scaled value where the ceiling is a lower bound, or where the interval of the agreement is not above the "
        "control; where it is an upper bound, values are nearer to 0 than they truly are."
    )
    return [sentence]


def training_sentences(run: RunFolder) -> list[str]:
    """State what a short training of DANGO is, where a model of the run had one."""
    models = pd.Series(run.leaderboard["model"].unique())
    short = (models != [with_training(model, run.dango) for model in models]).any()
    return [training_in_words(run.dango)] if short else []


_MODELS_FIRST = 15
"""Rows of the leaderboard at first: on the yeast run down to DANGO."""


def leaderboard(run: RunFolder) -> Section:
    """Return every model on every split; what differs by one part from another is shown when a reader chooses it."""
    table = run.leaderboard.sort_values(["split", "screen", "phenotype", "metric", "value"], ascending=False)
    table["kind"] = ["variant" if is_variant(model, run.model) else "model" for model in table["model"]]
    screen, phenotype = leading_assay(table, run.simulated)
    chosen = {
        "split": next(iter(in_order(table["split"])), ""),
        "screen": screen,
        "phenotype": phenotype,
        "metric": leading_metric(phenotype),
    }
    leading = run.differences[
        (run.differences["role"] == "best_baseline")
        & run.differences["metric"].isin(["pearson", "pearson_within_query", "average_precision"])
    ]
    within = (
        "Intervals are bootstrap intervals over queries and arrays, or genes, never over rows. Pearson within screens "
        "(queries) takes each screen's (query's) mean away first: what knows the mean alone scores zero there."
    )
    return Section(
        "leaderboard",
        "Leaderboard",
        [within, *training_sentences(run), *scale_sentences(run.scoreboard)],
        run.figures("leaderboard", "leaderboard", "differences"),
        [
            html_table(
                "leaderboard",
                "Leaderboard",
                run.named(table[_DISPLAYED]),
                filters={"kind": "model", "model": "", **chosen},
                folded=False,
                at_first=_MODELS_FIRST,
            ),
            html_table(
                "scoreboard",
                f"{run.model} and the best baseline",
                run.named(run.scoreboard[_SCORED]),
                filters={"split": ""},
            ),
            html_table(
                "differences",
                "Paired differences to the best baseline",
                run.named(leading[_DIFFERENCES]),
                filters={"model": "", **chosen},
            ),
        ],
    )


def ablations(run: RunFolder) -> Section:
    """Return what each part of the model is worth."""
    variants = [is_ablation(model, run.model) for model in run.differences["model"]]
    family = _against(run, run.model, pd.Series(variants, index=run.differences.index))
    figures = run.figures("leaderboard", "ablations")
    if family.empty and not figures:
        return Section("ablations", "Ablations", absent=f"no variant of {run.model} was fitted beside it.")
    about = (
        "Each ablation takes one part of the model away, replaces it or adds one, and is trained on the same folds "
        "with the same settings. Differences are paired on equal resamples and seeds."
    )
    return _family(run, "ablations", "What is each part worth?", [about], family, run.model, figures)


def _family(
    run: RunFolder,
    key: str,
    title: str,
    paragraphs: list[str],
    family: pd.DataFrame,
    reference: str,
    figures: list[EmbeddedFigure],
    *,
    folded: bool = False,
) -> Section:
    """Return a section that compares variants with a reference: on the leading assay as a grid, all in a table."""
    others = elsewhere(family, run.simulated)
    counted = []
    if others.differences:
        counted.append(
            f"On the other assays {others.better} of {others.differences} differences are above zero with their whole "
            f"interval and q < 0.05 and {others.worse} below."
        )
    return Section(
        key,
        title,
        [*paragraphs, *counted],
        figures,
        [
            _parts(key, family["model"].unique()),
            _table(
                f"{key}_differences",
                f"Paired differences from {reference} ({key.replace('-', ' ')})",
                run.named(family),
                run.simulated,
            ),
        ],
        grids=family_grids(run.named(family), with_training(reference, run.dango), key, run.simulated),
        folded=folded,
    )


def _parts(key: str, models: Iterable[str]) -> HtmlTable:
    """Return what each variant does without, or has in addition."""
    rows = [{"model": model, "what differs": entry_of(model).description} for model in sorted(models)]
    return html_table(
        f"{key}_parts",
        f"What each variant is ({key.replace('-', ' ')})",
        pd.DataFrame(rows, columns=["model", "what differs"]),
    )


def losses(run: RunFolder) -> Section:
    """Return the discussion of squared error with a divergence, with this run's numbers."""
    key, title = "losses", "Would a divergence in the loss help?"
    jobs = reported_jobs(run.jobs, run.model)
    if not jobs:
        return Section(key, title, absent=f"this run has no predictions of {run.model}.")
    table = spread_trades(tested(jobs, run.observations.drop(columns="genes")))
    if table.empty:
        return Section(key, title, absent="no screen has ten tested scores that vary beside such predictions.")
    about = (
        "Should a Wasserstein distance, an energy distance or a Kullback-Leibler divergence between predicted and "
        "measured values be added to the mean squared error, so that predictions have the spread of the measurements? "
        "At a correlation of r the squared error is least where predictions have a spread of r times that of the "
        "measurements. Stretched to the full spread they keep their Pearson correlation and their ranks, while the "
        "squared error rises from 1 - r² to 2 (1 - r): a divergence buys the look of the distribution with error."
    )
    family = _against(run, run.model, run.differences["model"].str.startswith(f"{run.model}_loss_"))
    section = _family(
        run,
        key,
        title,
        [about, *spread_sentences(table, run.model, leading_assay(run.leaderboard, run.simulated))],
        family,
        run.model,
        [*run.figures("losses"), *run.figures("leaderboard", "loss_models")],
        folded=True,
    )
    trades = html_table("spread_trades", f"Predictions of {run.model} stretched to the measured SD", table)
    section.tables.insert(0, trades)
    return section


def pretraining(run: RunFolder) -> Section:
    """Return what DANGO's pretraining is for."""
    key, title = "pretraining", "What is pretraining for?"
    family = _against(run, "dango", run.differences["model"].str.startswith("dango_"))
    figures = run.figures("leaderboard", "pretraining")
    if family.empty and not figures:
        return Section(key, title, absent="no model was fitted with and without it.")
    about = (
        "DANGO (Zhang et al. 2020) first learns gene vectors that rebuild each gene network; this pretraining sees no "
        "genetic interaction. It then trains a hypergraph attention over the deleted genes. Its variants: without "
        "pretraining, with pretrained vectors that stay frozen, with plain gene vectors that see no network, and as "
        "its released code behaves."
    )
    return _family(run, key, title, [about], family, "dango", figures)


def weisfeiler_lehman(run: RunFolder) -> Section:
    """Return how far features of subtrees go without any training by gradients."""
    key, title = "weisfeiler-lehman", "Weisfeiler-Lehman features"
    family = _against(run, run.model, run.differences["model"].str.startswith("wl_"))
    if family.empty:
        return Section(key, title, absent=f"no such model was fitted beside {run.model}.")
    about = (
        "A ridge on Weisfeiler-Lehman features (Shervashidze et al. 2011) of the cell without the deleted genes, "
        "relative to the wild type: what the graph's structure predicts with no learned representation."
    )
    return _family(run, key, title, [about], family, run.model, [], folded=True)


def _against(run: RunFolder, reference: str, variants: "pd.Series[bool]") -> pd.DataFrame:
    """Return the paired differences between the chosen variants and `reference`."""
    table = run.differences
    return table[variants & (table["reference"] == reference) & (table["role"] == "reference")]


def _table(name: str, title: str, family: pd.DataFrame, simulated: Collection[str]) -> HtmlTable:
    screen, phenotype = leading_assay(family, simulated)
    chosen = {"screen": screen, "metric": leading_metric(phenotype)}
    return html_table(name, title, family[_DIFFERENCES], filters={"model": "", "split": "", **chosen})
