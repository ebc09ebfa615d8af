"""Noise ceilings: which rows repeat each other, and whether intervals hold what they promise."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.config.evaluation import EvaluationSettings, ReplicateCorrelation
from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.evaluation.ceilings.noise_ceiling import ceiling_of, noise_ceilings
from pipeline_lib.evaluation.measurements import Measurements, from_table, named_genes
from pipeline_lib.simulation.design import ScreenDesign
from pipeline_lib.simulation.screen import measure as simulate

SETTINGS = EvaluationSettings(resamples=300, literature=[])


def ceilings(
    data: Measurements,
    truth: pd.DataFrame | None = None,
    folds: dict[str, np.ndarray] | None = None,
    **settings: Any,
) -> pd.DataFrame:
    chosen = SETTINGS.model_copy(update=settings)
    return pd.DataFrame(noise_ceilings(data, chosen, {} if truth is None else {"screen": truth}, folds or {}))


def test_the_quoted_replicate_correlations_become_0_768_and_0_938(measure: Callable, observe: Callable) -> None:
    scores = {"trigenic": ScreenScores(publication="kuzmin2018")}
    data = measure(observe([("A", "B")], [0.0], screen="trigenic"), scores=scores)
    rows = ceilings(data, literature=EvaluationSettings().literature)
    known = rows[(rows["method"] == "literature") & (rows["screen"] == "trigenic")].set_index("order")
    assert known.loc[3, "ceiling"] == pytest.approx(0.768, abs=5e-4)
    assert known.loc[2, "ceiling"] == pytest.approx(0.938, abs=5e-4)
    assert known["low"].isna().all()


def test_no_published_correlation_is_that_of_an_own_screen_by_the_name_of_a_publication(
    measure: Callable, observe: Callable
) -> None:
    data = measure(observe([("A", "B")], [0.0], screen="kuzmin2018"), scores={"kuzmin2018": ScreenScores()})
    assert ceilings(data, literature=EvaluationSettings().literature).empty


def test_a_literature_value_names_its_source(measure: Callable, observe: Callable) -> None:
    value = ReplicateCorrelation(screen="ours", order=2, correlation=0.5, source="our notebook")
    rows = ceilings(measure(observe([("A", "B")], [0.0], screen="ours")), literature=[value])
    assert "our notebook" in rows["assumption"].iloc[0]


def test_identical_repeats_leave_no_noise(measure: Callable, twins: Callable) -> None:
    rows = ceilings(measure(twins(20)))
    found = rows[(rows["method"] == "replicates") & ~rows["centred"]]
    assert found["ceiling"].tolist() == pytest.approx([1, 1])


def test_reported_sds_of_single_measurements_shrink_by_the_root_of_their_number(
    measure: Callable, crosses: Callable
) -> None:
    data = measure(crosses(10, 20, std=0.08))
    once = ceilings(data).set_index(["method", "centred"]).loc[("reported_sd", False), "reliability"]
    four = ceilings(data, sd_replicates={"screen": 4}).set_index(["method", "centred"])
    assert 1 - four.loc[("reported_sd", False), "reliability"] == pytest.approx((1 - once) / 4)


def simulated(
    observe: Callable, seed: int, queries: int = 50, arrays: int = 30, orders: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a screen of known truth, every third genotype made twice, and that truth.

    Truth has SD 0.08 and a query part of SD 0.04; each score has noise of SD 0.06.
    """
    rng = np.random.default_rng(seed)
    query, array = (part.ravel() for part in np.meshgrid(np.arange(queries), np.arange(arrays), indexing="ij"))
    true = rng.normal(0, 0.08, size=query.size) + rng.normal(0, 0.04, size=queries)[query]
    twice = np.flatnonzero(np.arange(query.size) % 3 == 0)
    rows = np.append(np.arange(query.size), twice)
    strain = np.append(np.ones(query.size, dtype=int), np.full(len(twice), 2))
    genes = [(f"Q{query[row]:03d}", f"A{array[row]:03d}") for row in rows]
    if orders:
        genes = [(*pair, "Z") if row % 2 else pair for row, pair in zip(rows, genes, strict=True)]
    frame = observe(
        genes,
        true[rows] + rng.normal(0, 0.06, size=len(rows)),
        std=0.06,
        query=[f"Q{code:03d}_sn1" for code in query[rows]],
        array=[f"A{code:03d}_dma{made}" for code, made in zip(array[rows], strain, strict=True)],
    )
    truth = pd.DataFrame({"genes": [sorted(pair) for pair in genes[: query.size]], "interaction": true, "fitness": 1.0})
    return frame, truth


