"""A word such as "beats" stands only where the whole interval says so."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.evaluation.tables.differences import verdict
from pipeline_lib.reporting.figures.leaderboard import leading_assay
from pipeline_lib.reporting.findings import (
    above_ceiling_sentences,
    beyond_truth_sentences,
    ceiling_finding,
    conservative_p_sentences,
    interval,
    model_findings,
)

LEADING = ("collins2007", "interaction")


def test_an_interval_is_written_with_three_decimals():
    assert interval(pd.Series({"value": 0.4567, "low": 0.4, "high": 0.5})) == "0.457 (0.400 to 0.500)"
    assert interval(pd.Series({"value": 0.4567, "low": np.nan, "high": np.nan})) == "0.457"


def board(**values):
    return pd.DataFrame(
        [
            {
                "model": model,
                "split": "random",
                "screen": "collins2007",
                "phenotype": "interaction",
                "metric": "pearson",
                "value": value,
                "low": value - 0.1,
                "high": value + 0.1,
                "n": 100,
            }
            for model, value in values.items()
        ]
    )


def pair(low, high):
    return pd.DataFrame(
        [
            {
                "model": "clp",
                "reference": "gene_ridge",
                "role": "best_baseline",
                "split": "random",
                "screen": "collins2007",
                "phenotype": "interaction",
                "metric": "pearson",
                "value": (low + high) / 2,
                "low": low,
                "high": high,
                "q_value": 0.01,
                "verdict": verdict(low, high, 0.01),
                "detectable": 0.123,
                "seeds": 3,
                "reference_seeds": 3,
                "n": 100,
                "lower_is_better": False,
            }
        ]
    )


@pytest.mark.parametrize(
    ("low", "high", "verb"),
    [(0.01, 0.2, "beats"), (-0.01, 0.2, "shows no significant difference from"), (-0.2, -0.01, "falls short of")],
)
def test_the_headline_follows_the_paired_interval_and_not_the_scores(low, high, verb):
    (finding,) = model_findings(board(clp=0.5, gene_ridge=0.4), pair(low, high), "clp", LEADING)
    assert f"clp {verb} gene_ridge" in finding.sentence
    assert ("beats" in finding.sentence) == (verb == "beats")
    assert "3 seeds each, paired" in finding.sentence
    assert ("a true difference of 0.123 would have been found" in finding.sentence) == (low < 0 < high)


def test_pooled_repeats_are_a_finding_of_their_own():
    scores = [board(clp=0.5, gene_ridge=0.4), board(clp=0.6, gene_ridge=0.4).assign(split="random-pooled")]
    pairs = [pair(0.1, 0.2).assign(split="random-pooled"), pair(-0.1, 0.2)]
    single, pooled = model_findings(
        pd.concat(scores, ignore_index=True), pd.concat(pairs, ignore_index=True), "clp", LEADING
    )
    assert "shows no significant difference from gene_ridge" in single.sentence
    assert "all repeats pooled" in pooled.question
    assert "Pearson 0.600" in pooled.sentence


@pytest.mark.parametrize("name", ["simulated", "in-silico"])
def test_the_report_leads_with_a_measured_screen_however_large_a_simulated_one_is(name):
    tables = [board(clp=0.5).assign(screen=name, n=100_000), board(clp=0.5).assign(screen="ours", n=150)]
    assert leading_assay(pd.concat(tables, ignore_index=True), {name}) == ("ours", "interaction")
    assert leading_assay(tables[0], {name}) == (name, "interaction")


def test_pooled_repeats_make_no_screen_larger():
    small, large = board(clp=0.5), board(clp=0.5).assign(screen="ours", n=150)
    tables = [small, small.assign(split="random-1"), small.assign(split="random-pooled", n=200), large]
    assert leading_assay(pd.concat(tables, ignore_index=True), ()) == ("ours", "interaction")


def test_without_a_baseline_nothing_is_claimed():
    (finding,) = model_findings(board(clp=0.5), pair(0.1, 0.2).head(0), "clp", LEADING)
    assert finding.verdict == "open"
    assert "beats" not in finding.sentence


def ceiling(method, value, scope="repeated", split="all"):
    return {
        "screen": "collins2007",
        "phenotype": "interaction",
        "split": split,
        "order": 0,
        "method": method,
        "scope": scope,
        "centred": False,
        "ceiling": value,
        "low": value - 0.1,
        "high": value + 0.1,
        "n": 6177,
    }


def test_the_ceiling_is_that_of_the_same_assay():
    finding = ceiling_finding(board(clp=0.4), pd.DataFrame([ceiling("repeated_genotypes", 0.8)]), "clp", LEADING)
    assert "Pearson 0.400; the noise ceiling is 0.800 (0.700 to 0.900) (by repeated genotypes" in finding.sentence
    assert "50%" in finding.sentence


def test_a_ceiling_by_alleles_is_called_a_lower_bound_for_the_rows_it_was_measured_on():
    ceilings = pd.DataFrame([ceiling("alleles", 0.4, "screen"), ceiling("alleles", 0.8)])
    finding = ceiling_finding(board(clp=0.6), ceilings, "clp", LEADING)
    assert "at least 0.800 (0.700 to 0.900)" in finding.sentence
    assert "6,177 rows, for those rows and not for the whole screen" in finding.sentence
    assert "real differences between alleles count as noise" in finding.sentence
    assert "%" not in finding.sentence


def test_a_screen_without_a_known_ceiling_has_a_reason():
    noisy, open_ended = (ceiling("reported_sd", value, "screen") for value in (np.nan, 0.1))
    found = [ceiling_finding(board(clp=0.6), pd.DataFrame([row]), "clp", LEADING) for row in (noisy, open_ended)]
    assert "by reported sd the noise would exceed the whole spread of the values" in found[0].sentence
    assert "no known noise ceiling: the interval of the estimate by reported sd reaches down to 0" in found[1].sentence


def test_a_model_above_the_estimate_refutes_it():
    finding = ceiling_finding(board(clp=0.6), pd.DataFrame([ceiling("replicates", 0.4)]), "clp", LEADING)
    assert "does not hold" in finding.sentence
    assert "%" not in finding.sentence


def test_a_model_above_the_simulated_truth_predicts_shared_errors():
    scores = board(lookup=0.7, honest=0.3).assign(low=lambda table: table["value"] - 0.05)
    (sentence,) = beyond_truth_sentences(scores, pd.DataFrame([ceiling("truth", 0.5, "screen")]))
    assert "lookup (0.700)" in sentence
    assert "honest" not in sentence
    several = board(a=0.7, b=0.71, c=0.72, d=0.73, e=0.74).assign(low=lambda table: table["value"] - 0.05)
    (sentence,) = beyond_truth_sentences(several, pd.DataFrame([ceiling("truth", 0.5, "screen")]))
    assert "above it e (0.740), d (0.730), c (0.720) and 2 more" in sentence
    assert not beyond_truth_sentences(scores, pd.DataFrame([ceiling("truth", 0.68, "screen"), ceiling("alleles", 0.2)]))


def test_a_leak_is_named_where_the_model_passes_what_noise_allows():
    row = {
        "screen": "ours",
        "phenotype": "fitness",
        "split": "random",
        "model": "clp",
        "value": 0.95,
        "value_low": 0.93,
        "value_high": 0.97,
        "ceiling": 0.8,
        "ceiling_bound": "estimate",
        "ceiling_method": "replicates",
        "above_ceiling": True,
    }
    sound = {**row, "screen": "sound", "above_ceiling": False}
    rows = pd.DataFrame([row, sound, {**row, "screen": "simulated", "ceiling_method": "truth"}])
    (sentence,) = above_ceiling_sentences(rows)
    assert "ours, fitness, random split: clp reaches 0.950 (0.930 to 0.970), above the noise ceiling" in sentence
    assert "rows of the test fold were trained on" in sentence


def pi0_at_half(value, low, high):
    return pd.DataFrame(
        {
            "screen": "kuzmin2018",
            "phenotype": "interaction",
            "order": 3,
            "quantity": "pi0_at_lambda",
            "detail": "0.50",
            "value": [value],
            "low": [low],
            "high": [high],
        }
    )


def test_p_values_that_crowd_near_one_are_called_conservative():
    (sentence,) = conservative_p_sentences(pi0_at_half(1.72, 1.69, 1.75))
    assert "kuzmin2018, interaction, 3 genes: 1.72 times" in sentence
    assert "conservative" in sentence
    assert conservative_p_sentences(pi0_at_half(1.72, np.nan, np.nan))


def test_p_values_of_true_nulls_are_not():
    assert conservative_p_sentences(pi0_at_half(1.01, 0.98, 1.04)) == []
    assert conservative_p_sentences(pi0_at_half(0.77, 0.74, 0.79)) == []
