"""A word such as "beats" stands only where the whole interval says so."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.reporting.ceilings import standing_ceilings
from pipeline_lib.reporting.figures.leaderboard import leading_assay
from pipeline_lib.reporting.findings import (
    beyond_truth_sentences,
    ceiling_finding,
    compare,
    conservative_p_sentences,
    family_sentences,
    interval,
    model_findings,
    network_soundness,
    trust_finding,
)
from tests.reporting.synthetic_run import _OVERFIT, _WALK_THROUGH

bounds = st.floats(-2, 2, allow_nan=False)


def difference(low, high, *, lower_is_better=False):
    return pd.Series({"low": low, "high": high, "value": (low + high) / 2, "lower_is_better": lower_is_better})


@given(first=bounds, second=bounds)
def test_beats_needs_the_whole_interval_above_zero(first, second):
    low, high = sorted((first, second))
    verb, verdict = compare(difference(low, high))
    assert (verb == "beats") == (low > 0) == (verdict == "yes")
    assert (verb == "falls short of") == (high < 0) == (verdict == "no")
    assert (verdict == "open") == (low <= 0 <= high)


@given(first=bounds, second=bounds)
def test_of_errors_the_smaller_is_the_better(first, second):
    low, high = sorted((first, second))
    assert compare(difference(low, high, lower_is_better=True)) == compare(difference(-high, -low))


@pytest.mark.parametrize("bound", [np.nan, np.inf, -np.inf])
def test_no_interval_no_verdict(bound):
    assert compare(difference(bound, 1.0))[1] == "open"
    assert compare(difference(-1.0, bound))[1] == "open"


def test_an_interval_is_written_with_three_decimals():
    assert interval(pd.Series({"value": 0.4567, "low": 0.4, "high": 0.5})) == "0.457 (0.400 to 0.500)"
    assert interval(pd.Series({"value": 0.4567, "low": np.nan, "high": np.nan})) == "0.457"


def board(**values):
    return pd.DataFrame(
        [{"model": model, "split": "random", "screen": "collins2007", "phenotype": "interaction", "metric": "pearson",
          "value": value, "low": value - 0.1, "high": value + 0.1, "n": 100} for model, value in values.items()]
    )  # fmt: skip


def pair(low, high):
    return pd.DataFrame(
        [{"model": "clp", "reference": "gene_ridge", "role": "best_baseline", "split": "random",
          "screen": "collins2007", "phenotype": "interaction", "metric": "pearson", "value": (low + high) / 2,
          "low": low, "high": high, "n": 100, "lower_is_better": False}]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "verb"),
    [(0.01, 0.2, "beats"), (-0.01, 0.2, "cannot be told from"), (-0.2, -0.01, "falls short of")],
)
def test_the_headline_follows_the_paired_interval_and_not_the_scores(low, high, verb):
    (finding,) = model_findings(board(clp=0.5, gene_ridge=0.4), pair(low, high), "clp")
    assert f"clp {verb} gene_ridge" in finding.sentence
    assert ("beats" in finding.sentence) == (verb == "beats")


def test_pooled_draws_are_a_finding_of_their_own():
    scores = [board(clp=0.5, gene_ridge=0.4), board(clp=0.6, gene_ridge=0.4).assign(split="random-pooled")]
    pairs = [pair(0.1, 0.2).assign(split="random-pooled"), pair(-0.1, 0.2)]
    single, pooled = model_findings(pd.concat(scores, ignore_index=True), pd.concat(pairs, ignore_index=True), "clp")
    assert "cannot be told from gene_ridge" in single.sentence
    assert "all draws pooled" in pooled.question
    assert "Pearson 0.600" in pooled.sentence


def test_pooled_draws_make_no_screen_larger():
    small, large = board(clp=0.5), board(clp=0.5).assign(screen="ours", n=150)
    tables = [small, small.assign(split="random-1"), small.assign(split="random-pooled", n=200), large]
    assert leading_assay(pd.concat(tables, ignore_index=True)) == ("ours", "interaction")


def test_without_a_baseline_nothing_is_claimed():
    (finding,) = model_findings(board(clp=0.5), pair(0.1, 0.2).head(0), "clp")
    assert finding.verdict == "open"
    assert "beats" not in finding.sentence


def ceiling(method, value, scope="screen"):
    return {"screen": "collins2007", "phenotype": "interaction", "order": 0, "method": method, "scope": scope,
            "centred": False, "ceiling": value, "low": value - 0.1, "high": value + 0.1, "n": 50}  # fmt: skip


def test_the_ceiling_is_that_of_the_same_assay():
    ceilings = pd.DataFrame([ceiling("repeated_genotypes", 0.8), ceiling("truth", 0.1)])
    finding = ceiling_finding(board(clp=0.4), ceilings, "clp")
    assert "Pearson 0.400; the noise ceiling is put at 0.800 (0.700 to 0.900)" in finding.sentence
    assert "50%" in finding.sentence


def test_alleles_speak_for_the_rows_they_were_measured_on():
    ceilings = pd.DataFrame([ceiling("alleles", 0.4), ceiling("alleles", 0.8, "repeated")])
    assert standing_ceilings(ceilings)["ceiling"].tolist() == [0.8]
    assert "0.800" in ceiling_finding(board(clp=0.6), ceilings, "clp").sentence


def test_repeats_speak_for_the_screen_where_they_can():
    both = pd.DataFrame([ceiling("replicates", 0.7), ceiling("replicates", 0.9, "repeated")])
    assert standing_ceilings(both)["ceiling"].tolist() == [0.7]
    assert standing_ceilings(both.tail(1))["ceiling"].tolist() == [0.9]


def test_a_model_above_the_estimate_refutes_it():
    finding = ceiling_finding(board(clp=0.6), pd.DataFrame([ceiling("replicates", 0.4)]), "clp")
    assert "does not hold" in finding.sentence
    assert "%" not in finding.sentence


def test_a_model_above_the_simulated_truth_predicts_shared_errors():
    scores = board(lookup=0.7, honest=0.3).assign(low=lambda table: table["value"] - 0.05)
    (sentence,) = beyond_truth_sentences(scores, pd.DataFrame([ceiling("truth", 0.5)]))
    assert "lookup (0.700)" in sentence
    assert "honest" not in sentence
    assert not beyond_truth_sentences(scores, pd.DataFrame([ceiling("truth", 0.68), ceiling("alleles", 0.1)]))


@pytest.mark.parametrize(
    ("holds", "passed", "verdict"), [(True, True, "yes"), (False, True, "no"), (True, False, "no")]
)
def test_trust_needs_every_check(holds, passed, verdict):
    leakage = pd.DataFrame({"promised": [True, False], "holds": [holds, False]})
    finding = trust_finding(leakage, pd.DataFrame(), network_soundness({**_OVERFIT, "passed": passed}, _WALK_THROUGH))
    assert finding.verdict == verdict


def variants(**bounds_of):
    tables = [
        pair(*bounds).assign(model=model, reference="dango", role="reference") for model, bounds in bounds_of.items()
    ]
    return pd.concat(tables, ignore_index=True)


def test_variants_are_told_by_what_can_be_said_of_them():
    (sentence,) = family_sentences(
        variants(dango_frozen=(0.1, 0.2), dango_plain=(-0.2, -0.1), dango_a=(-0.1, 0.12), dango_b=(-0.1, 0.1)), "dango"
    )
    assert "dango_frozen beats dango by 0.150 (0.100 to 0.200)" in sentence
    assert "dango_plain falls short of dango by 0.150 (0.100 to 0.200)" in sentence
    assert "dango_a, dango_b cannot be told from dango (0.000 to 0.010)" in sentence


def test_words_stay_with_the_leading_assay_and_the_others_are_counted():
    elsewhere = variants(dango_frozen=(-0.3, -0.1)).assign(screen="simulated")
    leading, others = family_sentences(
        pd.concat([variants(dango_frozen=(0.1, 0.2)), elsewhere], ignore_index=True), "dango"
    )
    assert "simulated" not in leading
    assert "0 of 1 differences lie above zero with their whole interval and 1 below" in others


def test_a_family_without_members_is_said_to_be_missing():
    assert family_sentences(pair(0.1, 0.2).iloc[:0], "clp") == ["This run compares no such model with clp."]


def pi0_at_half(value, low, high):
    return pd.DataFrame(
        {
            "screen": "kuzmin2018", "phenotype": "interaction", "order": 3, "quantity": "pi0_at_lambda",
            "detail": "0.50", "value": [value], "low": [low], "high": [high],
        }
    )  # fmt: skip


def test_p_values_that_crowd_near_one_are_called_conservative():
    (sentence,) = conservative_p_sentences(pi0_at_half(1.72, 1.69, 1.75))
    assert "kuzmin2018, interaction, 3 genes: 1.72 times" in sentence
    assert "conservative" in sentence
    assert conservative_p_sentences(pi0_at_half(1.72, np.nan, np.nan))


def test_p_values_of_true_nulls_are_not():
    assert conservative_p_sentences(pi0_at_half(1.01, 0.98, 1.04)) == []
    assert conservative_p_sentences(pi0_at_half(0.77, 0.74, 0.79)) == []