RAW = np.sqrt((0.08**2 + 0.04**2) / (0.08**2 + 0.04**2 + 0.06**2))
CENTRED = np.sqrt(0.08**2 / (0.08**2 + 0.06**2))


@pytest.mark.slow
def test_intervals_cover_the_true_ceiling_in_at_least_90_of_100_screens(measure: Callable, observe: Callable) -> None:
    covered: dict[tuple[str, str, bool], int] = {}
    for seed in range(100):
        rows = ceilings(measure(simulated(observe, seed)[0]))
        for row in rows.itertuples():
            best = CENTRED if row.centred else RAW
            key = (row.method, row.scope, row.centred)
            covered[key] = covered.get(key, 0) + (row.low <= best <= row.high)
    assert set(covered) == {
        (method, scope, centred)
        for centred in (False, True)
        for method, scope in (
            ("repeated_genotypes", "repeated"),
            ("repeated_genotypes", "screen"),
            ("reported_sd", "screen"),
        )
    }
    assert min(covered.values()) >= 90, covered


def test_the_truth_itself_reaches_the_ceiling(measure: Callable, observe: Callable) -> None:
    frame, truth = simulated(observe, 0)
    rows = ceilings(measure(frame), truth).set_index(["method", "scope", "centred"])
    assert rows.loc[("truth", "screen", False), "ceiling"] == pytest.approx(RAW, abs=0.03)
    assert rows.loc[("truth", "screen", True), "ceiling"] == pytest.approx(CENTRED, abs=0.03)
    exact = np.corrcoef(np.append(truth["interaction"], truth["interaction"][::3]), frame["value"])[0, 1]
    assert rows.loc[("truth", "screen", False), "ceiling"] == pytest.approx(exact)


@pytest.mark.slow
def test_swapped_crosses_of_the_simulator_cover_its_true_ceiling_in_at_least_90_of_100_screens(
    measure: Callable, observe: Callable
) -> None:
    """Every pair of 30 genes crossed both ways, with the simulator's colony, strain and query noise.

    Its reported SDs hold colony noise alone, so their ceiling is an upper bound, as its assumption says.
    """
    random = np.random.default_rng(0)
    single, pair = random.uniform(0.4, 1.0, size=30), np.triu(random.normal(0, 0.05, size=(30, 30)), 1)
    control, array = np.nonzero(~np.eye(30, dtype=bool))

    def fitness(genotypes: np.ndarray) -> np.ndarray:
        first, second = genotypes[:, 0], genotypes[:, -1]
        both = single[first] * single[second] + (pair + pair.T)[first, second]
        return np.where(first == second, single[first], both)

    nothing = np.empty((0, 2), dtype=np.int64)
    genes = np.arange(30)
    design = ScreenDesign(genes, genes, nothing, np.column_stack([control, array]), nothing)
    names = [(f"G{first:02d}", f"G{second:02d}") for first, second in zip(control, array, strict=True)]
    true = (pair + pair.T)[control, array]
    frame = observe(
        names, true, query=[f"{name}_sn1" for name, _ in names], array=[f"{name}_dma1" for _, name in names]
    )
    covered, bounded = 0, 0
    for _ in range(100):
        crosses = simulate(design, fitness, SimulationSettings(triples=0), random).digenic
        rows = ceilings(measure(frame.assign(value=crosses.adjusted, std=crosses.std)))
        found = rows[~rows["centred"]].set_index(["method", "scope"])
        best = np.corrcoef(true, crosses.adjusted)[0, 1]
        estimate = found.loc["repeated_genotypes", "screen"]
        covered += estimate["low"] <= best <= estimate["high"]
        bounded += best < found.loc[("reported_sd", "screen"), "high"]
    assert covered >= 90
    assert bounded == 100


