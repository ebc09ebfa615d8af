"""A split keeps apart what its name states: what is tested was not trained on."""

import re
import zlib
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline_lib.cell.genotypes import NO_GENE, encode
from pipeline_lib.cell.splits import (
    LEFT_OUT,
    SPLITS,
    TEST,
    TRAIN,
    VALIDATION,
    Assignment,
    assign,
    check_leakage,
    draw_folds,
    leakage_table,
    split_table,
)
from pipeline_lib.cell.testable import genotype_codes, query_gene_sets, query_genes, symmetric_rows
from pipeline_lib.config.training import SPLIT_KINDS, SplitSettings
from pipeline_lib.errors import PipelineError
from tests.cell.conftest import GENES, observation_table

SETTINGS = SplitSettings(names=list(SPLITS), cross_screen_test=["trigenic"])
DRAWS = [f"{kind}{draw}" for kind in SPLITS for draw in ("", "-1", "-2")]
FOLDS_BEFORE_THERE_WERE_DRAWS = {
    "random": (3991210937, [29, 749, 98, 97]),
    "query_disjoint": (1529394878, [195, 544, 74, 160]),
    "gene_disjoint_one": (3073688300, [154, 383, 131, 305]),
    "gene_disjoint_all": (3856709322, [511, 426, 7, 29]),
    "cross_screen": (1517197026, [213, 50, 5, 705]),
}
"""Checksum of the folds, and how many observations are left out, trained on, validated on and tested."""


def test_every_kind_that_a_configuration_may_name_is_there():
    assert tuple(SPLITS) == SPLIT_KINDS


@pytest.mark.parametrize(("name", "expected"), FOLDS_BEFORE_THERE_WERE_DRAWS.items())
def test_a_bare_name_keeps_the_folds_that_it_always_had(name, expected, observations, genes):
    fold = assign(encode(observations, genes), genes, name, SETTINGS).fold
    assert (zlib.crc32(fold.astype("<i8").tobytes()), np.bincount(fold + 1).tolist()) == expected


@pytest.mark.parametrize("kind", list(SPLITS))
def test_repeats_differ_and_each_is_the_same_whenever_it_is_made(kind, observations, genes):
    data = encode(observations, genes)
    folds = [assign(data, genes, name, SETTINGS).fold for name in (kind, f"{kind}-1", f"{kind}-2")]
    assert all((first != second).any() for first, second in combinations(folds, 2))
    np.testing.assert_array_equal(assign(data, genes, f"{kind}-2", SETTINGS).fold, folds[2])


@pytest.mark.parametrize("name", ["nonsense", "nonsense-1", "random-0", "random-01", "random-pooled", "random-1-2"])
def test_what_is_no_repeat_of_a_split_is_refused(name, observations, genes):
    with pytest.raises(PipelineError, match=f"unknown split '{name}'; choose among random, query_disjoint"):
        assign(encode(observations, genes), genes, name, SETTINGS)


@pytest.mark.parametrize("name", DRAWS)
def test_every_split_keeps_apart_what_its_name_states(name, observations, genes):
    data = encode(observations, genes)
    assignment = assign(data, genes, name, SETTINGS)
    table = leakage_table(data, assignment, name)
    assert table["kept_apart"].any()
    assert table["holds"].all()
    check_leakage(table)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_gene_that_stands_beside_unseen_ones_alone_is_no_training_gene(observations, genes, seed):
    """In the metabolic run many genes have a single partner; where it is held out, two genes are unseen."""
    names = genes["gene"].tolist()
    lonely = {frozenset(pair) for pair in zip(names[:10], names[10:20], strict=True)}
    own = observations["genes"].map(
        lambda genotype: frozenset(genotype) in lonely or not set(genotype) & set(names[10:])
    )
    data = encode(observations[own & (observations["screen"] == "emap")].reset_index(drop=True), genes)
    assignment = assign(data, genes, "gene_disjoint_one", SETTINGS.model_copy(update={"seed": seed}))
    check_leakage(leakage_table(data, assignment, "gene_disjoint_one"))


