"""Growth of deletions: equal to cobra's, however many there are, in whatever order and with however many processes."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_lib.metabolism.knockouts.genotypes import choose, interaction_scores, keys_of, positions_of, sub_genotypes
from pipeline_lib.metabolism.knockouts.solver import knockout_solver, solve_knockouts
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.wild_type import pack

RELATIVE = 1e-6


def names_of(network: MetabolicNetwork, genotypes: np.ndarray) -> list[list[str]]:
    return [[network.genes[gene] for gene in genes if gene >= 0] for genes in genotypes.tolist()]


def assert_equal_growth(network: MetabolicNetwork, genotypes: np.ndarray, expected: np.ndarray) -> None:
    growths = solve_knockouts(network, genotypes)
    np.testing.assert_allclose(growths.growth(genotypes), expected, rtol=RELATIVE, atol=RELATIVE * growths.wild_type)


def growth_of_distinct(network: MetabolicNetwork, model: Any, cobra_growth: Any, genotypes: np.ndarray) -> np.ndarray:
    """Return cobra's growth of genotypes; of those that block the same reactions, cobra solves one."""
    blocked = network.rules.blocked_reactions(network.genotype_matrix(genotypes)).toarray()
    _, first, inverse = np.unique(np.packbits(blocked, axis=1), axis=0, return_index=True, return_inverse=True)
    return cobra_growth(model, names_of(network, genotypes[first]))[inverse.ravel()]


def test_every_single_and_every_pair_of_the_e_coli_core_grows_as_in_cobra(
    textbook_network: MetabolicNetwork, cobra_textbook: Any, cobra_growth: Any
) -> None:
    for order, count in ((1, 137), (2, 9316)):
        genotypes = choose(textbook_network.gem_genes, order)
        assert len(genotypes) == count
        expected = growth_of_distinct(textbook_network, cobra_textbook, cobra_growth, genotypes)
        assert_equal_growth(textbook_network, genotypes, expected)


def test_every_triple_of_twenty_genes_grows_as_in_cobra(
    textbook_network: MetabolicNetwork, cobra_textbook: Any, cobra_growth: Any
) -> None:
    genes = textbook_network.gem_genes
    costly = genes[solve_knockouts(textbook_network, genes[:, None]).fitness(genes[:, None]) < 1]
    isozymes = [textbook_network.genes.index(gene) for gene in ("b1723", "b3916", "b1676", "b1854", "b0755", "b3612")]
    chosen = np.union1d(costly[:14], isozymes)
    genotypes = np.array(list(combinations(chosen.tolist(), 3)))
    assert len(genotypes) == 1140
    expected = cobra_growth(cobra_textbook, names_of(textbook_network, genotypes))
    assert_equal_growth(textbook_network, genotypes, expected)


def test_sampled_triples_of_the_e_coli_core_grow_as_in_cobra(
    textbook_network: MetabolicNetwork, cobra_textbook: Any, cobra_growth: Any
) -> None:
    random = np.random.default_rng(0)
    genotypes = np.array([random.choice(137, 3, replace=False) for _ in range(500)])
    expected = cobra_growth(cobra_textbook, names_of(textbook_network, genotypes))
    assert 0 < (expected == 0).sum() < 500
    assert_equal_growth(textbook_network, genotypes, expected)


def test_four_deletions_grow_as_in_cobra(
    textbook_network: MetabolicNetwork, cobra_textbook: Any, cobra_growth: Any
) -> None:
    random = np.random.default_rng(1)
    genotypes = np.array([random.choice(137, 4, replace=False) for _ in range(60)])
    assert_equal_growth(
        textbook_network, genotypes, cobra_growth(cobra_textbook, names_of(textbook_network, genotypes))
    )


@pytest.mark.mirror
@pytest.mark.slow
def test_yeast_gem_deletions_grow_as_in_cobra(
    yeast_network: MetabolicNetwork, cobra_yeast: Any, cobra_growth: Any
) -> None:
    random = np.random.default_rng(2)
    genes = yeast_network.gem_genes
    single = solve_knockouts(yeast_network, genes[:, None]).fitness(genes[:, None])
    # Half of the draws are among genes whose loss costs growth, essential ones included: the rest is neutral.
    costly = genes[single < 1]
    assert (single == 0).sum() == 192
    pairs, triples = (
        np.array([random.choice(costly if row % 2 else genes, order, replace=False) for row in range(300)])
        for order in (2, 3)
    )
    for genotypes in (genes[:, None], pairs, triples):
        expected = growth_of_distinct(yeast_network, cobra_yeast, cobra_growth, genotypes)
        assert (expected == 0).any()
        assert_equal_growth(yeast_network, genotypes, expected)


