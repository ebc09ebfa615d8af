"""Minimal lethal sets: brute force on the core model, the published lists of Fast-SL on iAF1260."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism import knockout_growth, lethal_sets
from pipeline_lib.metabolism.knockouts.solver import FluxPool
from pipeline_lib.metabolism.model.gem import Gem


def sets_of(table: pd.DataFrame) -> set[frozenset[str]]:
    return set(table["genes"].map(frozenset))


@pytest.fixture(scope="module")
def triples(textbook: Gem) -> pd.DataFrame:
    return lethal_sets(textbook, 3, threads=1, progress=False)


def test_lethal_sets_are_those_of_brute_force(textbook: Gem, triples: pd.DataFrame) -> None:
    """Every genotype of up to three genes below 1 % of growth that holds no smaller one."""
    dead: list[frozenset[str]] = []
    everything = knockout_growth(textbook, order=2, threads=1, progress=False)
    viable = [genes[0] for genes in everything.loc[everything["order"] == 1].query("fitness >= 0.01")["genes"]]
    for order in (1, 2):
        rows = everything[(everything["order"] == order) & (everything["fitness"] < 0.01)]
        dead += [frozenset(genes) for genes in rows["genes"] if not any(one <= frozenset(genes) for one in dead)]
    pairs = {one for one in dead if len(one) == 2}
    candidates = [
        genes for genes in combinations(viable, 3) if not any(frozenset(two) in pairs for two in combinations(genes, 2))
    ]
    growth = knockout_growth(textbook, candidates, threads=1, progress=False)
    dead += [frozenset(genes) for genes in growth.loc[growth["fitness"] < 0.01, "genes"]]
    assert sets_of(triples) == set(dead)
    assert len(triples) == len(dead)
    assert triples["order"].value_counts().to_dict() == {1: 7, 2: 53, 3: 395}


def test_no_lethal_set_holds_another(textbook: Gem) -> None:
    found = sorted(sets_of(lethal_sets(textbook, 4, threads=1, progress=False)), key=len)
    assert max(map(len, found)) == 4
    for at, one in enumerate(found):
        assert not any(smaller < one for smaller in found[:at])


def test_a_lower_order_is_the_beginning_of_a_higher_one(textbook: Gem, triples: pd.DataFrame) -> None:
    """Four genes may tell apart what three cannot; the sets of up to three stay."""
    four = lethal_sets(textbook, 4, threads=1, progress=False)
    assert sets_of(four[four["order"] <= 3]) == sets_of(triples)
    two = lethal_sets(textbook, 2, threads=1, progress=False)
    assert sets_of(two) == sets_of(triples[triples["order"] <= 2])


def test_quadruples_are_lethal_and_none_of_a_sample_is_missing(textbook: Gem) -> None:
    """Of four genes picked at random, those that die without a smaller lethal set are listed, and no others."""
    from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
    from pipeline_lib.metabolism.model.stoichiometry import network_of

    network = network_of(textbook)
    found = sets_of(lethal_sets(textbook, 4, threads=1, progress=False))
    index = {gene: at for at, gene in enumerate(network.genes)}
    listed = [sorted(index[gene] for gene in one) for one in found if len(one) == 4][:200]
    assert len(listed) == 200
    assert (solve_knockouts(network, np.array(listed)).fitness(np.array(listed)) < 0.01).all()
    smaller = {one for one in found if len(one) < 4}
    redundant = sorted({index[gene] for one in found if len(one) > 1 for gene in one})
    random = np.random.default_rng(1)
    sample = np.unique(np.sort(random.choice(redundant, (4000, 4)), axis=1), axis=0)
    sample = sample[(np.diff(sample, axis=1) > 0).all(axis=1)][:1500]
    fitness = solve_knockouts(network, sample).fitness(sample)
    for genes, value in zip(sample.tolist(), fitness.tolist(), strict=True):
        members = frozenset(network.genes[gene] for gene in genes)
        holds = any(one < members for one in smaller)
        assert (value < 0.01) == (holds or members in found)


def test_the_cutoff_decides(textbook: Gem) -> None:
    """A stricter demand on growth makes more genes indispensable."""
    half = lethal_sets(textbook, 1, cutoff=0.5, threads=1, progress=False)
    singles = knockout_growth(textbook, order=1, threads=1, progress=False)
    assert sets_of(half) == {frozenset(genes) for genes in singles.loc[singles["fitness"] < 0.5, "genes"]}
    assert len(half) > len(lethal_sets(textbook, 1, threads=1, progress=False))


def test_the_result_does_not_depend_on_the_number_of_threads(textbook: Gem, triples: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(lethal_sets(textbook, 3, threads=3, progress=False), triples)


def test_a_stopped_search_solves_nothing_twice(
    textbook: Gem, triples: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline_lib.metabolism.programs import optima

    settle, calls = optima.settle, []

    def stop_at(limit: int) -> Any:
        def stopping(optimiser: Any, shut: Any, *rest: Any) -> Any:
            calls.append(len(shut))
            if len(calls) == limit:
                raise KeyboardInterrupt
            return settle(optimiser, shut, *rest)

        return stopping

    monkeypatch.setattr(optima, "settle", stop_at(5))
    with pytest.raises(KeyboardInterrupt):
        lethal_sets(textbook, 3, threads=1, progress=False, kept=tmp_path / "kept")
    solved_before = sum(calls[:4])
    calls.clear()
    monkeypatch.setattr(optima, "settle", stop_at(-1))
    again = lethal_sets(textbook, 3, threads=1, progress=False, kept=tmp_path / "kept")
    pd.testing.assert_frame_equal(again, triples)
    assert solved_before + sum(calls) == triples.attrs["programs_solved"]
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": 0}, "the order is a number of deleted genes, at least 1, not 0"),
        ({"order": 1.5}, "at least 1, not 1.5"),
        ({"cutoff": 0.0}, "between 0 and 1, not 0.0"),
        ({"cutoff": 1.0}, "between 0 and 1, not 1.0"),
        ({"medium": "beer"}, "there is no medium 'beer'"),
    ],
)
def test_what_is_wrong_is_one_sentence(textbook: Gem, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        lethal_sets(textbook, progress=False, **arguments)


def test_the_pool_knows_which_distributions_a_deletion_leaves_whole() -> None:
    random = np.random.default_rng(0)
    shut_by_one = random.random((9, 40)) < 0.1
    pool = FluxPool(shut_by_one)
    carried = random.random((1100, 40)) < 0.15
    for row in carried:
        pool.add(row)
    units = np.array([3, 17])
    expected = ~carried[:, units].any(axis=1)
    bits = np.unpackbits(pool.whole(units).view(np.uint8), bitorder="little").astype(bool)
    np.testing.assert_array_equal(bits[:1100], expected)
    assert not bits[1100:].any()
    lost = np.unpackbits(pool.lost_with.view(np.uint8), axis=1, bitorder="little")[:, :1100]
    np.testing.assert_array_equal(lost, (carried @ shut_by_one.T.astype(int) > 0).T)
    breakable = lost.sum(axis=0)
    assert breakable[pool.thinnest(pool.whole(units))] == breakable[expected].min()
    assert pool.thinnest(np.zeros_like(pool.whole(units))) == -1


def published(mirror: Path, order: int) -> set[frozenset[str]]:
    """Return the lethal gene sets of one order that Fast-SL's authors list (Pratapa et al. 2015)."""
    import scipy.io

    content = scipy.io.loadmat(mirror / "fastsl" / "Ec_iAF1260_Gene_lethals.mat", simplify_cells=True)
    name = {1: "sgd", 2: "dgd", 3: "tgd", 4: "qgd"}[order]
    rows = np.reshape(content[name], (-1, order))
    return {frozenset(map(str, row)) for row in rows}