def test_a_test_fold_of_extreme_rows_has_a_ceiling_of_its_own(measure: Callable, observe: Callable) -> None:
    """Rows whose true values spread twice as far have a higher ceiling under the same noise."""
    frame, truth = simulated(observe, 0)
    data = measure(frame)
    true = np.append(truth["interaction"], truth["interaction"][::3])
    tested = np.flatnonzero(np.abs(true) > 0.08)
    rows = ceilings(data, truth, {"ours": tested}).query("not centred").set_index(["split", "method", "scope"])
    exact = np.corrcoef(true[tested], frame["value"].to_numpy()[tested])[0, 1]
    assert rows.loc[("ours", "truth", "screen"), "ceiling"] == pytest.approx(exact)
    by_sd = np.sqrt(1 - 0.06**2 / frame["value"].to_numpy()[tested].var())
    assert rows.loc[("ours", "reported_sd", "screen"), "ceiling"] == pytest.approx(by_sd)
    assert exact > rows.loc[("all", "truth", "screen"), "ceiling"] + 0.05
    assert ("ours", "repeated_genotypes", "screen") not in rows.index


def allele_screen(emap: Callable, seed: int) -> pd.DataFrame:
    """Return an E-MAP of 40 genes, every pair scored for two alleles of one gene: truth of SD 2, noise of SD 1."""
    first = emap(40)
    rng = np.random.default_rng(seed)
    second = first.assign(
        array=[f"{array}_damp" for array in first["array"]], kinds=[["damp", "deletion"]] * len(first)
    )
    true = rng.normal(0, 2, size=len(first))
    parts = [part.assign(value=true + rng.normal(size=len(part))) for part in (first, second)]
    return pd.concat(parts, ignore_index=True)


def test_ceilings_of_a_symmetric_screen_are_as_wide_as_they_have_to_be(measure: Callable, emap: Callable) -> None:
    """Noise without gene effects: product-weighted draws are sqrt(3) too wide, and 60 intervals cover as they should.

    The spread of the estimate over screens is what half of an interval holds twice.
    """
    best, values, widths, covered = np.sqrt(4 / 5), [], [], 0
    for seed in range(60):
        rows = ceilings(measure(allele_screen(emap, seed)), resamples=100)
        row = rows[(rows["scope"] == "repeated") & ~rows["centred"]].iloc[0]
        values.append(row["ceiling"])
        widths.append(row["high"] - row["low"])
        covered += row["low"] <= best <= row["high"]
    assert covered >= 53
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(values), rel=0.25)


def test_orders_have_ceilings_of_their_own_beside_the_whole_screen(measure: Callable, observe: Callable) -> None:
    rows = ceilings(measure(simulated(observe, 0, orders=True)[0]))
    assert sorted(rows["order"].unique()) == [0, 2, 3]


