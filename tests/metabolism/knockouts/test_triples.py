"""The search over classes of genes finds what brute force finds."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.metabolism.knockouts.genotypes import interaction_scores
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS, weights
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.knockouts.triples import (
    NONZERO,
    TripleSearch,
    gene_triples,
    search_triples,
    subsystem_table,
    triple_counts,
)
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork


@pytest.fixture(scope="module")
def search(textbook_network: MetabolicNetwork) -> TripleSearch:
    return search_triples(textbook_network)


@pytest.fixture(scope="module")
def brute_force(textbook_network: MetabolicNetwork) -> pd.DataFrame:
    """Return every triple of the E. coli core solved as a genotype of its own; test_knockouts.py has cobra."""
    triples = np.array(list(combinations(range(137), 3)))
    growths = solve_knockouts(textbook_network, triples)
    content = {"first": triples[:, 0], "second": triples[:, 1], "third": triples[:, 2]}
    for name, genes in (("i", [0]), ("j", [1]), ("k", [2]), ("ij", [0, 1]), ("ik", [0, 2]), ("jk", [1, 2])):
        content[name] = growths.fitness(triples[:, genes])
    content["fitness"] = growths.fitness(triples)
    content["tau"] = interaction_scores(triples, growths.fitness, FITNESS_DECIMALS - 1)
    return pd.DataFrame(content)


def test_the_interacting_triples_are_those_of_brute_force(search: TripleSearch, brute_force: pd.DataFrame) -> None:
    expected = brute_force[brute_force["tau"].abs() > NONZERO].reset_index(drop=True)
    found = gene_triples(search)
    assert len(expected) > 10_000
    pd.testing.assert_frame_equal(found[["first", "second", "third"]], expected[["first", "second", "third"]])
    np.testing.assert_allclose(found["fitness"], expected["fitness"], atol=1e-8)
    np.testing.assert_allclose(found["tau"], expected["tau"], atol=1e-7)


def test_pairs_foretell_a_triple_when_one_of_them_interacts(search: TripleSearch, brute_force: pd.DataFrame) -> None:
    interacts = brute_force["tau"].abs() > NONZERO
    b = brute_force[interacts]
    digenic = [(b["ij"] - b["i"] * b["j"]), (b["ik"] - b["i"] * b["k"]), (b["jk"] - b["j"] * b["k"])]
    expected = np.max(np.abs(digenic), axis=0) > NONZERO
    found = gene_triples(search)["foretold"].to_numpy()
    np.testing.assert_array_equal(found, expected)
    assert 0 < (~found).sum() < 1000


def test_counts_are_those_of_brute_force(search: TripleSearch, brute_force: pd.DataFrame) -> None:
    counts = triple_counts(search, 137)
    singles = brute_force[["i", "j", "k"]].to_numpy() > 0
    pairs = brute_force[["ij", "ik", "jk"]].to_numpy() > 0
    viable = singles.all(axis=1)
    dead = brute_force["fitness"].to_numpy() == 0
    assert counts["triples"] == len(brute_force) == 419_220
    assert counts["with_a_lethal_single"] == (~viable).sum()
    assert counts["with_a_lethal_pair"] == (viable & ~pairs.all(axis=1)).sum()
    assert counts["lethal_beyond_their_pairs"] == (viable & pairs.all(axis=1) & dead).sum() > 0
    assert counts["negative"] == (brute_force["tau"] < -NONZERO).sum()
    assert counts["positive"] == (brute_force["tau"] > NONZERO).sum()
    assert counts["interacting"] + counts["not_interacting"] == counts["triples"]
    assert counts["failed"] == 0
    # One program stands for about two thousand triples.
    assert counts["linear_programs_triples"] < 300


def test_a_class_triple_stands_for_the_choices_of_its_genes(search: TripleSearch) -> None:
    number = weights(search.pairs, search.triples)
    assert number.sum() == len(gene_triples(search))
    table = gene_triples(search)[["first", "second", "third"]].to_numpy()
    assert (np.diff(table, axis=1) > 0).all()
    assert len(np.unique(table, axis=0)) == len(table)


def test_triples_equal_cobra(
    search: TripleSearch, textbook_network: MetabolicNetwork, cobra_textbook: Any, cobra_growth: Any
) -> None:
    table = gene_triples(search).sample(200, random_state=0)
    genes = [[textbook_network.genes[g] for g in row] for row in table[["first", "second", "third"]].to_numpy()]
    expected = cobra_growth(cobra_textbook, genes) / cobra_growth(cobra_textbook, [[]])[0]
    np.testing.assert_allclose(table["fitness"], expected, rtol=1e-6, atol=1e-6)


def test_subsystems_count_triples_with_a_gene_of_theirs(
    search: TripleSearch, textbook_network: MetabolicNetwork
) -> None:
    reactions = pd.DataFrame({"subsystem": np.where(textbook_network.rules.has_rule, "ruled", "spontaneous")})
    table = gene_triples(search)
    found = subsystem_table(table, textbook_network, reactions).set_index("subsystem")
    assert found.index.tolist() == ["ruled"]
    assert found.loc["ruled", "interacting"] == len(table)
    assert found.loc["ruled", "unforetold"] == (~table["foretold"]).sum()


def test_a_stopped_search_ends_as_an_uninterrupted_one(
    textbook_network: MetabolicNetwork, search: TripleSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline_lib.metabolism.programs import optima, solving

    monkeypatch.setattr(solving, "_BATCH", 32)
    monkeypatch.setattr(solving, "_BATCH_OF_FEW", 32)
    settle, calls = optima.settle, []

    def stop_at_the_sixth(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return settle(*arguments)

    monkeypatch.setattr(optima, "settle", stop_at_the_sixth)
    with pytest.raises(KeyboardInterrupt):
        search_triples(textbook_network, kept=tmp_path / "kept")
    again = search_triples(textbook_network, kept=tmp_path / "kept")
    assert json.dumps(triple_counts(again, 137)) == json.dumps(triple_counts(search, 137))
    pd.testing.assert_frame_equal(gene_triples(again), gene_triples(search))