@pytest.mark.mirror
@pytest.mark.slow
def test_iaf1260_has_the_published_lethal_singles_pairs_and_triples(mirror: Path) -> None:
    found = lethal_sets(mirror / "fastsl" / "Eco_iAF1260.mat", 3, threads=1, progress=False)
    for order, count in ((1, 189), (2, 69), (3, 285)):
        ours = sets_of(found[found["order"] == order])
        assert len(ours) == count
        assert ours == published(mirror, order)


def test_the_command_writes_the_table_of_the_run(
    textbook: Gem, triples: pd.DataFrame, tmp_path: Path, index_of_genes: Any
) -> None:
    from click.testing import CliRunner

    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.metabolism.cli import app

    write_table(index_of_genes(textbook.genes), tmp_path / "genes.parquet", schemas.GENES)
    names = ("metabolites", "reactions", "incidence", "complexes", "energies", "genes")
    tables = [f"--{name}={tmp_path}/{name}.parquet" for name in names]
    build = ["build", '--settings={"gem": "cobra:textbook"}', "--gem=cobra:textbook", *tables]
    assert CliRunner().invoke(app, [*build, f"--stoichiometry={tmp_path}/s.pt"]).exit_code == 0
    network = [table for table in tables if "metabolites" not in table and "energies" not in table]
    done = CliRunner().invoke(app, ["lethal-sets", *network, f"--output={tmp_path}/lethal.parquet"])
    assert done.exit_code == 0, done.output
    assert "7 of 1 genes, 53 of 2 genes, 395 of 3 genes" in done.output
    assert sets_of(pd.read_parquet(tmp_path / "lethal.parquet")) == sets_of(triples)
    assert not list(tmp_path.glob(".*.solved"))