def test_a_screen_of_noisy_triples_is_not_judged_by_its_repeated_pairs(measure: Callable, observe: Callable) -> None:
    """1,000 triples with noise of SD 2, 300 of them made twice; 1,000 pairs with noise of SD 1, all made twice."""
    rng = np.random.default_rng(0)
    sets = [(f"A{code}", f"B{code}") for code in range(1000)] + [(f"A{c}", f"B{c}", "C") for c in range(1000)]
    true, noise = rng.normal(0, 2, size=2000), np.repeat([1.0, 2.0], 1000)
    again = np.append(np.arange(1000), np.arange(1000, 1300))
    rows = np.append(np.arange(2000), again)
    value = true[rows] + noise[rows] * rng.normal(size=len(rows))
    frame = observe(
        [sets[row] for row in rows],
        value,
        query=[f"Q{row % 20}" for row in rows],
        array=[f"S{row}_{place >= 2000}" for place, row in enumerate(rows)],
    )
    found = ceilings(measure(frame)).query("not centred").set_index(["order", "scope"])["reliability"].sort_index()
    share = (frame["order"] == 3).mean()
    assert found[0, "screen"] == pytest.approx(1 - (1 - share + 4 * share) / value.var(), abs=0.05)
    assert (0, "repeated") not in found.index
    assert found[2, "screen"] == pytest.approx(0.8, abs=0.05)
    assert found[3, "screen"] == pytest.approx(0.5, abs=0.1)


def test_an_order_that_is_never_repeated_leaves_the_whole_screen_without_a_ceiling(
    measure: Callable, observe: Callable, twins: Callable
) -> None:
    triples = observe([(f"A{code}", f"B{code}", "C") for code in range(30)], np.arange(30.0))
    rows = ceilings(measure(pd.concat([twins(20), triples])))
    assert sorted(rows["order"].unique()) == [2]


def test_an_e_map_is_centred_by_each_gene_in_turn(measure: Callable, emap: Callable) -> None:
    """Scores that are sums of gene effects and noise: alleles share the effects, and centring takes them away."""
    rng = np.random.default_rng(0)
    first = emap(40)
    names = [name for pair in first["genes"] for name in pair]
    effect = dict(zip(sorted(set(names)), rng.normal(0, 3, size=40), strict=True))
    shared = np.array([effect[a] + effect[b] for a, b in first["genes"]])
    second = first.assign(
        array=[f"{array}_damp" for array in first["array"]], kinds=[["damp", "deletion"]] * len(first)
    )
    frame = pd.concat(
        [part.assign(value=shared + rng.normal(size=len(part))) for part in (first, second)], ignore_index=True
    )
    rows = ceilings(measure(frame)).set_index(["method", "scope", "centred"])["ceiling"]
    assert rows["alleles", "screen", False] == pytest.approx(np.sqrt(18 / 19), abs=0.03)
    assert rows["alleles", "screen", True] == pytest.approx(np.sqrt(9 / 10), abs=0.04)


def test_single_mutants_have_no_queries_to_centre_within(measure: Callable, observe: Callable) -> None:
    genes = [(f"G{code}",) for code in range(30)]
    value = np.random.default_rng(0).normal(1, 0.2, size=30)
    rows = ceilings(measure(observe(genes, value, std=0.05, phenotype="fitness")))
    assert rows["method"].tolist() == ["reported_sd"]
    assert not rows["centred"].any()


def test_calls_have_no_ceiling(measure: Callable, observe: Callable) -> None:
    assert ceilings(measure(observe([("A", "B")] * 30, np.ones(30), phenotype="call"))).empty


def test_queries_with_a_single_genotype_do_not_feign_perfect_agreement(measure: Callable, crosses: Callable) -> None:
    many, alone = crosses(10, 30, std=0.05), crosses(200, 1, seed=1, std=0.05)
    both = pd.concat([many, alone.assign(query=[f"{query}_alone" for query in alone["query"]])])
    found, expected = (
        rows[(rows["method"] == "reported_sd") & rows["centred"]]
        for rows in (ceilings(measure(both)), ceilings(measure(many)))
    )
    assert found["ceiling"].tolist() == pytest.approx(expected["ceiling"].tolist())
    assert len(expected) == 1
    assert not ceilings(measure(alone))["centred"].any()