@pytest.mark.parametrize("name", list(SPLITS))
def test_the_same_seed_gives_the_same_folds_and_another_seed_does_not(name, observations, genes):
    data = encode(observations, genes)
    first, again = (assign(data, genes, name, SETTINGS).fold for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = assign(data, genes, name, SETTINGS.model_copy(update={"seed": 1})).fold
    assert (first != other).any()


def test_random_split_is_80_10_10_of_the_genotypes_of_each_order(observations, genes):
    data = encode(observations, genes)
    fold = assign(data, genes, "random", SETTINGS).fold
    pairs = (data.order == 2) & (data.phenotype != 2)
    codes = genotype_codes(data.genes)
    for value, share in ((TRAIN, 0.8), (VALIDATION, 0.1), (TEST, 0.1)):
        units = np.unique(codes[pairs & (fold == value)]).size
        assert units / np.unique(codes[pairs]).size == pytest.approx(share, abs=0.02)


def test_alleles_of_one_pair_share_their_fold(observations, genes):
    data = encode(observations, genes)
    fold = assign(data, genes, "random", SETTINGS).fold
    kept = fold != LEFT_OUT
    folds_of_genotype = pd.Series(fold[kept]).groupby(genotype_codes(data.genes)[kept]).nunique()
    assert (folds_of_genotype == 1).all()


def test_raw_interactions_are_in_no_split_that_holds_the_adjusted_ones(observations, genes):
    data = encode(observations, genes)
    table = split_table(data, assign(data, genes, "random", SETTINGS)).to_pandas()
    raw = observations.loc[observations["phenotype"] == "raw_interaction", "observation_id"]
    assert not set(raw) & set(table["observation_id"])


def test_raw_interactions_alone_in_their_screen_are_tested_like_any_other(observations, genes):
    raw = observations[observations["screen"] == "emap"].assign(phenotype="raw_interaction", query=None, array=None)
    data = encode(raw.reset_index(drop=True), genes)
    for name in ("random", "gene_disjoint_one"):
        fold = assign(data, genes, name, SETTINGS).fold
        assert {TRAIN, VALIDATION, TEST} <= set(fold)


def test_calls_of_which_only_positives_were_released_only_train(observations, genes):
    called = observations.copy()
    trigenic = (called["screen"] == "trigenic") & (called["phenotype"] == "interaction")
    called.loc[trigenic, "phenotype"] = "call"
    called.loc[trigenic, "value"] = 1.0
    called.loc[trigenic & (called["order"] == 3) & (called["observation_id"] % 2 == 0), "value"] = 0.0
    data = encode(called, genes)
    for name in ("random", "query_disjoint"):
        fold = assign(data, genes, name, SETTINGS).fold
        digenic = (data.phenotype == 3) & (data.order == 2)
        assert set(fold[digenic]) == {TRAIN, LEFT_OUT}
        assert (fold[(data.phenotype == 3) & (data.order == 3)] == TEST).any()


def test_one_unseen_gene_is_exactly_one(observations, genes):
    data = encode(observations, genes)
    fold = assign(data, genes, "gene_disjoint_one", SETTINGS).fold
    trained = set(data.genes[fold == TRAIN].ravel()) - {NO_GENE}
    unseen = [len(set(row) - trained - {NO_GENE}) for row in data.genes[fold == TEST]]
    assert set(unseen) == {1}


def test_a_query_is_the_gene_set_its_crosses_share(observations, genes):
    data = encode(observations, genes)
    sets = query_gene_sets(data)
    names = genes["gene"].to_numpy()
    strain = next(s for s in data.strains if "+" in s and "YDL227C" not in s)
    expected = sorted(strain.split("_")[0].split("+"))
    found = sets[data.strains.index(strain)]
    assert sorted(names[found[found != NO_GENE]]) == expected


def test_a_control_query_does_not_count_the_neutral_marker(observations, genes):
    data = encode(observations, genes)
    sets = query_gene_sets(data)
    control = next(s for s in data.strains if "YDL227C" in s)
    assert (sets[data.strains.index(control)] != NO_GENE).sum() == 1


def test_an_emap_is_symmetric_and_a_trigenic_screen_is_not(observations, genes):
    data = encode(observations, genes)
    symmetric = symmetric_rows(data)
    screen = np.asarray(data.screens)[data.screen]
    assert symmetric[screen == "emap"].all()
    assert not symmetric[screen == "trigenic"].any()


def test_a_tested_genotype_of_another_query_leaves_training(observations, genes):
    data = encode(observations, genes)
    fold = assign(data, genes, "query_disjoint", SETTINGS).fold
    codes = genotype_codes(data.genes)
    assert not set(codes[fold == TEST]) & set(codes[fold == TRAIN])
    assert (fold == LEFT_OUT).sum() > (data.phenotype == 2).sum()


def test_leakage_between_folds_fails_the_run(observations, genes):
    data = encode(observations, genes)
    honest = assign(data, genes, "random", SETTINGS)
    shuffled = Assignment(np.random.default_rng(0).permutation(honest.fold), honest.group)
    with pytest.raises(PipelineError, match="genotypes are shared between"):
        check_leakage(leakage_table(data, shuffled, "random"))


def test_a_cross_screen_split_names_a_screen_that_exists(observations, genes):
    data = encode(observations, genes)
    with pytest.raises(PipelineError, match="choose among emap, smf, trigenic"):
        assign(data, genes, "cross_screen", SETTINGS.model_copy(update={"cross_screen_test": ["collins"]}))


def pairs(genes_of_pairs, value=0.1, **columns):
    return observation_table(
        [
            {"screen": "own", "genes": list(pair), "query": None, "array": None, "value": value, **columns}
            for pair in genes_of_pairs
        ]
    )


def test_pairs_with_both_labels_are_tested_like_any_other_phenotype(genes):
    table = pairs(combinations(GENES[:12], 2), phenotype="call")
    table["value"] = (np.arange(len(table)) % 3 == 0).astype(float)
    fold = assign(encode(table, genes), genes, "random", SETTINGS).fold
    np.testing.assert_array_equal(np.bincount(fold), [52, 7, 7])


@pytest.mark.parametrize(
    ("table", "split", "reason"),
    [
        (
            pairs(combinations(GENES[:12], 2), 1.0, phenotype="call"),
            "random",
            "screen 'own': all calls of 2 genes have the label 1",
        ),
        (
            pairs([GENES[:2]]),
            "random",
            "needs at least 3 genotypes of one screen and number of deletions, and there is 1",
        ),
        (pairs(combinations(GENES[:12], 2)), "query_disjoint", "needs at least 3 queries, and there is none"),
        (pairs([GENES[:2], GENES[1::-1]]), "gene_disjoint_one", "needs at least 3 genes, and there are 2"),
        (
            pairs([(GENES[0], gene) for gene in GENES[1:]]),
            "gene_disjoint_all",
            "no genotype has all of its genes among those held out for it, of 30 genes",
        ),
        (pairs([[gene] for gene in GENES[:2]], phenotype="fitness"), "random", "and there are 2"),
    ],
)
def test_a_fold_that_stays_empty_is_an_error_with_its_reason(table, split, reason, genes):
    with pytest.raises(PipelineError, match=re.escape(reason)):
        assign(encode(table, genes), genes, split, SETTINGS)


def test_an_observation_without_a_query_has_no_query_genes(observations, genes):
    data = encode(observations, genes)
    found = query_genes(data)
    assert (found[data.query < 0] == NO_GENE).all()
    np.testing.assert_array_equal(found[data.query >= 0], query_gene_sets(data)[data.query[data.query >= 0]])
    none = encode(pairs(combinations(GENES[:4], 2)), genes)
    assert (query_genes(none) == NO_GENE).all()


@given(n=st.integers(0, 400), validation=st.floats(0.01, 0.45), test=st.floats(0.01, 0.45))
@example(n=4, validation=0.375, test=0.375)
@settings(max_examples=60, deadline=None)
def test_shares_are_exact_to_one_unit_and_training_is_never_empty(n, validation, test):
    fold = draw_folds(n, validation, test, np.random.default_rng(0))
    assert len(fold) == n
    assert n == 0 or (fold == TRAIN).any()
    if n >= 3:
        tested = (fold == TEST).sum()
        assert tested == min(max(1, round(n * test)), n - 2)
        assert (fold == VALIDATION).sum() == min(max(1, round(n * validation)), n - tested - 1)