@pytest.mark.mirror
def test_all_singles_of_yeast_gem_need_few_programs(yeast_network: MetabolicNetwork) -> None:
    genotypes = yeast_network.gem_genes[:, None]
    growths = solve_knockouts(yeast_network, genotypes)
    assert len(genotypes) == 1161
    # The wild type's and those of the distinct deletions that touch its optimum.
    assert len(growths.optima) < 200
    assert growths.wild_type == pytest.approx(0.0858, abs=5e-5)


def test_growth_does_not_depend_on_order_repetition_or_processes(
    textbook_network: MetabolicNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Fewer than one batch would be solved in this process.
    monkeypatch.setattr("pipeline_lib.metabolism.programs.solving.FEW", 0)
    random = np.random.default_rng(3)
    genotypes = np.array([random.choice(137, 3, replace=False) for _ in range(400)])
    growth = solve_knockouts(textbook_network, genotypes).growth(genotypes)
    shuffled = random.permuted(genotypes, axis=1)[random.permutation(400).repeat(2)]
    for processes in (1, 2):
        again = solve_knockouts(textbook_network, shuffled, processes=processes).growth(genotypes)
        np.testing.assert_array_equal(again, growth)


def test_a_stopped_run_is_taken_up_and_ends_as_if_it_had_not_been_stopped(
    textbook_network: MetabolicNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline_lib.metabolism.programs import optima, solving

    genotypes, kept = choose(textbook_network.gem_genes, 2), tmp_path / "kept"
    uninterrupted = solve_knockouts(textbook_network, genotypes).growth(genotypes)
    monkeypatch.setattr(solving, "_BATCH", 8)
    monkeypatch.setattr(solving, "_BATCH_OF_FEW", 8)
    settle, solved = optima.settle, []

    def settle_until(stop: int) -> Any:
        def run(*arguments: Any) -> Any:
            if len(solved) == stop:
                raise KeyboardInterrupt
            solved.append(len(arguments[1]))
            return settle(*arguments)

        return run

    monkeypatch.setattr(optima, "settle", settle_until(5))
    with pytest.raises(KeyboardInterrupt):
        solve_knockouts(textbook_network, genotypes, kept=kept)
    assert len(list(kept.glob("*.npz"))) == 5
    (kept / ".half.npz").write_bytes(b"left by a process that was killed while it wrote")

    before = sum(solved)
    monkeypatch.setattr(optima, "settle", settle_until(-1))
    resumed = solve_knockouts(textbook_network, genotypes, kept=kept)
    np.testing.assert_array_equal(resumed.growth(genotypes), uninterrupted)
    assert sum(solved) - before == len(resumed.optima) - before
    assert not kept.exists()


def test_a_failed_program_is_nan_and_its_status_is_failed(
    textbook_network: MetabolicNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline_lib.metabolism.programs.wild_type import FluxBalance, Optimum

    genes = textbook_network.gem_genes
    pair = np.array([[textbook_network.genes.index("b2416"), 0]])
    solve = FluxBalance.solve

    def give_up_on_knockouts(self: FluxBalance, shut: np.ndarray, start: np.ndarray | None) -> Optimum:
        if len(shut) == 0:
            return solve(self, shut, start)
        return Optimum("failed", float("nan"), np.ones(self._size, dtype=bool), np.empty(0, dtype=np.int8))

    whole = solve_knockouts(textbook_network, genes[:, None])
    monkeypatch.setattr(FluxBalance, "solve", give_up_on_knockouts)
    given_up = solve_knockouts(textbook_network, genes[:, None])
    failed = given_up.status(genes[:, None]) == "failed"
    assert failed.sum() > 10
    assert np.isnan(given_up.growth(genes[:, None])[failed]).all()
    # What no program was needed for keeps its growth.
    np.testing.assert_array_equal(given_up.growth(genes[~failed, None]), whole.growth(genes[~failed, None]))
    # A failed parent passes nothing on: its pairs are tried themselves, not taken for dead or for neutral.
    pairs = solve_knockouts(textbook_network, pair)
    assert pairs.status(pair)[0] == "failed"
    assert np.isnan(interaction_scores(pair, pairs.fitness, 8)).all()


def test_deleting_more_never_grows_faster(textbook_network: MetabolicNetwork) -> None:
    random = np.random.default_rng(4)
    triples = np.array([random.choice(137, 3, replace=False) for _ in range(2000)])
    growths = solve_knockouts(textbook_network, triples)
    for pair in combinations(range(3), 2):
        assert (growths.fitness(triples) <= growths.fitness(triples[:, pair]) + 1e-8).all()
        for gene in pair:
            assert (growths.fitness(triples[:, pair]) <= growths.fitness(triples[:, [gene]]) + 1e-8).all()


def test_a_gene_outside_the_model_changes_nothing(textbook_network: MetabolicNetwork) -> None:
    genotypes = np.array([[0, -1], [0, 1]])
    growths = solve_knockouts(textbook_network, genotypes)
    bystander = int(np.flatnonzero(growths.deletions.stands_for < 0)[0])
    with_bystander = np.array([[0, bystander]])
    assert growths.growth(with_bystander)[0] == growths.growth(genotypes)[0]
    assert growths.fitness(np.array([[bystander, -1]]))[0] == 1.0


def test_sub_genotypes_are_closed_and_sorted() -> None:
    levels = sub_genotypes(np.array([[2, 5, 7], [1, 5, -1], [9, -1, -1]]), 10)
    assert [level.tolist() for level in levels] == [
        [[1], [2], [5], [7], [9]],
        [[1, 5], [2, 5], [2, 7], [5, 7]],
        [[2, 5, 7]],
    ]
    assert keys_of(levels[1], 10).tolist() == [15, 25, 27, 57]


def test_bit_sets_keep_their_members() -> None:
    from pipeline_lib.metabolism.programs.wild_type import unpack

    members = np.random.default_rng(5).random((50, 130)) < 0.3
    assert pack(members).shape == (50, 3)
    np.testing.assert_array_equal(unpack(pack(members), 130), members)


def test_a_genotype_that_was_not_solved_has_no_growth(textbook_network: MetabolicNetwork) -> None:
    """A look-up must not return a neighbour's optimum, nor the wild type's for an order that was left out."""
    singles = choose(textbook_network.gem_genes, 1)
    pair = np.array([[textbook_network.genes.index(gene) for gene in ("b1723", "b3916")]])
    with knockout_solver(textbook_network, 3) as solver:
        with pytest.raises(KeyError, match="b1723 was not solved"):
            solver.growths.growth(pair[:, :1])
        of_singles = solver.cover(singles)
        growths = solver.cover(pair)
        with pytest.raises(KeyError, match=r"b3916\+b1723 was not solved"):
            of_singles.fitness(pair)
        assert 0 < growths.fitness(pair)[0] < 1
        other = np.array([[textbook_network.genes.index(gene) for gene in ("b0720", "b1723")]])
        with pytest.raises(KeyError, match="was not solved"):
            growths.status(other)
        triple = np.array([[*pair[0], textbook_network.genes.index("b1852")]])
        with pytest.raises(KeyError, match="was not solved"):
            growths.find(triple)
        with pytest.raises(KeyError):
            growths.parents(growths.deletions.canonical(triple))


def test_growths_of_singles_know_nothing_of_pairs(textbook_network: MetabolicNetwork) -> None:
    """Two isozymes matter only together: prepared for singles, each of them counts as without effect."""
    pair = np.array([[textbook_network.genes.index(gene) for gene in ("b1723", "b3916")]])
    growths = solve_knockouts(textbook_network, choose(textbook_network.gem_genes, 1))
    with pytest.raises(KeyError, match=r"b1723\+b3916 deletes more than 1 genes"):
        growths.fitness(pair)
    with knockout_solver(textbook_network, 1) as shallow, pytest.raises(KeyError, match="deletes more than 1 genes"):
        shallow.cover(pair)


@pytest.mark.parametrize(("wanted", "missing"), [([3], 3), ([0], 0), ([9], 9), ([2, 8, 5], 5)])
def test_a_position_is_that_of_an_equal_key(wanted: list[int], missing: int) -> None:
    keys = np.array([2, 4, 8])
    assert positions_of(np.array([8, 2, 4, 8]), keys).tolist() == [2, 0, 1, 2]
    with pytest.raises(KeyError, match=str(missing)):
        positions_of(np.array(wanted), keys)
    with pytest.raises(KeyError):
        positions_of(np.array(wanted), keys[:0])