def test_an_sd_beyond_the_spread_of_the_values_gives_no_ceiling_and_a_reason(
    measure: Callable, crosses: Callable
) -> None:
    rows = ceilings(measure(crosses(10, 30, std=5.0)))
    assert rows["ceiling"].isna().all()
    assert (rows["reliability"] < 0).all()
    assert rows["assumption"].str.contains("contradict").all()


def test_copies_of_a_measurement_feign_no_agreement(table: Callable, twins: Callable) -> None:
    noisy = twins(40)
    noisy["value"] += np.random.default_rng(1).normal(scale=0.05, size=len(noisy))
    copies = noisy.copy()
    frame = table(noisy, copies).assign(repeated=np.repeat([False, True], len(noisy)))
    data = from_table(frame, genes_of(frame), "test", {})
    with_copies = ceilings(replace(data, copied=np.zeros(len(data), dtype=bool)))
    pd.testing.assert_frame_equal(
        ceilings(data), ceilings(from_table(frame[: len(noisy)], genes_of(frame), "test", {}))
    )
    raw = {"method": "replicates", "centred": False, "scope": "screen"}
    assert pick(with_copies, raw) > pick(ceilings(data), raw)


def genes_of(frame: pd.DataFrame) -> pd.DataFrame:
    return named_genes(frame["genes"])


def pick(rows: pd.DataFrame, where: dict[str, Any]) -> float:
    chosen = rows[(rows[list(where)] == pd.Series(where)).all(axis=1)]
    return float(chosen["reliability"].iloc[0])


def estimated(*rows: tuple[str, int, str, str, float, float, int]) -> pd.DataFrame:
    """Return ceilings of the fitness of one screen: split, order, method, scope, ceiling, its lower end, rows."""
    columns = ["split", "order", "method", "scope", "ceiling", "low", "n"]
    table = pd.DataFrame(rows, columns=columns)
    high = (table["ceiling"] + 0.01).clip(upper=1)
    return table.assign(screen="screen", phenotype="fitness", centred=False, high=high)


def test_a_fold_of_single_mutants_has_their_ceiling_though_other_folds_hold_pairs_too() -> None:
    """Kuzmin 2020 with all genes unseen: a test fold of 263 single mutants, each measured with a small error."""
    rows = estimated(
        ("all", 0, "reported_sd", "screen", 0.960, 0.94, 11_635),
        ("all", 1, "reported_sd", "screen", 0.9992, 0.999, 1_203),
        ("all", 2, "reported_sd", "screen", 0.945, 0.92, 5_826),
        ("random", 0, "reported_sd", "screen", 0.952, 0.91, 1_142),
        ("gene_disjoint_all", 1, "reported_sd", "screen", 0.9993, 0.999, 263),
    )
    found = {split: ceiling_of(rows, "screen", "fitness", split) for split in ("all", "random", "gene_disjoint_all")}
    assert {split: (best.value, best.rows) for split, best in found.items()} == {
        "all": (0.960, 11_635),
        "random": (0.952, 1_142),
        "gene_disjoint_all": (0.9993, 263),
    }


def test_a_small_fold_has_the_ceiling_of_the_whole_screen() -> None:
    rows = estimated(
        ("all", 2, "reported_sd", "screen", 0.9, 0.85, 6_000), ("random", 2, "reported_sd", "screen", 0.5, 0.3, 99)
    )
    best = ceiling_of(rows, "screen", "fitness", "random")
    assert (best.value, best.split, best.rows) == (0.9, "all", 6_000)


def test_the_truth_comes_before_every_estimate_and_an_estimate_before_a_bound() -> None:
    rows = [
        ("all", 2, "truth", "screen", 0.55, 0.5, 900),
        ("all", 2, "repeated_genotypes", "repeated", 0.7, 0.6, 300),
        ("all", 2, "reported_sd", "screen", 0.9, 0.85, 900),
        ("all", 2, "alleles", "repeated", 0.4, 0.3, 200),
    ]
    found = [ceiling_of(estimated(*rows[place:]), "screen", "fitness") for place in range(4)]
    assert [best.bound for best in found] == ["exact", "estimate", "upper bound", "lower bound"]
    nothing = ceiling_of(estimated(*rows), "screen", "interaction")
    assert (nothing.bound, nothing.known) == ("none", False)


