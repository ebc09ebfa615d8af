"""Every model beside every other: leaderboard, ablations, losses, pretraining, Weisfeiler-Lehman."""

from collections.abc import Iterable

import pandas as pd

from pipeline_lib.evaluation.metrics import leading_metric
from pipeline_lib.models.registry import entry_of
from pipeline_lib.reporting.figures.leaderboard import leading_assay
from pipeline_lib.reporting.findings import family_sentences
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import HtmlTable, html_table
from pipeline_lib.reporting.names import in_order, is_ablation
from pipeline_lib.reporting.predictions import reported_jobs, tested
from pipeline_lib.reporting.run_folder import RunFolder
from pipeline_lib.reporting.spread_findings import spread_sentences, spread_trades

_SHOWN = ["model", "split", "screen", "phenotype", "metric", "value", "low", "high", "n", "groups", "seeds"]
_DIFFERENCES = [
    "model", "reference", "split", "screen", "phenotype", "metric", "value", "low", "high", "q_value", "verdict",
    "detectable", "seeds", "reference_seeds", "n",
]  # fmt: skip


_ASKED_OF_PRETRAINING = ("random", "gene_disjoint_one", "gene_disjoint_all")
"""Splits that the words on pretraining keep to: measured genes, one unseen, all unseen; the table has every split."""


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


def scale_sentences(board: pd.DataFrame) -> list[str]:
    """Say how the values of the scoreboard are put on a scale between two controls."""
    if board["scaled"].isna().all():
        return []
    sentence = (
        "Scaled values put a correlation between two controls: 0 is what the best of the mean, the screen mean and the "
        "main effects of query and array reaches (chosen on the validation fold), 1 the agreement of two measurements "
        "of the same genotypes, which is the square of the noise ceiling. A model of the noise-free values would stand "
        "above 1."
    )
    return [sentence]


def leaderboard(run: RunFolder) -> Section:
    """Return correlations and the leaderboard."""
    table = run.leaderboard.sort_values(["split", "screen", "phenotype", "metric", "value"], ascending=False)
    screen, phenotype = leading_assay(table)
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
    return Section(
        "leaderboard", "Correlations and leaderboard",
        [
            *scale_sentences(run.scoreboard),
            ("Value and interval (bootstrap over queries and arrays, or genes, never over rows), tested rows n, "
            "clusters and seeds of every model on every split. Pearson within screens takes each screen's mean away "
            "first, and Pearson within queries each query's: a model that only knows the screen or the query scores "
            "zero there. Where a split was repeated, its pooled rows lay the test folds of all repeats one after "
            "another; a gene or query that several of them hold out is one cluster."),
        ],
        [*run.figures("correlations"), *run.figures("leaderboard", "leaderboard", "differences")],
        [
            html_table("scoreboard", f"{run.model} and the best baseline", run.scoreboard[_SCORED],
                       filters={"split": ""}),
            html_table("leaderboard", "Leaderboard", table[_SHOWN], filters={"model": "", **chosen}),
            html_table("differences", "Paired differences to the best baseline", leading[_DIFFERENCES],
                       filters={"model": "", **chosen}),
        ],
        missing=[*run.missing("correlations"), *run.missing("leaderboard", "leaderboard", "differences")],
    )  # fmt: skip


def ablations(run: RunFolder) -> Section:
    """Return what each part of the model is worth."""
    variants = [is_ablation(model, run.model) for model in run.differences["model"]]
    family = _against(run, run.model, pd.Series(variants, index=run.differences.index))
    if family.empty and run.missing("leaderboard", "ablations"):
        return Section("ablations", "Ablations", absent=f"no variant of {run.model} was fitted beside it.")
    return Section(
        "ablations", "Ablations",
        [
            ("Each ablation takes one part of the model away, replaces it or adds one, and is trained on the same "
            "folds with the same settings. Differences are paired on the same resamples and on equal seeds, with the "
            "variance between seeds in the interval; a word such as beats needs the whole interval on one side of zero "
            "and q < 0.05 over the models beside it."),
            *family_sentences(family, run.model),
        ],
        run.figures("leaderboard", "ablations"),
        [
            _parts(family["model"].unique()),
            _table("ablation_differences", f"Paired differences between the ablations and {run.model}", family),
        ],
        missing=run.missing("leaderboard", "ablations"),
    )  # fmt: skip


def _parts(models: Iterable[str]) -> HtmlTable:
    """Return what each ablation does without, or has in addition."""
    rows = [{"model": model, "what differs": entry_of(model).description} for model in sorted(models)]
    return html_table("ablation_parts", "What each ablation is", pd.DataFrame(rows, columns=["model", "what differs"]))


def losses(run: RunFolder) -> Section:
    """Return the discussion of squared error with a divergence, with this run's numbers."""
    jobs = reported_jobs(run.jobs, run.model)
    if not jobs:
        return Section("losses", "Losses", absent=f"this run has no predictions of {run.model}.")
    table = spread_trades(tested(jobs, run.observations.drop(columns="genes")))
    if table.empty:
        return Section("losses", "Losses", absent="no screen has ten tested scores that vary beside such predictions.")
    sentences = spread_sentences(table, run.model, leading_assay(run.leaderboard))
    trades = [html_table("spread_trades", f"Predictions of {run.model} stretched to the measured SD", table)]
    family = _against(run, run.model, run.differences["model"].str.startswith(f"{run.model}_loss_"))
    others = [
        (
            "The same model was also trained with other losses, on the same folds with the same settings; differences "
            "are paired on the same resamples."
        ),
        *family_sentences(family, run.model),
    ]
    return Section(
        "losses", "Losses",
        [
            ("The question: should a Wasserstein distance, an energy distance or a Kullback-Leibler divergence between "
            "predicted and measured values be added to the mean squared error, so that predictions have the spread of "
            "the measurements? At a correlation of r the squared error is least where predictions have a spread of r "
            "times that of the measurements (at r = 0.45: 0.45 SD, squared error 1 - r² = 0.80). Stretched to the full "
            "spread they keep their Pearson correlation and their ranks, while the squared error rises to 2 (1 - r) = "
            "1.10. A divergence can therefore buy the look of the distribution, and pays for it in error."),
            *sentences,
            *(others if len(family) else []),
        ],
        [*run.figures("losses"), *run.figures("leaderboard", "loss_models")],
        [*trades, _table("loss_differences", f"Paired differences between other losses and {run.model}", family)],
        missing=[*run.missing("losses"), *run.missing("leaderboard", "loss_models")],
    )  # fmt: skip


def pretraining(run: RunFolder) -> Section:
    """Return what DANGO's pretraining is for."""
    family = _against(run, "dango", run.differences["model"].str.startswith("dango_"))
    if family.empty and run.missing("leaderboard", "pretraining"):
        return Section("pretraining", "Pretraining", absent="no model was fitted with and without it.")
    return Section(
        "pretraining", "DANGO and pretraining",
        [
            ("What is pretraining for? DANGO (Zhang et al. 2020) first learns gene vectors that rebuild each gene "
            "network, one network at a time; this pretraining sees no genetic interaction. It then trains a hypergraph "
            "attention over the deleted genes. Its variants here: without pretraining, with pretrained vectors that "
            "stay frozen, with plain gene vectors that see no network, and (dango_as_released) pretrained, with the "
            "attention, the sum over genes and the drawn neighbours of the released code, which is not the paper's."),
            *family_sentences(family[family["split"].isin(_ASKED_OF_PRETRAINING)], "dango"),
        ],
        run.figures("leaderboard", "pretraining"),
        [_table("pretraining_differences", "Paired differences to the pretrained DANGO", family)],
        missing=run.missing("leaderboard", "pretraining"),
    )  # fmt: skip


def weisfeiler_lehman(run: RunFolder) -> Section:
    """Return how far features of subtrees go without any training by gradients."""
    family = _against(run, run.model, run.differences["model"].str.startswith("wl_"))
    if family.empty:
        return Section(
            "weisfeiler-lehman", "Weisfeiler-Lehman features", absent=f"no such model was fitted beside {run.model}."
        )
    return Section(
        "weisfeiler-lehman", "Weisfeiler-Lehman features",
        [
            ("A ridge on Weisfeiler-Lehman features (Shervashidze et al. 2011) of the cell without the deleted genes, "
            "relative to the wild type: what the graph's structure says with no learned representation."),
            *family_sentences(family, run.model),
        ],
        tables=[_table("weisfeiler_lehman_differences", f"Paired differences to {run.model}", family)],
    )  # fmt: skip


def _against(run: RunFolder, reference: str, variants: "pd.Series[bool]") -> pd.DataFrame:
    """Return the paired differences between the chosen variants and `reference`."""
    table = run.differences
    return table[variants & (table["reference"] == reference) & (table["role"] == "reference")]


def _table(name: str, title: str, family: pd.DataFrame) -> HtmlTable:
    screen, phenotype = leading_assay(family)
    chosen = {"screen": screen, "metric": leading_metric(phenotype)}
    return html_table(name, title, family[_DIFFERENCES], filters={"model": "", "split": "", **chosen})