def test_of_published_correlations_of_several_orders_the_highest_order_counts() -> None:
    rows = estimated(
        ("all", 2, "literature", "screen", 0.938, np.nan, 0), ("all", 3, "literature", "screen", 0.768, np.nan, 0)
    )
    assert ceiling_of(rows, "screen", "fitness", "random").value == 0.768


def test_repeats_of_a_few_genotypes_lay_no_noise_on_the_rest_of_a_screen_of_several_orders() -> None:
    """Pairs and triples with reported SDs, of both of which some were made twice: the SDs are of all rows."""
    rows = estimated(
        ("all", 0, "repeated_genotypes", "screen", 0.937, 0.911, 904),
        ("all", 2, "repeated_genotypes", "repeated", 0.899, 0.854, 800),
        ("all", 3, "repeated_genotypes", "repeated", 0.7, 0.6, 104),
        ("all", 0, "reported_sd", "screen", 0.814, 0.77, 15_095),
    )
    best = ceiling_of(rows, "screen", "fitness")
    assert (best.value, best.method, best.bound) == (0.814, "reported_sd", "upper bound")


def test_pairs_that_were_made_twice_have_a_ceiling_of_their_own_beside_a_few_triples(
    measure: Callable, observe: Callable, twins: Callable
) -> None:
    """Kuzmin 2018: its repeats are all of pairs, and 61 of its 15,095 rows are of triples, too few to matter."""
    rng = np.random.default_rng(0)
    pairs = twins(200)
    noisy = pairs.assign(value=pairs["value"] + rng.normal(0, 0.05, size=len(pairs)))
    triple = observe([("A", "B", "C"), ("A", "B", "D")], [0.0, 0.1])
    both = ([noisy], [noisy, triple])
    alone, beside = (ceiling_of(ceilings(measure(*rows)), "screen", "interaction") for rows in both)
    assert (beside.scope, beside.rows) == ("repeated", 400)
    assert beside.value == pytest.approx(alone.value)


def test_what_the_data_contradict_is_no_ceiling_and_no_bound_takes_its_place() -> None:
    rows = estimated(
        ("all", 2, "repeated_genotypes", "repeated", np.nan, np.nan, 300),
        ("all", 2, "repeated_genotypes", "screen", 0.6, 0.5, 300),
        ("all", 2, "reported_sd", "screen", 0.9, 0.85, 900),
    )
    best = ceiling_of(rows, "screen", "fitness")
    assert (best.method, best.bound, best.known) == ("repeated_genotypes", "contradicted", False)
    assert np.isnan(best.agreement)


def test_a_ceiling_whose_interval_reaches_down_to_nothing_is_none() -> None:
    """BFG-GI with all genes unseen: 0.105, from 0 to 0.866; the whole screen's 0.909 is of another spread."""
    rows = estimated(
        ("all", 2, "reported_sd", "screen", 0.909, 0.772, 6_507),
        ("gene_disjoint_all", 2, "reported_sd", "screen", 0.105, 0.0, 252),
        ("query_disjoint", 2, "reported_sd", "screen", 0.941, np.nan, 3_484),
    )
    best = ceiling_of(rows, "screen", "fitness", "gene_disjoint_all")
    assert (best.bound, best.known, best.rows) == ("uncertain", False, 252)
    assert not np.isfinite([best.low, best.high]).any()
    few_queries = ceiling_of(rows, "screen", "fitness", "query_disjoint")
    assert (few_queries.value, few_queries.bound) == (0.941, "upper bound")
    assert np.isnan(few_queries.low)
